"""From characters at places on a page to runs of text, horizontal or vertical, with ruby behind its word.

A page is told by its characters' boxes only, because the order in a PDF's stream is whatever its program liked.
Vertical writing is the same problem turned by a quarter: below, ``u`` runs along a line and ``v`` from line to line,
so that columns of text, ruby and paragraphs are found by one piece of code for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

__all__ = ["NEAR", "Glyph", "Run", "is_wide", "runs_of"]

#: Up to this gap, in units of the type size, characters belong to one piece of a line.
NEAR = 0.8
#: The same where a space is between them: it may be a full-width one.
_SPACE = 1.15

_KANA = re.compile(r"[ぁ-ゖァ-ヺー・゛゜\s]+")
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆ヶ]|[\U00020000-\U0003ffff]")


class Glyph(NamedTuple):
    """A character and its em box on the page as it is shown, with ``y`` counted downwards.

    ``turn`` is 0 for an upright one, 1 for one that lies on its side and reads downwards, -1 for upwards.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    turn: int = 0


@dataclass(slots=True)
class Run:
    """Characters that follow each other in one direction; ``starts`` holds where along the line each begins."""

    text: list[str]
    starts: list[float]
    u0: float
    u1: float
    v0: float
    v1: float
    size: float

    def meets(self, other: Run) -> bool:
        """Whether the two stand on one line: half of the smaller one's height is beside the other."""
        shared = min(self.v1, other.v1) - max(self.v0, other.v0)
        return shared >= 0.5 * min(self.v1 - self.v0, other.v1 - other.v0)


def is_wide(char: str) -> bool:
    """Whether a character is of the scripts that are written without spaces and fill a square."""
    code = ord(char[-1]) if char else 0
    return (
        0x2E80 <= code <= 0xD7A3
        or 0xF900 <= code <= 0xFAFF
        or 0xFE10 <= code <= 0xFE6F
        or (0xFF00 <= code <= 0xFF60 or code >= 0x20000 or code in (0x2026, 0x2025, 0x2014, 0x2015))
    )


def runs_of(glyphs: Iterable[Glyph]) -> tuple[list[Run], list[Run]]:
    """The horizontal and the vertical runs of a page, with ruby put behind its word in brackets."""
    chains = _chains(glyphs)
    down = sum(len(chain) for chain, way in chains if way == "v")
    across = sum(len(chain) for chain, way in chains if way == "h")
    rows: list[Run] = []
    columns: list[Run] = []
    body = median(chain[0].size for chain, _ in chains) if chains else 0.0
    for chain, way in chains:
        if not way:
            way = "v" if down > across else "h"
        # Two or three digits side by side in a vertical line are one square of it.
        squeezed = down > across and way == "h" and len(chain) <= 4 and chain[-1].x1 - chain[0].x0 <= 1.4 * body
        (columns if way == "v" or squeezed else rows).append(_run(chain, vertical=way == "v", squeezed=squeezed))
    return _with_ruby(rows), _with_ruby(columns)


def _chains(glyphs: Iterable[Glyph]) -> list[tuple[list[Glyph], str]]:
    chains: list[tuple[list[Glyph], str]] = []
    chain: list[Glyph] = []
    way = ""
    spaces: list[Glyph] = []
    for glyph in glyphs:
        if glyph.text.isspace():
            spaces.append(glyph)
            continue
        found = _way(chain[-1], glyph, _SPACE if len(spaces) == 1 else NEAR) if chain else ""
        if found and (not way or way == found):
            last = chain[-1]
            if space := _space(last, glyph, spaces, glyph.x0 - last.x1 if found == "h" else glyph.y0 - last.y1):
                chain.append(Glyph(space, last.x1, last.y1, last.x1, last.y1, last.size, last.turn))
            chain.append(glyph)
            way = found
        else:
            if chain:
                chains.append((chain, way))
            chain, way = [glyph], "v" if glyph.turn else ""
        spaces = []
    if chain:
        chains.append((chain, way))
    return chains


def _space(one: Glyph, two: Glyph, spaces: Sequence[Glyph], gap: float) -> str:
    """What to write between two characters: PDFium turns a full-width space into a common one or a mere gap."""
    if is_wide(one.text) and is_wide(two.text):
        if spaces and gap > NEAR * two.size:
            return "\u3000"
        # A narrower space between two squares is mostly one that was made up from a justified line's gap.
        return next((space.text for space in spaces if space.size > 0), "")
    if spaces and not any(space.size > 0 for space in spaces) and (is_wide(one.text) or is_wide(two.text)):
        # It is made up between a digit and 年 in vertical lines, where no gap is.
        return " " if gap > 0.15 * two.size else ""
    return " " if spaces or gap > 0.22 * two.size else ""


def _way(one: Glyph, two: Glyph, near: float) -> str:
    """In which direction a character goes on from another: ``h``, ``v`` or not at all."""
    size = two.size
    if not 0.85 * size <= one.size <= 1.18 * size:
        return ""
    if not one.turn and not two.turn:
        if -0.3 * size < one.y1 - two.y1 < 0.3 * size and -0.5 * size < two.x0 - one.x1 < near * size:
            return "h"
    elif -1 in (one.turn, two.turn):
        same = one.turn == two.turn and abs(one.x0 - two.x0) < 0.3 * size
        return "v" if same and abs(one.y0 - two.y1) < near * size else ""
    beside = abs(one.x0 + one.x1 - two.x0 - two.x1) / 2
    reach = 0.2 if one.turn == two.turn == 0 else 0.45
    return "v" if beside < reach * size and -0.5 * size < two.y0 - one.y1 < near * size else ""


def _run(chain: Sequence[Glyph], *, vertical: bool, squeezed: bool = False) -> Run:
    text = [glyph.text for glyph in chain]
    size = max(glyph.size for glyph in chain)
    x0, x1 = min(glyph.x0 for glyph in chain), max(glyph.x1 for glyph in chain)
    y0, y1 = min(glyph.y0 for glyph in chain), max(glyph.y1 for glyph in chain)
    if vertical:
        return Run(text, [glyph.y0 for glyph in chain], y0, y1, -x1, -x0, size)
    if squeezed:
        return Run(text, [y0] * len(chain), y0, y1, -x1, -x0, size)
    return Run(text, [glyph.x0 for glyph in chain], x0, x1, y0, y1, size)


def _with_ruby(runs: list[Run]) -> list[Run]:
    """Takes the small kana above a word from the lines and writes them behind it: 漢字(かんじ)."""
    small = [run for run in runs if _KANA.fullmatch("".join(run.text))]
    if not small:
        return runs
    taken = set()
    notes: list[tuple[Run, int, str]] = []
    for ruby in small:
        for base in runs:
            if ruby.size > 0.65 * base.size or not -0.7 * ruby.size < base.v0 - ruby.v1 < ruby.size:
                continue
            centres = [(at, start + base.size / 2) for at, start in enumerate(base.starts)]
            below = [at for at, centre in centres if ruby.u0 - 0.3 * base.size < centre < ruby.u1 + 0.3 * base.size]
            if not below:
                continue
            words = [at for at in below if _KANJI.match(base.text[at])] or below
            notes.append((base, words[-1], "".join(ruby.text).strip()))
            taken.add(id(ruby))
            break
    for base, at, reading in sorted(notes, key=lambda note: -note[1]):
        base.text[at] += f"({reading})"
    return [run for run in runs if id(run) not in taken]
