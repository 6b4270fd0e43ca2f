"""`/v1` by the `openai` client itself, plain and streaming, and by hand where the client cannot be wrong enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.serving import Serve, Server

USER: list[ChatCompletionMessageParam] = [{"role": "user", "content": "one two three"}]


@pytest.fixture(scope="module")
def server(serve: Serve, stub: str) -> Server:
    """A server whose prompts run on the stub."""
    made = serve(endpoints={"stub": {"url": stub}}, tokens=[{"name": "me", "role": "edit", "token": "edit-me"}])
    echo = {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms-echo"}
    made.write_prompt("echo", "Repeat.", echo)
    made.write_prompt("folder/日本", "繰り返して。", echo)
    made.write_prompt("words", "Words.", {**echo, "model": "stub-0ms"})
    made.write_prompt("failing", "Fail.", {**echo, "model": "stub-0ms-err400"})
    made.write_prompt("broken", "{nothing_of_that_name}", echo)
    made.write_prompt("var", "{var.mood}", echo)
    return made


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="sk-any", max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", ["echo", "prompt/echo", "folder/日本", "prompt/folder/日本"])
def test_a_prompt_is_a_model(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=USER)
    assert answer.choices[0].message.content == "one two three"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.object, answer.model) == ("chat.completion", model)
    assert answer.id.startswith("chatcmpl-")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_a_model_is_asked_without_an_instruction(server: Server, client: OpenAI) -> None:
    answer = client.chat.completions.create(model="stub-0ms-echo", messages=USER)
    assert answer.choices[0].message.content == "one two three"
    assert server.playground.runs(1)[0]["messages"] == [{"role": "user", "content": "one two three"}]


async def test_the_async_client(server: Server) -> None:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="sk-any") as client:
        answer = await client.chat.completions.create(model="echo", messages=USER)
        assert answer.choices[0].message.content == "one two three"
        stream = await client.chat.completions.create(model="echo", messages=USER, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        assert "".join(texts) == "one two three"


def test_a_stream_in_pieces(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="echo", messages=USER, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].delta.content for c in chunks[1:-1]] == ["one", " two", " three"]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert {(c.object, c.model, c.id) for c in chunks} == {("chat.completion.chunk", "echo", chunks[0].id)}
    assert all(c.usage is None for c in chunks)


def test_usage_comes_last_when_asked_for(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(model="echo", messages=USER, stream=True, stream_options={"include_usage": True})
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


def test_the_strict_streaming_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model="echo", messages=USER) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "content.delta" in kinds
    assert final.choices[0].message.content == "one two three"


def test_the_stream_on_the_wire(server: Server) -> None:
    body = {"model": "echo", "messages": USER, "stream": True}
    with server.http.stream("POST", "/v1/chat/completions", json=body) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in reply.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    assert json.loads(lines[0][6:])["choices"][0]["delta"] == {"role": "assistant", "content": ""}


def test_the_last_user_message_is_the_input(server: Server, client: OpenAI) -> None:
    turns: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": [{"type": "text", "text": "c"}]},
    ]
    answer = client.chat.completions.create(model="echo", messages=turns)
    assert answer.choices[0].message.content == "c"
    run = server.playground.runs(1)[0]
    assert run["input"] == "c"
    assert [m["content"] for m in run["history"]] == ["s", "a", "b"]
    client.chat.completions.create(model="echo", messages=turns[:3])
    run = server.playground.runs(1)[0]
    assert run["input"] == ""
    assert [m["content"] for m in run["history"]] == ["s", "a", "b"]


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"max_tokens": 3}, {"max_new_tokens": 3}),
        ({"max_completion_tokens": 3, "max_tokens": 9}, {"max_new_tokens": 3}),
        ({"temperature": 0, "top_p": 0.5, "seed": 7}, {"temperature": 0, "top_p": 0.5, "seed": 7}),
        ({"stop": "x"}, {"stop": ["x"]}),
        ({"stop": ["x", "y"]}, {"stop": ["x", "y"]}),
        ({"frequency_penalty": 1, "presence_penalty": -1}, {"frequency_penalty": 1, "presence_penalty": -1}),
        ({"top_k": 5, "min_p": 0.1, "repeat_penalty": 1.2}, {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.2}),
        ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
        ({"temperature": None, "stop": None}, {}),
        ({"user": "me", "store": False, "service_tier": "auto", "nonsense": 1}, {}),
    ],
)
def test_options(server: Server, options: dict[str, Any], seen: dict[str, Any]) -> None:
    reply = server.http.post("/v1/chat/completions", json={"model": "words", "messages": USER, **options})
    assert reply.status_code == 200, reply.text
    used = server.playground.runs(1)[0]["options"]
    base = {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms"}
    assert used == {**base, **seen}


def test_tools_pass_through(server: Server) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    body = {"model": "words", "messages": USER, "tools": [tool], "tool_choice": "auto"}
    assert server.http.post("/v1/chat/completions", json=body).status_code == 200
    assert server.playground.runs(1)[0]["options"]["tools"] == [tool]
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    told = [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "a cat"},
    ]  # fmt: skip
    assert server.http.post("/v1/chat/completions", json={**body, "messages": told}).status_code == 200


def test_variables_may_come_along(client: OpenAI, server: Server) -> None:
    client.chat.completions.create(model="var", messages=USER, extra_body={"var": {"mood": "gay"}})
    assert server.playground.runs(1)[0]["text"] == "gay"


def test_several_choices(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="echo", messages=USER, n=3)
    assert [(c.index, c.message.content) for c in answer.choices] == [(i, "one two three") for i in range(3)]
    texts: dict[int, str] = {}
    for chunk in client.chat.completions.create(model="echo", messages=USER, n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
    assert texts == {0: "one two three", 1: "one two three"}


def test_models(client: OpenAI) -> None:
    listed = {model.id: model.owned_by for model in client.models.list()}
    assert listed["echo"] == "akachat"
    assert "folder/日本" in listed
    assert "embedded" in listed
    for name in ("echo", "prompt/echo", "embedded", "folder/日本"):
        assert client.models.retrieve(name).id == name


# errors


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_not_found(client: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="ecco", messages=USER, stream=stream)
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"
    assert "echo" in caught.value.message
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("ecco")


@pytest.mark.parametrize("stream", [False, True])
def test_an_instructions_error_is_a_bad_request(client: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="broken", messages=USER, stream=stream)
    assert "line 1, column 2" in caught.value.message


def test_an_error_in_mid_stream_raises_in_the_client(server: Server, client: OpenAI) -> None:
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model="failing", messages=USER, stream=True))
    assert caught.value.message


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": USER}, None),
        ({"model": "echo"}, "messages"),
        ({"model": "echo", "messages": []}, "messages"),
        ({"model": "echo", "messages": "hello"}, "messages"),
        ({"model": "echo", "messages": [{"role": "nobody", "content": "x"}]}, None),
        ({"model": "echo", "messages": [{"role": "user"}]}, None),
        ({"model": "echo", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, None),
        ({"model": "echo", "messages": USER, "n": 0}, "n"),
        ({"model": "echo", "messages": USER, "n": 1000}, "n"),
        ({"model": "echo", "messages": USER, "n": True}, "n"),
        ({"model": "echo", "messages": USER, "temperature": "hot"}, None),
        ({"model": "echo", "messages": USER, "max_tokens": 0}, None),
        ({"model": "echo", "messages": USER, "stream": "yes"}, None),
        ({"model": 3, "messages": USER}, None),
        (b"{", None),
        (b"", None),
    ],
)
def test_bad_requests_have_openais_form(server: Server, body: Any, param: str | None) -> None:
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    reply = server.http.post("/v1/chat/completions", **sent)
    assert reply.status_code == 400
    assert set(reply.json()) == {"error"}
    found = reply.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["type"] == "invalid_request_error"
    assert found["param"] == param
    assert found["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", "/v1/chat/completions", 405)]
)
def test_other_errors_have_openais_form_too(server: Server, method: str, path: str, status: int) -> None:
    reply = server.http.request(method, path)
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


def test_from_elsewhere_a_token_is_the_key(server: Server) -> None:
    outside = {"x-forwarded-for": "8.8.8.8"}
    with OpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0, default_headers=outside) as client:
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
        known = client.with_options(api_key="edit-me")
        assert known.chat.completions.create(model="echo", messages=USER).choices[0].message.content
