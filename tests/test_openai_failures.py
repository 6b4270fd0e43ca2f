"""Servers that lie, hang, redirect and break off: each ends in a clear error, in time, and no key is in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest

from akachat.backends.base import Chunk
from akachat.backends.limits import BackendLimits
from akachat.errors import AkachatError, BackendError, BackendUnavailable, ModelError
from tests.lying import (
    GOOD,
    KEY,
    Script,
    answer,
    ask,
    backend,
    event,
    lying,
    piece,
    plain,
    read_request,
    stream_head,
    text,
)


@dataclass(frozen=True)
class Lie:
    id: str
    said: bytes
    error: type[AkachatError]
    words: str
    hint: str = ""
    then: str = "close"
    got: str = ""
    tries: int = 1


ERROR = b'data: {"error": {"message": "out of memory, key %b", "code": 503}}\n\n' % KEY.encode()
LIES = [
    Lie(
        "a web page", plain(200, b"<!DOCTYPE html><html>hi</html>", kind="text/html"), BackendError, "a web page", "/v1"
    ),
    Lie("a web page as an error", plain(404, b"<html>no</html>", kind="text/html"), BackendError, "a web page", "/v1"),
    Lie("no JSON", plain(200, b"{nonsense"), BackendError, "no JSON"),
    Lie("JSON without an answer", plain(200, b'{"ok": true}'), ModelError, "holds no answer"),
    Lie("a list", plain(200, b"[1]"), ModelError, "holds no answer"),
    Lie("not HTTP", b"SSH-2.0-OpenSSH_9.0\r\n\r\n", BackendError, "HTTP"),
    Lie("nothing at all", b"", BackendUnavailable, "closed the connection", tries=3),
    Lie("silence", b"", BackendUnavailable, "in time", "timeout", then="wait"),
    Lie(
        "half a body", plain(200, b'{"choices": [').replace(b"length: 13", b"length: 99"), BackendUnavailable, "closed"
    ),
    Lie("half a stream", stream_head() + piece(event("hel")), BackendUnavailable, "closed the connection", got="hel"),
    Lie(
        "a stream without an end",
        stream_head() + piece(event("hel")) + b"0\r\n\r\n",
        BackendError,
        "in the middle",
        got="hel",
    ),
    Lie(
        "silence in the middle",
        stream_head() + piece(event("hel")),
        BackendUnavailable,
        "in time",
        then="wait",
        got="hel",
    ),
    Lie(
        "an error in the middle",
        stream_head() + piece(event("hel") + ERROR),
        BackendUnavailable,
        "out of memory",
        got="hel",
    ),
    Lie("an error as an answer", plain(200, b'{"error": {"message": "no GPU"}}'), BackendError, "no GPU"),
    Lie("a broken event", stream_head() + piece(b"data: {broken\n\n"), BackendError, "no JSON object"),
    Lie("an event that is a list", stream_head() + piece(b"data: [1]\n\n"), BackendError, "no JSON object"),
    Lie("an endless line", stream_head() + piece(b"data: " + b"x" * 200_000), BackendError, "line_bytes", then="wait"),
    Lie(
        "an endless answer",
        stream_head() + piece(event("x" * 1000)) * 400,
        BackendError,
        "cut off",
        "answer_bytes",
        got="x" * 1000,
    ),
    Lie("a huge body", plain(200, b" " * 400_000), BackendError, "cut off", "answer_bytes"),
    Lie("endless pings", stream_head() + piece(b": ping\n\n") * 60_000, BackendError, "cut off"),
    Lie(
        "a redirect",
        plain(307, b"", "location: http://127.0.0.1:9/v1/chat/completions?k=1\r\n"),
        BackendError,
        "redirects to http://127.0.0.1:9",
        "not followed",
    ),
    Lie(
        "a wrong key",
        plain(401, b'{"error": {"message": "Incorrect API key provided: %b"}}' % KEY.encode()),
        BackendError,
        "401",
        "key",
    ),
    Lie(
        "no such model",
        plain(404, b'{"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}'),
        ModelError,
        "does not exist",
        "model's name",
    ),
    Lie(
        "too long",
        plain(400, b'{"error": {"message": "maximum context length is 8 tokens", "code": "context_length_exceeded"}}'),
        ModelError,
        "8 tokens",
        "history_threshold",
    ),
    Lie(
        "a refused option",
        plain(400, b'{"error": {"message": "unsupported", "param": "temperature"}}'),
        ModelError,
        "unsupported",
        "'temperature'",
    ),
    Lie("FastAPI's detail", plain(422, b'{"detail": [{"loc": ["body"], "msg": "bad"}]}'), ModelError, "bad"),
    Lie("too many", plain(429, b'{"error": "slow down"}'), BackendUnavailable, "slow down", "later", tries=3),
    Lie(
        "too many, for long",
        plain(429, b'{"error": "slow down"}', "retry-after: 3600\r\n"),
        BackendUnavailable,
        "slow down",
    ),
    Lie(
        "no money",
        plain(429, b'{"error": {"message": "You exceeded", "code": "insufficient_quota"}}'),
        BackendError,
        "exceeded",
        "spend",
    ),
    Lie("down", plain(503, b""), BackendUnavailable, "503", "later", tries=3),
    Lie("broken", plain(500, b'{"error": {"message": "boom"}}'), BackendError, "boom", tries=3),
]


@pytest.mark.parametrize("case", LIES, ids=lambda case: case.id)
async def test_every_lie_ends_in_a_clear_error(case: Lie) -> None:
    tries = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        while await read_request(reader) is not None:
            tries += 1
            writer.write(case.said)
            await writer.drain()
            if case.then == "wait":
                await asyncio.sleep(30)
            return

    limits = BackendLimits(read_timeout=0.3, retries=2, retry_wait=1, line_bytes=100_000, answer_bytes=300_000)
    async with lying(serve) as url, backend(limits) as made:
        got = ""
        started = time.perf_counter()
        with pytest.raises(case.error) as raised:  # noqa: PT012 - the pieces before the error count
            async for item in made.generate(ask(url)):
                assert isinstance(item, Chunk)
                got += item.text
        assert time.perf_counter() - started < 20  # whoever waits for the server waits for 30
    error = raised.value
    assert case.words in error.message + error.hint
    assert case.hint in error.hint
    assert got.startswith(case.got)
    assert KEY not in str(error) + repr(error.__dict__)
    assert "…" in error.message or KEY.encode() not in case.said
    assert tries == case.tries


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1"])
async def test_a_server_that_is_not_there(url: str) -> None:
    async with backend(BackendLimits(retries=1, connect_timeout=1)) as made:
        with pytest.raises(BackendUnavailable) as raised:
            await answer(made, ask(url))
    assert raised.value.hint


async def test_the_option_timeout_bounds_all_tries_and_the_answer(stub: str) -> None:
    async with backend() as made:
        for model in ("stream-500tok-20ms", "stub-0ms-err429"):
            started = time.perf_counter()
            with pytest.raises(BackendUnavailable):
                await answer(made, ask(stub, model, timeout=0.4))
            assert time.perf_counter() - started < 8  # the stream takes ten seconds, the tries many more


async def test_passing_failures_are_tried_again_and_the_wait_is_the_servers() -> None:
    script = Script([plain(503, b""), plain(429, b"", "retry-after-ms: 300\r\n"), GOOD])
    async with lying(script) as url, backend() as made:
        chunks, end = await answer(made, ask(url))
    assert (text(chunks), end.detail["tries"]) == ("yes", 3)
    assert script.times[2] - script.times[1] >= 0.3


async def test_nothing_is_tried_again_after_the_first_piece() -> None:
    script = Script([stream_head() + piece(event("hel") + ERROR), GOOD])
    async with lying(script) as url, backend() as made:
        with pytest.raises(BackendUnavailable):
            await answer(made, ask(url))
    assert len(script.seen) == 1


async def test_what_a_server_does_not_take_is_left_out_reported_and_remembered() -> None:
    refusal = b'{"error": {"message": "%s is not supported", "param": "%s"}}'
    script = Script([plain(400, refusal % (n, n)) for n in (b"stream_options", b"max_tokens", b"top_k")] + [GOOD])
    async with lying(script) as url, backend() as made:
        _, end = await answer(made, ask(url, max_new_tokens=5, top_k=3))
        assert len(end.detail["notes"]) == 3
        assert not end.usage.exact
        await answer(made, ask(url, max_new_tokens=5, top_k=3))
        prepared = await made.prepare(ask(url, top_k=3))
    assert "top_k was not sent" in prepared.notes[0]
    first, last = script.seen[0][1], script.seen[-1][1]
    assert {"stream_options", "max_tokens", "top_k"} <= set(first)
    assert len(script.seen) == 5
    assert not {"stream_options", "max_tokens", "top_k"} & set(last)
    assert last["max_completion_tokens"] == 5
