"""How a document goes from the process that reads it to the one that asked: as JSON after its length."""

from __future__ import annotations

import struct
from typing import Any

import orjson

from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["LENGTH", "pack", "unpacked"]

LENGTH = struct.Struct("<Q")


def pack(outcome: Document | Refused) -> bytes:
    """A document, or why there is none, as a frame."""
    if isinstance(outcome, Refused):
        body: dict[str, Any] = {"refused": [outcome.code, outcome.message, outcome.hint, outcome.shown]}
    else:
        blocks = [[b.text, b.headings, b.place.to_dict(), b.lead, b.whole] for b in outcome.blocks]
        body = {"blocks": blocks, "charset": outcome.charset, "notes": outcome.notes}
    data = orjson.dumps(body)
    return LENGTH.pack(len(data)) + data


def unpacked(data: bytes) -> Document:
    """The document in a frame's body.

    Raises:
        Refused: why there is none.
    """
    body = orjson.loads(data)
    if "refused" in body:
        code, message, hint, shown = body["refused"]
        raise Refused(code, message, hint=hint, shown=shown)
    blocks = tuple(
        Block(text, tuple(headings), Place.of(place), lead, whole)
        for text, headings, place, lead, whole in body["blocks"]
    )
    return Document(blocks, body["charset"], tuple(body["notes"]))
