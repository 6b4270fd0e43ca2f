"""Searching the journal: what is found, how far one search reads, where the next goes on, and what never shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from akachat.errors import InvalidInput
from akachat.journal import Journal, Page, Query, summary
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


def entry(id: str, day: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    plain = {"time": f"{day}T10:00:00.000+09:00", "id": id, "parent": None, "source": "page", "prompt": "sample"}
    return {**plain, "finish_reason": "stop", "model": "embedded", "input": "", "result": "", **more}


def write(folder: Path, day: str, *entries: dict[str, Any], ascii: bool = False) -> Path:
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    path = runs / f"{day}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        for each in entries:
            file.write(json.dumps(each, ensure_ascii=ascii, separators=(",", ":")) + "\n")
    return path


def ids(page: Page) -> list[str]:
    return [each.entry["id"] for each in page.found]


RUNS = [
    entry("a", "2026-11-18", input="Where is the Station?", result="二つ目の角です。"),
    entry("b", "2026-11-19", input="猫の名前は？", result="タマです。", prompt="cats", source="api"),
    entry("c", "2026-11-20", finish_reason="error", error={"message": "division by zero"}, model="Qwen/Qwen3-0.6B"),
    entry("d", "2026-11-20", parent="e", source="llm", input="nested"),
    entry("e", "2026-11-20", finish_reason="cancelled", trace=[{"name": "llm", "result": "ÄRGER 😀"}], source="cli"),
    entry("f", "2026-11-21", history=[{"role": "user", "content": 'he said "stop\\here"'}], finish_reason="length"),
    entry("g", "2026-11-21", variables={"name": "Momo"}, source="python"),
]

CASES = [
    (Query(), "gfecba"),
    (Query(text="station"), "a"),
    (Query(text="STATION where"), "a"),
    (Query(text="station 角"), "a"),
    (Query(text="station　猫"), ""),
    (Query(text="猫"), "b"),
    (Query(text="ärger"), "e"),
    (Query(text="😀"), "e"),
    (Query(text='"stop\\here"'), "f"),
    (Query(text="user"), ""),
    (Query(text="momo"), "g"),
    (Query(text="division"), "c"),
    (Query(prompt="cats"), "b"),
    (Query(prompt="cat"), ""),
    (Query(source="api"), "b"),
    (Query(source="llm"), "d"),
    (Query(nested=True), "gfedcba"),
    (Query(model="qwen"), "c"),
    (Query(outcome="error"), "c"),
    (Query(outcome="cancelled"), "e"),
    (Query(outcome="done"), "gfba"),
    (Query(outcome="length"), "f"),
    (Query(since="2026-11-20"), "gfec"),
    (Query(until="2026-11-19"), "ba"),
    (Query(since="2026-11-19", until="2026-11-20"), "ecb"),
    (Query(since="2026-11-22"), ""),
]


@pytest.mark.parametrize("ascii", [False, True], ids=["utf8", "escaped"])
@pytest.mark.parametrize(("query", "wanted"), CASES, ids=str)
def test_what_is_found(make: Make, tmp_path: Path, query: Query, wanted: str, ascii: bool) -> None:
    for run in RUNS:
        write(tmp_path, run["time"][:10], run, ascii=ascii)
    journal = make()
    page = journal.search(query)
    assert "".join(ids(page)) == wanted
    assert page.cursor == ""
    one_by_one, cursor = "", ""
    while True:
        page = journal.search(query, 1, cursor=cursor)
        one_by_one += "".join(ids(page))
        assert all(journal.find(each.entry["id"], each.at) == each.entry for each in page.found)
        cursor = page.cursor
        if not cursor:
            break
    assert one_by_one == wanted


def test_a_run_is_found_by_the_beginning_of_its_id(make: Make, tmp_path: Path) -> None:
    write(tmp_path, "2026-11-20", entry("2f8a1c3d99"), entry("other", input="2f8a1c3d99 in words"))
    assert ids(make().search(Query(text="2F8A1C3D"))) == ["other", "2f8a1c3d99"]
    assert ids(make().search(Query(text="2f8a"))) == ["other"]


@pytest.mark.parametrize("most", [1_024, 1_500, 4_096, 100_000])
@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_pieces_together_are_the_whole(make: Make, tmp_path: Path, most: int, limit: int) -> None:
    """Also across files, past lines longer than a piece, and with a torn end."""
    for day in range(10, 14):
        for n in range(20):
            size = 3_000 if most < 3_000 and n == 7 else 100
            write(tmp_path, f"2026-11-{day}", entry(f"{day}-{n}", f"2026-11-{day}", input="x" * size))
    with (tmp_path / "runs" / "2026-11-12.jsonl").open("ab") as file:
        file.write(b'{"time":"2026-11-12T23:59:59","id":"torn')
    journal = make(limits={"journal_scan_bytes": most})
    found: list[str] = []
    cursor = ""
    for _ in range(1_000):
        page = journal.search(Query(), limit, cursor=cursor)
        assert len(page.found) <= limit
        assert page.scanned <= most + 100
        found += ids(page)
        cursor = page.cursor
        if not cursor:
            break
    wanted = [f"{day}-{n}" for day in range(13, 9, -1) for n in range(19, -1, -1) if not (most < 3_000 and n == 7)]
    assert found == wanted


def test_a_search_says_how_far_it_came(make: Make, tmp_path: Path) -> None:
    for day in range(10, 20):
        write(tmp_path, f"2026-11-{day}", *(entry(f"{day}-{n}", f"2026-11-{day}", input="y" * 500) for n in range(5)))
    journal = make(limits={"journal_scan_bytes": 8_000})
    page = journal.search(Query(text="nowhere"))
    assert page.found == ()
    assert page.cursor
    assert 4_000 < page.scanned <= 8_000
    assert page.reached.startswith("2026-11-1")
    assert page.reached > "2026-11-16"


@pytest.mark.parametrize(
    "query", [Query(outcome="good"), Query(since="yesterday"), Query(until="2026-13-01"), Query(since="2026-11-1")]
)
def test_a_misspelt_search_is_refused(make: Make, query: Query) -> None:
    with pytest.raises(InvalidInput):
        make().search(query)


@pytest.mark.parametrize("cursor", ["x", "../../etc/passwd:0", "2026-11-20.jsonl", "2026-11-20.jsonl:-1", "a.jsonl:1"])
def test_a_place_leads_nowhere_else(make: Make, tmp_path: Path, cursor: str) -> None:
    write(tmp_path, "2026-11-20", entry("a"))
    with pytest.raises(InvalidInput):
        make().search(Query(), cursor=cursor)
    with pytest.raises(InvalidInput):
        make().find("a", cursor)


@pytest.mark.parametrize("at", ["2026-11-20.jsonl:1", "2026-11-20.jsonl:99999", "2026-11-19.jsonl:0"])
def test_a_place_that_is_gone_is_looked_up_by_its_id(make: Make, tmp_path: Path, at: str) -> None:
    write(tmp_path, "2026-11-20", entry("a"))
    found = make().find("a", at)
    assert found is not None
    assert found["id"] == "a"
    assert make().find("b", at) is None


def test_a_key_that_became_one_later_does_not_show(make: Make, tmp_path: Path) -> None:
    write(tmp_path, "2026-11-20", entry("a", input="my key is sk-typed-too-early", result="sk-typed-too-early?"))
    journal = make(openai_key="sk-typed-too-early")
    (found,) = journal.search(Query()).found
    for shown in (found.entry, journal.find("a"), journal.find("a", found.at), journal.read()[0]):
        assert shown is not None
        assert "sk-typed" not in json.dumps(shown)
        assert MASK in shown["input"]


def test_days_are_listed_and_deleted(make: Make, tmp_path: Path) -> None:
    for day in ("2026-11-18", "2026-11-19", "2026-11-19.2", "2026-11-20"):
        write(tmp_path, day, entry(day, day[:10]))
    (tmp_path / "runs" / "notes.txt").write_text("mine")
    journal = make()
    days = journal.days()
    assert list(days) == ["2026-11-20", "2026-11-19", "2026-11-18"]
    assert journal.delete("2026-11-1") == 0
    assert journal.delete("2026-11-19") == days["2026-11-19"]
    assert ids(journal.search(Query())) == ["2026-11-20", "2026-11-18"]
    journal.record(entry("now"))
    journal.flush()
    journal.delete()
    assert journal.search(Query()).found == ()
    journal.record(entry("later"))
    assert ids(journal.search(Query())) == ["later"], "it goes on after its file was deleted"
    assert (tmp_path / "runs" / "notes.txt").exists()


def test_a_summary_is_short_and_stands_what_is_missing() -> None:
    long = summary(
        {**entry("a", input="  two\n words ", result="あ" * 1_000), "usage": [3, 5], "timings": {"total": 1.5}}
    )
    assert long["input"] == "two words"
    assert len(long["result"]) == 160
    assert (long["tokens"], long["seconds"]) == (5, 1.5)
    assert summary({})["id"] is None
    assert summary({"error": {"message": "no"}, "usage": None, "timings": None})["error"] == "no"
