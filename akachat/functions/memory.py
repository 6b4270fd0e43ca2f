"""What an instruction remembers: the stored messages behind `msg()` and the variables behind `var`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from anyio import to_thread

from akachat.errors import InstructionError, NotFound
from akachat.functions.registry import BUILTINS
from akachat.messages import Message
from akachat.names import not_found
from akachat.template.rendering import HostFunction, Variables

__all__ = ["LayeredVariables", "msg_function"]

_DOCUMENTATION = next(info.summary for info in BUILTINS if info.name == "msg")


def msg_function(messages: Callable[[int], Sequence[Message]]) -> HostFunction:
    """``msg(limit=0)``: the newest ``limit`` stored messages, all for 0.

    Args:
        messages: reads the newest messages; it is called in a thread, since it reads a file.
    """

    async def msg(limit: Any = 0) -> list[dict[str, Any]]:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise InstructionError(f"msg() takes a number from 0, not {limit!r}", hint="msg(4) is the newest four.")
        return [m.to_dict() for m in await to_thread.run_sync(messages, limit)]

    return HostFunction("msg", msg, origin="msg", documentation=_DOCUMENTATION)


class LayeredVariables(Variables):
    """A run's own variables before the workspace's."""

    def __init__(self, overrides: Mapping[str, str], base: Variables) -> None:
        self._overrides = dict(overrides)
        self._base = base

    def get(self, key: str) -> str:
        """The run's own value, else the workspace's.

        Raises:
            NotFound: neither has the key; the hint names the nearest of both.
        """
        if key in self._overrides:
            return self._overrides[key]
        try:
            return self._base.get(key)
        except NotFound:
            raise not_found("variable", key, self) from None

    def __iter__(self) -> Iterator[str]:
        """The keys of both, each once."""
        yield from self._overrides
        yield from (key for key in self._base if key not in self._overrides)
