"""A prompt as judge: what it is asked, and its answer read as a score and a reason, or refused."""

from __future__ import annotations

import json
import math
from typing import Any

from akachat.batch.values import Result
from akachat.errors import BackendError
from akachat.events import RunRequest

__all__ = ["judge_request", "read_opinion"]

_MOST_CHARACTERS, _MOST_BRACES = 200_000, 1_000
_HINT = 'It must answer {"score": 0.7, "reason": "…"}, with a score from 0 to 1.'


def judge_request(prompt: str, result: Result) -> RunRequest:
    """The call of the judging prompt.

    It reads ``var.output``, ``var.input``, ``var.expected`` and the case's own columns; its input is the same three
    as JSON, for a prompt that reads no variables.
    """
    case = result.cell.case
    named = {name: _text(value) for name, value in case.named().items()}
    asked = {"input": case.input, "output": result.text, "expected": case.expected or ""}
    return RunRequest(
        prompt=prompt,
        input=json.dumps(asked, ensure_ascii=False),
        variables={**named, **asked},
        caller="judge",
        stream=False,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def read_opinion(text: str) -> tuple[float, str]:
    """The score and the reason of a judge's answer; of several objects with a score the last one counts.

    Models write text around their JSON and think aloud before it, where they may show the form that was asked of them.

    Raises:
        BackendError: no object with a score from 0 to 1 is in the answer. Never a guess: a broken judge must not pass.
    """
    decoder = json.JSONDecoder()
    found: dict[str, Any] | None = None
    at, tries = text.find("{"), 0
    text = text[:_MOST_CHARACTERS]
    while at >= 0 and tries < _MOST_BRACES:
        tries += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict) and "score" in value:
                found = value
        at = text.find("{", end)
    if found is None:
        raise BackendError("the judge's answer holds no JSON object with a score", hint=_HINT)
    score = found["score"]
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
        raise BackendError("the judge's score is no number", hint=_HINT)
    if not 0 <= score <= 1:
        raise BackendError(f"the judge's score is {score:g}", hint=_HINT)
    reason = found.get("reason", "")
    return float(score), " ".join(str(reason).split())[:1_000]
