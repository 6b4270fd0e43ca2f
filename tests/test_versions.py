"""Versions of prompts: every save is kept, any two are compared, every deletion is undone, whatever is killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import AkachatError, Conflict, FileError, InvalidInput, NotFound
from akachat.settings import Limits
from akachat.workspace import Past, Workspace
from akachat.workspace.differences import compare, summarise, unified
from akachat.workspace.matching import Matcher
from akachat.workspace.version import Content, Version

if TYPE_CHECKING:
    from tests.commands import Ended
    from tests.serving import Server

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def workspace(workspace_folder: Path) -> Workspace:
    made = Workspace(workspace_folder)
    made.open()
    return made


def said(workspace: Workspace, name: str) -> list[str]:
    """What a prompt's versions say, the newest first."""
    return [version.content.instruction for version in workspace.prompts.versions.all(name)]


def past(workspace: Workspace) -> Past:
    return Past(workspace.prompts)


# what is kept


@pytest.mark.parametrize("name", ["p", "仕事/要約", "a.b/c.json", "é", "😀/" + "x" * 150])
def test_every_save_is_a_version(workspace: Workspace, name: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    for n in range(3):
        workspace.prompts.save(name, f"文 {n}", {"seed": n})
    workspace.prompts.save(name, "文 2", {"seed": 2})
    assert said(workspace, name) == ["文 2", "文 1", "文 0"], "the same once more is no version"
    versions = workspace.prompts.versions.all(name)
    assert [version.content.options["seed"] for version in versions] == [2, 1, 0]
    assert before < versions[-1].time < versions[0].time < datetime.now(UTC) + timedelta(seconds=1)
    steps = past(workspace).history(name).steps
    assert [step.is_current for step in steps] == [True, False, False]
    assert steps[0].summary.to_dict() == {"added": 1, "removed": 1, "options": ["seed"]}
    assert steps[-1].summary.removed == 0


def test_a_version_is_a_file_that_a_person_can_read(workspace: Workspace) -> None:
    workspace.prompts.save("仕事/要約", "一行目\n二行目", {"seed": 1, "未知": "値"})
    (file,) = (workspace.root / "log" / "versions" / "仕事" / "要約").iterdir()
    values = json.loads(file.read_text("utf-8"))
    assert values.keys() == {"name", "time", "origin", "instruction", "options"}
    assert (values["name"], values["instruction"], values["options"]["未知"]) == ("仕事/要約", "一行目\n二行目", "値")
    assert "二行目" in file.read_text("utf-8")


def test_a_prompt_in_the_folder_of_another_has_its_own_versions(workspace: Workspace) -> None:
    workspace.prompts.save("a", "outer", {})
    workspace.prompts.save("a/b", "inner", {})
    workspace.prompts.rename("a", "c")
    assert said(workspace, "a/b") == ["inner"]
    assert said(workspace, "c") == ["outer"]
    assert said(workspace, "a") == []


def test_a_hand_edit_is_kept_before_it_is_written_over(workspace: Workspace) -> None:
    workspace.prompts.save("p", "saved", {"seed": 1})
    (workspace.root / "prompt" / "p.txt").write_text("by hand\r\n", encoding="utf-8")
    assert not any(step.is_current for step in past(workspace).history("p").steps), "what is now is in no version yet"
    workspace.prompts.save("p", "saved again", {"seed": 1})
    versions = workspace.prompts.versions.all("p")
    assert [(v.content.instruction, v.origin) for v in versions] == [
        ("saved again", "saved"),
        ("by hand\n", "found"),
        ("saved", "saved"),
    ]
    assert sorted(v.id for v in versions) == [v.id for v in reversed(versions)], "the found one is between the others"


def test_a_prompt_older_than_the_versions_is_kept(workspace: Workspace) -> None:
    sample = workspace.prompts.load("sample").instruction
    assert past(workspace).history("sample").steps == ()
    workspace.prompts.save("sample", "mine", {})
    assert said(workspace, "sample") == ["mine", sample]
    workspace.prompts.delete("persona")
    assert "persona" in [each.name for each in past(workspace).deleted()]


@pytest.mark.parametrize("broken", ['{"seed": }', '{"seed": "x"}', "[]", "\ud800".encode("utf-8", "surrogatepass")])
def test_broken_options_lose_no_text(workspace: Workspace, broken: str | bytes) -> None:
    workspace.prompts.save("p", "saved", {"seed": 1})
    (workspace.root / "prompt" / "p.txt").write_text("by hand", encoding="utf-8")
    (workspace.root / "prompt" / "p.json").write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    workspace.prompts.save("p", "new", {})
    assert said(workspace, "p") == ["new", "by hand", "saved"]
    assert list((workspace.root / "prompt").glob("p.json.broken-*"))


def test_a_text_in_another_charset_is_deleted_into_a_file_beside_it(workspace: Workspace) -> None:
    (workspace.root / "prompt" / "p.txt").write_bytes("日本".encode("cp932"))
    workspace.prompts.delete("p")
    (kept,) = (workspace.root / "prompt").glob("p.txt.broken-*")
    assert kept.read_bytes().decode("cp932") == "日本"


def test_half_a_character_in_an_option_is_kept(workspace: Workspace) -> None:
    (workspace.root / "prompt" / "p.txt").write_text("x", encoding="utf-8")
    (workspace.root / "prompt" / "p.json").write_text('{"note": "\\ud800"}', encoding="utf-8")
    workspace.prompts.save("p", "y", {})
    assert workspace.prompts.versions.all("p")[1].content.options["note"] == "\ud800"


def test_a_save_that_fails_is_no_version(workspace: Workspace) -> None:
    workspace.prompts.save("p", "saved", {})
    with pytest.raises(InvalidInput):
        workspace.prompts.save("p", "half \ud800", {})
    with pytest.raises(AkachatError):
        workspace.prompts.save("p/../q", "x", {})
    (workspace.root / "prompt" / "folder.json").mkdir()
    with pytest.raises(AkachatError):
        workspace.prompts.save("folder", "x", {})
    assert said(workspace, "p") == ["saved"]
    assert said(workspace, "folder") == []


@pytest.mark.skipif(os.name == "nt", reason="needs modes")
def test_who_may_not_read_a_prompt_may_not_read_its_versions(workspace: Workspace) -> None:
    workspace.prompts.save("p", "a", {})
    (workspace.root / "prompt" / "p.txt").chmod(0o600)
    workspace.prompts.save("p", "b", {})
    newest = max((workspace.root / "log" / "versions" / "p").iterdir())
    assert stat.S_IMODE(newest.stat().st_mode) == 0o600


def test_versions_that_lead_elsewhere_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.root / "log" / "versions").mkdir()
    (workspace.root / "log" / "versions" / "p").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="link"):
        workspace.prompts.save("p", "a", {})
    assert not workspace.prompts.exists("p")


def test_the_clock_may_go_back(workspace: Workspace) -> None:
    workspace.prompts.save("p", "a", {})
    folder = workspace.root / "log" / "versions" / "p"
    (file,) = folder.iterdir()
    file.rename(folder / f"29990101T000000000000Z-{file.stem.rpartition('-')[2]}.json")
    workspace.prompts.save("p", "b", {})
    assert said(workspace, "p") == ["b", "a"]


# bounds


def test_the_oldest_versions_go_first(workspace_folder: Path) -> None:
    workspace = Workspace(workspace_folder, lambda: Limits(prompt_versions=3))
    workspace.open()
    for n in range(6):
        workspace.prompts.save("p", f"{n}", {})
    assert said(workspace, "p") == ["5", "4", "3"]


def test_all_versions_together_are_bounded(workspace_folder: Path) -> None:
    workspace = Workspace(workspace_folder, lambda: Limits(prompt_versions_bytes=1 << 20))
    workspace.open()
    workspace.prompts.save("gone", "x" * 1000, {})
    workspace.prompts.delete("gone")
    for n in range(12):
        workspace.prompts.save(f"p{n % 2}", f"{n}" + "x" * 200_000, {})
    files = list((workspace_folder / "log" / "versions").rglob("*.json"))
    assert sum(file.stat().st_size for file in files) <= 1 << 20
    assert said(workspace, "p1")[0].startswith("11x")
    assert said(workspace, "gone"), "a deleted prompt's last version is all there is of it"


# finding one


def test_a_version_is_named_by_the_beginning_of_its_id(workspace: Workspace) -> None:
    for text in ("a", "b", "a"):
        workspace.prompts.save("p", text, {})
    newest, middle, oldest = workspace.prompts.versions.all("p")
    get = past(workspace).get
    assert get("p", middle.id) == middle
    assert get("p", middle.id.rpartition("-")[2]) == middle
    assert get("p", newest.id.rpartition("-")[2]) == newest, "the same content at two times is one content"
    assert get("p", oldest.id) == oldest
    with pytest.raises(InvalidInput, match="begin with"):
        get("p", oldest.id[:6])
    for wrong in ("", "zz", "../p", "now"):
        with pytest.raises(NotFound):
            get("p", wrong)
    with pytest.raises(NotFound):
        get("none", newest.id)


def test_a_broken_version_hides_no_other(workspace: Workspace) -> None:
    for text in ("a", "b"):
        workspace.prompts.save("p", text, {})
    folder = workspace.root / "log" / "versions" / "p"
    newest = max(folder.iterdir())
    newest.write_text('{"instruction": 5}', encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert said(workspace, "p") == ["a"]
    with pytest.raises(FileError, match="no version"):
        past(workspace).get("p", newest.stem)
    workspace.prompts.save("p", "c", {})
    assert said(workspace, "p") == ["c", "b", "a"], "what the files said is kept again"


# coming back


def test_restore(workspace: Workspace) -> None:
    workspace.prompts.save("p", "first", {"seed": 1})
    workspace.prompts.save("p", "second", {"seed": 2})
    first = workspace.prompts.versions.all("p")[1]
    prompt = workspace.prompts.restore("p", first.id)
    assert (prompt.instruction, prompt.options.seed) == ("first", 1)
    assert workspace.prompts.load("p") == prompt
    assert said(workspace, "p") == ["first", "second", "first"]
    workspace.prompts.restore("p", workspace.prompts.versions.all("p")[1].id)
    assert workspace.prompts.load("p").instruction == "second"


def test_delete_and_undelete(workspace: Workspace) -> None:
    workspace.prompts.save("仕事/p", "first", {})
    workspace.prompts.save("仕事/p", "second", {"seed": 2})
    workspace.prompts.delete("仕事/p")
    (gone,) = past(workspace).deleted()
    assert (gone.name, gone.versions, gone.last.content.instruction) == ("仕事/p", 2, "second")
    assert len(past(workspace).history("仕事/p").steps) == 2
    prompt = workspace.prompts.restore("仕事/p")
    assert (prompt.instruction, prompt.options.seed) == ("second", 2)
    assert past(workspace).deleted() == ()
    assert said(workspace, "仕事/p") == ["second", "first"]
    with pytest.raises(Conflict):
        workspace.prompts.restore("仕事/p")
    with pytest.raises(NotFound):
        workspace.prompts.restore("none")


def test_rename_takes_the_versions_along(workspace: Workspace) -> None:
    for text in ("old 1", "old 2"):
        workspace.prompts.save("p", text, {})
    workspace.prompts.save("q", "other", {})
    workspace.prompts.delete("q")
    workspace.prompts.rename("p", "q")
    assert said(workspace, "p") == []
    assert said(workspace, "q") == ["old 2", "other", "old 2", "old 1"], "what is now is the newest"
    assert past(workspace).history("q").steps[0].is_current
    assert past(workspace).deleted() == ()
    assert not (workspace.root / "log" / "versions" / "p").exists()
    workspace.prompts.save("taken", "x", {})
    with pytest.raises(Conflict):
        workspace.prompts.rename("q", "taken")
    assert len(said(workspace, "q")) == 4


def test_who_uses_a_prompt_is_known(workspace: Workspace) -> None:
    workspace.prompts.save("要約", "x", {})
    workspace.prompts.save("a", "{llm('要約', input)}", {})
    workspace.prompts.save("b", '{llm("要約")}', {})
    workspace.prompts.save("c", "x", {"history_summary": "要約"})
    workspace.prompts.save("d", "要約して", {})
    (workspace.root / "prompt" / "broken.json").write_text("{", encoding="utf-8")
    assert past(workspace).mentions("要約") == ("a", "b", "c")


def test_copy(workspace: Workspace) -> None:
    workspace.prompts.save("p", "a", {})
    workspace.prompts.save("p", "b", {"seed": 1, "未知": 1})
    copied = workspace.prompts.copy("p", "サブ/p")
    assert (copied.name, copied.instruction) == ("サブ/p", "b")
    assert workspace.prompts.load("サブ/p").options == workspace.prompts.load("p").options
    assert said(workspace, "サブ/p") == ["b"]
    with pytest.raises(Conflict):
        workspace.prompts.copy("p", "サブ/p")
    with pytest.raises(NotFound):
        workspace.prompts.copy("none", "x")


# what differs


def rows(old: str, new: str, **more: Any) -> list[tuple[str, list[Any]]]:
    found = compare(Content(old, {}), Content(new, {}), **more)
    return [(line.kind, [part for part in line.parts if part[1]]) for hunk in found.hunks for line in hunk]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("", "", []),
        ("a", "a", []),
        ("犬が好きです。", "猫が好きです。", [("old", [("犬", True)]), ("new", [("猫", True)])]),
        ("the quick fox", "the slow fox", [("old", [("quick", True)]), ("new", [("slow", True)])]),
        ("a\nb\nc", "a\nc", [("same", []), ("old", []), ("same", [])]),
        ("a", "a\nb", [("same", []), ("new", [])]),
        ("abc", "xyz", [("old", []), ("new", [])]),
        ("丁寧に答えて", "丁寧に、短く答えて", [("old", []), ("new", [("、短く", True)])]),
    ],
)
def test_what_changed_within_lines(old: str, new: str, wanted: list[Any]) -> None:
    assert rows(old, new) == wanted


def test_only_the_surroundings_are_shown() -> None:
    old = "\n".join(map(str, range(100)))
    found = compare(Content(old, {"seed": 1, "model": "a"}), Content(old.replace("50", "x"), {"seed": 1, "top_p": 0.5}))
    (hunk,) = found.hunks
    assert [(line.old, line.new) for line in hunk if line.kind == "same"] == [(n, n) for n in (48, 49, 50, 52, 53, 54)]
    assert [change.to_dict() for change in found.options] == [
        {"name": "model", "old": "a", "new": None},
        {"name": "top_p", "old": None, "new": 0.5},
    ]
    assert len(rows(old, old.replace("50", "x"), context=200)) == 101
    assert found.summary == summarise(
        Content(old, {"seed": 1, "model": "a"}), Content(old.replace("50", "x"), {"seed": 1, "top_p": 0.5})
    )


def _shuffled(seed: int, lines: int, rare: int) -> str:
    """Lines of which many come again and again, and some once, in about the same places."""
    chance = random.Random(seed)
    return "\n".join(
        f"行 {n // 3}" if chance.random() < rare / lines else chance.choice("あいう") for n in range(lines)
    )


def test_changes_far_apart_in_a_long_text_are_found() -> None:
    old = [f"第{n}段落です。\n" for n in range(2_000)]
    new = [*old]
    new[5], new[1_500] = "新しい段落です。\n", "最後に足した段落です。\n"
    before, after = Content("\n".join(old), {}), Content("\n".join(new), {})
    assert summarise(before, after).to_dict() == {"added": 2, "removed": 2, "options": []}
    assert len(compare(before, after).hunks) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n".join(f"段落 {n}\n" for n in range(3_000)), "\n".join(f"別の段落 {n}\n" for n in range(3_000))),
        ("\n".join(f"あい{n}う" for n in range(300)), "\n".join(f"かあき{n}いく" for n in range(300))),
        (_shuffled(1, 1_500, 900), _shuffled(2, 1_500, 900)),
        ("あ\n" * 5_000, "あ\nい\n" * 4_000),
        ("".join(f"{n % 50}\n" for n in range(20_000)), "".join(f"{n % 49}\n" for n in range(20_000))),
        ("あ" * 100_000, "い" + "あ" * 99_000),
        ("".join(f"{n}\n" for n in range(20_000)), "".join(f"{n} x\n" for n in range(20_000))),
    ],
    ids=[
        "paragraphs that are all others",
        "words in every line",
        "some order in it",
        "equal lines",
        "few lines again and again",
        "one long line",
        "every line changed",
    ],
)
def test_whatever_is_compared_takes_little_work(old: str, new: str) -> None:
    before, after = Content(old, {}), Content(new, {})
    assert compare(before, after).summary == summarise(before, after)
    lines, i, j = (old.split("\n"), new.split("\n")), 0, 0
    for tag, a, b, c, d in Matcher(*lines).get_opcodes():
        assert (a, c) == (i, j)
        assert (tag == "equal") == (lines[0][a:b] == lines[1][c:d])
        i, j = b, d
    assert (i, j) == (len(lines[0]), len(lines[1]))
    assert unified(before, after, "p", ("a", "b")).startswith("--- p.txt\ta\n+++ p.txt\tb\n@@ ")


_LINES = st.lists(st.sampled_from(["", "あ", "a b", "{input}", "- x", "@@"]), max_size=12).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(_LINES, _LINES)
def test_a_comparison_holds_both_texts(old: str, new: str) -> None:
    before, after = Content(old, {}), Content(new, {})
    lines = [line for hunk in compare(before, after, context=100).hunks for line in hunk]
    if old != new:
        for kind, text in (("old", old), ("new", new)):
            assert "\n".join("".join(p for p, _ in line.parts) for line in lines if line.kind in ("same", kind)) == text
            numbers = [getattr(line, kind) for line in lines if line.kind in ("same", kind)]
            assert numbers == list(range(1, len(numbers) + 1))
    else:
        assert lines == []
        assert unified(before, after, "p", ("a", "b")) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("一\n二\n三\n四\n五\n六\n七\n八\n九", "一\n二\n参\n四\n五\n六\n七\n八\n九\n十\n"),
        ("a b", "a b\nあ"),
        ("a\n", "a"),
        ("\n\n", "x"),
        ("x" * 3, "".join(f"{n}\n" for n in range(40))),
    ],
)
def test_a_patch_of_it_applies(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "p.txt").write_text(old, encoding="utf-8")
    patch = unified(Content(old, {"seed": 1}), Content(new, {"seed": 1}), "p", ("a", "b"))
    done = subprocess.run(["git", "apply", "-p0"], input=patch.encode(), cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p.txt").read_text("utf-8") == new


def test_any_two_are_compared(workspace: Workspace) -> None:
    for text in ("a", "b", "c"):
        workspace.prompts.save("p", text, {})
    c, b, a = (version.id for version in workspace.prompts.versions.all("p"))
    look = past(workspace).compare
    for words, wanted in [
        ((), (b, "now")),
        ((a,), (a, "now")),
        ((a, c), (a, c)),
        (("", b), (a, b)),
        (("now", a), ("now", a)),
    ]:
        found = look("p", *words)
        assert (found.old, found.new) == wanted
    draft = look("p", c, now=Content("draft", {**workspace.prompts.load("p").options.to_dict(), "seed": 1}))
    assert (draft.after.instruction, draft.difference.summary.options) == ("draft", ("seed",))
    with pytest.raises(NotFound, match="no other version"):
        look("p", "", a)
    with pytest.raises(NotFound):
        look("none")


def test_what_a_killed_writer_left_is_cleared_under_the_lock_of_those_who_write(workspace: Workspace) -> None:
    workspace.prompts.save("p", "a", {})
    left = workspace.root / "log" / "versions" / ".akachat-1-0123456789ab.tmp"
    left.write_text("half", encoding="utf-8")
    workspace.messages.clean()
    assert left.exists(), "who holds the messages' lock only must not take it from a writer under way"
    Workspace(workspace.root).open()
    assert not left.exists()


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5)),
)
def test_a_version_reads_as_it_was_written(instruction: str, options: dict[str, Any]) -> None:
    version = Version("20260101T000000000000Z-00000000", "p", "saved", Content(instruction.replace("\r", ""), options))
    assert Version.decode(version.id, version.encode(), "x") == version


# beside others, and killed


def _save_many(root: str, name: str) -> None:
    workspace = Workspace(root)
    for n in range(15):
        workspace.prompts.save("p", f"{name} {n}", {})


def test_two_processes_lose_no_version(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_save_many, args=(str(workspace.root), name)) for name in "ab"]
    threads = [threading.Thread(target=_save_many, args=(str(workspace.root), name)) for name in "cd"]
    for start in (*(each.start for each in others), *(each.start for each in threads)):
        start()
    for end in (*(each.join for each in others), *(each.join for each in threads)):
        end()
    found = said(workspace, "p")
    assert sorted(found) == sorted(f"{name} {n}" for name in "abcd" for n in range(15))
    for name in "abcd":
        assert [text for text in found if text.startswith(name)] == [f"{name} {n}" for n in reversed(range(15))]
    assert workspace.prompts.load("p").instruction == found[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_before_every_step(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.crashing_versions", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert all(count > 10 for count in json.loads(done.stdout.splitlines()[-1]).values())


# the doors


def result(reply: Any) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()["result"]


def test_over_http(server: Server) -> None:
    http, name = server.http, "仕事/要約"
    for text in ("犬が好き", "猫が好き"):
        http.post("/api/llm/save", json={"dir": name, "instruction": text, "options": {"seed": len(text)}})
    newest, oldest = result(http.get("/api/llm/versions", params={"dir": name}))
    detail = http.get("/api/llm/versions", params={"dir": name}).json()["detail"]["versions"]
    assert detail[0]["current"]
    assert {"id", "time", "characters", "added", "removed", "options"} <= detail[0].keys()
    reply = http.get(f"/api/llm/versions/{oldest}", params={"dir": name})
    assert result(reply) == "犬が好き"
    assert reply.json()["detail"]["options"]["seed"] == 4
    reply = http.get("/api/llm/diff", params={"dir": name, "from": oldest, "to": newest})
    assert "-犬が好き" in result(reply)
    assert [line["kind"] for line in reply.json()["detail"]["hunks"][0]] == ["old", "new"]
    assert result(http.post("/api/llm/restore", json={"dir": name, "version": oldest})) == "犬が好き"
    assert result(http.post("/api/llm/copy", json={"dir": name, "to": "copied"})) == "犬が好き"
    assert result(http.post("/api/llm/rename", json={"dir": name, "to": "renamed"})) == "renamed"
    assert len(result(http.get("/api/llm/versions", params={"dir": "renamed"}))) == 3
    assert http.get("/api/llm", params={"dir": name}).status_code == 404
    assert http.delete("/api/llm", params={"dir": "renamed"}).status_code == 200
    assert result(http.get("/api/llm/deleted")) == ["renamed"]
    assert result(http.post("/api/llm/restore", json={"dir": "renamed"})) == "犬が好き"
    assert result(http.get("/api/llm/deleted")) == []
    assert http.delete("/api/llm/versions", params={"dir": "renamed"}).status_code == 200
    assert result(http.get("/api/llm/versions", params={"dir": "renamed"})) == []
    assert result(http.get("/api/llm", params={"dir": "renamed"})) == "犬が好き"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/llm/versions", None, 400),
        ("GET", "/api/llm/versions?dir=none", None, 404),
        ("GET", "/api/llm/versions/zz?dir=sample", None, 404),
        ("GET", "/api/llm/diff?dir=../x", None, 400),
        ("DELETE", "/api/llm/versions?dir=none", None, 404),
        ("POST", "/api/llm/restore", {"dir": "sample"}, 409),
        ("POST", "/api/llm/restore", {"dir": "none"}, 404),
        ("POST", "/api/llm/rename", {"dir": "sample"}, 400),
        ("POST", "/api/llm/rename", {"dir": "sample", "to": "persona"}, 409),
        ("POST", "/api/llm/copy", {"dir": "none", "to": "x"}, 404),
    ],
)
def test_what_http_refuses(server: Server, method: str, path: str, body: Any, status: int) -> None:
    reply = server.http.request(method, path, json=body)
    assert reply.status_code == status
    assert reply.json()["detail"]["error"]["message"]


def test_the_command_line(cli: Callable[..., Ended], workspace_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "text"
    for text in ("犬が好き\n", "猫が好き\n"):
        file.write_text(text, encoding="utf-8")
        assert cli("prompt", "save", "p", str(file)).code == 0
    newest, oldest = cli("prompt", "history", "p").out.splitlines()
    assert newest.endswith("(now)")
    assert "+1 -1" in newest
    id = oldest.split()[0]
    assert cli("prompt", "show", "p", "--version", id).out == "犬が好き\n"
    assert cli("prompt", "show", "p", "--version", id, "--json").json()["id"].endswith(id)
    for words in ((), (id,), (id, "now")):
        assert cli("prompt", "diff", "p", *words).out.splitlines()[2:] == ["@@ -1 +1 @@", "-犬が好き", "+猫が好き"]
    assert cli("prompt", "diff", "p", "--json").json()["added"] == 1
    assert cli("prompt", "diff", "p", id, id).out == ""
    assert cli("prompt", "restore", "p", id).code == 0
    assert cli("prompt", "show", "p").out == "犬が好き\n"
    assert cli("prompt", "copy", "p", "q").code == 0
    file.write_text("{llm('p')}", encoding="utf-8")
    assert cli("prompt", "save", "caller", str(file)).code == 0
    assert cli("prompt", "rename", "p", "サブ/p").err == "note: the old name is still used in: caller\n"
    assert len(cli("prompt", "history", "サブ/p", "--json").json()) == 3
    assert cli("prompt", "delete", "サブ/p").code == 0
    assert cli("prompt", "list", "--deleted").out == "サブ/p\n"
    assert cli("prompt", "list", "--deleted", "--json").json()[0]["versions"] == 3
    assert cli("prompt", "undelete", "サブ/p").code == 0
    assert cli("prompt", "undelete", "サブ/p").code == 1
    assert cli("prompt", "delete", "サブ/p").code == 0
    assert cli("prompt", "forget", "サブ/p").code == 0
    assert cli("prompt", "list", "--deleted").out == ""
    assert cli("prompt", "forget", "サブ/p").code == 1
    ended = cli("prompt", "restore", "q", "zz")
    assert (ended.code, ended.out) == (1, "")
    assert "has no version" in ended.err
