"""The requests of one model (and one adapter) that are answered together: prompts being read, rows being written.

Identical prompts are read once and their memory copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from akachat.backends.base import FinishReason
from akachat.backends.local.engine.choose import Draw, choose
from akachat.backends.local.engine.layout import Layout
from akachat.backends.local.engine.prefix import PrefixCache
from akachat.backends.local.engine.reading import Pending, Plan, Reading
from akachat.backends.local.engine.steps import Decode, Prefill
from akachat.backends.local.engine.tensors import Ids, Segment, Tails
from akachat.backends.local.generation import Given, Job

__all__ = ["Lane"]

#: Rows times tokens up to which a common beginning is copied into the rows: below it, one matrix product over all is
#: cheaper than two.
_COPIED = 512
#: Answers of more rows than this that came together are no conversations: their memory is not kept for a next turn.
_TOGETHER = 4
#: Tokens of an answer for which room is made at once.
_AHEAD = 256


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
        self._reading = Reading(model, layout, cache)
        self._rows: list[_Row] = []
        self._tails: Tails | None = None

    @property
    def jobs(self) -> list[Job]:
        """All requests in it."""
        return [*self._reading.jobs, *(row.job for row in self._rows)]

    @property
    def reads(self) -> bool:
        """Whether a prompt waits to be read."""
        return bool(self._reading.jobs)

    @property
    def writes(self) -> bool:
        """Whether an answer is being written."""
        return bool(self._rows)

    @property
    def bytes(self) -> int:
        """Memory of rows and of segments being read."""
        return self._reading.bytes + (self._tails.bytes if self._tails else 0)

    def add(self, job: Job) -> None:
        """Takes a request in."""
        self._reading.add(job)

    def drop(self) -> list[Job]:
        """Forgets all requests, for example because the memory is full; what was read before stays."""
        jobs = self.jobs
        self._reading.drop()
        self._rows, self._tails = [], None
        return jobs

    # reading prompts

    def read(self, piece: int) -> None:
        """Reads a piece of a prompt, of about so many tokens, or several short prompts at once."""
        found = self._reading.read(piece)
        if found is not None:
            self._start(*found)

    def _start(self, together: Sequence[Pending], plan: Plan) -> None:
        """Reads the rests of prompts into rows of their own; each row's first token comes with that."""
        segment, known = plan.segment, plan.known
        if segment is not None:
            segment.flatten()
        copied = len(together) * known < _COPIED
        at = known if copied else 0
        different: dict[bytes, list[Pending]] = {}
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
        scores = step.read(self._model, rests)
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
            self._rows.append(row)
        self._reading.started(together)
        for at in reversed(range(len(tokens))):
            self._take(slot + at, tokens[at])

    def _tails_(self) -> Tails:
        assert self._tails is not None, "rows have room"
        return self._tails

    def _room(self, together: Sequence[Pending], shift: int) -> int:
        """Makes room for further rows; the first one's slot."""
        slot = len(self._rows)
        tokens = max(len(e.ids) + shift + min(e.job.given.sampling.max_new_tokens, _AHEAD) for e in together)
        if self._tails is None:
            self._tails = Tails(len(together), tokens)
        else:
            self._tails.reserve(slot + len(together), tokens)
        return slot

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
            self.cache.add(Segment(ids, planes, self._tails_().states(slot), row.segment, row.base))
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
