"""Plain text: paragraphs by blank lines, headings where a line can be nothing else, Aozora's ruby in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Block, Document, Place

__all__ = ["paragraphs", "read"]

_HEADING = re.compile(r"(第[0-9０-９一二三四五六七八九十百]+[章節部編条話回]([\s　].*)?|[■●◆▼□◎【].{1,40})")
_KANJI_RUBY = re.compile(r"(?:[｜|]([^｜|《》\n]{1,20})|([\u3005\u3400-\u9fff]{1,20}))《([^《》\n]{1,30})》")


def read(data: bytes, name: str, charset: str) -> Document:
    """A text file."""
    text, found = decode(data, charset)
    return Document(tuple(_blocks(_without_ruby(text))), found)


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs with the line that each begins in, from 1."""
    line, held, begin = 0, list[str](), 0
    for line, content in enumerate(text.splitlines(), 1):
        if content.strip():
            if not held:
                begin = line
            held.append(content.rstrip())
        elif held:
            yield begin, "\n".join(held)
            held = []
    if held:
        yield begin, "\n".join(held)


def _blocks(text: str) -> Iterator[Block]:
    headings: tuple[str, ...] = ()
    for line, paragraph in paragraphs(text):
        first, _, rest = paragraph.partition("\n")
        title = first.strip()
        if len(title) <= 60 and _HEADING.fullmatch(title) and not title.endswith(("。", "、")):
            headings = (title,)
            paragraph = rest
            line += 1
        if paragraph.strip():
            yield Block(paragraph, headings, Place(line=line))
        elif headings == (title,):
            yield Block(title, headings, Place(line=line - 1))


def _without_ruby(text: str) -> str:
    return _KANJI_RUBY.sub(lambda found: f"{found[1] or found[2]}({found[3]})", text) if "《" in text else text
