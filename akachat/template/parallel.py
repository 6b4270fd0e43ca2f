"""Which calls an expression makes, and which of them may run side by side."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from akachat.template.expressions import Comprehension, called_name
from akachat.template.language import LAZY, NAMES, TYPE_METHODS, is_method
from akachat.template.rendering import HostFunction
from akachat.template.standins import FUNCTIONS, METHODS

__all__ = ["Calls", "Context"]


class Context(NamedTuple):
    """What is true where a node stands.

    Attributes:
        bound: names of the lambdas and comprehensions around it.
        can_await: whether ``await`` can stand there.
        replaced: nodes whose value already is in a variable.
    """

    bound: frozenset[str] = frozenset()
    can_await: bool = True
    replaced: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Calls:
    """Knows a program's host functions and the names that its author bound."""

    functions: Mapping[str, HostFunction]
    walrus: frozenset[str]

    def independent(self, node: ast.AST, context: Context) -> Iterator[ast.expr]:
        """The outermost parallel calls that a node surely makes, or comprehensions of them; none waits for another."""
        if id(node) in context.replaced:
            return
        if isinstance(node, Comprehension) and self.makes_any(node, context) and self.is_parallel(node, context):
            yield node
            return
        if isinstance(node, ast.Call) and self.host(node, context):
            if self.is_parallel(node, context):
                yield node
            else:
                for child in [*node.args, *node.keywords]:
                    yield from self.independent(child, context)
            return
        for child in self.certain(node, context):
            yield from self.independent(child, context)

    def certain(self, node: ast.AST, context: Context) -> Iterator[ast.AST]:
        """The parts of a node that are evaluated whatever happens, where its names are."""
        lazy = called_name(node)
        if isinstance(node, ast.Call) and lazy in LAZY and self.is_language(lazy, context):
            parts = self.lazy_parts(node)
            if parts is not None:
                if lazy == "iif" and parts[0] is not None:
                    yield parts[0]
                return
        if isinstance(node, ast.Lambda):
            return
        if isinstance(node, ast.BoolOp):
            yield node.values[0]
        elif isinstance(node, ast.IfExp):
            yield node.test
        elif isinstance(node, Comprehension):
            yield node.generators[0].iter
        elif isinstance(node, ast.Compare):
            yield from (node.left, node.comparators[0])
        else:
            yield from ast.iter_child_nodes(node)

    def is_parallel(self, call: ast.expr, context: Context) -> bool:
        """Whether a call and all calls inside it may run beside others."""
        for node in ast.walk(call):
            if id(node) in context.replaced:
                continue
            function = self.host(node, context)
            if function and not function.parallel:
                return False
            if isinstance(node, ast.NamedExpr):
                return False
        return True

    def host(self, node: ast.AST, context: Context) -> HostFunction | None:
        """The host's function that a node calls, if it does."""
        name = called_name(node)
        return self.functions.get(name) if name and name not in context.bound else None

    def is_language(self, name: str, context: Context) -> bool:
        """Whether a name means what the language says, and not a name that the author bound."""
        return name not in context.bound and name not in self.walrus

    def is_var(self, node: ast.AST, context: Context) -> bool:
        """Whether a node is the name ``var``."""
        return isinstance(node, ast.Name) and node.id == "var" and self.is_language("var", context)

    def is_unbound_method(self, node: ast.Attribute, context: Context) -> bool:
        """Whether a node is a method of a built-in type itself, as in ``sorted(words, key=str.lower)``."""
        kind = node.value
        return isinstance(kind, ast.Name) and self.is_language(kind.id, context) and is_method(kind.id, node.attr)

    def is_bound_method(self, node: ast.expr, context: Context) -> bool:
        """Whether a node is a method of a value, as in ``map(', '.join, lists)``."""
        return (
            isinstance(node, ast.Attribute)
            and node.attr in TYPE_METHODS
            and id(node) not in context.replaced
            and not self.is_library(node.value, context)
            and not self.standin(node, context)
        )

    def is_library(self, node: ast.AST, context: Context) -> bool:
        """Whether a node is a type or a module, or ``var``, and not a value."""
        names = NAMES - {"input", "messages"}
        return isinstance(node, ast.Name) and node.id in names and self.is_language(node.id, context)

    def standin(self, node: ast.Attribute, context: Context) -> str:
        """The name of what stands in for an attribute; empty where the interpreter has it."""
        if self.is_library(node.value, context):
            name = f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""
            return name if name in FUNCTIONS else ""
        return node.attr if node.attr in METHODS else ""

    def makes_any(self, node: ast.AST, context: Context) -> bool:
        """Whether a node makes a host call that can be awaited."""
        return any(self.host(n, context) for n in ast.walk(node))

    @staticmethod
    def lazy_parts(node: ast.Call) -> list[ast.expr | None] | None:
        """The arguments of comment, test or iif in order; None where only Python's own call can sort them out."""
        names = {"comment": ["s"], "test": ["s"], "iif": ["expr", "t", "f"]}[called_name(node)]
        if any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(names):
            return None
        parts: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg not in names or keyword.arg in parts:
                return None
            parts[keyword.arg] = keyword.value
        if len(parts) < len(names) - (names[-1] == "f" and "f" not in parts):
            return None
        return [parts.get(name) for name in names]
