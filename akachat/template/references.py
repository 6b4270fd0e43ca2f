"""What an instruction mentions, without evaluating it: variables, functions, prompts, and names nobody knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass

from akachat.errors import InstructionError
from akachat.template.expressions import called_name, expressions, named
from akachat.template.language import BUILTINS, NAMES, unknown_name
from akachat.template.parts import Places
from akachat.template.scanner import scan

__all__ = ["References", "find_unknown", "first_reads", "references"]


@dataclass(frozen=True, slots=True)
class References:
    """What an instruction mentions.

    Attributes:
        variables: keys of ``var`` that are written out.
        functions: functions that are called or passed on, those of the language too.
        prompts: names of prompts in ``llm('…')``.
        libraries: names of libraries in ``rag('…')``.
        reads_input: whether it reads ``input``.
    """

    variables: tuple[str, ...]
    functions: tuple[str, ...]
    prompts: tuple[str, ...]
    libraries: tuple[str, ...]
    reads_input: bool


def references(instruction: str) -> References:
    """What an instruction mentions, for the page and for checks.

    Raises:
        InstructionError: it cannot be read.
    """
    variables: dict[str, None] = {}
    functions: dict[str, None] = {}
    targets: dict[str, dict[str, None]] = {"llm": {}, "rag": {}}
    reads_input = False
    for found in expressions(scan(instruction), Places(instruction)):
        for node in ast.walk(found.tree):
            name = called_name(node)
            if name and (name not in BUILTINS):
                functions[name] = None
            if name in targets and isinstance(node, ast.Call):
                named_by = [k.value for k in node.keywords if k.arg in ("dir", "name")]
                first = next(iter([*node.args[:1], *named_by]), None)
                given = first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first]
                for value in given:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        targets[name][value.value] = None
            if isinstance(node, ast.Name) and node.id == "input":
                reads_input = True
            if isinstance(node, (ast.Attribute, ast.Subscript)) and getattr(node.value, "id", "") == "var":
                key = node.attr if isinstance(node, ast.Attribute) else getattr(node.slice, "value", None)
                if isinstance(key, str):
                    variables[key] = None
    return References(tuple(variables), tuple(functions), tuple(targets["llm"]), tuple(targets["rag"]), reads_input)


def find_unknown(instruction: str, functions: Set[str]) -> InstructionError | None:
    """The first name that nothing gives a meaning to, as an error with a suggestion."""
    places = Places(instruction)
    found = list(expressions(scan(instruction), places))
    bound = {name for e in found for name in named(e.tree)}
    known = NAMES | set(functions) | bound
    for expression in found:
        for node, local in _names(expression.tree, frozenset()):
            if node.id not in known and node.id not in local:
                line, column = places.of(expression.start(node))
                return unknown_name(node.id, known, line, column)
    return None


def _names(node: ast.AST, local: frozenset[str]) -> Iterator[tuple[ast.Name, frozenset[str]]]:
    """The names that are read, each with the names that lambdas and comprehensions around it bind."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node, local
    if isinstance(node, ast.Lambda):
        local = local | {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        local |= {n.target.id for n in ast.walk(node.body) if isinstance(n, ast.NamedExpr)}
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        local = local | {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
    if called_name(node) == "comment":
        return
    for child in ast.iter_child_nodes(node):
        yield from _names(child, local)


def first_reads(instruction: str) -> dict[str, tuple[int, int]]:
    """The names that an instruction reads and never binds, each with line and column of the first place.

    Raises:
        InstructionError: it cannot be read.
    """
    places = Places(instruction)
    found = list(expressions(scan(instruction), places))
    bound = {name for expression in found for name in named(expression.tree)}
    first: dict[str, tuple[int, int]] = {}
    for expression in found:
        for node, local in _names(expression.tree, frozenset()):
            if node.id not in bound and node.id not in local:
                first.setdefault(node.id, places.of(expression.start(node)))
    return first
