"""What an instruction may call, described; and the decorator that makes a Python function one of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

__all__ = ["BUILTINS", "Declaration", "FunctionInfo", "declaration", "function"]

_F = TypeVar("_F", bound=Callable[..., Any])

#: A declaration lives on the function itself, so that two playgrounds in one process share nothing.
_MARK = "__akachat_function__"


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """One function as the page, the completion and the hints show it.

    Attributes:
        signature: as an author reads it, e.g. ``weather(city: str, days: int = 1) -> str``.
        documentation: its docstring; the first line is the summary.
        origin: ``builtin``, the file (``functions/weather.py``) or the installed package.
        parallel: whether its calls may run side by side.
        error: why it cannot be called, with file and line; empty where it can.
        parameters: the JSON schema of its arguments, for models that call it as a tool.
    """

    name: str
    signature: str
    documentation: str
    origin: str
    parallel: bool = False
    error: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The documentation's first line."""
        return self.documentation.partition("\n")[0]

    def to_dict(self) -> dict[str, Any]:
        """The description as a JSON object."""
        return {
            "name": self.name,
            "signature": self.signature,
            "documentation": self.documentation,
            "origin": self.origin,
            "parallel": self.parallel,
            "error": self.error,
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class Declaration:
    """What ``@function`` was told: the name in instructions, and whether calls may overlap."""

    name: str
    parallel: bool


@overload
def function(fn: _F, /) -> _F: ...
@overload
def function(*, name: str | None = None, parallel: bool = False) -> Callable[[_F], _F]: ...
def function(fn: _F | None = None, /, *, name: str | None = None, parallel: bool = False) -> _F | Callable[[_F], _F]:
    """Makes a Python function callable from instructions, under its own name or ``name``.

    Put it into a file of the workspace's ``functions`` folder::

        import akachat


        @akachat.function
        def weather(city: str, days: int = 1) -> str:
            "The forecast for a city."
            return f"{city}: sunny for {days} days"

    Types are checked when it is called, the docstring is shown on the page. An ``async def`` is awaited, any other
    runs in a worker thread. Calls keep the order of the text unless ``parallel`` is true.

    Raises:
        TypeError: what is decorated is not a function.
    """

    def declare(fn: _F) -> _F:
        if not inspect.isroutine(fn):
            raise TypeError(f"@akachat.function stands before a def, not before {type(fn).__name__} {fn!r}")
        setattr(fn, _MARK, Declaration(name or fn.__name__, parallel))
        return fn

    return declare if fn is None else declare(fn)


def declaration(value: object) -> Declaration | None:
    """What ``@function`` said about a value, or None where it was not decorated."""
    found = getattr(value, _MARK, None) if inspect.isroutine(value) else None
    return found if isinstance(found, Declaration) else None


def _builtin(signature: str, documentation: str, *, parallel: bool = False) -> FunctionInfo:
    name = signature.partition("(")[0].partition(".")[0]
    return FunctionInfo(name, signature, documentation, "builtin", parallel)


#: The functions of the instruction language itself.
BUILTINS: tuple[FunctionInfo, ...] = (
    _builtin("comment(text)", "Shows nothing: a note for whoever reads the instruction. It is not even evaluated."),
    _builtin("test(text)", "Shows the text only while the setting is_test is on and the caller is not the Web API."),
    _builtin("iif(condition, then, otherwise='')", "Either of two values; only the one that is shown is evaluated."),
    _builtin(
        "msgf(value)",
        "Makes messages of text (lines such as `user: …` and `ai: …`) or of a list of {'role', 'content'}.",
    ),
    _builtin("msg(limit=0)", "The newest `limit` messages of log/messages.jsonl, oldest first; 0 for all."),
    _builtin("var.key", "The text of var/key.txt, read when it is needed; also var['any key']."),
    _builtin("rag(dir, query, k=1)", "The best k passages about the query from rag/dir (or a list).", parallel=True),
    _builtin("llm(dir, input='', **options)", "The answer of another prompt, run right here.", parallel=True),
)
