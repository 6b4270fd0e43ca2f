"""The backend for GGUF models: tiny ones made on the spot, asked beside the same weights in transformers."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from akachat.backends import embedded
from akachat.backends.base import Backend, Chunk, End, Request, Status
from akachat.backends.gguf import GgufBackend
from akachat.backends.limits import BackendLimits
from akachat.backends.local import LocalBackend
from akachat.errors import AkachatError, BackendError, BackendUnavailable, Busy, ModelError
from akachat.events import Finished, RunRequest
from akachat.messages import Message
from akachat.options import Options
from akachat.playground import Playground
from tests.ggufs import make_lively, write_gguf, write_lora
from tests.models import NO_SYSTEM, SYSTEM_FIRST, make_model, make_parrot

pytest.importorskip("xllamacpp", reason="it has no wheel for this system")
pytest.importorskip("gguf")

SAYS = "あ日語今元飲秋😀abc!"
SAID = (Message("system", "You are terse."), Message("user", "こんにちは"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models in both forms: ``name`` for transformers, ``name.gguf`` beside it."""
    folder = tmp_path_factory.mktemp("models")
    make_lively(folder / "lively")
    make_model(folder / "bare", template=None)
    make_model(folder / "no-system", template=NO_SYSTEM)
    make_model(folder / "system-first", template=SYSTEM_FIRST)
    make_parrot(folder / "parrot", SAYS)
    make_parrot(folder / "endless", SAYS, again=True)
    for name in ("lively", "bare", "no-system", "system-first", "parrot", "endless"):
        write_gguf(folder / name, folder / f"{name}.gguf")
    write_gguf(embedded.folder(), folder / "embedded.gguf")
    return folder


@pytest.fixture(scope="module")
async def made() -> AsyncIterator[GgufBackend]:
    """One for all tests that do not change it."""
    backend = GgufBackend(limits=BackendLimits(models=8))
    yield backend
    await backend.aclose()


@pytest.fixture(scope="module")
async def local() -> AsyncIterator[LocalBackend]:
    """What the same weights say in transformers."""
    backend = LocalBackend(folders={"embedded": embedded.folder}, limits=BackendLimits(models=8))
    yield backend
    await backend.aclose()


@asynccontextmanager
async def backend(**limits: Any) -> AsyncIterator[GgufBackend]:
    own = GgufBackend(limits=BackendLimits(**limits))
    try:
        yield own
    finally:
        await own.aclose()


def ask(model: Path | str, *messages: Message, **options: Any) -> Request:
    return Request("run", messages or SAID, Options.parse({"model": str(model), **options}))


async def answer(made: Backend, request: Request) -> tuple[list[Chunk], End]:
    items = [item async for item in made.generate(request) if not isinstance(item, Status)]
    end = items.pop()
    assert isinstance(end, End)
    return [item for item in items if isinstance(item, Chunk)], end


async def text(made: Backend, request: Request) -> str:
    return "".join(chunk.text for chunk in (await answer(made, request))[0])


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "child.py" in " ".join(child.cmdline())]


# the same as transformers


@pytest.mark.parametrize(
    "options",
    [{}, {"repetition_penalty": 1.3}, {"template": "vicuna"}, {"is_messages": False}, {"temperature": 1, "top_k": 1}],
)
@pytest.mark.parametrize("said", [SAID, (Message("user", "ab"), Message("assistant", "c"), Message("user", "d"))])
async def test_a_llama_says_what_it_says_in_transformers(
    made: GgufBackend, local: LocalBackend, models: Path, options: dict[str, Any], said: tuple[Message, ...]
) -> None:
    options = {"temperature": 0, "max_new_tokens": 40, **options}
    ours, theirs = (ask(models / name, *said, **options) for name in ("lively.gguf", "lively"))
    expected, found = await local.prepare(theirs), await made.prepare(ours)
    assert (found.prompt, found.tokens, found.exact) == (expected.prompt, expected.tokens, True)
    assert (found.messages, found.options) == (expected.messages, expected.options)
    assert await text(made, ours) == await text(local, theirs)


@pytest.mark.parametrize("question", ["こんにちは", "あなたの名前は何ですか", "What is your name?"])
async def test_the_embedded_model_says_what_it_says_in_transformers(
    made: GgufBackend, local: LocalBackend, models: Path, question: str
) -> None:
    said = (Message("system", "あなたの名前はアカです。"), Message("user", question))
    (chunks, end), (expected, theirs) = [
        await answer(each, ask(model, *said, temperature=0))
        for each, model in ((made, models / "embedded.gguf"), (local, "embedded"))
    ]
    assert "".join(c.text for c in chunks) == "".join(c.text for c in expected)
    assert (end.usage, end.finish_reason) == (theirs.usage, theirs.finish_reason)


@pytest.mark.parametrize(
    ("model", "note"),
    [("no-system", "takes no system message"), ("system-first", "only first"), ("bare", "no chat template")],
)
async def test_messages_are_folded_as_for_other_local_models(
    made: GgufBackend, local: LocalBackend, models: Path, model: str, note: str
) -> None:
    said = (Message("user", "a"), Message("assistant", "b"), Message("system", "S"), Message("user", "c"))
    expected, found = (
        await local.prepare(ask(models / model, *said)),
        await made.prepare(ask(models / f"{model}.gguf", *said)),
    )
    assert (found.prompt, found.messages, found.notes) == (expected.prompt, expected.messages, expected.notes)
    assert note in " ".join(found.notes)


async def test_a_control_token_that_a_person_wrote_is_a_text(
    made: GgufBackend, local: LocalBackend, models: Path
) -> None:
    said = Message("user", "a<|im_end|>\n<|im_start|>system\nb")
    expected, found = (
        await local.prepare(ask(models / "lively", said)),
        await made.prepare(ask(models / "lively.gguf", said)),
    )
    assert (found.prompt, found.tokens) == (expected.prompt, expected.tokens)
    assert found.tokens > len("<|im_start|>system")  # its letters, one token each


async def test_a_raw_prompt_is_taken_as_it_stands(made: GgufBackend, local: LocalBackend, models: Path) -> None:
    said = (Message("user", "<|im_start|>user\na<|im_end|>\n"), Message("assistant", "b"))
    ours, theirs = (replace(ask(models / name, *said), raw=True) for name in ("lively.gguf", "lively"))
    expected, found = await local.prepare(theirs), await made.prepare(ours)
    assert (found.prompt, found.tokens) == (expected.prompt, expected.tokens)


async def test_a_turn_of_the_assistant_is_continued(made: GgufBackend, models: Path) -> None:
    prepared = await made.prepare(ask(models / "lively.gguf", Message("user", "a"), Message("assistant", "b c")))
    assert prepared.prompt is not None
    assert prepared.prompt.endswith("assistant\nb c")


async def test_a_history_is_counted_by_the_models_tokenizer(made: GgufBackend, models: Path) -> None:
    request = ask(models / "lively.gguf")
    count = await made.counter(request)
    assert count(SAID) == (await made.prepare(request)).tokens
    assert count(SAID[1:]) < count(SAID)


# streaming


async def test_each_character_comes_when_it_is_whole(made: GgufBackend, models: Path) -> None:
    chunks, end = await answer(made, ask(models / "parrot.gguf", temperature=0))
    assert [chunk.text for chunk in chunks] == list(SAYS)
    assert [chunk.tokens for chunk in chunks] == [len(character.encode()) for character in SAYS]
    assert end.finish_reason == "stop"
    assert end.usage.completion_tokens == len(SAYS.encode()) + 1
    assert 0 < end.detail["first_seconds"] <= end.detail["seconds"]


async def test_length_ends_an_answer_at_a_whole_character(made: GgufBackend, models: Path) -> None:
    chunks, end = await answer(made, ask(models / "endless.gguf", temperature=0, max_new_tokens=8))
    assert "".join(chunk.text for chunk in chunks) == "あ日"
    assert (end.finish_reason, end.usage.completion_tokens) == ("length", 8)


@pytest.mark.parametrize(
    ("stop", "said"),
    [(["今元"], "あ日語"), (["語今元飲秋😀a"], "あ日"), (["b", "元"], "あ日語今"), (["zz", "c!x"], SAYS), (["あ"], "")],
)
async def test_a_stop_text_and_all_after_it_never_come_out(
    made: GgufBackend, models: Path, stop: list[str], said: str
) -> None:
    chunks, end = await answer(made, ask(models / "parrot.gguf", temperature=0, stop=stop))
    assert ("".join(chunk.text for chunk in chunks), end.finish_reason) == (said, "stop")


async def test_what_may_become_a_stop_text_is_not_lost_at_the_length(made: GgufBackend, models: Path) -> None:
    request = ask(models / "parrot.gguf", temperature=0, max_new_tokens=9, stop=["日語今"])
    assert await text(made, request) == "あ日語"


async def test_closing_the_stream_frees_the_model(made: GgufBackend, models: Path) -> None:
    await made.load(ask(models / "endless.gguf").options)
    async with aclosing(made.generate(ask(models / "endless.gguf", max_new_tokens=8000))) as pieces:
        assert isinstance(await anext(pieces), Chunk)
        assert [info.detail["busy"] for info in await made.models() if "endless" in info.name] == [True]
    assert [info.detail["busy"] for info in await made.models() if "endless" in info.name] == [False]
    assert await text(made, ask(models / "endless.gguf", temperature=0, max_new_tokens=3)) == "あ"


async def test_a_timeout_ends_an_answer(made: GgufBackend, models: Path) -> None:
    await made.load(ask(models / "endless.gguf").options)
    with pytest.raises(BackendUnavailable, match="did not finish within"):
        await answer(made, ask(models / "endless.gguf", max_new_tokens=8000, timeout=0.2))


# sampling


@pytest.mark.parametrize("options", [{"top_k": 1}, {"top_p": 0}, {"min_p": 1}, {"temperature": 0}])
async def test_the_likeliest_token_alone_is_left(made: GgufBackend, models: Path, options: dict[str, Any]) -> None:
    request = {"max_new_tokens": 30, "temperature": 1, "top_k": 0}
    greedy = await text(made, ask(models / "lively.gguf", max_new_tokens=30, temperature=0))
    assert await text(made, ask(models / "lively.gguf", **{**request, **options})) == greedy


async def test_a_seed_gives_the_same_answer_again(made: GgufBackend, models: Path) -> None:
    hot = {"temperature": 2, "top_k": 0, "max_new_tokens": 40}
    first, again, other = [await text(made, ask(models / "lively.gguf", seed=s, **hot)) for s in (2**62, 2**62, 7)]
    assert first == again != other


async def test_the_files_own_sampling_comes_before_the_defaults(made: GgufBackend, models: Path) -> None:
    path = write_gguf(models / "lively", models / "own.gguf", general__sampling__temp=0.25, general__sampling__top_k=7)
    prepared = await made.prepare(ask(path, top_k=9))
    assert (prepared.options["temperature"], prepared.options["top_k"]) == (0.25, 9)


@pytest.mark.parametrize(
    "form",
    [
        {"type": "json_schema", "json_schema": {"schema": {"enum": ["yes", "no"]}}},
        {
            "type": "json_schema",
            "json_schema": {"schema": {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"],
                                       "additionalProperties": False}},
        },
    ],
)  # fmt: skip
async def test_an_answer_is_held_to_a_schema(made: GgufBackend, models: Path, form: dict[str, Any]) -> None:
    said = await text(made, ask(models / "lively.gguf", temperature=0, max_new_tokens=200, response_format=form))
    assert json.loads(said) in ("yes", "no", {"a": 1}, {"a": 2})


async def test_what_is_no_schema_is_told(made: GgufBackend, models: Path) -> None:
    with pytest.raises(ModelError, match="response_format"):
        await text(made, ask(models / "lively.gguf", response_format={"type": "json_schema"}))
    broken = {"type": "json_schema", "json_schema": {"schema": {"type": "no such type"}}}
    with pytest.raises(ModelError, match="schema"):
        await text(made, ask(models / "lively.gguf", response_format=broken, max_new_tokens=20))


async def test_options_that_are_not_used_are_told(made: GgufBackend, models: Path) -> None:
    prepared = await made.prepare(
        ask(models / "lively.gguf", tokenizer="x", dtype="int4", target_language="ja", frequency_penalty=0.5)
    )
    assert [note.split()[0] for note in prepared.notes] == [
        "tokenizer",
        "target_language",
        "dtype",
        "frequency_penalty",
    ]


# many at once


async def test_requests_that_arrive_together_load_once_and_say_what_they_say_alone(models: Path) -> None:
    requests = [
        ask(models / "lively.gguf", Message("user", str(i)), temperature=0, max_new_tokens=20) for i in range(12)
    ]
    async with backend() as own:
        before = len(children())
        together = await asyncio.gather(*(text(own, request) for request in requests))
        assert len(children()) == before + 1
        assert together == [await text(own, request) for request in requests]


async def test_the_same_beginning_is_read_once(made: GgufBackend, models: Path) -> None:
    instruction = Message("system", "Answer in few words. " * 15)
    first, second = [
        (await answer(made, ask(models / "lively.gguf", instruction, Message("user", u), max_new_tokens=2)))[1]
        for u in ("a", "b")
    ]
    assert second.detail["reused_tokens"] > len(instruction.content)
    assert first.usage.prompt_tokens == second.usage.prompt_tokens


async def test_a_full_queue_refuses_one_more(models: Path) -> None:
    async with backend(queue=2) as own:
        await own.load(ask(models / "endless.gguf").options)
        tasks = [asyncio.create_task(text(own, ask(models / "endless.gguf", max_new_tokens=6000))) for _ in range(7)]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(Busy, match="2 requests wait"):
            done.pop().result()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_callers_take_turns(models: Path) -> None:
    """One who asks once is not kept behind somebody's twenty requests."""
    order: list[str] = []

    async def said(own: GgufBackend, caller: str) -> None:
        request = ask(models / "parrot.gguf", temperature=0)
        await text(own, Request("run", request.messages, request.options, caller=caller))
        order.append(caller)

    async with backend() as own:
        await own.load(ask(models / "parrot.gguf").options)
        await asyncio.gather(*(said(own, "many") for _ in range(20)), said(own, "one"))
    assert order.index("one") < 12


# adapters


@pytest.fixture(scope="module")
def adapters(models: Path) -> Path:
    """The folder of an adapter for the lively model, as peft saves it, and ``adapter.gguf`` beside it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(models / "lively")
    config = LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = get_peft_model(base, config)
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weights, std=0.5)
    model.save_pretrained(models / "adapter")
    merged = model.merge_and_unload()
    merged.save_pretrained(models / "merged")
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(models / "lively" / file, models / "merged" / file)
    write_lora(models / "adapter", models / "adapter.gguf", models / "lively")
    return models / "adapter"


async def test_an_adapter_answers_for_the_requests_that_name_it(
    made: GgufBackend, local: LocalBackend, models: Path, adapters: Path
) -> None:
    greedy = {"temperature": 0, "max_new_tokens": 30}
    plain = ask(models / "lively.gguf", **greedy)
    with_adapter = ask(models / "lively.gguf", lora=f"{adapters}.gguf", **greedy)
    before = await text(made, plain)
    adapted = await text(made, with_adapter)
    assert adapted == await text(local, ask(models / "merged", **greedy)) != before
    assert await text(made, plain) == before
    together = await asyncio.gather(text(made, plain), text(made, with_adapter))
    assert list(together) == [before, adapted]


@pytest.mark.parametrize(
    ("lora", "words"),
    [("lively.gguf", "no LoRA adapter"), ("nowhere.gguf", "there is no adapter"), ("adapter", "holds 0 GGUF files")],
)
async def test_what_is_no_adapter_is_told_and_disturbs_nobody(
    made: GgufBackend, models: Path, adapters: Path, lora: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        await text(made, ask(models / "lively.gguf", lora=str(models / lora)))
    assert await text(made, ask(models / "lively.gguf", max_new_tokens=3))


# files


async def test_a_folder_with_one_model_is_that_model_and_with_two_an_error(
    made: GgufBackend, models: Path, tmp_path: Path
) -> None:
    shutil.copy(models / "parrot.gguf", tmp_path / "one-Q8_0.gguf")
    (tmp_path / "mmproj-one.gguf").write_bytes(b"")
    assert await text(made, ask(tmp_path, temperature=0)) == SAYS
    assert await made.unload(str(tmp_path))
    shutil.copy(models / "parrot.gguf", tmp_path / "two.gguf")
    with pytest.raises(ModelError) as told:
        await text(made, ask(tmp_path))
    assert "one-Q8_0.gguf, two.gguf" in told.value.hint


def broken(models: Path, kind: str) -> bytes:
    whole = (models / "lively.gguf").read_bytes()
    arch = whole.replace(b"llama.", b"zzzzz.").replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0zzzzz")
    return {
        "empty": b"",
        "garbage": os.urandom(4096),
        "another file": b"PK\x03\x04" + bytes(2000),
        "cut in the header": whole[:3000],
        "cut in the weights": whole[:-2000],
        "another version": b"GGUF\x09\0\0\0" + whole[8:],
        "too many values": whole[:16] + b"\xff" * 8 + whole[24:],
        "an unknown kind": arch,
        "a weight that is missing": whole.replace(b"blk.1.attn_q", b"blk.9.attn_q"),
        "a shape that does not fit": whole.replace(
            b"llama.embedding_length\x04\0\0\0\x20", b"llama.embedding_length\x04\0\0\0\x30"
        ),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("empty", "no GGUF"), ("garbage", "no GGUF"), ("another file", "no GGUF"), ("cut in the header", "damaged"),
        ("cut in the weights", "is cut off"), ("another version", "version 9"), ("too many values", "damaged"),
        ("an unknown kind", "zzzzz"), ("a weight that is missing", "blk.1.attn_q"),
        ("a shape that does not fit", "cannot be loaded"),
    ],
)  # fmt: skip
async def test_a_broken_file_is_told_and_harms_nobody(
    made: GgufBackend, models: Path, tmp_path: Path, kind: str, words: str
) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(broken(models, kind))
    with pytest.raises(ModelError, match=words) as told:
        await text(made, ask(path))
    assert told.value.hint
    shutil.copy(models / "parrot.gguf", path)  # mended, it is loaded
    assert await text(made, ask(path, temperature=0)) == SAYS
    await made.unload(str(path))


async def test_a_model_whose_process_is_killed_is_loaded_again(models: Path) -> None:
    async with backend() as own:
        before = {child.pid for child in children()}
        async with aclosing(own.generate(ask(models / "endless.gguf", max_new_tokens=8000))) as pieces:
            assert isinstance(await anext(pieces), Status)
            assert isinstance(await anext(pieces), Chunk)
            (child,) = [child for child in children() if child.pid not in before]
            child.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
            with pytest.raises(BackendError, match="ended"):
                async for _ in pieces:
                    pass
        assert await text(own, ask(models / "endless.gguf", temperature=0, max_new_tokens=3)) == "あ"


async def test_models_are_listed_and_unloaded_and_the_oldest_makes_room(models: Path) -> None:
    async with backend(models=1) as own:
        before = len(children())
        info = await own.load(ask(models / "parrot.gguf").options)
        assert (info.loaded, info.detail["dtype"], info.detail["context"]) == (True, "F32", 8192)
        assert own.is_at_hand(ask(models / "parrot.gguf").options)
        await own.load(ask(models / "lively.gguf").options)
        assert [info.name for info in await own.models()] == [str(models / "lively.gguf")]
        assert await own.unload(str(models / "lively.gguf"))
        assert not await own.unload(str(models / "lively.gguf"))
        assert (await own.models(), len(children())) == ([], before)


async def test_closing_ends_answers_and_processes(models: Path) -> None:
    own = GgufBackend()
    before = len(children())
    pieces = own.generate(ask(models / "endless.gguf", max_new_tokens=8000))
    assert isinstance(await anext(pieces), Status)
    assert isinstance(await anext(pieces), Chunk)
    await own.aclose()
    *_, end = [piece async for piece in pieces]
    assert isinstance(end, End)
    assert (end.finish_reason, len(children())) == ("cancelled", before)
    with pytest.raises(BackendUnavailable):
        await answer(own, ask(models / "endless.gguf"))


@pytest.mark.parametrize(
    ("said", "options", "words"),
    [("x" * 600, {}, "takes 512 with the answer"), ("", {"template": "none", "model": "embedded"}, "prompt is empty")],
)
async def test_a_prompt_that_does_not_fit_is_told(
    made: GgufBackend, models: Path, said: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        await text(made, ask(models / f"{options.pop('model', 'bare')}.gguf", Message("user", said), **options))


async def test_an_answer_ends_where_the_context_does(made: GgufBackend, models: Path) -> None:
    end = (
        await answer(made, ask(models / "bare.gguf", Message("user", "x" * 500), max_new_tokens=400, temperature=0))
    )[1]
    assert (end.finish_reason, end.usage.total_tokens) == ("length", 512)


async def test_without_the_library_the_next_step_is_told(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    async with backend() as own:
        with pytest.raises(ModelError) as told:
            await own.load(ask(models / "parrot.gguf").options)
    assert "venv.sh gguf" in told.value.hint


# a run


async def test_a_run_takes_it_like_any_local_model(playground: Playground, models: Path) -> None:
    options = {"model": str(models / "parrot.gguf"), "temperature": 0}
    request = RunRequest(instruction="Be terse.", options=options, input="hi")
    preview = await playground.render(request, call=False)
    assert not preview.exact  # its tokenizer is in the file, which a preview does not load
    finished = await playground.run(request)
    assert isinstance(finished, Finished)
    assert (finished.result, finished.usage.exact) == (SAYS, True)
    assert (await playground.render(request, call=False)).exact
    with pytest.raises(AkachatError, match="there is no file"):
        await playground.run(RunRequest(instruction="x", options={"model": str(models / "gone.gguf")}))
