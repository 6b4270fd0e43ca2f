"""Subtitles (SRT, WebVTT): what is said, with the time at which it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_TIME = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
#: Cues are joined until they have about this much to say.
_ENOUGH = 120


def read(data: bytes, name: str, charset: str) -> Document:
    """A file of subtitles."""
    text, found = decode(data, charset)
    return Document(tuple(_joined(_cues(text))), found)


def _cues(text: str) -> Iterator[tuple[float, str]]:
    second: float | None = None
    held: list[str] = []
    for line in [*text.splitlines(), ""]:
        time = _TIME.search(line)
        if time:
            hours, minutes, seconds, rest = time.groups()
            second, held = (
                int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(rest.ljust(3, "0")) / 1000,
                [],
            )
        elif line.strip() and second is not None:
            held.append(_TAG.sub("", line).strip())
        elif second is not None:
            if said := "\n".join(filter(None, held)):
                yield second, said
            second = None


def _joined(cues: Iterator[tuple[float, str]]) -> Iterator[Block]:
    begin, held, last = 0.0, list[str](), ""
    for second, said in cues:
        new = [line for line in said.split("\n") if line != last]  # rolling captions repeat the line before
        if not new:
            continue
        begin = begin if held else second
        held.extend(new)
        last = new[-1]
        if sum(map(len, held)) >= _ENOUGH:
            yield Block("\n".join(held), (), Place(second=begin))
            held = []
    if held:
        yield Block("\n".join(held), (), Place(second=begin))
