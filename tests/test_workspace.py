"""The workspace folder: names, what is read and written, hand edits, broken files, links, two processes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import AkachatError, Conflict, FileError, InvalidInput, NotFound
from akachat.messages import Message
from akachat.options import Options
from akachat.settings import Limits
from akachat.workspace import Workspace, check_name

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")

GOOD_NAMES = [
    "sample",
    "名前",
    "サブ/名前",
    "a/b/c/d",
    "絵文字😀👨‍👩‍👧",
    "with space",
    "x.y",
    ".hidden",
    "console",
    "com",
    "com10",
    "a" * 200,
    "あ" * 66,
    "it's 100% {fine}; $HOME ~ #1",
    "- dash",
    "…",
    "constructor",
    "a..b",
]

BAD_NAMES = {
    "empty": ("", "empty"),
    "absolute": ("/etc/passwd", "absolute"),
    "double slash": ("//host/share", "absolute"),
    "parent": ("../x", "leads elsewhere"),
    "parent inside": ("a/../../x", "leads elsewhere"),
    "parent alone": ("..", "leads elsewhere"),
    "self": ("./x", "leads elsewhere"),
    "empty part": ("a//b", "empty part"),
    "slash at the end": ("a/", "empty part"),
    "only a space": (" ", "empty part"),
    "only an ideographic space": ("a/　", "empty part"),
    "backslash": ("a\\b", "backslash"),
    "UNC": ("\\\\host\\x", "backslash"),
    "drive": ("C:/x", "drive"),
    "drive, relative": ("c:x", "drive"),
    "NUL": ("a\0b", "control"),
    "newline": ("a\nb", "control"),
    "tab": ("a\tb", "control"),
    "DEL": ("a\x7f", "control"),
    "C1": ("a\x85", "control"),
    "right-to-left override": ("a\u202egpj", "control"),
    "line separator": ("a\u2028b", "control"),
    "dot at the end": ("a.", "ends with"),
    "space at the end": ("a ", "ends with"),
    "folder with a dot at the end": ("a./b", "ends with"),
    "dots": ("...", "ends with"),
    "CON": ("CON", "reserves"),
    "con in a folder": ("x/con/y", "reserves"),
    "nul with a suffix": ("nul.tar.gz", "reserves"),
    "aux, space, suffix": ("aux .x", "reserves"),
    "COM1": ("com1", "reserves"),
    "LPT9": ("LPT9.a", "reserves"),
    "COM superscript": ("COM¹", "reserves"),
    "CONIN$": ("conin$", "reserves"),
    "201 bytes": ("a" * 201, "over 200 bytes"),
    "201 bytes of Japanese": ("あ" * 67, "over 200 bytes"),
    "lone surrogate": ("a\ud800", "surrogate"),
    "ours": (".akachat-1.tmp", "kept for the program"),
    "ours, other case": (".AKACHAT", "kept for the program"),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "作業 folder")
    made.open()
    for name in made.prompts.list():
        made.prompts.delete(name)
    for key in made.variables.list():
        made.variables.delete(key)
    return made


def leftovers(workspace: Workspace) -> list[str]:
    return [str(p) for p in workspace.root.rglob("*") if p.name.endswith(".tmp") or p.name == "pending.json"]


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_good_name_names_a_prompt_and_a_variable(workspace: Workspace, name: str) -> None:
    workspace.prompts.save(name, "text", {"seed": 1})
    workspace.variables.set(name, "value")
    assert workspace.prompts.list() == workspace.variables.list() == [name]
    assert workspace.prompts.load(name).instruction == "text"
    assert workspace.variables.get(name) == "value"


@pytest.mark.parametrize(("name", "rule"), BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_bad_name_is_refused_everywhere_with_its_rule(workspace: Workspace, name: str, rule: str) -> None:
    before = sorted(workspace.root.rglob("*"))
    uses: list[Callable[[], object]] = [
        lambda: workspace.prompts.save(name, "x", {}),
        lambda: workspace.prompts.load(name),
        lambda: workspace.prompts.delete(name),
        lambda: workspace.prompts.exists(name),
        lambda: workspace.prompts.rename(name, "fine"),
        lambda: workspace.prompts.rename("fine", name),
        lambda: workspace.variables.set(name, "x"),
        lambda: workspace.variables.get(name),
        lambda: workspace.variables.delete(name),
    ]
    for use in uses:
        with pytest.raises(InvalidInput, match=rule):
            use()
    assert sorted(workspace.root.rglob("*")) == before


@pytest.mark.parametrize("name", [None, 5, b"x", ["x"]])
def test_a_name_is_a_text(name: Any) -> None:
    with pytest.raises(InvalidInput, match="text"):
        check_name(name)


@pytest.mark.parametrize("char", list('<>:"|?*'))
def test_what_windows_cannot_store_is_refused_there_only(char: str) -> None:
    assert check_name(f"ab{char}", windows=False) == f"ab{char}"
    with pytest.raises(InvalidInput, match="Windows"):
        check_name(f"ab{char}", windows=True)


def test_a_decomposed_name_is_the_same_name(workspace: Workspace) -> None:
    nfc, nfd = "ガ/パ", unicodedata.normalize("NFD", "ガ/パ")
    workspace.prompts.save(nfd, "x", {})
    assert workspace.prompts.list() == [nfc]
    assert workspace.prompts.load(nfc) == workspace.prompts.load(nfd)


def test_a_file_with_a_decomposed_name_put_there_by_hand_is_found(workspace: Workspace) -> None:
    nfd = unicodedata.normalize("NFD", "ガ")
    (workspace.root / "prompt" / f"{nfd}.txt").write_text("by hand")
    assert workspace.prompts.list() == ["ガ"]
    assert workspace.prompts.load("ガ").instruction == "by hand"
    workspace.prompts.save("ガ", "saved", {})
    assert workspace.prompts.list() == ["ガ"]
    assert workspace.prompts.load("ガ").instruction == "saved"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_a_name_is_refused_or_stays_inside(name: str) -> None:
    try:
        checked = check_name(name)
    except InvalidInput:
        return
    assert check_name(checked) == checked == unicodedata.normalize("NFC", name)
    path = os.path.normpath(os.path.join("/w/prompt", checked + ".txt"))
    assert path.startswith("/w/prompt/")
    assert path == "/w/prompt/" + checked + ".txt"


# -- what is stored ---------------------------------------------------------------------------------------------------

TEXTS = {
    "empty": ("", ""),
    "plain": ("a\nb\n", "a\nb\n"),
    "no newline": ("a", "a"),
    "CRLF": ("a\r\nb\r\n", "a\nb\n"),
    "lone CR": ("a\rb", "a\rb"),
    "BOM": ("\ufeffa", "a"),
    "Japanese": ("あ😀\u3000", "あ😀\u3000"),
    "NUL": ("a\0b", "a\0b"),
    "line separators": ("a\u2028b\x85c", "a\u2028b\x85c"),
    "braces": ("{input!r:>10} {{x}} \\n", "{input!r:>10} {{x}} \\n"),
}


@pytest.mark.parametrize(("text", "read"), TEXTS.values(), ids=TEXTS)
def test_a_text_comes_back_as_it_was_given_but_for_line_ends(workspace: Workspace, text: str, read: str) -> None:
    assert workspace.prompts.save("p", text, {}).instruction == read
    workspace.variables.set("v", text)
    again = Workspace(workspace.root)
    for each in (workspace, again):
        assert each.prompts.load("p").instruction == read
        assert each.variables.get("v") == read
    assert (workspace.root / "var" / "v.txt").read_bytes() == text.encode()


@settings(max_examples=40, deadline=None)
@given(value=st.text(), seed=st.integers(0, 2**63 - 1))
def test_any_text_survives_a_round_trip(value: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(folder)
        workspace.variables.set("v", value)
        workspace.prompts.save("p", value, {"seed": seed, "stop": [value], "later": value})
        fresh = Workspace(folder)
        wanted = value.removeprefix("\ufeff").replace("\r\n", "\n")
        assert fresh.variables.get("v") == fresh.prompts.load("p").instruction == wanted
        options = fresh.prompts.load("p").options
        assert (options.seed, options.stop) == (seed, [value])
        assert options.to_dict()["later"] == value


@pytest.mark.parametrize("text", ["\ud83d", "ok\udfff"])
def test_half_a_character_is_refused(workspace: Workspace, text: str) -> None:
    with pytest.raises(InvalidInput, match="half a character"):
        workspace.variables.set("v", text)
    with pytest.raises(InvalidInput, match="half a character"):
        workspace.prompts.save("p", text, {})
    with pytest.raises(InvalidInput):
        workspace.prompts.save("p", "x", {"later": text})
    assert workspace.prompts.list() == workspace.variables.list() == []


def test_unknown_options_are_kept(workspace: Workspace) -> None:
    workspace.prompts.save("p", "x", {"temperature": 0, "later": {"a": [1, None]}})
    options = Workspace(workspace.root).prompts.load("p").options
    assert options.temperature == 0
    assert set(options.unknown) == {"later"}
    assert options.to_dict()["later"] == {"a": [1, None]}


def test_a_wrong_option_is_refused_and_nothing_is_written(workspace: Workspace) -> None:
    with pytest.raises(InvalidInput, match="temperature"):
        workspace.prompts.save("p", "x", {"temperature": "hot"})
    with pytest.raises(InvalidInput):
        workspace.prompts.save("p", "x", {"later": float("nan")})
    assert workspace.prompts.list() == []


def test_what_is_missing_is_said_with_the_nearest_names(workspace: Workspace) -> None:
    workspace.prompts.save("summary", "x", {})
    workspace.variables.set("名前", "あか")
    with pytest.raises(NotFound) as prompt:
        workspace.prompts.load("Sumary")
    with pytest.raises(NotFound) as variable:
        workspace.variables.get("名")
    assert "summary" in prompt.value.hint
    assert "名前" in variable.value.hint
    for use in (workspace.prompts.delete, workspace.variables.delete, workspace.variables.get):
        with pytest.raises(NotFound):
            use("nothing")


def test_renaming_moves_both_files_byte_for_byte(workspace: Workspace) -> None:
    folder = workspace.root / "prompt"
    (folder / "a.txt").write_bytes(b"\xef\xbb\xbfx\r\n")
    (folder / "a.json").write_bytes(b"{broken")
    workspace.prompts.rename("a", "サブ/b")
    assert workspace.prompts.list() == ["サブ/b"]
    assert (folder / "サブ" / "b.txt").read_bytes() == b"\xef\xbb\xbfx\r\n"
    assert (folder / "サブ" / "b.json").read_bytes() == b"{broken"
    workspace.prompts.save("c", "c", {})
    with pytest.raises(Conflict):
        workspace.prompts.rename("c", "サブ/b")
    with pytest.raises(NotFound):
        workspace.prompts.rename("none", "d")
    workspace.prompts.delete("サブ/b")
    assert sorted(p.name for p in folder.iterdir()) == ["c.json", "c.txt"], (
        "an empty subfolder goes with its last prompt"
    )
    assert leftovers(workspace) == []


def test_a_prompt_cannot_lie_where_another_one_needs_a_folder(workspace: Workspace) -> None:
    workspace.prompts.save("a", "x", {})
    with pytest.raises(InvalidInput):
        workspace.prompts.save("a.txt/b", "x", {})
    (workspace.root / "prompt" / "d.json").mkdir()
    with pytest.raises(AkachatError):
        workspace.prompts.save("d", "x", {})
    assert workspace.prompts.list() == ["a"]
    assert leftovers(workspace) == []


# -- hand edits and broken files --------------------------------------------------------------------------------------


def test_hand_edits_are_seen_at_the_next_use(workspace: Workspace) -> None:
    text, options = workspace.root / "prompt" / "p.txt", workspace.root / "prompt" / "p.json"
    value = workspace.root / "var" / "v.txt"
    workspace.prompts.save("p", "0", {"seed": 0})
    workspace.variables.set("v", "0")
    time.sleep(0.06)
    for _ in range(3):  # remembered by now
        assert workspace.prompts.load("p").instruction == "0"
        assert workspace.variables.get("v") == "0"
    for n in range(1, 10):  # same size, as fast as can be, in place
        text.write_text(str(n))
        options.write_text(f'{{"seed": {n}}}')
        value.write_text(str(n))
        assert workspace.prompts.load("p").instruction == str(n)
        assert workspace.prompts.load("p").options.seed == n
        assert workspace.variables.get("v") == str(n)
    options.unlink()
    assert workspace.prompts.load("p").options == Options()
    text.unlink()
    value.unlink()
    with pytest.raises(NotFound):
        workspace.prompts.load("p")
    with pytest.raises(NotFound):
        workspace.variables.get("v")


def test_files_by_hand_need_no_options_and_may_come_from_windows(workspace: Workspace) -> None:
    (workspace.root / "prompt" / "p.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    (workspace.root / "var" / "v.txt").write_bytes(b"\xef\xbb\xbfx\r\n")
    assert workspace.prompts.load("p").instruction == "a\nb\n"
    assert workspace.prompts.load("p").options == Options()
    assert workspace.variables.get("v") == "x\n"
    (workspace.root / "prompt" / "p.json").write_bytes(b'\xef\xbb\xbf{\r\n"max_tokens": 5}\r\n')
    assert workspace.prompts.load("p").options.max_new_tokens == 5


BROKEN = {
    "comma": ('{\n  "seed": 1,\n}', 3, 1),
    "quote": ('{\n  "seed: 1}', 2, 3),
    "list": ("[]", 1, 1),
    "NaN": ('{"temperature": NaN}', 1, 1),
    "deep": ("[" * 100_000, 1, 1),
    "a long number": ('{"seed": ' + "9" * 10_000 + "}", 1, 1),
    "wrong option": ('{\n\n "model": "m",\n   "temperature": "hot"}', 4, 4),
    "not UTF-8": (b'{\n"model": "\x83\x82"}', 2, 11),
    "UTF-16": ('{"seed": 1}'.encode("utf-16"), 1, 1),
}


@pytest.mark.parametrize(("content", "line", "column"), BROKEN.values(), ids=BROKEN)
def test_a_broken_options_file_is_reported_and_kept(
    workspace: Workspace, content: str | bytes, line: int, column: int
) -> None:
    data = content.encode() if isinstance(content, str) else content
    path = workspace.root / "prompt" / "p.json"
    (workspace.root / "prompt" / "p.txt").write_text("x")
    path.write_bytes(data)
    with pytest.raises(FileError) as error:
        workspace.prompts.load("p")
    assert (error.value.path, error.value.line, error.value.column) == ("prompt/p.json", line, column)
    assert [str(e) for e in workspace.prompts.problems()] == [str(error.value)]
    assert path.read_bytes() == data
    workspace.prompts.save("p", "new", {"seed": 7})
    assert workspace.prompts.load("p").options.seed == 7
    (kept,) = [p for p in path.parent.iterdir() if ".broken-" in p.name]
    assert kept.read_bytes() == data
    assert workspace.prompts.list() == ["p"]


def test_a_text_that_is_not_utf8_is_reported_and_kept(workspace: Workspace) -> None:
    for folder in ("prompt", "var"):
        (workspace.root / folder / "p.txt").write_bytes("一行目\nあa".encode()[:-1] + "い".encode("cp932"))
    for use, save in (
        (workspace.prompts.load, lambda: workspace.prompts.save("p", "x", {})),
        (workspace.variables.get, lambda: workspace.variables.set("p", "x")),
    ):
        with pytest.raises(FileError) as error:
            use("p")
        assert (error.value.line, error.value.column) == (2, 2)
        assert "UTF-8" in error.value.hint
        save()
    assert len(list(workspace.root.rglob("*.broken-*"))) == 2


def test_options_without_an_instruction_are_reported(workspace: Workspace) -> None:
    (workspace.root / "prompt" / "lonely.json").write_text("{}")
    assert workspace.prompts.list() == []
    with pytest.raises(FileError, match="no instruction") as error:
        workspace.prompts.load("lonely")
    assert error.value.path == "prompt/lonely.txt"
    assert len(workspace.prompts.problems()) == 1


def test_a_file_that_is_too_large_or_no_file_is_an_error(tmp_path: Path) -> None:
    limits = Limits(text_file_bytes=2_000, messages_file_bytes=2_000)
    workspace = Workspace(tmp_path, lambda: limits)
    workspace.open()
    (tmp_path / "var" / "large.txt").write_text("x" * 2_001)
    with pytest.raises(FileError, match="2,001 bytes"):
        workspace.variables.get("large")
    with pytest.raises(InvalidInput, match=r"limits\.text_file_bytes"):
        workspace.variables.set("mine", "x" * 2_001)
    workspace.messages.append([said(n) for n in range(0, 7 * 200, 7)])
    assert len(workspace.messages.list(5)) == 5
    for most in (0, 200):
        with pytest.raises(FileError, match=r"limits\.messages_file_bytes"):
            workspace.messages.list(most)
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "var" / "pipe.txt")
        with pytest.raises(FileError, match="plain file"):
            workspace.variables.get("pipe")


# -- links and permissions --------------------------------------------------------------------------------------------


@posix
def test_links_that_lead_out_are_refused_and_those_inside_are_followed(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("x.txt", "x.json", "messages.jsonl"):
        (outside / name).write_text("{}")
    prompts, var, log = (workspace.root / each for each in ("prompt", "var", "log"))
    (prompts / "link.txt").symlink_to(outside / "x.txt")
    (prompts / "folder").symlink_to(outside)
    (prompts / "half.txt").write_text("mine")
    (prompts / "half.json").symlink_to(outside / "x.json")
    (var / "link.txt").symlink_to(outside / "x.txt")
    (var / "new.txt").symlink_to(outside / "new.txt")
    (log / "messages.jsonl").symlink_to(outside / "messages.jsonl")
    uses: list[Callable[[], object]] = [
        lambda: workspace.prompts.load("link"),
        lambda: workspace.prompts.load("folder/x"),
        lambda: workspace.prompts.load("half"),
        lambda: workspace.prompts.save("link", "x", {}),
        lambda: workspace.prompts.save("folder/x", "x", {}),
        lambda: workspace.prompts.save("folder/new", "x", {}),
        lambda: workspace.prompts.save("half", "x", {}),
        lambda: workspace.prompts.delete("folder/x"),
        lambda: workspace.variables.get("link"),
        lambda: workspace.variables.set("link", "x"),
        lambda: workspace.variables.set("new", "x"),
        lambda: workspace.messages.list(),
        lambda: workspace.messages.append([Message("user", "x")]),
        lambda: workspace.messages.clear(),
    ]
    for use in uses:
        with pytest.raises(InvalidInput, match="leads out"):
            use()
    assert sorted(p.name for p in outside.iterdir()) == ["messages.jsonl", "x.json", "x.txt"]
    assert {p.read_text() for p in outside.iterdir()} == {"{}"}

    (var / "target.txt").write_text("1")
    (var / "alias.txt").symlink_to(var / "target.txt")
    workspace.variables.set("alias", "2")
    assert workspace.variables.get("target") == "2"
    assert (var / "alias.txt").is_symlink()


@posix
def test_a_file_keeps_its_mode(workspace: Workspace) -> None:
    workspace.prompts.save("p", "x", {})
    path = workspace.root / "prompt" / "p.txt"
    path.chmod(0o640)
    workspace.prompts.save("p", "y", {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    workspace.prompts.rename("p", "q")
    assert stat.S_IMODE((workspace.root / "prompt" / "q.txt").stat().st_mode) == 0o640


@posix
def test_a_full_disk_leaves_the_old_content(workspace: Workspace) -> None:
    """The system's own limit on a file's size stands for the disk: a write fails half-way."""
    workspace.prompts.save("p", "old", {"seed": 1})
    workspace.variables.set("v", "old")
    workspace.messages.append([Message("user", "old")])
    script = """
import resource, signal, sys
from akachat.errors import FileError
from akachat.messages import Message
from akachat.settings import SettingsFile
from akachat.workspace import Workspace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
w = Workspace(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
long = "x" * 4000
for use in (
    lambda: w.prompts.save("p", long, {"seed": 2}),
    lambda: w.prompts.save("p", "new", {"model": long}),
    lambda: w.prompts.save("other", "new", {"model": long}),
    lambda: w.variables.set("v", long),
    lambda: w.messages.append([Message("user", "a"), Message("user", long)]),
    lambda: w.messages.replace([Message("user", long)]),
    lambda: SettingsFile(w.settings_path, {}).update(title=long),
):
    try:
        use()
    except FileError as error:
        print(error.path, "unchanged" in error.hint)
    else:
        print("no error")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(workspace.root)], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert all(line.endswith("True") for line in lines), lines
    assert workspace.prompts.list() == ["p"]
    prompt = workspace.prompts.load("p")
    assert (prompt.instruction, prompt.options.seed) == ("old", 1)
    assert workspace.variables.get("v") == "old"
    assert workspace.messages.list() == (Message("user", "old"),)
    assert not workspace.settings_path.exists()
    assert leftovers(workspace) == []


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder whose files belong to root, seen by a user who may not write."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder)
        path.chmod(0o755)
        workspace = Workspace(path)
        workspace.open()
        workspace.variables.set("v", "old")
        workspace.prompts.save("p", "old", {})
        (path / "var" / "secret.txt").write_text("x")
        (path / "var" / "secret.txt").chmod(0o600)
        os.seteuid(65534)
        try:
            yield path
        finally:
            os.seteuid(0)


def test_a_folder_that_may_only_be_read_can_be_read(nobody: Path) -> None:
    workspace = Workspace(nobody)
    assert workspace.variables.get("v") == "old"
    assert workspace.prompts.load("p").instruction == "old"
    for use in (
        lambda: workspace.variables.set("v", "new"),
        lambda: workspace.prompts.save("p", "new", {}),
        lambda: workspace.messages.append([Message("user", "x")]),
        lambda: workspace.variables.get("secret"),
    ):
        with pytest.raises(FileError, match="Permission denied") as error:
            use()
        assert "owns" in error.value.hint
    assert workspace.variables.get("v") == "old"


# -- opening ----------------------------------------------------------------------------------------------------------


def test_opening_makes_the_folders_and_copies_the_samples_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "new" / "workspace")
    workspace.open()
    assert {"prompt", "rag", "var", "log"} <= {p.name for p in workspace.root.iterdir()}
    assert "sample" in workspace.prompts.list()
    for name in workspace.prompts.list():
        assert workspace.prompts.load(name).instruction
    assert workspace.prompts.problems() == ()
    workspace.prompts.save("sample", "mine", {})
    for name in workspace.prompts.list():
        if name != "sample":
            workspace.prompts.delete(name)
    Workspace(workspace.root).open()
    assert workspace.prompts.list() == ["sample"]
    assert workspace.prompts.load("sample").instruction == "mine"


def test_samples_do_not_replace_a_variable(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "name.txt").write_text("mine")
    workspace = Workspace(tmp_path)
    workspace.open()
    assert workspace.variables.get("name") == "mine"


def test_two_workspaces_live_side_by_side(tmp_path: Path) -> None:
    one, two = Workspace(tmp_path / "1"), Workspace(tmp_path / "2")
    for each in (one, two):
        each.open()
    one.variables.set("v", "1")
    two.variables.set("v", "2")
    assert (one.variables.get("v"), two.variables.get("v")) == ("1", "2")


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AkachatError):
        Workspace(tmp_path / "file").open()


def test_an_interrupted_save_does_not_undo_a_later_hand_edit(workspace: Workspace) -> None:
    folder = workspace.root / "prompt"
    workspace.prompts.save("p", "old", {"seed": 1})
    record: dict[str, Any] = {
        "version": 1,
        "files": [
            {"path": "prompt/p.txt", "before": "0" * 64, "after": "bmV3", "mode": None},
            {"path": "prompt/p.json", "before": None, "after": "e30=", "mode": None},
        ],
    }
    pending = workspace.root / ".akachat" / "pending.json"
    outside = {
        **record,
        "files": [{**record["files"][0], "path": str(workspace.root.parent / "x.txt"), "before": None}],
    }
    settings_file = {**record, "files": [{**record["files"][0], "path": "settings.json", "before": None}]}
    for content in (json.dumps(record), json.dumps(outside), json.dumps(settings_file), "{torn", "[]"):
        pending.write_text(content)
        Workspace(workspace.root).open()
        assert not pending.exists()
        assert (folder / "p.txt").read_text() == "old"
    assert len(list(pending.parent.glob("unfinished-*.json"))) == 5, "what was about to be written is kept"
    assert not (workspace.root.parent / "x.txt").exists()
    assert not (workspace.root / "settings.json").exists()


def test_the_hidden_folder_may_be_deleted_at_any_time(workspace: Workspace) -> None:
    workspace.variables.set("v", "1")
    shutil.rmtree(workspace.root / ".akachat")
    workspace.variables.set("v", "2")
    workspace.prompts.save("p", "x", {"seed": 1})
    workspace.messages.append([Message("user", "x")])
    shutil.rmtree(workspace.root / ".akachat")
    workspace.messages.append([Message("user", "y")])
    assert workspace.variables.get("v") == "2"
    assert (workspace.root / ".akachat" / ".gitignore").read_text() == "*\n"


# -- messages ---------------------------------------------------------------------------------------------------------


def said(n: int) -> Message:
    return Message("user" if n % 2 else "assistant", f"{n} {'あ' * (n % 7 * 1000)}")


def test_messages_come_back_newest_first_counted(workspace: Workspace) -> None:
    assert workspace.messages.list() == ()
    all_ = [said(n) for n in range(100)]
    workspace.messages.append(all_[:60])
    workspace.messages.append([])
    workspace.messages.append(all_[60:])
    assert list(workspace.messages.list()) == all_
    for limit in (1, 7, 99, 100, 1000):
        assert list(workspace.messages.list(limit)) == all_[-limit:]
    path = workspace.root / "log" / "messages.jsonl"
    assert [json.loads(line)["content"] for line in path.read_text("utf-8").splitlines()] == [m.content for m in all_]
    workspace.messages.replace(all_[:2])
    assert list(workspace.messages.list()) == all_[:2]
    workspace.messages.clear()
    assert workspace.messages.list() == ()
    with pytest.raises(InvalidInput):
        workspace.messages.list(-1)


@settings(max_examples=60, deadline=None)
@given(
    contents=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5),
    extra=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.booleans()),
)
def test_any_message_survives(contents: list[str], extra: dict[str, bool]) -> None:
    kept = {k: v for k, v in extra.items() if k not in ("role", "content")}
    messages = tuple(Message("user", text, kept) for text in contents)
    with tempfile.TemporaryDirectory() as folder:
        Workspace(folder).messages.append(messages)
        assert Workspace(folder).messages.list() == messages


def test_messages_edited_by_hand(workspace: Workspace) -> None:
    path = workspace.root / "log" / "messages.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"role": "user", "content": "a"}\r\n\r\n  {"role":"ai","content":"b"}  \n'
        b'{"content":[{"type":"text","text":"c"}],"role":"user"}'
    )
    wanted = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert workspace.messages.list() == wanted
    workspace.messages.append([Message("user", "d")])
    assert workspace.messages.list() == (*wanted, Message("user", "d"))


@pytest.mark.parametrize("bad", ['{"role": "user"}', "{", "[]", '{"role": "robot", "content": "x"}', "\x83"])
def test_a_broken_line_is_reported_with_its_number_and_kept(workspace: Workspace, bad: str) -> None:
    path = workspace.root / "log" / "messages.jsonl"
    good = '{"role": "user", "content": "a"}\n'
    data = (good * 3 + bad + "\n" + good * 2).encode("latin-1")
    path.write_bytes(data)
    for limit in (0, 3):
        with pytest.raises(FileError) as error:
            workspace.messages.list(limit)
        assert (error.value.path, error.value.line) == ("log/messages.jsonl", 4)
    assert len(workspace.messages.list(2)) == 2, "what is asked for lies after it"
    workspace.messages.append([Message("user", "b")])
    assert path.read_bytes().startswith(data)
    workspace.messages.clear()
    (kept,) = path.parent.glob("messages.jsonl.broken-*")
    assert kept.read_bytes().startswith(data)


def test_a_line_cut_off_by_a_crash_is_set_aside_by_the_next_append(workspace: Workspace) -> None:
    path = workspace.root / "log" / "messages.jsonl"
    workspace.messages.append([said(1), said(2)])
    with path.open("ab") as file:
        file.write('{"role": "user", "content": "あ'.encode()[:-1])
    assert workspace.messages.list() == (said(1), said(2))
    workspace.messages.append([said(3)])
    assert workspace.messages.list() == (said(1), said(2), said(3))
    assert path.with_name("messages.jsonl.torn").read_bytes().startswith(b'{"role": "user"')


# -- two processes ----------------------------------------------------------------------------------------------------

WRITER = """
import sys
from akachat.messages import Message
from akachat.settings import SettingsFile
from akachat.workspace import Workspace
root, me = sys.argv[1], sys.argv[2]
w = Workspace(root)
settings = SettingsFile(w.settings_path, {})
print("ready", flush=True); sys.stdin.readline()
for n in range(25):
    seed = int(me) * 1000 + n
    w.prompts.save("shared", f"{seed}" + "x" * (seed % 5000), {"seed": seed, "model": "m" * (seed % 3000)})
    w.variables.set("shared", f"{me}" * 3000)
    w.messages.append([Message("user", f"{me} {n}"), Message("assistant", f"{me} {n}")])
    settings.update(endpoints={f"{me}-{n}": {"url": "http://127.0.0.1:1"}})
print("done", flush=True)
"""


def test_two_processes_write_at_once_and_a_third_reads(workspace: Workspace) -> None:
    workspace.prompts.save("shared", "0", {"seed": 0, "model": "m"})
    workspace.variables.set("shared", "0" * 3000)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(workspace.root), str(me)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in (1, 2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.close()
    seen = set()
    while any(writer.poll() is None for writer in writers):
        prompt = workspace.prompts.load("shared")
        assert prompt.options.seed == int(prompt.instruction.rstrip("x")), "both files of one save"
        value = workspace.variables.get("shared")
        assert len(value) == 3000
        assert len(set(value)) == 1
        messages = workspace.messages.list()
        assert all(a.content == b.content for a, b in zip(messages[::2], messages[1::2], strict=False))
        seen.add(prompt.options.seed)
        time.sleep(0.001)
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.read() == "done\n"
        writer.stdout.close()
        assert writer.wait() == 0
    assert len(seen) > 5
    contents = [m.content for m in workspace.messages.list()]
    assert sorted(contents) == sorted([f"{me} {n}" for me in (1, 2) for n in range(25)] * 2)
    assert len(json.loads(workspace.settings_path.read_text())["endpoints"]) == 50
    assert leftovers(workspace) == []
    assert sorted(p.name for p in (workspace.root / "prompt").iterdir()) == ["shared.json", "shared.txt"]


def test_an_unchanged_prompt_is_not_read_again(workspace: Workspace) -> None:
    workspace.prompts.save("p", "x", {})
    time.sleep(0.06)
    assert workspace.prompts.load("p") is not None
    assert workspace.prompts.load("p") is workspace.prompts.load("p")
