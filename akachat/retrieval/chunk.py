"""Packs whole sentences into passages of about one size, each under its headings and with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from akachat.retrieval.sentences import sentences
from akachat.retrieval.values import Block, Document, Place

__all__ = ["Piece", "chunk"]

#: The headings' line is no longer than this: it tells where a passage belongs, and is not searched for itself.
_MOST_HEADING = 120
#: A last piece shorter than this share of the size joins the one before it.
_SMALL = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage before it has a number. The fields are those of ``Passage``."""

    text: str
    body: int
    start: int
    end: int
    headings: tuple[str, ...]
    place: Place


@dataclass(slots=True)
class _Unit:
    """What is never cut: a sentence, or a block that stays whole; ``start`` and ``end`` in the file's whole text."""

    start: int
    end: int
    block: Block


def chunk(document: Document, size: int = 400, overlap: int = 50) -> Iterator[Piece]:
    """Cuts a document into pieces.

    A piece never crosses a heading. It holds as many whole sentences as fit into ``size``; a longer sentence is cut
    at a comma or a space. The next piece repeats the last sentences that fit into ``overlap``.

    Args:
        document: what was read.
        size: about how many characters a piece's body has.
        overlap: at most how many of them stand in the piece before already.
    """
    whole = "\n".join(block.text for block in document.blocks)
    for section in _sections(document.blocks):
        units = list(_units(section, whole, size))
        for first, last in _packed(units, size, overlap):
            yield _piece(whole, units[first], units[last])


def _sections(blocks: Sequence[Block]) -> Iterator[list[tuple[int, Block]]]:
    """Blocks in a row under the same headings, each with where it begins in the whole text."""
    section: list[tuple[int, Block]] = []
    position = 0
    for block in blocks:
        if section and (block.headings, block.lead) != (section[-1][1].headings, section[-1][1].lead):
            yield section
            section = []
        section.append((position, block))
        position += len(block.text) + 1
    if section:
        yield section


def _units(section: Sequence[tuple[int, Block]], whole: str, size: int) -> Iterator[_Unit]:
    for position, block in section:
        spans: Iterator[tuple[int, int]] = iter([(0, len(block.text))]) if block.whole else sentences(block.text)
        limit = 2 * size if block.whole else size
        for start, end in spans:
            left, right = position + start, position + end
            while right - left > limit:
                cut = _cut(whole, left, size)
                if not whole[left:cut].isspace():
                    yield _Unit(left, cut, block)
                left = cut
            if not whole[left:right].isspace():
                yield _Unit(left, right, block)


def _cut(whole: str, start: int, size: int) -> int:
    """Where a sentence that is too long is cut: after a comma or a space of the last third that fits."""
    cut = max(whole.rfind(mark, start + size * 2 // 3, start + size) for mark in "、，,;；・ \n\t　") + 1
    return cut or start + size


def _packed(units: Sequence[_Unit], size: int, overlap: int) -> Iterator[tuple[int, int]]:
    """The first and the last unit of each piece."""
    groups: list[tuple[int, int]] = []
    first = 0
    while first < len(units):
        last = first
        while last + 1 < len(units) and units[last + 1].end - units[first].start <= size:
            last += 1
        groups.append((first, last))
        if last + 1 == len(units):
            break
        following = last + 1
        while (
            following - 1 > first
            and not units[following - 1].block.whole
            and units[last].end - units[following - 1].start <= overlap
            and units[last + 1].end - units[following - 1].start <= size
        ):
            following -= 1
        first = following
    if len(groups) > 1:
        (begin, _), (first, last) = groups[-2:]
        rest = units[last].end - units[groups[-2][1]].end
        if rest < size * _SMALL and units[last].end - units[begin].start <= size * (1 + _SMALL):
            groups[-2:] = [(begin, last)]
    yield from groups


def _piece(whole: str, first: _Unit, last: _Unit) -> Piece:
    start, end = first.start, last.end
    body = whole[start:end]
    start += len(body) - len(body.lstrip())
    body = body.strip()
    block = first.block
    above = " > ".join(block.headings)
    if len(above) > _MOST_HEADING:
        above = "…" + above[-_MOST_HEADING:]
    if block.headings and body.partition("\n")[0].strip() == block.headings[-1]:
        above = " > ".join(block.headings[:-1])[-_MOST_HEADING:]
    lead = "\n".join(part for part in (above, block.lead) if part)
    text = f"{lead}\n{body}" if lead else body
    return Piece(text, len(text) - len(body), start, start + len(body), block.headings, block.place)
