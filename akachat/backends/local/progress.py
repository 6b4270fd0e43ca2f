"""How far the loading of a model has come: told from wherever it is loaded, asked by any number of watchers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from akachat.backends.base import Progress
from akachat.errors import Cancelled

__all__ = ["Reporter", "follow_transformers", "report", "reporting"]

_hooking = threading.Lock()
_hooked = False
_current: ContextVar[Reporter | None] = ContextVar("akachat_loading", default=None)


class Reporter:
    """The newest progress of one load, and its way to be given up.

    Args:
        name: the model's.
        stage: what it begins with.
        changed: is told of every change, from whatever thread it happens in.
    """

    def __init__(self, name: str, stage: str, changed: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.now = Progress(stage)
        self._changed = changed
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the load is to be given up."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ends the load at the next thing that it tells."""
        self._cancelled.set()

    def check(self) -> None:
        """Does nothing, unless the load is to be given up.

        Raises:
            Cancelled: it is.
        """
        if self.cancelled:
            raise Cancelled(f"the loading of {self.name!r} was stopped", hint="It begins again when it is asked for.")

    def tell(self, progress: Progress) -> None:
        """Notes how far it is.

        Raises:
            Cancelled: the load is to be given up.
        """
        self.check()
        if progress != self.now:
            self.now = progress
            self._changed()


@contextmanager
def reporting(reporter: Reporter) -> Iterator[None]:
    """While the block lasts, whatever this thread loads is told to the reporter."""
    token = _current.set(reporter)
    try:
        yield
    finally:
        _current.reset(token)


def report(stage: str, done: int = 0, total: int = 0, unit: str = "") -> None:
    """Tells how far the load of this thread is; nothing happens where nobody watches.

    Raises:
        Cancelled: the load is to be given up.
    """
    reporter = _current.get()
    if reporter is not None:
        reporter.tell(Progress(stage, done, total, unit))


def follow_transformers() -> None:
    """Makes transformers tell how many tensors it has read, instead of drawing a bar.

    Its hook is one for the whole process; a thread whose load nobody reports keeps what was there before.
    """
    global _hooked
    from transformers.utils import logging

    before: Any = None

    def hook(factory: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        reporter = _current.get()
        if reporter is not None:
            return _Bar(reporter, *args, **kwargs)
        return before(factory, args, kwargs) if before is not None else factory(*args, **kwargs)

    with _hooking:
        if not _hooked:
            before = logging.set_tqdm_hook(hook)
            _hooked = True


class _Bar:
    """What of tqdm's interface transformers uses."""

    def __init__(self, reporter: Reporter, iterable: Any = (), *args: Any, **kwargs: Any) -> None:
        self._reporter = reporter
        self._stage = reporter.now.stage
        self._items = iterable
        self._total = kwargs.get("total") or (len(iterable) if hasattr(iterable, "__len__") else 0)
        self._done = 0

    def __iter__(self) -> Iterator[Any]:
        self.update(0)
        for item in self._items:
            yield item
            self.update(1)

    def update(self, count: int = 1) -> None:
        """So many more have been read."""
        self._done += count
        self._reporter.tell(Progress(self._stage, self._done, self._total, "tensors"))

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None  # what else a bar can do concerns only how it looks
