"""Evaluates one expression on given values, and searches patterns, in a sandbox process with its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_monty import MontyError

from akachat.errors import InstructionError
from akachat.template.language import BUILTINS, IMPORTS
from akachat.template.pool import Pool
from akachat.template.program import compile_instruction
from akachat.template.translation import translate
from akachat.template.values import entering

__all__ = ["evaluate", "search"]

#: `var.key` and `var['key']` both work, as in an instruction.
_VAR = (
    "class _k_Var:\n def __getitem__(self, key):\n  return _k_var[key]\n"
    "var = _k_Var()\nfor _k_key in _k_var:\n setattr(var, _k_key, _k_var[_k_key])\n"
)
#: Nothing but plain values leaves the sandbox: a list there may hold itself.
_LEAVES = "\n_k_result if isinstance(_k_result, (bool, int, float)) else [type(_k_result).__name__]"


async def evaluate(pool: Pool, expression: str, names: Mapping[str, Any]) -> bool | int | float:
    """The value of an expression: true, false or a number.

    Args:
        names: what it may use besides the language's builtins and modules; a mapping ``var`` is read as ``var.key``.

    Raises:
        InstructionError: it cannot be read or evaluated, or gives something else; ``LimitExceeded`` at a limit.
    """
    inputs = {name: entering(value, f"The value {name}") for name, value in names.items() if name != "var"}
    inputs["_k_var"] = entering(names.get("var", {}), "The value var")
    # Brackets around it: line feeds may stand in it, and a statement may not.
    source = "\n".join(IMPORTS.values()) + f"\n{_VAR}_k_result = (\n{expression}\n)" + _LEAVES
    value = await _run(pool, source, inputs, {*BUILTINS, *IMPORTS, "var", *names})
    if isinstance(value, (bool, int, float)):
        return value
    kind = str(value[0]) if isinstance(value, list) and value else "nothing"
    raise InstructionError(
        f"the expression gives a value of type {kind}", hint="It should give True, False or a number from 0 to 1."
    )


async def search(pool: Pool, pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether each pattern is found in the text beside it.

    Here and not by ``re``: a pattern such as ``(a|aa)+$`` takes ages there, ``(a{1000}){1000}`` all of the memory,
    and no timeout of a thread ends either.

    Raises:
        InstructionError: a pattern cannot be read; ``LimitExceeded`` where it ran into a limit.
    """
    source = "import re\n[re.search(pattern, text) is not None for pattern, text in pairs]"
    found = await _run(pool, source, {"pairs": entering([list(pair) for pair in pairs], "The pattern or text")}, set())
    return [bool(each) for each in found]


async def _run(pool: Pool, source: str, inputs: Mapping[str, Any], known: set[str]) -> Any:
    session = await pool.checkout(None)
    try:
        return await session.feed_run(source, inputs=dict(inputs), print_callback=_discard)
    except MontyError as error:
        raise translate(error, _NO_PROGRAM, pool.limits, known) from None
    finally:
        pool.give_back(session)


def _discard(stream: str, text: str) -> None:
    """What an expression prints goes nowhere."""


_NO_PROGRAM = compile_instruction("", {})
