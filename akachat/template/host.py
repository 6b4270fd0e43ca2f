"""What a rendering reaches outside the sandbox: variables, messages and functions, each call recorded and bounded."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from pydantic_monty import MontyClassProxy

from akachat.errors import AkachatError, Cancelled, FileError, InstructionError, NotFound
from akachat.messages import Message, format_messages, parse_messages
from akachat.template.language import HIDDEN
from akachat.template.limits import RenderLimits
from akachat.template.rendering import HostFunction, Outcome, Scope
from akachat.template.trace import Trace
from akachat.template.values import entering, is_unicode, leaving

__all__ = ["Host", "Place"]

Place: TypeAlias = tuple[int, int]
_T = TypeVar("_T")


class Host:
    """What a rendering reaches outside: variables, messages and functions, each call recorded and bounded."""

    def __init__(self, scope: Scope, limits: RenderLimits, trace: Trace) -> None:
        self.scope = scope
        self.limits = limits
        self.trace = trace
        self.structures: list[tuple[Message, ...]] = []
        self.called_msg = False
        self._count = 0

    def count(self, place: Place) -> None:
        """Counts a call.

        Raises:
            LimitExceeded: it is one too many.
        """
        self._count += 1
        if self._count > self.limits.host_calls:
            raise self.limits.exceeded("host_calls", *place)

    def variable(self, key: object, place: Place) -> str:
        """The value of ``var.key``."""
        self.count(place)
        started = self.trace.now()
        try:
            if not isinstance(key, str):
                raise InstructionError(f"A variable's key is text, not {type(key).__name__}", hint="Write var['key'].")
            if self.scope.variables is None:
                raise NotFound(f"There is no variable {key!r}")
            value = self.scope.variables.get(key)
            if not is_unicode(value):
                raise InstructionError(f"The variable {key!r} holds text that is not valid Unicode")
        except AkachatError as error:
            self.trace.add("var", (key,), {}, place, started, error=error.message)
            raise placed(error, place) from None
        self.trace.add("var", (key,), {}, place, started, value)
        return value

    def structure(self, value: Any, name: str, place: Place) -> list[Any]:
        """Messages as the sandbox holds them: an index that nobody else can make, their text, their objects."""
        if not isinstance(value, (str, list, tuple, dict)):
            raise InstructionError(
                f"{name}() takes text or a list of messages, not {type(value).__name__}",
                line=place[0],
                column=place[1],
            )
        try:
            messages = parse_messages(value)
        except AkachatError as error:
            raise placed(error, place) from None
        self.structures.append(messages)
        dicts = [entering(m.to_dict(), f"A message of {name}()") for m in messages]
        return [len(self.structures) - 1, format_messages(messages), dicts]

    def structure_at(self, index: object) -> tuple[Message, ...]:
        """The messages of an index that the sandbox gave.

        Raises:
            InstructionError: the author changed a value of ours.
        """
        if not isinstance(index, int) or not 0 <= index < len(self.structures):
            raise InstructionError("These messages were not made by msgf() or msg()")
        return self.structures[index]

    def messages_of(self, proxy: MontyClassProxy) -> Sequence[Message] | None:
        """The messages behind a value of ours in the sandbox."""
        if proxy.name != f"{HIDDEN}M":
            return None
        return self.structure_at(proxy.attributes.get("index"))

    def msgf(self, args: Sequence[Any], kwargs: dict[str, Any], place: Place) -> list[Any]:
        """The answer to ``msgf(value)``."""
        self.count(place)
        given = [*args, *kwargs.values()]
        if len(given) != 1 or kwargs.keys() - {"v", "value"}:
            raise InstructionError(
                f"msgf() takes one value, not {len(given)}", hint="It is msgf(value).", line=place[0], column=place[1]
            )
        value = placing(place, lambda: leaving(given[0], "The value of msgf()", self.messages_of))
        return self.structure(value, "msgf", place)

    async def call(self, function: HostFunction, args: Sequence[Any], kwargs: dict[str, Any], place: Place) -> Any:
        """Calls a host function; its error gets the place of the call."""
        name = function.name
        started = self.trace.now()
        args, kwargs = tuple(args), dict(kwargs)
        try:
            what = f"An argument of {name}()"
            args = tuple(leaving(a, what, self.messages_of) for a in args)
            kwargs = {k: leaving(v, what, self.messages_of) for k, v in kwargs.items()}
            answer = await _asked(function, args, kwargs)
            value = answer.value if isinstance(answer, Outcome) else answer
            if function.origin == "msg":
                self.called_msg = self.called_msg or name == "msg"
                if isinstance(value, Sequence) and not isinstance(value, str):
                    value = list(value)
                result: Any = self.structure(value, name, place)
            else:
                result = entering(value, f"The result of {name}()")
        except AkachatError as error:
            self.trace.add(name, args, kwargs, place, started, error=error.message)
            raise placed(error, place) from None
        self.trace.add(name, args, kwargs, place, started, answer)
        return result


async def _asked(function: HostFunction, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The answer of a host function; what it raises otherwise than for a user is made fit for one."""
    name = function.name
    try:
        return await function.call(*args, **kwargs)
    except AkachatError:
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Cancelled(f"{name}() was stopped") from None
    except Exception as error:
        if isinstance(error, TypeError):
            try:
                inspect.signature(function.call).bind(*args, **kwargs)
            except TypeError as mismatch:
                raise InstructionError(f"{name}(): {mismatch}", hint=function.documentation) from None
            except ValueError:
                pass
        raise InstructionError(f"{name}() failed: {error} ({type(error).__name__})") from error


def placed(error: AkachatError, place: Place) -> AkachatError:
    """The error with the place of the call; a file's own line stays."""
    if not (isinstance(error, FileError) and error.line is not None):
        error.line, error.column = place
    return error


def placing(place: Place, do: Callable[[], _T]) -> _T:
    """The result of ``do``; its error gets a place."""
    try:
        return do()
    except AkachatError as error:
        raise placed(error, place) from None
