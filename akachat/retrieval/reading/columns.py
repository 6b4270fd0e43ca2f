"""From runs of characters to lines in reading order: columns are read one after the other, a table row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from akachat.retrieval.reading.layout import NEAR, Run, is_wide

__all__ = ["Line", "lines_of"]

#: From this gap on, in units of the type size, it is another cell of a table.
_CELL = 1.2


@dataclass(slots=True)
class Line:
    """A line of one column, or a table's row: its cells have gaps between them, and ``starts`` is where each begins."""

    cells: list[str]
    starts: list[float]
    u0: float
    u1: float
    v0: float
    v1: float
    size: float

    @property
    def text(self) -> str:
        """All of it; cells are one space apart."""
        return " ".join(self.cells)


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
            if gap > NEAR * size:
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
        if short and row and row[0].v0 - short[-1][0].v1 > 2.5 * row[0].size:
            if len(short) >= 2:
                found.update(id(piece) for row in short for piece in row)
            short = []
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
        cells, starts = ["".join(row[0].text)], [row[0].u0]
        for before, piece in pairwise(row):
            text = "".join(piece.text)
            if piece.u0 - before.u1 >= _CELL * max(before.size, piece.size):
                cells.append(text)
                starts.append(piece.u0)
            else:
                cells[-1] += " " + text
        sizes = sorted((piece.size, len(piece.text)) for piece in row)
        size = max(sizes, key=lambda item: item[1])[0]
        lines.append(Line(cells, starts, row[0].u0, row[-1].u1, min(p.v0 for p in row), max(p.v1 for p in row), size))
    return lines
