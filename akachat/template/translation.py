"""The sandbox's errors as ours: a message without traceback, the place in the instruction, and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from akachat.errors import AkachatError, InstructionError, InvalidInput
from akachat.template.language import HIDDEN, attribute_hint, unknown_name
from akachat.template.limits import RenderLimits
from akachat.template.program import Program

__all__ = ["translate"]

_NO_ATTRIBUTE = re.compile(r"'([\w.]+)' object has no attribute '(\w+)'")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined|cannot access \w+ variable '(\w+)'")


def translate(error: MontyError, program: Program, limits: RenderLimits, known: Iterable[str]) -> AkachatError:
    """What an author is told about an error of the sandbox."""
    if isinstance(error, MontyCrashedError):
        if error.timed_out:
            return limits.exceeded("seconds")
        return InstructionError(
            "The sandbox process ended while it evaluated the instruction",
            hint="Try again; if it happens again, a field of the instruction is the cause.",
        )
    line, column = _place(error, program)
    wrong = error.exception()
    kind, message = type(wrong).__name__, str(error)
    if isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        message = error.display("msg").replace(f"{HIDDEN}v_", "").replace(f"{HIDDEN}M", "messages")
    if isinstance(wrong, TimeoutError) and "time limit exceeded" in message:
        return limits.exceeded("seconds", line, column)
    if isinstance(wrong, MemoryError):
        return limits.exceeded("memory", line, column)
    if isinstance(wrong, RecursionError):
        return limits.exceeded("recursion", line, column)
    if kind == "RuntimeError" and "suspension" in message:
        return limits.exceeded("host_calls", line, column)
    if isinstance(wrong, UnicodeError) and line is None:
        return InvalidInput("The input holds text that is not valid Unicode", hint="Remove half surrogate pairs.")
    if isinstance(wrong, NameError) and (match := _UNDEFINED.search(message)):
        return unknown_name(match[1] or match[2], set(known), line, column)
    hint = ""
    if "cannot suspend in this synchronous context" in message:
        message = "A call cannot be made from inside this function"
        hint = "Make the calls first, in a comprehension: [llm('name', x) for x in items]."
    elif match := _NO_ATTRIBUTE.search(message):
        hint = attribute_hint(match[1], match[2])
    elif isinstance(wrong, KeyError):
        message = f"There is no key {message!r}"
    if isinstance(error, MontySyntaxError):
        return InstructionError(f"The expression cannot be read: {message}", hint=hint, line=line, column=column)
    return InstructionError(f"{message} ({kind})" if message else kind, hint=hint, line=line, column=column)


def _place(error: MontyError, program: Program) -> tuple[int | None, int | None]:
    """The innermost place that lies in the instruction."""
    if isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        for frame in reversed(error.traceback()[-50:]):
            place = program.place_of(frame.line, frame.column)
            if place:
                return place
    return None, None
