"""Expressions that only look at a text, such as ``input[:20]`` or ``len(input)``, as functions of the host.

Most fields of real prompts are of this kind, and a trip to the sandbox costs thirty times as much as they do. What is
known here is a short list of kinds of nodes over texts; anything else, and anything that fails, goes to the sandbox.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TypeAlias

from akachat.template.host import Host

__all__ = [
    "METHODS",
    "NeedsSandbox",
    "Plain",
    "Structure",
    "Value",
    "called",
    "compared",
    "joined",
    "measured",
    "slice_of",
    "sliced",
    "text_of",
]

#: Methods of a text that take nothing and give a text of about its length.
METHODS = frozenset(("upper", "lower", "strip", "lstrip", "rstrip", "title", "capitalize", "swapcase", "casefold"))

_COMPARISONS: dict[type[ast.cmpop], Callable[[str, str], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


class Structure(int):
    """An index of messages in ``host.structures``."""


class NeedsSandbox(Exception):
    """This value is not for the host to compute."""


Value: TypeAlias = str | int | Structure
Plain: TypeAlias = Callable[[Host], Value]


def text_of(value: Value) -> str:
    """The value where it is a text.

    Raises:
        NeedsSandbox: it is of another kind, whose rules the sandbox knows.
    """
    if isinstance(value, str):
        return value
    raise NeedsSandbox


def joined(left: Plain, right: Plain) -> Plain:
    """``left + right`` of texts, within the limit of the rendered text."""

    def add(host: Host) -> Value:
        first, second = text_of(left(host)), text_of(right(host))
        if len(first) + len(second) > host.limits.text_length:
            raise NeedsSandbox
        return first + second

    return add


def compared(left: Plain, kind: ast.cmpop, right: Plain) -> Plain | None:
    """``left == right``, ``left in right`` and their opposites, of texts."""
    compare = _COMPARISONS.get(type(kind))
    if compare is None:
        return None
    return lambda host: compare(text_of(left(host)), text_of(right(host)))


def sliced(value: Plain, key: slice | int) -> Plain:
    """``text[key]``."""
    return lambda host: text_of(value(host))[key]


def measured(value: Plain) -> Plain:
    """``len(text)``."""
    return lambda host: len(text_of(value(host)))


def called(value: Plain, method: str) -> Plain:
    """``text.method()``, one of ``METHODS``."""
    function: Callable[[str], str] = getattr(str, method)
    return lambda host: function(text_of(value(host)))


def slice_of(node: ast.expr) -> slice | int | None:
    """The constant in the brackets of ``text[1]``, ``text[:20]`` or ``text[::-1]``; None where it is not constant."""
    if not isinstance(node, ast.Slice):
        return _whole(node)
    bounds: list[int | None] = []
    for part in (node.lower, node.upper, node.step):
        bound = None if part is None else _whole(part)
        if part is not None and bound is None:
            return None
        bounds.append(bound)
    return None if bounds[2] == 0 else slice(*bounds)


def _whole(node: ast.expr) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _whole(node.operand)
        return None if inner is None else -inner
    is_whole = isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < 2**31
    return node.value if is_whole and isinstance(node, ast.Constant) else None  # type: ignore[return-value]
