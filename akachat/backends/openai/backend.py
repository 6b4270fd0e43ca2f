"""The backend for any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from akachat.backends.base import Chunk, End, ModelInfo, Prepared, Request, Token, Usage
from akachat.backends.limits import BackendLimits
from akachat.backends.newlines import Newlines
from akachat.backends.openai.answer import Answer
from akachat.backends.openai.body import COMPLETIONS, CONTINUING, EXTENSIONS, Body, build_body
from akachat.backends.openai.failures import failure_in_stream
from akachat.backends.openai.sse import DONE, EventStream
from akachat.backends.openai.transport import Endpoint, Refused, Transport, refusal, told
from akachat.backends.tokens import estimate_chat, estimate_text
from akachat.errors import AkachatError, BackendError, ModelError
from akachat.messages import Message
from akachat.options import DEFAULTS, Options

if TYPE_CHECKING:
    import aiohttp

__all__ = ["OPENAI_URL", "OpenAIBackend", "ResolveEndpoint", "SecretKey"]

OPENAI_URL = "https://api.openai.com/v1"
#: How long to wait for the end of a stream that has said it is done, to keep its connection.
_LAST_BYTES = 0.05
_LIST_TIMEOUT = 5.0
#: Statuses of a route that is not there, or not for this model.
_NO_ROUTE = frozenset({404, 405, 501})
#: What ``Prepared.options`` tells; the server's own defaults are not known here.
_SAMPLING = (*(name for name in DEFAULTS if name != "timeout"), "seed", "stop")


class SecretKey(Protocol):
    """A key that shows itself only when asked."""

    def reveal(self) -> str:
        """The key."""
        ...


#: An endpoint's name, URL or None (the default one) to its URL and its key.
ResolveEndpoint = Callable[[str | None], tuple[str, SecretKey | None]]


class OpenAIBackend:
    """Answers by asking a server.

    Args:
        resolve_endpoint: where to ask, and the key that belongs there.
        limits: what it may use.
        endpoints: the names of the endpoints whose models ``models`` lists.
    """

    def __init__(
        self,
        resolve_endpoint: ResolveEndpoint,
        limits: BackendLimits | None = None,
        endpoints: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._resolve = resolve_endpoint
        self._limits = limits or BackendLimits()
        self._endpoints = endpoints
        self._transport = Transport(self._limits)
        self._refused: dict[tuple[str, str], frozenset[str]] = {}

    def is_at_hand(self, options: Options) -> bool:
        """Always: what is sent is known here, and only sending it asks somebody."""
        return True

    async def prepare(self, request: Request) -> Prepared:
        """What will be sent; nothing is sent yet."""
        endpoint = self._endpoint(request)
        body = self._body(request, endpoint)
        chosen = {name: value for name in _SAMPLING if (value := getattr(request.options, name)) is not None}
        tokens = _estimate(body, request.messages)
        return Prepared(body.prompt, request.messages, tokens, False, body.notes, chosen, own=(endpoint, body))

    async def counter(self, request: Request) -> Callable[[Sequence[Message]], int]:
        """Counts by an estimate, because the model's tokenizer is elsewhere."""
        endpoint = self._endpoint(request)

        def count(messages: Sequence[Message]) -> int:
            return _estimate(self._body(replace(request, messages=tuple(messages)), endpoint), messages)

        return count

    async def spell(self, request: Request, prepared: Prepared, most: int) -> tuple[Token, ...] | None:
        """None: the model's tokenizer is elsewhere."""
        return None

    async def context(self, options: Options) -> int | None:
        """Nothing says it: servers differ, and so do their models."""
        return None

    async def generate(self, request: Request) -> AsyncIterator[Chunk | End]:
        """Asks the server; see ``Backend.generate``."""
        made: tuple[Endpoint, Body | None] = (
            request.prepared.own if request.prepared else (self._endpoint(request), None)
        )
        endpoint, ready = made
        timeout = request.options.timeout
        started = monotonic()
        deadline = started + (DEFAULTS["timeout"] if timeout is None else timeout)
        first: float | None = None
        mended: list[str] = []
        while True:
            body = ready or self._body(request, endpoint)
            ready = None
            try:
                async with self._transport.post(
                    endpoint, body.path, orjson.dumps(body.values), deadline=deadline
                ) as reply:
                    answer, newlines = Answer(), Newlines(body.newline)
                    if reply.response.content_type == "text/event-stream":
                        async with aclosing(self._read_stream(reply.response, answer, endpoint)) as pieces:
                            async for chunk in pieces:
                                if first is None:
                                    first = monotonic() - started
                                yield replace(chunk, text=newlines.push(chunk.text)) if body.newline else chunk
                    elif (whole := await self._read_whole(reply.response, answer, endpoint)) is not None:
                        first = monotonic() - started
                        yield replace(whole, text=newlines.push(whole.text)) if body.newline else whole
                    if rest := newlines.flush():
                        yield Chunk(rest)
                    seconds = monotonic() - started
                    detail = {**answer.facts, "tries": reply.tries, "first_seconds": first, "seconds": seconds}
                    if mended:
                        detail["notes"] = mended
                    yield End(answer.finish or "stop", _usage(answer, request), detail)
                    return
            except Refused as refused:
                note = self._mend(refused, request, endpoint, body)
                if note is None:
                    raise refused.error from None
                mended.append(note)

    async def models(self, endpoint: str | None = None) -> list[ModelInfo]:
        """The models of one endpoint, or of all in the settings; one that does not answer in 5 s is left out."""
        if endpoint is not None:
            return await self._list(endpoint)
        found = await asyncio.gather(*(self._list(name) for name in self._endpoints()), return_exceptions=True)
        models: list[ModelInfo] = []
        for one in found:
            if isinstance(one, list):
                models.extend(one)
            elif not isinstance(one, AkachatError):
                raise one
        return models

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._transport.aclose()

    async def _list(self, name: str) -> list[ModelInfo]:
        endpoint = self._named(name)
        async with self._transport.get(endpoint, "/models", _LIST_TIMEOUT) as response:
            if response.status != 200:
                raise await refusal(response, endpoint)
            raw = await _bounded(response, self._limits.answer_bytes, endpoint)
        found = _object(raw, endpoint).get("data")
        if not isinstance(found, list):
            raise BackendError(f"{endpoint.url} lists no models", hint="Does its address end in /v1?")
        names = [entry["id"] for entry in found if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
        return [ModelInfo(model, "OpenAI", True, {"endpoint": name}) for model in names]

    def _endpoint(self, request: Request) -> Endpoint:
        return self._named(request.options.endpoint)

    def _named(self, name: str | None) -> Endpoint:
        url, key = self._resolve(name)
        return Endpoint(_base(url), None if key is None else key.reveal() or None)

    def _body(self, request: Request, endpoint: Endpoint) -> Body:
        refused = self._refused.get((endpoint.url, request.options.model), frozenset())
        return build_body(request, host=endpoint.host, refused=refused)

    def _mend(self, refused: Refused, request: Request, endpoint: Endpoint, body: Body) -> str | None:
        """Remembers what this server does not take, so that the next body is without it; None if nothing fits."""
        place = (endpoint.url, request.options.model)
        known = self._refused.get(place, frozenset())
        if request.raw and body.path == COMPLETIONS and refused.refusal.status in _NO_ROUTE:
            self._refused[place] = known | {COMPLETIONS}
            return self._body(request, endpoint).notes[0]
        for name in ("stream_options", "max_tokens", *EXTENSIONS.values(), *CONTINUING):
            if name in body.values and refused.refusal.complains_of(name):
                self._refused[place] = known | {name}
                if name == "max_tokens":
                    return "the server takes max_completion_tokens instead of max_tokens."
                return f"{name} was not sent: {endpoint.host} does not take it."
        return None

    async def _read_whole(self, response: aiohttp.ClientResponse, answer: Answer, endpoint: Endpoint) -> Chunk | None:
        with told(endpoint, self._limits):
            raw = await _bounded(response, self._limits.answer_bytes, endpoint)
        event = _object(raw, endpoint)
        if event.get("error"):
            raise failure_in_stream(event, endpoint.url, endpoint.key)
        whole = answer.read(event)
        if whole is None and answer.finish is None:
            raise _no_answer(endpoint)
        return whole

    async def _read_stream(
        self, response: aiohttp.ClientResponse, answer: Answer, endpoint: Endpoint
    ) -> AsyncGenerator[Chunk]:
        events = EventStream(self._limits.line_bytes)
        read = 0
        done = False
        while True:
            with told(endpoint, self._limits):
                data = await response.content.readany()
            if not data:
                break
            read += len(data)
            if read > self._limits.answer_bytes:
                raise _too_much(endpoint, self._limits.answer_bytes)
            for event in events.feed(data):
                if event is DONE:
                    done = True
                    break
                if event.get("error"):
                    raise failure_in_stream(event, endpoint.url, endpoint.key)
                chunk = answer.read(event)
                if chunk is not None:
                    yield chunk
            if done:
                break
        if done:
            with suppress(BackendError), told(endpoint, self._limits):
                async with asyncio.timeout(_LAST_BYTES):
                    await response.content.readany()
            return
        for event in events.finish():
            if event is not DONE and (chunk := answer.read(event)) is not None:
                yield chunk
            done = done or event is DONE
        if not done and answer.finish is None:
            raise BackendError(
                f"{endpoint.url} ended its answer in the middle", hint="Try again; the server's log may say why."
            )


def _estimate(body: Body, messages: Sequence[Message]) -> int:
    """About how many tokens the server has to read."""
    tokens = estimate_chat(messages) if body.prompt is None else estimate_text(body.prompt)
    if "tools" in body.values:
        tokens += estimate_text(orjson.dumps(body.values["tools"]).decode())
    return tokens


def _base(url: str) -> str:
    """The base of a server's routes: without a trailing slash or route, and with ``/v1`` where there is no path."""
    base = url.strip().rstrip("/")
    for route in ("/chat/completions", "/completions", "/responses", "/models"):
        base = base.removesuffix(route)
    return base if "/" in base.partition("://")[2] else base + "/v1"


async def _bounded(response: aiohttp.ClientResponse, most: int, endpoint: Endpoint) -> bytes:
    size = response.content_length
    if size is not None and size <= most:
        return await response.read()
    parts: list[bytes] = []
    total = 0
    async for data in response.content.iter_any():
        total += len(data)
        if total > most:
            raise _too_much(endpoint, most)
        parts.append(data)
    return b"".join(parts)


def _object(raw: bytes, endpoint: Endpoint) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        html = b"<html" in raw[:2000].lower() or raw[:100].lstrip().lower().startswith(b"<!doctype")
        what = "a web page" if html else "something that is no JSON"
        raise BackendError(
            f"{endpoint.url} answered with {what}", hint="Check the endpoint; for most servers it ends in /v1."
        ) from None
    if not isinstance(found, dict):
        raise _no_answer(endpoint)
    return found


def _no_answer(endpoint: Endpoint) -> ModelError:
    return ModelError(
        f"{endpoint.url} answered with JSON that holds no answer",
        hint="Check that it is an OpenAI-compatible server and that the endpoint ends where it should (mostly /v1).",
    )


def _too_much(endpoint: Endpoint, most: int) -> BackendError:
    return BackendError(
        f"{endpoint.url} sent more than {most:,} bytes and was cut off",
        hint="Set max_new_tokens; the bound is the limit `answer_bytes`.",
    )


def _usage(answer: Answer, request: Request) -> Usage:
    if answer.usage is not None:
        return answer.usage
    return Usage(estimate_chat(request.messages), estimate_text("".join(answer.parts)), exact=False)
