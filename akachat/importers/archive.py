"""The files in a zip, read within bounds and never written anywhere."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from akachat.errors import InvalidInput
from akachat.importers.bounds import LARGEST
from akachat.importers.imported import Given
from akachat.importers.matter import shown

__all__ = ["SIGNATURES", "unpacked"]

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_FILES, _MOST_BYTES = 2_000, 4 * LARGEST
_UTF8, _ENCRYPTED = 0x800, 0x1
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def unpacked(data: bytes, notes: list[str]) -> list[Given]:
    """The files; what cannot be read is noted.

    Raises:
        InvalidInput: it is no zip, or holds too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        raise InvalidInput("the zip is damaged", hint="Pack it again.") from None
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > _MOST_FILES:
        raise InvalidInput(f"the zip holds over {_MOST_FILES:,} files", hint="Pack the prompts alone.")
    found: list[Given] = []
    left = _MOST_BYTES
    for info in infos:
        name = _name(info)
        if any(mark in name for mark in _JUNK):
            continue
        if info.flag_bits & _ENCRYPTED:
            notes.append(f"{shown(name)} was left out: it is encrypted.")
            continue
        try:
            with archive.open(info) as file:
                content = file.read(min(left, LARGEST) + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            OSError,
            EOFError,
            ValueError,
            struct.error,
        ):
            notes.append(f"{shown(name)} was left out: it is damaged.")
            continue
        left -= len(content)
        if left < 0 or len(content) > LARGEST:
            raise InvalidInput(f"the zip unpacks to over {_MOST_BYTES:,} bytes", hint="Pack the prompts alone.")
        found.append(Given(name, content))
    return found


def _name(info: zipfile.ZipInfo) -> str:
    """The file's name; zips made in Japan have it in cp932 without saying so."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename
