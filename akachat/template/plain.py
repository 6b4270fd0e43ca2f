"""Fields that only put things together, answered without the sandbox: 0.01 ms instead of 0.3.

``{input}``, ``{var.key}``, ``{'text'}``, ``{comment(…)}``, and ``test``, ``iif``, ``msgf`` of such: there is nothing to
compute, every value is a text, and so the result is the same. Anything else goes to the sandbox.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from akachat.template.expressions import Expression, called_name
from akachat.template.host import Host, Place
from akachat.template.language import LAZY
from akachat.template.looks import (
    METHODS,
    NeedsSandbox,
    Plain,
    Structure,
    Value,
    called,
    compared,
    joined,
    measured,
    slice_of,
    sliced,
    text_of,
)
from akachat.template.parallel import Calls
from akachat.template.parts import Places
from akachat.template.values import is_unicode

__all__ = ["is_look", "plain"]

#: Larger expressions go to the sandbox, whose clock bounds them.
_MOST_NODES = 20
_CONVERSIONS: dict[str, Callable[[object], str]] = {"": str, "s": str, "r": repr, "a": ascii}


def plain(expression: Expression, places: Places) -> Plain | None:
    """A field's value as a function of the host; None where it takes the sandbox to compute it."""
    found = expression.field
    if found.debug or found.spec or (found.conversion and not is_look(expression)):
        return None
    if is_look(expression) and sum(1 for _ in ast.walk(expression.tree)) > _MOST_NODES:
        return None
    value = _Reader(expression, places).read(expression.tree)
    if value is None or not (found.conversion or is_look(expression)):
        return value
    computed, convert = value, _CONVERSIONS[found.conversion]

    def text(host: Host) -> Value:
        result = computed(host)
        if not isinstance(result, Structure):
            return convert(result)
        if found.conversion:
            raise NeedsSandbox
        return result

    return text


def is_look(expression: Expression) -> bool:
    """Whether the host would have to compute something, and not only put things together."""
    if expression.field.conversion:
        return True
    simple = (ast.Constant, ast.Name, ast.Load, ast.keyword)
    for node in ast.walk(expression.tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and _is_var(node.value):
            continue
        if isinstance(node, ast.Call) and (called_name(node) in LAZY or called_name(node) == "msgf"):
            continue
        if not isinstance(node, simple):
            return True
    return False


def _is_var(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "var"


def truth(value: Value, host: Host) -> bool:
    """What Python's ``if`` makes of a value: messages are true where there are any."""
    return bool(host.structures[value] if isinstance(value, Structure) else value)


class _Reader:
    def __init__(self, expression: Expression, places: Places) -> None:
        self.expression = expression
        self.places = places

    def place(self, node: ast.AST) -> Place:
        return self.places.of(self.expression.start(node))

    def read(self, node: ast.AST) -> Plain | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            return (lambda host: text) if is_unicode(text) else None
        if isinstance(node, ast.Name) and node.id == "input":
            return lambda host: host.scope.input
        if isinstance(node, (ast.Attribute, ast.Subscript)) and _is_var(node.value):
            return self.variable(node)
        if isinstance(node, (ast.Subscript, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp)):
            return self.look(node)
        name = called_name(node)
        if isinstance(node, ast.Call) and not node.keywords and (name == "len" or isinstance(node.func, ast.Attribute)):
            return self.measure(node)
        if isinstance(node, ast.Call) and name == "msgf" and len(node.args) == 1 and not node.keywords:
            return self.messages(node)
        if isinstance(node, ast.Call) and name in LAZY:
            return self.lazy(node, name)
        return None

    def variable(self, node: ast.Attribute | ast.Subscript) -> Plain | None:
        place = self.place(node)
        if isinstance(node, ast.Attribute):
            key = self.expression.attribute(node)
        elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            key = node.slice.value
        else:
            return None
        return lambda host: host.variable(key, place)

    def look(self, node: ast.AST) -> Plain | None:
        """Slices, sums, comparisons and choices."""
        if isinstance(node, ast.Subscript):
            value, key = self.read(node.value), slice_of(node.slice)
            return None if value is None or key is None else sliced(value, key)
        if isinstance(node, ast.BinOp):
            left, right = self.read(node.left), self.read(node.right)
            is_sum = isinstance(node.op, ast.Add) and left and right
            return joined(left, right) if is_sum and left and right else None
        if isinstance(node, ast.Compare):
            left, right = self.read(node.left), self.read(node.comparators[0])
            return compared(left, node.ops[0], right) if left and right and len(node.ops) == 1 else None
        if isinstance(node, ast.UnaryOp):
            value = self.read(node.operand) if isinstance(node.op, ast.Not) else None
            return None if value is None else lambda host: not truth(value(host), host)
        if isinstance(node, ast.IfExp):
            test, then, other = self.read(node.test), self.read(node.body), self.read(node.orelse)
            if not (test and then and other):
                return None
            return lambda host: then(host) if truth(test(host), host) else other(host)
        assert isinstance(node, ast.BoolOp)
        return self.either(node)

    def either(self, node: ast.BoolOp) -> Plain | None:
        """``a or b`` and ``a and b``."""
        read = [self.read(value) for value in node.values]
        values = [value for value in read if value is not None]
        if len(values) < len(read):
            return None
        stops_at = isinstance(node.op, ast.Or)

        def either(host: Host) -> Value:
            result: Value = ""
            for value in values:
                result = value(host)
                if truth(result, host) is stops_at:
                    break
            return result

        return either

    def measure(self, node: ast.Call) -> Plain | None:
        """``len(text)``, and methods of a text such as ``text.strip()``."""
        if isinstance(node.func, ast.Attribute):
            value, name = self.read(node.func.value), node.func.attr
            if value is None or node.args or name not in METHODS:
                return None
            return called(value, name)
        value = self.read(node.args[0]) if len(node.args) == 1 else None
        return None if value is None else measured(value)

    def messages(self, node: ast.Call) -> Plain | None:
        place = self.place(node)
        given = node.args[0]
        if isinstance(given, ast.Name) and given.id == "messages":
            return lambda host: _structure(host, list(host.scope.messages), place)
        value = self.read(given)
        if value is None or called_name(given) == "msgf":
            return None
        inner = value

        def messages(host: Host) -> Value:
            text = inner(host)
            return text if isinstance(text, Structure) else _structure(host, text_of(text), place)

        return messages

    def lazy(self, node: ast.Call, name: str) -> Plain | None:
        parts = Calls.lazy_parts(node)
        if parts is None:
            return None
        if name == "comment":
            return lambda host: ""
        read = [None if part is None else self.read(part) for part in parts]
        if any(value is None and part is not None for value, part in zip(read, parts, strict=True)):
            return None
        if name == "test":
            shown = read[0]
            return lambda host: shown(host) if host.scope.is_test and shown else ""
        condition, then, otherwise = read

        def iif(host: Host) -> Value:
            assert condition
            chosen = then if truth(condition(host), host) else otherwise
            return chosen(host) if chosen else ""

        return iif


def _structure(host: Host, value: str | Sequence[object], place: Place) -> Value:
    index, text, _ = host.structure(value, "msgf", place)
    return Structure(index) if text or host.structures[index] else ""
