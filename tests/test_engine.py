"""Many answers at once are the answers that each would get alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from akachat.backends.local.adapters import Adapter, fetch
from akachat.backends.local.loading.loader import Loaded
from akachat.errors import ModelError
from tests.engines import SHAPES, all_of, ask, generated, make, tokens, working

LONG = tokens(700, seed=1)
START = tokens(40, seed=2)
PROMPTS = [
    START + tokens(9, seed=3),
    START + tokens(17, seed=4),
    START + tokens(9, seed=3),
    tokens(5, seed=5),
    [9],
    LONG,
    LONG + tokens(6, seed=6),
    START,
]


@pytest.fixture(scope="module")
def llama() -> Loaded:
    return make("llama")


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "phi3"])
def test_greedy_answers_are_those_of_generate_token_for_token(shape: str) -> None:
    loaded = make(shape)
    expected = [generated(loaded, ids) for ids in PROMPTS]
    with working(loaded) as worker:
        assert worker.facts()["batching"], loaded.notes
        together = all_of(worker, [ask(ids) for ids in PROMPTS])
        again = [all_of(worker, [ask(ids)])[0] for ids in PROMPTS]  # by what was kept of the first time
    with working(loaded, cache=0) as worker:
        alone = [all_of(worker, [ask(ids)])[0] for ids in PROMPTS]
        uncached = all_of(worker, [ask(ids) for ids in PROMPTS])
    assert together == again == alone == uncached == expected


def test_a_model_whose_rows_cannot_share_steps_answers_one_at_a_time() -> None:
    loaded = make("llama")
    loaded.model.config.rope_parameters["rope_type"] = "dynamic"
    with working(loaded) as worker:
        facts = worker.facts()
        assert not facts["batching"]
        assert facts["notes"] == [
            "answers are made one at a time: this model has positions that depend on the longest row."
        ]
        assert all_of(worker, [ask(ids) for ids in PROMPTS[:3]]) == [generated(loaded, ids) for ids in PROMPTS[:3]]


@pytest.mark.parametrize("shape", ["llama", "lfm2", "qwen3.5"])
def test_a_seed_gives_the_same_text_alone_and_among_others(shape: str) -> None:
    loaded = make(shape)

    def some() -> list:
        kinds: list[dict[str, Any]] = [
            {},
            {"top_p": 0.9},
            {"min_p": 0.05},
            {"top_k": 0},
            {"repetition_penalty": 1.3},
            {"frequency_penalty": 1.0},
        ]
        return [
            ask(PROMPTS[at % 4], temperature=0.3 + at % 5 / 3, seed=at, max_new_tokens=5 + at, **kinds[at % len(kinds)])
            for at in range(24)
        ]

    with working(loaded, rows=24, cache=0) as worker:
        together = all_of(worker, some())
        alone = [all_of(worker, [each])[0] for each in some()]
    assert together == alone
    assert [len(each) for each in alone] == [5 + at for at in range(24)]
    assert len({tuple(each[:5]) for each in alone}) > 12


@pytest.mark.parametrize("shape", ["llama", "lfm2", "qwen3.5"])
def test_every_turn_of_a_chat_continues_where_the_last_one_ended(shape: str) -> None:
    loaded = make(shape)
    ids = list(LONG[:300])
    with working(loaded) as worker:
        for turn in range(3):
            (said,) = all_of(worker, [ask(ids)])
            assert said == generated_alone(loaded, ids)
            ids += said + tokens(8, seed=20 + turn)


def generated_alone(loaded: Loaded, ids: list[int]) -> list[int]:
    fresh = make(loaded.source.name)
    return generated(fresh, ids)


def test_what_is_kept_stays_within_its_bound_and_the_oldest_goes(llama: Loaded) -> None:
    with working(llama, cache=600_000) as worker:
        for seed in range(12):
            all_of(worker, [ask(tokens(600, seed=100 + seed), max_new_tokens=2)])
            assert worker.memory <= 600_000
        assert worker.memory > 200_000
    with working(llama, cache=0) as worker:
        all_of(worker, [ask(LONG)])
        assert worker.memory == 0


def test_requests_join_and_leave_as_they_come(llama: Loaded) -> None:
    with working(llama, rows=4) as worker:
        slow = ask(LONG, max_new_tokens=3000)
        worker.submit(slow)
        assert slow.begun.wait(30)
        quick = [ask(PROMPTS[at % 5], max_new_tokens=3) for at in range(9)]
        assert all_of(worker, quick) == [generated_tokens(ids) for ids in (PROMPTS[at % 5] for at in range(9))]
        assert not slow.done.is_set()
        slow.cancel()
        slow.done.wait(30)
        assert slow.end is not None
        assert slow.end.finish_reason == "cancelled"
    assert worker.memory < 2**27


def generated_tokens(ids: list[int]) -> list[int]:
    return generated(make("llama"), ids, 3)


def test_a_cancelled_request_stops_within_a_token(llama: Loaded) -> None:
    with working(llama, cache=0) as worker:
        one, other = ask(PROMPTS[0], max_new_tokens=3000), ask(PROMPTS[1], max_new_tokens=3000)
        for each in (one, other):
            worker.submit(each)
            assert each.begun.wait(30)
        one.cancel()
        before = len(one.said)
        assert one.done.wait(30)
        assert len(one.said) <= before + 1
        other.cancel()
        assert other.done.wait(30)
        assert worker.memory == 0


def test_callers_take_turns(llama: Loaded) -> None:
    with working(llama, rows=2) as worker:
        crowd = [ask(tokens(10, seed=at), caller="batch", max_new_tokens=400) for at in range(8)]
        for each in crowd:
            worker.submit(each)
        assert crowd[0].begun.wait(30)
        guest = ask(START, caller="guest", max_new_tokens=2)
        worker.submit(guest)
        guest.wait()
        assert not any(each.done.is_set() for each in crowd[4:])
        for each in crowd:
            each.cancel()


def test_a_long_prompt_does_not_hold_up_a_short_one(llama: Loaded) -> None:
    with working(llama) as worker:
        long, short = ask(tokens(4000, seed=8), max_new_tokens=1), ask(START, max_new_tokens=2)
        for each in (long, short):
            worker.submit(each)
        short.wait()
        assert not long.begun.is_set()
        long.wait()


def test_what_fails_in_one_request_ends_that_one_alone(llama: Loaded) -> None:
    with working(llama) as worker:
        bad = ask(START, adapter=Adapter("gone", "/nonexistent"))
        good = ask(START)
        worker.submit(bad)
        worker.submit(good)
        with pytest.raises(ModelError, match="'gone' is no LoRA adapter"):
            bad.wait()
        assert good.wait() == generated(make("llama"), START)


# LoRA


@pytest.fixture(scope="module")
def loras(tmp_path_factory: pytest.TempPathFactory) -> list[Adapter]:
    return [make_lora(tmp_path_factory.mktemp("lora") / name, seed) for name, seed in (("one", 1), ("two", 2))]


def make_lora(folder: Path, seed: int, **config: object) -> Adapter:
    import torch
    from peft import LoraConfig, get_peft_model

    settings = {"r": 4, "target_modules": ["q_proj", "v_proj", "down_proj"], "init_lora_weights": False, **config}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = get_peft_model(make("llama").model, LoraConfig(task_type="CAUSAL_LM", **settings))
    made.save_pretrained(str(folder))
    return Adapter(str(folder), str(folder))


def with_lora(adapter: Adapter, ids: list[int]) -> list[int]:
    from peft import PeftModel

    loaded = make("llama")
    loaded.model = PeftModel.from_pretrained(loaded.model, adapter.folder).eval()
    return generated(loaded, ids)


def test_adapters_are_switched_by_request_beside_one_base(loras: list[Adapter]) -> None:
    loaded = make("llama")
    base = generated(loaded, LONG)
    expected = [base, with_lora(loras[0], LONG), with_lora(loras[1], LONG)]
    assert len({tuple(each) for each in expected}) == 3
    with working(loaded) as worker:
        choices = [None, *loras]
        together = all_of(worker, [ask(LONG, adapter=choice) for choice in choices * 2])
        again = [all_of(worker, [ask(LONG, adapter=choice)])[0] for choice in choices]
        assert worker.facts()["adapters"] == [adapter.name for adapter in loras]
    assert together == expected * 2
    assert again == expected


def test_what_adapters_have_read_shares_one_bound(loras: list[Adapter]) -> None:
    with working(make("llama"), cache=900_000) as worker:
        for at in range(9):
            choice = (None, *loras)[at % 3]
            all_of(worker, [ask(tokens(600, seed=200 + at), adapter=choice, max_new_tokens=2)])
            assert worker.memory <= 900_000
        assert worker.memory > 300_000


@pytest.mark.parametrize("change", ["sizes", "layers"])
def test_an_adapter_of_another_model_is_told_and_leaves_the_base_as_it_was(tmp_path: Path, change: str) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    adapter = make_lora(tmp_path / "other", 3)
    file = tmp_path / "other" / "adapter_model.safetensors"
    weights = load_file(file)
    if change == "sizes":
        weights = {key: torch.zeros(*(size + 1 for size in each.shape)) for key, each in weights.items()}
    else:
        weights = {key.replace("layers.1", "layers.7"): each for key, each in weights.items()}
    save_file(weights, file)
    loaded = make("llama")
    expected = generated(loaded, START)
    with working(loaded) as worker:
        with pytest.raises(ModelError, match="does not fit this model"):
            all_of(worker, [ask(START, adapter=adapter)])
        assert all_of(worker, [ask(START)]) == [expected]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "it has no adapter_config.json"),
        ({"adapter_config.json": "{"}, "is broken"),
        ({"adapter_config.json": '{"peft_type": "IA3"}'}, "of the kind 'IA3'"),
        ({"adapter_config.json": '{"peft_type": "LORA"}', "adapter_model.bin": ""}, "no weights in the safetensors"),
    ],
)
def test_what_is_no_lora_adapter_is_refused(tmp_path: Path, files: dict[str, str], told: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ModelError, match=told):
        fetch(str(tmp_path), None)


def test_a_missing_folder_of_an_adapter_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no folder"):
        fetch(str(tmp_path / "none"), None)
