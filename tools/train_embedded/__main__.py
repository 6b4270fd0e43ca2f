"""One command makes the embedded model: tokenizer, weights, scores, model card."""

import argparse
import copy
import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import torch
from transformers import Lfm2ForCausalLM, PreTrainedTokenizerFast, set_seed

from akachat.backends.embedded import folder
from tools.train_embedded.card import write_card
from tools.train_embedded.data import LEVELS, dialogue, training_words
from tools.train_embedded.evaluate import evaluate
from tools.train_embedded.model import CONTEXT, generation_config, new_model
from tools.train_embedded.tokenizer import load_tokenizer, train_tokenizer
from tools.train_embedded.train import Recipe, phases, train

TOKENIZER_DIALOGUES = 12_000


def make_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Learn the tokenizer from dialogues of all levels."""
    words, rng = training_words(seed), random.Random(seed)
    dialogues = (dialogue(words, rng.randint(1, LEVELS)) for _ in range(TOKENIZER_DIALOGUES))
    return train_tokenizer([message["content"] for one in dialogues for message in one.messages()])


def save(model: Lfm2ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write the folder: weights in float16 to be small, to be loaded as float32, in which a CPU computes exactly."""
    model.generation_config = generation_config(tokenizer)
    model.to(torch.float16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    # "TokenizersBackend" is known to transformers 5 only; this name to all versions.
    for name, changes in {
        "config.json": {"dtype": "float32"},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
    }.items():
        values = json.loads((out / name).read_text(encoding="utf-8")) | changes
        for passing in ("is_local", "local_files_only"):  # how it was loaded says nothing about it
            values.pop(passing, None)
        (out / name).write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (out / "model.safetensors").chmod(0o644)


def make(out: Path, recipe: Recipe, work: Path, start: Path | None) -> dict[str, Any]:
    """Train and save a model, from nothing or from the first phase's weights; return the figures of the run."""
    set_seed(recipe.seed)
    tokenizer = load_tokenizer(start) if start else make_tokenizer(recipe.seed)
    tokenizer.model_max_length = CONTEXT
    model = Lfm2ForCausalLM.from_pretrained(start, dtype=torch.float32) if start else new_model(tokenizer)
    model.config.max_position_embeddings = CONTEXT
    figures = {"base": _first_phase(start)} if start else {}
    for phase in phases(recipe):
        if phase.name == "base" and start:
            continue
        figures[phase.name] = train(model, tokenizer, recipe, phase, work / f"{phase.name}.pt")
        save(copy.deepcopy(model), tokenizer, out)
    for phase in phases(recipe):  # all is done: the next run starts anew
        (work / f"{phase.name}.pt").unlink(missing_ok=True)
    parameters = sum(p.numel() for p in model.parameters())
    return {**dataclasses.asdict(recipe), "phases": figures, "parameters": parameters}


def _first_phase(start: Path) -> dict[str, float]:
    training = json.loads((start / "scores.json").read_text(encoding="utf-8"))["training"]
    known: dict[str, float] = training.get("phases", {}).get("base", training)
    return {name: known[name] for name in ("steps", "tokens", "cpu_minutes")}


def _number(text: str) -> float:
    return float(text) if "." in text or "e" in text else int(text)


def main() -> None:
    """Read the flags and run the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=folder())
    parser.add_argument("--work", type=Path, default=Path("train_embedded_work"), help="where broken-off phases go on")
    parser.add_argument("--start", type=Path, help="a folder with the first phase's model, instead of training it")
    parser.add_argument("--score-only", action="store_true", help="score what is there, and write its card anew")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name}", type=_number, default=field.default)
    flags = vars(parser.parse_args())
    out, work, start, score_only = (flags.pop(name) for name in ("out", "work", "start", "score_only"))
    if score_only:
        training = json.loads((out / "scores.json").read_text(encoding="utf-8"))["training"]
    else:
        training = make(out, Recipe(**flags), work, start)
        (out / "scores.json").write_text(json.dumps({"training": training}), encoding="utf-8")
    write_card(out, {**evaluate(out), "training": training})


if __name__ == "__main__":
    main()
