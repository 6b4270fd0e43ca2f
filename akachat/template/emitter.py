"""One expression as source for the sandbox: lazy functions made lazy, host calls awaited, the rest as it was written.

The author's text is kept and only pieces of it are replaced, so every place in the sandbox's program leads back to
a place in the instruction. What is replaced:

- ``iif(c, t, f)`` becomes ``((t) if (c) else (f))``, ``test(s)`` and ``comment(s)`` likewise: only what is shown runs;
- ``var.key`` and ``var['key']`` become a call that the host answers at once;
- ``llm(…)`` becomes ``(await _k_a_llm(…))``, or ``_k_s_llm(…)`` inside a lambda, where no await can stand, and where
  nothing runs beside it;
- calls that do not depend on each other are gathered (see ``gathering``);
- a generator becomes ``iter([…])``, since an await inside would make it an asynchronous one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from akachat.errors import InstructionError
from akachat.template.expressions import Comprehension, called_name, named, targets
from akachat.template.fragments import Edit, Fragment, Fragments
from akachat.template.gathering import Gathering
from akachat.template.language import HIDDEN, LAZY, NAMES
from akachat.template.parallel import Context
from akachat.template.parts import Places
from akachat.template.rendering import HostFunction
from akachat.template.standins import METHODS

__all__ = ["Emitter"]


class Emitter(Gathering):
    """Writes the expressions of one field."""

    def field(self) -> Fragments:
        """The whole expression, in the author's layout, ready to stand in brackets."""
        found = self.expression.field
        start, end = found.expression_start, found.expression_start + len(found.expression)
        out = self.splice(start, end, self.unit_edits(self.expression.tree, Context()))
        if "#" in found.expression:
            out.append(Fragment("\n", end))  # a comment at the end would swallow what follows
        return out

    def edits(self, node: ast.AST, context: Context) -> Iterator[Edit]:
        """What is replaced in a node."""
        if id(node) in context.replaced:
            # In brackets, since those of a generator as the only argument are the call's.
            yield self.start(node), self.end(node), [Fragment(f"({context.replaced[id(node)]})", self.start(node))]
        elif isinstance(node, ast.Call):
            yield from self._call(node, context)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield from self._name(node, context)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and self.calls.is_var(node.value, context):
            yield from self._variable(node, context)
        elif isinstance(node, ast.Attribute) and (standin := self.calls.standin(node, context)):
            yield self._standin(node, standin, context)
        elif isinstance(node, ast.keyword) and node.arg == "key" and self.calls.is_bound_method(node.value, context):
            yield self._bound_method(node.value, context)
        elif isinstance(node, ast.Attribute) and self.calls.is_unbound_method(node, context):
            # The interpreter has methods of values only: as a function, ``str.upper`` is written out.
            text = f"(lambda {HIDDEN}p, *{HIDDEN}q, **{HIDDEN}r: {HIDDEN}p.{node.attr}(*{HIDDEN}q, **{HIDDEN}r))"
            yield self.start(node), self.end(node), [Fragment(text, self.start(node))]
        elif isinstance(node, ast.Lambda):
            yield from self._function(node, context)
        elif isinstance(node, Comprehension):
            yield from self._comprehension(node, context)
        elif isinstance(node, (ast.BoolOp, ast.IfExp)):
            for part in ast.iter_child_nodes(node):
                yield from self.unit_edits(part, context)
        else:
            for child in ast.iter_child_nodes(node):
                yield from self.edits(child, context)

    def _standin(self, node: ast.Attribute, name: str, context: Context) -> Edit:
        """What the interpreter lacks is written out in the prelude."""
        start, end = self.start(node), self.end(node)
        self.helpers.mentioned |= {name, name.partition(".")[0]}  # a clock's class has the host tell the time
        if name not in METHODS:
            return start, end, [Fragment(HIDDEN + name.replace(".", "_"), start)]
        owner = self.source(node.value, context)
        return start, end, [Fragment(f"{HIDDEN}m_{name}(", start), *owner, Fragment(")", start)]

    def _bound_method(self, node: ast.expr, context: Context) -> Edit:
        """A method that is given to ``map``, ``filter`` or as a ``key``: the interpreter can only call one."""
        assert isinstance(node, ast.Attribute)
        start, end = self.start(node), self.end(node)
        call = f"lambda *{HIDDEN}p, **{HIDDEN}q: {HIDDEN}x.{node.attr}(*{HIDDEN}p, **{HIDDEN}q)"
        owner = self.source(node.value, context)
        return start, end, [Fragment(f"(lambda {HIDDEN}x: {call})(", start), *owner, Fragment(")", start)]

    def _name(self, node: ast.Name, context: Context) -> Iterator[Edit]:
        name, helpers = node.id, self.helpers
        if name in context.bound:
            return
        start, end = self.start(node), self.end(node)
        if name in helpers.functions:
            helpers.features |= {"sync"}
            self.is_serial = True
            call = f"{HIDDEN}s_{name}(*{HIDDEN}p, **{HIDDEN}q)"
            if helpers.functions[name].origin == "msg":
                helpers.features.add("messages")
                call = f"{HIDDEN}w({call})"
            text = f"(lambda *{HIDDEN}p, **{HIDDEN}q: {call})"
            yield start, end, [Fragment(text, start)]
        elif name in helpers.walrus or name in NAMES:
            helpers.mentioned.add(name)
            if name in LAZY or name == "msgf":
                helpers.features |= {"lazy"} | ({"messages"} if name == "msgf" else set())
                yield start, end, [Fragment(f"{HIDDEN}v_{name}", start)]
        else:
            # The host is asked for it, and tells the author; so nothing of the interpreter's own is reached by name.
            yield start, end, [Fragment(f"{HIDDEN}no_{name}", start)]

    def _variable(self, node: ast.Attribute | ast.Subscript, context: Context) -> Iterator[Edit]:
        start, end = self.start(node), self.end(node)
        self.helpers.mentioned.add("var.")
        if not context.can_await:
            self.helpers.features.add("sync")
        if isinstance(node, ast.Attribute):
            key = [Fragment(repr(self.expression.attribute(node)), start)]
        else:
            key = self.source(node.slice, context)
        yield start, end, [Fragment(f"{HIDDEN}var(", start), *key, Fragment(")", start)]

    def _function(self, node: ast.Lambda, context: Context) -> Iterator[Edit]:
        arguments = node.args
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                yield from self.edits(default, context)
        names = {a.arg for a in ast.walk(arguments) if isinstance(a, ast.arg)}
        names |= {n.target.id for n in ast.walk(node.body) if isinstance(n, ast.NamedExpr)}
        inner = Context(context.bound | names, False, context.replaced)
        yield from self.edits(node.body, inner)

    def _comprehension(self, node: Comprehension, context: Context) -> Iterator[Edit]:
        names = targets(node.generators)
        self.helpers.shadowed |= names
        inner = context._replace(bound=context.bound | names)
        calls = self.calls
        edits = list(self.unit_edits(node.generators[0].iter, context))
        for index, generator in enumerate(node.generators):
            for part in [*([generator.iter] if index else []), *generator.ifs]:
                edits += self.edits(part, inner)
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        start, end = self.start(node), self.end(node)
        is_concurrent = context.can_await and any(calls.makes_any(v, inner) for v in values)
        if is_concurrent and all(calls.is_parallel(v, inner) for v in values):
            yield start, end, self.gathered_comprehension(node, values, edits, inner)
            return
        for value in values:
            edits += self.unit_edits(value, inner) if len(values) == 1 else self.edits(value, inner)
        if isinstance(node, ast.GeneratorExp):
            # As the only argument of a call, a generator's brackets are the call's.
            self.helpers.features.add("iter")
            body = self.splice(start + 1, end - 1, edits)
            yield start, end, [Fragment(f"({HIDDEN}iter([", start), *body, Fragment("\n]))", start)]
        else:
            yield from edits

    def _call(self, node: ast.Call, context: Context) -> Iterator[Edit]:
        name = called_name(node)
        start, end = self.start(node), self.end(node)
        if name and name not in context.bound:
            if name in LAZY and name not in self.helpers.walrus:
                parts = self.calls.lazy_parts(node)
                if parts is not None:
                    yield start, end, self._lazy(name, node, parts, context)
                    return
                if not any(isinstance(a, ast.Starred) for a in node.args) and all(k.arg for k in node.keywords):
                    line, column = Places(self.instruction).of(start)
                    raise InstructionError(
                        f"{name}() takes other arguments", hint=f"It is {LAZY[name]}.", line=line, column=column
                    )
            if name == "msgf" and name not in self.helpers.walrus:
                self.helpers.features.add("messages")
                arguments = self.arguments(node, context)
                yield start, end, [Fragment(f"{HIDDEN}w({HIDDEN}msgf", start), *arguments, Fragment(")", start)]
                return
            function = self.helpers.functions.get(name)
            if function is not None:
                yield start, end, self._host_call(node, function, context)
                return
        for child in ast.iter_child_nodes(node):
            is_first = child in node.args[:1] and name in ("map", "filter")
            if is_first and isinstance(child, ast.expr) and self.calls.is_bound_method(child, context):
                yield self._bound_method(child, context)
            else:
                yield from self.edits(child, context)

    def arguments(self, node: ast.Call, context: Context) -> Fragments:
        """What stands behind the called name, brackets included."""
        edits = [e for child in [*node.args, *node.keywords] for e in self.edits(child, context)]
        return self.splice(self.end(node.func), self.end(node), edits)

    def _host_call(self, node: ast.Call, function: HostFunction, context: Context) -> Fragments:
        start = self.start(node)
        if context.can_await:
            calls = [c for child in [*node.args, *node.keywords] for c in self.calls.independent(child, context)]
            if len(calls) > 1 and not set(named(node)):
                return self.gathered(node, calls, context)
        self.is_serial = self.is_serial or not function.parallel or not context.can_await
        is_awaited = context.can_await and not self.is_alone
        opening = f"(await {HIDDEN}a_" if is_awaited else f"({HIDDEN}s_"
        self.awaits = self.awaits or is_awaited
        if not context.can_await:
            self.helpers.features.add("sync")
        arguments = self.arguments(node, context)
        if function.origin == "msg":
            self.helpers.features.add("messages")
            return [Fragment(f"{HIDDEN}w{opening}{function.name}", start), *arguments, Fragment(")", start)]
        return [Fragment(f"{opening}{function.name}", start), *arguments, Fragment(")", start)]

    def _lazy(self, name: str, node: ast.Call, parts: list[ast.expr | None], context: Context) -> Fragments:
        start = self.start(node)
        if name == "comment":
            return [Fragment('("")', start)]
        if name == "test":
            assert parts[0]
            self.helpers.mentioned.add("test")
            return [
                Fragment("(", start),
                *self.source(parts[0], context),
                Fragment(f' if {HIDDEN}test else "")', start),
            ]
        condition, then, otherwise = parts
        assert condition
        assert then
        last = self.source(otherwise, context) if otherwise is not None else [Fragment('""', start)]
        return [
            Fragment("(", start),
            *self.source(then, context),
            Fragment(" if ", start),
            *self.source(condition, context),
            Fragment(" else ", start),
            *last,
            Fragment(")", start),
        ]
