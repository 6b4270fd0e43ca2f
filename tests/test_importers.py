"""What other programs saved, as options of a prompt: a pure function, the command line and the facade."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akachat.errors import InvalidInput
from akachat.importers import Given
from akachat.options import Options
from akachat.playground import Playground
from tests.commands import Ended
from tests.exchanging import read, single

YAML = """
generation_config:
  temperature: 0.95
  top_p: 0.9
  top_k: 50
  num_beams: 1
  use_cache: True
  repetition_penalty: 1.2
  max_new_tokens: 512
  do_sample: True
"""


@pytest.mark.parametrize(
    ("text", "options", "notes"),
    [
        (YAML, {"temperature": 0.95, "top_p": 0.9, "top_k": 50, "repetition_penalty": 1.2, "max_new_tokens": 512}, []),
        ('{"temperature": 0.6, "top_p": 0.95, "_from_model_config": true}', {"temperature": 0.6, "top_p": 0.95}, []),
        ('{"do_sample": false, "temperature": 0.6, "top_k": 20}', {"temperature": 0}, ["temperature, top_k mean"]),
        ('{"do_sample": false}', {"temperature": 0}, ["do_sample is false: temperature is 0."]),
        ('{"top_p": 0.5, "num_beams": 4}', {"top_p": 0.5}, ["num_beams was left out: answers are written one"]),
        ('{"top_p": 0.5, "max_length": 200}', {"top_p": 0.5}, ["max_length was left out: it counts the prompt"]),
        ('{"top_p": 0.5, "eos_token_id": [1, 2]}', {"top_p": 0.5}, ["eos_token_id was left out: it belongs"]),
        ('{"top_p": 0.5, "forced_bos_token_id": 9}', {"top_p": 0.5}, ["set target_language"]),
        ('{"top_p": 0.5, "glow": 1}', {"top_p": 0.5}, ["glow was left out: there is no such option"]),
        ('{"top_p": 7, "min_p": 0.1}', {"min_p": 0.1}, ["top_p was left out: option top_p"]),
        ('{"stop_strings": "###", "max_time": 5}', {"stop": ["###"], "timeout": 5.0}, []),
        ('{"top_p": null, "top_k": 0, "length_penalty": 1.0, "min_length": 0}', {"top_k": 0}, []),
    ],
)
def test_a_generation_config(text: str, options: dict[str, Any], notes: list[str]) -> None:
    imported = read(text)
    prompt = single(imported)
    assert (imported.kind, prompt.instruction) == ("GenerationConfig", None)
    assert dict(prompt.options) == options
    assert len(imported.notes) == len(notes), imported.notes
    for said, words in zip(imported.notes, notes, strict=True):
        assert words in said
    Options.parse(prompt.options)


def test_the_librarys_own_file(tmp_path: Path) -> None:
    from transformers import GenerationConfig

    GenerationConfig(do_sample=True, temperature=0.3, top_k=7, eos_token_id=2, max_new_tokens=9).save_pretrained(
        tmp_path
    )
    prompt = single(read((tmp_path / "generation_config.json").read_text()))
    assert dict(prompt.options) == {"temperature": 0.3, "top_k": 7, "max_new_tokens": 9}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing in this file"),
        ("[1, 2]", "nothing in this file"),
        ("{", "no valid JSON"),
        ("a: !!python/object/apply:os.system [ls]", "no valid JSON or YAML"),
        ("x" * (2**20 + 1), "longer than"),
    ],
)
def test_what_cannot_be_imported_says_so(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as raised:
        read(text)
    assert raised.value.hint


KEYS = st.sampled_from(["temperature", "top_p", "do_sample", "max_length", "num_beams", "stop_strings", "x", "top_k"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.just([1])


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_whatever_it_holds_the_options_are_valid(values: dict[str, Any]) -> None:
    try:
        prompt = single(read(json.dumps(values)))
    except InvalidInput:
        return
    assert Options.parse(prompt.options).unknown == {}


def test_the_command_line(cli: Callable[..., Ended], workspace_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "any name"
    file.write_text('{"temperature": 0.25, "num_beams": 4}', encoding="utf-8")
    assert cli("prompt", "save", "p", str(file), "--seed", "1", "--temperature", "2").code == 0
    said = cli("import", str(file), "--prompt", "p")
    assert said.code == 0
    (made,) = json.loads(said.out)["prompts"]
    assert (made["name"], made["options"]["temperature"], made["options"]["seed"]) == ("p", 0.25, 1)
    assert "note: num_beams was left out" in said.err
    saved = json.loads((workspace_folder / "prompt" / "p.json").read_text("utf-8"))
    assert (saved["temperature"], saved["seed"]) == (0.25, 1)
    assert cli("import", str(file), "--prompt", "new").code == 0
    assert (workspace_folder / "prompt" / "new.txt").exists()
    assert "Say the name" in cli("import", str(file)).err
    file.write_text("nothing", encoding="utf-8")
    assert cli("import", str(file), "--prompt", "p").code == 1


async def test_the_facade(playground: Playground) -> None:
    brought = playground.exchange.bring([Given("", b"top_k: 3")], "私/新しい")
    assert playground.load_prompt("私/新しい").options.top_k == 3
    assert brought.imported.notes == ()
