"""What is kept, worked on: lines of the messages' file, variables many at once, runs again, and what differs."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import Conflict, FileError, InvalidInput, NotFound
from akachat.events import RunRequest
from akachat.messages import Message
from akachat.playground import Playground
from akachat.records.bulk import read_files, read_messages, read_variables
from akachat.records.differences import differences
from akachat.records.runs import Version
from akachat.settings import Limits
from akachat.workspace import Workspace
from tests.serving import write_prompt


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    made.open()
    return made


def said(n: int) -> Message:
    return Message("user" if n % 2 else "assistant", f"発言 {n}")


def line(n: int) -> str:
    return json.dumps(said(n).to_dict(), ensure_ascii=False, separators=(",", ":"))


# -- the lines of the messages' file ----------------------------------------------------------------------------------


def test_lines_are_paged_from_the_end(workspace: Workspace) -> None:
    assert workspace.transcript.newest(10).lines == ()
    workspace.messages.append([said(n) for n in range(1, 251)])
    page = workspace.transcript.newest(100)
    assert [each.number for each in page.lines] == list(range(151, 251))
    assert (page.total, page.lines[-1].text, page.lines[-1].message) == (250, line(250), said(250))
    assert [each.number for each in workspace.transcript.newest(100, before=51).lines] == list(range(1, 51))
    assert workspace.transcript.newest(5, before=1).lines == ()


BROKEN = [
    ('{"role": "user", "content": "x"', "no valid JSON"),
    ('{"role": "king", "content": "x"}', "king"),
    ("[]", "no"),
    ('{"role": "user"}', "content"),
]


@pytest.mark.parametrize(("broken", "said_of_it"), BROKEN)
def test_a_broken_line_is_shown_with_its_number_and_mended(workspace: Workspace, broken: str, said_of_it: str) -> None:
    path = workspace.root / "log" / "messages.jsonl"
    path.write_text(f"{line(1)}\n\n{broken}\n{line(4)}\n", encoding="utf-8")
    with pytest.raises(FileError, match="line 3"):
        workspace.messages.list()
    lines = workspace.transcript.newest(10).lines
    assert [each.number for each in lines] == [1, 2, 3, 4]
    assert (lines[1].text, lines[1].message, lines[1].problem) == ("", None, "")
    assert lines[2].message is None
    assert said_of_it in lines[2].problem
    with pytest.raises(InvalidInput, match="line 3 is no message"):
        workspace.transcript.edit(3, [broken], [broken + " "])
    (mended,) = workspace.transcript.edit(3, [broken], [line(3)]).lines
    assert (mended.number, mended.message) == (3, said(3))
    assert workspace.messages.list() == (said(1), said(3), said(4))


@pytest.mark.parametrize(
    ("first", "old", "new", "left"),
    [
        (2, [line(2)], [], [1, 3]),
        (1, [line(1), line(2), line(3)], [], []),
        (3, [line(3)], [line(7), "", line(8)], [1, 2, 7, 8]),
        (1, [], [line(9)], [9, 1, 2, 3]),
        (4, [], [line(9)], [1, 2, 3, 9]),
    ],
)
def test_lines_are_edited_and_back(
    workspace: Workspace, first: int, old: list[str], new: list[str], left: list[int]
) -> None:
    workspace.messages.append([said(1), said(2), said(3)])
    before = [each.text for each in workspace.transcript.newest(100).lines]
    done = workspace.transcript.edit(first, old, new)
    assert workspace.messages.list() == tuple(said(n) for n in left)
    assert done.total == len(left)
    workspace.transcript.edit(first, [each.text for each in done.lines], old)
    assert [each.text for each in workspace.transcript.newest(100).lines] == before


@pytest.mark.parametrize(
    ("first", "old", "new", "error"),
    [
        (1, [line(2)], [line(5)], Conflict),
        (3, [line(2)], [], Conflict),
        (0, [], [line(5)], Conflict),
        (9, [], [line(5)], Conflict),
        (2, [line(2)], [line(5), "nonsense"], InvalidInput),
        (2, [line(2)], ['{"role":"user",\n"content":"x"}'], InvalidInput),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(
    workspace: Workspace, first: int, old: list[str], new: list[str], error: type[Exception]
) -> None:
    workspace.messages.append([said(1), said(2)])
    with pytest.raises(error):
        workspace.transcript.edit(first, old, new)
    assert workspace.messages.list() == (said(1), said(2))


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_message_is_a_line_that_can_be_edited(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("lines"))
    workspace.open()
    workspace.messages.append([Message("user", text) for text in texts])
    lines = workspace.transcript.newest(100).lines
    assert [each.message.content for each in lines if each.message] == texts
    workspace.transcript.edit(1, [each.text for each in lines], [each.text for each in reversed(lines)])
    assert [each.content for each in workspace.messages.list()] == texts[::-1]


def test_what_was_cleared_comes_back_before_what_was_added_since(workspace: Workspace) -> None:
    assert workspace.transcript.clear() == ""
    workspace.messages.append([said(1), said(2)])
    kept = workspace.transcript.clear()
    assert workspace.messages.list() == ()
    assert [each.name for each in workspace.transcript.kept()] == [kept]
    workspace.messages.append([said(3)])
    workspace.transcript.restore(kept)
    assert workspace.messages.list() == (said(1), said(2), said(3))
    assert workspace.transcript.kept() == []
    with pytest.raises(NotFound):
        workspace.transcript.restore(kept)
    replaced = workspace.transcript.replace([said(9)])
    assert workspace.messages.list() == (said(9),)
    workspace.transcript.restore(replaced)
    assert [each.content for each in workspace.messages.list()] == [said(n).content for n in (1, 2, 3, 9)]


def test_a_broken_file_can_be_cleared_and_comes_back_as_it_was(workspace: Workspace) -> None:
    path = workspace.root / "log" / "messages.jsonl"
    path.write_bytes(b"nonsense \xff\n")
    workspace.transcript.restore(workspace.transcript.clear())
    assert path.read_bytes() == b"nonsense \xff\n"


def test_only_the_last_twenty_are_kept(workspace: Workspace) -> None:
    names = []
    for n in range(25):
        workspace.messages.append([said(n)])
        names.append(workspace.transcript.clear())
    assert [each.name for each in workspace.transcript.kept()] == names[:4:-1]


@pytest.mark.parametrize("name", ["messages.jsonl", "../../x", "", "messages-20260101-000000.jsonl.cleared/.."])
def test_nothing_else_is_brought_back(workspace: Workspace, name: str) -> None:
    workspace.messages.append([said(1)])
    with pytest.raises(NotFound):
        workspace.transcript.restore(name)


def test_a_page_of_long_lines_is_shorter(workspace: Workspace) -> None:
    workspace.messages.append([Message("user", "x" * 900_000) for _ in range(6)])
    assert [each.number for each in workspace.transcript.newest(100).lines] == [4, 5, 6]


MESSAGES = [
    ('{"role":"user","content":"a"}\n\n{"role":"ai","content":"b"}', ["a", "b"]),
    ('\ufeff[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]', ["a", "b"]),
    ('{"messages": [{"role":"user","content":"a"}]}', ["a"]),
    ('{\n "role": "user",\n "content": "a"\n}', ["a"]),
    ("user: a\nai：b\nmore", ["a", "b\nmore"]),
    ("just words", ["just words"]),
]


@pytest.mark.parametrize(("text", "contents"), MESSAGES)
def test_messages_are_read_from_text(text: str, contents: list[str]) -> None:
    assert [each.content for each in read_messages(text)] == contents


@pytest.mark.parametrize(
    ("text", "said_of_it", "line"),
    [
        ("", "no messages", None),
        ('{"role":"user","content":"a"}\n{"role":"king","content":"b"}', "line 2", 2),
        ('{"role":"user","content":"a"}\n\nnonsense', "line 3", 3),
        ('[{"role":"user"}]', "content", None),
        ("[1", "JSON", None),
    ],
)
def test_messages_that_cannot_be_read_are_told(text: str, said_of_it: str, line: int | None) -> None:
    with pytest.raises(InvalidInput, match=said_of_it) as told:
        read_messages(text)
    assert line is None or told.value.line == line


def test_a_large_file_is_looked_at_but_not_edited(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, lambda: Limits(messages_file_bytes=2_000))
    workspace.open()
    workspace.messages.append([said(n) for n in range(1, 201)])
    assert workspace.transcript.newest(3).lines[0].number == 198
    with pytest.raises(FileError, match="messages_file_bytes"):
        workspace.transcript.edit(200, [line(200)], [])
    kept = workspace.transcript.clear()
    assert workspace.transcript.newest(3).total == 0
    assert kept


def test_an_edit_loses_nothing_that_is_appended_meanwhile(workspace: Workspace) -> None:
    workspace.messages.append([said(0)])

    def append() -> None:
        for n in range(100):
            workspace.messages.append([said(n)])

    thread = threading.Thread(target=append)
    thread.start()
    while thread.is_alive():
        first = workspace.transcript.newest(1_000).lines[0]
        workspace.transcript.edit(1, [first.text], [line(0)])
    thread.join()
    assert len(workspace.messages.list()) == 101


# -- variables --------------------------------------------------------------------------------------------------------


def test_many_variables_change_as_one(workspace: Workspace) -> None:
    variables = workspace.variables
    for key in variables.list():
        variables.delete(key)
    variables.change({"a": "1", "サブ/b": "2"})
    assert variables.list() == ["a", "サブ/b"]
    variables.change({"a": None, "c": "3"})
    assert variables.list() == ["c", "サブ/b"]
    wrong: list[dict[str, str | None]] = [{"c": "4", "../x": "5"}, {"c": "4", "nothing": None}, {"c": "\ud800"}]
    for bad in wrong:
        with pytest.raises((InvalidInput, NotFound)):
            variables.change(bad)
    assert variables.get("c") == "3"


def test_what_was_deleted_comes_back(workspace: Workspace) -> None:
    variables = workspace.variables
    variables.set("a", "first")
    variables.delete("a")
    variables.set("a", "second")
    variables.delete("a")
    newest, older = variables.trash.items()[:2]
    assert (newest.name, newest.data, older.data) == ("a", b"second", b"first")
    assert variables.restore(older.id) == "a"
    assert variables.get("a") == "first"
    with pytest.raises(Conflict):
        variables.restore(newest.id)
    with pytest.raises(NotFound):
        variables.restore(older.id)
    with pytest.raises(NotFound):
        variables.restore("../../settings")
    for n in range(30):
        variables.set(f"k{n}", "x")
        variables.delete(f"k{n}")
    assert [each.name for each in variables.trash.items()] == [f"k{n}" for n in range(29, 9, -1)]


def test_a_variable_is_renamed(workspace: Workspace) -> None:
    variables = workspace.variables
    variables.set("old", "値")
    variables.set("other", "x")
    with pytest.raises(Conflict):
        variables.rename("old", "other")
    with pytest.raises(NotFound):
        variables.rename("nothing", "new")
    variables.rename("old", "サブ/new")
    assert variables.get("サブ/new") == "値"
    assert "old" not in variables.list()
    variables.rename("サブ/new", "サブ/NEW")
    assert variables.get("サブ/NEW") == "値"
    variables.rename("サブ/NEW", "サブ/NEW")
    assert variables.get("サブ/NEW") == "値"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": "1", "サブ/b": "い\\nろ", "n": 5, "f": 1.5}', {"a": "1", "サブ/b": "い\nろ", "n": "5", "f": "1.5"}),
        ('\ufeff {"a": ""}', {"a": ""}),
        ("a,1\nb,2\n", {"a": "1", "b": "2"}),
        ("key,value\na,1", {"a": "1"}),
        ("キー\t値\na\tx, y", {"a": "x, y"}),
        ('a;"1;2"\nb;"x ""y""\nz"', {"a": "1;2", "b": 'x "y"\nz'}),
        ("a,1\r\n\r\nb,2\r\n", {"a": "1", "b": "2"}),
        ("a,", {"a": ""}),
    ],
)
def test_many_are_read_from_text(text: str, values: dict[str, str]) -> None:
    assert read_variables(text) == values


@pytest.mark.parametrize(
    ("text", "said_of_it", "line"),
    [
        ("", "no variables", None),
        ("just words", "no value", 1),
        ('{"a": "1",\n "b" 2}', "JSON", 2),
        ('{"a": ["1"]}', "`a`", None),
        ('{"a": {"b": "1"}}', "`a`", None),
        ('{"a": true}', "`a`", None),
        ('{"a": "1", "a": "2"}', "twice", None),
        ("a,1\na,2", "twice", 2),
        ("a,1\nb,2,3", "3 cells", 2),
        ('a,"1\nb,2', "no table", None),
        ("[1]", "list", None),
        ("[" * 100_000, "JSON", None),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, said_of_it: str, line: int | None) -> None:
    with pytest.raises(InvalidInput, match=said_of_it) as told:
        read_variables(text)
    assert line is None or told.value.line == line
    assert told.value.hint


@settings(max_examples=100, deadline=None)
@given(values=st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_an_export_is_read_back(values: dict[str, str]) -> None:
    assert read_variables(json.dumps(values)) == values


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert all(isinstance(value, str) for value in read_variables(text).values())


def test_files_in_any_japanese_encoding_are_variables() -> None:
    files = [("人物/名前.txt", "モモ\r\n".encode("cp932")), ("多.csv", "色,赤い花が咲いています".encode("euc_jp"))]
    assert read_files(files) == {"人物/名前": "モモ\n", "色": "赤い花が咲いています"}
    for name, data in (("a.png", b"\x89PNG\0\0"), ("a.docx", b"words"), ("b.json", b"{")):
        with pytest.raises(InvalidInput, match=name):
            read_files([(name, data)])


async def test_a_change_is_shown_before_it_is_done_and_prompts_that_use_a_key_are_known(
    playground: Playground,
) -> None:
    for key in playground.list_variables():
        await playground.delete_variable(key)
    for name in playground.list_prompts():
        await playground.delete_prompt(name)
    await playground.set_variable("name", "Momo")
    root = playground.workspace.root
    write_prompt(root, "a", "{var.name} and {var['any key']}")
    write_prompt(root, "b", "{var.name} {")
    write_prompt(root, "c", "var.name is literal here, {comment('x')}")
    changes = playground.variables.preview({"name": "Momo", "age": "3", "con": "x"})
    assert [(each.key, each.kind) for each in changes] == [("name", "same"), ("age", "new"), ("con", "refused")]
    assert playground.variables.preview({"name": "Mimi"})[0].before == "Momo"
    assert playground.list_variables() == ["name"]
    found = playground.variables.find("MOM")
    assert [(each.key, each.text, each.length, each.prompts) for each in found] == [("name", "Momo", 4, ("a", "b"))]
    assert [each.key for each in playground.variables.find("nAm")] == ["name"]
    assert playground.variables.find("nothing") == []
    uses = playground.variables.uses()
    assert uses["name"] == ["a", "b"]
    assert uses["any key"] == ["a"]
    assert playground.variables.export() == {"name": "Momo"}


# -- runs again -------------------------------------------------------------------------------------------------------


@pytest.fixture
def echo(stub: str) -> dict[str, Any]:
    return {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}


async def test_a_run_is_asked_again(playground: Playground, echo: dict[str, Any]) -> None:
    root = playground.workspace.root
    write_prompt(root, "p", "You are {var.name}.", echo)
    write_prompt(root, "q", "Be short, {var.name}.", {**echo, "model": "stub-0ms-other"})
    history = (Message("user", "a"), Message("assistant", "b"))
    request = RunRequest("p", input="元気？", messages=history, variables={"name": "Momo"})
    first = await playground.run(request)
    write_prompt(root, "p", "You were {var.name}.", echo)

    logged = await playground.log.replay(first.id, Version(), source="page")
    assert logged.after.messages == first.messages
    assert logged.after.result == first.result
    assert all(piece.kind == "same" for piece in logged.pieces)
    assert not logged.masked

    saved = await playground.log.replay(first.id, Version(prompt="p"))
    assert [m.content for m in saved.after.messages] == ["You were Momo.", "a", "b", "元気？"]
    other = await playground.log.replay(first.id, Version(prompt="q"))
    assert (other.after.model, other.after.messages[0].content) == ("stub-0ms-other", "Be short, Momo.")
    model = await playground.log.replay(first.id, Version(model="stub-0ms-other"))
    assert (model.after.model, model.after.messages) == ("stub-0ms-other", first.messages)
    option = await playground.log.replay(first.id, Version(options={"max_new_tokens": 3}), run="mine")
    assert option.after.id == "mine"
    entry = await playground.log.get("mine")
    assert (entry["options"]["max_new_tokens"], entry["prompt"], entry["variables"]) == (3, "p", {"name": "Momo"})
    data = saved.to_dict()
    assert data["before"]["result"] == first.result
    assert {piece["kind"] for piece in data["differences"]} <= {"same", "old", "new"}


async def test_a_raw_run_stays_raw(playground: Playground, echo: dict[str, Any]) -> None:
    first = await playground.run(RunRequest(None, input="as it stands", options=echo, raw=True))
    again = await playground.log.replay(first.id, Version())
    assert [m.content for m in again.after.messages] == ["as it stands"]


async def test_what_cannot_be_asked_again_is_told(playground: Playground, echo: dict[str, Any]) -> None:
    write_prompt(playground.workspace.root, "p", "x", echo)
    first = await playground.run(RunRequest("p"))
    for id, version in (("nothing", Version()), (first.id, Version(prompt="none")), (first.id, Version(model="none"))):
        with pytest.raises(NotFound):
            await playground.log.replay(id, version)
    with pytest.raises(InvalidInput):
        playground.log.request({"history": [5]}, Version())
    with pytest.raises(InvalidInput):
        await playground.log.delete("yesterday")
    assert await playground.log.delete() > 0
    with pytest.raises(NotFound):
        await playground.log.get(first.id)


async def test_a_key_in_the_log_is_told_and_not_brought_back(workspace_folder: Path, echo: dict[str, Any]) -> None:
    environ = {"OPENAI_API_KEY": "sk-very-secret"}
    async with Playground(workspace_folder, environ=environ) as playground:
        write_prompt(workspace_folder, "p", "x", echo)
        first = await playground.run(RunRequest("p", input="my key is sk-very-secret"))
        again = await playground.log.replay(first.id, Version())
        assert again.masked
        assert "sk-very-secret" not in json.dumps(again.to_dict())


# -- what differs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "{new}"),
        ("old", "", "[old]"),
        ("the red cat", "the blue cat", "the [red]{blue} cat"),
        ("猫の名前はタマです。", "猫の名前はミケです。", "猫の名前は[タマ]{ミケ}です。"),
        ("a\nb\n", "a\nc\n", "a\n[b]{c}\n"),
    ],
)
def test_differences(old: str, new: str, shown: str) -> None:
    marks = {"same": "{}", "old": "[{}]", "new": "{{{}}}"}
    assert "".join(marks[piece.kind].format(piece.text) for piece in differences(old, new)) == shown


@settings(max_examples=100, deadline=None)
@given(old=st.text(max_size=60), new=st.text(max_size=60), times=st.sampled_from([1, 1, 80]))
def test_the_pieces_are_both_texts(old: str, new: str, times: int) -> None:
    pieces = differences(old * times, new * times)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old * times
    assert "".join(piece.text for piece in pieces if piece.kind != "old") == new * times
