"""From characters at places on a page to paragraphs in reading order.

A page is told by its characters' boxes only, because the order in a PDF's stream is whatever its program liked.
Vertical writing is the same problem turned by a quarter: below, ``u`` runs along a line and ``v`` from line to line,
so that columns of text, ruby and paragraphs are found by one piece of code for both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Glyph", "Line", "Paragraph", "Run", "is_wide", "join_lines", "lines_of", "paragraphs_of", "runs_of"]

#: Gaps in units of the type size: up to ``_NEAR`` it is one piece of a line, from ``_CELL`` on another cell of a table.
_NEAR = 0.8
_CELL = 1.2

_ENDS = "。．.！？!?」』）)：:；;"
_BULLET = re.compile(
    r"[・●○◆◇■□▪•–※★☆►▶✓➢]|[（(]?[0-9０-９a-zA-Zア-ン①-⑳]{1,3}[)）.．、]|第[0-9０-９一二三四五六七八九十百]+[章節条部編]"
)
_KANA = re.compile(r"[ぁ-ゖァ-ヺー・゛゜\s]+")
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆ヶ]|[\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Glyph:
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


@dataclass(slots=True)
class Line:
    """A line of one column, or a table's row: its cells have gaps between them."""

    cells: list[str]
    u0: float
    u1: float
    v0: float
    v1: float
    size: float

    @property
    def text(self) -> str:
        """All of it; cells are one space apart."""
        return " ".join(self.cells)


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
    rows, columns = [], []
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
        found = _way(chain[-1], glyph) if chain else ""
        if found and (not way or way == found):
            last = chain[-1]
            # A space between two squares is mostly one that was made up from a justified line's gap.
            gap = glyph.x0 - last.x1 if found == "h" else glyph.y0 - last.y1
            kept = [space for space in spaces if space.size > 0]
            if kept or ((spaces or gap > 0.22 * glyph.size) and not (is_wide(last.text) and is_wide(glyph.text))):
                space = kept[0].text if kept else " "
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


def _way(one: Glyph, two: Glyph) -> str:
    """In which direction a character goes on from another: ``h``, ``v`` or not at all."""
    size = max(one.size, two.size)
    if min(one.size, two.size) < 0.85 * size:
        return ""
    if one.turn == two.turn == 0:
        if abs(one.y1 - two.y1) < 0.3 * size and -0.5 * size < two.x0 - one.x1 < _NEAR * size:
            return "h"
    elif -1 in (one.turn, two.turn):
        same = one.turn == two.turn and abs(one.x0 - two.x0) < 0.3 * size
        return "v" if same and abs(one.y0 - two.y1) < _NEAR * size else ""
    beside = abs(one.x0 + one.x1 - two.x0 - two.x1) / 2
    reach = 0.2 if one.turn == two.turn == 0 else 0.45
    return "v" if beside < reach * size and -0.5 * size < two.y0 - one.y1 < _NEAR * size else ""


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


def lines_of(runs: Sequence[Run]) -> list[list[Line]]:
    """The lines in reading order, one list for each stretch of one column."""
    if not runs:
        return []
    pieces = _pieces(runs)
    return [_lines(stretch) for stretch in _stretches(pieces, median(run.size for run in runs))]


def _rows(pieces: Sequence[Run]) -> list[list[Run]]:
    """Pieces that stand on one line, from top to bottom, each row from left to right."""
    rows: list[list[Run]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.v0 + piece.v1, piece.u0)):
        # Type sizes differ within a line, so that the last row is not always the one it belongs to.
        row = next((row for row in rows[-3:] if any(piece.meets(other) for other in row[-2:])), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    for row in rows:
        row.sort(key=lambda piece: piece.u0)
    return rows


def _pieces(runs: Sequence[Run]) -> list[Run]:
    """Runs that touch, put together."""
    pieces: list[Run] = []
    for row in _rows(runs):
        current = row[0]
        for run in row[1:]:
            gap, size = run.u0 - current.u1, max(run.size, current.size)
            if gap > _NEAR * size:
                pieces.append(current)
                current = run
                continue
            spaced = gap > 0.22 * size and not (is_wide(current.text[-1]) and is_wide(run.text[0]))
            current = Run(
                current.text + ([" "] if spaced else []) + run.text,
                current.starts,
                current.u0,
                max(current.u1, run.u1),
                min(current.v0, run.v0),
                max(current.v1, run.v1),
                size,
            )
        pieces.append(current)
    return pieces


def _stretches(pieces: list[Run], em: float, depth: int = 0) -> list[list[Run]]:
    """The pieces by column: what spans the columns cuts them into bands, and a band is read column by column."""
    cut = _gutter(pieces, em) if len(pieces) >= 6 and depth < 4 else None
    if cut is None:
        return [pieces] if pieces else []
    gutter, spanning = cut
    stretches: list[list[Run]] = []
    band: list[Run] = []

    def flush() -> None:
        for side in (
            [piece for piece in band if piece.u0 < gutter],
            [piece for piece in band if piece.u0 >= gutter],
        ):
            stretches.extend(_stretches(side, em, depth + 1))
        band.clear()

    across: list[Run] = []
    for row in _rows(pieces):
        wide = [piece for piece in row if id(piece) in spanning]
        if wide:
            flush()
            across += row
        else:
            if across:
                stretches.append(across)
                across = []
            band += row
    flush()
    if across:
        stretches.append(across)
    return stretches


def _gutter(pieces: list[Run], em: float) -> tuple[float, set[int]] | None:
    """Where the gap between two columns is, and which pieces span it; None for a page of one column."""
    edges = Counter(round(piece.u0 / 4) for piece in pieces)
    best: tuple[float, set[int]] | None = None
    rows: list[list[Run]] | None = None
    for edge, count in edges.most_common(8):
        if count < 3:
            break
        gutter = min(piece.u0 for piece in pieces if round(piece.u0 / 4) == edge) - 0.5
        left = [piece for piece in pieces if piece.u1 <= gutter + 0.5]
        right = [piece for piece in pieces if piece.u0 >= gutter]
        if not (_is_text(left, em) and _is_text(right, em)) or not _side_by_side(left, right):
            continue
        spanning = {id(piece) for piece in pieces if piece.u0 < gutter and piece.u1 > gutter + 0.5}
        if len(spanning) > 0.35 * len(pieces):
            continue
        rows = rows or _rows(pieces)
        spanning |= _table_rows(rows, gutter, _width(left), _width(right))
        if best is None or len(spanning) < len(best[1]):
            best = gutter, spanning
    return best


def _width(pieces: Sequence[Run]) -> float:
    return sorted(piece.u1 - piece.u0 for piece in pieces)[len(pieces) * 9 // 10]


def _is_text(pieces: Sequence[Run], em: float) -> bool:
    """Whether the pieces are a column of running text: three lines at least, mostly of one good width."""
    if len(pieces) < 3 or (width := _width(pieces)) < 8 * em:
        return False
    widths = [piece.u1 - piece.u0 for piece in pieces]
    full = [one for one in widths if one > 0.6 * width]
    return len(full) >= 3 and sum(full) >= 0.55 * sum(widths)


def _side_by_side(left: Sequence[Run], right: Sequence[Run]) -> bool:
    top = max(min(piece.v0 for piece in left), min(piece.v0 for piece in right))
    bottom = min(max(piece.v1 for piece in left), max(piece.v1 for piece in right))
    height = min(max(p.v1 for p in side) - min(p.v0 for p in side) for side in (left, right))
    return bottom - top > 0.3 * height


def _table_rows(rows: Sequence[Sequence[Run]], gutter: float, left: float, right: float) -> set[int]:
    """Pieces of a table that happens to have a gap where the columns have one: two rows of short cells and more."""
    found: set[int] = set()
    short: list[Sequence[Run]] = []
    for row in [*rows, ()]:
        if len(row) >= 2 and all(p.u1 - p.u0 < 0.6 * (left if p.u0 < gutter else right) for p in row):
            short.append(row)
            continue
        if len(short) >= 2:
            found.update(id(piece) for row in short for piece in row)
        short = []
    return found


def _lines(pieces: Sequence[Run]) -> list[Line]:
    lines = []
    for row in _rows(pieces):
        cells = ["".join(row[0].text)]
        for before, piece in zip(row, row[1:], strict=False):
            text = "".join(piece.text)
            if piece.u0 - before.u1 >= _CELL * max(before.size, piece.size):
                cells.append(text)
            else:
                cells[-1] += " " + text
        sizes = sorted((piece.size, len(piece.text)) for piece in row)
        size = max(sizes, key=lambda item: item[1])[0]
        lines.append(Line(cells, row[0].u0, row[-1].u1, min(p.v0 for p in row), max(p.v1 for p in row), size))
    return lines


def paragraphs_of(lines: Sequence[Line]) -> list[Paragraph]:
    """The paragraphs of one stretch of lines, told apart by gaps, indents, sizes and lines that end early."""
    if not lines:
        return []
    left, right = min(line.u0 for line in lines), max(line.u1 for line in lines)
    steps = [two.v0 - one.v0 for one, two in zip(lines, lines[1:], strict=False)]
    pitch = median(steps) if steps else 0.0
    groups: list[list[Line]] = []
    for line in lines:
        if groups and not _is_new(groups[-1][-1], line, left, right, pitch):
            groups[-1].append(line)
        else:
            groups.append([line])
    found = []
    for group in groups:
        text, size, row = join_lines([line.text for line in group]), group[0].size, len(group[0].cells) > 1
        found.append(Paragraph(text, round(size, 1), row))
    first, last = groups[0][0], groups[-1][-1]
    if len(lines) >= 2:
        found[0].opens = not found[0].row and first.u0 < left + 0.5 * first.size and not _BULLET.match(first.text)
        ends = found[-1].text[-1:] in _ENDS or last.u1 < right - 2.5 * last.size
        found[-1].goes_on = not found[-1].row and not ends and len(groups[-1]) + len(lines) > 2
    return found


def _is_new(before: Line, line: Line, left: float, right: float, pitch: float) -> bool:
    """Whether a line begins a paragraph."""
    em = max(line.size, before.size)
    if len(line.cells) > 1 or len(before.cells) > 1 or abs(line.size - before.size) > 0.12 * em:
        return True
    step = line.v0 - before.v0
    if step > 1.35 * pitch and step > 1.25 * em and step - pitch > 0.3 * em:
        return True
    if _BULLET.match(line.text) and (before.text[-1:] in _ENDS or line.u0 - before.u0 < -0.5 * em):
        return True
    if line.u0 > left + 0.7 * em and line.u0 > before.u0 + 0.7 * em and not _BULLET.match(before.text):
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
        elif is_wide(text[-1]) and is_wide(line[0]) or text[-1] == "-":
            text += line
        else:
            text += " " + line
    return text
