"""What loading asks, finds and refuses: folders made on the spot, and a hub on this machine."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from akachat.backends.base import Chunk, Request
from akachat.backends.limits import BackendLimits
from akachat.backends.local import LocalBackend
from akachat.backends.local.loading.placement import Free, place_model
from akachat.backends.local.loading.weights import Stored
from akachat.backends.presets import Preset
from akachat.errors import AkachatError, ModelError
from akachat.messages import Message
from akachat.options import Options
from akachat.playground import Playground
from tests.conftest import ROOT
from tests.fakehub import Repo, serving
from tests.models import make_llama_spm, make_lora, make_model, make_neox, make_qwen, make_t5

TOKEN = "hf_SecretSecretSecretSecretSecret"


def request_for(model: Path | str, **options: Any) -> Request:
    return Request(
        "run", (Message("user", "hi あ"),), Options.parse({"model": str(model), "max_new_tokens": 4, **options})
    )


async def said(made: LocalBackend, request: Request) -> str:
    return "".join([item.text async for item in made.generate(request) if isinstance(item, Chunk)])


@pytest.fixture
async def backend() -> AsyncIterator[LocalBackend]:
    made = LocalBackend()
    yield made
    await made.aclose()


# the hub


@dataclass(frozen=True)
class Case:
    """A model of the hub, with what its loading must say."""

    id: str
    options: dict[str, Any]
    words: str = ""
    hint: str = ""
    token: str | None = None
    environment: str = ""


CASES = [
    Case("public", {"model": "owner/tiny"}),
    Case("at a revision", {"model": "owner/tiny", "revision": "other"}),
    Case("no such revision", {"model": "owner/tiny", "revision": "nope"}, "no such revision", "branch"),
    Case("not there", {"model": "owner/nowhere"}, "no model 'owner/nowhere'", "hf_token"),
    Case("gated", {"model": "owner/gated"}, "gated", "licence"),
    Case("gated, a wrong token", {"model": "owner/gated"}, "gated", "licence", token="hf_WrongWrongWrongWrongWrong"),
    Case("gated, the right token", {"model": "owner/gated"}, token=TOKEN),
    Case("too large", {"model": "owner/huge"}, "GiB", "smaller"),
    Case("too large by file sizes", {"model": "owner/huge-too"}, "GiB", "smaller"),
    Case("pickles only", {"model": "owner/pickles"}, "pytorch_model.bin", "convert"),
    Case("an adapter", {"model": "owner/tiny", "lora": "owner/lora"}),
    Case("an adapter again", {"model": "owner/tiny", "lora": "owner/lora"}),
    Case("a gated adapter", {"model": "owner/tiny", "lora": "owner/secret-lora"}, "gated", "licence"),
    Case("a gated adapter, the right token", {"model": "owner/tiny", "lora": "owner/secret-lora"}, token=TOKEN),
    Case("an adapter is not there", {"model": "owner/tiny", "lora": "owner/none"}, "owner/none", "hf_token"),
    Case("a model for an adapter", {"model": "owner/tiny", "lora": "owner/tiny"}, "no LoRA adapter", "model"),
    Case("another's tokenizer", {"model": "owner/tiny", "tokenizer": "owner/gated"}, token=TOKEN),
    Case("another's tokenizer is not there", {"model": "owner/tiny", "tokenizer": "owner/x"}, "owner/x", "hf_token"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All cases in one fresh process, whose hub is on this machine."""
    folder = tmp_path_factory.mktemp("hub")
    main, other, pickles = make_model(folder / "main"), make_neox(folder / "other"), make_model(folder / "pickles")
    (pickles / "model.safetensors").rename(pickles / "pytorch_model.bin")
    lora = make_lora(folder / "lora", main)
    repos = {
        "owner/tiny": Repo({"main": main, "other": other}),
        "owner/gated": Repo({"main": make_model(folder / "gated")}, token=TOKEN),
        "owner/huge": Repo({"main": main}, safetensors={"BF16": 10**13}),
        "owner/huge-too": Repo({"main": main}, sizes={"model.safetensors": 10**13}),
        "owner/pickles": Repo({"main": pickles}),
        "owner/lora": Repo({"main": lora}),
        "owner/secret-lora": Repo({"main": lora}, token=TOKEN),
    }
    with serving(repos) as hub:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(folder / "home"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        lines = "".join(json.dumps({"options": case.options, "token": case.token}) + "\n" for case in CASES)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.fakehub"],
            input=lines, capture_output=True, text=True, cwd=ROOT, env=environment, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        found = dict(zip([case.id for case in CASES], map(json.loads, done.stdout.splitlines()), strict=True))
        return {**found, "": {"asked": hub.asked, "output": done.stdout + done.stderr}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_model_of_the_hub(results: dict[str, Any], case: Case) -> None:
    result = results[case.id]
    if not case.words:
        assert "error" not in result, result
        assert result["facts"]["parameters"] > 0
        kind = "GPTNeoXForCausalLM" if case.options.get("revision") else "LlamaForCausalLM"
        assert result["facts"]["class"] == kind
    else:
        assert case.words in result["error"]["message"], result["error"]
        assert case.hint in result["error"]["hint"], result["error"]


def test_the_token_goes_to_the_hub_and_shows_nowhere(results: dict[str, Any]) -> None:
    asked = results[""]["asked"]
    assert any(sent == f"Bearer {TOKEN}" for _, _, sent in asked)
    assert "SecretSecret" not in results[""]["output"], "in an error, a repr, a fact or the log"


def test_too_large_a_model_is_refused_before_its_weights_are_asked_for(results: dict[str, Any]) -> None:
    assert not [path for _, path, _ in results[""]["asked"] if "huge" in path and path.endswith(".safetensors")]


# folders


@pytest.mark.parametrize(
    ("make", "name"), [(make_neox, "GPTNeoXForCausalLM"), (make_qwen, "Qwen3ForCausalLM"), (make_t5, "T5")]
)
async def test_kinds_are_found_from_the_configuration(
    tmp_path: Path, backend: LocalBackend, make: Any, name: str
) -> None:
    info = await backend.load(request_for(make(tmp_path / "m")).options)
    assert str(info.detail["class"]).startswith(name)
    assert info.detail["task"] == ("seq2seq" if name == "T5" else "causal")


def _huge(folder: Path, terabytes: float) -> None:
    """A file that says it holds so much; it takes no room on the disk."""
    size = int(terabytes * 2**40)
    head = json.dumps({"a.weight": {"dtype": "F32", "shape": [1024, size // 4096], "data_offsets": [0, size]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head)


def _free() -> float:
    import psutil  # type: ignore[import-untyped]

    return psutil.virtual_memory().available / 2**40


@pytest.mark.parametrize(
    ("share", "dtype", "hint"),
    [(50, "", "smaller one"), (1.2, "fp32", "bf16"), (2.2, "fp32", "int4"), (50, "int4", "smaller one")],
)
async def test_not_enough_memory_says_what_would_fit(
    tmp_path: Path, backend: LocalBackend, share: float, dtype: str, hint: str
) -> None:
    folder = make_model(tmp_path / "m")
    _huge(folder, _free() * share)
    if dtype == "int4":
        pytest.importorskip("bitsandbytes")
    with pytest.raises(ModelError, match=r"needs about .* GiB in .*, .* GiB are free") as raised:
        await said(backend, request_for(folder, dtype=dtype))
    assert hint in raised.value.hint
    assert "needs about" in raised.value.hint or hint == "smaller one"


async def test_memory_is_left_to_other_programs(tmp_path: Path) -> None:
    made = LocalBackend(limits=BackendLimits(model_memory_bytes=1))
    with pytest.raises(ModelError, match=r"all models together may take 0\.00 GiB"):
        await said(made, request_for(make_model(tmp_path / "m")))
    await made.aclose()


GIB = 2**30
SEVEN = Stored(parameters=7 * 10**9, matrices=6 * 10**9, bytes=14 * 10**9)


@pytest.mark.parametrize(
    ("dtype", "free", "arguments", "note"),
    [
        ("bf16", Free(8 * GIB, (24 * GIB,)), {"device_map": {"": "cuda:0"}}, ""),
        ("bf16", Free(8 * GIB, (10 * GIB, 24 * GIB)), {"device_map": {"": "cuda:1"}}, ""),
        ("bf16", Free(8 * GIB, (10 * GIB, 10 * GIB)), {"device_map": "auto"}, "spread over 2 GPUs"),
        ("bf16", Free(32 * GIB, (10 * GIB,)), {"device_map": "auto"}, "in the machine's own memory, which is slow"),
        ("bf16", Free(2 * GIB, (10 * GIB,)), None, "Set dtype to int8"),
        ("bf16", Free(1 * GIB, (7 * GIB,)), None, "Set dtype to int4"),
        ("int4", Free(32 * GIB, (3 * GIB,)), None, "smaller one"),
        ("int4", Free(0, (8 * GIB,)), {"device_map": {"": "cuda:0"}}, ""),
        ("stored", Free(64 * GIB, (8 * GIB,)), None, "smaller one"),
    ],
)
def test_a_model_goes_to_one_gpu_to_several_or_in_part_to_the_machine(
    dtype: str, free: Free, arguments: dict[str, Any] | None, note: str
) -> None:
    if arguments is None:
        with pytest.raises(ModelError, match="needs about") as raised:
            place_model("m", SEVEN, dtype, "cuda", free)
        assert note in raised.value.hint
        return
    place = place_model("m", SEVEN, dtype, "cuda", free)
    assert place.arguments["device_map"] == arguments["device_map"]
    assert note in place.note
    limits = place.arguments.get("max_memory", {})
    assert all(limits[index] < size for index, size in enumerate(free.gpus) if limits)
    assert (limits.get("cpu", 0) > 0) == ("own memory" in note)


def _index(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def _change(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def _headless(folder: Path) -> None:
    _change(folder, tie_word_embeddings=False)


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _gguf(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-q8_0.gguf")


def _needs_fugashi(folder: Path) -> None:
    values = {"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}
    (folder / "tokenizer_config.json").write_text(json.dumps(values))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\n")


@pytest.mark.parametrize(
    ("spoil", "words", "hint"),
    [
        (_index, "model-00002-of-00002.safetensors is missing", "again"),
        (_headless, "lack 1 parts .* lm_head.weight", "generates text"),
        (_pickled, "pytorch_model.bin only", "safetensors"),
        (_gguf, "GGUF", "model-q8_0.gguf"),
        (lambda folder: _change(folder, model_type="clip", architectures=["CLIPModel"]), "CLIPModel", "language model"),
        (lambda folder: _change(folder, model_type="martian"), "kind of model", "newer transformers"),
        (_needs_fugashi, "needs the package fugashi", "pip install fugashi"),
    ],
)
async def test_a_folder_that_cannot_be_loaded(
    tmp_path: Path, backend: LocalBackend, spoil: Any, words: str, hint: str
) -> None:
    folder = make_model(tmp_path / "m")
    spoil(folder)
    with pytest.raises(ModelError, match=words) as raised:
        await said(backend, request_for(folder))
    assert hint in raised.value.hint, raised.value.hint


async def test_code_of_a_model_runs_only_where_it_is_trusted(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "m")
    (folder / "own.py").write_text(
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        "class OwnConfig(LlamaConfig):\n    model_type = 'own'\n"
        "class OwnForCausalLM(LlamaForCausalLM):\n    config_class = OwnConfig\n"
    )
    own = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnForCausalLM"}
    _change(folder, model_type="own", auto_map=own, architectures=["OwnForCausalLM"])
    for trusted in (False, True):
        made = LocalBackend(trusted=lambda name, trusted=trusted: trusted and name == str(folder))  # type: ignore[misc]
        if trusted:
            assert (await made.load(request_for(folder).options)).detail["class"] == "OwnForCausalLM"
        else:
            with pytest.raises(ModelError, match="code of its own") as raised:
                await made.load(request_for(folder).options)
            assert "trust_remote_code" in raised.value.hint
        await made.aclose()


# what is known of a model


@pytest.mark.parametrize(("kind", "fast"), [("", True), ("fast", True), ("slow", False)])
async def test_an_entry_forces_the_kind_of_tokenizer(tmp_path: Path, kind: Any, fast: bool) -> None:
    folder = make_llama_spm(tmp_path / "m")
    made = LocalBackend(preset=lambda name: Preset(name, tokenizer=kind))
    prepared = await made.prepare(request_for(folder, template="{input}"))
    front = await made._shelf.front(made._source(request_for(folder).options))
    assert front.tokenizer.is_fast == fast
    assert prepared.prompt == "hi あ"
    assert front.tokenizer.decode(prepared.own.ids) == "hi あ"
    await made.aclose()


async def test_a_slow_tokenizer_that_is_not_there(tmp_path: Path) -> None:
    made = LocalBackend(preset=lambda name: Preset(name, tokenizer="slow"))
    with pytest.raises(ModelError, match="no slow tokenizer") as raised:
        await made.prepare(request_for(make_model(tmp_path / "m")))
    assert raised.value.hint
    await made.aclose()


@pytest.mark.parametrize(("loader", "ok"), [("causal", True), ("seq2seq", False)])
async def test_an_entry_forces_the_loading_class(tmp_path: Path, loader: Any, ok: bool) -> None:
    made = LocalBackend(preset=lambda name: Preset(name, loader=loader))
    options = request_for(make_model(tmp_path / "m")).options
    if ok:
        assert (await made.load(options)).detail["task"] == "causal"
    else:
        with pytest.raises(ModelError, match="cannot be loaded as seq2seq") as raised:
            await made.load(options)
        assert raised.value.hint
    await made.aclose()


# number formats


@pytest.mark.parametrize("dtype", ["", "fp32", "bf16", "fp16", "int8", "int4"])
async def test_facts_say_what_was_really_used(tmp_path: Path, backend: LocalBackend, dtype: str) -> None:
    if dtype == "int4":
        pytest.importorskip("bitsandbytes")
    folder = make_model(tmp_path / "m")
    request = request_for(folder, dtype=dtype, temperature=0)
    await said(backend, request)
    (info,) = await backend.models()
    facts = info.detail
    assert (facts["device"], facts["dtype"], facts["dtype_asked"]) == ("cpu", dtype or "fp32", dtype)
    assert facts["dtype_why"]
    assert facts["task"] == "causal"
    assert facts["attention"]
    assert bool(facts["quantization"]) == (dtype in ("int4", "int8"))
    assert bool(facts["notes"]) == (dtype in ("bf16", "fp16", "int4")), "whose answers depend on the batch"
    assert facts["parameters"] == 26_912
    json.dumps(facts)
    told = [note for note in (await backend.prepare(request)).notes if "may differ" in note]
    assert told == facts["notes"]


async def test_weights_quantised_in_their_files_stay_as_they_are(tmp_path: Path, backend: LocalBackend) -> None:
    pytest.importorskip("bitsandbytes")
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    plain = make_model(tmp_path / "plain")
    folder = tmp_path / "m"
    AutoModelForCausalLM.from_pretrained(
        plain, quantization_config=BitsAndBytesConfig(load_in_4bit=True)
    ).save_pretrained(folder)
    AutoTokenizer.from_pretrained(plain).save_pretrained(folder)
    facts = (await backend.load(request_for(folder, dtype="bf16").options)).detail
    assert facts["quantization"] == "bitsandbytes"
    assert "was not used" in facts["notes"][0]


@pytest.mark.parametrize("fast", [True, False])
def test_int8_is_near_and_a_row_is_the_same_whatever_stands_beside_it(fast: bool) -> None:
    import torch

    from akachat.backends.local.loading.int8 import Int8Linear

    with torch.random.fork_rng():
        torch.manual_seed(1)
        weight, bias, rows = torch.randn(48, 32), torch.randn(48), torch.randn(9, 32) * 5
    layer = Int8Linear(weight, bias, fast=fast)
    whole, exact = layer(rows), torch.nn.functional.linear(rows, weight, bias)
    assert float((whole - exact).norm() / exact.norm()) < 0.02
    for index in range(9):
        assert torch.equal(layer(rows[index : index + 1])[0], whole[index])
    assert torch.equal(layer(torch.zeros(1, 32)), bias[None])


def test_what_loads_models_needs_only_their_libraries() -> None:
    code = (
        "import sys\n"
        "for name in ('pydantic', 'anyio', 'gradio', 'fastapi'): sys.modules[name] = None\n"
        "from akachat.backends.local.loading import int8, loader, source\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_an_empty_dtype_on_a_cpu_is_what_was_measured_and_a_small_models_is_fp32() -> None:
    import torch
    from transformers import LlamaConfig

    from akachat.backends.local.loading.dtypes import choose_dtype, cpu_bf16_gain

    before = torch.get_num_threads()
    gain = cpu_bf16_gain()
    assert torch.get_num_threads() == before
    large, small = (choose_dtype("", "cpu", LlamaConfig(), parameters) for parameters in (10**9, 10**6))
    assert large.name == ("bf16" if gain >= 1.15 else "fp32")
    assert (large.varies != "") == (large.name == "bf16")
    assert (small.name, small.varies) == ("fp32", "")


def test_several_models_are_loaded_at_the_same_time(tmp_path: Path) -> None:
    """Two playgrounds of one process, or two models of one: each came out without its output layer, and all later."""
    failed: list[str] = []

    def load(number: int) -> None:
        async def go() -> None:
            async with Playground(tmp_path / str(number), environ={}) as playground:
                await playground.load_model(Options.parse({}))

        try:
            anyio.run(go)
        except AkachatError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
