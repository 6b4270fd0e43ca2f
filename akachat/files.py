"""Reading and writing small files so that a crash leaves the old or the new content, and nothing leads outside."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from akachat.errors import FileError, InvalidInput
from akachat.names import RESERVED_PREFIX

__all__ = [
    "MAX_BYTES",
    "Signature",
    "inside",
    "is_settled",
    "lines_backwards",
    "put_in_place",
    "read_bytes",
    "remove",
    "remove_leftovers",
    "signature",
    "stage",
    "sync_folder",
    "translated",
    "write_atomic",
]

#: No prompt, variable or settings file is read beyond this.
MAX_BYTES = 16 * 1024 * 1024

#: What tells one state of a file from another: device, inode, size, times of the content and of the inode.
Signature = tuple[int, int, int, int, int]

_BLOCK = 64 * 1024
_TEMPORARY = ".tmp"


def signature(path: str | Path) -> Signature | None:
    """The file's state now, or None where there is no plain file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def is_settled(state: Signature, now_ns: int) -> bool:
    """Whether a change of the file after ``now_ns`` is sure to show in its signature.

    A second write within one tick of the file system's clock may leave times and size as they were, so a content
    read that soon is not remembered. A tick is at most 10 ms on file systems with fine times; a time on a whole
    second suggests a coarse one (FAT has 2 s).
    """
    newest = max(state[3], state[4])
    window = 2_100_000_000 if newest % 1_000_000_000 == 0 else 50_000_000
    return not -window < now_ns - newest < window


@contextlib.contextmanager
def translated(path: str | Path, doing: str) -> Iterator[None]:
    """Turns the system's errors about one file into a `FileError` that says what to do."""
    try:
        yield
    except OSError as error:
        _raise(error, str(path), doing)


def _raise(error: OSError, path: str, doing: str) -> NoReturn:
    if error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        raise InvalidInput(
            f"cannot {doing} {path}: {error.strerror}", hint="Choose another name: this one clashes or is too long."
        ) from None
    hints = {
        errno.ENOSPC: "The disk is full: free some space. The old content is unchanged.",
        errno.EDQUOT: "Your disk quota is used up. The old content is unchanged.",
        errno.EFBIG: "The file would be larger than the system allows. The old content is unchanged.",
        errno.EACCES: "Check who owns the file and its folder.",
        errno.EPERM: "Check who owns the file and its folder.",
        errno.EROFS: "The disk is read-only.",
    }
    reason = error.strerror or type(error).__name__
    raise FileError(f"cannot {doing} {path}: {reason}", path=path, hint=hints.get(error.errno or 0, "")) from None


def inside(root: str, path: str) -> str:
    """The real path behind ``path``, symbolic links followed; ``root`` must be a real path itself.

    Raises:
        InvalidInput: it leads out of ``root``.
    """
    real = os.path.realpath(path)
    if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
        raise InvalidInput(
            f"{os.path.relpath(path, root)} is a link that leads out of the workspace",
            hint="Copy the file into the workspace, or start with --workspace on the other folder.",
        )
    return real


def read_bytes(path: str | Path, limit: int = MAX_BYTES, *, shown: str = "", hint: str = "") -> tuple[bytes, Signature]:
    """A file's content and the state it was read in; errors call it ``shown`` and say ``hint`` where it is too large.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read.
        FileError: it is larger than ``limit``, or no plain file.
    """
    shown = shown or Path(path).name
    # Not blocking, so that a pipe in the place of a file is an error and no endless wait.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise FileError(f"{shown} is not a plain file", path=shown, hint="Move it away.")
        if found.st_size > limit:
            raise FileError(
                f"{shown} has {found.st_size:,} bytes, over the limit of {limit:,}",
                path=shown,
                hint=hint,
            )
        data = file.read(limit + 1)
    return data, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def write_atomic(path: str, data: bytes, *, mode: int | None = None) -> None:
    """Replaces a file's content; a crash at any point leaves the old content or the new.

    Args:
        path: the file; its folder must exist.
        data: the new content.
        mode: its permissions; None keeps those of the old file.

    Raises:
        OSError: the old content is intact and no temporary file is left.
    """
    temporary = stage(path, data, mode=mode)
    try:
        put_in_place(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    sync_folder(os.path.dirname(path))


def stage(path: str, data: bytes, *, mode: int | None = None) -> str:
    """Writes the new content of ``path`` durably into a temporary file beside it, and gives that file's path."""
    temporary = os.path.join(
        os.path.dirname(path), f"{RESERVED_PREFIX}-{os.getpid()}-{secrets.token_hex(6)}{_TEMPORARY}"
    )
    try:
        old = os.stat(path)
    except FileNotFoundError:
        old = None
    created = 0o666 if mode is None and old is None else 0o600
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), created)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
            _keep_owner_and_mode(file, old, mode)
            os.fsync(file)
        finally:
            os.close(file)
    except BaseException:
        remove(temporary)
        raise
    return temporary


def _keep_owner_and_mode(file: int, old: os.stat_result | None, mode: int | None) -> None:
    if sys.platform == "win32":
        return
    if old is not None and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):
            os.fchown(file, old.st_uid, old.st_gid)
    wanted = mode if mode is not None else stat.S_IMODE(old.st_mode) if old is not None else None
    if wanted is not None:
        os.fchmod(file, wanted)


def put_in_place(source: str, target: str) -> None:
    """Gives a staged file its name; the caller syncs the folder."""
    if sys.platform == "win32":
        # A reader without FILE_SHARE_DELETE (an editor, a virus scanner) makes this fail for a moment.
        for wait in (0.01, 0.02, 0.05, 0.1, 0.2, 0.4):
            try:
                os.replace(source, target)
                return
            except PermissionError:
                time.sleep(wait)
    os.replace(source, target)


def remove(path: str) -> None:
    """Deletes a file if it is there; the caller syncs the folder."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def sync_folder(folder: str) -> None:
    """Makes renames and deletions in a folder durable, where the system can do that."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(folder: str, *, below: bool = True) -> None:
    """Deletes temporary files that a crash left in a folder; the caller holds the lock of those who write there."""
    for place, _, files in os.walk(folder):
        for name in files:
            if name.startswith(RESERVED_PREFIX + "-") and name.endswith(_TEMPORARY):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(place, name))
        if not below:
            return


def lines_backwards(path: str | Path, *, limit: int | None = None, end: int | None = None) -> Iterator[bytes]:
    """A file's lines from the last to the first, without their ends; at most ``limit`` bytes are read.

    The first one is what follows the last newline: empty, unless the file's end is missing its newline. With ``end``
    the file is read as if it ended there.
    """
    with open(path, "rb") as file:
        position = file.seek(0, os.SEEK_END)
        position = position if end is None else min(position, end)
        least = 0 if limit is None else max(0, position - limit)
        block, rest = _BLOCK, b""
        while position > least:
            size = min(block, position - least)
            position -= size
            file.seek(position)
            pieces = (file.read(size) + rest).split(b"\n")
            rest = pieces[0]
            # Doubling keeps the cost of a line longer than a block linear.
            block = block * 2 if len(pieces) == 1 else _BLOCK
            yield from reversed(pieces[1:])
        if least == 0:
            yield rest
