"""Options and messages as the body that an OpenAI-compatible server takes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from akachat.backends.base import Request
from akachat.backends.formats import fill, find_format, is_jinja, write_plain
from akachat.backends.prompt_types import PromptType
from akachat.messages import Message
from akachat.options import Options

__all__ = ["COMPLETIONS", "CONTINUING", "EXTENSIONS", "Body", "build_body"]

COMPLETIONS = "/completions"
#: What vLLM, SGLang and llama.cpp take to go on with an answer; others begin a new one, or go on unasked.
CONTINUING = {"continue_final_message": True, "add_generation_prompt": False}

#: Ours on the left, theirs on the right. ``max_new_tokens`` has two names of theirs and is treated apart.
_SHARED = {
    "temperature": "temperature",
    "top_p": "top_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
}
_CHAT_ONLY = {"response_format": "response_format"}
#: What llama.cpp, vLLM, SGLang, TGI and others take beyond OpenAI's own parameters.
EXTENSIONS = {
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "chat_template_kwargs": "chat_template_kwargs",
}
#: Parameters of OpenAI's that are no options of ours: passed on as the author wrote them.
_PASSED_ON = frozenset(
    {"tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity", "logit_bias", "user", "metadata",
     "service_tier", "prompt_cache_key", "safety_identifier"}
)  # fmt: skip
_LOCAL_ONLY = ("tokenizer", "dtype", "lora", "revision", "source_language", "target_language")
#: OpenAI's own limit on the number of stop texts.
_MOST_STOPS = 4


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent.

    Attributes:
        path: below the endpoint, ``/chat/completions`` or ``/completions``.
        values: the JSON object.
        notes: what of the options is not sent, and why.
        newline: what the answer will have for a line break; empty: a line break.
    """

    path: str
    values: dict[str, Any]
    notes: tuple[str, ...]
    newline: str = ""

    @property
    def prompt(self) -> str | None:
        """The one text, where one is sent."""
        return self.values.get("prompt")


def build_body(request: Request, *, host: str, refused: Collection[str] = ()) -> Body:
    """The body for one request.

    Args:
        request: what to ask.
        host: the server's name; OpenAI's own takes fewer parameters than the others, and newer names.
        refused: parameters of theirs that this server has refused before.
    """
    options = request.options
    openai = host == "api.openai.com" or host.endswith(".openai.azure.com")
    notes: list[str] = []
    values: dict[str, Any] = {"model": options.model}
    if request.raw:
        path = _say_raw(request.messages, host, refused, values, notes)
    else:
        path = _say(request.messages, options, openai, values, notes)
    if path != COMPLETIONS:
        _continue(request.messages, host, openai or bool(CONTINUING.keys() & set(refused)), values, notes)
    for own, theirs in _SHARED.items():
        if (value := getattr(options, own)) is not None:
            values[theirs] = value
    if (most := options.max_new_tokens) is not None:
        newer = path == "/chat/completions" and (openai or "max_tokens" in refused)
        values["max_completion_tokens" if newer else "max_tokens"] = most
    for own, theirs in EXTENSIONS.items():
        if (value := getattr(options, own)) is None:
            continue
        if openai or theirs in refused:
            notes.append(f"{own} was not sent: {host} does not take it.")
        else:
            values[theirs] = value
    _chat_only(options, path, values, notes)
    _stops(options, openai, values, notes)
    notes.extend(
        f"{name} was not used: it is for Local models." for name in _LOCAL_ONLY if getattr(options, name) is not None
    )
    values.update((name, value) for name, value in (options.model_extra or {}).items() if name in _PASSED_ON)
    if request.stream:
        values["stream"] = True
        if "stream_options" not in refused:
            values["stream_options"] = {"include_usage": True}
    return Body(path, values, tuple(notes), values.pop("newline", ""))


def _say(messages: Sequence[Message], options: Options, openai: bool, values: dict[str, Any], notes: list[str]) -> str:
    template = options.template
    if template is not None and is_jinja(template):
        notes.append("template was not used: the server applies its own chat template.")
        template = None
    if template is not None and options.is_messages:
        notes.append("template was not used: is_messages asks for chat messages.")
        template = None
    form = find_format(template) if template is not None else None
    if form is not None:
        values["prompt"] = fill(form, messages)
        if isinstance(form, PromptType) and form.newline:
            values["prompt"] = values["prompt"].replace("\n", form.newline)
            values["newline"] = form.newline
        values["stop"] = list(form.stop)
        return COMPLETIONS
    if options.is_messages is False:
        values["prompt"] = write_plain(messages)
        return COMPLETIONS
    values["messages"] = [_message(m, openai) for m in messages]
    return "/chat/completions"


def _say_raw(
    messages: Sequence[Message], host: str, refused: Collection[str], values: dict[str, Any], notes: list[str]
) -> str:
    if COMPLETIONS not in refused:
        values["prompt"] = "".join(message.content for message in messages)
        return COMPLETIONS
    notes.append(f"{host} takes no bare text for this model: the text was sent as a user message.")
    values["messages"] = [{"role": message.role, "content": message.content} for message in messages]
    return "/chat/completions"


def _continue(
    messages: Sequence[Message], host: str, is_refused: bool, values: dict[str, Any], notes: list[str]
) -> None:
    """Where the newest message is an answer, it is to be gone on with."""
    if not messages or messages[-1].role != "assistant" or "tool_calls" in messages[-1].extra:
        return
    if is_refused:
        notes.append(f"{host} takes the answer so far as a message, but will begin a new answer after it.")
    else:
        values.update(CONTINUING)
        notes.append(f"{host} was asked to go on with its answer; a server that cannot will begin a new answer.")


def _message(message: Message, openai: bool) -> dict[str, Any]:
    role = "system" if message.role == "developer" and not openai else message.role
    if not message.extra:
        return {"role": role, "content": message.content}
    empty = not message.content and "tool_calls" in message.extra
    return {"role": role, "content": None if empty else message.content, **message.extra}


def _chat_only(options: Options, path: str, values: dict[str, Any], notes: list[str]) -> None:
    chat = path == "/chat/completions"
    for own, theirs in _CHAT_ONLY.items():
        if (value := getattr(options, own)) is not None:
            if chat:
                values[theirs] = value
            else:
                notes.append(f"{own} was not sent: it is for chat messages, and one text is sent.")
    if options.tools:
        tools = [tool for tool in options.tools if isinstance(tool, dict)]
        if not chat:
            notes.append("tools were not sent: they are for chat messages, and one text is sent.")
        elif tools:
            values["tools"] = tools
        if len(tools) < len(options.tools):
            notes.append("tools that are given by name only were not sent.")


def _stops(options: Options, openai: bool, values: dict[str, Any], notes: list[str]) -> None:
    stops = [*(options.stop or ()), *values.pop("stop", ())]
    if openai and len(stops) > _MOST_STOPS:
        del stops[_MOST_STOPS:]
        notes.append(f"only the first {_MOST_STOPS} stop texts were sent: OpenAI takes no more.")
    if stops:
        values["stop"] = stops
