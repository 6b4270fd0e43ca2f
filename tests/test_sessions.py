"""Conversations that are kept: by runs, by people's edits, by many writers, and through crashes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import AkachatError, Conflict, InvalidInput, NotFound
from akachat.events import Delta, Finished, RunRequest
from akachat.messages import Message
from akachat.playground import Playground
from akachat.settings import Limits
from akachat.workspace import Sessions, Workspace
from tests.models import make_parrot
from tests.serving import Serve, Server

posix = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a Unix matter")


def said(text: str) -> list[Message]:
    return [Message("user", text), Message("assistant", text.upper())]


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return make(tmp_path)


def make(root: Path, **limits: Any) -> Sessions:
    workspace = Workspace(root, lambda: Limits(**limits))
    workspace.open()
    return workspace.sessions


@pytest.fixture
def write(workspace_folder: Path, stub: str) -> Callable[..., None]:
    """Writes a prompt by hand; it is answered by the stub, which repeats the last user message."""

    def write(name: str, instruction: str, **options: Any) -> None:
        path = workspace_folder / "prompt" / name
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".txt").write_text(instruction, "utf-8")
        merged = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo", **options}
        path.with_suffix(".json").write_text(json.dumps(merged), "utf-8")

    return write


def plain(messages: Any) -> list[tuple[str, str]]:
    return [(m.role, m.content) for m in messages]


# files


def test_a_conversation_is_made_read_renamed_and_deleted(sessions: Sessions, tmp_path: Path) -> None:
    sessions.remember("太郎", said("こんにちは。\n二行目"), prompt="sample")
    sessions.remember("太郎", said("b"))
    info = sessions.load("太郎").info
    assert (info.title, info.prompt) == ("こんにちは。", "sample")
    lines = (tmp_path / "log" / "sessions" / "太郎.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["content"] for line in lines] == ["こんにちは。\n二行目", "こんにちは。\n二行目", "b", "B"]
    assert sessions.update("太郎", title="旅", options={"temperature": 0}).title == "旅"
    again = make(tmp_path).load("太郎")
    assert (again.info.title, again.info.options, len(again.messages)) == ("旅", {"temperature": 0}, 4)
    sessions.delete("太郎")
    assert sessions.list() == ((), False)
    assert sessions.messages("太郎") == ()
    assert sessions.restore("太郎").title == "旅"
    assert plain(make(tmp_path).load("太郎").messages) == plain(again.messages)
    with pytest.raises(NotFound):
        sessions.restore("太郎")


@pytest.mark.parametrize("id", ["../x", "a/b", "", "x" * 201, "a\nb", ".akachat-x", "nul"])
def test_ids_that_are_no_names_are_refused(sessions: Sessions, id: str, tmp_path: Path) -> None:
    for use in (sessions.load, sessions.messages, lambda id: sessions.remember(id, said("x")), sessions.delete):
        with pytest.raises(InvalidInput):
            use(id)
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_ids_that_differ_by_a_suffix_are_different(sessions: Sessions) -> None:
    for id in ("a", "a.json", "a.jsonl", "x" * 200):
        sessions.remember(id, said(id))
    assert sorted(info.id for info in sessions.list()[0]) == sorted(["a", "a.json", "a.jsonl", "x" * 200])
    assert [sessions.load(id).info.title[:7] for id in ("a", "a.json", "a.jsonl")] == ["a", "a.json", "a.jsonl"]


def test_the_list_is_newest_first_paged_and_searched(sessions: Sessions, tmp_path: Path) -> None:
    for n in range(30):
        sessions.remember(f"s{n:02}", said(f"title {n}\nCat" if n % 3 else "dog"))
        os.utime(tmp_path / "log" / "sessions" / f"s{n:02}.jsonl", (1_000 + n, 1_000 + n))
    first, more = sessions.list(10)
    assert ([info.id for info in first], more) == ([f"s{n:02}" for n in range(29, 19, -1)], True)
    last, more = sessions.list(10, 20)
    assert ([info.id for info in last], more) == ([f"s{n:02}" for n in range(9, -1, -1)], False)
    found, more = sessions.list(5, 2, search="CAT title")
    assert ([info.id for info in found], more) == (["s26", "s25", "s23", "s22", "s20"], True)
    assert sessions.list(search="nothing like it") == ((), False)


def test_a_branch_and_an_edit(sessions: Sessions) -> None:
    sessions.remember("a", [*said("one"), *said("two")])
    before = sessions.load("a")
    branch = sessions.branch("a", 2)
    assert (branch.parent, branch.turn, branch.title) == ("a", 2, "one")
    assert plain(sessions.load(branch.id).messages) == plain(said("one"))
    edited = sessions.edit("a", said("three"), before.version)
    assert plain(edited.messages) == plain(said("three"))
    with pytest.raises(Conflict):
        sessions.edit("a", said("four"), before.version)
    assert plain(sessions.load("a").messages) == plain(said("three"))
    for turn in (-1, 3):
        with pytest.raises(InvalidInput):
            sessions.branch("a", turn)
    with pytest.raises(Conflict):
        sessions.create("a")
    with pytest.raises(NotFound):
        sessions.edit("b", said("x"))


def test_old_ones_go_beyond_the_limits(tmp_path: Path) -> None:
    folder = tmp_path / "log" / "sessions"
    free = make(tmp_path, sessions=0)
    for n in range(8):
        free.remember(f"s{n}", said("x"))
        os.utime(folder / f"s{n}.jsonl", (1_000 + n, 1_000 + n))
    assert len(free.list()[0]) == 8
    few = make(tmp_path, sessions=5)
    assert [info.id for info in few.list()[0]] == ["s7", "s6", "s5", "s4", "s3"]
    few.remember("new", said("x"))
    assert [info.id for info in few.list()[0]] == ["new", "s7", "s6", "s5", "s4"]
    young = make(tmp_path, session_days=1)
    assert [info.id for info in young.list()[0]] == ["new"]
    assert sorted(path.name for path in folder.iterdir()) == ["new.json", "new.jsonl"]


def test_the_oldest_messages_of_a_long_one_go(tmp_path: Path) -> None:
    sessions = make(tmp_path, session_bytes=4_096)
    for n in range(100):
        sessions.remember("long", said(f"{n} {'x' * 100}"))
    messages = sessions.messages("long")
    assert (tmp_path / "log" / "sessions" / "long.jsonl").stat().st_size <= 4_096
    assert messages[-1].content.startswith("99 ")
    assert messages[0].role == "user"
    sessions.remember("long", said("y" * 9_000))
    assert plain(sessions.messages("long")) == plain(said("y" * 9_000)), "the newest turn stays, whatever its size"


@settings(max_examples=80, deadline=None)
@given(
    turns=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3), min_size=1),
    cut=st.integers(0, 400),
)
def test_a_turn_that_a_crash_cut_off_never_was(turns: list[list[str]], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sessions = Sessions(os.path.realpath(folder), Limits)
        for turn in turns:
            sessions.remember("a", [Message("user", text) for text in turn])
        path = Path(folder) / "log" / "sessions" / "a.jsonl"
        data = path.read_bytes()
        path.write_bytes(data[: max(0, len(data) - cut)])
        left = plain(Sessions(os.path.realpath(folder), Limits).messages("a"))
        whole = [plain(Message("user", text) for turn in turns[:n] for text in turn) for n in range(len(turns) + 1)]
        assert left in whole
        again = Sessions(os.path.realpath(folder), Limits)
        again.remember("a", said("after"))
        assert plain(again.messages("a")) == [*left, *plain(said("after"))]
        torn = path.with_name("a.jsonl.torn")
        kept = path.read_bytes() + (torn.read_bytes() if torn.exists() else b"")
        assert len(kept) >= len(data) - cut, "nothing is thrown away"


# processes

WRITER = """
import sys
from akachat.messages import Message
from akachat.workspace import Workspace
root, me = sys.argv[1], sys.argv[2]
sessions = Workspace(root).sessions
print("ready", flush=True); sys.stdin.readline()
for n in range(10_000):
    text = f"{me} {n} " + "x" * (n * 997 % 30_000)
    for id in ("shared", f"own-{me}"):
        sessions.remember(id, [Message("user", text), Message("assistant", text)])
    print(n, flush=True)
    if n == int(sys.argv[3]):
        break
"""


def start(root: Path, me: int, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(me), str(last)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_write_into_one_conversation(sessions: Sessions, tmp_path: Path) -> None:
    writers = [start(tmp_path, me, 20) for me in (1, 2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        with writer:
            writer.communicate("\n", timeout=60)
        assert writer.returncode == 0
    texts = [m.content.partition(" x")[0].strip() for m in sessions.messages("shared")]
    assert all(a == b for a, b in zip(texts[::2], texts[1::2], strict=True)), "no turn lies within another"
    assert sorted(texts) == sorted([f"{me} {n}" for me in (1, 2) for n in range(21)] * 2)
    assert {info.id for info in sessions.list()[0]} == {"shared", "own-1", "own-2"}


@posix
def test_a_killed_writer_leaves_whole_turns(tmp_path: Path) -> None:
    sessions = make(tmp_path)
    acknowledged = -1
    for me in range(3):
        writer = start(tmp_path, me, 9_999)
        assert writer.stdin is not None
        assert writer.stdout is not None
        with writer:
            writer.stdout.readline()
            writer.stdin.write("\n")
            writer.stdin.flush()
            time.sleep(0.25)
            writer.send_signal(signal.SIGKILL)
            acknowledged = max([-1, *(int(line) for line in writer.stdout if line.strip())])
        texts = [m.content.partition(" x")[0].strip() for m in make(tmp_path).messages(f"own-{me}")]
        assert texts[::2] == texts[1::2]
        assert texts[::2] == [f"{me} {n}" for n in range(len(texts) // 2)]
        assert len(texts) // 2 > acknowledged, "what was said to be done is there"
    sessions.remember("shared", said("after"))
    assert sessions.messages("shared")[-1].content == "AFTER"
    assert not list(tmp_path.rglob("*.tmp"))


# runs


@pytest.mark.anyio
async def test_a_run_continues_its_session(playground: Playground, write: Callable[..., None]) -> None:
    write("echo", "Repeat.")
    for text in ("one", "two"):
        finished = await playground.run(RunRequest("echo", input=text, session="taro"))
    assert plain(finished.messages) == [
        ("system", "Repeat."),
        *[("user", "one"), ("assistant", "one")],
        ("user", "two"),
    ]
    session = await playground.sessions.load("taro")
    assert plain(session.messages) == [(role, text) for text in ("one", "two") for role in ("user", "assistant")]
    assert (session.info.title, session.info.prompt) == ("one", "echo")
    facts = session.messages[-1].extra["run"]
    assert (facts["id"], facts["finish_reason"], facts["completion_tokens"]) == (finished.id, "stop", 1)
    assert playground.list_messages() == (), "a run writes to its session only"
    rendered = await playground.render(RunRequest("echo", input="x", session="taro", messages=(Message("user", "y"),)))
    assert [m.content for m in rendered.messages] == ["Repeat.", "one", "one", "two", "two", "y", "x"]
    assert all(not m.extra for m in rendered.messages), "no model is sent a stored answer's facts"


@pytest.mark.anyio
async def test_an_instruction_that_calls_msg_places_the_session_itself(
    playground: Playground, write: Callable[..., None]
) -> None:
    write("echo", "Repeat.")
    write("own", "{iif(input == 'use', msg(2), '')}")
    write("child", "{msg(1)}")
    write("nested", "{llm('child', 'x')}!")
    await playground.append_messages([Message("user", "not of the session")])
    for text in ("one", "two"):
        await playground.run(RunRequest("echo", input=text, session="taro"))
    for text, wanted in (("use", ["two", "two", "use"]), ("not", ["one", "one", "two", "two", "not"])):
        rendered = await playground.render(RunRequest("own", input=text, session="taro"))
        assert [m.content for m in rendered.messages] == wanted
    nested = await playground.run(RunRequest("nested", input="y", session="taro"))
    assert [m.content for m in nested.messages] == ["x!", "one", "one", "two", "two", "y"]


@pytest.mark.anyio
async def test_an_answer_is_gone_on_with_and_a_turn_replaced(
    playground: Playground, write: Callable[..., None]
) -> None:
    write("echo", "Repeat.")
    for text in ("one", "two"):
        await playground.run(RunRequest("echo", input=text, session="s"))
    finished = await playground.run(RunRequest("echo", session="s", continues="two"))
    assert [m.content for m in finished.messages] == ["Repeat.", "one", "one", "two", "two"]
    assert plain((await playground.sessions.load("s")).messages)[2:] == [
        ("user", "two"),
        ("assistant", "two" + finished.result),
    ]
    await playground.run(RunRequest("echo", input="new", session="s", turn=2))
    assert [m.content for m in (await playground.sessions.load("s")).messages] == ["one", "one", "new", "new"]
    with pytest.raises(InvalidInput, match="4 messages"):
        await playground.run(RunRequest("echo", input="x", session="s", turn=5))
    write("broken", "{nothing}")
    with pytest.raises(AkachatError):
        await playground.run(RunRequest("broken", input="x", session="s", turn=0))
    assert len((await playground.sessions.load("s")).messages) == 4, "what fails replaces nothing"
    await playground.run(RunRequest("echo", input="raw", session="s", raw=True))
    assert len((await playground.sessions.load("s")).messages) == 4, "a raw text stands outside"


@pytest.mark.anyio
@pytest.mark.parametrize("heard", [None, "the quick", ""])
async def test_a_stopped_answer_is_remembered_as_far_as_it_was_heard(
    playground: Playground, write: Callable[..., None], heard: str | None
) -> None:
    write("slow", "Tell.", model="stream-200tok-10ms")
    result = ""
    async for event in playground.stream(RunRequest("slow", input="x", session="s", id="mine")):
        if isinstance(event, Delta) and event.seq == 5:
            assert playground.stop("mine", heard)
        if isinstance(event, Finished):
            result = event.result
    assert result
    messages = plain((await playground.sessions.load("s")).messages)
    answer = result if heard is None else heard
    assert messages == [("user", "x"), *([("assistant", answer)] if answer else [])]


@pytest.mark.anyio
async def test_a_reader_that_leaves_does_not_undo_what_was_said(
    playground: Playground, write: Callable[..., None]
) -> None:
    write("slow", "Tell.", model="stream-200tok-10ms")
    async with aclosing(playground.stream(RunRequest("slow", input="x", session="s"))) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, Delta) and event.seq == 5:
                break
    (_, answer) = (await playground.sessions.load("s")).messages
    assert answer.content
    assert answer.extra["run"]["finish_reason"] == "cancelled"


@pytest.mark.anyio
async def test_a_sessions_history_is_trimmed_as_any(playground: Playground, write: Callable[..., None]) -> None:
    write("echo", "Repeat.", history_turns=1)
    for text in ("one", "two", "three"):
        finished = await playground.run(RunRequest("echo", input=text, session="s"))
    assert [m.content for m in finished.messages] == ["Repeat.", "two", "two", "three"]
    last = (await playground.sessions.load("s")).messages[-1]
    assert last.extra["run"]["dropped"] == 2


@pytest.mark.anyio
async def test_a_long_session_never_outgrows_its_model(playground: Playground, tmp_path: Path) -> None:
    model = make_parrot(tmp_path / "parrot", "yes", context=160)
    options = {"model": str(model), "template": "chatml", "max_new_tokens": 8}
    for n in range(12):
        request = RunRequest(instruction="Say yes.", input=f"question {n}", session="s", options=options)
        finished = await playground.run(request)
        assert finished.result == "yes"
    assert finished.cut is not None
    assert finished.cut.rules == ("context",)
    assert len((await playground.sessions.load("s")).messages) == 24


@pytest.mark.anyio
async def test_many_runs_in_many_sessions_at_once(playground: Playground, write: Callable[..., None]) -> None:
    write("echo", "Repeat.")
    await asyncio.gather(
        *(playground.run(RunRequest("echo", input=f"{n} {m}", session=f"s{n}")) for n in range(20) for m in range(5))
    )
    for n in range(20):
        texts = [m.content for m in (await playground.sessions.load(f"s{n}")).messages]
        assert texts[::2] == texts[1::2]
        assert sorted(texts[::2]) == [f"{n} {m}" for m in range(5)]


# the Web API


@pytest.fixture(scope="module")
def server(serve: Serve, stub: str) -> Server:
    made = serve(endpoints={"stub": {"url": stub}}, tokens=[{"name": "kiosk", "role": "run", "token": "run-me"}])
    made.write_prompt("echo", "Repeat.", {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms-echo"})
    made.write_prompt("slow", "Wait.", {"location": "OpenAI", "endpoint": "stub", "model": "stream-200tok-20ms"})
    return made


def detail(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()["detail"]


def call(server: Server, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
    return server.http.request(method, path, json=body, **more)


def test_the_api_keeps_conversations(server: Server) -> None:
    for text in ("one", "two"):
        call(server, "POST", "/api/llm/main", {"dir": "echo", "input": text, "session": "名前 1"})
    chat = {"model": "echo", "messages": [{"role": "user", "content": "three"}], "session": "名前 1"}
    assert call(server, "POST", "/v1/chat/completions", chat).json()["choices"][0]["message"]["content"] == "three"
    assert call(server, "POST", "/v1/chat/completions", {**chat, "n": 2}).status_code == 400
    read = detail(server.http.get("/api/sessions/名前 1"))
    assert [m["content"] for m in read["messages"]] == ["one", "one", "two", "two", "three", "three"]
    assert "名前 1" in [each["id"] for each in detail(server.http.get("/api/sessions"))["sessions"]]
    assert detail(call(server, "PUT", "/api/sessions/名前 1", {"title": "新"}))["title"] == "新"
    branch = detail(call(server, "POST", "/api/sessions/名前 1/branch", {"turn": 2}))
    assert (branch["parent"], branch["turn"], branch["title"]) == ("名前 1", 2, "新")
    edit = {"messages": read["messages"][:2], "version": read["version"]}
    assert len(detail(call(server, "PUT", "/api/sessions/名前 1/messages", edit))["messages"]) == 2
    assert call(server, "PUT", "/api/sessions/名前 1/messages", edit).status_code == 409
    detail(call(server, "DELETE", "/api/sessions/名前 1"))
    assert server.http.get("/api/sessions/名前 1").status_code == 404
    detail(call(server, "POST", "/api/sessions/名前 1/restore"))
    assert len(detail(server.http.get("/api/sessions/名前 1"))["messages"]) == 2


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("markdown", "# hi\n\n## user\n\nhi\n\n## assistant\n\nhi\n"),
        ("jsonl", '{"role":"user","content":"hi"}\n{"role":"assistant","content":"hi"}\n'),
        ("text", "user: hi\nai: hi\n"),
    ],
)
def test_a_conversation_is_taken_elsewhere(server: Server, kind: str, wanted: str) -> None:
    call(server, "POST", "/api/llm/main", {"dir": "echo", "input": "hi", "session": f"out-{kind}"})
    assert server.http.get(f"/api/sessions/out-{kind}?format={kind}").text == wanted


def test_a_closed_connection_leaves_what_was_said(server: Server) -> None:
    body = {"dir": "slow", "input": "x", "session": "left"}
    with server.http.stream("POST", "/api/llm/stream", json=body) as reply:
        lines = reply.iter_lines()
        while not next(lines).startswith("event: delta"):
            pass
    deadline = time.monotonic() + 10
    while server.http.get("/api/sessions/left").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [m["role"] for m in detail(server.http.get("/api/sessions/left"))["messages"]] == ["user", "assistant"]


BAD: list[tuple[str, str, Any, int]] = [
    ("GET", "/api/sessions/nobody", None, 404),
    ("GET", "/api/sessions?limit=x", None, 400),
    ("GET", "/api/sessions/out-text?format=pdf", None, 400),
    ("PUT", "/api/sessions/out-text", {}, 400),
    ("PUT", "/api/sessions/out-text", {"title": 3}, 400),
    ("PUT", "/api/sessions/out-text/messages", {}, 400),
    ("PUT", "/api/sessions/out-text/messages", {"messages": [{"role": "x"}]}, 400),
    ("POST", "/api/sessions/out-text/branch", {"turn": "x"}, 400),
    ("POST", "/api/sessions/out-text/branch", {"turn": 99}, 400),
    ("POST", "/api/sessions", {"id": "a/b"}, 400),
    ("POST", "/api/sessions", {"id": "out-text"}, 409),
    ("POST", "/api/sessions/nobody/restore", None, 404),
    ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "session": "../x"}, 400),
    ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "session": "s", "turn": "one"}, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
def test_errors_say_what_is_wrong(server: Server, method: str, path: str, body: Any, status: int) -> None:
    call(server, "POST", "/api/llm/main", {"dir": "echo", "input": "hi", "session": "out-text"})
    reply = call(server, method, path, body)
    assert reply.status_code == status, reply.text
    assert reply.json()["detail"]["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "session": "kiosk"}, 200),
        ("POST", "/api/llm/main", {"dir": "echo", "input": "x", "session": "kiosk", "turn": 0}, 403),
        ("GET", "/api/sessions", None, 403),
        ("GET", "/api/sessions/kiosk", None, 403),
        ("DELETE", "/api/sessions/kiosk", None, 403),
        ("PUT", "/api/sessions/kiosk/messages", {"messages": []}, 403),
    ],
)
def test_a_run_token_talks_and_reads_no_conversations(
    server: Server, method: str, path: str, body: Any, status: int
) -> None:
    reply = call(server, method, path, body, headers={"authorization": "Bearer run-me"})
    assert reply.status_code == status, reply.text
