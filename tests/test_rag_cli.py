"""`akachat rag` as a user meets it: what goes in, what is found, what is printed where, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import Ended

ROOT = Path(__file__).resolve().parents[1]
WARRANTY = "保証期間は購入日から二年です。"
OFFICE = "本社は福岡市にあります。"


@pytest.fixture
def rag(cli: Callable[..., Ended]) -> Callable[..., Ended]:
    """Runs `akachat rag` in this process."""
    return lambda *words: cli("rag", *words)


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "akachat", "--workspace", str(folder), "rag", *words]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "保証.txt").write_text(WARRANTY, encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("a.txt", "apples are red")
    return folder


def test_a_library_from_its_first_document_to_its_end(rag: Callable[..., Ended], documents: Path) -> None:
    added = rag("add", "manual", str(documents / "保証.txt"), str(documents / "all.zip"), str(documents / "empty.txt"))
    assert added.code == 0, added.err
    assert "保証.txt" in added.out
    assert any("empty.txt" in line and "(" in line for line in added.out.splitlines())
    found = rag("search", "manual", "保証期間")
    assert found.out.strip() == WARRANTY
    assert "manual/保証.txt" in found.err
    hits = rag("search", "manual", "apples", "-k", "1", "--json").json()
    assert hits[0]["text"] == "apples are red"
    assert {"file", "place", "score", "library"} <= set(hits[0])
    infos = rag("list", "--json").json()
    assert (infos[0]["name"], infos[0]["files"]) == ("manual", 2)
    assert "manual" in rag("list").out
    names = [file["file"] for file in rag("list", "manual", "--json").json()]
    apples = next(name for name in names if name.endswith("a.txt"))
    assert rag("set", "manual", "chunk_characters=300", "search=keyword").code == 0
    assert rag("list", "--json").json()[0]["settings"]["chunk_characters"] == 300
    assert rag("remove", "manual", apples).code == 0
    assert apples not in rag("list", "manual").out
    assert rag("remove", "manual").code == 2
    assert rag("remove", "manual", "--yes").code == 0
    assert rag("list", "--json").json() == []


def test_a_folder_and_two_libraries(rag: Callable[..., Ended], documents: Path, workspace_folder: Path) -> None:
    assert rag("add", "one", str(documents)).code == 0
    (workspace_folder / "rag" / "two").mkdir(parents=True)
    (workspace_folder / "rag" / "two" / "b.txt").write_text(OFFICE, encoding="utf-8")
    synced = rag("sync", "two", "--json")
    assert [file["file"] for file in synced.json()["files"]] == ["b.txt"]
    for query, text in (("保証期間", WARRANTY), ("福岡市", OFFICE)):
        assert rag("search", "one,two", query, "-k", "1").out.strip() == text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["add", "x", "no such file.txt"], 2, "no such file.txt"),
        (["add", "../x", "EMPTY"], 1, ".."),
        (["add", "x", "EMPTY"], 1, ""),
        (["add", "x", "TEXT", "--charset", "klingon"], 1, "klingon"),
        (["search", "none", "x"], 1, "none"),
        (["list", "none"], 1, "none"),
        (["remove", "none", "--yes"], 1, "none"),
        (["set", "x", "modle=y"], 1, "modle"),
        (["set", "x", "model"], 2, "KEY=VALUE"),
        (["add", "x"], 2, "PATH|URL"),
        ([], 2, "ACTION"),
    ],
)
def test_what_goes_wrong(rag: Callable[..., Ended], documents: Path, words: list[str], code: int, said: str) -> None:
    places = {"EMPTY": str(documents / "empty.txt"), "TEXT": str(documents / "保証.txt")}
    ended = rag(*(places.get(word, word) for word in words))
    assert ended.code == code, ended
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_piped_text(workspace_folder: Path) -> None:
    words = command(workspace_folder, "add", "piped", "-", "--file", "note.txt", "--json")
    done = subprocess.run(words, input=OFFICE.encode(), capture_output=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0]["file"] == "note.txt"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_the_work_and_keeps_the_library_whole(
    rag: Callable[..., Ended], workspace_folder: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(800):
        (many / f"{number}.txt").write_text(f"document {number}: {OFFICE}", encoding="utf-8")
    process = subprocess.Popen(
        command(workspace_folder, "add", "many", str(many)), stderr=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    library = workspace_folder / "rag" / "many"
    deadline = time.monotonic() + 30
    while not (library.is_dir() and any(library.glob("*.txt"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert b"Traceback" not in said, said.decode()
    assert rag("list", "many").code == 0
