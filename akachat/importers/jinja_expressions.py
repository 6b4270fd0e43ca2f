"""An expression of Jinja as one of ours, where both mean the same: names, texts, comparisons, and some filters."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable

from akachat.importers.pieces import quoted
from akachat.importers.scope import Scope

__all__ = ["jinja_expression"]

_LONGEST = 1_000
_COMPARISONS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in"}
#: Filters without arguments that are methods of a text.
_METHODS = {"trim": "strip", "upper": "upper", "lower": "lower", "capitalize": "capitalize"}
_SAME = frozenset({"safe", "string", "e", "escape"})
_DEFINED = re.compile(r"\bis\s+(not\s+)?(defined|undefined|none|null)\b")
_CONSTANTS = frozenset({"true", "false", "none", "null", "True", "False", "None", "loop", "range", "self", "super"})


class _NoEqual(Exception):
    """There is none in our language."""


def jinja_expression(text: str, scope: Scope, *, tested: bool = False) -> str | None:
    """The expression of ours; None where there is no equal.

    Args:
        tested: it stands in a condition, where a name without a value means something.
    """
    if not text or len(text) > _LONGEST or any(sign in text for sign in "\n;#@`") or "lambda" in text:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(_python(text), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    try:
        return _Reader(scope, tested).read(tree)
    except (_NoEqual, RecursionError):
        return None


def _python(text: str) -> str:
    """Tests that Python has no word for, by truth: a name without a value is an empty text here."""

    def by_truth(found: re.Match[str]) -> str:
        is_positive = (found[2] == "defined") is not bool(found[1])
        return "!= ''" if is_positive else "== ''"

    text = _DEFINED.sub(by_truth, text.strip())
    return re.sub(r"(?<![=!<>])===(?!=)", "==", text)


class _Reader:
    def __init__(self, scope: Scope, tested: bool) -> None:
        self.scope = scope
        self.tested = tested

    def read(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=str(text)):
                return quoted(text)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self.scope.source(self.name(node), tested=self.tested)
            case ast.BoolOp():
                word = " and " if isinstance(node.op, ast.And) else " or "
                return f"({word.join(map(self.read, node.values))})"
            case ast.UnaryOp(op=ast.Not()):
                return f"(not {self.read(node.operand)})"
            case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _COMPARISONS:
                self.tested = self.tested or isinstance(right, ast.Constant)
                return f"({self.read(node.left)} {_COMPARISONS[type(operator)]} {self.read(right)})"
            case ast.IfExp():
                was, self.tested = self.tested, True
                test = self.read(node.test)
                self.tested = was
                return f"iif({test}, {self.read(node.body)}, {self.read(node.orelse)})"
            case ast.BinOp(op=ast.BitOr()):
                return self.filtered(node.left, node.right)
            case ast.BinOp(op=ast.Add()):
                return f"({self.read(node.left)} + {self.read(node.right)})"
        raise _NoEqual

    def name(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name) if name not in _CONSTANTS:
                return name
            case ast.Attribute(value=inner, attr=name) if not name.startswith("_"):
                return f"{self.name(inner)}.{name}"
            case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
                return f"{self.name(inner)}.{key}"
        raise _NoEqual

    def filtered(self, value: ast.expr, by: ast.expr) -> str:
        if isinstance(by, ast.Name):
            if by.id in _SAME:
                return self.read(value)
            if by.id in _METHODS:
                return f"{self.read(value)}.{_METHODS[by.id]}()"
            if by.id == "length":
                return f"len({self.read(value)})"
        elif isinstance(by, ast.Call) and isinstance(by.func, ast.Name) and not by.keywords:
            arguments: list[object] = [each.value for each in by.args if isinstance(each, ast.Constant)]
            if len(arguments) == len(by.args) and by.func.id in _CALLS:
                return _CALLS[by.func.id](self, value, arguments)
        raise _NoEqual

    def replaced(self, value: ast.expr, arguments: list[object]) -> str:
        match arguments:
            case [str(old), str(new)] if old:
                return f"{self.read(value)}.replace({quoted(old)}, {quoted(new)})"
        raise _NoEqual

    def defaulted(self, value: ast.expr, arguments: list[object]) -> str:
        """A name without a value is an empty text here, so that both forms of ``default`` are one."""
        match arguments:
            case [str(text)] | [str(text), True]:
                self.tested = True
                return f"({self.read(value)} or {quoted(text)})"
        raise _NoEqual


_CALLS: dict[str, Callable[[_Reader, ast.expr, list[object]], str]] = {
    "replace": _Reader.replaced,
    "default": _Reader.defaulted,
    "d": _Reader.defaulted,
}
