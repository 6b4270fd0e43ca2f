"""Messages to the exact text and tokens that a model receives.

Texts from people never become special tokens: a user who writes ``<|im_end|>`` has written ten characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from akachat.backends.deadline import at_most
from akachat.backends.folding import foldings
from akachat.backends.formats import Format, fill, find_format, write_plain
from akachat.backends.prompt_types import PromptType, fitting_type, prompt_types
from akachat.errors import ModelError
from akachat.messages import Message

if TYPE_CHECKING:
    from akachat.backends.presets import Preset
    from akachat.options import Options

__all__ = ["Prompt", "write_prompt"]

#: Characters of transformers' own that stand around a control token that a person wrote.
_MARKS = str.maketrans("", "", "\U000f0000\U000f0001")
_NO_TEMPLATE = "Set template to a prompt type (chatml, alpaca, vicuna, …) or a format, or is_messages to false."


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model receives.

    Attributes:
        text: the prompt as text.
        ids: the prompt as tokens.
        messages: the messages after folding.
        notes: what was changed, and why.
        stop: further texts that end the answer, by the format.
        continued: whether the prompt ends inside an assistant's turn that the answer continues.
        newline: what stands for a line break in what this model reads and writes; empty: a line break.
        ends: further tokens that end the answer: stop texts that are one special token, which no text ever shows.
        answered: how many of the last tokens are of that turn, where that is known.
    """

    text: str
    ids: tuple[int, ...]
    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    continued: bool = False
    newline: str = ""
    ends: frozenset[int] = frozenset()
    answered: int = 0


@dataclass(frozen=True, slots=True)
class _Writing:
    """What is the same for every way to write a prompt."""

    tokenizer: Any
    messages: Sequence[Message]
    continued: bool
    newline: str
    notes: tuple[str, ...] = ()


def write_prompt(
    tokenizer: Any,
    messages: Sequence[Message],
    options: Options,
    *,
    preset: Preset | None = None,
    seconds: float = 5.0,
) -> Prompt:
    """Writes the prompt in the form that the options ask for, else in the one that is known of the model.

    A chat template among the options may compute for ``seconds``.

    Raises:
        ModelError: the model has no chat template, or its template refuses these messages.
    """
    template = options.template
    continued = bool(messages) and messages[-1].role == "assistant" and "tool_calls" not in messages[-1].extra
    writing = _Writing(tokenizer, messages, continued, preset.newline if preset else "")
    if template is not None:
        form = find_format(template)
    else:
        form, note = _known_type(tokenizer, options, preset)
        writing = replace(writing, notes=(note,) if note else ())
    if form is not None:
        return _formatted(writing, form)
    own = template or tokenizer.chat_template
    if options.is_messages is False and template is None:
        return _plain(writing)
    if own is None:
        if options.is_messages:
            raise ModelError("this model has no chat template", hint=_NO_TEMPLATE)
        note = "the model has no chat template: the messages are written as one text."
        return _plain(replace(writing, notes=(note,)))
    with nullcontext() if template is None else at_most(seconds):
        return _chat(writing, options, template)


def _known_type(tokenizer: Any, options: Options, preset: Preset | None) -> tuple[PromptType | None, str]:
    """The prompt type of a model whose prompt names none, and why it is that one."""
    adapter = options.lora or ""
    if adapter and (preset is None or preset.name != adapter) and (fitting := fitting_type(adapter)):
        # What it was trained with counts, and not what its base was.
        return fitting, f"prompt type {fitting.name}: the name of the adapter {adapter!r} fits this type."
    if preset is not None and preset.type:
        known = prompt_types()[preset.type]
        return known, f"prompt type {known.name}: the list of models names it for {preset.name!r}."
    fitting = fitting_type(options.model)
    if tokenizer.chat_template is not None or fitting is None:
        return None, ""
    why = f"{options.model!r} has no chat template, and its name fits this type."
    return fitting, f"prompt type {fitting.name}: {why}"


def _plain(writing: _Writing) -> Prompt:
    mark = _marker(writing.tokenizer, "")
    return _encoded(writing, write_plain(writing.messages, mark=mark), begin=True)


def _formatted(writing: _Writing, form: PromptType | Format) -> Prompt:
    tokenizer = writing.tokenizer
    text = fill(
        form,
        writing.messages,
        bos=tokenizer.bos_token or "",
        eos=tokenizer.eos_token or "",
        mark=_marker(tokenizer, form.source),
    )
    if isinstance(form, PromptType):
        writing = replace(writing, newline=writing.newline or form.newline)
        spoken = [m for m in writing.messages if m.role not in ("system", "developer")]
        if not form.multi_turn and len(spoken) > 1 + writing.continued:
            note = f"prompt type {form.name} is for single turns: the earlier ones are written before the newest."
            writing = replace(writing, notes=(*writing.notes, note))
    prompt = _encoded(writing, text, begin="{bos_token}" not in form.source)
    return replace(prompt, stop=form.stop, ends=_special(tokenizer, form.stop))


def _special(tokenizer: Any, stops: Sequence[str]) -> frozenset[int]:
    special = {token.content: id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(special[stop] for stop in stops if stop in special)


def _chat(writing: _Writing, options: Options, template: str | None) -> Prompt:
    """By a Jinja chat template; where it refuses the order of the messages, folded until it takes them."""
    tokenizer = writing.tokenizer
    source = template or tokenizer.chat_template
    mark = _marker(tokenizer, source if isinstance(source, str) else "".join(map(str, source.values())))
    tools = [tool for tool in options.tools or () if isinstance(tool, dict)] or None
    values = dict(options.chat_template_kwargs or {})
    refusal, lossy = "", None
    for folded, notes in foldings(writing.messages):
        try:
            text = tokenizer.apply_chat_template(
                [_turn(m, mark) for m in folded],
                tools=mark(tools),
                chat_template=template,
                tokenize=False,
                add_generation_prompt=not writing.continued,
                continue_final_message=writing.continued,
                **mark(values),
            )
        except Exception as error:
            if not _is_template_error(error):
                raise
            refusal = refusal or str(error)
            continue
        prompt = _encoded(replace(writing, messages=folded, notes=notes), text, begin=False)
        missing = [m for m in folded if mark(m.content).strip() not in text]
        if not missing:
            return prompt
        lossy = lossy or (prompt, missing)
    if lossy is None:
        raise ModelError(
            f"the chat template cannot write these messages: {refusal}",
            hint="Change the order of the messages, or set template to a format or another chat template.",
        )
    prompt, missing = lossy
    note = "the chat template left out the text of " + ", ".join(sorted({m.role for m in missing})) + "."
    return replace(prompt, notes=(*prompt.notes, note))


def _turn(message: Message, mark: Callable[[Any], Any]) -> dict[str, Any]:
    """A message as chat templates want it: arguments of calls as objects, where OpenAI has JSON text."""
    role = "system" if message.role == "developer" else message.role
    extra = dict(message.extra)
    if "tool_calls" in extra:
        extra["tool_calls"] = [_call(call) for call in extra["tool_calls"] or ()]
    return {"role": role, "content": mark(message.content), **mark(extra)}


def _call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    try:
        arguments = json.loads(function["arguments"])
    except ValueError:
        return call
    return {**call, "function": {**function, "arguments": arguments}}


def _is_template_error(error: Exception) -> bool:
    """Whether a chat template failed, by its own word or by stumbling over what it did not expect."""
    import jinja2

    return isinstance(error, jinja2.TemplateError | TypeError | KeyError | ValueError | AttributeError)


def _encoded(writing: _Writing, text: str, *, begin: bool) -> Prompt:
    """Tokens for a text with marks in it. ``begin``: whether the tokenizer's own begin token stands before it."""
    tokenizer = writing.tokenizer
    if writing.newline:
        text = text.replace("\r\n", "\n").replace("\n", writing.newline)
    plain = text.translate(_MARKS)
    if len(plain) == len(text):
        # Not verbose: too long a prompt is told in our own words.
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    else:
        from transformers.utils.chat_template_utils import encode_marked_chat

        try:
            ids = encode_marked_chat(tokenizer, text)
        except ValueError:
            # Some vocabularies know no other way to write it: it loses its first character's neighbour instead.
            plain = re.sub("\U000f0000(.)", "\\1\u200b", text).translate(_MARKS)
            ids = tokenizer(plain, add_special_tokens=False)["input_ids"]
    bos = tokenizer.bos_token_id
    if begin and bos is not None and bos in tokenizer("", add_special_tokens=True)["input_ids"]:
        ids, plain = [bos, *ids], tokenizer.bos_token + plain
    return Prompt(
        plain,
        tuple(ids),
        tuple(writing.messages),
        writing.notes,
        continued=writing.continued,
        newline=writing.newline,
    )


def _control_tokens(tokenizer: Any, source: str) -> tuple[str, ...]:
    """Tokens that steer the model: the special ones, and those that the template itself writes."""
    named = set(getattr(tokenizer, "chat_control_tokens", None) or ())
    return tuple(
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if token.special or token.content in named or (token.content in source and not token.content.isspace())
    )


def _marker(tokenizer: Any, source: str) -> Callable[[Any], Any]:
    from transformers.utils.chat_template_utils import mark_control_tokens

    tokens = sorted(_control_tokens(tokenizer, source), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, tokens)) or "(?!)")
    return lambda value: mark_control_tokens(value, pattern)
