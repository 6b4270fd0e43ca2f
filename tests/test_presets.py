"""The list of models: what ships, what a workspace adds, and what both do to a run."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from akachat.backends import Backends
from akachat.backends.formats import find_format
from akachat.backends.local.prompt import write_prompt
from akachat.backends.presets import Preset, Presets
from akachat.errors import FileError, ModelError, NotAllowed
from akachat.events import RunRequest
from akachat.messages import Message
from akachat.options import Options
from akachat.playground import Playground
from akachat.settings import Settings
from tests.models import CHATML, make_tokenizer

#: Every model that the programs before this one name.
SEEDS = [
    "cyberagent/open-calm-7b",
    "elyza/ELYZA-japanese-Llama-2-7b-instruct",
    "facebook/nllb-200-distilled-600M",
    "google-t5/t5-small",
    "google/flan-t5-base",
    "google/gemma-2-2b-jpn-it",
    "google/gemma-7b-it",
    "meta-llama/Meta-Llama-3-8B-Instruct",
    "microsoft/phi-2",
    "rinna/youri-7b-chat",
    "rinna/japanese-gpt-neox-3.6b-instruction-ppo",
    "rinna/japanese-gpt-neox-3.6b-instruction-sft-v2",
    "rinna/japanese-gpt-neox-3.6b",
    "lmsys/vicuna-7b-delta-v1.1",
    "stabilityai/stablelm-base-alpha-7b",
    "mosaicml/mpt-7b",
    "mosaicml/mpt-7b-instruct",
    "mosaicml/mpt-7b-chat",
    "stabilityai/stablelm-tuned-alpha-7b",
    "tloen/alpaca-lora-7b",
    "chansung/alpaca-lora-13b",
    "chansung/alpaca-lora-30b",
    "chansung/alpaca-lora-65b",
    "beomi/KoAlpaca-Polyglot-12.8B",
    "declare-lab/flan-alpaca-xl",
    "declare-lab/flan-alpaca-xxl",
    "OpenAssistant/stablelm-7b-sft-v7-epoch-3",
]


@pytest.mark.parametrize("name", SEEDS)
def test_the_models_that_people_come_with_are_listed(name: str) -> None:
    preset = Presets().find(name)
    assert preset is not None
    assert preset.task
    assert preset.japanese
    assert preset.size


def test_what_ships_is_whole_and_grouped_by_size() -> None:
    presets = Presets()
    listed = presets.list()
    groups = [preset.group for preset in listed]
    assert groups == sorted(groups, key=["tiny", "small", "medium", "large", "huge"].index)
    assert len({preset.name.lower() for preset in listed}) == len(listed) > 200
    for preset in listed:
        assert not preset.base or presets.find(preset.base) is not None, preset.name
        assert not preset.type or find_format(preset.type) is not None
    table = {
        "google/gemma-2-2b-jpn-it": ("yes", True),
        "google/flan-t5-base": ("no", False),
        "meta-llama/Meta-Llama-3-8B-Instruct": ("some", True),
    }
    assert {name: (p.japanese, p.needs_token) for name in table if (p := presets.find(name))} == table


def workspace(tmp_path: Path, content: Any) -> Presets:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    (tmp_path / "models.json").write_text(text, encoding="utf-8")
    return Presets(tmp_path / "models.json")


def test_a_workspace_adds_and_overrides(tmp_path: Path) -> None:
    presets = Presets(tmp_path / "models.json")
    assert presets.find("me/mine") is None
    rinna = "rinna/japanese-gpt-neox-3.6b-instruction-ppo"
    workspace(
        tmp_path, {"me/mine": {"type": "chatml", "size": 2}, rinna: {"options": {"temperature": 0.2}, "newline": None}}
    )
    assert presets.find("me/mine") == Preset("me/mine", type="chatml", size=2)
    found = presets.find(rinna)
    assert found is not None
    assert (found.type, dict(found.options), found.newline, found.size) == ("rinna", {"temperature": 0.2}, "", 3.6)
    assert "me/mine" in [preset.name for preset in presets.list() if preset.group == "small"]
    workspace(tmp_path, {})
    assert presets.find("me/mine") is None
    (tmp_path / "models.json").unlink()
    found = presets.find(rinna)
    assert found is not None
    assert found.newline == "<NL>"


BROKEN = [
    ('{\n"a": {"type": }}', 2, "valid JSON"),
    ("[]", 1, "no JSON object"),
    ('{\n\n"me/mine": 5}', 3, "'me/mine'"),
    ('{\n"me/mine": {"size": "big"}}', 2, "size"),
    ('{"x": {},\n"me/mine": {"type": "chatlm"}}', 2, "chatlm"),
    ('{"me/mine": {"task": "cooking"}}', 1, "task"),
    ('{"me/mine": {"options": {"temperature": 9}}}', 1, "temperature"),
    ('{"me/mine": {"options": {"model": "x"}}}', 1, "model"),
]


@pytest.mark.parametrize(("text", "line", "words"), BROKEN)
def test_a_broken_file_says_where(tmp_path: Path, text: str, line: int, words: str) -> None:
    presets = workspace(tmp_path, text)
    for _ in range(2):
        with pytest.raises(FileError, match=r"models\.json") as raised:
            presets.find("gpt2")
        assert raised.value.line == line
        assert words in raised.value.message
    workspace(tmp_path, {"me/mine": {}})
    assert presets.find("me/mine") is not None


def test_fields_that_no_model_has_are_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    presets = workspace(tmp_path, {"me/mine": {"typ": "chatml", "colour": "red", "size": 1}})
    with caplog.at_level(logging.WARNING, logger="akachat"):
        for _ in range(3):
            assert presets.find("me/mine") == Preset("me/mine", size=1)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "did you mean type?" in told[0]


LEAVES = st.none() | st.booleans() | st.integers(-5, 500) | st.floats() | st.sampled_from(["", "causal", "<NL>", "yes"])
KEYS = st.sampled_from(["temperature", "stop", "x"])
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2), max_leaves=4
)
FIELDS = [
    "size",
    "task",
    "japanese",
    "needs_token",
    "type",
    "loader",
    "tokenizer",
    "newline",
    "base",
    "options",
    "note",
    "?",
]
ENTRIES = st.dictionaries(
    st.sampled_from(["a", "me/mine", "gpt2", ""]),
    JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
    max_size=3,
)


@given(entries=ENTRIES)
@hypothesis_settings(deadline=None)
def test_any_json_is_read_or_refused_with_its_place(
    entries: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    presets = workspace(tmp_path_factory.mktemp("w"), entries)
    try:
        names = {preset.name for preset in presets.list()}
    except FileError as error:
        names = {*entries} if error.line else set()
    else:
        for name in entries:
            presets.resolve(Options(model=name or "embedded"))
    assert names >= set(entries)


# what a run gets


def test_what_suits_a_model_stands_under_the_prompts_own(tmp_path: Path) -> None:
    presets = workspace(tmp_path, {"me/mine": {"options": {"temperature": 0.2, "dtype": "bf16", "seed": 1}}})
    asked = Options(model="me/mine", temperature=0.9)
    local = presets.resolve(asked)
    assert (local.temperature, local.dtype, local.seed) == (0.9, "bf16", 1)
    assert presets.resolve(local) == local
    assert presets.notes(asked, local) == ("dtype, seed come from the list of models, as nothing else was set.",)
    elsewhere = presets.resolve(asked.merged({"location": "OpenAI"}))
    assert (elsewhere.dtype, elsewhere.seed) == (None, 1)
    unknown = Options(model="me/other")
    assert presets.resolve(unknown) is unknown
    assert presets.notes(unknown, unknown) == ()


def test_the_name_of_an_adapter_is_its_base_and_itself(tmp_path: Path) -> None:
    presets = workspace(
        tmp_path,
        {"me/base": {"options": {"dtype": "bf16", "seed": 1}}, "me/lora": {"base": "me/base", "options": {"seed": 2}}},
    )
    asked = Options(model="me/lora")
    resolved = presets.resolve(asked)
    assert (resolved.model, resolved.lora, resolved.dtype, resolved.seed) == ("me/base", "me/lora", "bf16", 2)
    assert presets.resolve(resolved) == resolved
    assert "'me/lora' is a LoRA adapter" in presets.notes(asked, resolved)[0]
    assert presets.resolve(Options(model="me/lora", lora="me/other")).lora == "me/other"
    assert presets.resolve(Options(model="me/lora", location="OpenAI")).model == "me/lora"
    shipped = Presets().resolve(Options(model="tloen/alpaca-lora-7b"))
    assert (shipped.model, shipped.lora) == ("huggyllama/llama-7b", "tloen/alpaca-lora-7b")


# which type is taken

TALK = [Message("system", "S"), Message("user", "u")]
VICUNA = "<|bos|>S USER: u ASSISTANT:"
ALPACA = "<|bos|>S\n\n### Instruction:\nu\n\n### Response:\n"
OWN = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("template", "options", "preset", "wanted", "note"),
    [
        (None, {"model": "x/vicuna-7b-v1.5"}, None, VICUNA, "its name fits this type"),
        (None, {"model": "x/y"}, Preset("x/y", type="vicuna"), VICUNA, "the list of models names it for 'x/y'"),
        (None, {"model": "x/y", "lora": "a/b"}, Preset("a/b", type="vicuna"), VICUNA, "for 'a/b'"),
        (None, {"model": "x/y", "lora": "a/alpaca-lora-7b"}, None, ALPACA, "the name of the adapter"),
        (CHATML, {"model": "x/y", "lora": "a/alpaca-lora-7b"}, Preset("x/y", type="none"), ALPACA, "the adapter"),
        (None, {"model": "x/y", "lora": "a/b"}, Preset("x/y", type="vicuna"), VICUNA, "for 'x/y'"),
        (CHATML, {"model": "x/y"}, Preset("x/y", type="vicuna"), VICUNA, "the list of models"),
        (CHATML, {"model": "x/vicuna-7b-v1.5"}, None, OWN, ""),
        (CHATML, {"model": "x/y", "template": "vicuna"}, Preset("x/y", type="alpaca"), VICUNA, ""),
        (None, {"model": "x/vicuna-7b-v1.5", "is_messages": True}, None, VICUNA, "fits"),
        (None, {"model": "x/vicuna-7b-v1.5", "is_messages": False}, None, VICUNA, "fits"),
        (CHATML, {"model": "x/vicuna-7b-v1.5", "is_messages": False}, None, "<|bos|>S\nuser: u\nai:", ""),
        (None, {"model": "x/y"}, None, "<|bos|>S\nuser: u\nai:", "no chat template"),
    ],
)  # fmt: skip
def test_the_type_of_a_prompt_that_names_none(
    template: str | None, options: Any, preset: Preset | None, wanted: str, note: str
) -> None:
    prompt = write_prompt(make_tokenizer(template), TALK, Options(**options), preset=preset)
    assert prompt.text == wanted
    assert (note in " ".join(prompt.notes)) if note else prompt.notes == ()


def test_earlier_turns_of_a_type_for_single_ones_are_said() -> None:
    talk = [*TALK, Message("assistant", "a"), Message("user", "v")]
    for name, wanted in (("alpaca", 1), ("chatml", 0)):
        assert len(write_prompt(make_tokenizer(), talk, Options(template=name)).notes) == wanted
        assert write_prompt(make_tokenizer(), [*TALK, Message("assistant", "x")], Options(template=name)).notes == ()


def test_a_stop_text_that_is_a_special_token_ends_the_answer_as_a_token() -> None:
    tokenizer = make_tokenizer(None)
    prompt = write_prompt(tokenizer, TALK, Options(template="chatml"))
    assert prompt.ends == {tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|im_start|>")}
    assert write_prompt(tokenizer, TALK, Options(template="vicuna")).ends == frozenset()


# who may name what


def put_in_cache(cache: Path, name: str, *files: str) -> None:
    folder = cache / ("models--" + name.replace("/", "--")) / "snapshots" / "abc"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_text("{}")
    if "model.safetensors.index.json" in files:
        index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_of_the_list_that_ships_only_what_is_here_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    presets = workspace(tmp_path, {"me/mine": {}})
    phi, lora, base = "microsoft/phi-2", "tloen/alpaca-lora-7b", "huggyllama/llama-7b"
    assert presets.knows("me/mine")
    assert not any(map(presets.knows, (phi, lora, base, "me/other")))
    put_in_cache(tmp_path / "cache", phi, "config.json", "model.safetensors.index.json", "one.safetensors")
    assert not presets.knows(phi), "half of it is here"
    put_in_cache(tmp_path / "cache", phi, "two.safetensors")
    assert presets.knows(phi)
    put_in_cache(tmp_path / "cache", lora, "adapter_config.json", "adapter_model.safetensors")
    assert not presets.knows(lora), "its base is not here"
    put_in_cache(tmp_path / "cache", base, "config.json", "model.safetensors")
    assert presets.knows(lora)
    put_in_cache(tmp_path / "cache", "me/other", "config.json", "model.safetensors")
    assert not presets.knows("me/other"), "nobody listed it"


async def test_a_playground_knows_the_models_of_its_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    async with Playground(tmp_path / "w", environ={}) as playground:
        phi = RunRequest("sample", options={"model": "microsoft/phi-2"})
        mine = RunRequest("sample", options={"model": "me/mine", "lora": "me/lora"})
        for request in (phi, mine):
            with pytest.raises(NotAllowed):
                playground.check_known(request)
        workspace(playground.workspace.root, {"me/mine": {}, "me/lora": {"base": "me/mine"}})
        playground.check_known(mine)
        assert playground.find_model("me/mine") == {"location": "Local", "model": "me/mine"}
        assert playground.find_model("microsoft/phi-2") is None
        with pytest.raises(NotAllowed):
            playground.check_known(phi)
        assert "me/mine" in [preset.name for preset in playground.presets()]
        assert "rinna" in [each.name for each in playground.prompt_types()]


async def test_a_run_says_what_the_list_gave_it(tmp_path: Path) -> None:
    async with Playground(tmp_path / "w", environ={}) as playground:
        workspace(playground.workspace.root, {"embedded": {"options": {"max_new_tokens": 3}, "type": "chatml"}})
        request = RunRequest(instruction="Say hi.", input="hi", options={"temperature": 0})
        rendered = await playground.render(request)
        assert rendered.options["max_new_tokens"] == 3
        assert any("max_new_tokens come from the list of models" in note for note in rendered.notes)
        assert any("prompt type chatml" in note for note in rendered.notes)
        finished = await playground.run(request)
        assert finished.usage.completion_tokens <= 3


async def test_loading_an_adapter_by_its_name_asks_for_its_base(tmp_path: Path) -> None:
    presets = workspace(tmp_path, {"me/lora": {"base": str(tmp_path / "no-such-base")}})
    backends = Backends(lambda: Settings.build({}, {}), presets)
    try:
        with pytest.raises(ModelError):
            await backends.load(Options(model="me/lora"))
    finally:
        await backends.aclose()
