"""A decorated function as a host function: arguments checked, result made plain, errors with file and line."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import ArgsKwargs

from akachat.errors import AkachatError, InstructionError
from akachat.functions.registry import Declaration, FunctionInfo
from akachat.template.rendering import HostFunction

__all__ = ["bind", "describe", "plain"]

_MAX_DEPTH = 100
_MAX_MESSAGE = 500
_ARGUMENT = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.+)$")


def describe(fn: Callable[..., Any], declared: Declaration, origin: str, *, error: str = "") -> FunctionInfo:
    """The description of a function, from its name, its annotations and its docstring."""
    documentation = inspect.getdoc(fn) or ""
    return FunctionInfo(
        declared.name,
        declared.name + _signature(fn),
        documentation,
        origin,
        declared.parallel,
        error,
        {} if error else _parameters(fn, documentation),
    )


def bind(fn: Callable[..., Any], info: FunctionInfo, limiter: CapacityLimiter) -> HostFunction:
    """The function as instructions call it.

    An ``async`` one is awaited. Any other runs in a worker thread; when the run is stopped it is not waited for,
    because a thread cannot be killed. ``limiter`` bounds such threads.
    """
    arguments = TypeAdapter(_arguments_of(fn))
    signature = inspect.signature(fn)

    async def call(*args: Any, **kwargs: Any) -> Any:
        checked_args, checked_kwargs = _check(info, signature, arguments, args, kwargs)
        try:
            if inspect.iscoroutinefunction(fn):
                value = await fn(*checked_args, **checked_kwargs)
            else:
                work = functools.partial(fn, *checked_args, **checked_kwargs)
                value = await to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
                if inspect.isawaitable(value):
                    value = await value
        except AkachatError:
            raise
        # An exit() in a function must not end the server.
        except (Exception, SystemExit) as error:
            raise _failure(info, fn, error) from error
        try:
            return plain(value)
        except ValueError as error:
            raise InstructionError(
                f"{info.name}() returned {error}{_place(info, fn, None)}",
                hint="A function returns text, numbers, True, False, None, lists and dictionaries of these.",
            ) from None

    return HostFunction(info.name, call, origin="function", parallel=info.parallel, documentation=info.summary)


def plain(value: Any) -> Any:
    """A copy of a value in the types that every side understands: JSON's.

    Tuples become lists, dataclasses and pydantic models dictionaries, subclasses of text and numbers the plain type.

    Raises:
        ValueError: the value, or one inside it, is of another kind; the message begins with what it is.
    """
    return _plain(value, 0)


def _plain(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ValueError("a value that is nested too deeply or contains itself")
    if value is None or isinstance(value, bool):
        return value
    # By the base class's own method: a subclass may have another idea of str() or float().
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(mode="json"), depth + 1)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), depth + 1) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"a dictionary with a key of type {type(key).__name__}")
        return {str.__str__(k): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, depth + 1) for v in value]
    raise ValueError(f"a value of type {type(value).__name__}")


def _arguments_of(fn: Callable[..., Any]) -> Any:
    # pydantic checks and calls in one step; this stand-in is called instead, so that a ValidationError raised
    # inside the function itself is never taken for one about its arguments.
    @functools.wraps(fn)
    def arguments(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, kwargs

    return arguments


def _check(
    info: FunctionInfo, signature: inspect.Signature, arguments: TypeAdapter[Any], args: Any, kwargs: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise InstructionError(f"{info.name}(): {error}", hint=f"It is {info.signature}.") from None
    try:
        checked: tuple[tuple[Any, ...], dict[str, Any]] = arguments.validate_python(ArgsKwargs(args, kwargs))
        return checked
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = first["loc"][0] if first["loc"] else 0
        names = list(signature.parameters)
        name = names[min(place, len(names) - 1)] if isinstance(place, int) else place
        given = repr(first["input"])
        raise InstructionError(
            f"{info.name}() got {given[:80]}{'…' if len(given) > 80 else ''} for {name}: {first['msg']}",
            hint=f"It is {info.signature}.",
        ) from None


def _failure(info: FunctionInfo, fn: Callable[..., Any], error: BaseException) -> InstructionError:
    text = str(error).strip()
    if len(text) > _MAX_MESSAGE:
        text = text[:_MAX_MESSAGE] + "…"
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return InstructionError(
        f"{info.name}() failed: {said}{_place(info, fn, error)}",
        hint="Correct the function, or what is passed to it.",
    )


def _place(info: FunctionInfo, fn: Callable[..., Any], error: BaseException | None) -> str:
    """`` (functions/weather.py:12)``: the deepest line that belongs to the function's own file."""
    code = getattr(inspect.unwrap(fn), "__code__", None)
    if code is None:
        return f" ({info.origin})"
    line = code.co_firstlineno
    for frame, number in walk_tb(error.__traceback__ if error else None):
        if frame.f_code.co_filename == code.co_filename:
            line = number
    name = info.origin if info.origin.endswith(".py") else f"{info.origin}, {Path(code.co_filename).name}"
    return f" ({name}:{line})"


def _signature(fn: Callable[..., Any]) -> str:
    try:
        return str(inspect.signature(fn, eval_str=True))
    # An annotation that cannot be evaluated is reported when the function is bound; its text is still readable.
    except Exception:
        return str(inspect.signature(fn))


def _parameters(fn: Callable[..., Any], documentation: str) -> dict[str, Any]:
    try:
        schema = TypeAdapter(_arguments_of(fn)).json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        # Variadic positions and types without a JSON form: callable from instructions, not described to a model.
        return {"type": "object", "properties": {}}
    described = _argument_texts(documentation)
    for name, part in schema.get("properties", {}).items():
        part.pop("title", None)
        if name in described:
            part.setdefault("description", described[name])
    return schema


def _argument_texts(documentation: str) -> dict[str, str]:
    """The descriptions below ``Args:`` of a docstring."""
    texts: dict[str, str] = {}
    section, _, rest = documentation.partition("Args:")
    if not rest or (section and not section.endswith("\n")):
        return texts
    name = ""
    for line in rest.splitlines()[1:]:
        if line.strip() and not line.startswith(" "):
            break
        found = _ARGUMENT.match(line)
        if found:
            name = found[1]
            texts[name] = found[2].strip()
        elif name and line.strip():
            texts[name] += " " + line.strip()
    return texts
