"""The OpenAPI document, made from the endpoints and the options' own schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from akachat import __version__
from akachat.api.rag_schema import rag_schemas
from akachat.api.routing import Endpoint
from akachat.api.session_schema import session_schemas
from akachat.options import Options

__all__ = ["describe"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_MESSAGE: Schema = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {
        "role": {"type": "string", "enum": ["system", "developer", "user", "assistant", "tool"]},
        "content": _TEXT,
    },
}
_MESSAGES: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}
_CALL: Schema = {
    "dir": {**_TEXT, "description": "The prompt's name (`name` is taken too)."},
    "input": {**_TEXT, "description": "The user's newest text."},
    "messages": {**_MESSAGES, "description": "The conversation before it."},
    "var": {"type": "object", "additionalProperties": _TEXT, "description": "Variables of this run only."},
    "session": {**_TEXT, "description": "The conversation on the server that this run continues."},
    "turn": {
        "type": "integer",
        "description": "How many of the session's messages precede the run; those after them are replaced.",
    },
    "id": {**_TEXT, "description": "The run's id, to stop it by; a new one if empty."},
    "instruction": {**_TEXT, "description": "An instruction instead of the saved one (role `edit`)."},
    "raw": {
        "type": "boolean",
        "description": "`input` is all that the model receives, as it stands: no instruction, template and history "
        "(role `edit`).",
    },
    "continue": {**_TEXT, "description": "The answer so far; the result is what the model adds to it."},
    "options": {"$ref": "#/components/schemas/Options"},
}
_FIELDS: Schema = {
    "type": "object",
    "additionalProperties": _TEXT,
    "example": {"var1": "Hello {var2}", "var2": "{input}"},
}
_EXAMPLE = {"dir": "sample", "input": "こんにちは"}
_CHAT = {"model": "sample", "messages": [{"role": "user", "content": "こんにちは"}]}


def describe(endpoints: Iterable[Endpoint]) -> Schema:
    """The OpenAPI 3.1 document."""
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        if endpoint.shown:
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "akachat", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
    }


_ABOUT = (
    "A prompt is a function: name it, give it an input, and it answers. On this machine no token is needed; from "
    "elsewhere send one of the settings' tokens as `Authorization: Bearer …`. Options may stand among the body's own "
    "fields or in `options`. Clients made for OpenAI call `/v1` with a prompt's name as `model`."
)


def _operation(endpoint: Endpoint) -> Schema:
    role = "" if endpoint.role == "run" else "Needs the role `edit` from beyond this machine."
    operation: Schema = {
        "summary": endpoint.summary,
        "description": role,
        "operationId": f"{endpoint.method.lower()}{re.sub('[^a-zA-Z0-9]+', '_', endpoint.path)}".rstrip("_"),
        "tags": ["OpenAI" if endpoint.path.startswith("/v1") else endpoint.path.split("/")[2]],
        "responses": {
            "200": {"description": "The answer.", "content": {endpoint.media: {"schema": _schema(endpoint)}}},
            "default": {
                "description": "An error.",
                "content": {
                    "application/json": {
                        "schema": _reference("OpenAIError" if endpoint.path.startswith("/v1") else "Error")
                    }
                },
            },
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ] + [
        {"name": name, "in": "query", "required": False, "schema": _TEXT, "description": text}
        for name, text in endpoint.query.items()
    ]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        schema = _reference(endpoint.body) if isinstance(endpoint.body, str) else dict(endpoint.body)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _schema(endpoint: Endpoint) -> Schema:
    if endpoint.media != "application/json":
        return _TEXT
    return _reference(endpoint.reply) if isinstance(endpoint.reply, str) else dict(endpoint.reply)


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: Iterable[str], /, **properties: Mapping[str, Any]) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _envelope(detail: Schema, result: Schema | None = None, status: int = 0) -> Schema:
    return _object(
        ("status", "servertime", "result", "detail"),
        status={"type": "integer", "const": status},
        servertime={"type": "number", "description": "Seconds since 1970."},
        result=result or {},
        detail=detail,
    )


def _schemas() -> dict[str, Schema]:
    options = Options.model_json_schema(ref_template="#/components/schemas/{model}")
    options.pop("$defs", None)
    error = _object(
        ("type", "message", "hint", "line", "column"),
        type=_TEXT,
        message=_TEXT,
        hint=_TEXT,
        line={"type": ["integer", "null"]},
        column={"type": ["integer", "null"]},
    )
    finished = {
        "id": _TEXT,
        "finish_reason": {"type": "string", "enum": ["stop", "length", "cancelled", "tool_calls", "content_filter"]},
        "model": _TEXT,
        "messages": _MESSAGES,
        "usage": {"type": "object"},
        "timings": {"type": "object", "description": "Seconds."},
        "trace": {"type": "array", "items": {"type": "object"}, "description": "What the instruction called."},
        "notes": {"type": "array", "items": _TEXT},
        "cut": {"type": "object", "description": "What of the history went, where any did."},
    }
    run = {**_object(("dir",), **_CALL), "additionalProperties": True, "example": _EXAMPLE}
    prompt = _object(("name",), name=_TEXT, instruction=_TEXT, options=_reference("Options"))
    return {
        "Options": options,
        "Message": _MESSAGE,
        "Run": run,
        "Render": {**_object((), **_CALL, call={"type": "boolean"}, tokens={"type": "boolean"}), "example": _EXAMPLE},
        "Save": _object(("dir", "instruction"), dir=_TEXT, instruction=_TEXT, options=_reference("Options")),
        "Stop": _object(("id",), id=_TEXT, heard=_TEXT),
        "Settings": {"type": "object", "additionalProperties": True, "example": {"is_test": True}},
        "Test": {**_object((), endpoint={**_TEXT, "description": "Its name in the settings; empty: OpenAI."})},
        "Pad": _object(("fields",), fields=_FIELDS),
        "PadRender": _object(("fields",), fields=_FIELDS, input=_TEXT, messages=_MESSAGES, var=_CALL["var"]),
        "Value": _object(("value",), value=_TEXT),
        "Messages": _object(("messages",), messages=_MESSAGES),
        "Envelope": _envelope({"type": "object"}),
        "Finished": _envelope(_object((), **finished), _TEXT),
        "Prompt": _envelope(prompt, _TEXT),
        "Error": _envelope(_object(("error",), error=error), _TEXT, 1),
        **session_schemas(),
        **_model_schemas(),
        **rag_schemas(),
        **_openai_schemas(),
    }


def _model_schemas() -> dict[str, Schema]:
    whole = {"type": "integer"}
    progress = _object(
        ("stage",),
        stage={**_TEXT, "enum": ["open", "download", "wait", "read", "quantise", "move"]},
        done=whole,
        total=whole,
        unit={**_TEXT, "enum": ["bytes", "tensors", ""]},
        percent={"type": ["integer", "null"]},
    )
    model = _object(
        ("name", "location", "loaded", "state", "detail"),
        name=_TEXT,
        location=_TEXT,
        loaded={"type": "boolean"},
        state={**_TEXT, "enum": ["loaded", "loading", "downloading", "unloading", "failed", "ready"]},
        detail={"type": "object", "description": "Device, dtype, memory, class, context, queue, place, …"},
        progress=progress,
    )
    name = {**_TEXT, "description": "A Hugging Face name, a folder, `models/…`, or `embedded`."}
    wait = {"type": "boolean", "description": "false: answers at once, and GET /api/models tells how far it is."}
    revision = {**_TEXT, "description": "A branch, a tag or a commit."}
    force = {"type": "boolean", "description": "Downloads again what is there already."}
    memory = _object(("used", "free", "budget"), used=whole, free=whole, budget=whole)
    models = _object(("models", "memory"), models={"type": "array", "items": model}, memory=memory)
    load = _object(("model",), model=name, dtype=_TEXT, revision=revision, tokenizer=_TEXT, lora=_TEXT, wait=wait)
    download = _object(("model",), model=name, revision=revision, force=force, wait=wait)
    return {
        "Load": {**load, "example": {"model": "embedded", "wait": True}},
        "Unload": {**_object(("model",), model=name), "example": {"model": "embedded"}},
        "Download": {**download, "example": {"model": "Qwen/Qwen3-0.6B", "wait": False}},
        "Models": _envelope(models, {"type": "array", "items": _TEXT}),
        "Model": _envelope(model, _TEXT),
    }


def _openai_schemas() -> dict[str, Schema]:
    number, whole = {"type": "number"}, {"type": "integer"}
    model = _object(("id", "object"), id=_TEXT, object=_TEXT, created=whole, owned_by=_TEXT)
    error = _object(("message", "type"), message=_TEXT, type=_TEXT, param={}, code={})
    request = _object(
        ("model", "messages"),
        model={**_TEXT, "description": "A prompt's name, `prompt/…`, or a model's name."},
        messages={"type": "array", "items": {"type": "object"}},
        stream={"type": "boolean"},
        stream_options={"type": "object"},
        temperature=number,
        top_p=number,
        top_k=whole,
        min_p=number,
        max_tokens=whole,
        max_completion_tokens=whole,
        stop={},
        seed=whole,
        n=whole,
        frequency_penalty=number,
        presence_penalty=number,
        repetition_penalty=number,
        response_format={"type": "object"},
        tools={"type": "array", "items": {"type": "object"}},
        tool_choice={},
        var={"type": "object", "additionalProperties": _TEXT},
        session={**_TEXT, "description": "The conversation on the server that this continues."},
    )
    return {
        "ChatCompletionRequest": {**request, "example": _CHAT},
        "ChatCompletion": _object(
            ("id", "object", "created", "model", "choices"),
            id=_TEXT,
            object=_TEXT,
            created=whole,
            model=_TEXT,
            choices={"type": "array", "items": {"type": "object"}},
            usage={"type": "object"},
        ),
        "Model": model,
        "ModelList": _object(("object", "data"), object=_TEXT, data={"type": "array", "items": model}),
        "OpenAIError": _object(("error",), error=error),
    }
