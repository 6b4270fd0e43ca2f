"""Raw mode: what was typed after a backslash is all that the model reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akachat.errors import InvalidInput
from akachat.events import RunRequest
from akachat.messages import Message
from akachat.playground import Playground
from akachat.raw import read_typed
from tests.lying import Script, lying, plain
from tests.models import make_model

pytestmark = pytest.mark.anyio

TYPED = {
    "": "",
    "hello": None,
    " \\x": None,
    "\\": "",
    "\\hello": "hello",
    "\\\\あ": "あ",
    "\\あ": "あ",
    "\\a\\nb": "a\nb",
    "\\a\\あ": "aあ",
    "\\a\\\\": "a\\",
    "\\a\\\\n": "a\\n",
    "\\\\n": "\n",
    "\\a\\": "a\\",
    "\\a\nb\\\nc": "a\nb\nc",
    "\\[INST] <<SYS>>\\nBe brief.\\n<</SYS>>\\n\\nHi [/INST]": "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]",
}


@pytest.mark.parametrize(("typed", "meant"), TYPED.items())
def test_what_is_typed(typed: str, meant: str | None) -> None:
    assert read_typed(typed) == ((typed, False) if not meant and not typed.startswith("\\") else (meant, True))


@given(st.text())
def test_every_text_can_be_typed_raw(text: str) -> None:
    assert read_typed("\\" + text.replace("\\", "\\\\").replace("\n", "\\n")) == (text, True)


@given(st.text(alphabet="\\nあ\nb"))
def test_every_raw_text_is_read_from_left_to_right(typed: str) -> None:
    text, _ = read_typed("\\" + typed)
    pieces = re.findall(r"\\.|.", typed, re.DOTALL)
    assert text == "".join({"\\n": "\n"}.get(p, p[1:] if len(p) == 2 else p) for p in pieces)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("template", [None, "alpaca", "{instruction}{input}"])
async def test_the_model_reads_exactly_the_text(playground: Playground, tiny: Path, template: str | None) -> None:
    written = "<|im_start|>user\nあ{x}<|im_end|>\n"
    options = {"model": str(tiny), "template": template, "history_turns": 0, "max_new_tokens": 3}
    history = (Message("user", "before"), Message("assistant", "yes"))
    run = RunRequest(instruction="{1/0}", input=written, messages=history, options=options, raw=True)
    rendered = await playground.render(run)
    assert rendered.prompt == "<|bos|>" + written
    assert rendered.tokens == 1 + 2 + len("user\nあ{x}\n".encode()), "special tokens count as such"
    assert rendered.text == ""
    assert [m.content for m in rendered.messages] == [written]
    assert any(note.startswith("raw mode") for note in rendered.notes)
    finished = await playground.run(run)
    assert finished.usage.prompt_tokens == rendered.tokens


async def test_a_begin_token_is_not_put_twice(playground: Playground, tiny: Path) -> None:
    run = RunRequest(input="<|bos|>a", options={"model": str(tiny)}, raw=True)
    rendered = await playground.render(run)
    assert (rendered.prompt, rendered.tokens) == ("<|bos|>a", 2)


async def test_nothing_is_nothing(playground: Playground) -> None:
    with pytest.raises(InvalidInput, match="nothing to send"):
        await playground.run(RunRequest(instruction="x", raw=True))


async def test_an_endpoint_completes_the_bare_text(playground: Playground, stub: str) -> None:
    options = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo", "template": "alpaca"}
    finished = await playground.run(RunRequest(instruction="no", input="a [INST] b", options=options, raw=True))
    assert finished.result == "a [INST] b"
    finished = await playground.run(
        RunRequest(instruction="no", input="a b", continues=" c", options=options, raw=True)
    )
    assert finished.result == "a b c", "the stub repeats what it was given"


async def test_an_endpoint_without_completions_gets_a_user_message(playground: Playground) -> None:
    script = Script(
        [
            plain(404, b'{"error": {"message": "This is a chat model"}}'),
            plain(200, b'{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'),
        ]
    )
    async with lying(script) as url:
        options = {"location": "OpenAI", "endpoint": url, "model": "m"}
        run = RunRequest(instruction="no", input="a\nb", options=options, raw=True)
        for _ in range(2):
            finished = await playground.run(run)
            assert finished.result == "yes"
            assert any("no bare text" in note for note in finished.notes), finished.notes
    paths = [head.split()[1].removeprefix("/v1") for head, _ in script.seen]
    assert paths == ["/completions", "/chat/completions", "/chat/completions"], "it is remembered"
    assert script.seen[-1][1]["messages"] == [{"role": "user", "content": "a\nb"}]
