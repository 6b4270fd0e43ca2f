"""One inference thread per model, with a bounded queue of answers to make."""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from typing import Any

from akachat.backends.limits import BackendLimits
from akachat.backends.local.generation import Job
from akachat.backends.local.loader import Loaded
from akachat.errors import Busy

__all__ = ["Worker"]

#: A CPU model up to this size runs on one core: threads that wait for each other at every small step cost more than
#: they bring. On two busy cores a model of 0.1M parameters made 100 tokens/s with two threads, 800 with one.
_SMALL = 30_000_000


class Worker:
    """Makes answers one after another, in a thread of its own.

    Args:
        loaded: the model, which only this thread uses.
        limits: how many answers may wait; one more is refused.
    """

    def __init__(self, loaded: Loaded, limits: BackendLimits) -> None:
        self.loaded = loaded
        self.used = monotonic()
        self._most = limits.queue
        self._jobs: deque[Job] = deque()
        self._current: Job | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._hooks = [layer.register_forward_pre_hook(self._look) for layer in _layers(loaded.model)]
        self._thread = threading.Thread(target=self._work, name=f"akachat-{loaded.source.name}", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether an answer that somebody waits for is being made or waits."""
        # One whose caller has it all may take a moment to leave its thread; that must not decide which model goes.
        current = self._current
        return (current is not None and not current.cancelled) or bool(self._jobs)

    def submit(self, job: Job) -> bool:
        """Puts a job at the end of the queue; False where the model is being unloaded.

        Raises:
            Busy: the queue is full.
        """
        with self._changed:
            if self._closing:
                return False
            waiting = [each for each in self._jobs if not each.cancelled]
            if len(waiting) + (self._current is not None) > self._most:
                raise Busy(
                    f"{self._most} requests wait for the model {self.loaded.source.name!r} already",
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
                for job in (*self._jobs, *((self._current,) if self._current else ())):
                    job.cancel()
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        _choose_threads(self.loaded)
        while True:
            with self._changed:
                while not self._jobs and not self._closing:
                    self._changed.wait()
                if not self._jobs:
                    break
                self._current = self._jobs.popleft()
            self._current.run(self.loaded)
            self._current = None
        for hook in self._hooks:
            hook.remove()

    def _look(self, *_: Any) -> None:
        """Before each layer: a long prompt is many seconds of one forward pass, and a stop must not wait for it."""
        job = self._current
        if job is not None:
            job.check()


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
