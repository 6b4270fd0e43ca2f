"""What differs between two contents of a prompt: lines, the words within them, and options; at a bounded cost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from akachat.workspace.matching import Matcher
from akachat.workspace.version import Content, canonical

__all__ = ["Difference", "Line", "OptionChange", "Summary", "compare", "summarise", "unified"]

#: Characters of changed lines in which the changed words are looked for; lines beyond it are shown as changed as such.
_MOST_CHARACTERS = 40_000
#: Blocks that have less in common are shown as two texts, not as one with a speckle of changes.
_LEAST_ALIKE = 0.3
#: Lines of a comparison that are given at most.
_MOST_LINES = 4_000
#: Latin words as a whole; every other character by itself, since Japanese has no spaces to cut at.
_WORD = re.compile(r"[A-Za-z0-9_]+|.", re.DOTALL)

_Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison.

    Attributes:
        kind: whether it is in both, in the older, or in the newer.
        old, new: its number there, from 1; None where it is not.
        parts: its pieces, each with whether it is what changed in the line.
    """

    kind: Literal["same", "old", "new"]
    old: int | None
    new: int | None
    parts: tuple[tuple[str, bool], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {"kind": self.kind, "old": self.old, "new": self.new, "parts": [list(part) for part in self.parts]}


@dataclass(frozen=True, slots=True)
class OptionChange:
    """An option that differs; a value that is not set is None."""

    name: str
    old: Any
    new: Any

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {"name": self.name, "old": self.old, "new": self.new}


@dataclass(frozen=True, slots=True)
class Summary:
    """How much differs: lines that came and went, and which options."""

    added: int
    removed: int
    options: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {"added": self.added, "removed": self.removed, "options": list(self.options)}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two contents side by side.

    Attributes:
        summary: how much differs.
        hunks: the changed lines with some around them; between two hunks are lines that are the same.
        options: the options that differ.
        lines: how many lines the newer text has.
        left_out: how many further lines there would be to show.
    """

    summary: Summary
    hunks: tuple[tuple[Line, ...], ...]
    options: tuple[OptionChange, ...]
    lines: int
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            **self.summary.to_dict(),
            "options": [change.to_dict() for change in self.options],
            "hunks": [[line.to_dict() for line in hunk] for hunk in self.hunks],
            "lines": self.lines,
            "left_out": self.left_out,
        }


def compare(before: Content, after: Content, *, context: int = 3) -> Difference:
    """The difference with ``context`` unchanged lines around every change."""
    old, new = before.instruction.split("\n"), after.instruction.split("\n")
    matcher = Matcher(old, new)
    hunks: list[tuple[Line, ...]] = []
    budget, left, shown = _Budget(_MOST_CHARACTERS), _MOST_LINES, 0
    for group in matcher.get_grouped_opcodes(context):
        if all(tag == "equal" for tag, *_ in group):
            continue
        lines = list(_lines(group, old, new, budget))
        shown += len(lines)
        if left > 0:
            hunks.append(tuple(lines[:left]))
        left -= len(lines)
    options = tuple(_options(before.options, after.options))
    return Difference(summarise(before, after), tuple(hunks), options, len(new), max(0, shown - _MOST_LINES))


def summarise(before: Content | None, after: Content) -> Summary:
    """How much differs; everything is new where there was nothing before."""
    if before is None:
        return Summary(len(_ended(after.instruction)), 0, tuple(sorted(after.options)))
    opcodes = Matcher(_ended(before.instruction), _ended(after.instruction)).get_opcodes()
    changed = [each for each in opcodes if each[0] != "equal"]
    added, removed = sum(d - c for _, _, _, c, d in changed), sum(b - a for _, a, b, _, _ in changed)
    return Summary(added, removed, tuple(change.name for change in _options(before.options, after.options)))


def unified(before: Content, after: Content, name: str, labels: tuple[str, str]) -> str:
    """The difference of a prompt's two files as other tools read it; empty where there is none."""
    texts = ((f"{name}.txt", before.instruction, after.instruction), (f"{name}.json", _json(before), _json(after)))
    return "".join(_unified(file, labels, _ended(old), _ended(new)) for file, old, new in texts)


class _Budget:
    """What may still be spent."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, amount: int) -> bool:
        """Spends an amount, where there is enough for it."""
        enough = amount <= self._left
        self._left -= amount if enough else 0
        return enough


def _lines(group: Sequence[_Opcode], old: Sequence[str], new: Sequence[str], budget: _Budget) -> Iterator[Line]:
    for tag, a, b, c, d in group:
        if tag == "equal":
            for i in range(b - a):
                yield Line("same", a + i + 1, c + i + 1, ((old[a + i], False),))
            continue
        before, after = _words("\n".join(old[a:b]), "\n".join(new[c:d]), budget) if tag == "replace" else ([], [])
        for i, text in enumerate(old[a:b]):
            yield Line("old", a + i + 1, None, tuple(before[i]) if before else ((text, False),))
        for i, text in enumerate(new[c:d]):
            yield Line("new", None, c + i + 1, tuple(after[i]) if after else ((text, False),))


_Parts = list[list[tuple[str, bool]]]


def _words(old: str, new: str, budget: _Budget) -> tuple[_Parts, _Parts]:
    """The lines of both texts in pieces, each with whether it changed; none where they have too little in common."""
    if not budget.take(len(old) + len(new)):
        return [], []
    a, b = _WORD.findall(old), _WORD.findall(new)
    matcher = Matcher(a, b)
    if matcher.ratio() < _LEAST_ALIKE:
        return [], []
    opcodes = matcher.get_opcodes()
    for i in range(1, len(opcodes) - 1):
        # One character between two changes that happens to be the same is no help to a reader.
        tag, a1, a2, b1, b2 = opcodes[i]
        if tag == "equal" and a2 - a1 == 1 and len(a[a1]) == 1 and a[a1] != "\n":
            opcodes[i] = ("replace", a1, a2, b1, b2)
    before = [("".join(a[a1:a2]), tag != "equal") for tag, a1, a2, _, _ in opcodes]
    after = [("".join(b[b1:b2]), tag != "equal") for tag, _, _, b1, b2 in opcodes]
    return _by_line(before), _by_line(after)


def _by_line(parts: Sequence[tuple[str, bool]]) -> _Parts:
    lines: _Parts = [[]]
    for text, changed in parts:
        for i, piece in enumerate(text.split("\n")):
            if i:
                lines.append([])
            if not piece:
                continue
            if lines[-1] and lines[-1][-1][1] == changed:
                piece = lines[-1].pop()[0] + piece
            lines[-1].append((piece, changed))
    return lines


def _options(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[OptionChange]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if canonical(old) != canonical(new):
            yield OptionChange(name, old, new)


def _json(content: Content) -> str:
    return json.dumps(dict(content.options), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _ended(text: str) -> list[str]:
    """A text's lines with their ends, and the remark of other tools where the last has none."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([f"{last}\n\\ No newline at end of file\n"] if last else [])


def _unified(name: str, labels: tuple[str, str], old: Sequence[str], new: Sequence[str]) -> str:
    written: list[str] = []
    for group in Matcher(old, new).get_grouped_opcodes():
        if all(tag == "equal" for tag, *_ in group):
            continue
        (_, a, _, c, _), (_, _, b, _, d) = group[0], group[-1]
        written.append(f"@@ -{_range(a, b)} +{_range(c, d)} @@\n")
        for tag, a, b, c, d in group:
            if tag == "equal":
                written += [f" {line}" for line in old[a:b]]
            else:
                written += [f"-{line}" for line in old[a:b]] + [f"+{line}" for line in new[c:d]]
    head = f"--- {name}\t{labels[0]}\n+++ {name}\t{labels[1]}\n"
    return head + "".join(written) if written else ""


def _range(start: int, stop: int) -> str:
    """Lines as a unified difference counts them."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
