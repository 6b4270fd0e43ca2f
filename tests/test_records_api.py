"""The doors to what is kept: runs, lines of messages and many variables, over the Web API and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands import Ended
from tests.serving import write_prompt

if TYPE_CHECKING:
    from tests.serving import Serve, Server


@pytest.fixture(scope="module")
def served(serve: Serve, stub: str) -> Server:
    server = serve(tokens=[{"token": "run-token-0123456789", "role": "run", "name": "r"}])
    echo = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    server.write_prompt("echo", "Echo.", echo)
    server.write_prompt("other", "Other.", {**echo, "model": "stub-0ms-other"})
    return server


def run(server: Server, input: str) -> dict[str, Any]:
    answer: dict[str, Any] = server.http.post("/api/llm/main", json={"dir": "echo", "input": input}).json()
    return answer


def test_runs_are_searched_page_by_page(served: Server) -> None:
    made = [run(served, f"page {n} 猫")["detail"]["id"] for n in range(5)]
    found: list[str] = []
    cursor = ""
    while True:
        query: dict[str, str | int] = {
            "text": "猫 PAGE",
            "limit": 2,
            "prompt": "echo",
            "source": "api",
            "cursor": cursor,
        }
        answer = served.http.get("/api/runs", params=query).json()
        found += [each["id"] for each in answer["result"]]
        cursor = answer["detail"]["cursor"]
        if not cursor:
            break
    assert found == made[::-1]
    assert answer["detail"]["scanned"] > 0
    assert answer["detail"]["kept"]["enabled"] is True
    assert next(iter(answer["detail"]["days"].values())) > 0


def test_a_run_is_read_and_asked_again(served: Server) -> None:
    first = run(served, "もう一度")
    (found,) = served.http.get("/api/runs", params={"text": "もう一度"}).json()["result"]
    read = served.http.get(f"/api/runs/{found['id']}", params={"at": found["at"]}).json()
    assert read["result"] == first["result"]
    assert read["detail"]["instruction"] == "Echo."
    again = served.http.post(f"/api/runs/{found['id']}/replay", json={"prompt": "other", "at": found["at"]}).json()
    assert again["status"] == 0
    assert again["detail"]["model"] == "stub-0ms-other"
    assert again["detail"]["before"]["id"] == found["id"]
    assert isinstance(again["detail"]["differences"], list)
    bare = served.http.post(f"/api/runs/{found['id']}/replay").json()
    assert bare["result"] == first["result"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/runs?outcome=fine", None, 400),
        ("GET", "/api/runs?limit=0", None, 400),
        ("GET", "/api/runs?limit=x", None, 400),
        ("GET", "/api/runs?cursor=../../x:0", None, 400),
        ("GET", "/api/runs?wrong=1", None, 400),
        ("GET", "/api/runs/nothing", None, 404),
        ("POST", "/api/runs/nothing/replay", {}, 404),
        ("POST", "/api/runs/nothing/replay", {"prompt": 5}, 400),
        ("POST", "/api/runs/nothing/replay", [], 400),
        ("POST", "/api/runs/nothing", {}, 405),
        ("DELETE", "/api/runs?day=x", None, 400),
        ("GET", "/api/messages/lines?limit=x", None, 400),
        ("POST", "/api/messages/lines", {"first": "1", "old": [], "new": []}, 400),
        ("POST", "/api/messages/lines", {"first": 1, "old": [5], "new": []}, 400),
        ("POST", "/api/messages/lines", {"first": 1, "old": ["not there"], "new": []}, 409),
        ("POST", "/api/messages/restore", {"name": "../../settings.json"}, 404),
        ("PUT", "/api/var", ["x"], 400),
        ("PUT", "/api/var", {"a": 5}, 400),
        ("PUT", "/api/var", {"../a": "x"}, 400),
        ("POST", "/api/var", {"restore": "1"}, 404),
        ("POST", "/api/var/nothing", {"rename": "x"}, 404),
    ],
)
def test_mistakes_are_told(served: Server, method: str, path: str, body: Any, status: int) -> None:
    answer = served.http.request(method, path, json=body) if body is not None else served.http.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/runs"),
        ("DELETE", "/api/runs"),
        ("GET", "/api/runs/x"),
        ("POST", "/api/runs/x/replay"),
        ("GET", "/api/messages/lines"),
        ("POST", "/api/messages/lines"),
        ("POST", "/api/messages/restore"),
        ("PUT", "/api/var"),
        ("POST", "/api/var"),
        ("POST", "/api/var/x"),
    ],
)
def test_a_token_that_may_only_run_prompts_sees_nothing_of_it(served: Server, method: str, path: str) -> None:
    token = {"authorization": "Bearer run-token-0123456789"}
    assert served.http.request(method, path, json={}, headers=token).status_code == 403


def test_lines_are_read_mended_and_cleared(served: Server) -> None:
    served.http.put("/api/messages", json=[{"role": "user", "content": "あ"}, {"role": "assistant", "content": "い"}])
    page = served.http.get("/api/messages/lines", params={"limit": 1}).json()
    assert page["detail"]["total"] == 2
    (line,) = page["detail"]["lines"]
    assert (line["number"], line["message"]["content"]) == (2, "い")
    new = '{"role":"assistant","content":"う"}'
    edited = served.http.post("/api/messages/lines", json={"first": 2, "old": [line["text"]], "new": [new]})
    assert edited.json()["detail"]["lines"][0]["number"] == 2
    kept = served.http.delete("/api/messages").json()["detail"]["kept"]
    assert served.http.get("/api/messages").json()["result"] == []
    assert kept in [each["name"] for each in served.http.get("/api/messages/lines").json()["detail"]["kept"]]
    served.http.post("/api/messages/restore", json={"name": kept})
    text = '{"role":"user","content":"え"}\n{"role":"ai","content":"お"}\n'.encode()
    added = served.http.post("/api/messages", content=text, headers={"content-type": "application/jsonl"})
    assert added.json()["detail"] == {"added": 2}
    assert [each["content"] for each in served.http.get("/api/messages").json()["result"]] == ["あ", "う", "え", "お"]


def test_many_variables_over_http(served: Server) -> None:
    preview = served.http.put("/api/var", params={"preview": "true"}, json={"a": "1", "b": "2"}).json()
    assert [each["kind"] for each in preview["detail"]["changes"]] == ["new", "new"]
    assert "a" not in served.http.get("/api/var").json()["result"]
    served.http.put("/api/var", json={"a": "1", "b": "2"})
    served.http.post("/api/var/a", json={"rename": "rename"})
    assert served.http.get("/api/var/rename").json()["result"] == "1"
    served.http.put("/api/var", json={"rename": None, "b": "3"})
    detail = served.http.get("/api/var", params={"values": "true", "uses": "true", "deleted": "true"}).json()["detail"]
    assert detail["values"]["b"] == "3"
    assert "rename" not in detail["variables"]
    assert "uses" in detail
    gone = next(each for each in detail["deleted"] if each["key"] == "rename")
    assert served.http.post("/api/var", json={"restore": gone["id"]}).json()["result"] == "1"


def test_the_log_is_deleted(served: Server) -> None:
    run(served, "soon gone")
    served.http.get("/api/runs")
    assert served.http.delete("/api/runs").json()["detail"]["bytes"] > 0
    assert served.http.get("/api/runs").json()["result"] == []


# -- the command line


Command = Callable[..., Ended]


@pytest.fixture
def prompts(workspace_folder: Path, stub: str) -> None:
    echo = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    write_prompt(workspace_folder, "echo", "Echo.", echo)
    write_prompt(workspace_folder, "other", "Other.", {**echo, "model": "stub-0ms-other"})


@pytest.mark.usefixtures("prompts")
def test_the_log_on_the_command_line(cli: Command) -> None:
    for n in range(3):
        assert cli("run", "echo", f"number {n}", "-q").code == 0
    listed = cli("log", "--limit", "2")
    assert (listed.code, listed.out.count("→")) == (0, 2)
    assert "--cursor" in listed.err
    rows = [json.loads(line) for line in cli("log", "--search", "NUMBER 1", "--json").out.splitlines()]
    assert [row["input"] for row in rows] == ["number 1"]
    id = rows[0]["id"]
    shown = cli("log", id[:10])
    assert "== instruction\nEcho." in shown.out
    assert cli("log", id, "--json").json()["input"] == "number 1"
    again = cli("log", "replay", id[:10], "--prompt", "other", "--json").json()
    assert again["model"] == "stub-0ms-other"
    assert again["before"]["id"] == id
    model = cli("log", "replay", id, "--model", "stub-0ms-other")
    assert (model.code, "== stub-0ms-other, now" in model.out) == (0, True)
    assert cli("log", "--model", "stub-0ms-other", "--json").out.count("\n") == 2
    assert cli("log", "delete").code == 2
    assert cli("log", "delete", "--yes").code == 0
    assert cli("log", "--json").out == ""
    assert cli("log", "nothing").code == 1
    assert cli("log", "a", "b", "c").code == 2


def test_variables_on_the_command_line(cli: Command, workspace_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "人物").mkdir(parents=True)
    (folder / "人物" / "名前.txt").write_bytes("モモ".encode("cp932"))
    (tmp_path / "many.csv").write_text("key,value\ncolour,red", encoding="utf-8")
    dry = cli("var", "import", str(folder), str(tmp_path / "many.csv"), "--dry-run")
    assert dry.out == "new      人物/名前\nnew      colour\n"
    assert "colour" not in cli("var", "list").out
    assert cli("var", "import", str(folder), str(tmp_path / "many.csv")).code == 0
    assert cli("var", "export").json() | {"colour": "red", "人物/名前": "モモ"} == cli("var", "export").json()
    assert cli("var", "import", str(tmp_path / "many.csv")).out.startswith("same")
    assert cli("var", "rename", "colour", "shade").code == 0
    assert cli("var", "delete", "shade").code == 0
    assert cli("var", "get", "shade").code == 1
    assert cli("var", "undelete", "shade").code == 0
    assert cli("var", "get", "shade").out == "red\n"
    assert cli("var", "undelete", "shade").code == 1
    assert cli("var", "import", str(tmp_path / "nothing.json")).code == 2
