"""The command line as a user meets it: what is printed where, and the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from akachat.cli.start import COMMANDS
from akachat.options import Options
from tests.commands import Ended

ROOT = Path(__file__).resolve().parents[1]


def process(folder: Path, *words: str, stdin: str | bytes = "", **environ: str) -> Ended:
    """Runs a command line as its own process."""
    done = subprocess.run(
        [sys.executable, "-m", "akachat", "--workspace", str(folder), *words],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environ},
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def write_prompt(folder: Path, name: str, instruction: str, **options: Any) -> None:
    path = folder / "prompt" / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(instruction, encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(options), encoding="utf-8")


@pytest.fixture
def folder(workspace_folder: Path, stub: str) -> Path:
    """A workspace whose prompts are answered by the stub."""
    upstream = {"location": "OpenAI", "endpoint": stub}
    write_prompt(workspace_folder, "echo", "", model="stub-0ms-echo-chars", **upstream)
    write_prompt(workspace_folder, "var", "Your name is {var.name}.", model="stub-0ms", **upstream)
    write_prompt(workspace_folder, "slow", "", model="stream-200tok-50ms", **upstream)
    write_prompt(workspace_folder, "wrong", "一行目\n\t{input} と {var.naem} です", model="stub-0ms", **upstream)
    write_prompt(workspace_folder, "refused", "", model="stub-0ms-err401", **upstream)
    (workspace_folder / "var").mkdir()
    (workspace_folder / "var" / "name.txt").write_text("あか", encoding="utf-8")
    return workspace_folder


# run


@pytest.mark.usefixtures("folder")
def test_run_prints_the_answer_and_what_it_cost(cli: Callable[..., Ended]) -> None:
    ended = cli("run", "echo", "こんにちは\n世界")
    assert (ended.code, ended.out) == (0, "こんにちは\n世界\n")
    assert re.search(r"^8 tokens in \d+\.\d\d s · .*prompt tokens.* · stub-0ms-echo-chars$", ended.err, re.MULTILINE)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["--no-stream"], "abc\n"),
        (["--quiet"], "abc\n"),
        (["--max-new-tokens", "1", "--model", "stub-0ms"], "the\n"),
        (["--option", "max_new_tokens=2", "--option", "model=stub-0ms"], "the quick\n"),
        (["--option", "max_tokens=2", "--model", "stub-0ms"], "the quick\n"),
        (["--temperature", "0", "--stop", "x", "--stop", "y", "--seed", "3"], "abc\n"),
        (["--var", "name=x=y"], "abc\n"),
    ],
)
@pytest.mark.parametrize("is_last", [False, True])
def test_run_takes_options(cli: Callable[..., Ended], words: list[str], out: str, is_last: bool) -> None:
    ended = cli("run", "echo", *([*words, "abc"] if is_last else ["abc", *words]))
    assert (ended.code, ended.out) == (0, out)
    assert ("--quiet" in words) == (ended.err == "")


@pytest.mark.usefixtures("folder")
def test_run_as_json_says_all(cli: Callable[..., Ended]) -> None:
    ended = cli("run", "var", "hi", "--json", "--var", "name=Aka", "-q")
    said = ended.json()
    assert said["messages"][0] == {"role": "system", "content": "Your name is Aka."}
    assert said["messages"][1] == {"role": "user", "content": "hi"}
    assert said["finish_reason"] == "stop"
    assert {"id", "result", "usage", "timings", "trace", "model"} <= set(said)


def test_run_takes_its_texts_from_files_and_pipes(folder: Path, tmp_path: Path) -> None:
    instruction = tmp_path / "私の指示.txt"
    instruction.write_bytes("\ufeff{input}!\r\n".encode())
    ended = process(folder, "run", "var", "-", "--json", "--instruction", str(instruction), stdin="あ\r\nい\n")
    assert ended.json()["messages"][0]["content"].strip() == "あ\nい!"
    ended = process(folder, "run", "echo", "-", "-q", stdin="piped\n")
    assert ended.out == "piped\n"


def test_run_keeps_when_asked(cli: Callable[..., Ended], folder: Path) -> None:
    cli("run", "echo", "not this")
    cli("run", "echo", "this", "--keep")
    lines = (folder / "log" / "messages.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"role": "user", "content": "this"},
        {"role": "assistant", "content": "this"},
    ]


# errors


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["run", "render"])
def test_an_error_shows_its_place(cli: Callable[..., Ended], command: str) -> None:
    ended = cli(command, "wrong", "x")
    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    assert lines[0].startswith("error: ")
    assert re.fullmatch(r"  --> prompt/wrong\.txt:2:1\d", lines[1])
    assert lines[2] == "  2 | \t{input} と {var.naem} です"
    caret = lines[3].index("^")
    # `と` is two columns wide: the blanks before the caret are, too.
    assert lines[3].startswith("    | \t")
    assert "{var.naem}".find(lines[2][caret - 1]) >= 0
    assert "hint: " in ended.err
    assert "name" in ended.err.splitlines()[-1], "the nearest variable"
    assert "Traceback" not in ended.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["run", "ecko", "x"], 1, "echo"),
        (["run", "refused", "x"], 1, "error: "),
        (["run", "../x"], 1, "error: "),
        (["run"], 2, "NAME"),
        (["run", "echo", "--temperature", "hot"], 2, "error: option temperature: "),
        (["run", "echo", "--temperature", "9"], 2, "error: option temperature: "),
        (["run", "echo", "--option", "seed"], 2, "error: --option 'seed' has no value"),
        (["run", "echo", "--var", "=x"], 2, "error: --var '=x' has no value"),
        (["run", "echo", "--instruction", "/nowhere"], 2, "error: /nowhere cannot be read"),
        (["run", "echo", "-", "--instruction", "-"], 2, "cannot be both"),
        (["run", "echo", "--unknown"], 2, "--unknown"),
        (["fly"], 2, "fly"),
        (["prompt"], 2, "ACTION"),
        (["var", "get", "nothing"], 1, "error: "),
    ],
)
def test_wrong_command_lines(cli: Callable[..., Ended], words: list[str], code: int, error: str) -> None:
    ended = cli(*words)
    assert (ended.code, ended.out) == (code, "")
    assert error in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.usefixtures("folder")
def test_a_failed_run_as_json(cli: Callable[..., Ended]) -> None:
    ended = cli("run", "wrong", "--json")
    assert ended.code == 1
    assert ended.json()["error"]["line"] == 2
    assert cli("render", "wrong", "--json").json()["error"]["line"] == 2


# streams and signals


def test_run_streams(folder: Path) -> None:
    command = [sys.executable, "-m", "akachat", "--workspace", str(folder), "run", "slow", "x"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = os.read(running.stdout.fileno(), 100)
        assert first.startswith(b"the")
        assert len(first) < 100, "the answer came as one piece"
        running.send_signal(signal.SIGINT)
        rest, err = running.communicate(timeout=60)
        assert running.returncode == 130
        assert err.decode().strip() == "stopped"
        assert (first + rest).endswith(b"\n")
    journal = max((folder / "log").rglob("*.jsonl"), key=lambda p: p.stat().st_mtime).read_text("utf-8")
    assert json.loads(journal.splitlines()[-1])["finish_reason"] == "cancelled"


def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    command = [sys.executable, "-m", "akachat", "--workspace", str(folder), "run", "slow", "x"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None
        running.stdout.read(1)
        running.stdout.close()
        assert running.stderr is not None
        assert b"Traceback" not in running.stderr.read()
        assert running.wait(20) == 1


@pytest.mark.parametrize(
    ("environ", "out"),
    [
        ({"LC_ALL": "C"}, "あ😀\n"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}, "\\u3042\\U0001f600\n"),
        ({"PYTHONIOENCODING": "ascii"}, "\\u3042\\U0001f600\n"),
        ({"PYTHONIOENCODING": "cp932"}, "あ\\U0001f600\n"),
        ({"PYTHONIOENCODING": "cp1252"}, "\\u3042\\U0001f600\n"),
    ],
)
def test_no_encoding_ends_the_program(folder: Path, environ: dict[str, str], out: str) -> None:
    encoding = environ.get("PYTHONIOENCODING") or "utf-8"
    done = subprocess.run(
        [sys.executable, "-m", "akachat", "--workspace", str(folder), "run", "echo", "-", "-q"],
        input="あ😀".encode(),
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environ},
        check=True,
    )
    assert done.stdout.decode(encoding).replace("\r\n", "\n") == out


# render


@pytest.mark.usefixtures("folder")
def test_render_prints_the_text_only(cli: Callable[..., Ended]) -> None:
    ended = cli("render", "var", "hi")
    assert (ended.code, ended.out) == (0, "Your name is あか.\n")
    assert "prompt tokens" in ended.err
    assert cli("render", "var", "hi", "--sent").out == "system: Your name is あか.\nuser: hi\n"
    assert cli("render", "var", "hi", "--json").json()["text"] == "Your name is あか."


def test_render_of_a_piped_instruction(folder: Path, stub: str) -> None:
    piped = "{input * 2} {llm('echo', 'inner')}"
    words = ["render", "-", "ab", "-q", "--location", "OpenAI", "--endpoint", stub, "--model", "stub-0ms"]
    assert process(folder, *words, stdin=piped).out == "abab inner\n"
    ended = process(folder, *words, "--no-call", stdin=piped)
    assert ended.out.startswith("abab ")
    assert "inner" in ended.out, "a placeholder names the call"


# prompt and var


def test_prompts(cli: Callable[..., Ended], folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "new.txt"
    text.write_text("Hello {input}", encoding="utf-8")
    assert cli("prompt", "save", "私/新しい", str(text), "--temperature", "0", "--seed", "1").code == 0
    assert cli("prompt", "show", "私/新しい").out == "Hello {input}\n"
    assert cli("prompt", "show", "私/新しい", "--options").json()["temperature"] == 0
    assert "私/新しい" in cli("prompt", "list").out.splitlines()
    cli("prompt", "save", "私/新しい", str(text), "--option", "seed=null")
    shown = cli("prompt", "show", "私/新しい", "--json").json()
    assert shown["options"]["temperature"] == 0, "what is not given stays"
    assert "seed" not in shown["options"]
    assert cli("prompt", "rename", "私/新しい", "renamed").code == 0
    assert (folder / "prompt" / "renamed.txt").read_text("utf-8") == "Hello {input}"
    assert cli("prompt", "delete", "renamed").code == 0
    assert "renamed" not in cli("prompt", "list", "--json").json()
    assert process(folder, "prompt", "save", "piped", stdin="from a pipe").code == 0
    assert cli("prompt", "show", "piped").out == "from a pipe\n"


def test_variables(cli: Callable[..., Ended], folder: Path) -> None:
    assert cli("var", "set", "place", "京都").code == 0
    assert cli("var", "get", "place").out == "京都\n"
    assert cli("var", "list").out == "name\nplace\n"
    assert cli("var", "list", "--json").json() == {"name": "あか", "place": "京都"}
    assert cli("var", "get", "place", "--workspace", str(folder), "-q").out == "京都\n"
    assert cli("var", "set", "place", "--", "-q").code == 0
    assert cli("var", "get", "place").out == "-q\n"
    assert cli("var", "delete", "place").code == 0
    assert cli("var", "list").out == "name\n"
    assert process(folder, "var", "set", "long", "-", stdin="two\nlines").code == 0
    assert cli("var", "get", "long").out == "two\nlines\n"


# serve and help


def test_serve_answers_and_ends_by_ctrl_c(folder: Path) -> None:
    command = [sys.executable, "-m", "akachat", "--workspace", str(folder), "serve", "--port", "0", "--no-ui"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().split()[-1]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/docs", address)
        asked = [sys.executable, "-c", f"import urllib.request as r; print(r.urlopen({address!r}).status)"]
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == "200"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
        assert running.returncode == 0
        assert err == ""


def test_help_names_every_command_and_every_option(cli: Callable[..., Ended]) -> None:
    text = cli("--help").out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert cli().out == text
    shown = cli("run", "--help").out
    assert all("--" + name.replace("_", "-") in shown for name in Options.model_fields)
    for command in COMMANDS:
        assert cli(command, "--help").code == 0
    assert re.fullmatch(r"akachat \d+\.\d+\.\d+\S*\n", cli("--version").out)
