"""The backend for OpenAI-compatible servers: what is sent, what comes back, who may stop it."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.backends.limits import BackendLimits
from akachat.backends.openai import OpenAIBackend
from akachat.backends.openai.body import build_body
from akachat.backends.openai.failures import retry_after
from akachat.backends.openai.sse import DONE, EventStream
from akachat.backends.tokens import estimate_chat, estimate_text
from akachat.errors import BackendError, BackendUnavailable
from akachat.messages import Message
from tests.lying import (
    FAST,
    GOOD,
    KEY,
    SAID,
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

# what is sent


@dataclass(frozen=True)
class Sent:
    id: str
    options: dict[str, Any]
    expected: dict[str, Any]
    host: str = "127.0.0.1"
    notes: tuple[str, ...] = ()
    path: str = "/chat/completions"
    absent: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


BODIES = [
    Sent(
        "nothing set, nothing sent", {}, {"model": "m"}, absent=("temperature", "top_p", "max_tokens", "stop", "seed")
    ),
    Sent("zero is a value", {"temperature": 0, "seed": 0, "top_p": 0}, {"temperature": 0, "seed": 0, "top_p": 0}),
    Sent("length", {"max_new_tokens": 9}, {"max_tokens": 9}, absent=("max_completion_tokens",)),
    Sent(
        "length at OpenAI",
        {"max_tokens": 9},
        {"max_completion_tokens": 9},
        host="api.openai.com",
        absent=("max_tokens",),
    ),
    Sent("length where it was refused", {"max_tokens": 9}, {"max_completion_tokens": 9}, refused=("max_tokens",)),
    Sent(
        "penalties",
        {"frequency_penalty": 0.5, "presence_penalty": -1},
        {"frequency_penalty": 0.5, "presence_penalty": -1},
    ),
    Sent(
        "extensions go to other servers",
        {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.2, "chat_template_kwargs": {"enable_thinking": False}},
        {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.2, "chat_template_kwargs": {"enable_thinking": False}},
    ),
    Sent(
        "extensions are reported at OpenAI",
        {"top_k": 5, "min_p": 0.1},
        {},
        host="api.openai.com",
        notes=("top_k was not sent", "min_p was not sent"),
        absent=("top_k", "min_p"),
    ),
    Sent(
        "an extension that was refused",
        {"top_k": 5},
        {},
        refused=("top_k",),
        notes=("top_k was not sent",),
        absent=("top_k",),
    ),
    Sent("stop", {"stop": "###"}, {"stop": ["###"]}),
    Sent(
        "five stops at OpenAI",
        {"stop": list("abcde")},
        {"stop": list("abcd")},
        host="api.openai.com",
        notes=("first 4",),
    ),
    Sent("form", {"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
    Sent("tools", {"tools": [{"type": "function"}, "name"]}, {"tools": [{"type": "function"}]}, notes=("by name",)),
    Sent(
        "OpenAI's own parameters pass",
        {"reasoning_effort": "low", "tool_choice": "auto", "nonsense": 1},
        {"reasoning_effort": "low", "tool_choice": "auto"},
        absent=("nonsense",),
    ),
    Sent(
        "local options are reported",
        {"dtype": "int4", "lora": "x"},
        {},
        notes=("dtype", "lora"),
        absent=("dtype", "lora"),
    ),
    Sent(
        "one text",
        {"is_messages": False},
        {"prompt": "You are terse.\nuser: こんにちは hello\nai:"},
        path="/completions",
        absent=("messages",),
    ),
    Sent(
        "a format",
        {"template": "{instruction}|{input}|"},
        {"prompt": "You are terse.|こんにちは hello|"},
        path="/completions",
    ),
    Sent(
        "a prompt type",
        {"template": "vicuna", "stop": ["!"]},
        {"prompt": "You are terse. USER: こんにちは hello ASSISTANT:", "stop": ["!", "USER:"]},
        path="/completions",
    ),
    Sent(
        "a prompt type with a text of its own for line breaks",
        {"template": "rinna"},
        {"prompt": "ユーザー: You are terse.<NL>こんにちは hello<NL>システム: "},
        path="/completions",
        absent=("newline",),
    ),
    Sent("Jinja is the server's", {"template": "{{ messages }}"}, {}, notes=("template was not used",)),
    Sent(
        "messages win over a format", {"template": "{input}", "is_messages": True}, {}, notes=("template was not used",)
    ),
    Sent(
        "no form for one text",
        {"is_messages": False, "response_format": {"type": "json_object"}, "tools": [{}]},
        {},
        path="/completions",
        notes=("response_format", "tools"),
        absent=("response_format", "tools"),
    ),
]


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.id)
def test_options_become_a_body(case: Sent) -> None:
    body = build_body(ask("http://x/v1", "m", **case.options), host=case.host, refused=case.refused)
    assert body.path == case.path
    assert {key: body.values.get(key) for key in case.expected} == case.expected
    assert not set(case.absent) & set(body.values)
    assert len(body.notes) == len(case.notes)
    for wanted in case.notes:
        assert any(wanted in note for note in body.notes), body.notes


def test_messages_keep_their_other_keys_and_old_roles() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    messages = (
        Message("developer", "d"),
        Message("assistant", "", {"tool_calls": calls}),
        Message("tool", "42", {"tool_call_id": "1"}),
    )
    sent = build_body(ask("http://x/v1", messages=messages), host="x").values["messages"]
    assert sent == [
        {"role": "system", "content": "d"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "42", "tool_call_id": "1"},
    ]
    assert (
        build_body(ask("http://x/v1", messages=messages), host="api.openai.com").values["messages"][0]["role"]
        == "developer"
    )


# answers of a real upstream


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("is_messages", [None, False])
async def test_an_answer_is_the_same_in_pieces_and_whole(stub: str, stream: bool, is_messages: bool | None) -> None:
    async with backend() as made:
        chunks, end = await answer(made, ask(stub, "stub-0ms-5tok", stream=stream, is_messages=is_messages))
    assert text(chunks) == "the quick brown fox jumps"
    assert len(chunks) == (5 if stream else 1)
    assert (end.finish_reason, end.usage.completion_tokens, end.usage.exact) == ("stop", 5, True)
    assert end.detail["tries"] == 1
    assert end.detail["first_seconds"] <= end.detail["seconds"]


async def test_japanese_comes_character_by_character(stub: str) -> None:
    said = (Message("user", "吾輩は猫である。名前はまだ無い😀"),)
    async with backend() as made:
        chunks, _ = await answer(made, ask(stub, "stub-0ms-echo-chars", messages=said))
    assert [chunk.text for chunk in chunks] == list(said[0].content)


async def test_64_callers_are_served_side_by_side() -> None:
    together = asyncio.Barrier(64)  # nobody is answered before all are there

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader) is not None:
            await together.wait()
            writer.write(GOOD)
            await writer.drain()

    async with lying(serve) as url, backend(BackendLimits()) as made:
        answers = await asyncio.gather(*(answer(made, ask(url)) for _ in range(64)))
    assert {text(chunks) for chunks, _ in answers} == {"yes"}


@pytest.mark.parametrize("leave", ["close the iterator", "cancel the task"])
async def test_leaving_closes_the_connection(stub: str, leave: str) -> None:
    async with backend() as made, httpx.AsyncClient() as client:

        async def read() -> None:
            async with aclosing(made.generate(ask(stub, "stream-500tok-20ms"))) as chunks:  # type: ignore[type-var]
                async for _ in chunks:
                    begun.set()
                    if leave == "close the iterator":
                        break

        async def active() -> int:
            return int((await client.get(stub.removesuffix("/v1") + "/stats")).json()["active"])

        begun = asyncio.Event()
        task = asyncio.create_task(read())
        await begun.wait()
        if leave == "cancel the task":
            assert await active() == 1
            task.cancel()
        await asyncio.wait([task])
        deadline = time.monotonic() + 5  # left alone, it goes on for ten seconds
        while await active():
            assert time.monotonic() < deadline, "the upstream still generates"
            await asyncio.sleep(0.01)


async def test_a_kept_connection_is_used_again_after_a_stream() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await read_request(reader) is not None:
            writer.write(
                stream_head() + piece(event("a")) + piece(event("", "stop") + b"data: [DONE]\n\n") + b"0\r\n\r\n"
            )

    async with lying(serve) as url, backend() as made:
        for _ in range(5):
            await answer(made, ask(url))
    assert connections == 1


async def test_prepare_says_what_will_be_sent(stub: str) -> None:
    async with backend() as made:
        prepared = await made.prepare(ask(stub, top_k=3, dtype="fp16"))
        assert (prepared.prompt, prepared.messages, prepared.exact) == (None, SAID, False)
        assert prepared.options == {"top_k": 3}
        assert prepared.tokens == estimate_chat(SAID)
        assert "dtype" in prepared.notes[0]
        formatted = await made.prepare(ask(stub, template="<{input}>"))
        assert formatted.prompt == "You are terse.\n<こんにちは hello>" or "こんにちは hello" in (
            formatted.prompt or ""
        )
        count = await made.counter(ask(stub))
        assert count(SAID) == prepared.tokens


async def test_models_are_listed_and_a_dead_endpoint_is_left_out(stub: str) -> None:
    dead = "http://127.0.0.1:9/v1"
    made = OpenAIBackend(lambda name: (name or "", None), FAST, lambda: [stub, dead])
    try:
        listed = await made.models()
        assert "stub-0ms" in {info.name for info in listed}
        assert {info.detail["endpoint"] for info in listed} == {stub}
        with pytest.raises(BackendUnavailable):
            await made.models(dead)
    finally:
        await made.aclose()


async def test_a_key_goes_to_its_endpoint_only_and_none_means_a_dummy() -> None:
    other = Script([GOOD])
    async with lying(other) as elsewhere:
        script = Script([plain(308, b"", f"location: {elsewhere}/chat/completions\r\n")])
        async with lying(script) as url, backend() as made:
            with pytest.raises(BackendError):
                await answer(made, ask(url))
        assert f"Bearer {KEY}" in script.seen[0][0]
        assert not other.seen
        async with backend(key=None) as made:
            await answer(made, ask(elsewhere))
        assert "Authorization: Bearer none" in other.seen[0][0]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/openai", "/openai/chat/completions"),
    ],
)
async def test_an_endpoint_is_understood_in_its_usual_spellings(given: str, path: str) -> None:
    script = Script([GOOD])
    async with lying(script) as url, backend() as made:
        await answer(made, ask(url.removesuffix("/v1") + given))
    assert script.seen[0][0].startswith(f"POST {path} ")


PIECES = [
    ("reasoning_content", event("", reasoning_content="hm") + event("ok", "stop"), "ok", "hm", "stop"),
    ("reasoning", event("", reasoning="hm") + event("ok", "stop"), "ok", "hm", "stop"),
    (
        "thinking parts",
        event(
            "",
            content=[
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "ok"},
            ],
        )
        + event("", "stop"),
        "ok",
        "hm",
        "stop",
    ),
    ("length", event("ok", "length"), "ok", "", "length"),
    ("max_tokens", event("ok", "max_tokens"), "ok", "", "length"),
    ("content_filter", event("ok", "content_filter"), "ok", "", "content_filter"),
    ("an unknown reason", event("ok", "eos_token"), "ok", "", "stop"),
    ("refusal", event("", "stop", refusal="I cannot"), "I cannot", "", "content_filter"),
    ("no reason but [DONE]", event("ok") + b"data: [DONE]\n\n", "ok", "", "stop"),
    ("null delta", b'data: {"choices":[{"delta":null}]}\n\n' + event("ok", "stop"), "ok", "", "stop"),
    ("no choices", b'data: {"choices":[]}\n\n: ping\n\nevent: x\n' + event("ok", "stop"), "ok", "", "stop"),
]


@pytest.mark.parametrize(("sent", "said", "thought", "finish"), [p[1:] for p in PIECES], ids=[p[0] for p in PIECES])
async def test_what_servers_put_into_a_stream(sent: bytes, said: str, thought: str, finish: str) -> None:
    script = Script([stream_head() + piece(sent) + b"0\r\n\r\n"])
    async with lying(script) as url, backend() as made:
        chunks, end = await answer(made, ask(url))
    assert (text(chunks), "".join(c.reasoning for c in chunks), end.finish_reason) == (said, thought, finish)


async def test_tool_calls_are_passed_on() -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": "{}"}}
    sent = event("", tool_calls=[call]) + event("", tool_calls=[more]) + event("", "tool_calls")
    whole = {"choices": [{"message": {"content": None, "tool_calls": [{"id": "c"}]}, "finish_reason": "tool_calls"}]}
    script = Script([stream_head() + piece(sent) + b"0\r\n\r\n", plain(200, orjson.dumps(whole))])
    async with lying(script) as url, backend() as made:
        chunks, end = await answer(made, ask(url))
        assert [dict(c) for chunk in chunks for c in chunk.tool_calls] == [call, more]
        assert end.finish_reason == "tool_calls"
        chunks, end = await answer(made, ask(url, stream=False))
        assert [dict(c) for chunk in chunks for c in chunk.tool_calls] == [{"index": 0, "id": "c"}]


# the parts


STREAM = (
    b"\xef\xbb\xbf: hello\n\n".removeprefix(b"\xef\xbb\xbf")
    + 'data: {"a": "日本"}\n\n'.encode()
    + b'event: x\r\ndata: {"b": 1}\r\n\r\ndata: {"c":\ndata: 2}\n\ndata:{"d":3}\rdata: {"e": 4}\n\ndata: [DONE]\n\n'
)
EVENTS = [{"a": "日本"}, {"b": 1}, {"c": 2}, {"d": 3}, {"e": 4}, DONE]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_events_do_not_depend_on_where_the_stream_was_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    events = EventStream(1000)
    found = [e for a, b in pairwise(places) for e in events.feed(STREAM[a:b])]
    assert [*found, *events.finish()] == EVENTS


def test_an_event_may_end_with_the_stream() -> None:
    events = EventStream(1000)
    assert not list(events.feed(b'data: {"a": 1}'))
    assert list(events.finish()) == [{"a": 1}]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog.", 9, 13),
        ("吾輩は猫である。名前はまだ無い。", 10, 18),
        ("日本語と English を mix した文", 12, 18),
        ("Съешь ещё этих мягких французских булок", 10, 24),
        ("😀😀", 1, 4),
    ],
)
def test_the_estimate_is_near_what_vocabularies_give(said: str, least: int, most: int) -> None:
    assert least <= estimate_text(said) <= most
