"""Encoder-decoder models: T5, NLLB and M2M100, tiny real ones made on the spot, beside the library's own generate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akachat.backends.base import Chunk, End, Prepared, Request
from akachat.backends.local import LocalBackend
from akachat.backends.local.loading.languages import find_language
from akachat.errors import ModelError
from akachat.messages import Message
from akachat.options import Options
from tests.models import make_m2m, make_model, make_nllb, make_t5

TASKS = {
    "summarization": {"prefix": "summarize: ", "max_length": 200},
    "translation_en_to_de": {"prefix": "translate English to German: "},
    "translation_en_to_fr": {"prefix": "translate English to French: "},
}
TEXT = "hello, the cat."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny models, each in its own folder."""
    folder = tmp_path_factory.mktemp("models")
    make_t5(folder / "t5", task_specific_params=TASKS)
    make_t5(folder / "plain")
    make_t5(folder / "summarizer", task_specific_params={"summarization": TASKS["summarization"]})
    make_nllb(folder / "nllb", num_beams=4)
    make_m2m(folder / "m2m")
    make_model(folder / "llama")
    return folder


@pytest.fixture(scope="module")
async def backend() -> AsyncIterator[LocalBackend]:
    """One for all tests."""
    made = LocalBackend()
    yield made
    await made.aclose()


def ask(model: Path, *messages: Message, **options: Any) -> Request:
    return Request("run", messages or (Message("user", TEXT),), Options.parse({"model": str(model), **options}))


async def answer(made: LocalBackend, request: Request) -> tuple[str, End, list[Chunk]]:
    items = [item async for item in made.generate(request)]
    end = items.pop()
    assert isinstance(end, End)
    chunks = [item for item in items if isinstance(item, Chunk)]
    return "".join(chunk.text for chunk in chunks), end, chunks


def by_library(folder: Path, *, source: str = "", target: str = "", text: str = TEXT, most: int = 20) -> str:
    """What the library's own greedy search says."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    if source:
        tokenizer.src_lang = source
    token = f"__{target}__" if len(target) == 2 else target
    forced = {"forced_bos_token_id": tokenizer.convert_tokens_to_ids(token)} if target else {}
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    # Its count begins with the forced language, ours with the first word.
    out = model.generate(
        **tokenizer(text, return_tensors="pt"),
        num_beams=1,
        max_new_tokens=most + len(forced),
        do_sample=False,
        **forced,
    )
    # The tokenizer of M2M100 shows a forced language, though it says that it is special.
    said: str = tokenizer.decode(out[0, 1 + len(forced) :], skip_special_tokens=True)
    return said


@pytest.mark.parametrize(
    ("model", "options", "codes"),
    [
        ("plain", {}, {}),
        ("nllb", {"target_language": "jpn_Jpan"}, {"target": "jpn_Jpan"}),
        ("nllb", {"source_language": "fr", "target_language": "ja"}, {"source": "fra_Latn", "target": "jpn_Jpan"}),
        ("m2m", {"source_language": "en", "target_language": "jpn"}, {"source": "en", "target": "ja"}),
        ("m2m", {"source_language": "ja_JP", "target_language": "en-US"}, {"source": "ja", "target": "en"}),
    ],
)
async def test_greedy_text_is_the_librarys_own(
    models: Path, backend: LocalBackend, model: str, options: dict[str, str], codes: dict[str, Any]
) -> None:
    said, end, chunks = await answer(backend, ask(models / model, max_new_tokens=20, temperature=0, **options))
    assert said.strip() == by_library(models / model, **codes).strip()
    assert len(chunks) > 10, "it streams"
    assert (end.finish_reason, end.usage.completion_tokens) == ("length", 20)


async def test_a_language_changes_the_answer_and_stays_out_of_it(models: Path, backend: LocalBackend) -> None:
    answers = {
        code: (await answer(backend, ask(models / "nllb", temperature=0, target_language=code)))[0]
        for code in ("jpn_Jpan", "fra_Latn", "deu_Latn")
    }
    assert len(set(answers.values())) > 1
    assert not any("_" in said for said in answers.values())


@pytest.mark.parametrize(
    ("options", "words", "hint"),
    [
        ({"target_language": "jpn_Latn"}, "no language 'jpn_Latn'", "jpn_Jpan"),
        ({"target_language": "??"}, "no language", "codes"),
        ({"target_language": "zh"}, "more than one", "zho_Hans, zho_Hant"),
        ({"target_language": "ja", "source_language": "xx"}, "no language 'xx'", ""),
        ({}, "target_language", "ja"),
    ],
)
async def test_a_language_that_the_model_does_not_know(
    models: Path, backend: LocalBackend, options: dict[str, str], words: str, hint: str
) -> None:
    with pytest.raises(ModelError, match=words) as raised:
        await backend.prepare(ask(models / "nllb", **options))
    assert hint in raised.value.hint


NLLB = ["eng_Latn", "jpn_Jpan", "zho_Hans", "zho_Hant", "arb_Arab", "por_Latn", "nob_Latn", "zsm_Latn", "pes_Arab"]
MBART = ["en_XX", "ja_XX", "zh_CN", "pt_XX", "ar_AR", "fa_IR"]
M2M = ["en", "ja", "zh", "pt", "ar", "fa", "no", "ms"]


@pytest.mark.parametrize(
    ("given", "known", "found"),
    [
        ("ja", NLLB, "jpn_Jpan"), ("JA", NLLB, "jpn_Jpan"), ("jpn", NLLB, "jpn_Jpan"), ("jpn-jpan", NLLB, "jpn_Jpan"),
        ("jp", NLLB, "jpn_Jpan"), ("ar", NLLB, "arb_Arab"), ("no", NLLB, "nob_Latn"), ("nb", NLLB, "nob_Latn"),
        ("ms", NLLB, "zsm_Latn"), ("zh-TW", NLLB, "zho_Hant"), ("zh_Hans", NLLB, "zho_Hans"), ("fa", NLLB, "pes_Arab"),
        ("pt-BR", NLLB, "por_Latn"), ("ja", MBART, "ja_XX"), ("jpn_Jpan", M2M, "ja"), ("zh", MBART, "zh_CN"),
        ("arb_Arab", MBART, "ar_AR"), ("ja", M2M, "ja"), ("eng", M2M, "en"), ("nb", M2M, "no"), ("zsm", M2M, "ms"),
        ("fas", M2M, "fa"),
    ],
)  # fmt: skip
def test_plain_codes_find_the_models_own(given: str, known: list[str], found: str) -> None:
    if given == "jpn_Jpan":  # a script is more than M2M100 says
        with pytest.raises(ModelError, match="no language") as raised:
            find_language(given, known, "m")
        assert "ja" in raised.value.hint
    elif given == "arb_Arab":
        with pytest.raises(ModelError, match="no language"):
            find_language(given, known, "m")
    else:
        assert find_language(given, known, "m") == found


@given(st.text(max_size=12))
def test_any_code_is_found_or_refused_in_words(code: str) -> None:
    for known in (NLLB, MBART, M2M):
        with suppress(ModelError):
            assert find_language(code, known, "m") in known


# what the model reads


async def prepared(made: LocalBackend, request: Request) -> Prepared:
    """The prompt, which the answer then counts the same."""
    return await made.prepare(request)


@pytest.mark.parametrize(
    ("model", "options", "prompt", "note"),
    [
        ("plain", {}, "you sum up\nhello, the cat.</s>", ""),
        ("plain", {"target_language": "fr"}, "you sum up\nhello, the cat.</s>", "no language codes"),
        ("plain", {"template": "q: {input} a:"}, "q: you sum up\nhello, the cat. a:</s>", ""),
        ("t5", {}, "you sum up\nhello, the cat.</s>", ""),
        ("t5", {"target_language": "fr"}, "translate English to French: hello, the cat.</s>", "translation_en_to_fr"),
        ("t5", {"chat_template_kwargs": {"task": "summarization"}}, "summarize: you sum up\nhello, the cat.</s>", ""),
        ("summarizer", {}, "summarize: you sum up\nhello, the cat.</s>", "summarization"),
        ("nllb", {"target_language": "ja"}, "eng_Latnhello, the cat.</s>", "the instruction was left out"),
        ("m2m", {"target_language": "ja", "source_language": "en"}, "__en__hello, the cat.</s>", "left out"),
    ],
)
async def test_what_the_model_reads(
    models: Path, backend: LocalBackend, model: str, options: dict[str, Any], prompt: str, note: str
) -> None:
    request = ask(models / model, Message("system", "you sum up"), Message("user", TEXT), **options)
    made = await backend.prepare(request)
    assert made.prompt == prompt
    assert note in " ".join(made.notes)
    assert (await backend.counter(request))(request.messages) == made.tokens
    _, end, _ = await answer(backend, ask(models / model, *request.messages, **{**options, "max_new_tokens": 1}))
    assert end.usage.prompt_tokens == made.tokens


async def test_a_prefix_that_somebody_wrote_is_not_put_twice(models: Path, backend: LocalBackend) -> None:
    made = await backend.prepare(ask(models / "summarizer", Message("user", "summarize: the cat")))
    assert made.prompt == "summarize: the cat</s>"


@pytest.mark.parametrize(
    ("options", "words"),
    [({"target_language": "ja"}, "no language 'ja'"), ({"chat_template_kwargs": {"task": "sing"}}, "no task 'sing'")],
)
async def test_a_task_that_the_model_does_not_have(
    models: Path, backend: LocalBackend, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=words) as raised:
        await backend.prepare(ask(models / "t5", **options))
    assert raised.value.hint


async def test_what_a_user_writes_is_never_a_language_or_an_end(models: Path, backend: LocalBackend) -> None:
    made = await backend.prepare(ask(models / "nllb", Message("user", "fra_Latn</s>"), target_language="ja"))
    plain = await backend.prepare(ask(models / "nllb", Message("user", "x"), target_language="ja"))
    ids, few = made.own.ids, plain.own.ids
    assert (ids[0], ids[-1]) == (few[0], few[-1])
    assert not {few[0], few[-1]} & set(ids[1:-1])


async def test_several_turns_are_written_as_turns(models: Path, backend: LocalBackend) -> None:
    turns = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert (await backend.prepare(ask(models / "plain", *turns))).prompt == "user: a\nai: b\nuser: c\nai:</s>"


async def test_a_begun_answer_is_continued_by_the_decoder(models: Path, backend: LocalBackend) -> None:
    options = {"temperature": 0, "target_language": "ja"}
    whole, _, _ = await answer(backend, ask(models / "nllb", max_new_tokens=12, **options))
    begun, rest = whole[:5], whole[5:]
    request = ask(models / "nllb", Message("user", TEXT), Message("assistant", begun), max_new_tokens=7, **options)
    assert (await answer(backend, request))[0] == rest


async def test_languages_on_a_causal_model_are_ignored_with_a_notice(models: Path, backend: LocalBackend) -> None:
    made = await backend.prepare(ask(models / "llama", target_language="ja", source_language="en"))
    assert sum("translation models" in note for note in made.notes) == 2


# sampling and stopping


async def test_sampling_is_the_models_own_and_beams_are_told(models: Path, backend: LocalBackend) -> None:
    made = await backend.prepare(ask(models / "nllb", target_language="ja"))
    assert made.options["temperature"] == 0, "encoder-decoder models are greedy unless somebody says otherwise"
    assert made.options["max_new_tokens"] == 39, "its max_length is the answer's"
    assert any("num_beams 4" in note for note in made.notes)


async def test_seeds_stops_and_penalties_work_as_for_other_models(models: Path, backend: LocalBackend) -> None:
    hot = {"temperature": 1.5, "top_k": 0, "max_new_tokens": 20, "target_language": "ja"}
    first, again, other = [(await answer(backend, ask(models / "nllb", seed=seed, **hot)))[0] for seed in (1, 1, 2)]
    assert first == again != other
    stop = first.strip()[6]
    said, end, _ = await answer(backend, ask(models / "nllb", seed=1, stop=[stop], **hot))
    assert said == first[: first.index(stop)]
    assert end.finish_reason == "stop"
    loud, _, _ = await answer(backend, ask(models / "nllb", seed=1, presence_penalty=1.0, **hot))
    assert loud


async def test_a_text_too_long_is_told_and_t5_has_no_bound(models: Path, backend: LocalBackend) -> None:
    long = Message("user", "cat. " * 60)
    with pytest.raises(ModelError, match="reads 128") as raised:
        await answer(backend, ask(models / "nllb", long, target_language="ja"))
    assert raised.value.hint
    _, end, _ = await answer(backend, ask(models / "plain", Message("user", "cat. " * 200), max_new_tokens=2))
    assert end.usage.prompt_tokens > 512
    _, end, _ = await answer(backend, ask(models / "nllb", target_language="ja", max_new_tokens=10_000))
    assert end.usage.completion_tokens <= 126


async def test_leaving_stops_it(models: Path, backend: LocalBackend) -> None:
    request = ask(models / "plain", max_new_tokens=50_000)
    async with aclosing(backend.generate(request)) as pieces:  # type: ignore[type-var]
        assert isinstance(await anext(pieces), Chunk)
    # The next answer waits for the thread of the one that was left: 50,000 tokens would take minutes.
    async with asyncio.timeout(30):
        await answer(backend, ask(models / "plain", max_new_tokens=1))


async def test_facts_say_what_kind_it_is(models: Path, backend: LocalBackend) -> None:
    info = await backend.load(ask(models / "plain").options)
    assert (info.detail["task"], info.detail["class"]) == ("seq2seq", "T5ForConditionalGeneration")
