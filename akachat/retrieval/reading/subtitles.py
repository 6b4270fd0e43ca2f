"""Subtitles (SRT, WebVTT): what is said, with the time at which it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_TIME = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")
_RUBY = re.compile(r"<rt(?:\.[^<>]*)?>([^<]*)(?:</rt>)?")
#: Only what is a tag there: people say `<3`, and `x < 5`.
_TAG = re.compile(r"</?(?:[biusvc]|lang|ruby|rt|font|br)(?:[\s./][^<>]*)?>|<[0-9:.]+>|\{\\[^{}]*\}", re.IGNORECASE)
#: A space that holds words together is one to search for; marks of direction are none.
_SIGNS = {0xA0: " ", 0x200E: None, 0x200F: None}
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
            # No blank line between two cues: the last line is the second one's number.
            said = "\n".join(filter(None, held[:-1] if held and held[-1].isdigit() else held))
            if said and second is not None:
                yield second, said
            hours, minutes, seconds, rest = time.groups()
            second, held = (
                int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(rest.ljust(3, "0")) / 1000,
                [],
            )
        elif line.strip() and second is not None:
            held.append(_said(line))
        elif second is not None:
            if said := "\n".join(filter(None, held)):
                yield second, said
            second = None


def _said(line: str) -> str:
    """A cue's line without tags; who speaks is kept as in a script."""
    line = _TAG.sub("", _RUBY.sub(r"(\1)", _VOICE.sub(_speaker, line))).replace("\\N", "\n")
    return html.unescape(line).translate(_SIGNS).strip()


def _speaker(voice: re.Match[str]) -> str:
    return f"{voice[1].strip()}: "


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
