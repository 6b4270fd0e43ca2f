"""Messages to the exact text and tokens that a model receives.

Texts from people never become special tokens: a user who writes ``<|im_end|>`` has written ten characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from akachat.backends.deadline import at_most
from akachat.backends.folding import foldings
from akachat.backends.formats import Format, fill, find_format, write_plain
from akachat.errors import ModelError
from akachat.messages import Message
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
    """

    text: str
    ids: tuple[int, ...]
    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    continued: bool = False


def write_prompt(tokenizer: Any, messages: Sequence[Message], options: Options, *, seconds: float = 5.0) -> Prompt:
    """Writes the prompt in the form that the options ask for, else in the model's own.

    A chat template among the options may compute for ``seconds``.

    Raises:
        ModelError: the model has no chat template, or its template refuses these messages.
    """
    template = options.template
    form = find_format(template) if template is not None else None
    continued = bool(messages) and messages[-1].role == "assistant" and "tool_calls" not in messages[-1].extra
    if form is not None:
        return _formatted(tokenizer, messages, form, continued)
    own = template or tokenizer.chat_template
    if options.is_messages is False and template is None:
        return _plain(tokenizer, messages, (), continued)
    if own is None:
        if options.is_messages:
            raise ModelError("this model has no chat template", hint=_NO_TEMPLATE)
        note = "the model has no chat template: the messages are written as one text."
        return _plain(tokenizer, messages, (note,), continued)
    with nullcontext() if template is None else at_most(seconds):
        return _chat(tokenizer, messages, options, template, continued)


def _plain(tokenizer: Any, messages: Sequence[Message], notes: tuple[str, ...], continued: bool) -> Prompt:
    mark = _marker(tokenizer, "")
    return _encoded(tokenizer, write_plain(messages, mark=mark), messages, notes, (), continued, begin=True)


def _formatted(tokenizer: Any, messages: Sequence[Message], form: Format, continued: bool) -> Prompt:
    source = form.text + form.user + form.assistant + form.bare
    text = fill(
        form,
        messages,
        bos=tokenizer.bos_token or "",
        eos=tokenizer.eos_token or "",
        mark=_marker(tokenizer, source),
    )
    begin = "{bos_token}" not in source
    return _encoded(tokenizer, text, messages, (), form.stop, continued, begin=begin)


def _chat(
    tokenizer: Any, messages: Sequence[Message], options: Options, template: str | None, continued: bool
) -> Prompt:
    """By a Jinja chat template; where it refuses the order of the messages, folded until it takes them."""
    source = template or tokenizer.chat_template
    mark = _marker(tokenizer, source if isinstance(source, str) else "".join(map(str, source.values())))
    tools = [tool for tool in options.tools or () if isinstance(tool, dict)] or None
    values = dict(options.chat_template_kwargs or {})
    refusal, lossy = "", None
    for folded, notes in foldings(messages):
        try:
            text = tokenizer.apply_chat_template(
                [_turn(m, mark) for m in folded],
                tools=mark(tools),
                chat_template=template,
                tokenize=False,
                add_generation_prompt=not continued,
                continue_final_message=continued,
                **mark(values),
            )
        except Exception as error:
            if not _is_template_error(error):
                raise
            refusal = refusal or str(error)
            continue
        prompt = _encoded(tokenizer, text, folded, notes, (), continued, begin=False)
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
    return Prompt(prompt.text, prompt.ids, prompt.messages, (*prompt.notes, note), prompt.stop, continued)


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


def _encoded(
    tokenizer: Any,
    text: str,
    messages: Sequence[Message],
    notes: tuple[str, ...],
    stop: tuple[str, ...],
    continued: bool,
    *,
    begin: bool,
) -> Prompt:
    """Tokens for a text with marks in it. ``begin``: whether the tokenizer's own begin token stands before it."""
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
    return Prompt(plain, tuple(ids), tuple(messages), notes, stop, continued)


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
