"""Chunks out of a server's JSON: whole answers and stream events, chat and plain completions alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akachat.backends.base import Chunk, FinishReason, Usage

__all__ = ["Answer"]

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


class Answer:
    """What has come so far.

    Attributes:
        parts: the texts that came, for an estimate where the server counts nothing.
        finish: why it ended, None while it has not.
        usage: the server's own count, None where it does not say.
        facts: the server's id and model, for the trace.
    """

    __slots__ = ("facts", "finish", "parts", "usage")

    def __init__(self) -> None:
        self.finish: FinishReason | None = None
        self.usage: Usage | None = None
        self.parts: list[str] = []
        self.facts: dict[str, Any] = {}

    def read(self, event: Mapping[str, Any]) -> Chunk | None:
        """The piece of the answer in one JSON object; None where it holds none."""
        if not self.facts:
            self.facts = {key: event[key] for key in ("id", "model") if isinstance(event.get(key), str)}
        usage = event.get("usage")
        if isinstance(usage, dict):
            self.usage = _usage(usage)
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return None
        choice = choices[0]
        reason = choice.get("finish_reason")
        if reason is not None:
            self.finish = _REASONS.get(str(reason), "stop")
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, dict):
            text, reasoning = _content(said.get("content"))
            reasoning = _text(said.get("reasoning_content")) or _text(said.get("reasoning")) or reasoning
            calls = said.get("tool_calls")
            tools = tuple(_call(c, i) for i, c in enumerate(calls) if isinstance(c, dict)) if calls else ()
            if said.get("refusal") and not text:
                text, self.finish = _text(said["refusal"]), "content_filter"
        else:
            text, reasoning, tools = _text(choice.get("text")), "", ()
        if not text and not reasoning and not tools:
            return None
        self.parts.append(text or reasoning)
        return Chunk(text, reasoning, 0, tools)


def _content(content: object) -> tuple[str, str]:
    """Text and reasoning of a ``content``, which some servers send as a list of parts."""
    if isinstance(content, str):
        return content, ""
    text = reasoning = ""
    if isinstance(content, list):
        for part in content:
            if not isinstance(part, dict):
                continue
            if part.get("type") == "thinking":
                inner = part.get("thinking")
                reasoning += _content(inner)[0] if isinstance(inner, list) else _text(inner)
            else:
                text += _text(part.get("text"))
    return text, reasoning


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _call(call: Mapping[str, Any], index: int) -> Mapping[str, Any]:
    return call if "index" in call else {"index": index, **call}


def _usage(usage: Mapping[str, Any]) -> Usage:
    def number(key: str) -> int:
        value = usage.get(key)
        return value if isinstance(value, int) else 0

    return Usage(number("prompt_tokens"), number("completion_tokens"))
