"""Calls that do not depend on each other side by side: all of an expression's under one ``gather``.

The author's text is kept and only stretches of it are replaced, so every place in the sandbox's program leads back to
a place in the instruction. What each node becomes is the emitter's business; here it is put together.
"""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator

from akachat.template.expressions import Comprehension, Expression, named
from akachat.template.fragments import Edit, Fragment, Fragments, Helpers
from akachat.template.language import HIDDEN
from akachat.template.parallel import Calls, Context

__all__ = ["Gathering"]


class Gathering(ABC):
    """Source for one field's expressions, put together from replaced stretches and gathered calls.

    Args:
        is_alone: whether nothing runs beside its calls, so that the host may answer each in place.
    """

    def __init__(self, expression: Expression, instruction: str, helpers: Helpers, is_alone: bool = False) -> None:
        self.expression = expression
        self.instruction = instruction
        self.helpers = helpers
        self.is_alone = is_alone
        self.calls = Calls(helpers.functions, helpers.walrus)
        self.start = expression.start
        self.end = expression.end
        #: Whether an ``await`` was written, and whether a call that keeps the order of the text was.
        self.awaits = False
        self.is_serial = False

    @abstractmethod
    def edits(self, node: ast.AST, context: Context) -> Iterator[Edit]:
        """What is replaced in a node."""

    def debug_edits(self) -> list[Edit]:
        """Nested ``{expr=}`` shows the author's text, not what is written here instead of it."""
        edits = []
        for debug in self.expression.field.debugs:
            edits.append((debug.brace, debug.brace, [Fragment(f"{{{debug.text!r}}}", debug.brace)]))
            conversion = "!r" if debug.is_repr else ""
            edits.append((debug.expression_end, debug.end, [Fragment(conversion, debug.brace)]))
        return edits

    def splice(self, start: int, end: int, edits: list[Edit]) -> Fragments:
        """The author's text from start to end with some stretches replaced."""
        out: Fragments = []
        at = start
        for begin, stop, fragments in sorted([*edits, *self.debug_edits()], key=lambda e: e[:2]):
            if begin < at or stop > end:
                continue  # belongs to another stretch, or lies inside one that was replaced as a whole
            if begin > at:
                out.append(Fragment(self.instruction[at:begin], at, True))
            out += fragments
            at = stop
        if at < end:
            out.append(Fragment(self.instruction[at:end], at, True))
        return out

    def source(self, node: ast.AST, context: Context) -> Fragments:
        """A node in brackets."""
        start, end = self.start(node), self.end(node)
        inner = self.splice(start, end, self.unit_edits(node, context))
        close = "\n)" if any(f.is_raw and "#" in f.text for f in inner) else ")"
        return [Fragment("(", start), *inner, Fragment(close, start)]

    def unit_edits(self, node: ast.AST, context: Context) -> list[Edit]:
        """The edits of a node; its independent calls, when there are several, are gathered first."""
        if context.can_await and id(node) not in context.replaced:
            calls = list(self.calls.independent(node, context))
            if len(calls) > 1 and not set(named(node)):
                return [(self.start(node), self.end(node), self.gathered(node, calls, context))]
        return list(self.edits(node, context))

    def gathered(self, node: ast.AST, calls: list[ast.expr], context: Context) -> Fragments:
        """``(await helper())``, where the helper starts all calls and then computes the node from their results."""
        self.awaits = True
        helpers, at = self.helpers, self.start(node)
        helpers.features.add("gather")
        results = {id(call): helpers.new_name() for call in calls}
        body = [Fragment(f" {', '.join(results.values())} = await {HIDDEN}gather(", at)]
        for call in calls:
            name = helpers.new_name()
            body.append(Fragment(f"{name}({', '.join(self.parameters(call, context))}), ", self.start(call)))
            self.define(name, call, context)
        body.append(Fragment(")\n return ", at))
        inner = context._replace(replaced={**context.replaced, **results})
        text = self.splice(at, self.end(node), list(self.edits(node, inner)))
        body += [Fragment("(", at), *text, Fragment("\n)", at)]
        name = helpers.new_name()
        parameters = self.parameters(node, context)
        helpers.define(name, parameters, set(), body)
        return [Fragment(f"(await {name}({', '.join(parameters)}))", at)]

    def define(self, name: str, node: ast.AST, context: Context) -> None:
        """A coroutine function that computes one node."""
        body = [Fragment(" return ", self.start(node)), *self.source(node, context)]
        self.helpers.define(name, self.parameters(node, context), set(named(node)), body)

    def parameters(self, node: ast.AST, context: Context) -> list[str]:
        """The names around a node that it reads, and so has to be given."""
        read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        results = {context.replaced[id(n)] for n in ast.walk(node) if id(n) in context.replaced}
        return sorted(read & context.bound) + sorted(results)

    def gathered_comprehension(
        self,
        node: Comprehension,
        values: list[ast.expr],
        edits: list[Edit],
        context: Context,
    ) -> Fragments:
        """A comprehension whose elements are computed side by side."""
        self.awaits = True
        helpers, start = self.helpers, self.start(node)
        helpers.features.add("gather")
        name = helpers.new_name()
        parameters = sorted({p for v in values for p in self.parameters(v, context)})
        body = [Fragment(" return (", start)]
        for value in values:
            body += [*self.source(value, context), Fragment(", " if len(values) > 1 else "", start)]
        helpers.define(name, parameters, set(), [*body, Fragment(")", start)])
        rest = self.splice(self.end(values[-1]), self.end(node) - 1, edits)
        tail = self._after_brackets(rest)
        head = Fragment(f"await {HIDDEN}gather(*[{name}({', '.join(parameters)})", start)
        opening, closing = {
            ast.ListComp: ("[*(", ")]"),
            ast.SetComp: ("{*(", ")}"),
            ast.GeneratorExp: ("([*(", ")])"),
            ast.DictComp: ("{_k_p[0]: _k_p[1] for _k_p in (", ")}"),
        }[type(node)]
        return [Fragment(opening, start), head, *tail, Fragment("\n])" + closing, start)]

    @staticmethod
    def _after_brackets(rest: Fragments) -> Fragments:
        """Without what closes the element's own brackets: ``[(f(x)) for …`` gives ``for …``."""
        while rest and rest[0].is_raw:
            text = rest[0].text
            kept = re.sub(r"\A(?:[\s)\\]|#[^\n]*\n)+", "", text)
            if kept:
                skipped = len(text) - len(kept)
                return [Fragment(" ", rest[0].origin), Fragment(kept, rest[0].origin + skipped, True), *rest[1:]]
            rest = rest[1:]
        return rest
