"""One inference thread per model: it takes requests in, fairly, and hands them to the engine."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Any

from akachat.backends.limits import BackendLimits
from akachat.backends.local.adapters import Adapters
from akachat.backends.local.generation import Job, Stopped
from akachat.backends.local.loading.loader import Loaded
from akachat.errors import Busy

__all__ = ["Worker"]

#: A CPU model up to this size runs on one core: threads that wait for each other at every small step cost more than
#: they bring. On two busy cores a model of 0.1M parameters made 100 tokens/s with two threads, 800 with one.
_SMALL = 30_000_000


class Worker:
    """Makes answers in a thread of its own: side by side where the model allows it, else one after another.

    Making one takes a few passes through the model, which show whether it does; so that is not for the event loop.

    Args:
        loaded: the model, which only this thread uses.
        limits: how many may wait (one more is refused), how many are written side by side, and the memory for
            prompts that were read before.
    """

    def __init__(self, loaded: Loaded, limits: BackendLimits) -> None:
        self.loaded = loaded
        self.used = monotonic()
        self._limits = limits
        self._jobs: deque[Job] = deque()
        self._current: tuple[Job, ...] = ()
        self._closing = False
        self._changed = threading.Condition()
        self._adapters = Adapters(loaded.model)
        self._engine: Any = None
        self._ready = threading.Event()
        self._failure: Exception | None = None
        self._hooks = [layer.register_forward_pre_hook(self._look) for layer in _layers(loaded.model)]
        self._thread = threading.Thread(target=self._work, name=f"akachat-{loaded.source.name}", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def busy(self) -> bool:
        """Whether an answer that somebody waits for is being made or waits."""
        # One whose caller has it all may take a moment to leave its thread; that must not decide which model goes.
        return any(not job.cancelled for job in self._current) or bool(self._jobs)

    @property
    def queue(self) -> int:
        """How many requests wait."""
        return len(self._jobs)

    @property
    def memory(self) -> int:
        """Bytes of what answers under way remember, and of what is kept for the next ones."""
        return self._engine.bytes if self._engine is not None else 0

    def facts(self) -> dict[str, Any]:
        """What the page and the API say of it."""
        return {**self.loaded.facts(), "batching": self._engine is not None, "adapters": self._adapters.names}

    def submit(self, job: Job) -> bool:
        """Puts a job at the end of the queue; False where the model is being unloaded.

        Raises:
            Busy: the queue is full.
        """
        with self._changed:
            if self._closing:
                return False
            waiting = [each for each in self._jobs if not each.cancelled]
            rows = self._limits.batch_rows if self._engine is not None else 1
            if len(waiting) + sum(not job.cancelled for job in self._current) >= self._limits.queue + rows:
                raise Busy(
                    f"{self._limits.queue} requests wait for the model {self.loaded.source.name!r} already",
                    hint="Try again a little later.",
                )
            self._jobs = deque([*waiting, job])
            self.used = monotonic()
            self._changed.notify()
        return True

    def close(self, *, cancel: bool) -> None:
        """Frees the model, after what is queued has been answered (or is cancelled). Waits, so not for the loop."""
        with self._changed:
            self._closing = True
            if cancel:
                for job in (*self._jobs, *self._current):
                    job.cancel()
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        _choose_threads(self.loaded)
        try:
            answer = self._open()
        except Exception as error:  # whoever waits for this thread must hear of it
            self._failure = error
            return
        finally:
            self._ready.set()
        if self._engine is None:
            self._one_by_one(answer)
        else:
            self._side_by_side(self._engine)
        for hook in self._hooks:
            hook.remove()

    def _open(self) -> Any:
        """Makes the engine, if the model allows one; gives what answers without it."""
        from akachat.backends.local.engine import Engine, Unsupported, answer

        try:
            self._engine = Engine(self.loaded, self._adapters, self._limits.batch_rows, self._limits.prefix_cache_bytes)
        except Unsupported as error:
            self.loaded.notes.append(f"answers are made one at a time: this model has {error}.")
        return answer

    def _one_by_one(self, answer: Any) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closing:
                    self._changed.wait()
                if not self._jobs:
                    return
                self._current = (self._jobs.popleft(),)
            answer(self._current[0], self.loaded, self._adapters)
            self._current = ()

    def _side_by_side(self, engine: Any) -> None:
        while True:
            with self._changed:
                while not self._jobs and not engine.busy and not self._closing:
                    self._changed.wait()
                if not self._jobs and not engine.busy:
                    engine.close()
                    return
                joining = self._next(engine)
                self._current = (*engine.jobs, *joining)
            for job in joining:
                engine.add(job)
            engine.step()
            self._current = tuple(engine.jobs)

    def _next(self, engine: Any) -> Sequence[Job]:
        """The waiting requests that join now: of the caller that has the fewest answers under way, then the oldest."""
        joining: list[Job] = []
        counts = engine.callers()
        while self._jobs:
            job = min(self._jobs, key=lambda each: counts[each.given.caller])  # the first of equals: the oldest
            if not engine.has_room(counts, job.given.caller):
                break
            self._jobs.remove(job)
            counts[job.given.caller] += 1
            joining.append(job)
        return joining

    def _look(self, *_: Any) -> None:
        """Before each layer: a long prompt is many seconds of one forward pass, and a stop must not wait for it."""
        jobs = self._current
        if jobs and all(job.cancelled for job in jobs):
            raise Stopped


def _choose_threads(loaded: Loaded) -> None:
    """Sets how many cores the calling thread computes with, and leaves all other threads as they are."""
    import torch

    usual = torch.get_num_threads()
    if loaded.device != "cpu" or loaded.model.num_parameters() > _SMALL or usual == 1:
        return
    torch.set_num_threads(1)
    # torch also notes the number for threads that begin later; saying it in a passing thread sets only that note.
    passing = threading.Thread(target=torch.set_num_threads, args=(usual,))
    passing.start()
    passing.join()


def _layers(model: Any) -> list[Any]:
    """The model's layers: the outermost list of as many modules as the configuration says."""
    import torch

    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList) and len(module)]
    number = getattr(model.config.get_text_config(decoder=True), "num_hidden_layers", None)
    return list(next((each for each in lists if len(each) == number), max(lists, key=len, default=())))
