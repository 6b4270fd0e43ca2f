"""An answer that was cut goes on as if it had never been: local models token for token, endpoints if they can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from akachat.events import Finished, RunRequest
from akachat.messages import Message
from akachat.playground import Playground
from tests.models import make_llama_spm, make_model, make_parrot, make_tokenizer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answers are noise: bytes that no tokenizer would write like this, characters that never end."""
    return make_model(tmp_path_factory.mktemp("tiny"))


async def pieces(playground: Playground, sizes: list[int], request: dict[str, Any], **options: Any) -> list[Finished]:
    """The same answer in pieces of so many tokens."""
    done: list[Finished] = []
    for size in sizes:
        said = "".join(each.result for each in done)
        run = RunRequest(**request, continues=said, options={**options, "max_new_tokens": size})
        done.append(await playground.run(run))
    return done


SAMPLED = {"temperature": 1.5, "seed": 5, "top_k": 0}
PENALISED = {"temperature": 0, "frequency_penalty": 0.5, "repetition_penalty": 1.1}


@pytest.mark.parametrize("input", ["こんにちは", "a", "You are…"])
@pytest.mark.parametrize(
    "options",
    [{"temperature": 0}, SAMPLED, PENALISED, {"temperature": 0, "template": "none"}, {"temperature": 0, "raw": True}],
    ids=["greedy", "sampled", "penalised", "plain", "raw"],
)
async def test_a_tiny_models_answer_in_pieces_is_the_whole(
    playground: Playground, tiny: Path, input: str, options: dict[str, Any]
) -> None:
    options = dict(options)
    request = {"instruction": "Say it.", "input": input, "raw": options.pop("raw", False)}
    [whole] = await pieces(playground, [20], request, model=str(tiny), **options)
    cut = await pieces(playground, [7, 1, 1, 1, 10], request, model=str(tiny), **options)
    assert "".join(each.result for each in cut) == whole.result
    tokens = [each.usage.completion_tokens for each in cut]
    assert sum(tokens) == whole.usage.completion_tokens
    assert cut[0].finish_reason == "length"


async def test_the_embedded_models_answer_in_pieces_is_the_whole(playground: Playground) -> None:
    request = {"prompt": "sample", "input": "自己紹介をしてください"}
    [whole] = await pieces(playground, [20], request, temperature=0)
    cut = await pieces(playground, [10, 10], request, temperature=0)
    assert "".join(each.result for each in cut) == whole.result != ""


async def test_a_stop_text_that_begins_before_the_cut_still_ends_it(
    playground: Playground, tmp_path_factory: pytest.TempPathFactory
) -> None:
    parrot = make_parrot(tmp_path_factory.mktemp("parrot"), "abcdefgh")
    request = {"instruction": "x", "input": "y"}
    done = await pieces(playground, [3, 9], request, model=str(parrot), temperature=0, stop=["cdef"])
    assert [(each.result, each.finish_reason) for each in done] == [("abc", "length"), ("", "stop")]
    done = await pieces(playground, [3, 9], request, model=str(parrot), temperature=0, stop=["cdx", "gh"])
    assert [(each.result, each.finish_reason) for each in done] == [("abc", "length"), ("def", "stop")]


async def test_what_another_process_cut_is_read_from_its_text(playground: Playground, tiny: Path) -> None:
    options = {"model": str(tiny), "temperature": 0, "max_new_tokens": 4}
    request = RunRequest(instruction="Say it.", input="x", continues="never said here", options=options)
    rendered = await playground.render(request)
    assert rendered.prompt is not None
    assert rendered.prompt.endswith("<|im_start|>assistant\nnever said here")
    tokenizer = make_tokenizer()
    assert rendered.tokens == len(tokenizer(rendered.prompt, add_special_tokens=False)["input_ids"])
    assert (await playground.run(request)).usage.completion_tokens == 4


async def test_a_cut_answer_says_so(playground: Playground, tiny: Path) -> None:
    options = {"model": str(tiny), "temperature": 0, "max_new_tokens": 5}
    finished = await playground.run(RunRequest(instruction="Say it.", input="x", options=options))
    assert finished.finish_reason == "length"
    assert finished.notes[-1] == "the answer was cut after 5 tokens (max_new_tokens); it can be continued"


async def test_an_answer_that_fills_the_context_says_so(playground: Playground, tiny: Path) -> None:
    options = {"model": str(tiny), "temperature": 0, "max_new_tokens": 400, "stop": []}
    finished = await playground.run(RunRequest(instruction="x" * 440, input="x", options=options))
    if finished.finish_reason == "length":
        assert "no more fit" in finished.notes[-1]


async def test_a_sentencepiece_models_answer_in_pieces_is_the_whole(
    playground: Playground, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = make_llama_spm(tmp_path_factory.mktemp("spm"))
    request = {"instruction": "abc", "input": "a b"}
    [whole] = await pieces(playground, [12], request, model=str(model), temperature=0)
    cut = await pieces(playground, [5, 1, 6], request, model=str(model), temperature=0)
    assert "".join(each.result for each in cut) == whole.result


async def test_what_is_kept_is_one_answer(playground: Playground, tiny: Path) -> None:
    options = {"model": str(tiny), "temperature": 0}
    request = {"instruction": "Say it.", "input": "x", "keep": True}
    done = await pieces(playground, [10, 5], request, **options)
    whole = "".join(each.result for each in done)
    assert playground.list_messages() == (Message("user", "x"), Message("assistant", whole))


async def test_an_endpoint_gets_the_answer_as_its_last_message(playground: Playground, stub: str) -> None:
    options = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms"}
    finished = await playground.run(RunRequest(instruction="Say it.", input="x", continues="so far", options=options))
    assert [m.to_dict() for m in finished.messages][-1] == {"role": "assistant", "content": "so far"}
    assert any("begin a new answer" in note for note in finished.notes)
    options["template"] = "chatml"
    rendered = await playground.render(RunRequest(instruction="A", input="x", continues="so far", options=options))
    assert rendered.prompt is not None
    assert rendered.prompt.endswith("<|im_start|>assistant\nso far")
    assert not rendered.notes
