"""Renders instructions: compiles them once, runs them in the sandbox's processes, puts text and messages together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import anyio

from akachat.errors import AkachatError, InstructionError, InvalidInput
from akachat.messages import Message, format_messages
from akachat.template.bridge import Bridge
from akachat.template.evaluating import evaluate, search
from akachat.template.host import Host
from akachat.template.language import STANDARD_FUNCTIONS
from akachat.template.limits import RenderLimits
from akachat.template.looks import NeedsSandbox
from akachat.template.parts import Literal
from akachat.template.pool import Pool
from akachat.template.program import Program, compile_instruction
from akachat.template.references import find_unknown
from akachat.template.rendering import HostFunction, Rendering, Scope, Span
from akachat.template.trace import Trace
from akachat.template.values import is_unicode

__all__ = ["Sandbox"]

#: Compiled instructions that are kept, and the length from which one is compiled in a thread.
_PROGRAMS = 512
_LONG = 20_000


class Sandbox:
    """The sandbox's processes and the compiled instructions. Many renderings may run at once.

    ::

        async with Sandbox() as sandbox:
            rendering = await sandbox.render("Hello, {input}!", Scope(input="world"))

    Args:
        limits: the bounds of every rendering.
        workers: sandbox processes; None for as many as cores, at most 4.
    """

    def __init__(self, limits: RenderLimits | None = None, workers: int | None = None) -> None:
        self.limits = limits or RenderLimits()
        self._pool = Pool(self.limits, workers)
        self._lock = threading.Lock()
        self._programs: OrderedDict[tuple[str, tuple[tuple[str, bool, str], ...]], Program] = OrderedDict()

    async def start(self) -> None:
        """Starts the processes before the first rendering needs them; calling it is optional."""
        await self._pool.start()

    async def aclose(self) -> None:
        """Ends the processes."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def render(self, instruction: str, scope: Scope) -> Rendering:
        """Renders an instruction.

        Raises:
            InstructionError: it cannot be read or evaluated; ``LimitExceeded`` where it ran into a limit.
            AkachatError: what a function that it called raised, with the line and column of the call.
        """
        if len(instruction) > _LONG:  # a second for 20,000 fields, in which others go on
            program = await anyio.to_thread.run_sync(self._compile, instruction, scope.functions)
        else:
            program = self._compile(instruction, scope.functions)
        if not is_unicode(scope.input):
            raise InvalidInput("The input holds text that is not valid Unicode", hint="Remove half surrogate pairs.")
        trace = Trace()
        host = Host(scope, self.limits, trace)
        found = self._plain(program, host)
        if found is None:  # the leftmost error counts, and it may be one of the sandbox's
            trace = Trace()
            host = Host(scope, self.limits, trace)
        trace.listen(scope.on_call)
        if found is None or None in found:
            rest = program if found is None or program.lean is None else program.lean
            computed = await Bridge(self._pool, rest, host).run()
            if rest is program:
                found = computed
            else:
                left = iter(computed)
                found = [next(left) if value is None else value for value in found or ()]
        return self._compose(program, [value for value in found if value is not None], host, trace)

    async def evaluate(self, expression: str, names: Mapping[str, Any]) -> bool | int | float:
        """The value of an expression that gives true, false or a number.

        Raises:
            InstructionError: it cannot be read or evaluated, or gives something else; ``LimitExceeded`` at a limit.
        """
        return await evaluate(self._pool, expression, names)

    async def search(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether each regular expression is found in the text beside it.

        Raises:
            InstructionError: a pattern cannot be read; ``LimitExceeded`` where it ran into a limit.
        """
        return await search(self._pool, pairs)

    @staticmethod
    def _plain(program: Program, host: Host) -> Sequence[str | int | None] | None:
        """The fields that the host can answer itself, None for each other; None for all where one of them fails.

        Raises:
            AkachatError: one fails, and no other could fail before it.
        """
        if program.lean is None and None in program.plain:
            return (None,) * len(program.plain)
        found: list[str | int | None] = []
        try:
            for value in program.plain:
                found.append(None if value is None else value(host))  # noqa: PERF401 - half a list counts below
            if sum(len(text) for text in found if isinstance(text, str)) > host.limits.text_length:
                raise host.limits.exceeded("text_length")
        except (NeedsSandbox, IndexError):
            return None
        except AkachatError:
            if None not in found:
                raise
            return None
        return found

    def check(self, instruction: str, scope: Scope | None = None) -> InstructionError | None:
        """What is wrong with an instruction as far as can be seen without evaluating it.

        Args:
            scope: whose functions are known; without one, those of the language are.
        """
        functions: Mapping[str, HostFunction] = scope.functions if scope else {}
        try:
            self._compile(instruction, functions)
            known = frozenset(functions) if scope else STANDARD_FUNCTIONS
            return find_unknown(_normalized(instruction), known)
        except InstructionError as error:
            return error

    def _compile(self, instruction: str, functions: Mapping[str, HostFunction]) -> Program:
        key = (instruction, tuple([(n, f.parallel, f.origin) for n, f in functions.items()]))
        with self._lock:
            program = self._programs.get(key)
            if program is not None:
                self._programs.move_to_end(key)
                return program
        if len(instruction) > self.limits.instruction_length:
            raise self.limits.exceeded("instruction_length")
        if not is_unicode(instruction):
            raise InstructionError(
                "The instruction holds text that is not valid Unicode", hint="Remove half surrogate pairs."
            )
        program = compile_instruction(_normalized(instruction), dict(functions))
        with self._lock:
            self._programs[key] = program
            if len(self._programs) > _PROGRAMS:
                self._programs.popitem(last=False)
        return program

    def _compose(self, program: Program, results: Sequence[str | int], host: Host, trace: Trace) -> Rendering:
        """Texts, messages and their origins in the order of the instruction."""
        parts: list[str | tuple[Message, ...]] = []
        pieces: list[str] = []
        spans: list[Span] = []
        at = index = 0
        for slot in program.layout:
            if isinstance(slot, Literal):
                text, origin, messages = slot.text, "literal", None
            else:
                result = results[index]
                index += 1
                origin = slot.origin
                messages = None if isinstance(result, str) else host.structure_at(result)
                text = slot.debug + result if isinstance(result, str) else format_messages(messages or ())
            if messages is not None:
                parts.append(messages)
            elif parts and isinstance(parts[-1], str):
                parts[-1] += text
            elif text:
                parts.append(text)
            if text:
                spans.append(Span(at, at + len(text), origin, slot.line, slot.column))
                pieces.append(text)
                at += len(text)
                if at > self.limits.text_length:
                    raise self.limits.exceeded("text_length")
        return Rendering(
            "".join(pieces),
            tuple(parts),
            tuple(spans),
            trace.calls(),
            program.reads_input,
            host.called_msg,
            trace.now(),
        )


def _normalized(instruction: str) -> str:
    """With line feeds only, as Python reads any source."""
    return instruction.replace("\r\n", "\n").replace("\r", "\n") if "\r" in instruction else instruction
