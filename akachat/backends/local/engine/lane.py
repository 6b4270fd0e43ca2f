"""The requests of one model (and one adapter) that are answered together: prompts being read, rows being written.

What several prompts begin with is read once, into a segment that their rows share; identical prompts are read once and
copied. Of the prompts that wait, the one that has had the least gets the next piece, so that a long one holds up no
short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from akachat.backends.base import FinishReason
from akachat.backends.local.engine.choose import Draw, choose
from akachat.backends.local.engine.prefix import PrefixCache
from akachat.backends.local.engine.steps import Decode, Layout, Prefill
from akachat.backends.local.engine.tensors import Ids, Segment, Tails, common
from akachat.backends.local.generation import Given, Job

__all__ = ["Lane"]

#: A shared beginning shorter than this is not worth a pass of its own.
_WORTH = 16
#: The rest of a prompt up to this length is read into its row; a longer one becomes a segment, so that one long prompt
#: does not make the slots of all rows long.
_SHORT = 512
#: Rows times tokens up to which a common beginning is copied into the rows: below it, one matrix product over all is
#: cheaper than two.
_COPIED = 512
#: Padded tokens of one pass over prompts.
_PASS = 2048
#: Answers of more rows than this that came together are no conversations: their memory is not kept for a next turn.
_TOGETHER = 4
#: Tokens of an answer for which room is made at once.
_AHEAD = 256


@dataclass(eq=False, slots=True)
class _Build:
    """A segment being read.

    Attributes:
        ids: its tokens.
        tails: its one row.
        done: tokens read, those copied from another segment included.
        spent: tokens read by it, for taking turns.
    """

    ids: Ids
    tails: Tails
    done: int
    shared: bool
    spent: int = 0


@dataclass(eq=False, slots=True)
class _Pending:
    """A prompt that is not read yet; ``waits`` is what it waits for."""

    job: Job
    ids: Ids
    waits: _Build | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to do for a prompt: first build a segment of ``build`` tokens (0: none), else start its row.

    Attributes:
        segment, known: the memory that it continues after, and how many of its tokens count.
    """

    segment: Segment | None
    known: int
    build: int = 0
    shared: bool = False


@dataclass(eq=False, slots=True)
class _Row:
    """An answer being written: its slot is its place in the list of rows.

    Attributes:
        token: what the next step takes in.
        segment, base: what stands before the row's own memory, and how many of its tokens count.
        length: tokens in the row's slot.
        kept: whether its memory is kept for a next turn.
    """

    job: Job
    ids: Ids
    draw: Draw
    token: int
    segment: Segment | None
    base: int
    length: int
    kept: bool
    said: list[int] = field(default_factory=list)


class Lane:
    """Answers requests side by side, a piece of work at a time; ``cache`` is what was read before.

    Args:
        model: of transformers.
        layout: how it remembers.
        cache: where beginnings are kept.
    """

    def __init__(self, model: Any, layout: Layout, cache: PrefixCache) -> None:
        self._model = model
        self._layout = layout
        self.cache = cache
        self._pending: list[_Pending] = []
        self._builds: list[_Build] = []
        self._fresh: list[Segment] = []
        self._rows: list[_Row] = []
        self._tails: Tails | None = None

    @property
    def jobs(self) -> list[Job]:
        """All requests in it."""
        return [*(each.job for each in self._pending), *(row.job for row in self._rows)]

    @property
    def reads(self) -> bool:
        """Whether a prompt waits to be read."""
        return bool(self._pending)

    @property
    def writes(self) -> bool:
        """Whether an answer is being written."""
        return bool(self._rows)

    @property
    def bytes(self) -> int:
        """Memory of rows and of segments being read."""
        tails = [build.tails for build in self._builds] + ([self._tails] if self._tails else [])
        return sum(each.bytes for each in tails)

    def add(self, job: Job) -> None:
        """Takes a request in."""
        self._pending.append(_Pending(job, np.asarray(job.given.prompt.ids, dtype=np.int64)))

    def drop(self) -> list[Job]:
        """Forgets all requests, for example because the memory is full; what was read before stays."""
        jobs = self.jobs
        self._pending, self._builds, self._rows, self._fresh, self._tails = [], [], [], [], None
        return jobs

    # reading prompts

    def read(self, piece: int) -> None:
        """Reads a piece of a prompt, of about so many tokens, or several short prompts at once."""
        self._leave()
        free = [each for each in self._pending if each.waits is None]
        if free:
            first = free[0]
            plan = self._plan(first, free)
            if plan is not None and not plan.build:
                self._start(first, free, plan)
                return
            if plan is not None:
                first.waits = self._begin(first.ids[: plan.build], plan)
                for other in free[1:]:
                    if common(other.ids[:-1], first.waits.ids) == plan.build:
                        other.waits = first.waits
        if self._builds:
            self._continue(min(self._builds, key=lambda build: build.spent), piece)

    def _leave(self) -> None:
        """Lets go who is not waited for any more, and what nobody waits for."""
        for each in [each for each in self._pending if each.job.cancelled]:
            self._pending.remove(each)
            each.job.finish("cancelled")
        wanted = {id(each.waits) for each in self._pending}
        self._builds = [build for build in self._builds if id(build) in wanted]

    def _find(self, ids: Ids) -> tuple[Segment | None, int]:
        """The longest memory of a beginning; too short a one is none."""
        found, size = self.cache.find(ids)
        for segment in self._fresh:
            alike = common(segment.ids, ids)
            if alike > size:
                found, size = segment, alike
        return (found, size) if size >= _WORTH else (None, 0)

    def _plan(self, pending: _Pending, free: Sequence[_Pending]) -> _Plan | None:
        """What to do for a prompt; None where it waits for a segment that is being read."""
        wanted = pending.ids[:-1]
        segment, known = self._find(wanted)
        for build in self._builds:
            if common(build.ids, wanted) >= known + _WORTH:
                pending.waits = build
                return None
        alike = sorted((common(each.ids[:-1], wanted) for each in free if each is not pending), reverse=True)
        gains = [(count * (size - known), size) for count, size in enumerate(alike, 1)]
        gain, shared = max(gains, default=(0, 0))
        if gain > 0 and shared >= known + _WORTH:
            return _Plan(segment, known, shared, shared=True)
        if len(wanted) - known > _SHORT:
            return _Plan(segment, known, len(wanted))
        return _Plan(segment, known)

    def _begin(self, ids: Ids, plan: _Plan) -> _Build:
        tails = Tails(1, len(ids))
        if plan.segment is not None:
            plan.segment.flatten()
            tails.begin(0, plan.segment, plan.known, self._layout.convolutions, copy=True)
        build = _Build(ids, tails, plan.known, plan.shared)
        self._builds.append(build)
        return build

    def _continue(self, build: _Build, piece: int) -> None:
        ids = build.ids[build.done : build.done + piece]
        step = Prefill(self._layout, build.tails, 0, [len(ids)], build.done, None, 0)
        self._forward(step, [ids], build.done)
        build.done += len(ids)
        build.spent += len(ids)
        if build.done < len(build.ids):
            return
        segment = Segment(build.ids, build.tails.take(0, len(build.ids), len(self._layout), whole=True))
        segment.shared = build.shared
        self._builds.remove(build)
        self.cache.add(segment)
        self._fresh.append(segment)
        for each in self._pending:
            if each.waits is build:
                each.waits = None

    def _start(self, first: _Pending, free: Sequence[_Pending], plan: _Plan) -> None:
        """Reads the rest of a prompt into a row, together with others that continue after the same."""
        segment, known = plan.segment, plan.known
        together = [first]
        longest = len(first.ids) - known
        for other in free:
            rest = len(other.ids) - known
            if other is first or rest < 1 or (len(together) + 1) * max(longest, rest) > _PASS:
                continue
            if self._plan(other, free) == plan:
                together.append(other)
                longest = max(longest, rest)
        if segment is not None:
            segment.flatten()
        copied = len(together) * known < _COPIED
        at = known if copied else 0
        different: dict[bytes, list[_Pending]] = {}
        for each in together:
            different.setdefault(each.ids.tobytes(), []).append(each)
        slot = self._room(together, at - known)
        tails = self._tails_()
        heads = [alike[0] for alike in different.values()]
        for number in range(len(heads)):
            tails.begin(slot + number, segment, known, self._layout.convolutions, copy=copied)
        rests = [each.ids[known:] for each in heads]
        base = (None, 0) if copied else (segment, known)
        step = Prefill(self._layout, tails, slot, [len(rest) for rest in rests], at, *base)
        scores = self._forward(step, rests, known)
        order = [(number, each) for number, alike in enumerate(different.values()) for each in alike]
        order.sort(key=lambda one: one[1] is not heads[one[0]])  # those that were read, then their copies
        for target, (number, each) in enumerate(order[len(heads) :], slot + len(heads)):
            tails.copy(slot + number, target, len(each.ids) - known + at)
        draws = [_draw(each.job.given) for _, each in order]
        tokens = choose(scores[[number for number, _ in order]], draws)
        for (_, each), draw in zip(order, draws, strict=True):
            row = _Row(
                each.job,
                each.ids,
                draw,
                token=0,
                segment=None if copied else segment,
                base=0 if copied else known,
                length=len(each.ids) - known + at,
                kept=len(together) <= _TOGETHER and len(order) == len(heads),
            )
            self._pending.remove(each)
            self._rows.append(row)
        if not self._pending:
            self._fresh.clear()
        for at in reversed(range(len(tokens))):
            self._take(slot + at, tokens[at])

    def _tails_(self) -> Tails:
        assert self._tails is not None, "rows have room"
        return self._tails

    def _room(self, together: Sequence[_Pending], shift: int) -> int:
        """Makes room for further rows; the first one's slot."""
        slot = len(self._rows)
        tokens = max(len(e.ids) + shift + min(e.job.given.sampling.max_new_tokens, _AHEAD) for e in together)
        if self._tails is None:
            self._tails = Tails(len(together), tokens)
        else:
            self._tails.reserve(slot + len(together), tokens)
        return slot

    def _forward(self, step: Prefill | Decode, rows: Sequence[Sequence[int]], at: int) -> Any:
        """Runs a step over rows of tokens that begin at one position, shorter ones filled up; their last scores."""
        longest = max(map(len, rows))
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.as_tensor(np.asarray(row))
        positions = torch.arange(at, at + longest).expand(len(rows), -1)
        device = self._model.device
        lengths = [len(row) for row in rows]
        places = sorted({length - 1 for length in lengths})
        keep = torch.tensor(places, device=device) if len(places) > 1 else 1
        scores = step.run(self._model, ids.to(device), positions.to(device), keep=keep)
        return scores[range(len(rows)), [places.index(length - 1) for length in lengths]]

    # writing answers

    def write(self) -> None:
        """Adds a token to each answer."""
        for slot in reversed(range(len(self._rows))):
            if self._rows[slot].job.cancelled:
                self._end(slot, "cancelled")
        rows = self._rows
        if not rows:
            return
        tails = self._tails_()
        tails.reserve(len(rows), max(row.length for row in rows) + 1)
        step = Decode(self._layout, tails, [row.length for row in rows], [(row.segment, row.base) for row in rows])
        device = self._model.device
        ids = torch.tensor([[row.token] for row in rows], device=device)
        positions = torch.tensor([[row.base + row.length] for row in rows], device=device)
        tokens = choose(step.run(self._model, ids, positions)[:, -1], [row.draw for row in rows])
        for row in rows:
            row.length += 1
            row.said.append(row.token)
        for slot in reversed(range(len(rows))):
            self._take(slot, tokens[slot])

    def _take(self, slot: int, token: int | Exception) -> None:
        row = self._rows[slot]
        if isinstance(token, Exception):
            row.kept = False
            row.job.fail(token)
            self._remove(slot)
            return
        row.token = token
        if row.job.take(token):
            self._end(slot, None)

    def _end(self, slot: int, reason: FinishReason | None) -> None:
        row = self._rows[slot]
        row.job.finish(reason)
        if row.kept and row.length and self.cache.enabled:
            ids = np.concatenate([row.ids, np.asarray(row.said, dtype=np.int64)])
            planes = self._tails_().take(slot, row.length, len(self._layout))
            self.cache.add(Segment(ids, planes, row.segment, row.base))
        self._remove(slot)

    def _remove(self, slot: int) -> None:
        """Gives a row's slot to the last one, and the memory back after the last."""
        last = len(self._rows) - 1
        if slot != last:
            self._tails_().copy(last, slot, self._rows[last].length)
            self._rows[slot] = self._rows[last]
        self._rows.pop()
        if not self._rows:
            self._tails = None


def _draw(given: Given) -> Draw:
    return Draw(given.sampling, given.prompt.ids, given.prompt.answered)
