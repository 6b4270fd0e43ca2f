"""OpenAI's objects: what a chat request asks for, and what a completion looks like."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akachat.api.bodies import Body
from akachat.backends.base import Usage
from akachat.errors import InvalidInput, NotFound
from akachat.events import Finished
from akachat.messages import Message, parse_messages

__all__ = [
    "ChatRequest",
    "ModelNotFound",
    "chunk",
    "completion",
    "finish_reason",
    "model_object",
    "read_chat",
    "usage_object",
]

#: Fields that are options of ours under the same name; other fields are ignored, as OpenAI-compatible servers do.
_OPTIONS = (
    "temperature", "top_p", "top_k", "min_p", "stop", "seed", "frequency_penalty", "presence_penalty",
    "response_format", "tools", "tool_choice", "parallel_tool_calls", "reasoning_effort",
)  # fmt: skip

#: Choices of one request; each is a run of its own.
_MOST_CHOICES = 16


class InvalidParameter(InvalidInput):
    """One field of the request cannot be used; ``param`` names it."""

    def __init__(self, param: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.param = param


class ModelNotFound(NotFound):
    """Neither a prompt nor a model has this name."""

    param = "model"
    code = "model_not_found"

    def __init__(self, name: str, names: Sequence[str]) -> None:
        near = difflib.get_close_matches(name.removeprefix("prompt/"), names, n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else "GET /v1/models lists what there is."
        super().__init__(f"there is no prompt or model {name!r}", hint=hint)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a caller of ``/v1/chat/completions`` asks for, in our words."""

    model: str
    input: str
    messages: tuple[Message, ...]
    variables: Mapping[str, str]
    session: str
    options: Mapping[str, Any]
    stream: bool
    include_usage: bool
    n: int


def read_chat(body: Body) -> ChatRequest:
    """Reads a request.

    The last message is the prompt's input where it is the user's, and the others are the conversation before it.

    Raises:
        InvalidInput: which field is wrong.
    """
    model = body.text("model", default=None)
    given = body.take("messages")
    if not isinstance(given, list):
        raise InvalidParameter(
            "messages", "`messages` is missing or no list", 'Send [{"role": "user", "content": "…"}].'
        )
    if not given:
        raise InvalidParameter("messages", "`messages` is empty", "Send at least one message.")
    messages = parse_messages(given)
    input = ""
    if messages and messages[-1].role == "user" and not messages[-1].extra:
        input, messages = messages[-1].content, messages[:-1]
    n = body.take("n")
    if n is not None and (not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _MOST_CHOICES):
        raise InvalidParameter("n", f"`n` is {n!r}", f"It takes a whole number from 1 to {_MOST_CHOICES}.")
    session = body.text("session")
    if session and (n or 1) > 1:
        raise InvalidParameter("n", "a session has one answer to each turn", "Leave out `n`, or the session.")
    return ChatRequest(
        model=model,
        input=input,
        messages=messages,
        variables=body.texts("var"),
        session=session,
        options=_options(body),
        stream=body.flag("stream"),
        include_usage=body.object("stream_options").get("include_usage") is True,
        n=n or 1,
    )


def _options(body: Body) -> dict[str, Any]:
    options: dict[str, Any] = {}
    limit = body.take("max_completion_tokens", "max_tokens")
    if limit is not None:
        options["max_new_tokens"] = limit
    penalty = body.take("repetition_penalty", "repeat_penalty")
    if penalty is not None:
        options["repetition_penalty"] = penalty
    for name in _OPTIONS:
        value = body.take(name)
        if value is not None:
            options[name] = value
    return options


def completion(id: str, model: str, finished: Sequence[Finished]) -> dict[str, Any]:
    """A whole completion; one choice for each run."""
    return {
        "id": f"chatcmpl-{id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [_choice(index, each) for index, each in enumerate(finished)],
        "usage": usage_object([each.usage for each in finished]),
        "system_fingerprint": None,
    }


def _choice(index: int, finished: Finished) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": finished.result, "refusal": None}
    if finished.reasoning:
        message["reasoning_content"] = finished.reasoning
    if finished.tool_calls:
        message["content"] = finished.result or None
        message["tool_calls"] = [dict(call) for call in finished.tool_calls]
    return {"index": index, "message": message, "logprobs": None, "finish_reason": finish_reason(finished)}


def chunk(id: str, model: str, index: int, delta: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
    """A piece of a streamed completion."""
    return {
        "id": f"chatcmpl-{id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}],
    }


def finish_reason(finished: Finished) -> str:
    """Why it ended, in OpenAI's words, which know no ``cancelled``."""
    return "stop" if finished.finish_reason == "cancelled" else finished.finish_reason


def usage_object(usages: Sequence[Usage]) -> dict[str, int]:
    """Tokens of all choices; the prompt is counted once, as it is one request."""
    prompt = usages[0].prompt_tokens if usages else 0
    answer = sum(usage.completion_tokens for usage in usages)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def model_object(name: str, owner: str) -> dict[str, Any]:
    """A model as ``/v1/models`` lists it."""
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
