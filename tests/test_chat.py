"""The chat of the command line: in this process, as a process with pipes, and in a terminal."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from akachat.cli.chat import main
from tests.models import make_model, make_nllb

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "hf_" + "secret" * 4
pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def upstream(stub: str) -> list[str]:
    return ["--location", "OpenAI", "--endpoint", stub, "-m", "stub-0ms-echo"]


@pytest.fixture
def chat(
    workspace_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, upstream: list[str]
) -> Callable[..., Ended]:
    """Talks in this process: lines in, answers out. The upstream repeats what it is told."""

    def talk(*lines: str, words: list[str] | None = None) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()), "utf-8"))
        code = main(["--workspace", str(workspace_folder), "--language", "en", *(upstream if words is None else words)])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return talk


def test_lines_in_answers_out(chat: Callable[..., Ended]) -> None:
    ended = chat("hello there", "", "  次の行 ", "exit", "never read")
    assert (ended.code, ended.out) == (0, "hello there\n次の行\n")
    assert ended.err.startswith("Model Name: stub-0ms-echo\nAccess Token: None\nSource Language: None\n")
    assert "It's time to talk!" in ended.err
    assert ended.err.endswith("See you!\n")


def test_the_end_of_the_input_ends_it(chat: Callable[..., Ended]) -> None:
    assert chat("hello").out == "hello\n"


def test_a_block_is_one_text(chat: Callable[..., Ended]) -> None:
    ended = chat('"""one', "  two", "/exit", '"""', '"""three"""', '"""', "exit")
    assert ended.out == "one\n  two\n/exit\nthree\nexit\n"


def history_of(ended: Ended) -> str:
    """What /prompt printed last."""
    return ended.err.rpartition("for what else there is.\n\n")[2].removesuffix("See you!\n")


SAID = [
    # lines, what the model received last
    (["a", "b", "/prompt"], "user: a\nai: a\nuser: b\n"),
    (["a", "/system Be {brief}.", "b", "/prompt"], "system: Be {brief}.\nuser: a\nai: a\nuser: b\n"),
    (["/system x", "/system off", "b", "/prompt"], "user: b\n"),
    (["a", "b", "/undo", "c", "/prompt"], "user: a\nai: a\nuser: c\n"),
    (["a", "b", "/retry", "/prompt"], "user: a\nai: a\nuser: b\n"),
    (["a", "b", "/retry", "c", "/prompt"], "user: a\nai: a\nuser: b\nai: b\nuser: c\n"),
    (["a", "/clear", "b", "/prompt"], "user: b\n"),
    (["a", "/continue", "/prompt"], "user: a\nai: a\n"),
    (["a", "/continue", "b", "/prompt"], "user: a\nai: aa\nuser: b\n"),
    (["a", "\\raw\\n\\あ\\\\n", "/prompt"], "raw\nあ\\n\n"),
    (["a", "\\raw", "b", "/prompt"], "user: a\nai: a\nuser: b\n"),
    (["a", "\\raw", "/retry", "b", "/prompt"], "user: a\nai: a\nuser: b\n"),
    ([" /set x", "/prompt"], "user: /set x\n"),
    (["/etc/hosts とは", "/prompt"], "user: /etc/hosts とは\n"),
    ([" \\a", "/prompt"], "user:  \\a\n"),
    (["a", "b", "c", "/set history_turns 1", "d", "/prompt"], "user: c\nai: c\nuser: d\n"),
]


@pytest.mark.parametrize(("lines", "sent"), SAID, ids=[" ".join(lines) for lines, _ in SAID])
def test_what_the_model_receives(chat: Callable[..., Ended], lines: list[str], sent: str) -> None:
    assert history_of(chat(*lines)).endswith(sent)


COMMANDS = [
    (["/help"], "/continue"),
    (["/history"], "Nothing has been said yet."),
    (["a", "/history"], "user: a\nai: a"),
    (["/prompt"], "Nothing has been sent yet."),
    (["/undo"], "error: there is nothing to undo"),
    (["/retry"], "error: nothing was asked yet"),
    (["/continue"], "error: nothing was asked yet"),
    (["a", "/undo"], "Taken back: a"),
    (["/system"], "There is no system text."),
    (["/hepl"], "There is no command /hepl. To send it as a text, begin with a space.\nDid you mean /help?"),
    (["/set temperature 0.5"], "temperature = 0.5"),
    (["/set max_tokens 5"], "max_new_tokens = 5"),
    (["/set temperature 9"], "error: option temperature"),
    (["/set temprature 1"], "hint: Did you mean temperature?"),
    (['/set stop ["a"]', "/set stop null"], "stop is at its default again."),
    (["/set"], "model = stub-0ms-echo"),
    (["/model stub-0ms", "/set model"], "model = stub-0ms"),
    (["/model"], "error: no model is named"),
    (["/save"], "error: no file is named"),
    (["/set model /nowhere/at/all", "/set location Local", "/set location"], "error:"),
]


@pytest.mark.parametrize(("lines", "says"), COMMANDS, ids=[" ".join(lines) for lines, _ in COMMANDS])
def test_commands(chat: Callable[..., Ended], lines: list[str], says: str) -> None:
    assert says in chat(*lines).err


def test_a_conversation_is_saved(chat: Callable[..., Ended], tmp_path: Path) -> None:
    text, data, old = (tmp_path / name for name in ("talk.txt", "talk.json", "old.txt"))
    old.write_text("mine")
    ended = chat("a", f"/save {text}", f"/save {data}", f"/save {old}", "b", f"/save {data}")
    assert text.read_text() == "user: a\nai: a\n"
    assert [m["content"] for m in json.loads(data.read_text())] == ["a", "a", "b", "b"]
    assert old.read_text() == "mine"
    assert "is there already" in ended.err


def test_a_saved_prompt_and_what_it_is_given(chat: Callable[..., Ended], workspace_folder: Path, stub: str) -> None:
    (workspace_folder / "prompt").mkdir()
    (workspace_folder / "prompt" / "cat.txt").write_text("You are a {var.kind}.")
    options = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    (workspace_folder / "prompt" / "cat.json").write_text(json.dumps(options))
    (workspace_folder / "var").mkdir()
    (workspace_folder / "var" / "kind.txt").write_text("cat")
    ended = chat("hello", words=["--prompt", "cat", "--show-prompt", "--keep", "--temperature", "0"])
    assert ended.out == "hello\n"
    assert "Prompt: cat\nModel Name: stub-0ms-echo\n" in ended.err
    assert "Options: temperature=0\n" in ended.err
    assert "system: You are a cat.\nuser: hello\n" in ended.err
    assert len((workspace_folder / "log" / "messages.jsonl").read_text().splitlines()) == 2
    assert chat("x", words=["--prompt", "cta"]).code == 1


def test_a_stored_conversation_is_continued(
    chat: Callable[..., Ended], workspace_folder: Path, upstream: list[str]
) -> None:
    words = [*upstream, "--session", "庭"]
    path = workspace_folder / "log" / "sessions" / "庭.jsonl"

    def stored() -> list[str]:
        return [json.loads(line)["content"] for line in path.read_text("utf-8").splitlines()]

    chat("one", "two", words=words)
    assert stored() == ["one", "one", "two", "two"]
    ended = chat("/history", "/undo", "three", "/retry", words=[*words, "--show-prompt"])
    assert "user: one\nai: one\nuser: two\nai: two" in ended.err
    assert "user: one\nassistant: one\nuser: three" in ended.err.replace("ai: ", "assistant: ")
    assert stored() == ["one", "one", "three", "three"]
    assert chat("x", words=[*upstream, "--session", "../x"]).code == 1
    chat("/clear", words=words)
    assert stored() == []


def test_a_question_without_an_answer_is_told_and_the_chat_goes_on(chat: Callable[..., Ended]) -> None:
    ended = chat("/model stub-0ms-err400", "a", "/model stub-0ms-echo", "b", "/history")
    assert ended.out == "b\n"
    assert "user: b\nai: b" in ended.err
    assert "user: a" not in ended.err
    assert ended.code == 1


async def test_it_runs_beside_an_event_loop_as_in_a_notebook(chat: Callable[..., Ended]) -> None:
    assert chat("hello", "exit").out == "hello\n"


def test_the_embedded_model_answers_and_goes_on(chat: Callable[..., Ended]) -> None:
    words = ["-m", "embedded", "--temperature", "0", "--max-new-tokens", "5"]
    whole = chat("こんにちは", words=[*words[:-1], "10"])
    cut = chat("こんにちは", "/continue", words=words)
    assert "Loaded: embedded · device " in cut.err
    assert "note: the answer was cut after 5 tokens" in cut.err
    assert cut.out.replace("\n", "") == whole.out.replace("\n", "")


def test_a_long_talk_never_fills_the_context(
    chat: Callable[..., Ended], tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = make_model(tmp_path_factory.mktemp("tiny"), context=200)
    words = ["-m", str(model), "--temperature", "0", "--max-new-tokens", "20"]
    ended = chat(*["hello there, how are you?"] * 5, "/set", words=words)
    assert ended.code == 0, ended.err
    assert "oldest turns of the history were cut by history_threshold" in ended.err
    assert "history_threshold =" not in ended.err, "it is the chat's doing, no option of the user's"
    ended = chat(*["hello there, how are you?"] * 5, words=[*words, "--history-turns", "0"])
    assert "were cut by history_turns:" in ended.err


def test_a_translation_model_takes_each_text_by_itself(
    chat: Callable[..., Ended], tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = make_nllb(tmp_path_factory.mktemp("nllb"))
    words = ["-m", str(model), "-S", "eng_Latn", "-T", "jpn_Jpan", "--max-new-tokens", "5", "--temperature", "0"]
    ended = chat("hello", "good day", "/prompt", words=words)
    assert ended.code == 0, ended.err
    assert "Source Language: eng_Latn\nTarget Language: jpn_Jpan\n" in ended.err
    assert "This model takes each text by itself" in ended.err
    sent = history_of(ended)
    assert "good" in sent
    assert "hello" not in sent.rpartition("eng_Latn")[2]


def test_its_words_are_japanese_where_the_terminal_is(chat: Callable[..., Ended], upstream: list[str]) -> None:
    ended = chat("/undoo", "/model stub-0ms-err400", "a", words=[*upstream, "--language", "ja"])
    assert ended.err.startswith("モデル名: stub-0ms-echo\nアクセストークン: なし\n")
    assert "エラー: " in ended.err
    assert ended.err.endswith("またね！\n")


# as a process


@contextmanager
def process(folder: Path, *words: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "akachat", "--workspace", str(folder), "chat", *words]
    environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "", **environ}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as started:
        try:
            yield started
        finally:
            started.kill()


def test_a_token_goes_nowhere_but_to_the_hub(workspace_folder: Path, upstream: list[str]) -> None:
    with process(workspace_folder, *upstream, "-t", TOKEN, LANG="ja_JP.UTF-8") as started:
        out, err = started.communicate(f"hello\n{TOKEN}\nexit\n".encode(), timeout=60)
    assert started.returncode == 0
    assert "アクセストークン: ***" in err.decode()
    assert TOKEN not in err.decode()
    assert out.decode() == f"hello\n{TOKEN}\n", "what the user says is the user's"
    for path in workspace_folder.rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes(), path


class Screen:
    """A terminal of a process: what is on it, and what is typed."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._fd, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "akachat", "--workspace", str(folder), "chat", "--language", "en", *words],
            cwd=ROOT,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl+C is a signal
            env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "", "TERM": "dumb"},
        )
        os.close(inner)
        self.text = ""

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def wait(self, words: str, seconds: float = 60) -> str:
        """What came until the words did, and takes it off."""
        deadline = time.monotonic() + seconds
        while (at := self.text.find(words)) < 0:
            left = deadline - time.monotonic()
            assert left > 0, f"{words!r} did not come; there is {self.text!r}"
            if select.select([self._fd], [], [], left)[0]:
                try:
                    data = os.read(self._fd, 65536)
                except OSError:  # the other end is closed
                    raise AssertionError(f"it ended without {words!r}: {self.text!r}") from None
                self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        came, self.text = self.text[: at + len(words)], self.text[at + len(words) :]
        return came

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._fd)


@pytest.fixture
def screen(workspace_folder: Path, upstream: list[str]) -> Iterator[Callable[..., Screen]]:
    opened: list[Screen] = []

    def open_screen(*words: str) -> Screen:
        opened.append(Screen(workspace_folder, *upstream, *words))
        return opened[-1]

    yield open_screen
    for each in opened:
        each.close()


def test_in_a_terminal(screen: Callable[..., Screen], workspace_folder: Path) -> None:
    terminal = screen("-t", TOKEN)
    before = terminal.wait("> ")
    assert "Access Token: ***" in before
    assert "It's time to talk!" in before
    terminal.type("hello\n")
    assert terminal.wait("> ") == "hello\nhello\n\n> "
    terminal.type("/model stream-500tok-20ms\n")
    terminal.wait("> ")
    terminal.type("talk\n")
    terminal.wait("the quick")
    terminal.type("\x03")
    stopped = terminal.wait("> ")
    assert "(stopped; /continue goes on)" in stopped
    terminal.type("/history\n")
    assert "user: talk\nai: the quick" in terminal.wait("> ")
    terminal.type(f"my token is {TOKEN}\n")
    terminal.wait("the quick")
    terminal.type("\x03")
    terminal.wait("> ")
    time.sleep(0.5)  # readline shows its prompt a moment before it waits for keys, and sleeps through a signal between
    terminal.type("\x03")
    terminal.wait("(Ctrl+C once more ends the chat)")
    terminal.wait("> ")
    terminal.type("\x04")
    terminal.wait("See you!")
    assert terminal.process.wait(30) == 0
    kept = workspace_folder / "log" / "chat_history"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    lines = kept.read_text().splitlines()
    assert lines == ["hello", "/model stream-500tok-20ms", "talk", "/history"]
    again = screen()
    again.wait("> ")
    again.type("\x1b[A\x1b[A\x1b[A\x1b[A\n")  # four lines up
    again.wait("\nhello\n")
    again.type("exit\n")
    again.wait("See you!")


def test_every_command_has_its_help() -> None:
    source = (ROOT / "akachat" / "cli" / "chat" / "commands.py").read_text("utf-8")
    from akachat.cli.chat.words import HELP

    assert set(re.findall(r'"(/\w+)": ', source)) | {"/exit"} == set(HELP)
