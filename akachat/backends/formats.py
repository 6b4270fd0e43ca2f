"""How a conversation is written as one text: by a prompt type, by a format of the author's, or plainly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from akachat.backends.prompt_types import PromptType, prompt_types
from akachat.errors import ModelError
from akachat.messages import Message

__all__ = ["Format", "fill", "find_format", "is_jinja", "system_text", "write_plain"]

_SLOT = re.compile(r"\{(bos_token|eos_token|instruction|history|input)\}")
#: Marks a text's origin for the tokenizer: what it is given comes from people, not from the format.
Mark = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of the author's own.

    Attributes:
        text: the whole, in which only ``{bos_token} {eos_token} {instruction} {history} {input}`` are replaced.
        user, assistant: one turn of the history; ``{input}`` is what was said.
        stop: texts that end the answer, because the format begins a new turn with them.
    """

    text: str
    user: str = "user: {input}\n"
    assistant: str = "ai: {input}\n"
    stop: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """All its own text."""
        return self.text + self.user + self.assistant


def is_jinja(template: str) -> bool:
    """Whether a template is a Jinja chat template rather than a format."""
    return "{%" in template or "{{" in template


def find_format(template: str) -> PromptType | Format | None:
    """The prompt type of that name, or the given format itself; None for a Jinja chat template.

    Raises:
        ModelError: it is neither: a format without a place for what is said would send the same text for ever.
    """
    types = prompt_types()
    if template in types:
        return types[template]
    if is_jinja(template):
        return None
    if not {"instruction", "history", "input"} & set(_SLOT.findall(template)):
        near = difflib.get_close_matches(template.lower(), types, n=1)
        raise ModelError(
            f"there is no prompt type {template[:60]!r}",
            hint=(f"Did you mean {near[0]}? " if near else "")
            + f"There are {', '.join(types)}; a format of your own has {{instruction}} and {{input}} in it.",
        )
    return Format(template)


def fill(
    form: PromptType | Format, messages: Sequence[Message], *, bos: str = "", eos: str = "", mark: Mark = str
) -> str:
    """Writes a conversation in a form, in one pass: what is filled in is never read as a slot again.

    An assistant's turn at the very end is left open, to be continued. System texts are the instruction: it stands in
    the place that the form has for it and replaces the form's own system text, else it joins the first user turn.

    Args:
        form: a prompt type or a format.
        messages: the conversation, in order.
        bos, eos: the model's own begin and end texts.
        mark: told of every text that comes from people, so that the caller can tell it from the form's own.
    """
    turns = [m for m in messages if m.role not in ("system", "developer")]
    begun = turns.pop().content if turns and turns[-1].role == "assistant" else ""
    instruction = system_text(messages)
    write = _write_type if isinstance(form, PromptType) else _write_format
    return write(form, instruction, turns, begun, {"bos_token": bos, "eos_token": eos}, mark)  # type: ignore[arg-type]


def _write_type(
    form: PromptType, instruction: str, turns: list[Message], begun: str, tokens: dict[str, str], mark: Mark
) -> str:
    instruction = mark(instruction) if instruction else form.default
    parts = [_slots(form.begin, tokens)]
    if form.system and instruction:
        parts.append(_slots(form.system, {**tokens, "instruction": instruction}))
    first = later = form.user
    joined = "" if form.system else instruction
    if joined:
        first = form.first or form.user.replace("{input}", "{instruction}\n{input}")
        later = form.later or form.user
    elif not instruction:
        first = form.alone or form.user
    if joined and not any(m.role != "assistant" for m in turns):
        # Nobody has said anything: the instruction is what the model is asked.
        parts.append(_slots(form.alone or form.user, {**tokens, "input": joined}))
    for message in turns:
        if message.role == "assistant":
            turn = form.assistant
        else:
            turn, first = first, later
        parts.append(_slots(turn, {**tokens, "instruction": joined, "input": mark(message.content)}))
    # An answer that is to be continued follows what stands before a finished one, which may be a space more.
    opening = form.assistant[: form.assistant.index("{input}")] if begun else form.open
    return "".join([*parts, _slots(opening, tokens), mark(begun)])


def _write_format(
    form: Format, instruction: str, turns: list[Message], begun: str, tokens: dict[str, str], mark: Mark
) -> str:
    """The last user message is ``{input}``, the turns before it ``{history}``.

    Where the format has no place for something (no ``{history}``, no ``{instruction}``), it stands before what there
    is.
    """
    text = form.text
    newest = turns[-1].content if turns else ""
    earlier = turns[:-1]
    if not instruction and not earlier and "{input}" not in text:
        instruction, newest = newest, ""
    history = "".join(
        _slots(form.assistant if m.role == "assistant" else form.user, {**tokens, "input": mark(m.content)})
        for m in earlier
    )
    instruction, newest = mark(instruction), mark(newest)
    if "{input}" not in text and newest:
        history += newest
    if "{history}" not in text and history:
        if "{input}" in text:
            newest = history + newest
        else:
            instruction = f"{instruction}\n{history}" if instruction else history
    if "{instruction}" not in text and "{input}" not in text and instruction:
        history = f"{instruction}\n{history}" if history else instruction
    elif "{instruction}" not in text and instruction:
        newest = f"{instruction}\n{newest}" if newest else instruction
    return _slots(text, {**tokens, "instruction": instruction, "history": history, "input": newest}) + mark(begun)


def system_text(messages: Sequence[Message]) -> str:
    """All system texts as one, a blank line between."""
    return "\n\n".join(m.content for m in messages if m.role in ("system", "developer"))


def write_plain(messages: Sequence[Message], *, mark: Mark = str) -> str:
    """A conversation as plain text: a single text stands as it is, several turns as ``user:`` and ``ai:`` lines."""
    if len(messages) == 1:
        return mark(messages[0].content)
    names = {"user": "user: ", "assistant": "ai: ", "tool": "tool: "}
    lines = [names.get(m.role, "") + mark(m.content) for m in messages]
    if messages and messages[-1].role == "assistant":
        return "\n".join(lines)
    return "\n".join([*lines, "ai:"])


def _slots(text: str, values: dict[str, str]) -> str:
    return _SLOT.sub(lambda match: values.get(match[1], match[0]), text)
