"""Takes files out of a zip that may be hostile: bounded in number, size, ratio and depth, never under its own names."""

from __future__ import annotations

import os
import secrets
import stat
import struct
import zipfile
import zlib
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from akachat.retrieval.sources.paths import is_junk, safe_name, visible
from akachat.retrieval.values import Refused

__all__ = ["ArchiveLimits", "Member", "looks_like_zip", "unpack"]

_PIECE = 256 * 1024
#: Below this much output no ratio is looked at: a small file of one letter is no bomb.
_SMALL = 1024 * 1024
#: How long an entry of the central directory is at most on average, name and extra fields included.
_MOST_ENTRY = 1024
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of one archive, of all archives inside it together.

    Attributes:
        entries, bytes: how many members, and how much comes out.
        ratio: how many times larger a member may come out than it is stored.
        depth: how deep archives may lie in archives.
        file_bytes: the size of one member.
    """

    entries: int = 50_000
    bytes: int = 4 * 1024**3
    ratio: int = 200
    depth: int = 3
    file_bytes: int = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Member:
    """What came out: a file at ``path`` that is to be called ``name``, or why it did not."""

    name: str
    path: Path | None = None
    size: int = 0
    refused: Refused | None = None


@dataclass(slots=True)
class _Spent:
    """What an archive and those inside it have used so far, and the names that are taken."""

    entries: int = 0
    bytes: int = 0
    names: dict[str, str] = field(default_factory=dict)


def looks_like_zip(path: Path) -> bool:
    """Whether a file is a zip of documents, and not a document that happens to be stored as one."""
    try:
        with open(path, "rb") as file:
            if file.read(2) != b"PK":
                return False
        with open(path, "rb") as file:
            count, _ = _directory(file.fileno(), path.stat().st_size)
        if count > 1_000_000:
            return True
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:2_000]
    except (OSError, ValueError, Refused, zipfile.BadZipFile, NotImplementedError):
        return path.suffix.lower() == ".zip"
    is_office = "[Content_Types].xml" in names and any(name.startswith(("word/", "ppt/", "xl/")) for name in names)
    return not is_office and not (names and names[0] == "mimetype") and "META-INF/MANIFEST.MF" not in names


def unpack(archive: Path, into: Path, limits: ArchiveLimits) -> Iterator[Member]:
    """Takes a zip's files out one by one; each lies in ``into`` under a random name until the caller moves it.

    Raises:
        Refused: it is no zip, or one that may not be opened at all.
    """
    yield from _unpack(archive, into, limits, _Spent(), "", 1)


def _unpack(path: Path, into: Path, limits: ArchiveLimits, spent: _Spent, prefix: str, depth: int) -> Iterator[Member]:
    with open(path, "rb") as file:
        count, size = _directory(file.fileno(), path.stat().st_size)
    spent.entries += count
    if spent.entries > limits.entries or size > (limits.entries + 1) * _MOST_ENTRY:
        raise Refused(
            "limit",
            f"the zip has {count:,} entries, over the limit of {limits.entries:,}",
            hint="Split it, or raise limits.zip_entries.",
        )
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise Refused("broken", f"the zip cannot be read: {error}", hint="Make it again.", shown="unreadable") from None
    with opened:
        overlapping = _overlapping(opened)
        for info in opened.infolist():
            name = prefix + _name(info)
            if info.is_dir() or name.endswith(("/", "\\")) or is_junk(name):
                continue
            try:
                name = safe_name(name)
                _check(info, overlapping)
                _take_name(name, spent)
                target, size = _extract(opened, info, into, limits, spent)
            except Refused as error:
                yield Member(visible(name), refused=error)
                continue
            if name.lower().endswith(".zip") and looks_like_zip(target):
                yield from _inner(target, into, limits, spent, name, depth)
            else:
                yield Member(name, target, size)


def _inner(path: Path, into: Path, limits: ArchiveLimits, spent: _Spent, name: str, depth: int) -> Iterator[Member]:
    try:
        if depth >= limits.depth:
            raise Refused("bomb", f"zips lie over {limits.depth} deep in each other", hint="Unpack them first.")
        yield from _unpack(path, into, limits, spent, f"{name[:-4]}/", depth + 1)
    except Refused as error:
        yield Member(name, refused=error)
    finally:
        path.unlink(missing_ok=True)


def _directory(file: int, size: int) -> tuple[int, int]:
    """How many entries a zip says that it has, and how long their list is, before anything is read from it."""
    tail_size = min(size, 65_557)
    tail = (
        os.pread(file, tail_size, size - tail_size)
        if hasattr(os, "pread")
        else _read(file, size - tail_size, tail_size)
    )
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise Refused("broken", "this is no zip, or its end is missing", hint="Make it again.", shown="unreadable")
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    big = tail.rfind(_END64, 0, at)
    if big >= 0 and len(tail) - big >= 48:
        count, length = struct.unpack("<QQ", tail[big + 32 : big + 48])
    return max(count, length // _MOST_ENTRY), length


def _read(file: int, start: int, length: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, length)


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name; without the UTF-8 flag it is UTF-8 all the same, or Japanese Windows' cp932."""
    if "\x00" in info.orig_filename:
        return info.orig_filename
    if info.flag_bits & 0x800:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437", "replace")
    given = _unicode_path(info.extra, raw)
    if given:
        return given
    for charset in ("utf-8", "cp932"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Info-ZIP's field 0x7075: the name in UTF-8, valid while its CRC is that of the plain name."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        content = extra[4 : 4 + length]
        if kind == 0x7075 and len(content) > 5 and struct.unpack("<I", content[1:5])[0] == crc32(raw):
            return content[5:].decode("utf-8", "replace")
        extra = extra[4 + length :]
    return ""


def _overlapping(archive: zipfile.ZipFile) -> set[int]:
    """Where members begin that share bytes with others."""
    spans = sorted((info.header_offset, info.compress_size) for info in archive.infolist())
    found: set[int] = set()
    reach, owner = -1, -1
    for start, length in spans:
        if start < reach:
            found |= {start, owner}
        end = start + 30 + length
        if end > reach:
            reach, owner = end, start
    return found


def _check(info: zipfile.ZipInfo, overlapping: set[int]) -> None:
    if info.flag_bits & 0x1:
        raise Refused(
            "encrypted", "it is encrypted", hint="Unpack it yourself, then add the files.", shown="unreadable"
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        what = "a link" if kind == stat.S_IFLNK else "no plain file"
        raise Refused("link", f"it is {what}", hint="Put the file itself into the zip.")
    if info.header_offset in overlapping:
        raise Refused("bomb", "it shares its bytes with another entry, as zip bombs do", hint="Make the zip again.")


def _take_name(name: str, spent: _Spent) -> None:
    key = name.casefold()
    if key in spent.names:
        other = spent.names[key]
        why = "its name is in the zip twice" if other == name else f"its name differs from {other!r} only in capitals"
        raise Refused("duplicate", why, hint="Rename one of them.")
    spent.names[key] = name


def _extract(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, into: Path, limits: ArchiveLimits, spent: _Spent
) -> tuple[Path, int]:
    target = into / secrets.token_hex(8)
    size = 0
    try:
        with archive.open(info) as source, open(target, "xb") as file:
            while piece := source.read(_PIECE):
                size += len(piece)
                _bounded(size, info, limits, spent)
                file.write(piece)
    except Refused:
        target.unlink(missing_ok=True)
        spent.bytes += size
        raise
    except OSError as error:
        target.unlink(missing_ok=True)
        if error.errno is None:  # zipfile's own, about what it reads
            raise _damaged(error) from None
        raise Refused(
            "disk",
            f"it cannot be written: {error.strerror}",
            hint="Check the disk's free space and permissions.",
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error) as error:
        target.unlink(missing_ok=True)
        spent.bytes += size
        raise _damaged(error) from None
    except (NotImplementedError, RuntimeError) as error:
        target.unlink(missing_ok=True)
        raise Refused(
            "broken",
            f"it is packed in a way that cannot be read: {error}",
            hint="Make an ordinary zip.",
            shown="unreadable",
        ) from None
    spent.bytes += size
    return target, size


def _bounded(size: int, info: zipfile.ZipInfo, limits: ArchiveLimits, spent: _Spent) -> None:
    if size > limits.file_bytes:
        raise Refused(
            "too_large", f"it is over {limits.file_bytes:,} bytes", hint="Split it, or raise limits.rag_file_bytes."
        )
    if size > _SMALL and size > max(info.compress_size, 1) * limits.ratio:
        raise Refused(
            "bomb",
            f"it comes out over {limits.ratio} times larger than it is stored",
            hint="Unpack it yourself, if you trust it.",
        )
    if spent.bytes + size > limits.bytes:
        raise Refused(
            "limit", f"the zip holds over {limits.bytes:,} bytes", hint="Split it, or raise limits.zip_bytes."
        )


def _damaged(error: Exception) -> Refused:
    return Refused("broken", f"it is damaged: {error}", hint="Make the zip again.", shown="unreadable")
