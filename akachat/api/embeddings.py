"""`/v1/embeddings`: texts as vectors, as OpenAI's clients ask for them."""

from __future__ import annotations

import base64
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import Body, read_body
from akachat.api.replies import json_reply
from akachat.api.routing import Endpoint
from akachat.errors import InvalidInput
from akachat.playground import Playground

__all__ = ["EmbeddingRoutes"]


class EmbeddingRoutes:
    """The endpoint; the models are those of the libraries and those that the settings name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def endpoints(self) -> list[Endpoint]:
        """It, for the router and the documentation."""
        return [
            Endpoint(
                "POST", "/v1/embeddings", self.embed, "Texts as vectors", body="EmbeddingRequest", reply="Embeddings"
            )
        ]

    async def embed(self, request: Request) -> Response:
        """One vector a text, each of length 1."""
        body = await read_body(request)
        model = body.text("model", default=None)
        texts = self._texts(body)
        form = body.text("encoding_format", default="float")
        kind = _kind(body.text("input_type", default="passage"))
        if form not in ("float", "base64"):
            raise InvalidInput(f"`encoding_format` is {form!r}", hint="It takes float or base64.")
        dimensions = body.take("dimensions")
        if dimensions is not None and (isinstance(dimensions, bool) or not isinstance(dimensions, int)):
            raise InvalidInput(f"`dimensions` is {dimensions!r}", hint="It takes a whole number.")
        vectors, tokens = await self._playground.libraries.embed(texts, model, kind=kind, dimensions=dimensions)
        data = [
            {"object": "embedding", "index": index, "embedding": _written(vector, form)}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return json_reply({"object": "list", "data": data, "model": model, "usage": usage})

    def _texts(self, body: Body) -> list[str]:
        given = body.take("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts:
            raise InvalidInput("the body has no `input`", hint="Send a text or a list of texts.")
        if not all(isinstance(text, str) for text in texts):
            raise InvalidInput("`input` holds what is no text", hint="Token numbers are not taken; send the texts.")
        if not all(text.strip() for text in texts):
            raise InvalidInput("`input` holds an empty text", hint="Leave it out.")
        most = self._playground.settings.limits.embedding_inputs
        if len(texts) > most:
            raise InvalidInput(
                f"`input` holds {len(texts):,} texts, over the limit of {most:,}",
                hint="Send them in parts, or raise limits.embedding_inputs.",
            )
        return texts


def _written(vector: Any, form: str) -> Any:
    return vector.tolist() if form == "float" else base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _kind(given: str) -> Literal["query", "passage"]:
    if given == "query":
        return "query"
    if given == "passage":
        return "passage"
    raise InvalidInput(f"`input_type` is {given!r}", hint="It takes query or passage.")
