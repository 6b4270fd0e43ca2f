"""Libraries over HTTP: documents come in, are searched and looked after; embeddings for OpenAI's clients."""

from __future__ import annotations

import io
import json
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest

if TYPE_CHECKING:
    from tests.serving import Serve, Server

WARRANTY = "保証期間は購入日から二年です。修理は無料です。"
OFFICE = "本社は福岡市にあります。支社は大阪市にあります。"


def post(server: Server, what: str, **body: Any) -> httpx.Response:
    return server.http.post(f"/api/rag/{what}", json=body)


def good(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert answer["status"] == 0
    return answer


def files(answer: dict[str, Any]) -> dict[str, str]:
    return {file["file"]: file["status"] for file in answer["detail"]["files"]}


def zipped(**texts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.txt", text)
    return buffer.getvalue()


def until_over(server: Server, id: str) -> dict[str, Any]:
    for _ in range(200):
        job: dict[str, Any] = good(server.http.get(f"/api/rag/jobs/{id}"))["detail"]
        if job["state"] not in ("waiting", "running"):
            return job
        time.sleep(0.05)
    raise AssertionError(job)


# bringing in and searching


@pytest.mark.parametrize("name", ["dir", "name"])
def test_a_text_is_searchable_when_the_answer_comes(server: Server, name: str) -> None:
    saved = good(post(server, "save", **{name: f"texts/{name}"}, text=WARRANTY, file="保証.txt"))
    assert saved["result"] == saved["detail"]["library"] == f"texts/{name}"
    assert files(saved) == {"保証.txt": "added"}
    assert saved["detail"]["files"][0]["characters"] == len(WARRANTY)
    assert saved["detail"]["job"]["state"] == "done"
    found = good(post(server, "search", **{name: f"texts/{name}"}, query="保証期間", k=3))
    assert WARRANTY in found["result"]
    hit = found["detail"]["hits"][0]
    assert (hit["text"], hit["file"], hit["library"]) == (found["result"], "保証.txt", f"texts/{name}")
    assert hit["score"] > 0
    assert "place" in hit


def test_files_of_a_form_come_in_together_and_a_zip_is_taken_apart(server: Server) -> None:
    upload = [
        ("file", ("本社.txt", OFFICE.encode("cp932"))),
        ("file", ("all.zip", zipped(a="apples are red", b="bananas are yellow"))),
        ("file", ("empty.txt", b"")),
    ]
    saved = good(server.http.post("/api/rag/save", data={"dir": "form"}, files=upload))
    by_name = files(saved)
    assert by_name.pop("empty.txt") in ("refused", "unreadable")
    assert set(by_name.values()) == {"added"}
    assert len(by_name) == 3
    empty = next(file for file in saved["detail"]["files"] if file["file"] == "empty.txt")
    assert empty["reason"]
    assert OFFICE in good(post(server, "search", dir="form", query="福岡"))["result"]
    assert "yellow" in good(post(server, "search", dir="form", query="banana yellow"))["result"]


def test_several_libraries_are_searched_at_once(server: Server) -> None:
    good(post(server, "save", dir="several/one", text=WARRANTY, file="one"))
    good(post(server, "save", dir="several/two", text=OFFICE, file="two"))
    for query, library in (("保証期間", "several/one"), ("福岡市", "several/two")):
        found = good(post(server, "search", dir=["several/one", "several/two"], query=query, k=2))
        assert found["detail"]["hits"][0]["library"] == library


def test_without_waiting_a_job_is_answered_and_can_be_followed(server: Server) -> None:
    upload = {"file": ("later.txt", WARRANTY.encode())}
    saved = good(server.http.post("/api/rag/save", data={"dir": "later", "wait": "false"}, files=upload))
    id = saved["detail"]["job"]["id"]
    seen = []
    with server.http.stream("GET", f"/api/rag/jobs/{id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line.startswith("event: "):
                seen.append(line.removeprefix("event: "))
            elif line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
    assert seen[-1] == "done"
    assert set(seen[:-1]) <= {"progress"}
    assert last["files"][0]["file"] == "later.txt"
    assert id in good(server.http.get("/api/rag/jobs"))["result"]
    assert until_over(server, id)["state"] == "done"
    cancelled = good(server.http.post(f"/api/rag/jobs/{id}/cancel"))
    assert cancelled["result"] == "done"  # too late, and no error
    assert WARRANTY in good(post(server, "search", dir="later", query="保証"))["result"]


def test_uploads_leave_nothing_behind(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for data in ({"dir": "tidy"}, {"dir": "tidy", "wait": "false"}, {"dir": "../out"}, {}):
        server.http.post("/api/rag/save", data=data, files={"file": ("a.txt", b"some words")})
    server.http.post("/api/rag/main", data={"query": "words"}, files={"file": ("a.txt", b"some words")})
    for _ in range(100):
        left = [path.name for path in tmp_path.glob("akachat-*")]
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(left)


def test_both_in_one_keeps_nothing(server: Server) -> None:
    before = good(server.http.get("/api/rag"))["result"]
    plain = good(post(server, "main", text=OFFICE, query="本社はどこ"))
    form = good(server.http.post("/api/rag/main", data={"query": "福岡", "k": "2"}, files={"file": ("o.txt", OFFICE)}))
    for answer in (plain, form):
        assert OFFICE in answer["result"]
        assert list(files(answer).values()) == ["added"]
        assert answer["detail"]["hits"][0]["score"] > 0
    assert good(server.http.get("/api/rag"))["result"] == before


# looking after


def test_a_library_is_listed_changed_and_deleted(server: Server) -> None:
    good(post(server, "save", dir="care/of", text=WARRANTY, file="a.txt"))
    good(post(server, "save", dir="care/of", text=OFFICE, file="b.txt"))
    assert "care/of" in good(server.http.get("/api/rag"))["result"]
    info = good(server.http.get("/api/rag/care/of"))["detail"]
    assert (info["name"], info["files"], info["state"]) == ("care/of", 2, "ready")
    assert [file["file"] for file in info["documents"]] == ["a.txt", "b.txt"]
    changed = good(server.http.put("/api/rag/care/of", json={"search": "keyword", "chunk_characters": 200}))
    assert changed["detail"]["settings"]["chunk_characters"] == 200
    assert until_over(server, changed["detail"]["job"]["id"])["state"] == "done"
    shown = good(post(server, "passages", dir="care/of", file="a.txt", offset=0, limit=1))["detail"]
    assert (len(shown["passages"]), shown["total"]) == (1, 1)
    assert files(good(post(server, "remove", dir="care/of", files=["b.txt"]))) == {"b.txt": "removed"}
    (server.root / "rag/care/of/by hand.txt").write_text("put there by hand", encoding="utf-8")
    assert files(good(post(server, "sync", dir="care/of")))["by hand.txt"] == "added"
    good(server.http.delete("/api/rag/care/of"))
    assert server.http.get("/api/rag/care/of").status_code == 404
    assert not (server.root / "rag/care/of").exists()


def test_a_document_is_read_again_in_another_charset(server: Server) -> None:
    raw = {"file": ("sjis.txt", OFFICE.encode("cp932"))}
    good(server.http.post("/api/rag/save", data={"dir": "charset", "charset": "latin-1"}, files=raw))
    answer = good(post(server, "charset", dir="charset", file="sjis.txt", charset="cp932"))
    assert answer["detail"]["files"][0]["charset"] == "cp932"
    assert OFFICE in good(post(server, "search", dir="charset", query="福岡"))["result"]


# what is refused


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "save", {"dir": "x"}, 400),
        ("POST", "save", {"text": "x"}, 400),
        ("POST", "save", {"dir": "../x", "text": "x"}, 400),
        ("POST", "save", {"dir": "x", "text": "x", "charset": "klingon"}, 400),
        ("POST", "save", {"dir": "x", "text": 5}, 400),
        ("POST", "search", {"query": "x"}, 400),
        ("POST", "search", {"dir": "nothing here", "query": "x"}, 404),
        ("POST", "search", {"dir": "there"}, 400),
        ("POST", "search", {"dir": "there", "query": "  "}, 400),
        ("POST", "search", {"dir": "there", "query": "x", "k": 0}, 400),
        ("POST", "search", {"dir": "there", "query": "x", "k": "many"}, 400),
        ("POST", "search", {"dir": "there", "query": "x", "mode": "psychic"}, 400),
        ("POST", "search", {"dir": "there", "query": "x", "mode": "semantic"}, 409),
        ("POST", "main", {"query": "x"}, 400),
        ("POST", "main", {"text": "x"}, 400),
        ("POST", "remove", {"dir": "there"}, 400),
        ("POST", "remove", {"dir": "there", "files": ["no.txt"]}, 404),
        ("POST", "charset", {"dir": "there", "file": "no.txt", "charset": ""}, 404),
        ("POST", "passages", {"dir": "there", "file": "no.txt"}, 404),
        ("POST", "jobs/none/cancel", {}, 404),
        ("GET", "jobs/none", None, 404),
        ("GET", "jobs/none/events", None, 404),
        ("GET", "none", None, 404),
        ("DELETE", "none", None, 404),
        ("PUT", "there", {"chunk_charaters": 5}, 400),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_hint(
    server: Server, method: str, path: str, body: Any, status: int
) -> None:
    good(post(server, "save", dir="there", text="some words", file="a.txt"))
    answer = server.http.request(method, f"/api/rag/{path}", json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["detail"]["error"]
    assert error["message"]
    assert error["hint"]


def test_only_what_brings_documents_may_be_as_large_as_an_upload(serve: Serve) -> None:
    server = serve(limits={"upload_bytes": 200_000, "request_body_bytes": 2_000})
    big = {"file": ("big.txt", b"word " * 10_000)}
    assert server.http.post("/api/rag/save", data={"dir": "x"}, files=big).status_code == 200
    bigger = {"file": ("big.txt", b"word " * 50_000)}
    for path in ("save", "main"):
        assert server.http.post(f"/api/rag/{path}", data={"dir": "x", "query": "x"}, files=bigger).status_code == 413
    assert post(server, "search", dir="x", query="x" * 5_000).status_code == 413


# embeddings


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"input": "x"}, "model"),
        ({"model": "none", "input": "x"}, "none"),
        ({"model": "none"}, "input"),
        ({"model": "none", "input": []}, "input"),
        ({"model": "none", "input": [1, 2, 3]}, "Token"),
        ({"model": "none", "input": [[1, 2], [3]]}, "Token"),
        ({"model": "none", "input": ["a", " "]}, "empty"),
        ({"model": "none", "input": "x", "encoding_format": "hex"}, "base64"),
        ({"model": "none", "input": "x", "dimensions": "all"}, "dimensions"),
        ({"model": "none", "input": "x", "input_type": "poem"}, "passage"),
        ({"model": "none", "input": ["x"] * 5_000}, "limits.embedding_inputs"),
    ],
)
def test_embeddings_that_cannot_be_made(server: Server, body: dict[str, Any], words: str) -> None:
    answer = server.http.post("/v1/embeddings", json=body)
    assert answer.status_code == (404 if body.get("input") == "x" and set(body) == {"model", "input"} else 400)
    assert words in answer.json()["error"]["message"]


def test_the_openai_client_meets_the_error_that_it_knows(server: Server) -> None:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
    with client, pytest.raises(openai.NotFoundError, match="no embedding model"):
        client.embeddings.create(model="none", input="x")


# the documentation


def test_every_route_is_described_with_an_example(server: Server) -> None:
    document = server.http.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    routes = {path: methods for path, methods in document["paths"].items() if path.startswith("/api/rag")}
    assert {"/api/rag/save", "/api/rag/search", "/api/rag/main", "/api/rag/jobs/{id}/events"} <= set(routes)
    for path, methods in {**routes, "/v1/embeddings": document["paths"]["/v1/embeddings"]}.items():
        for method, operation in methods.items():
            assert operation["summary"], path
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                assert "example" in schemas[reference.rpartition("/")[2]], (method, path)
