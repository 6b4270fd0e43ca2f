"""What differs between two contents of a prompt: lines, the words within them, and options; at a bounded cost."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from akachat.workspace.version import Content, canonical

__all__ = ["Difference", "Line", "OptionChange", "Summary", "compare", "summarise", "unified"]

#: How many pairs of equal lines may be looked at. Beyond it what lies between the first and the last difference counts
#: as one: difflib takes a second for 300,000 of them.
_MOST_PAIRS = 300_000
#: The same for pairs of words, within one block of changed lines.
_MOST_WORD_PAIRS = 200_000
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
    matcher = _Lines(old, new)
    hunks, left = [], _MOST_LINES
    shown = 0
    for group in matcher.get_grouped_opcodes(context):
        if all(tag == "equal" for tag, *_ in group):
            continue
        lines = list(_lines(group, old, new))
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
    opcodes = _Lines(_ended(before.instruction), _ended(after.instruction)).get_opcodes()
    changed = [each for each in opcodes if each[0] != "equal"]
    added, removed = sum(d - c for _, _, _, c, d in changed), sum(b - a for _, a, b, _, _ in changed)
    return Summary(added, removed, tuple(change.name for change in _options(before.options, after.options)))


def unified(before: Content, after: Content, name: str, labels: tuple[str, str]) -> str:
    """The difference of a prompt's two files as other tools read it; empty where there is none."""
    texts = ((f"{name}.txt", before.instruction, after.instruction), (f"{name}.json", _json(before), _json(after)))
    return "".join(_unified(file, labels, _ended(old), _ended(new)) for file, old, new in texts)


class _Lines(difflib.SequenceMatcher[str]):
    """Matches lines. What both begin and end with is set aside first, and more work than is sensible is not begun."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, autojunk=False)
        start = _common(old, new)
        end = _common(old[start:][::-1], new[start:][::-1])
        self._found = [("equal", 0, start, 0, start)] if start else []
        self._found += _middle(old[start : len(old) - end], new[start : len(new) - end], start)
        if end:
            self._found.append(("equal", len(old) - end, len(old), len(new) - end, len(new)))

    def get_opcodes(self) -> list[Any]:
        """What to do to make the newer of the older."""
        return list(self._found)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _middle(old: Sequence[str], new: Sequence[str], start: int) -> list[_Opcode]:
    if not old and not new:
        return []
    counts = Counter(new)
    if sum(counts[line] for line in old) > _MOST_PAIRS:
        return [("replace", start, start + len(old), start, start + len(new))]
    found = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(tag, a + start, b + start, c + start, d + start) for tag, a, b, c, d in found]


def _lines(group: Sequence[_Opcode], old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    for tag, a, b, c, d in group:
        if tag == "equal":
            for i in range(b - a):
                yield Line("same", a + i + 1, c + i + 1, ((old[a + i], False),))
            continue
        before, after = _words("\n".join(old[a:b]), "\n".join(new[c:d])) if tag == "replace" else ([], [])
        for kind, first, lines, parts in (("old", a, old[a:b], before), ("new", c, new[c:d], after)):
            for i, text in enumerate(lines):
                shown = tuple(parts[i]) if parts else ((text, False),)
                yield (
                    Line("old", first + i + 1, None, shown)
                    if kind == "old"
                    else Line("new", None, first + i + 1, shown)
                )


_Parts = list[list[tuple[str, bool]]]


def _words(old: str, new: str) -> tuple[_Parts, _Parts]:
    """The lines of both texts in pieces, each with whether it changed; none where they have too little in common."""
    a, b = _WORD.findall(old), _WORD.findall(new)
    counts = Counter(b)
    if sum(counts[word] for word in a) > _MOST_WORD_PAIRS:
        return [], []
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
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
    for group in _Lines(old, new).get_grouped_opcodes():
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
