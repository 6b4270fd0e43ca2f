"""From lines to paragraphs: gaps, indents, type sizes and lines that end early tell them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from akachat.retrieval.reading.columns import Line
from akachat.retrieval.reading.layout import is_wide

__all__ = ["Paragraph", "join_lines", "paragraphs_of"]

_ENDS = "。．.！？!?」』）)：:；;"
_BULLET = re.compile(
    r"[・●○◆◇■□▪•–※★☆►▶✓➢]|[（(]?[0-9０-９a-zA-Zア-ン①-⑳]{1,3}[)）.．、]|第[0-9０-９一二三四五六七八九十百]+[章節条部編]"
)
#: A line of a table of contents: dots that lead to a page's number.
_ENTRY = re.compile(r"(?:[.．・…‥·][ 　]?){4,}\s*[0-9０-９ivx]+$")


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together; a row of a table is one of its own.

    Attributes:
        opens: it may be the rest of a paragraph that began in the column or on the page before.
        goes_on: it fills its last line and ends without a full stop.
    """

    text: str
    size: float
    row: bool = False
    opens: bool = False
    goes_on: bool = False


def paragraphs_of(lines: Sequence[Line]) -> list[Paragraph]:
    """The paragraphs of one stretch of lines, told apart by gaps, indents, sizes and lines that end early."""
    lines = _cells_joined(lines)
    found: list[Paragraph] = []
    for block in _apart(lines):
        found += _block_paragraphs(block, max(line.u1 for line in lines) - min(line.u0 for line in lines))
    return found


def _cells_joined(lines: Sequence[Line]) -> list[Line]:
    """The lines with the rest of a table's cell, which stands alone below where the cell begins, put into its row."""
    joined: list[Line] = []
    for line in lines:
        row = joined[-1] if joined else None
        if row is not None and len(row.cells) > 1 and len(line.cells) == 1 and line.v0 - row.v1 < 0.9 * line.size:
            near = [at for at, start in enumerate(row.starts) if abs(start - line.u0) < 0.5 * line.size]
            if near and near[0] > 0 and abs(row.size - line.size) < 0.12 * line.size:
                cells = [*row.cells]
                cells[near[0]] = join_lines([cells[near[0]], line.text])
                joined[-1] = replace(row, cells=cells, v1=line.v1)
                continue
        joined.append(line)
    return joined


def _apart(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines in groups with no wider gap between them than there is between most lines."""
    steps = [two.v0 - one.v0 for one, two in pairwise(lines)]
    pitch = median(steps) if steps else 0.0
    groups: list[list[Line]] = []
    for line in lines:
        before = groups[-1][-1] if groups else None
        em = max(line.size, before.size) if before else 0.0
        step = line.v0 - before.v0 if before else 0.0
        wide = step > 1.35 * pitch and step > 1.25 * em and step - pitch > 0.3 * em
        if before is None or wide or (step > 2.6 * em and len(lines) < 5) or abs(line.size - before.size) > 0.12 * em:
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _block_paragraphs(lines: Sequence[Line], column: float) -> list[Paragraph]:
    left, right = min(line.u0 for line in lines), max(line.u1 for line in lines)
    if right - left < min(0.6 * column, 12 * lines[0].size):
        # Too narrow to tell from its own lines which of them are full.
        right = left + column
    groups: list[list[Line]] = []
    for line in lines:
        if groups and not _is_new(groups[-1][-1], line, left, right):
            groups[-1].append(line)
        else:
            groups.append([line])
    found = []
    for group in groups:
        text, size, row = join_lines([line.text for line in group]), group[0].size, len(group[0].cells) > 1
        found.append(Paragraph(text, round(size, 1), row))
    first, last = groups[0][0], groups[-1][-1]
    if len(lines) >= 2 or right - left > 0.8 * column:
        found[0].opens = not found[0].row and first.u0 < left + 0.5 * first.size and not _BULLET.match(first.text)
    if len(lines) >= 2:
        ends = found[-1].text[-1:] in _ENDS or last.u1 < right - 2.5 * last.size
        found[-1].goes_on = not found[-1].row and not ends and len(groups[-1]) + len(lines) > 2
    return found


def _is_new(before: Line, line: Line, left: float, right: float) -> bool:
    """Whether a line begins a paragraph."""
    em = max(line.size, before.size)
    if len(line.cells) > 1 or len(before.cells) > 1:
        return True
    if before.text[-1] == "-" and before.text[-2:-1].isalpha():
        return False
    if _ENTRY.search(before.text):
        return True
    if _BULLET.match(line.text) and (before.text[-1:] in _ENDS or line.u0 - before.u0 < -0.5 * em):
        return True
    if line.u0 > left + 0.7 * em and line.u0 > before.u0 + 0.7 * em and not _BULLET.match(before.text):
        return True
    if before.u0 > line.u0 + 3 * em:
        return True
    # It would have gone on in the line before if its first word had found room there.
    word = em if is_wide(line.text[0]) else em * 0.6 * len(line.text.split(" ", 1)[0])
    return right - before.u1 > max(2.5 * em, word + 1.5 * em)


def join_lines(lines: Sequence[str]) -> str:
    """Lines that a page broke, as one: no space between squares, hyphens undone, else one space."""
    text = ""
    for line in lines:
        line = line.strip()
        if not text or not line:
            text += line
        elif text[-1] in "-\u2010\u00ad" and text[-2:-1].isalpha() and line[0].islower():
            text = text[:-1] + line
        elif (is_wide(text[-1]) and is_wide(line[0])) or text[-1] == "-":
            text += line
        else:
            text += " " + line
    return text
