"""The journal: what ran is kept without slowing anything, without keys, within its bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import InvalidInput
from akachat.journal import Journal
from akachat.journal.redactor import Redactor
from akachat.settings import MASK, Settings

Make = Callable[..., Journal]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Journal] = []

    def journal(**content: Any) -> Journal:
        current = Settings.build(content, {})
        made.append(Journal(tmp_path, lambda: current))
        return made[-1]

    yield journal
    for each in made:
        each.close()


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "runs").glob("*"))


def test_entries_come_back_newest_first(make: Make, tmp_path: Path) -> None:
    journal = make()
    for n in range(250):
        journal.record({"id": f"run-{n}", "prompt": f"p{n % 2}", "text": "あ\n" * n})
    assert [e["id"] for e in journal.read(3)] == ["run-249", "run-248", "run-247"]
    assert [e["id"] for e in journal.read(2, prompt="p0")] == ["run-248", "run-246"]
    assert len(journal.read(1000)) == 250
    assert journal.read(0) == []
    found = journal.find("run-7")
    assert found is not None
    assert found["text"] == "あ\n" * 7
    assert journal.find("run") is None
    assert files(tmp_path) == [f"{date.today().isoformat()}.jsonl"]
    lines = (tmp_path / "runs" / files(tmp_path)[0]).read_text("utf-8").split("\n")
    assert [json.loads(line)["id"] for line in lines[:-1]] == [f"run-{n}" for n in range(250)]
    assert journal.dropped == 0
    again = make()
    assert len(again.read(1000)) == 250


def test_off_means_off(make: Make, tmp_path: Path) -> None:
    journal = make(journal=False)
    journal.record({"id": "1"})
    assert journal.read() == []
    assert not (tmp_path / "runs").exists()
    assert journal.dropped == 0


KEYS = ["sk-0123456789", 'with "quotes" and \\ and あ', "sk-0123456789-longer", "tok", "hf_x"]


def test_no_secret_is_written(make: Make, tmp_path: Path) -> None:
    journal = make(
        openai_key=KEYS[0],
        hf_token=KEYS[4],
        endpoints={"a": {"url": "http://a", "key": KEYS[1]}, "b": {"url": "http://b", "key": KEYS[2]}},
        tokens=[{"token": KEYS[3]}],
    )
    for n, key in enumerate(KEYS):
        journal.record({"id": f"{n}", key: {"error": [f"Bearer {key}!"]}, "also": key * 2, "half": "\ud800" + key})
    assert journal.flush()
    text = (tmp_path / "runs" / files(tmp_path)[0]).read_text("utf-8")
    for key in KEYS:
        assert key not in text
        assert json.dumps(key)[1:-1] not in text
    first = journal.find("0")
    assert first is not None
    assert first["•••"] == {"error": ["Bearer •••!"]}


@settings(max_examples=200, deadline=None)
@given(key=st.text(min_size=1, max_size=8), before=st.text(), after=st.text(), number=st.integers())
def test_no_text_brings_a_secret_through(key: str, before: str, after: str, number: int) -> None:
    try:
        current = Settings.build({"openai_key": key}, {})
    except InvalidInput:
        return
    for secret in (each.reveal() for each in current.secrets()):
        line = Redactor(current)({"n": number, "text": [before + secret + after]})
        written = json.loads(line)
        texts = [*written, *(text for value in written.values() if isinstance(value, list) for text in value)]
        assert secret in MASK or not any(secret in text for text in texts)
        assert line.count(b"\n") == 1


@pytest.mark.parametrize(
    "value",
    [2**70, "\ud800", float("nan"), (1, 2), {1, 2}, {1: "x"}, Path("x"), date(2026, 1, 1), None, b"x"],
    ids=repr,
)
def test_whatever_a_run_holds_is_kept_somehow(make: Make, value: Any) -> None:
    journal = make()
    journal.record({"id": "x", "value": value})
    journal.record({"id": "y"})
    assert journal.find("x") is not None
    assert journal.find("y") is not None


def test_an_entry_that_cannot_be_written_is_counted_and_hurts_no_other(make: Make) -> None:
    journal = make(journal={"file_bytes": 2_000})
    loop: dict[str, Any] = {"id": "loop"}
    loop["self"] = loop
    journal.record(loop)
    journal.record({"id": "large", "text": "x" * 3_000})
    journal.record({"id": "fine"})
    assert [e["id"] for e in journal.read()] == ["fine"]
    assert journal.dropped == 2


def test_files_are_bounded_in_size_number_and_age(make: Make, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    today = date.today()
    for days in (1, 5, 6, 400):
        (runs / f"{(today - timedelta(days=days)).isoformat()}.jsonl").write_text('{"id": "old"}\n')
    (runs / "notes.txt").write_text("mine")
    journal = make(journal={"days": 6, "file_bytes": 3_000, "total_bytes": 10_000})
    for n in range(100):
        journal.record({"id": f"{n}", "text": "x" * 500})
        journal.flush()
    sizes = {p.name: p.stat().st_size for p in runs.iterdir() if p.suffix == ".jsonl"}
    assert all(size <= 3_000 for size in sizes.values()), sizes
    assert sum(sizes.values()) <= 10_000
    assert f"{today.isoformat()}.20.jsonl" in sizes
    assert not any(name.startswith((today - timedelta(days=400)).isoformat()) for name in sizes)
    assert (runs / "notes.txt").exists()
    newest = [e["id"] for e in journal.read(1000)]
    assert newest[:3] == ["99", "98", "97"]
    assert newest == [str(n) for n in range(99, 99 - len(newest), -1)]
    later = make(journal={"days": 6, "file_bytes": 3_000, "total_bytes": 10_000})
    later.record({"id": "later"})
    assert [e["id"] for e in later.read(2)] == ["later", "99"], "a new start goes on with the newest file"


def test_age_alone(make: Make, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    today = date.today()
    for days in (1, 5, 6):
        (runs / f"{(today - timedelta(days=days)).isoformat()}.jsonl").write_text(f'{{"id": "{days}"}}\n')
    journal = make(journal={"days": 6})
    journal.record({"id": "0"})
    assert [e["id"] for e in journal.read()] == ["0", "1", "5"]


def test_what_was_cut_off_or_deleted_by_hand_hurts_no_other_entry(make: Make, tmp_path: Path) -> None:
    journal = make()
    journal.record({"id": "1"})
    journal.flush()
    path = tmp_path / "runs" / files(tmp_path)[0]
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"id": "torn", "text": "\xe3')
    again = make()
    again.record({"id": "2"})
    assert [e["id"] for e in again.read()] == ["2", "1"]
    path.unlink()
    again.record({"id": "3"})
    assert [e["id"] for e in again.read()] == ["3"]
    again.close()
    again.record({"id": "after"})
    assert again.dropped == 1


def test_a_full_queue_drops_and_never_waits(tmp_path: Path) -> None:
    current = Settings.build({"journal": {"queue": 50}}, {})
    free = threading.Event()
    free.set()

    def settings_when_free() -> Settings:
        """What the writing thread looks at before it writes: while it waits here, nothing is written."""
        assert free.wait(60)
        return current

    journal = Journal(tmp_path, settings_when_free)
    free.clear()
    for _ in range(2_000):
        journal.record({"id": "x", "text": "x" * 200_000})
    assert journal.dropped >= 1_900
    free.set()
    assert len(journal.read(5_000)) + journal.dropped == 2_000
    journal.close()


def test_threads_and_processes_write_whole_lines(make: Make, tmp_path: Path) -> None:
    script = (
        "import sys; from akachat.journal import Journal; from akachat.settings import Settings\n"
        "s = Settings(); j = Journal(sys.argv[1], lambda: s)\n"
        "for n in range(300): j.record({'id': f'other-{n}', 'text': 'x' * n * 20})\n"
        "# no close: what was recorded is written when the program ends"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    journal = make()

    def record(me: int) -> None:
        for n in range(100):
            journal.record({"id": f"{me}-{n}", "text": "y" * n * 20})

    threads = [threading.Thread(target=record, args=(me,)) for me in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(60) == 0
    entries = journal.read(1_000)
    assert len(entries) == len({e["id"] for e in entries}) == 600
    mine = [e["id"] for e in entries if e["id"].startswith("1-")]
    assert mine == [f"1-{n}" for n in range(99, -1, -1)]


def test_a_search_reads_no_more_than_its_limit(make: Make) -> None:
    journal = make(limits={"journal_scan_bytes": 4_096})
    for n in range(100):
        journal.record({"id": f"{n}", "text": "x" * 100})
    assert len(journal.read(1_000)) < 40
    assert journal.find("0") is None
    assert journal.find("99") is not None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_the_files_are_for_their_owner_only(make: Make, tmp_path: Path) -> None:
    journal = make()
    journal.record({"id": "1"})
    journal.flush()
    assert os.stat(tmp_path / "runs" / files(tmp_path)[0]).st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_no_ones_problem(make: Make, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    journal = make()
    for n in range(3):
        journal.record({"id": f"{n}"})
    assert journal.flush()
    assert journal.dropped == 3
    (tmp_path / "runs").unlink()
    journal.record({"id": "x"})
    assert [e["id"] for e in journal.read()] == ["x"]
