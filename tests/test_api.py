"""The Web API over real HTTP: the envelope, running, streaming, stopping, saving, and what errors look like."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.serving import Serve, Server

#: With these no test waits for a model to be loaded.
OPTIONS = {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms-echo"}


@pytest.fixture(scope="module")
def server(serve: Serve, stub: str) -> Server:
    """A server whose prompts run on the stub."""
    made = serve(endpoints={"stub": {"url": stub}}, tokens=[{"name": "kiosk", "role": "run", "token": "run-me"}])
    echo = OPTIONS
    made.write_prompt("echo", "Repeat.", echo)
    made.write_prompt("日本/語", "繰り返して。", echo)
    made.write_prompt("named", "{var.who} says {input}", echo)
    made.write_prompt("slow", "Wait.", {**echo, "model": "stream-200tok-20ms"})
    made.write_prompt("calls slow", "{llm('slow', input)}", echo)
    made.write_prompt("failing", "Fail.", {**echo, "model": "stub-0ms-err400"})
    made.write_prompt("broken", "line one\n{nothing_of_that_name}", echo)
    made.write_prompt("chain", "{llm('echo', 'from below')}", echo)
    return made


def ask(server: Server, path: str, body: Any = None, method: str = "POST", **more: Any) -> httpx.Response:
    return server.http.request(method, path, json=body, **more)


def result(reply: httpx.Response) -> Any:
    body = reply.json()
    assert reply.status_code == 200, body
    assert set(body) == {"status", "servertime", "result", "detail"}
    assert body["status"] == 0
    assert abs(body["servertime"] - time.time()) < 60
    return body["result"]


def error(reply: httpx.Response) -> dict[str, Any]:
    body = reply.json()
    assert reply.status_code >= 400, body
    assert set(body) == {"status", "servertime", "result", "detail"}
    assert (body["status"], body["result"]) == (1, "")
    found: dict[str, Any] = body["detail"]["error"]
    assert {"type", "message", "hint", "line", "column"} <= set(found)
    assert "Traceback" not in reply.text
    return found


def events(reply: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in reply.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])
        else:
            assert line == "" or line.startswith(":")


# running


def test_a_raw_text_is_all_that_is_sent(server: Server) -> None:
    body = {"dir": "named", "input": "\\a\n[INST]", "messages": "user: before", "raw": True}
    reply = ask(server, "/api/llm/main", body)
    assert result(reply) == "\\a\n[INST]", "a caller's text is no typing: its backslashes stay"
    assert [m["content"] for m in reply.json()["detail"]["messages"]] == ["\\a\n[INST]"]
    assert result(ask(server, "/api/llm/main", {"input": "a b", "raw": True, **OPTIONS})) == "a b"
    detail = ask(server, "/api/llm/render", {**body, "input": "x"}).json()["detail"]
    assert (detail["raw"], detail["prompt"]) == (True, "x")


def test_an_answer_can_be_continued(server: Server) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "echo", "input": "x", "continue": "so far"})
    assert result(reply) == "x"
    assert reply.json()["detail"]["messages"][-1] == {"role": "assistant", "content": "so far"}
    options = {"location": "Local", "model": "embedded", "temperature": 0}
    body = {"instruction": "", "input": "こんにちは", "options": {**options, "max_new_tokens": 8}}
    whole = result(ask(server, "/api/llm/main", body))
    body["options"] = {**options, "max_new_tokens": 4}
    first = ask(server, "/api/llm/main", body)
    if first.json()["detail"]["finish_reason"] == "length":
        assert "cut after 4 tokens" in first.json()["detail"]["notes"][-1]
        assert result(first) + result(ask(server, "/api/llm/main", {**body, "continue": result(first)})) == whole


def test_a_cut_history_is_reported(server: Server) -> None:
    messages = [{"role": role, "content": role} for _ in range(3) for role in ("user", "assistant")]
    body = {"dir": "echo", "input": "x", "messages": messages, "history_turns": 1}
    cut = ask(server, "/api/llm/main", body).json()["detail"]["cut"]
    assert (cut["rules"], cut["dropped"], cut["summary"]) == (["history_turns"], 4, "")
    assert cut["tokens_before"] > cut["tokens_after"]


def test_callers_are_told_apart(server: Server) -> None:
    ask(
        server,
        "/api/llm/main",
        {"dir": "echo", "input": "x", "id": "by-token"},
        headers={"authorization": "Bearer run-me"},
    )
    ask(server, "/api/llm/main", {"dir": "chain", "input": "x", "id": "by-address"})
    runs = {entry["id"]: entry for entry in server.playground.runs()}
    assert runs["by-token"]["caller"] == "api token kiosk"
    assert runs["by-address"]["caller"] == "api 127.0.0.1"
    child = next(entry for entry in runs.values() if entry["parent"] == "by-address")
    assert child["caller"] == "api 127.0.0.1", "a called run is its caller's"


@pytest.mark.parametrize("path", ["/api/llm/main", "/api/prompt/infer"])
@pytest.mark.parametrize("key", ["dir", "name"])
def test_a_prompt_answers_in_the_envelope(server: Server, path: str, key: str) -> None:
    reply = ask(server, path, {key: "echo", "input": "こんにちは", "id": f"run{path}{key}".replace("/", "-")})
    assert result(reply) == "こんにちは"
    detail = reply.json()["detail"]
    assert detail["id"] == f"run{path}{key}".replace("/", "-")
    assert detail["finish_reason"] == "stop"
    assert detail["messages"] == [{"role": "system", "content": "Repeat."}, {"role": "user", "content": "こんにちは"}]
    assert detail["usage"]["total_tokens"] == detail["usage"]["prompt_tokens"] + detail["usage"]["completion_tokens"]
    assert detail["timings"]["total"] > 0
    assert detail["trace"] == []


def test_names_may_be_japanese_and_have_folders(server: Server) -> None:
    assert result(ask(server, "/api/llm/main", {"dir": "日本/語", "input": "猫"})) == "猫"


def test_raw_is_plain_text(server: Server) -> None:
    reply = ask(server, "/api/llm/raw", {"dir": "echo", "input": "猫"})
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.text == "猫"


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        "user: a\nai: b",
        ["user: a", "ai: b"],
    ],
)
def test_messages_precede_the_input(server: Server, messages: Any) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "echo", "input": "c", "messages": messages})
    assert result(reply) == "c"
    assert [(m["role"], m["content"]) for m in reply.json()["detail"]["messages"]] == [
        ("system", "Repeat."), ("user", "a"), ("assistant", "b"), ("user", "c")
    ]  # fmt: skip


def test_variables_of_the_call_go_before_the_saved_ones(server: Server) -> None:
    assert result(ask(server, "/api/var/who", {"value": "Aka"}, "PUT")) == "Aka"
    body = {"dir": "named", "input": "hello"}
    assert result(ask(server, "/api/llm/render", body)) == "Aka says hello"
    assert result(ask(server, "/api/llm/render", {**body, "var": {"who": "Ao"}})) == "Ao says hello"
    assert result(ask(server, "/api/llm/render", {**body, "var": {"who": 3}})) == "3 says hello"


@pytest.mark.parametrize("body", [{"max_new_tokens": 3}, {"options": {"max_new_tokens": 3}}, {"max_tokens": 3}])
def test_options_stand_in_the_body_or_in_options(server: Server, body: dict[str, Any]) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "echo", "input": "x", "model": "stub-0ms", **body})
    assert result(reply) == "the quick brown"


def test_the_body_may_begin_with_a_byte_order_mark(server: Server) -> None:
    reply = server.http.post("/api/llm/main", content=b'\xef\xbb\xbf{"dir": "echo", "input": "x"}')
    assert result(reply) == "x"


def test_a_prompt_may_have_a_routes_name(server: Server) -> None:
    assert result(ask(server, "/api/llm/save", {"dir": "main", "instruction": "M", "options": OPTIONS})) == "M"
    assert result(ask(server, "/api/llm?dir=main", method="GET")) == "M"
    assert result(ask(server, "/api/llm/main", {"dir": "main", "input": "x"})) == "x"
    assert result(ask(server, "/api/llm?dir=main", method="DELETE")) == ""
    assert ask(server, "/api/llm?dir=main", method="GET").status_code == 404


def test_an_instruction_may_come_with_the_call(server: Server) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "echo", "instruction": "{1 + 1}", "input": "x"})
    assert reply.json()["detail"]["messages"][0] == {"role": "system", "content": "2"}
    assert result(ask(server, "/api/llm/render", {**OPTIONS, "instruction": "{input!r}", "input": "猫"})) == "'猫'"


def test_a_call_to_another_prompt_is_in_the_trace(server: Server) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "chain", "input": "x"})
    (call,) = reply.json()["detail"]["trace"]
    assert (call["name"], call["result"]) == ("llm", "from below")


def test_the_body_needs_no_content_type(server: Server) -> None:
    reply = server.http.post("/api/llm/main", content=b'{"dir": "echo", "input": "x"}')
    assert result(reply) == "x"


# streaming


@pytest.mark.parametrize("path", ["/api/llm/stream", "/api/prompt/stream"])
def test_a_stream_tells_the_run_as_it_happens(server: Server, path: str) -> None:
    with server.http.stream("POST", path, json={"dir": "chain", "input": "one two three", "id": "mine"}) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["x-accel-buffering"] == "no"
        seen = list(events(reply))
    assert [name for name, _ in seen] == ["call", "rendered", "delta", "delta", "delta", "done"]
    assert [data["seq"] for _, data in seen] == list(range(6))
    assert {data["id"] for _, data in seen} == {"mine"}
    assert "".join(data["text"] for name, data in seen if name == "delta") == "one two three"
    assert seen[-1][1]["result"] == "one two three"


def test_an_error_before_the_first_event_is_an_http_error(server: Server) -> None:
    with server.http.stream("POST", "/api/llm/stream", json={"dir": "no such", "input": "x"}) as reply:
        reply.read()
        assert reply.status_code == 404
        assert error(reply)["type"] == "NotFound"


def test_a_later_error_is_an_event(server: Server) -> None:
    with server.http.stream("POST", "/api/llm/stream", json={"dir": "failing", "input": "x"}) as reply:
        assert reply.status_code == 200
        seen = list(events(reply))
    assert [name for name, _ in seen] == ["rendered", "error"]
    assert seen[-1][1]["error"]["message"]


def test_stop_gives_what_had_come(server: Server) -> None:
    answers: list[httpx.Response] = []
    body = {"dir": "slow", "input": "x", "id": "to stop"}
    thread = threading.Thread(target=lambda: answers.append(ask(server, "/api/llm/main", body)))
    with server.http.stream("POST", "/api/llm/stream", json={"dir": "slow", "input": "x", "id": "streamed"}) as reply:
        thread.start()
        seen = []
        for name, data in events(reply):
            seen.append((name, data))
            if len(seen) == 6:
                for id in ("streamed", "to stop"):
                    assert ask(server, "/api/llm/stop", {"id": id}).json()["detail"]["id"] == id
    thread.join()
    assert seen[-1][0] == "done"
    assert seen[-1][1]["finish_reason"] == "cancelled"
    assert seen[-1][1]["result"].startswith("the quick")
    assert len(seen) < 20
    assert answers[0].json()["detail"]["finish_reason"] == "cancelled"
    assert error(ask(server, "/api/llm/stop", {"id": "streamed"}))["type"] == "NotFound"


@pytest.mark.parametrize("path", ["/api/llm/stream", "/api/llm/main", "/api/llm/render", "/v1/chat/completions"])
def test_a_run_ends_when_its_caller_leaves(server: Server, stub: str, path: str) -> None:
    message = {"role": "user", "content": "x"}
    body = {"dir": "slow", "model": "slow", "messages": [message], "stream": True}
    if not path.startswith("/v1"):
        body = {"dir": "calls slow" if path.endswith("render") else "slow", "input": "x"}
    with httpx.Client(timeout=0.4) as client, suppress(httpx.TimeoutException):
        with client.stream("POST", server.url + path, json=body) as reply:
            next(reply.iter_lines())
        assert path not in ("/api/llm/main", "/api/llm/render"), "a plain answer does not begin before its end"
    deadline = time.monotonic() + 3  # left alone, it goes on for four seconds
    while httpx.get(stub.removesuffix("/v1") + "/stats").json()["active"]:
        assert time.monotonic() < deadline, "the model goes on for nobody"
        time.sleep(0.02)


# rendering


def test_render_asks_no_model(server: Server) -> None:
    reply = ask(server, "/api/llm/render", {"dir": "failing", "input": "x"})
    assert result(reply) == "Fail."
    assert reply.json()["detail"]["messages"][-1] == {"role": "user", "content": "x"}
    assert reply.json()["detail"]["trace"] == []


def test_render_without_calls_shows_a_placeholder(server: Server) -> None:
    body = {**OPTIONS, "instruction": "<{llm('echo', 'never asked before')}>", "input": "x"}
    assert "llm(" in result(ask(server, "/api/llm/render", {**body, "call": False}))
    assert result(ask(server, "/api/llm/render", body)) == "<never asked before>"


# errors


BAD: list[tuple[str, str, str, Any, int, str]] = [
    ("no body", "POST", "/api/llm/main", b"", 400, "empty"),
    ("no json", "POST", "/api/llm/main", b'{"dir": echo}', 400, "valid JSON"),
    ("not utf-8", "POST", "/api/llm/main", '{"dir": "日本"}'.encode("cp932"), 400, "valid JSON"),
    ("half a pair", "POST", "/api/llm/main", b'{"dir": "\\ud800"}', 400, "valid JSON"),
    ("a list", "POST", "/api/llm/main", [], 400, "list"),
    ("null", "POST", "/api/llm/main", b"null", 400, "null"),
    ("deep", "POST", "/api/llm/main", b'{"dir": "echo", "x": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "nested"),
    ("very deep", "POST", "/api/llm/main", b"[" * 100_000, 400, "valid JSON"),
    ("no prompt to delete", "DELETE", "/api/llm", None, 400, "dir"),
    ("no name", "POST", "/api/llm/main", {"input": "x"}, 400, "dir"),
    ("name is a number", "POST", "/api/llm/main", {"dir": 3}, 400, "dir"),
    ("unknown name", "POST", "/api/llm/main", {"dir": "ecco"}, 404, "echo"),
    ("path as a name", "POST", "/api/llm/main", {"dir": "../settings"}, 400, ".."),
    ("input is a list", "POST", "/api/llm/main", {"dir": "echo", "input": []}, 400, "input"),
    ("messages is a number", "POST", "/api/llm/main", {"dir": "echo", "messages": 3}, 400, "messages"),
    ("role unknown", "POST", "/api/llm/main", {"dir": "echo", "messages": [{"role": "x", "content": ""}]}, 400, "role"),
    ("var is a list", "POST", "/api/llm/main", {"dir": "echo", "var": []}, 400, "var"),
    ("value is an object", "POST", "/api/llm/main", {"dir": "echo", "var": {"a": {}}}, 400, "var.a"),
    ("options is a text", "POST", "/api/llm/main", {"dir": "echo", "options": "x"}, 400, "options"),
    ("option out of range", "POST", "/api/llm/main", {"dir": "echo", "temperature": 9}, 400, "temperature"),
    ("option of a wrong kind", "POST", "/api/llm/main", {"dir": "echo", "top_k": "many"}, 400, "top_k"),
    ("keep is a text", "POST", "/api/llm/main", {"dir": "echo", "keep": "yes"}, 400, "keep"),
    ("instruction is a number", "POST", "/api/llm/main", {"instruction": 3}, 400, "instruction"),
    ("call is a text", "POST", "/api/llm/render", {"dir": "echo", "call": "no"}, 400, "call"),
    ("stop without an id", "POST", "/api/llm/stop", {}, 400, "id"),
    ("save without a name", "POST", "/api/llm/save", {"instruction": "x"}, 400, "dir"),
    ("save without an instruction", "POST", "/api/llm/save", {"dir": "x"}, 400, "instruction"),
    ("save outside", "POST", "/api/llm/save", {"dir": "../../x", "instruction": "x"}, 400, ".."),
    ("save broken options", "POST", "/api/llm/save", {"dir": "x", "instruction": "", "top_p": 7}, 400, "top_p"),
    ("nowhere", "GET", "/api/nowhere", None, 404, "/api/nowhere"),
    ("wrong method", "GET", "/api/llm/main", None, 405, "POST"),
    ("wrong method on a list", "PATCH", "/api/messages", {}, 405, "GET"),
    ("no such variable", "GET", "/api/var/nothing", None, 404, "nothing"),
    ("variable outside", "PUT", "/api/var/..%2Fx", {"value": "x"}, 400, ".."),
    ("variable with a line end", "GET", "/api/var/a%0Ab", None, 400, "control"),
    ("path with a line end", "GET", "/api/llm%0A", None, 404, "nothing"),
    ("variable without a value", "PUT", "/api/var/x", {}, 400, "value"),
    ("variable is a number", "PUT", "/api/var/x", {"value": 3}, 400, "value"),
    ("limit is no number", "GET", "/api/messages?limit=many", None, 400, "limit"),
    ("no messages", "POST", "/api/messages", {}, 400, "messages"),
    ("messages is null", "POST", "/api/messages", b"null", 400, "messages"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"), [row[1:] for row in BAD], ids=[r[0] for r in BAD]
)
def test_errors_say_what_is_wrong(server: Server, method: str, path: str, body: Any, status: int, says: str) -> None:
    sent = {"content": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
    reply = server.http.request(method, path, **sent)
    found = error(reply)
    assert reply.status_code == status, found
    assert says in found["message"] + found["hint"]
    assert found["hint"]
    assert reply.headers["x-should-retry"] == "false"


def test_broken_json_has_its_place(server: Server) -> None:
    found = error(server.http.post("/api/llm/main", content=b'{\n  "dir": "echo",\n  "input": oops\n}'))
    assert (found["line"], found["column"]) == (3, 12)


def test_an_instructions_error_has_its_place(server: Server) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "broken", "input": "x"})
    found = error(reply)
    assert reply.status_code == 400
    assert found["type"] == "InstructionError"
    assert (found["line"], found["column"]) == (2, 2)


def test_405_names_what_is_allowed(server: Server) -> None:
    assert server.http.get("/api/llm/main").headers["allow"] == "POST"


def test_head_is_a_get_without_a_body(server: Server) -> None:
    reply = server.http.head("/api/llm")
    assert (reply.status_code, reply.content) == (200, b"")


def test_an_upstreams_error_is_told(server: Server) -> None:
    reply = ask(server, "/api/llm/main", {"dir": "failing", "input": "x"})
    assert reply.status_code >= 400
    assert error(reply)["message"]


# saving and listing


def test_a_prompt_is_saved_read_listed_and_deleted(server: Server) -> None:
    options = {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms-echo", "temperature": 0}
    reply = ask(server, "/api/llm/save", {"dir": "new/新", "instruction": "Hi {input}", "options": options})
    assert result(reply) == "Hi {input}"
    assert (server.root / "prompt" / "new" / "新.txt").read_text("utf-8") == "Hi {input}"
    assert "new/新" in result(server.http.get("/api/llm"))
    for where in ("/api/llm/new/新", "/api/llm?dir=new/新"):
        read = server.http.get(where)
        assert result(read) == "Hi {input}"
        assert read.json()["detail"]["options"] == options
    kept = ask(server, "/api/prompt/save", {"name": "new/新", "instruction": "Ho"}).json()["detail"]["options"]
    assert kept == options, "options that are not sent stay"
    flat = ask(server, "/api/llm/save", {"dir": "new/新", "instruction": "Ho", "temperature": 1}).json()
    assert flat["detail"]["options"]["temperature"] == 1
    result(server.http.delete("/api/llm/new/新"))
    assert error(server.http.get("/api/llm/new/新"))["type"] == "NotFound"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b'{"value": "x\\ny"}', "application/json"), (b'"x\\ny"', "application/json"), (b"x\ny", "text/plain")],
)
def test_variables(server: Server, content: bytes, kind: str) -> None:
    path = "/api/var/any key/キー"
    assert result(server.http.put(path, content=content, headers={"content-type": kind})) == "x\ny"
    assert result(server.http.get(path)) == "x\ny"
    assert "any key/キー" in result(server.http.get("/api/var"))
    result(server.http.delete(path))
    assert error(server.http.get(path))["type"] == "NotFound"


def test_messages(server: Server) -> None:
    a, b, c = ({"role": "user", "content": text} for text in "abc")
    result(ask(server, "/api/messages", {"messages": [a]}, "PUT"))
    result(ask(server, "/api/messages", b))
    result(ask(server, "/api/messages", [c]))
    assert result(server.http.get("/api/messages")) == [a, b, c]
    assert result(server.http.get("/api/messages?limit=2")) == [b, c]
    result(server.http.delete("/api/messages"))
    assert result(server.http.get("/api/messages")) == []
    result(ask(server, "/api/llm/main", {"dir": "echo", "input": "kept", "keep": True}))
    result(ask(server, "/api/llm/main", {"dir": "echo", "input": "not kept"}))
    assert [m["content"] for m in result(server.http.get("/api/messages"))] == ["kept", "kept"]


def test_models(server: Server) -> None:
    models = server.http.get("/api/models").json()["detail"]["models"]
    assert all({"name", "location", "loaded"} <= set(model) for model in models)


# roles


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x"}, 200),
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "temperature": 0, "model": "stub-0ms"}, 200),
        ("POST", "/api/llm/render", {"dir": "echo", "input": "x"}, 200),
        ("POST", "/v1/chat/completions", {"model": "echo", "messages": [{"role": "user", "content": "x"}]}, 200),
        ("GET", "/api/llm", None, 200),
        ("GET", "/v1/models", None, 200),
        ("POST", "/api/llm/main", {"instruction": "x"}, 403),
        ("POST", "/api/llm/render", {"instruction": "x"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "continue": "so far"}, 200),
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "raw": True}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "endpoint": "http://127.0.0.1:1/v1"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "base_url": "http://127.0.0.1:1/v1"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "location": "Local", "model": "some/model"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "lora": "some/lora"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "location": "Local", "revision": "refs/pr/1"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "template": "{% for m in messages %}{% endfor %}"}, 403),
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "keep": True}, 403),
        ("POST", "/api/llm/save", {"dir": "x", "instruction": "x"}, 403),
        ("GET", "/api/llm/echo", None, 403),
        ("GET", "/api/llm?dir=echo", None, 403),
        ("DELETE", "/api/llm/echo", None, 403),
        ("PUT", "/api/var/x", {"value": "x"}, 403),
        ("GET", "/api/var", None, 403),
        ("GET", "/api/messages", None, 403),
        ("DELETE", "/api/messages", None, 403),
    ],
)
def test_a_run_token_runs_saved_prompts_and_nothing_else(
    server: Server, method: str, path: str, body: Any, status: int
) -> None:
    reply = ask(server, path, body, method, headers={"authorization": "Bearer run-me"})
    assert reply.status_code == status, reply.text
    if status == 403:
        assert error(reply)["type"] == "NotAllowed"


# documentation


def test_the_documentation_needs_no_network(server: Server) -> None:
    page = server.http.get("/docs")
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui.LICENSE"):
        assert server.http.get(f"/docs/{name}").status_code == 200
    assert server.http.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_the_openapi_document_is_whole(server: Server) -> None:
    document = server.http.get("/openapi.json").json()
    assert {"/api/llm/main", "/api/llm/stream", "/v1/chat/completions", "/api/var/{key}"} <= set(document["paths"])
    schemas = document["components"]["schemas"]

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    assert {reference.rsplit("/", 1)[-1] for reference in references(document)} <= set(schemas)
    assert "temperature" in schemas["Options"]["properties"]
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(set(operations))
