"""The OpenAPI schemas of libraries and embeddings, each with an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akachat.retrieval.configuration import Configuration

__all__ = ["rag_schemas"]

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_FLAG = {"type": "boolean"}


def rag_schemas() -> dict[str, dict[str, Any]]:
    """Name -> schema."""
    library = {**_TEXT, "description": "The library's name (`name` is taken too)."}
    brought = {
        "text": {**_TEXT, "description": "Text to bring in; `file` may name it."},
        "file": {
            **_TEXT,
            "description": "With `text`: its name. In a form: a file of any kind, or a zip; many may come.",
        },
        "url": {**_TEXT, "description": "An http(s) address."},
        "zip_url": {**_TEXT, "description": "The address of a zip."},
    }
    wait = {**_FLAG, "description": "false: answers at once with the job's id in `detail.job`."}
    query = {**_TEXT, "description": "What to look for."}
    k = {**_WHOLE, "minimum": 1, "maximum": 1000}
    mode = {**_TEXT, "enum": ["", "keyword", "semantic", "hybrid"]}
    some = {"dir": "manual", "query": "保証期間は？"}
    hit = _object(text=_TEXT, score={"type": "number"}, file=_TEXT, place=_TEXT, library=_TEXT, headings=_list(_TEXT))
    charset = {**_TEXT, "description": "The encoding of text files; empty to find it out."}
    settings = Configuration.model_json_schema()
    return {
        "RagSave": _object(
            {"dir": "manual", "text": "保証期間は二年です。", "file": "保証.txt"},
            dir=library,
            charset=charset,
            replace={**_FLAG, "description": "Drop what came from a zip of this name before and is not in it now."},
            wait=wait,
            **brought,
        ),
        "RagSearch": _object({**some, "k": 3}, dir={"anyOf": [library, _list(_TEXT)]}, query=query, k=k, mode=mode),
        "RagMain": _object({"text": "本社は福岡にあります。", "query": "本社はどこ"}, query=query, k=k, **brought),
        "RagSync": _object({"dir": "manual"}, dir=library, wait=wait),
        "RagRemove": _object({"dir": "manual", "files": ["保証.txt"]}, dir=library, files=_list(_TEXT)),
        "RagCharset": _object(
            {"dir": "manual", "file": "保証.txt", "charset": "cp932"}, dir=library, file=_TEXT, charset=charset
        ),
        "RagPassages": _object(
            {"dir": "manual", "file": "保証.txt"}, dir=library, file=_TEXT, offset=_WHOLE, limit=_WHOLE
        ),
        "RagSettings": {**settings, "example": {"model": "intfloat/multilingual-e5-small", "search": "auto"}},
        "Hits": _object(result=_TEXT, detail=_object(hits=_list(hit))),
        "EmbeddingRequest": _object(
            {"model": "intfloat/multilingual-e5-small", "input": ["こんにちは"]},
            model=_TEXT,
            input={"anyOf": [_TEXT, _list(_TEXT)]},
            encoding_format={**_TEXT, "enum": ["float", "base64"]},
            dimensions=_WHOLE,
            input_type={**_TEXT, "enum": ["query", "passage"], "description": "For models that tell them apart."},
        ),
        "Embeddings": _object(object=_TEXT, data=_list({"type": "object"}), model=_TEXT, usage={"type": "object"}),
    }


def _object(example: Mapping[str, Any] | None = None, /, **properties: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return {**schema, "example": dict(example)} if example else schema


def _list(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}
