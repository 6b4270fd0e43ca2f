"""What the documentation says of sessions: the bodies of their endpoints, and what comes back."""

from __future__ import annotations

from typing import Any

__all__ = ["session_schemas"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_MESSAGES: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}
_FACTS: Schema = {
    "title": _TEXT,
    "prompt": {**_TEXT, "description": "The saved prompt that it talks with; empty for a bare model."},
    "system": {**_TEXT, "description": "The system text of a bare model."},
    "options": {"type": "object", "description": "What differs from the prompt's options."},
}


def session_schemas() -> dict[str, Schema]:
    """The components by name."""
    whole = {"type": "integer"}
    known = {
        **_FACTS,
        "id": _TEXT,
        "created": {"type": "number", "description": "Seconds since 1970."},
        "updated": {"type": "number", "description": "When something was last said."},
        "parent": {**_TEXT, "description": "The session that it branched off."},
        "turn": {"type": ["integer", "null"], "description": "How many of that one's messages it began with."},
        "messages": _MESSAGES,
        "version": {**_TEXT, "description": "What changes when the messages do."},
    }
    session = _object(("id", "title", "messages", "version"), known)
    envelope = _object(
        ("status", "servertime", "result", "detail"),
        {"status": {**whole, "const": 0}, "servertime": {"type": "number"}, "result": _TEXT, "detail": session},
    )
    edit = {
        "messages": _MESSAGES,
        "version": {**_TEXT, "description": "As the editor saw it; empty: whatever is there."},
    }
    return {
        "Session": envelope,
        "SessionFacts": {**_object((), _FACTS), "example": {"title": "旅行の相談"}},
        "NewSession": {**_object((), {"id": _TEXT, **_FACTS, "messages": _MESSAGES}), "example": {"id": "taro"}},
        "Branch": {**_object((), {"turn": {**whole, "minimum": 0}}), "example": {"turn": 2}},
        "Edit": _object(("messages",), edit),
    }


def _object(required: tuple[str, ...], properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}
