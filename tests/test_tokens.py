"""The tokens of a prompt, one by one: what the backends that have the tokenizer say, and what the others do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from akachat.asking import MOST_TOKENS
from akachat.events import Rendered, RunRequest
from tests.models import make_llama_spm, make_model, make_nllb

if TYPE_CHECKING:
    from akachat.playground import Playground
    from tests.serving import Serve

TEXT = "こんにちは 𠮷野家\n<|im_end|>\tab  c 😀"


async def spelled(playground: Playground, instruction: str = TEXT, **options: Any) -> Rendered:
    request = RunRequest(instruction=instruction, input="飲む", options=options)
    return await playground.render(request, call=False, tokens=True)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "bytes")
    make_llama_spm(folder / "pieces")
    make_nllb(folder / "translator")
    return folder


@pytest.mark.parametrize("name", ["embedded", "bytes", "pieces"])
async def test_the_tokens_are_the_prompt(playground: Playground, models: Path, name: str) -> None:
    model = name if name == "embedded" else str(models / name)
    rendered = await spelled(playground, "Hello こんにちは" if name == "pieces" else TEXT, model=model)
    assert rendered.token_list is not None
    assert len(rendered.token_list) == rendered.tokens
    assert rendered.prompt is not None
    text = "".join(token.text for token in rendered.token_list)
    if name == "pieces":  # its tokenizer drops the characters that it was not made of
        assert "ello は" in text
    else:
        assert text == rendered.prompt
        assert any(not token.text for token in rendered.token_list), (
            "a character of several tokens is whole in its last"
        )
    assert all(isinstance(token.id, int) for token in rendered.token_list)


async def test_a_translator_shows_what_its_encoder_reads(playground: Playground, models: Path) -> None:
    options = {"model": str(models / "translator"), "source_language": "jpn_Jpan", "target_language": "eng_Latn"}
    rendered = await spelled(playground, "", **options)
    assert rendered.token_list is not None
    assert [token.text for token in rendered.token_list if token.text in ("jpn_Jpan", "</s>")]
    assert len(rendered.token_list) == rendered.tokens


async def test_a_file_shows_the_same_tokens_as_its_folder(playground: Playground, models: Path) -> None:
    pytest.importorskip("xllamacpp", reason="it has no wheel for this system")
    pytest.importorskip("gguf")
    from tests.ggufs import write_gguf

    path = write_gguf(models / "bytes", models / "bytes.gguf")
    request = RunRequest(instruction="\t" + TEXT, options={"model": str(path)})
    assert (await playground.render(request, call=False, tokens=True)).token_list is None  # it is not loaded for it
    of_file = await playground.render(request, tokens=True)
    of_folder = await playground.render(
        RunRequest(instruction="\t" + TEXT, options={"model": str(models / "bytes")}), tokens=True
    )
    assert of_file.token_list == of_folder.token_list


async def test_a_long_prompt_shows_the_first_of_them(playground: Playground) -> None:
    rendered = await spelled(playground, "あ" * 6000, model="embedded")
    assert rendered.tokens > MOST_TOKENS
    assert rendered.token_list is not None
    assert len(rendered.token_list) == MOST_TOKENS


async def test_nobody_gets_them_unasked(playground: Playground) -> None:
    rendered = await playground.render(RunRequest(instruction="x", options={"model": "embedded"}), call=False)
    assert rendered.token_list is None
    assert "token_list" not in rendered.data()


def test_over_http(serve: Serve, stub: str) -> None:
    server = serve()
    body = {"instruction": "飲む。", "options": {"model": "embedded"}, "tokens": True}
    answer = server.http.post("/api/llm/render", json=body).json()
    tokens = answer["detail"]["token_list"]
    assert len(tokens) == answer["detail"]["tokens"]
    assert "".join(token["text"] for token in tokens) == answer["detail"]["prompt"]
    remote = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    detail = server.http.post("/api/llm/render", json={**body, "options": remote}).json()["detail"]
    assert detail["token_list"] is None
    assert any("its tokenizer is on its server" in note for note in detail["notes"])
    assert "token_list" not in server.http.post("/api/llm/render", json={**body, "tokens": False}).json()["detail"]
    assert server.http.post("/api/llm/render", json={**body, "tokens": 1}).status_code == 400
