"""An instruction as one program for the sandbox, whose independent calls run side by side.

Every field becomes an expression that gives its text; where a host call is awaited, a coroutine, and all of them run
under one ``gather``. A field waits for an earlier one only where it has to: it reads a name that the other binds by
``:=``, or both call functions that keep the order of the text.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from akachat.errors import InstructionError, LimitExceeded
from akachat.template.emitter import Emitter
from akachat.template.expressions import Expression, called_name, expressions, named
from akachat.template.fragments import Fragment, Helpers
from akachat.template.language import HIDDEN, LAZY, STANDARD_FUNCTIONS
from akachat.template.looks import Plain
from akachat.template.parts import Field, Literal, Part, Places
from akachat.template.plain import is_look, plain
from akachat.template.prelude import ending, prelude
from akachat.template.rendering import HostFunction
from akachat.template.scanner import scan

__all__ = ["Program", "Slot", "compile_instruction"]

#: Instructions of more fields are compiled once only: for them the sandbox's own time is what counts.
_MOST_SPLIT = 500
#: Fields that the host computes itself; more of them go to the sandbox, whose clock bounds them.
_MOST_LOOKS = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a field's text goes: its origin, its place, and the author's text before it (of ``{expr=}``)."""

    origin: str
    line: int
    column: int
    debug: str


class Program:
    """A compiled instruction; it belongs to no run and can be used by many at once.

    Attributes:
        layout: literals and slots in the order of the text; a slot stands for the sandbox's next result.
        source: what the sandbox runs; empty where there are no fields.
        mentioned: names that the run has to bring.
        reads_input: whether ``input`` is read.
        plain: for each field its value as a function of the host; None for those that need the sandbox.
        lean: the program of those alone, where there are both kinds.
    """

    def __init__(
        self,
        instruction: str,
        layout: tuple[Literal | Slot, ...],
        fragments: list[Fragment],
        mentioned: frozenset[str],
        reads_input: bool,
        plain: tuple[Plain | None, ...] = (),
    ) -> None:
        self.instruction = instruction
        self.layout = layout
        self.mentioned = mentioned
        self.reads_input = reads_input
        self.plain = plain
        self.lean: Program | None = None
        self.source = "".join(f.text for f in fragments)
        self._places = Places(instruction)
        self._lines = Places(self.source)
        self._starts: list[int] = []
        self._fragments = fragments
        at = 0
        for fragment in fragments:
            self._starts.append(at)
            at += len(fragment.text)
        self._bytes = None if self.source.isascii() else self.source.encode()

    def place_of_byte(self, offset: int) -> tuple[int, int] | None:
        """The instruction's line and column for a byte offset in the program."""
        if self._bytes is not None:
            offset = len(self._bytes[:offset].decode(errors="replace"))
        return self._place(offset)

    def place_of(self, line: int, column: int) -> tuple[int, int] | None:
        """The instruction's line and column for a line and column of the program; None inside what is all ours."""
        return self._place(self._lines.offset(line, column))

    def _place(self, offset: int) -> tuple[int, int] | None:
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or self._fragments[index].origin < 0:
            return None
        fragment = self._fragments[index]
        delta = offset - self._starts[index] if fragment.is_raw else 0
        return self._places.of(fragment.origin + delta)


def compile_instruction(instruction: str, functions: Mapping[str, HostFunction]) -> Program:
    """Compiles an instruction for the functions that it may call.

    Raises:
        InstructionError: it cannot be read, or binds a name that means something else here.
    """
    parts = scan(instruction)
    places = Places(instruction)
    fields = [part for part in parts if isinstance(part, Field)]
    if not fields:
        return Program(instruction, tuple(p for p in parts if isinstance(p, Literal)), [], frozenset(), False)
    try:
        program = _Compiler(instruction, parts, places, functions).program()
        rest = tuple(f for f, value in zip(fields, program.plain, strict=True) if value is None)
        if rest and len(rest) < len(fields) <= _MOST_SPLIT:
            program.lean = _Compiler(instruction, rest, places, functions).program()
        return program
    except RecursionError:
        raise LimitExceeded(
            "The instruction is nested too deeply", hint="Split it into several fields.", line=1, column=1
        ) from None


class _Compiler:
    def __init__(
        self, instruction: str, parts: tuple[Part, ...], places: Places, functions: Mapping[str, HostFunction]
    ) -> None:
        self.instruction = instruction
        self.parts = parts
        self.places = places
        self.fields = [part for part in parts if isinstance(part, Field)]
        self.trees: dict[int, Expression] = {}
        for expression in expressions(parts, places):
            self.trees[expression.field.start] = expression
        names = [set(self.bound(f)) for f in self.fields]
        self.binds = names
        self.helpers = Helpers(functions, frozenset().union(*names))
        for found in self.trees.values():
            _refuse_rebinding(found, functions, places)

    def bound(self, part: Field) -> Iterator[str]:
        for tree in self.of(part):
            yield from named(tree.tree)

    def of(self, part: Field) -> Iterator[Expression]:
        """A field's expression and those of its format spec."""
        yield self.trees[part.start]
        for inner in part.spec or ():
            if isinstance(inner, Field):
                yield from self.of(inner)

    def program(self) -> Program:
        written = [self.field(part) for part in self.fields]
        helpers = self.helpers
        if "gather" not in helpers.features and written[-1][1] and not any(awaits for _, awaits, _ in written[:-1]):
            # Nothing runs beside the last field's calls: answered in place, they take one turn less of the sandbox.
            written[-1] = self.field(self.fields[-1], is_alone=True)
        results = [self.result(part, text) for part, (text, _, _) in zip(self.fields, written, strict=True)]
        is_concurrent = any(awaits for _, awaits, _ in written)
        body = self.coroutines(results, written) if is_concurrent else self.in_order(results)
        fragments = [Fragment(prelude(helpers), -1)]
        for definition in helpers.definitions:
            fragments += definition
        fragments += body
        layout = tuple(p if isinstance(p, Literal) else self.slot(p) for p in self.parts)
        mentioned = frozenset(helpers.mentioned)
        return Program(self.instruction, layout, fragments, mentioned, "input" in mentioned, self.plain_fields())

    def plain_fields(self) -> tuple[Plain | None, ...]:
        """For each field its value as a function, if it has nothing to compute and no name of the author's to read."""
        if self.helpers.walrus:
            return (None,) * len(self.fields)
        found = [plain(self.trees[part.start], self.places) for part in self.fields]
        looks = [index for index, part in enumerate(self.fields) if is_look(self.trees[part.start])]
        if len(looks) > _MOST_LOOKS:  # together they could keep the host from everything else
            for index in looks:
                found[index] = None
        return tuple(found)

    def field(self, part: Field, is_alone: bool = False) -> tuple[list[Fragment], bool, bool]:
        """The inside of an f-string for a field, whether it awaits, and whether it keeps the order of the text."""
        emitter = Emitter(self.trees[part.start], self.instruction, self.helpers, is_alone)
        at = part.start
        value = [Fragment("(", at), *emitter.field(), Fragment(")", at)]
        conversion = part.conversion or ("r" if part.debug and part.spec is None else "")
        awaits, is_serial = emitter.awaits, emitter.is_serial
        spec: list[Fragment] = []
        for inner in part.spec or ():
            if isinstance(inner, Literal):
                # As a value, so that it is read when the field is and not before.
                spec.append(Fragment("{" + repr(inner.text) + "}", inner.start))
                continue
            debug = [Fragment("{" + repr(inner.debug) + "}", inner.start)] if inner.debug else []
            nested, nested_awaits, nested_serial = self.field(inner, is_alone)
            spec += [*debug, Fragment("{", at), *nested, Fragment("}", at)]
            awaits, is_serial = awaits or nested_awaits, is_serial or nested_serial
        if not spec:
            text = [*value, Fragment(f"!{conversion}" if conversion else "", at)]
        elif conversion:
            text = [*value, Fragment(f"!{conversion}:", at), *spec]
        else:
            self.helpers.features.add("format")
            text = [Fragment(f"{HIDDEN}format(", at), *value, Fragment(", f'", at), *spec, Fragment("')", at)]
        return text, awaits, is_serial

    def result(self, part: Field, text: list[Fragment]) -> list[Fragment]:
        at = part.start
        if "messages" in self.helpers.features and not part.conversion and part.spec is None and not part.debug:
            return [Fragment(f"{HIDDEN}o(", at), *text, Fragment(")", at)]
        return [Fragment("f'{", at), *text, Fragment("}'", at)]

    def in_order(self, results: list[list[Fragment]]) -> list[Fragment]:
        """No field waits for the host: one list, in the order of the text."""
        out = [Fragment(f"{HIDDEN}all = [", -1)]
        for result in results:
            out += [*result, Fragment(", ", -1)]
        return [*out, Fragment("]\n", -1), Fragment(ending(self.helpers), -1)]

    def coroutines(
        self, results: list[list[Fragment]], written: list[tuple[list[Fragment], bool, bool]]
    ) -> list[Fragment]:
        """A coroutine for each field, all under one gather."""
        waits = self.waits([awaits for _, awaits, _ in written], [serial for _, _, serial in written])
        awaited = {index for indices in waits for index in indices}
        out = [Fragment(f"from asyncio import gather as {HIDDEN}gather\n", -1)]
        for index, (part, result) in enumerate(zip(self.fields, results, strict=True)):
            at = part.start
            out.append(Fragment(f"async def {HIDDEN}f{index}():\n", at))
            if self.binds[index]:
                out.append(Fragment(f" global {', '.join(sorted(self.binds[index]))}\n", at))
            if waits[index]:
                out.append(Fragment(f" await {HIDDEN}after({', '.join(map(str, waits[index]))})\n", at))
            if index in awaited:
                done = f"\n {HIDDEN}done({index})\n return {HIDDEN}t\n"
                out += [Fragment(f" {HIDDEN}t = ", at), *result, Fragment(done, at)]
            else:
                out += [Fragment(" return ", at), *result, Fragment("\n", at)]
        calls = ", ".join(f"{HIDDEN}f{index}()" for index in range(len(results)))
        out.append(Fragment(f"{HIDDEN}all = await {HIDDEN}gather({calls})\n", -1))
        return [*out, Fragment(ending(self.helpers), -1)]

    def waits(self, awaits: list[bool], serial: list[bool]) -> list[list[int]]:
        """For each field the earlier ones that it has to wait for.

        Coroutines begin in the order of the text, so an earlier field that never waits is done already.
        """
        walrus = self.helpers.walrus
        binder: dict[str, int] = {}  # the last late field that binds a name, and those that read it since
        readers: dict[str, list[int]] = {}
        last_serial: int | None = None
        waits: list[list[int]] = []
        for index, part in enumerate(self.fields):
            nodes = (n for tree in self.of(part) for n in ast.walk(tree.tree)) if walrus else iter(())
            names = {n.id for n in nodes if isinstance(n, ast.Name)} & walrus
            before = {binder[name] for name in names if name in binder}
            for name in self.binds[index]:
                before.update(readers.pop(name, ()))
            if serial[index] and last_serial is not None:
                before.add(last_serial)
            waits.append(sorted(before))
            if awaits[index] or before:
                for name in names:
                    if name in self.binds[index]:
                        binder[name] = index
                    else:
                        readers.setdefault(name, []).append(index)
                last_serial = index if serial[index] else last_serial
        return waits

    def slot(self, part: Field) -> Slot:
        return Slot(self.origin(self.trees[part.start].tree), part.line, part.column, part.debug)

    def origin(self, tree: ast.AST) -> str:
        """What a field's text comes from: its outermost call, else what it reads."""
        functions = self.helpers.functions
        queue: list[ast.AST] = [tree]
        found: set[str] = set()
        while queue:
            node = queue.pop(0)
            name = called_name(node)
            if name in functions:
                return functions[name].origin
            if name == "test":
                return "test"
            if name == "msgf":
                return "msg"
            if name == "comment":
                continue
            if name == "iif" and isinstance(node, ast.Call):
                queue += [*node.args[1:], *(k.value for k in node.keywords if k.arg != "expr")]
                continue
            if isinstance(node, ast.Name):
                found.add(node.id)
            queue += ast.iter_child_nodes(node)
        return next((kind for kind in ("var", "input", "messages") if kind in found), "expression")


def _refuse_rebinding(found: Expression, functions: Mapping[str, HostFunction], places: Places) -> None:
    """A name that means something to the language cannot be bound by ``:=``: calls before would mean another thing."""
    for node in ast.walk(found.tree):
        if isinstance(node, ast.NamedExpr):
            name = node.target.id
            if name in functions or name in STANDARD_FUNCTIONS or name in LAZY or name in ("msgf", "var"):
                line, column = places.of(found.start(node))
                raise InstructionError(
                    f"{name} already means something here", hint="Choose another name.", line=line, column=column
                )
