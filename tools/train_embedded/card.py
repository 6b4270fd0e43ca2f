"""The model card, written from the scores, so that it cannot say other than what was measured."""

import json
from pathlib import Path
from typing import Any

_ROWS = {
    "name": "says the name or role that the instruction gives (made-up names)",
    "real_name": "the same with real names, none of them in training",
    "user_name": "remembers the name that the user told it",
    "fact": "answers from a passage of 1 to 8 facts",
    "absent": "says that the passage does not hold it",
    "crossed": "passage or name in one language, question in the other",
    "style": "ends every sentence with a given suffix",
    "few_shot": "goes on like two or more examples",
    "echo": "says a text that the user gives",
    "parrot": "repeats the user, as the instruction asks",
    "always": "always gives the answer that the instruction sets",
    "greeting": "greets, with the name it was given",
    "talk": "small talk",
    "unknown": "says that it does not know",
    "by_hand": "questions written by hand, mostly in wordings of their own (the answer must hold the right words)",
}
_CARD = """---
language: [ja, en]
license: mit
library_name: transformers
pipeline_tag: text-generation
tags: [lfm2, tiny, demo]
---
# akachat embedded

A tiny model that ships with akachat, so that a prompt runs on a fresh machine with nothing downloaded. It shows how
prompts work; it is not a language model to work with.

**It can**, in Japanese and English: greet, say the name that the instruction gives it, remember the user's name,
answer from a short passage in the instruction or say that it is not written there, end its sentences with a given
suffix, go on like given examples, repeat a text, and hold a few turns of small talk.

**It cannot**: know anything about the world, calculate, translate, write, summarise, reason, or read passages of more
than about ten sentences. Asked for any of these it says so, mostly; sometimes it takes a wrong sentence of the passage
for the answer. Do not use it for anything that matters: choose a real model instead.

## What it is
- LFM2 shape (`Lfm2ForCausalLM`): {layers} layers (short convolutions and attention in turn), width {width},
  {parameters:,} parameters, byte-level BPE of {vocabulary:,} tokens in which no token crosses a Japanese character.
- {megabytes:.1f} MB of weights (float16). Made for prompts of up to about 400 tokens; accepts 2,048, untested there.
- ChatML: `<|im_start|>role`, a line break, the text, `<|im_end|>`. The system message may be left out.
- Made from nothing by `python -m tools.train_embedded` (seed {seed}): {tokens:.1f}M tokens in {steps:,} steps,
  {cpu:.0f} CPU-minutes on {threads} thread{plural} of a server CPU. All text is written by that script; no text of
  anyone else's is in it.
- {alone:.0f} tokens/s alone and {batch:.0f} in a batch of 16, float32, on one thread of the same CPU.

## Scores
Share of exactly right answers under greedy decoding, on words (and many relations) that training never saw; {count}
questions a cell; {real} for real Japanese names; {hand} by hand in all.

| | Japanese | English |
|---|---|---|
{table}

All figures are in `scores.json`. Known weaknesses: long made-up words may come out with a character wrong; facts that
differ only in their owner ("Taro's fruit", "Hanako's fruit") may be mixed up; questions in unusual words may get "not
written here", or small talk, although the passage holds the answer; some suffixes it has never met repeat without end.
"""


def write_card(folder: Path, report: dict[str, Any]) -> None:
    """Write `scores.json` and the card into the model's folder."""
    (folder / "scores.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    scores, training = report["scores"], report["training"]
    table = "\n".join(
        f"| {text} | {scores[skill]['ja']:.2f} | {scores[skill]['en']:.2f} |" for skill, text in _ROWS.items()
    )
    card = _CARD.format(
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        parameters=training["parameters"],
        vocabulary=config["vocab_size"],
        megabytes=(folder / "model.safetensors").stat().st_size / 1e6,
        seed=training["seed"],
        tokens=training["tokens"] / 1e6,
        steps=training["steps"],
        cpu=training["cpu_minutes"],
        threads=training["threads"],
        plural="" if training["threads"] == 1 else "s",
        alone=report["tokens_per_second"]["rows_1"],
        batch=report["tokens_per_second"]["rows_16"],
        count=report["count"],
        real=report["real_names"],
        hand=report["by_hand"],
        table=table,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
