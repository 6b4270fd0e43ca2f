"""The text that a PNG picture carries, read within bounds."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from akachat.errors import InvalidInput
from akachat.importers.bounds import LARGEST

__all__ = ["SIGNATURE", "png_texts"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 10_000
_TEXTS = (b"tEXt", b"iTXt", b"zTXt")


def png_texts(data: bytes, keys: frozenset[bytes]) -> dict[bytes, bytes]:
    """The texts under these keys, unpacked.

    Raises:
        InvalidInput: the picture is damaged, or its texts are too large.
    """
    found: dict[bytes, bytes] = {}
    for kind, body in _chunks(data):
        if kind not in _TEXTS:
            continue
        key, zero, rest = body.partition(b"\0")
        if not zero or key.lower() not in keys:
            continue
        found.setdefault(key.lower(), _value(kind, rest))
    return found


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) > LARGEST:
        raise InvalidInput(f"the picture is larger than {LARGEST:,} bytes", hint="Save it smaller, or give the JSON.")
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            break
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + length
        if end > len(data):
            raise _damaged()
        body = data[at + 8 : end - 4]
        if kind == b"IEND":
            return
        if kind in _TEXTS and struct.unpack(">I", data[end - 4 : end])[0] != zlib.crc32(kind + body):
            raise _damaged()
        yield kind, body
        at = end
    else:
        raise _damaged()


def _value(kind: bytes, rest: bytes) -> bytes:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _unpacked(rest[1:])
    packed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")  # a language
    _, _, rest = rest.partition(b"\0")  # the key in it
    return _unpacked(rest) if packed else rest


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, LARGEST)
    except zlib.error:
        raise _damaged() from None
    if unpacker.unconsumed_tail:
        raise InvalidInput(f"the picture's text is larger than {LARGEST:,} bytes", hint="No card is like that.")
    return text


def _damaged() -> InvalidInput:
    return InvalidInput("the picture is damaged", hint="Download it again, as the file itself and not as a preview.")
