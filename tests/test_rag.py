"""Libraries: documents in, passages out, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from akachat.errors import Busy, Conflict, InvalidInput, NotFound
from akachat.events import RunRequest
from akachat.playground import Playground
from akachat.retrieval import File, Folder, Text
from akachat.retrieval.chunk import chunk
from akachat.retrieval.library import fuse
from akachat.retrieval.sentences import sentences
from akachat.retrieval.values import Block, Document

MANUAL = """# 洗濯機 AW-10

## お手入れ

糸くずフィルターは月に一度、ぬるま湯で洗ってください。

## 保証

保証期間はお買い上げの日から二年間です。消耗品は含みません。

## Warranty abroad

The warranty is valid in Japan only.
"""
RULES = "就業規則\n\n有給休暇は入社から六か月で十日付与します。\n\n交通費は月五万円まで支給します。"


@pytest.fixture
async def filled(playground):
    job = playground.libraries.add("資料", [Text(MANUAL, "洗濯機.md"), Text(RULES, "規則/就業.txt")])
    await job.wait()
    return playground


def texts(hits) -> list[str]:
    return [hit.text for hit in hits]


# searching


@pytest.mark.parametrize(
    ("query", "file", "answer"),
    [
        ("保証はいつまで？", "洗濯機.md", "二年間"),
        ("フィルターの掃除", "洗濯機.md", "ぬるま湯"),
        ("ﾌｨﾙﾀｰ", "洗濯機.md", "ぬるま湯"),
        ("有給は何日もらえる", "規則/就業.txt", "十日"),
        ("where are warranties valid", "洗濯機.md", "Japan only"),
    ],
)
async def test_a_question_finds_its_passage(filled, query, file, answer):
    hit = (await filled.libraries.search(["資料"], query))[0]
    assert hit.passage.file == file
    assert answer in hit.text
    assert hit.score > 0
    marked = [hit.text[start:end] for start, end in hit.marks]
    assert marked
    assert all(marked)


async def test_a_hit_tells_where_it_stands(filled):
    hit = (await filled.libraries.search(["資料"], "保証期間"))[0].to_dict()
    assert hit["headings"] == ["洗濯機 AW-10", "保証"]
    assert hit["place"] == "L9"
    assert hit["text"].startswith("洗濯機 AW-10 > 保証\n保証期間は")
    assert (hit["library"], hit["file"], hit["keyword"], hit["semantic"]) == ("資料", "洗濯機.md", 1, None)


async def test_an_instruction_calls_it(filled):
    request = RunRequest(None, instruction="{rag('資料', input)}|{rag(['資料'], '交通費', k=2)}", input="保証は何年？")
    rendered = await filled.render(request)
    first, second = rendered.text.split("|")
    assert first.endswith("消耗品は含みません。")
    assert "五万円" in second
    hits = rendered.calls[0].detail["hits"]
    assert [(hit["file"], hit["place"]) for hit in hits] == [("洗濯機.md", "L9")]
    assert {span.origin for span in rendered.spans} >= {"rag"}


async def test_several_passages_have_a_blank_line_between(filled):
    rendered = await filled.render(RunRequest(None, instruction="{rag('資料', '保証 休暇', k=2)}"))
    assert len(rendered.text.split("\n\n")) == 2


async def test_what_has_nothing_to_do_with_it_is_not_found(filled):
    assert await filled.libraries.search(["資料"], "ЖЖЖ") == []


@pytest.mark.parametrize(
    ("name", "query", "k", "mode", "error", "words"),
    [
        ("資科", "x", 1, "", NotFound, "資料"),
        ("資料", " ", 1, "", InvalidInput, "empty"),
        ("資料", "x", 0, "", InvalidInput, "1 to 1,000"),
        ("資料", "x", 1, "magic", InvalidInput, "hybrid"),
        ("資料", "x", 1, "semantic", Conflict, "embedding model"),
        ("../x", "x", 1, "", InvalidInput, "leads elsewhere"),
    ],
)
async def test_a_search_that_cannot_be(filled, name, query, k, mode, error, words):
    with pytest.raises(error) as raised:
        await filled.libraries.search([name], query, k, mode=mode)
    assert words in str(raised.value)


async def test_a_library_without_text_says_so(playground):
    await playground.libraries.configure("空", {})
    with pytest.raises(NotFound) as raised:
        await playground.libraries.search(["空"], "何か")
    assert "holds no text" in raised.value.message
    assert "akachat rag add" in raised.value.hint


async def test_several_libraries_are_searched_as_one(filled):
    await filled.libraries.add("店", [Text("りんごは百二十円です。", "値段.txt")]).wait()
    hits = await filled.libraries.search(["資料", "店"], "りんごの値段と保証", 3)
    assert {hit.library for hit in hits[:2]} == {"資料", "店"}


# bringing in and following


async def test_an_unchanged_document_costs_nothing(filled):
    job = await filled.libraries.add("資料", [Text(MANUAL, "洗濯機.md")]).wait()
    assert {(file.file, file.status) for file in job.files} == {
        ("洗濯機.md", "unchanged"),
        ("規則/就業.txt", "unchanged"),
    }


async def test_a_changed_document_replaces_the_old_one(filled):
    job = await filled.libraries.add("資料", [Text(MANUAL.replace("二年間", "五年間"), "洗濯機.md")]).wait()
    assert [(file.file, file.status) for file in job.files if file.status != "unchanged"] == [("洗濯機.md", "changed")]
    found = texts(await filled.libraries.search(["資料"], "保証期間", 5))
    assert "五年間" in found[0]
    assert not any("二年間" in text for text in found)


async def test_the_folder_is_followed_while_it_runs(filled):
    folder = filled.workspace.root / "rag" / "資料"
    (folder / "規則" / "就業.txt").unlink()
    (folder / "新しい.txt").write_text("社員食堂は十一時に開きます。", "utf-8")
    os.utime(folder)
    await asyncio.sleep(2.1)
    assert "十一時" in texts(await filled.libraries.search(["資料"], "社員食堂"))[0]
    assert {file.file for file in await filled.libraries.files("資料")} == {"洗濯機.md", "新しい.txt"}


async def test_a_folder_made_by_hand_is_a_library(playground):
    folder = playground.workspace.root / "rag" / "手作り"
    folder.mkdir()
    (folder / "a.txt").write_text("猫の名前はタマです。", "utf-8")
    assert playground.libraries.list() == ["手作り"]
    assert "タマ" in texts(await playground.libraries.search(["手作り"], "猫の名前"))[0]


async def test_a_folder_elsewhere_is_mirrored(playground, tmp_path):
    (tmp_path / "src").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "src" / name).write_text(f"{name}の話", "utf-8")
    await playground.libraries.add("写し", [Folder(tmp_path / "src")]).wait()
    (tmp_path / "src" / "a.txt").unlink()
    job = await playground.libraries.add("写し", [Folder(tmp_path / "src")]).wait()
    assert {(file.file, file.status) for file in job.files} == {("a.txt", "removed"), ("b.txt", "unchanged")}


async def test_a_zip_as_windows_makes_it(playground, tmp_path):
    path = tmp_path / "資料.zip"
    name, text = "売上①.txt".encode("cp932"), "四月の売上は百万円でした。".encode("cp932")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x" * len(name), text)
        archive.writestr("../evil.txt", b"evil")
        archive.writestr("empty.txt", b"")
        archive.writestr("photo.png", b"\x89PNG\r\n\x1a\n0000")
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name))
    job = await playground.libraries.add("店", [File(path)]).wait()
    assert {(file.file, file.status, file.code) for file in job.files} == {
        ("../evil.txt", "refused", "path"),
        ("売上①.txt", "added", ""),
        ("empty.txt", "unreadable", "empty"),
        ("photo.png", "unreadable", "unknown_kind"),
    }
    assert all(file.reason for file in job.files if file.code)
    assert next(file for file in job.files if file.file == "売上①.txt").charset == "cp932"
    assert path.exists()  # not ours to take
    assert "百万円" in texts(await playground.libraries.search(["店"], "四月の売上"))[0]


async def test_a_zip_added_again_drops_what_it_lost_only_when_told(playground, tmp_path):
    path = tmp_path / "a.zip"

    def pack(*names):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, f"{name}の話")

    pack("a.txt", "b.txt")
    await playground.libraries.add("x", [File(path)]).wait()
    pack("b.txt")
    await playground.libraries.add("x", [File(path)]).wait()
    assert len(await playground.libraries.files("x")) == 2
    await playground.libraries.add("x", [File(path)], replace=True).wait()
    assert [file.file for file in await playground.libraries.files("x")] == ["b.txt"]


async def test_documents_are_deleted_one_by_one_and_by_folder(filled):
    assert [file.status for file in await filled.libraries.remove("資料", ["規則/"])] == ["removed"]
    assert not (filled.workspace.root / "rag" / "資料" / "規則").exists()
    with pytest.raises(NotFound) as raised:
        await filled.libraries.remove("資料", ["洗濯機.txt"])
    assert "洗濯機.md" in raised.value.hint
    assert await filled.libraries.search(["資料"], "有給休暇") == []


async def test_a_library_is_deleted_with_all_in_it(filled):
    await filled.libraries.delete("資料")
    assert filled.libraries.list() == []
    assert not (filled.workspace.root / "rag" / "資料").exists()
    with pytest.raises(NotFound):
        await filled.libraries.info("資料")


async def test_a_charset_can_be_chosen(playground):
    data = "表示".encode("cp932")
    folder = playground.workspace.root / "rag" / "x"
    folder.mkdir()
    (folder / "a.txt").write_bytes(data)
    await playground.libraries.sync("x").wait()
    status = await playground.libraries.set_charset("x", "a.txt", "cp932")
    assert (status.charset, status.status) == ("cp932", "changed")
    assert texts(await playground.libraries.search(["x"], "表示")) == ["表示"]
    with pytest.raises(InvalidInput):
        await playground.libraries.set_charset("x", "a.txt", "no-such")


async def test_passages_are_seen_in_order(filled):
    passages, total = await filled.libraries.passages("資料", "洗濯機.md")
    assert total == len(passages) == 3
    assert [passage.start for passage in passages] == sorted(passage.start for passage in passages)
    one, _ = await filled.libraries.passages("資料", "洗濯機.md", 1, 1)
    assert one == passages[1:2]


async def test_settings_cut_anew(filled):
    before = (await filled.libraries.info("資料")).passages
    info = await filled.libraries.configure("資料", {"chunk_characters": 50, "overlap_characters": 0})
    assert info.settings["chunk_characters"] == 50
    await filled.libraries.sync("資料").wait()
    assert (await filled.libraries.info("資料")).passages >= before
    for changes in ({"chunk_characters": 3}, {"nonsense": 1}, {"overlap_characters": 300}, {"search": "semantic"}):
        with pytest.raises(InvalidInput):
            await filled.libraries.configure("資料", changes)


async def test_searching_without_keeping(playground):
    hits, job = await playground.libraries.search_once([Text("本社は福岡市にあります。")], "本社はどこ")
    assert texts(hits) == ["本社は福岡市にあります。"]
    assert [file.status for file in job.files] == ["added"]
    assert playground.libraries.list() == []


async def test_too_much_work_is_refused(workspace_folder):
    (workspace_folder / "settings.json").write_text(json.dumps({"limits": {"rag_jobs": 1}}), "utf-8")
    async with Playground(workspace_folder, environ={}) as playground:
        job = playground.libraries.add("x", [Text("一")])
        with pytest.raises(Busy):
            playground.libraries.add("x", [Text("二")])
        await job.wait()


async def test_a_cancelled_job_leaves_the_library_as_it_was(filled):
    job = filled.libraries.add("資料", [Text(f"{n}番目の話です。" * 50, f"{n}.txt") for n in range(200)])
    async for _ in job.watch(0):
        if job.stage == "read" and job.done > 3:
            break
    assert job.cancel()
    await job.over()
    assert job.state == "cancelled"
    assert {file.file for file in await filled.libraries.files("資料")} == {"洗濯機.md", "規則/就業.txt"}
    assert "二年間" in texts(await filled.libraries.search(["資料"], "保証期間"))[0]
    await filled.libraries.sync("資料").wait()  # what lies in the folder by now is taken up again
    assert (await filled.libraries.info("資料")).files == 202


# crashes

_WRITER = """
import asyncio, sys
from akachat.playground import Playground
from akachat.retrieval import Folder
async def main():
    async with Playground(sys.argv[1], environ={}) as playground:
        print("begun", flush=True)
        await playground.libraries.add("x", [Folder(__import__("pathlib").Path(sys.argv[2]))]).wait()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_killed_at_any_moment_the_old_library_answers(tmp_path):
    source, workspace = tmp_path / "source", tmp_path / "workspace"
    source.mkdir()
    workspace.mkdir()
    for n in range(60):
        (source / f"{n}.txt").write_text(f"{n}番の箱の色は赤です。" + "説明が続きます。" * 40, "utf-8")
    async with Playground(workspace, environ={}) as playground:
        await playground.libraries.add("x", [Folder(source)]).wait()
    for n in range(60):
        (source / f"{n}.txt").write_text(f"{n}番の箱の色は青です。" + "説明が続きます。" * 40, "utf-8")
    for wait in (0.0, 0.03, 0.08, 0.15, 0.25):
        await asyncio.to_thread(_kill_a_writer, workspace, source, wait)
        colours = _colours(workspace)
        assert colours in ({"赤"}, {"青"}), f"a mixture after {wait} s"
    async with Playground(workspace, environ={}) as playground:
        await playground.libraries.sync("x").wait()
        found = await playground.libraries.search(["x"], "7番の箱の色", 3)
        assert any("青" in hit.text for hit in found)
        assert (await playground.libraries.info("x")).files == 60


def _kill_a_writer(workspace: Path, source: Path, wait: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(workspace), str(source)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)


def _colours(workspace: Path) -> set[str]:
    """What the committed library says, read past everything that would mend it."""
    import sqlite3

    with sqlite3.connect(workspace / "rag" / "x" / ".akachat" / "index.db") as db:
        rows = db.execute("SELECT p.text FROM passages p JOIN files f ON f.id=p.file WHERE f.live=1 AND p.seq=0")
        return {"赤" if "赤" in text else "青" for (text,) in rows}


async def test_a_lost_keyword_index_is_made_anew(filled):
    folder = filled.workspace.root / "rag" / "資料" / ".akachat" / "keyword"
    await filled.libraries.aclose()
    for file in folder.iterdir():
        file.unlink()
    async with Playground(filled.workspace.root, environ={}) as again:
        assert "二年間" in texts(await again.libraries.search(["資料"], "保証期間"))[0]


async def test_a_broken_database_says_what_to_do(filled):
    await filled.libraries.aclose()
    path = filled.workspace.root / "rag" / "資料" / ".akachat" / "index.db"
    for name in (path, path.with_name("index.db-wal")):
        if name.exists():
            name.write_bytes(b"not a database" * 100)
    async with Playground(filled.workspace.root, environ={}) as again:
        info = await again.libraries.info("資料")
        assert info.state == "broken"
        assert ".akachat" in info.problem


# cutting


def test_sentences_end_where_people_end_them():
    text = "「はい。」と言った。3.5点です！本当？ Dr. Smith came. He left.\nend"
    assert [text[a:b].strip() for a, b in sentences(text)] == [
        "「はい。」",
        "と言った。",
        "3.5点です！",
        "本当？",
        "Dr. Smith came.",
        "He left.",
        "end",
    ]


@pytest.mark.parametrize("size", [60, 100, 400])
def test_pieces_hold_whole_sentences(size):
    body = "".join(f"これは{n}番目の文で、少し長めに書いてあります。" for n in range(40))
    pieces = list(chunk(Document((Block(body, ("題",)),)), size, size // 4))
    assert all(piece.text[piece.body :].endswith("。") for piece in pieces)
    assert all(piece.text[piece.body :].startswith("これは") for piece in pieces)
    assert all(piece.end - piece.start <= size * 1.25 for piece in pieces)
    assert all(body[piece.start : piece.end] == piece.text[piece.body :] for piece in pieces)
    covered: set[int] = set()
    for piece in pieces:
        covered.update(range(piece.start, piece.end))
    assert covered == set(range(len(body)))


def test_pieces_never_cross_a_heading():
    blocks = (Block("一。", ("甲",)), Block("二。", ("乙",)), Block("三。", ("乙",)))
    pieces = list(chunk(Document(blocks)))
    assert [(piece.headings, piece.text) for piece in pieces] == [(("甲",), "甲\n一。"), (("乙",), "乙\n二。\n三。")]


def test_a_sentence_without_end_is_cut():
    pieces = list(chunk(Document((Block("あ" * 5_000),)), 400, 50))
    assert max(piece.end - piece.start for piece in pieces) <= 500
    assert "".join(piece.text for piece in pieces).count("あ") >= 5_000


def test_rows_are_never_cut():
    rows = tuple(Block(f"番号: {n} / 名前: 品物その{n}", whole=True) for n in range(50))
    pieces = list(chunk(Document(rows), 100, 20))
    assert all(line.startswith("番号: ") and "名前: 品物その" in line for p in pieces for line in p.text.split("\n"))


def test_rankings_are_fused():
    assert [number for number, _ in fuse([(1, 9.0), (2, 5.0)], [(2, 0.9), (3, 0.8)])] == [2, 1, 3]
