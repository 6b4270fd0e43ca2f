"""Prompt types: how a conversation is written as one text, for models without a chat template of their own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from akachat.errors import ModelError
from akachat.messages import Message

__all__ = ["FORMATS", "Format", "fill", "find_format", "is_jinja", "system_text", "write_plain"]

_SLOT = re.compile(r"\{(bos_token|eos_token|instruction|history|input)\}")
#: Marks a text's origin for the tokenizer: what it is given comes from people, not from the format.
Mark = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a conversation.

    Attributes:
        text: the whole, in which only ``{bos_token} {eos_token} {instruction} {history} {input}`` are replaced.
        user, assistant: one turn of the history; ``{input}`` is what was said.
        bare: the whole where there is no instruction; the same as ``text`` where empty.
        stop: texts that end the answer, because the format begins a new turn with them.
    """

    text: str
    user: str = "user: {input}\n"
    assistant: str = "ai: {input}\n"
    bare: str = ""
    stop: tuple[str, ...] = ()


#: The prompt types that ship, by name. Adding one is adding a line of data.
FORMATS: dict[str, Format] = {
    "none": Format("{instruction}{history}{input}", user="{input}\n", assistant="{input}\n"),
    "chatml": Format(
        "<|im_start|>system\n{instruction}<|im_end|>\n{history}<|im_start|>user\n{input}<|im_end|>\n"
        "<|im_start|>assistant\n",
        user="<|im_start|>user\n{input}<|im_end|>\n",
        assistant="<|im_start|>assistant\n{input}<|im_end|>\n",
        bare="{history}<|im_start|>user\n{input}<|im_end|>\n<|im_start|>assistant\n",
        stop=("<|im_end|>", "<|im_start|>"),
    ),
    "alpaca": Format(
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request.\n\n"
        "### Instruction:\n{instruction}\n\n{history}### Input:\n{input}\n\n### Response:\n",
        user="### Input:\n{input}\n\n",
        assistant="### Response:\n{input}\n\n",
        bare="Below is an instruction that describes a task. Write a response that appropriately completes the "
        "request.\n\n{history}### Instruction:\n{input}\n\n### Response:\n",
        stop=("### Instruction:", "### Input:"),
    ),
    "vicuna": Format(
        "{instruction} {history}USER: {input} ASSISTANT:",
        user="USER: {input} ",
        assistant="ASSISTANT: {input}{eos_token}",
        bare="{history}USER: {input} ASSISTANT:",
        stop=("USER:",),
    ),
    "llama2": Format(
        "{bos_token}[INST] <<SYS>>\n{instruction}\n<</SYS>>\n\n{history}{input} [/INST]",
        user="{input} [/INST]",
        assistant=" {input} {eos_token}{bos_token}[INST] ",
        bare="{bos_token}[INST] {history}{input} [/INST]",
        stop=("[INST]",),
    ),
    "rinna": Format(
        "システム: {instruction}\n{history}ユーザー: {input}\nシステム: ",
        user="ユーザー: {input}\n",
        assistant="システム: {input}\n",
        bare="{history}ユーザー: {input}\nシステム: ",
        stop=("ユーザー:",),
    ),
}


def is_jinja(template: str) -> bool:
    """Whether a template is a Jinja chat template rather than a format."""
    return "{%" in template or "{{" in template


def find_format(template: str) -> Format | None:
    """The prompt type of that name, or the given format itself; None for a Jinja chat template.

    Raises:
        ModelError: it is neither: a format without a place for what is said would send the same text for ever.
    """
    if template in FORMATS:
        return FORMATS[template]
    if is_jinja(template):
        return None
    if not {"instruction", "history", "input"} & set(_SLOT.findall(template)):
        near = difflib.get_close_matches(template.lower(), FORMATS, n=1)
        raise ModelError(
            f"there is no prompt type {template[:60]!r}",
            hint=(f"Did you mean {near[0]}? " if near else "")
            + f"There are {', '.join(FORMATS)}; a format of your own has {{instruction}} and {{input}} in it.",
        )
    return Format(template)


def fill(form: Format, messages: Sequence[Message], *, bos: str = "", eos: str = "", mark: Mark = str) -> str:
    """Writes a conversation in a format, in one pass: what is filled in is never read as a slot again.

    The last user message is ``{input}``, system texts are ``{instruction}``, the rest is ``{history}``. An assistant's
    turn at the very end is left open, to be continued. Where the format has no place for something (no
    ``{history}``, no ``{instruction}``), it stands before what there is.

    Args:
        form: the format.
        messages: the conversation, in order.
        bos, eos: the model's own begin and end texts.
        mark: told of every text that comes from people, so that the caller can tell it from the format's own.
    """
    turns = [m for m in messages if m.role not in ("system", "developer")]
    begun = turns.pop().content if turns and turns[-1].role == "assistant" else ""
    newest = turns.pop().content if turns else ""
    instruction = system_text(messages)
    if not instruction and not form.bare and not turns and "{input}" not in form.text:
        instruction, newest = newest, ""
    tokens = {"bos_token": bos, "eos_token": eos}
    history = "".join(
        _slots(form.assistant if m.role == "assistant" else form.user, {**tokens, "input": mark(m.content)})
        for m in turns
    )
    text = form.text if instruction or not form.bare else form.bare
    instruction, newest = mark(instruction), mark(newest)
    if "{input}" not in text and newest:
        history += newest
    if "{history}" not in text and history:
        if "{input}" in text:
            newest = history + newest
        else:
            instruction = f"{instruction}\n{history}" if instruction else history
    if "{instruction}" not in text and instruction and text != form.bare:
        newest = f"{instruction}\n{newest}" if newest else instruction
    values = {**tokens, "instruction": instruction, "history": history, "input": newest}
    return _slots(text, values) + mark(begun)


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
