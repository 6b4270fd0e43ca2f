"""The model card, written from the scores, so that it cannot say other than what was measured."""

import json
from pathlib import Path
from typing import Any

_ROWS = {
    "name": "says the name or role that the instruction gives (made-up names)",
    "real_name": "the same with real names, none of them in training",
    "user_name": "remembers the name that the user told it",
    "persona": "plays a person: name, job, first person and what else is set",
    "fact": "answers from a passage of 1 to 8 facts",
    "absent": "says that the passage does not hold it",
    "rag": "answers from several passages (2 to 12 facts)",
    "rag_none": "says that none of the passages holds it",
    "fallback": "says then what the instruction wants it to say",
    "crossed": "passage or name in one language, question in the other",
    "style": "ends every sentence with a given suffix",
    "opener": "begins every answer with a given word",
    "plain": "ends its sentences plainly (だ, である)",
    "bare": "answers with the value only",
    "few_shot": "goes on like two or more examples",
    "pattern": "the same with marks and made-up words around",
    "pattern_kind": "the same with the kind of a word",
    "pattern_word": "the same with translated words",
    "translate": "translates sentences of its vocabulary that training never saw",
    "translate_none": "says that it does not know a word",
    "label": "chooses the label that fits, of those listed",
    "yes_no": "says whether a word is of a kind",
    "judge": "says whether a passage says so",
    "extract": "takes one thing out of a sentence",
    "json": "takes several out, as JSON",
    "kana": "writes hiragana as katakana, and the other way",
    "echo": "says a text that the user gives",
    "parrot": "repeats the user, as the instruction asks",
    "always": "always gives the answer that the instruction sets",
    "greeting": "greets, with the name it was given",
    "talk": "small talk",
    "unknown": "says that it does not know",
    "by_hand": "questions written by hand, mostly in wordings of their own",
    "blind": "a second set, for the newer kinds, written before they were trained and never tuned on",
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

**It can**, in Japanese and English: greet, say the name that the instruction gives it, play a described person,
remember the user's name, answer from passages in the instruction or say that it is not written there, keep a rule of
style, go on like given examples, choose one of listed labels, take a named thing out of a sentence, repeat a text,
translate within some 130 words, and hold a few turns of small talk. How well, the tables say.

**It cannot**: know anything about the world, calculate, translate anything else, write, summarise, reason, judge
whether something is so (yes and no are often wrong), or search long texts. Asked for things that it does not know it
says so, mostly; sometimes it takes a wrong sentence of the passage for the answer. Do not use it for anything that
matters: choose a real model instead.

## What it is
- LFM2 shape (`Lfm2ForCausalLM`): {layers} layers (short convolutions and attention in turn), width {width},
  {parameters:,} parameters, byte-level BPE of {vocabulary:,} tokens in which no token crosses a Japanese character.
- {megabytes:.1f} MB of weights (float16). Accepts {context:,} tokens and was trained on prompts of that length, but
  finds facts well only among some hundred tokens: see the table by length.
- ChatML: `<|im_start|>role`, a line break, the text, `<|im_end|>`. The system message may be left out.
- Made from nothing by `python -m tools.train_embedded` (seed {seed}) in phases:
  {phases} (in three sittings: after `base`, and before `all again`).
  All text is written by that script; no text of anyone else's is in it.
- {alone:.0f} tokens/s alone and {batch:.0f} in a batch of 16, float32, per second of CPU time of one
  thread, on a server CPU that others used too.

## Scores
Share of exactly right answers under greedy decoding, on words (and many relations) that training never saw; {count}
questions a cell; {real} for real Japanese names. By hand ({hand} and {blind} in all), the answer must hold the right
words.
The words of the closed vocabulary are known from training; what is new there is the sentence, the list or the pairing.

| | Japanese | English |
|---|---|---|
{table}

By length of the prompt, {long_count} questions a cell: the answer stands anywhere among passages that fill the prompt,
or nowhere.

| tokens | found, Japanese | found, English | not there, Japanese | not there, English |
|---|---|---|---|---|
{lengths}

All figures are in `scores.json`. Known weaknesses: long made-up words may come out with a character wrong; facts that
differ only in their owner ("Taro's fruit", "Hanako's fruit") may be mixed up; questions in unusual words may get "not
written here", or small talk, although the passage holds the answer; some suffixes it has never met repeat without end;
told what to say where nothing is found, it often says "not written here" instead; JSON may name a key twice.
"""


def _table(scores: dict[str, dict[str, float]]) -> str:
    lines = []
    for skill, text in _ROWS.items():
        cells = (f"{scores[skill][lang]:.2f}" if lang in scores[skill] else "–" for lang in ("ja", "en"))
        lines.append(f"| {text} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _lengths(scores: dict[str, dict[str, float]]) -> str:
    lines = []
    for length in (name.removeprefix("found_") for name in scores if name.startswith("found_")):
        cells = [scores[f"{kind}_{length}"][lang] for kind in ("found", "missing") for lang in ("ja", "en")]
        lines.append(f"| {int(length):,} | {' | '.join(f'{one:.2f}' for one in cells)} |")
    return "\n".join(lines)


def _phases(training: dict[str, Any]) -> str:
    return ";\n  ".join(
        f"`{name}`, {one['tokens'] / 1e6:.1f}M tokens in {one['steps']:,} steps, {one['cpu_minutes']:.0f} CPU-minutes"
        for name, one in training["phases"].items()
    )


def write_card(folder: Path, report: dict[str, Any]) -> None:
    """Write `scores.json` and the card into the model's folder."""
    (folder / "scores.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    scores, training = report["scores"], report["training"]
    card = _CARD.format(
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        parameters=training["parameters"],
        vocabulary=config["vocab_size"],
        megabytes=(folder / "model.safetensors").stat().st_size / 1e6,
        seed=training["seed"],
        context=config["max_position_embeddings"],
        phases=_phases(training),
        alone=report["tokens_per_second"]["rows_1"],
        batch=report["tokens_per_second"]["rows_16"],
        count=report["count"],
        real=report["real_names"],
        hand=report["by_hand"],
        blind=report["blind"],
        long_count=report["long_count"],
        table=_table(scores),
        lengths=_lengths(report["lengths"]),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
