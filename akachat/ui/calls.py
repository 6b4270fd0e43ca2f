"""What the page's script may call: each takes and gives one JSON object, and an error is part of the answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from akachat.errors import AkachatError, InvalidInput
from akachat.ui.view import error_view

__all__ = ["Answer", "Json", "answering", "internal", "object_of", "text_of"]

_LOG = logging.getLogger(__name__)

Json = dict[str, Any]
Answer = Callable[[Json], Awaitable[Json]]


def text_of(payload: Json, key: str) -> str:
    """A text of a payload; empty where it is missing.

    Raises:
        InvalidInput: it is no text.
    """
    value = payload.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{key} is no text")
    return value


def object_of(payload: Json, key: str) -> Json:
    """An object of a payload.

    Raises:
        InvalidInput: it is none.
    """
    value = payload.get(key)
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{key} is no JSON object", hint='Options look like {"temperature": 0.7}.')
    return {str(k): v for k, v in value.items()}


def internal() -> Json:
    """A defect of ours as an error; the console has the rest."""
    return {"type": "InternalError", "message": "", "hint": "", "line": None, "column": None}


def answering(name: str, call: Answer) -> Callable[..., Any]:
    """The call with errors as data: Gradio would answer an exception with a bare 500."""

    async def answer(payload: Any = None) -> Json:
        values: Json = payload if isinstance(payload, dict) else {}
        try:
            return await call(values)
        except AkachatError as error:
            instruction = values.get("instruction")
            return {"error": error_view(error, instruction if isinstance(instruction, str) else "")}
        except Exception:
            _LOG.exception("the page's call %s failed", name)
            return {"error": internal()}

    answer.__name__ = name
    return answer
