"""Prompts that wait to be read, and in which order and together with which others they are.

What several prompts begin with is read once, into a segment that their rows share. Of what is to be read, that which
has had the least gets the next piece, so that a long prompt holds up no short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from akachat.backends.local.engine.layout import Layout
from akachat.backends.local.engine.prefix import PrefixCache
from akachat.backends.local.engine.steps import Prefill
from akachat.backends.local.engine.tensors import Ids, Segment, Tails, common
from akachat.backends.local.generation import Job

__all__ = ["Pending", "Plan", "Reading"]

#: A shared beginning shorter than this is not worth a pass of its own.
_WORTH = 16
#: The rest of a prompt up to this length is read into its row; a longer one becomes a segment, so that one long prompt
#: does not make the slots of all rows long.
_SHORT = 512
#: Padded tokens of one pass over prompts.
_PASS = 2048


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
class Pending:
    """A prompt that is not read yet; ``waits`` is what it waits for."""

    job: Job
    ids: Ids
    waits: _Build | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for a prompt: first build a segment of ``build`` tokens (0: none), else start its row.

    Attributes:
        segment, known: the memory that it continues after, and how many of its tokens count.
    """

    segment: Segment | None
    known: int
    build: int = 0
    shared: bool = False


class Reading:
    """Decides what is read next, and reads what several prompts share.

    Args:
        model: of transformers.
        layout: how it remembers.
        cache: where beginnings are kept.
    """

    def __init__(self, model: Any, layout: Layout, cache: PrefixCache) -> None:
        self._model = model
        self._layout = layout
        self._cache = cache
        self._whole = bool(layout.recurrent)
        self._pending: list[Pending] = []
        self._builds: list[_Build] = []
        self._fresh: list[Segment] = []

    @property
    def jobs(self) -> list[Job]:
        """The requests whose prompts wait."""
        return [each.job for each in self._pending]

    @property
    def bytes(self) -> int:
        """Memory of segments being read."""
        return sum(build.tails.bytes for build in self._builds)

    def add(self, job: Job) -> None:
        """Takes a request in."""
        self._pending.append(Pending(job, np.asarray(job.given.prompt.ids, dtype=np.int64)))

    def drop(self) -> None:
        """Forgets all requests; what was read before stays."""
        self._pending, self._builds, self._fresh = [], [], []

    def read(self, piece: int) -> tuple[list[Pending], Plan] | None:
        """Reads a piece of what is shared, of about so many tokens, or says which prompts are to become rows at once.

        Those stay in here until ``started`` is told of them.
        """
        self._leave()
        free = [each for each in self._pending if each.waits is None]
        if free:
            first = free[0]
            plan = self._plan(first, free)
            if plan is not None and not plan.build:
                return self._together(first, free, plan), plan
            if plan is not None:
                first.waits = self._begin(first.ids[: plan.build], plan)
                for other in free[1:]:
                    if common(other.ids[:-1], first.waits.ids) == plan.build:
                        other.waits = first.waits
        if self._builds:
            self._continue(min(self._builds, key=lambda build: build.spent), piece)
        return None

    def started(self, together: Sequence[Pending]) -> None:
        """Lets go of prompts that have become rows."""
        for each in together:
            self._pending.remove(each)
        if not self._pending:
            self._fresh.clear()

    def _together(self, first: Pending, free: Sequence[Pending], plan: Plan) -> list[Pending]:
        """A prompt and others that continue after the same, within one pass."""
        together = [first]
        longest = len(first.ids) - plan.known
        for other in free:
            rest = len(other.ids) - plan.known
            unequal = self._whole and rest != longest  # a state would take in what fills up the shorter one
            if other is first or rest < 1 or unequal or (len(together) + 1) * max(longest, rest) > _PASS:
                continue
            if self._plan(other, free) == plan:
                together.append(other)
                longest = max(longest, rest)
        return together

    def _leave(self) -> None:
        """Lets go who is not waited for any more, and what nobody waits for."""
        for each in [each for each in self._pending if each.job.cancelled]:
            self._pending.remove(each)
            each.job.finish("cancelled")
        wanted = {id(each.waits) for each in self._pending}
        self._builds = [build for build in self._builds if id(build) in wanted]

    def _find(self, ids: Ids) -> tuple[Segment | None, int]:
        """The longest memory of a beginning; too short a one is none."""
        found, size = self._cache.find(ids, whole=self._whole)
        for segment in self._fresh:
            alike = common(segment.ids, ids)
            if alike > size and (not self._whole or alike == len(segment.ids)):
                found, size = segment, alike
        return (found, size) if size >= _WORTH else (None, 0)

    def _plan(self, pending: Pending, free: Sequence[Pending]) -> Plan | None:
        """What to do for a prompt; None where it waits for a segment that is being read."""
        wanted = pending.ids[:-1]
        segment, known = self._find(wanted)
        for build in self._builds:
            if common(build.ids, wanted) >= known + _WORTH:
                pending.waits = build
                return None
        alike = [common(each.ids[:-1], wanted) for each in free if each is not pending]
        if self._whole:  # what begins alike was read, but not kept at this place: the next one shall find it
            alike.append(self._cache.find(wanted)[1])
        alike.sort(reverse=True)
        gains = [(count * (size - known), size) for count, size in enumerate(alike, 1)]
        gain, shared = max(gains, default=(0, 0))
        if gain > 0 and shared >= known + _WORTH:
            return Plan(segment, known, shared, shared=True)
        if len(wanted) - known > _SHORT:
            return Plan(segment, known, len(wanted))
        return Plan(segment, known)

    def _begin(self, ids: Ids, plan: Plan) -> _Build:
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
        step.read(self._model, [ids])
        build.done += len(ids)
        build.spent += len(ids)
        if build.done < len(build.ids):
            return
        planes = build.tails.take(0, len(build.ids), len(self._layout), whole=True)
        segment = Segment(build.ids, planes, build.tails.states(0))
        segment.shared = build.shared
        self._builds.remove(build)
        self._cache.add(segment)
        self._fresh.append(segment)
        for each in self._pending:
            if each.waits is build:
                each.waits = None
