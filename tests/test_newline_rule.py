"""A model that has a text of its own for line breaks: read and written, whichever tokens it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from akachat.backends.base import Chunk, Request
from akachat.backends.local import LocalBackend
from akachat.backends.local.decode import Decoder
from akachat.backends.local.prompt import write_prompt
from akachat.backends.newlines import Newlines
from akachat.backends.presets import Preset
from akachat.messages import Message
from akachat.options import Options
from tests.lying import Script, event, lying, piece, plain, stream_head
from tests.lying import ask as ask_server
from tests.lying import backend as server_backend
from tests.models import make_parrot, make_tokenizer

PIECES = st.lists(st.text(st.sampled_from("<NL>a\n"), max_size=6), max_size=8)


@given(pieces=PIECES, newline=st.sampled_from(["<NL>", "NN", "<<", "", "a"]))
def test_wherever_the_pieces_end_it_is_replaced(pieces: list[str], newline: str) -> None:
    newlines = Newlines(newline)
    shown = "".join(map(newlines.push, pieces)) + newlines.flush()
    whole = "".join(pieces)
    assert shown == (whole.replace(newline, "\n") if newline else whole)


def tokenizer_with(kind: str) -> Any:
    """One in which ``<NL>`` is four tokens, one that shows in a text, or a special one that does not."""
    tokenizer = make_tokenizer()
    if kind == "a token":
        tokenizer.add_tokens(["<NL>"])
    elif kind == "a special token":
        tokenizer.add_special_tokens({"additional_special_tokens": ["<NL>"]}, replace_extra_special_tokens=False)
    return tokenizer


@pytest.mark.parametrize("kind", ["four tokens", "a token", "a special token"])
@given(said=st.text(st.sampled_from("あ<NL>a 😀\n"), max_size=30).map(lambda s: s.replace("N", "<NL>")))
@hypothesis_settings(deadline=None, max_examples=40)
def test_what_it_writes_comes_back_as_line_breaks(kind: str, said: str) -> None:
    tokenizer = tokenizer_with(kind)
    ids = tokenizer(said, add_special_tokens=False)["input_ids"]
    for slow in (False, True):
        decoder = Decoder(tokenizer, newline="<NL>")
        if slow:
            decoder._stream = decoder._fast = None
        assert "".join(map(decoder.push, ids)) + decoder.flush() == said.replace("<NL>", "\n")


@pytest.mark.parametrize("kind", ["four tokens", "a token", "a special token"])
def test_a_character_that_stays_unfinished_before_it(kind: str) -> None:
    tokenizer = tokenizer_with(kind)
    half = tokenizer("あ", add_special_tokens=False)["input_ids"][:2]
    rest = tokenizer("<NL>b", add_special_tokens=False)["input_ids"]
    decoder = Decoder(tokenizer, newline="<NL>")
    shown = "".join(map(decoder.push, [*half, *rest])) + decoder.flush()
    assert shown.strip("\ufffd") == "\nb"


@pytest.mark.parametrize("kind", ["four tokens", "a token", "a special token"])
def test_what_it_reads_has_no_line_break(kind: str) -> None:
    tokenizer = tokenizer_with(kind)
    messages = [Message("user", "a\nb\r\nc"), Message("assistant", "d\n"), Message("user", "e")]
    prompt = write_prompt(tokenizer, messages, Options(template="rinna"))
    assert prompt.text == "<|bos|>ユーザー: a<NL>b<NL>c<NL>システム: d<NL><NL>ユーザー: e<NL>システム: "
    assert tokenizer.decode(prompt.ids) == prompt.text
    assert prompt.newline == "<NL>"
    own = write_prompt(tokenizer, messages, Options(template="chatml"), preset=Preset("m", newline="<NL>"))
    assert "\n" not in own.text
    assert own.newline == "<NL>"


async def test_an_answer_with_line_breaks(tmp_path: Path) -> None:
    folder = make_parrot(tmp_path / "parrot", "あ<NL>b!", start=":")
    known = {str(folder): Preset(str(folder), newline="<NL>")}
    for preset, wanted in ((known.get, "あ\nb!"), (lambda _: None, "あ<NL>b!")):
        made = LocalBackend(preset=preset)
        try:
            options = Options.parse({"model": str(folder), "template": "{input}:"})
            request = Request("run", (Message("user", "x"),), options)
            pieces = [item.text async for item in made.generate(request) if isinstance(item, Chunk)]
            assert "".join(pieces) == wanted
        finally:
            await made.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_with_line_breaks_from_a_server(stream: bool) -> None:
    parts = b"".join(map(event, ["a<N", "L>b", "<NL>c<"])) + event("", "stop") + b"data: [DONE]\n\n"
    whole = b'{"choices": [{"text": "a<NL>b<NL>c<", "finish_reason": "stop"}]}'
    reply = stream_head() + piece(parts) + b"0\r\n\r\n" if stream else plain(200, whole)
    async with lying(Script([reply])) as url, server_backend() as made:
        for template, wanted in (("rinna", "a\nb\nc<"), ("vicuna", "a<NL>b<NL>c<")):
            request = ask_server(url, stream=stream, template=template)
            pieces = [item.text async for item in made.generate(request) if isinstance(item, Chunk)]
            assert "".join(pieces) == wanted
