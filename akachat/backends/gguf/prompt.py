"""Messages to the exact text that a GGUF model receives, in pieces that its tokenizer reads.

Texts from people never become special tokens: a user who writes ``<|im_end|>`` has written ten characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from akachat.backends.deadline import at_most
from akachat.backends.folding import foldings
from akachat.backends.formats import Format, fill, find_format, write_plain
from akachat.backends.gguf.header import Header
from akachat.backends.gguf.jinja import is_template_error, render_chat
from akachat.backends.presets import Preset
from akachat.backends.prompt_types import PromptType, fitting_type, prompt_types
from akachat.errors import ModelError
from akachat.messages import Message
from akachat.options import Options

__all__ = ["Written", "write_prompt", "write_raw"]

#: Stands inside a control token that a person wrote: there the text is cut in two for the tokenizer.
_CUT = "\U000f0000"
#: Invisible; parts such a token where cutting the text would put a space between.
_APART = "\u200b"
_NO_TEMPLATE = "Set template to a prompt type (chatml, alpaca, vicuna, …) or a format, or is_messages to false."


@dataclass(frozen=True, slots=True)
class Written:
    """What a model receives, before its tokenizer.

    Attributes:
        text: the prompt.
        pieces: the same, cut where tokens must not reach across.
        messages: the messages after folding.
        notes: what was changed, and why.
        stop: further texts that end the answer, by the format.
        begin: whether the tokenizer's own begin token stands before it.
        newline: what stands for a line break in what this model reads and writes; empty: a line break.
    """

    text: str
    pieces: tuple[str, ...]
    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    begin: bool = False
    newline: str = ""


def write_prompt(
    header: Header,
    messages: Sequence[Message],
    options: Options,
    *,
    preset: Preset | None = None,
    seconds: float = 5.0,
) -> Written:
    """Writes the prompt in the form that the options ask for, else in the one that is known of the model.

    A chat template may compute for ``seconds``: that of a file is somebody's program as well.

    Raises:
        ModelError: the model has no chat template, or its template refuses these messages.
    """
    template = options.template
    continued = bool(messages) and messages[-1].role == "assistant" and "tool_calls" not in messages[-1].extra
    form, notes = (find_format(template), ()) if template is not None else _known_type(header, options, preset)
    newline = preset.newline if preset else ""
    if form is not None:
        return _formatted(header, messages, form, notes, newline, continued)
    own = template or header.chat_template
    if options.is_messages is False and template is None:
        written = _plain(header, messages, notes)
    elif own is None:
        if options.is_messages:
            raise ModelError("this model has no chat template", hint=_NO_TEMPLATE)
        written = _plain(header, messages, ("the model has no chat template: the messages are written as one text.",))
    else:
        with at_most(seconds):
            written = _chat(header, messages, options, own, continued)
    return _with_newlines(written, newline)


def write_raw(messages: Sequence[Message], bos: str) -> Written:
    """The texts of the messages as they stand, special tokens and all; the begin token is not written twice."""
    text = "".join(message.content for message in messages)
    return Written(text, (text,), tuple(messages), begin=not (bos and text.startswith(bos)))


def _known_type(header: Header, options: Options, preset: Preset | None) -> tuple[PromptType | None, tuple[str, ...]]:
    """The prompt type of a model whose prompt names none, and why it is that one."""
    if preset is not None and preset.type:
        known = prompt_types()[preset.type]
        return known, (f"prompt type {known.name}: the list of models names it for {preset.name!r}.",)
    fitting = fitting_type(options.model)
    if header.chat_template is not None or fitting is None:
        return None, ()
    why = f"{options.model!r} has no chat template, and its name fits this type."
    return fitting, (f"prompt type {fitting.name}: {why}",)


def _plain(header: Header, messages: Sequence[Message], notes: tuple[str, ...]) -> Written:
    return _cut(write_plain(messages, mark=_marker(header, "")), messages, notes, begin=True)


def _formatted(
    header: Header,
    messages: Sequence[Message],
    form: PromptType | Format,
    notes: tuple[str, ...],
    newline: str,
    continued: bool,
) -> Written:
    mark = _marker(header, form.source)
    text = fill(form, messages, bos=header.token("bos"), eos=header.token("eos"), mark=mark)
    if isinstance(form, PromptType):
        newline = newline or form.newline
        spoken = [m for m in messages if m.role not in ("system", "developer")]
        if not form.multi_turn and len(spoken) > 1 + continued:
            single = f"prompt type {form.name} is for single turns: the earlier ones are written before the newest."
            notes = (*notes, single)
    return _with_newlines(_cut(text, messages, notes, form.stop, begin="{bos_token}" not in form.source), newline)


def _with_newlines(written: Written, newline: str) -> Written:
    if not newline:
        return written
    pieces = tuple(piece.replace("\r\n", "\n").replace("\n", newline) for piece in written.pieces)
    return replace(written, text="".join(pieces), pieces=pieces, newline=newline)


def _chat(header: Header, messages: Sequence[Message], options: Options, template: str, continued: bool) -> Written:
    """By a Jinja chat template; where it refuses the order of the messages, folded until it takes them."""
    mark = _marker(header, template)
    values = {
        "bos_token": header.token("bos"),
        "eos_token": header.token("eos"),
        "tools": _deeply([tool for tool in options.tools or () if isinstance(tool, dict)], mark) or None,
        **_deeply(dict(options.chat_template_kwargs or {}), mark),
    }
    refusal, lossy = "", None
    for folded, notes in foldings(messages):
        try:
            text = render_chat(template, [_turn(m, mark) for m in folded], values, continued=continued)
        except Exception as error:
            if not is_template_error(error):
                raise
            refusal = refusal or str(error)
            continue
        missing = sorted({m.role for m in folded if mark(m.content).strip() not in text})
        if not missing:
            return _cut(text, folded, notes)
        lossy = lossy or (text, folded, (*notes, f"the chat template left out the text of {', '.join(missing)}."))
    if lossy is None:
        raise ModelError(
            f"the chat template cannot write these messages: {refusal}",
            hint="Change the order of the messages, or set template to a format or another chat template.",
        )
    return _cut(*lossy)


def _turn(message: Message, mark: Callable[[str], str]) -> dict[str, Any]:
    """A message as chat templates want it: arguments of calls as objects, where OpenAI has JSON text."""
    extra = dict(message.extra)
    if "tool_calls" in extra:
        extra["tool_calls"] = [_call(call) for call in extra["tool_calls"] or ()]
    role = "system" if message.role == "developer" else message.role
    return {"role": role, "content": mark(message.content), **_deeply(extra, mark)}


def _call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    try:
        return {**call, "function": {**function, "arguments": json.loads(function["arguments"])}}
    except ValueError:
        return call


def _deeply(value: Any, mark: Callable[[str], str]) -> Any:
    """The same value with every text in it marked."""
    if isinstance(value, str):
        return mark(value)
    if isinstance(value, dict):
        return {key: _deeply(each, mark) for key, each in value.items()}
    return [_deeply(each, mark) for each in value] if isinstance(value, list) else value


def _marker(header: Header, source: str) -> Callable[[str], str]:
    """Parts the control tokens in a person's text: the special ones, and those that the template itself writes."""
    pattern = _control(header.control_tokens, header.whole_tokens, source)
    inside = _CUT if header.splits_freely else _APART
    return lambda text: pattern.sub(lambda found: found[0][0] + inside + found[0][1:], text.replace(_CUT, ""))


@lru_cache(32)
def _control(control: tuple[str, ...], whole: tuple[str, ...], source: str) -> re.Pattern[str]:
    written = (token for token in whole if token in source and not token.isspace())
    tokens = sorted({*control, *written}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, tokens)) or "(?!)")


def _cut(
    text: str,
    messages: Sequence[Message],
    notes: tuple[str, ...],
    stop: tuple[str, ...] = (),
    *,
    begin: bool = False,
) -> Written:
    pieces = tuple(text.split(_CUT))
    return Written("".join(pieces), pieces, tuple(messages), notes, stop, begin)
