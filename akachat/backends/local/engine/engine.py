"""Continuous batching: requests join and leave a model's steps as they come and end.

Each adapter has a lane of its own, since it changes what the model remembers; lanes take turns. Reading prompts and
writing answers share the time evenly, so that a long prompt halves the speed of the others and no more.
"""

from __future__ import annotations

import logging
from collections import Counter
from time import monotonic
from typing import Any

import torch

from akachat.backends.local.adapters import Adapters
from akachat.backends.local.engine.attention import NAME, register
from akachat.backends.local.engine.lane import Lane
from akachat.backends.local.engine.layout import Layout, Unsupported
from akachat.backends.local.engine.prefix import PrefixCache
from akachat.backends.local.engine.probe import check
from akachat.backends.local.generation import Job, Stopped, explained
from akachat.backends.local.loading.loader import Loaded

__all__ = ["Engine"]

_log = logging.getLogger(__name__)

#: Tokens of a prompt read at a time while answers are being written, and while none are: about a second of a CPU's
#: work for a model of 100M parameters. A GPU is not busy with so few.
_PIECE, _ALONE = 256, 512
_ON_GPU = 8


class Engine:
    """Answers many requests of one model. One thread uses it.

    Args:
        loaded: the model.
        adapters: its LoRA adapters.
        rows: most answers written side by side; callers that have none get one beyond it.
        cache_bytes: memory for prompts that were read before.

    Raises:
        Unsupported: rows of this model cannot share a step.
    """

    def __init__(self, loaded: Loaded, adapters: Adapters, rows: int, cache_bytes: int) -> None:
        self._model = loaded.model
        self._front = loaded.front
        self._adapters = adapters
        self._most = rows
        self._cache_bytes = cache_bytes
        self._layout = _prepared(loaded.model)
        self._lanes: dict[str | None, Lane] = {}
        self._turn = 0
        self._owed = 0.0

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return any(lane.reads or lane.writes for lane in self._lanes.values())

    @property
    def jobs(self) -> list[Job]:
        """All requests in it."""
        return [job for lane in self._lanes.values() for job in lane.jobs]

    @property
    def bytes(self) -> int:
        """Memory of what is being read and written, and of what is kept for the next request."""
        return sum(lane.bytes + lane.cache.bytes for lane in list(self._lanes.values()))

    def callers(self) -> Counter[str]:
        """How many requests each caller has in it."""
        return Counter(job.given.caller for job in self.jobs)

    def has_room(self, callers: Counter[str], caller: str) -> bool:
        """Whether one more request may join; a caller who has none in it joins beyond the limit, up to twice."""
        total = callers.total()
        return total < self._most or (callers[caller] == 0 and total < 2 * self._most)

    def add(self, job: Job) -> None:
        """Takes a request in; one whose adapter cannot be loaded is told so."""
        adapter = job.given.adapter
        try:
            job.begin(self._front)
            self._adapters.load(adapter, [key for key, lane in self._lanes.items() if lane.jobs])
        except Exception as error:
            job.fail(explained(error))
            return
        key = adapter.folder if adapter else None
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(self._model, self._layout, PrefixCache(0))
            self._share()
        lane.add(job)

    def _share(self) -> None:
        """Divides the memory for what was read among the lanes; an adapter that has left takes its lane along."""
        there = {None, *self._adapters.folders}
        self._lanes = {key: lane for key, lane in self._lanes.items() if key in there or lane.jobs}
        for lane in self._lanes.values():
            lane.cache.limit(self._cache_bytes // len(self._lanes))

    def step(self) -> None:
        """A piece of work: part of a prompt, or a token for each answer of a lane."""
        lanes = [(adapter, lane) for adapter, lane in self._lanes.items() if lane.reads or lane.writes]
        if not lanes:
            return
        self._turn += 1
        adapter, lane = lanes[self._turn % len(lanes)]
        try:
            with torch.inference_mode():
                self._adapters.use(adapter)
                self._work(lane)
        except Stopped:
            pass  # its only request was stopped while it was read; the next step lets it go
        except Exception as error:
            self._fail(lane, error)

    def close(self) -> None:
        """Frees all memory but the model's; answers under way are the caller's to end before."""
        self._lanes.clear()

    def _work(self, lane: Lane) -> None:
        started = monotonic()
        if lane.reads and (self._owed <= 0 or not lane.writes):
            piece = _PIECE if lane.writes else _ALONE
            lane.read(piece * (_ON_GPU if self._model.device.type == "cuda" else 1))
            if lane.writes:
                self._owed += monotonic() - started
        else:
            lane.write()
            self._owed = max(0.0, self._owed - (monotonic() - started))

    def _fail(self, lane: Lane, error: Exception) -> None:
        """Ends the lane's requests with the error; where the memory was full, what was kept goes first."""
        full = type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower()
        # A step that broke off may have moved a state on; keys and values it would only write again.
        repeatable = not self._layout.recurrent and not any(self._layout.convolutions)
        if full and repeatable and any(each.cache.bytes for each in self._lanes.values()):
            for each in self._lanes.values():
                each.cache.clear()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            return  # the same step is tried once more
        told = explained(error)
        for job in lane.drop():
            job.fail(told)


def _prepared(model: Any) -> Layout:
    """Puts our attention into the model, and holds its results against the model's own."""
    if model.config.is_encoder_decoder:
        raise Unsupported("an encoder before its decoder")
    layout = Layout.of(model.config)
    text = model.config.get_text_config(decoder=True)
    before = text._attn_implementation
    register()
    try:
        check(model, layout, NAME)
    except Exception as error:
        model.set_attn_implementation(before)
        if isinstance(error, Unsupported):
            raise
        _log.info("answers of this model are made one at a time", exc_info=error)
        raise Unsupported(f"layers that were not made for it ({type(error).__name__})") from error
    return layout
