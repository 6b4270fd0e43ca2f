"""Source code: pieces between blank lines, under the definition that they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.plain import paragraphs
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_DEFINITION = re.compile(
    r"(?:export |pub |public |private |static |async |abstract )*"
    r"(?:def|class|function|func|fn|interface|struct|enum|trait|impl|module|namespace|type)\s+\w.{0,100}"
)


def read(data: bytes, name: str, charset: str) -> Document:
    """A source file."""
    text, found = decode(data, charset)
    return Document(tuple(_blocks(text)), found)


def _blocks(text: str) -> Iterator[Block]:
    headings: tuple[str, ...] = ()
    for line, piece in paragraphs(text):
        definition = next((each for each in piece.split("\n") if _DEFINITION.match(each)), "")
        if definition:
            headings = (definition.rstrip(" {:"),)
        elif not piece.startswith((" ", "\t")):
            headings = ()
        yield Block(piece, headings, Place(line=line), whole=True)
