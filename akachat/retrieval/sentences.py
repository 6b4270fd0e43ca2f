"""Where sentences end, in Japanese and English, so that no passage begins in the middle of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["sentences"]

#: An end is a mark with the quotes and brackets that close after it, or a line's end. A full stop ends a sentence only
#: before white space: not in 3.5, in a file's name, or in an address.
_END = re.compile(
    r"""[。．！？!?]+[」』）)\]】〉》”’"']*\s*"""
    r"""|\.[)\]”’"']*(?=\s)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)\s+"""
    r"""|\n+"""
)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text as (start, end); together they are the whole text."""
    start = 0
    for end in _END.finditer(text):
        if end.end() > start:
            yield start, end.end()
            start = end.end()
    if start < len(text):
        yield start, len(text)
