"""`rag()` and `llm()`: what an instruction asks of a library or of another prompt, checked before anything runs."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from akachat.errors import InstructionError
from akachat.functions.registry import BUILTINS
from akachat.options import Options
from akachat.template.rendering import HostFunction, Outcome

__all__ = ["MAX_PASSAGES", "llm_function", "rag_function"]

#: Most passages of one `rag()` call: beyond this it is a mistake, and the text would not fit any model.
MAX_PASSAGES = 1000

_DOCUMENTATION = {info.name: info.summary for info in BUILTINS}


def llm_function(answer: Callable[[str, str, dict[str, Any]], Awaitable[Outcome]]) -> HostFunction:
    """``llm(dir, input='', **options)``: another prompt's answer; ``name`` is accepted for ``dir``.

    Args:
        answer: runs the prompt of a name with an input and changed options.
    """

    async def llm(*args: Any, **kwargs: Any) -> Outcome:
        values = _bind("llm", _llm, args, kwargs)
        options = _options(values.pop("options", {}))
        return await answer(_name("llm", values["dir"]), _text("llm", "input", values.get("input", "")), options)

    return HostFunction("llm", llm, origin="llm", parallel=True, documentation=_DOCUMENTATION["llm"])


def rag_function(search: Callable[[list[str], str, int], Awaitable[Outcome]]) -> HostFunction:
    """``rag(dir, query, k=1)``: the best passages' text; ``dir`` may be a list, ``name`` is accepted for it.

    Args:
        search: looks a query up in the libraries of some names.
    """

    async def rag(*args: Any, **kwargs: Any) -> Outcome:
        values = _bind("rag", _rag, args, kwargs)
        given = values["dir"]
        names = [_name("rag", d) for d in given] if isinstance(given, (list, tuple)) else [_name("rag", given)]
        if not names:
            raise InstructionError("rag() got an empty list of libraries", hint=_usage("rag", _rag))
        k = values.get("k", 1)
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_PASSAGES:
            raise InstructionError(f"rag() takes k from 1 to {MAX_PASSAGES}, not {k!r}", hint=_usage("rag", _rag))
        return await search(names, _text("rag", "query", values["query"]), k)

    return HostFunction("rag", rag, origin="rag", parallel=True, documentation=_DOCUMENTATION["rag"])


def _llm(dir: Any, input: Any = "", **options: Any) -> None:
    """Only its signature is used: what Python itself would accept."""


def _rag(dir: Any, query: Any, k: Any = 1) -> None:
    """Only its signature is used."""


def _usage(name: str, shape: Callable[..., None]) -> str:
    parts = (str(p.replace(annotation=p.empty)) for p in inspect.signature(shape).parameters.values())
    return f"It is {name}({', '.join(parts)})."


def _bind(name: str, shape: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name; ``name=`` stands for ``dir=``."""
    if "name" in kwargs and "dir" not in kwargs and not args:
        kwargs = {"dir": kwargs["name"], **{k: v for k, v in kwargs.items() if k != "name"}}
    try:
        return dict(inspect.signature(shape).bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise InstructionError(f"{name}(): {error}", hint=_usage(name, shape)) from None


def _name(function: str, value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    what = "an empty text" if isinstance(value, str) else f"a value of type {type(value).__name__}"
    raise InstructionError(f"{function}() takes a name as its first argument, not {what}")


def _text(function: str, argument: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    raise InstructionError(
        f"{function}() takes {argument} as text, not as a value of type {type(value).__name__}",
        hint="Make it text: ', '.join(…) or json.dumps(…).",
    )


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Changed options under our own names. A wrong name in a call is a mistake, so it is an error here."""
    known = list(Options.model_fields)
    options = {}
    for key, value in given.items():
        own = Options.ALIASES.get(key, key)
        if own not in Options.model_fields:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Options are {', '.join(known)}."
            raise InstructionError(f"llm() knows no option {key}", hint=hint)
        options[own] = value
    return options
