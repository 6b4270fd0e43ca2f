"""A field's expression as a checked syntax tree, whose every node knows its place in the instruction."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from akachat.errors import InstructionError, LimitExceeded
from akachat.template.language import HIDDEN
from akachat.template.parts import Field, Part, Places

__all__ = ["Comprehension", "Expression", "called_name", "expressions", "named", "read", "targets"]

Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_REFUSED = (ast.Await, ast.Yield, ast.YieldFrom)
_MAYBE_COMMA = re.compile(r"\. Perhaps you forgot a comma\??")


@dataclass(frozen=True, slots=True)
class Expression:
    """A field's expression.

    Attributes:
        field: where it stands.
        tree: its syntax tree, read from ``field.readable``.
    """

    field: Field
    tree: ast.expr
    lines: tuple[tuple[int, str], ...]

    def start(self, node: ast.AST) -> int:
        """The offset in the instruction at which a node begins."""
        return self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """The offset in the instruction at which a node ends."""
        return self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def attribute(self, node: ast.Attribute) -> str:
        """An attribute as the author wrote it: Python would make half-width katakana in a name full-width ones."""
        found = self.field
        start = self.start(node) - found.expression_start
        written = re.search(r"(\w+)\Z", found.expression[start : self.end(node) - found.expression_start])
        return written[1] if written else node.attr

    def _offset(self, line: int, column: int) -> int:
        start, text = self.lines[line - 1]
        if line == 1:
            column -= 1  # the bracket that `read` puts before
        if not text.isascii():
            column = len(text.encode()[:column].decode(errors="replace"))
        return self.field.expression_start + start + column


def read(field: Field, places: Places) -> Expression:
    """Reads a field's expression.

    Raises:
        InstructionError: it is not an expression, or one that an instruction cannot have.
    """
    text = field.readable

    def error(message: str, offset: int, hint: str = "") -> InstructionError:
        line, column = places.of(min(max(offset, field.start), field.end))
        return InstructionError(message, hint=hint, line=line, column=column)

    too_deep = _too_deep(places, field.start)
    # A bracket around it, as CPython does: then line ends are only space.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = ast.parse(f"({text}\n)", mode="eval")
            if not any(isinstance(n, _REFUSED) for n in ast.walk(parsed)):
                compile(parsed, "", "eval", dont_inherit=True)  # what only the compiler sees, e.g. a name given twice
    except SyntaxError as wrong:
        raise _syntax_error(wrong, field, places) from None
    except (RecursionError, MemoryError):
        raise too_deep from None
    except ValueError as wrong:
        raise error(f"The expression cannot be read: {wrong}", field.start) from None
    tree = parsed.body
    lines: list[tuple[int, str]] = []
    at = 0
    for written in text.split("\n"):  # as Python's tokenizer, only line feeds count: the scanner let no other pass
        lines.append((at, written))
        at += len(written) + 1
    found = Expression(field, tree, tuple(lines))
    if isinstance(tree, ast.GeneratorExp) and tree.col_offset == 0 and tree.lineno == 1:
        raise error("A generator needs brackets of its own here", field.expression_start, "Write {[x for x in …]}.")
    _check(found, lambda message, node, hint: error(message, found.start(node), hint))
    return found


def _too_deep(places: Places, offset: int) -> LimitExceeded:
    """The error for an expression that is too deep to be read."""
    line, column = places.of(offset)
    return LimitExceeded(
        "The expression is nested too deeply", hint="Split it into several fields.", line=line, column=column
    )


def _syntax_error(wrong: SyntaxError, field: Field, places: Places) -> InstructionError:
    message = _MAYBE_COMMA.sub("", wrong.msg)  # said because of the bracket that `read` put around
    offset = field.expression_start + max(0, (wrong.offset or 1) - 1 - ((wrong.lineno or 1) == 1))
    if wrong.lineno and wrong.lineno > 1:
        before = field.readable.split("\n")[: wrong.lineno - 1]
        offset += sum(len(line) + 1 for line in before)
    hint = ""
    if field.readable.lstrip().startswith("lambda") and field.spec is not None:
        offset = field.expression_start + len(field.readable) - len(field.readable.lstrip())
        message, hint = "A lambda needs brackets in a field", "Write {(lambda x: …)(value)}: a colon begins a format."
    line, column = places.of(min(max(offset, field.expression_start), max(field.end - 1, 0)))
    return InstructionError(f"The expression cannot be read: {message}", hint=hint, line=line, column=column)


def _check(found: Expression, error_at: Callable[[str, ast.AST, str], InstructionError]) -> None:
    for node in ast.walk(found.tree):
        if isinstance(node, _REFUSED):
            word = "await" if isinstance(node, ast.Await) else "yield"
            hint = "Calls that do not depend on each other run side by side as they are." if word == "await" else ""
            raise error_at(f"{word} cannot stand in an instruction", node, hint)
        if isinstance(node, Comprehension) and any(g.is_async for g in node.generators):
            raise error_at("async cannot stand in an instruction", node, "")
        name = (
            node.id
            if isinstance(node, ast.Name)
            else node.arg
            if isinstance(node, (ast.arg, ast.keyword)) and node.arg
            else node.attr
            if isinstance(node, ast.Attribute)
            else ""
        )
        if name.startswith(HIDDEN):
            raise error_at(f"Names that begin with {HIDDEN} are reserved", node, "")


def expressions(parts: tuple[Part, ...], places: Places) -> Iterator[Expression]:
    """All expressions of some parts, those of format specs included, in the order of the text."""
    for part in parts:
        if isinstance(part, Field):
            yield read(part, places)
            if part.spec:
                yield from expressions(part.spec, places)


def called_name(node: ast.AST) -> str:
    """The name of what is called, where it is called by name."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def named(node: ast.AST) -> Iterator[str]:
    """The names that ``:=`` binds outside of any lambda: they are visible to later fields."""
    if isinstance(node, ast.NamedExpr):
        yield node.target.id
    if isinstance(node, ast.Lambda):
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                yield from named(default)
        return
    if called_name(node) == "comment":
        return
    for child in ast.iter_child_nodes(node):
        yield from named(child)


def targets(generators: list[ast.comprehension]) -> frozenset[str]:
    """The names that the ``for`` parts of a comprehension bind."""
    return frozenset(n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name))
