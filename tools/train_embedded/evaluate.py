"""Scores of the trained folder on words that training never saw, by greedy generation through plain transformers."""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tools.train_embedded.byhand import CASES, Case
from tools.train_embedded.data import LANGS, dialogue, held_out_words
from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.instructions import Scene
from tools.train_embedded.phrases import IDENTITY
from tools.train_embedded.scenes import identity_answer
from tools.train_embedded.talk import ASK_IDENTITY
from tools.train_embedded.words import REAL_NAMES_HELD_OUT

SKILLS = (
    "name", "fact", "absent", "crossed", "style", "user_name", "user_none", "name_none", "few_shot", "echo", "parrot",
    "always", "greeting", "talk", "unknown", "opening",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """Chat messages that end with the user's, and the exact answer."""

    messages: list[dict[str, str]]
    answer: str


class Answerer:
    """The folder as anyone would load it."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def __call__(self, chats: list[list[dict[str, str]]], rows: int = 32) -> list[str]:
        """Answer chats, greedily, in batches of similar lengths."""
        texts = [self.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        answers = [""] * len(texts)
        for start in range(0, len(order), rows):
            group = order[start : start + rows]
            batch = self.tokenizer(
                [texts[at] for at in group], return_tensors="pt", padding=True, add_special_tokens=False
            )
            batch.pop("token_type_ids", None)
            with torch.inference_mode():
                out = self.model.generate(**batch, max_new_tokens=120)
            for at, ids in zip(group, out[:, batch["input_ids"].shape[1] :], strict=True):
                answers[at] = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        return answers


def skill_of(talk: Dialogue) -> str:
    """Name the column that a dialogue's last answer counts for."""
    if talk.crossed:
        return "crossed" if talk.turns[-1].skill in ("fact", "absent", "name") else ""
    if talk.suffix:
        return "style"
    return talk.turns[-1].skill


def collect(seed: int, count: int) -> dict[str, dict[str, list[Question]]]:
    """Write held-out questions until every skill has `count` in both languages."""
    words = held_out_words(seed)
    found: dict[str, dict[str, list[Question]]] = {skill: {lang: [] for lang in LANGS} for skill in SKILLS}
    for _ in range(200_000):
        talk = dialogue(words, words.rng.randint(1, 4))
        bucket = found.get(skill_of(talk), {}).get(talk.lang)
        if bucket is not None and len(bucket) < count:
            messages = talk.messages()
            bucket.append(Question(messages[:-1], messages[-1]["content"]))
        if all(len(one) >= count for langs in found.values() for one in langs.values()):
            break
    return found


def real_names(seed: int) -> dict[str, list[Question]]:
    """Ask for every held-out real name, given in three wordings each."""
    rng = random.Random(seed)
    out: dict[str, list[Question]] = {}
    for lang in LANGS:
        out[lang] = []
        for name in REAL_NAMES_HELD_OUT[lang]:
            for form in rng.sample(IDENTITY[lang], 3):
                chat = [
                    {"role": "system", "content": form.format(n=name)},
                    {"role": "user", "content": rng.choice(ASK_IDENTITY[lang])},
                ]
                out[lang].append(Question(chat, identity_answer(Scene(lang, lang, me=name))))
    return out


def by_hand(answerer: Answerer) -> dict[str, list[tuple[Case, str]]]:
    """Answer the hand-written cases, whose wordings are in no template."""
    answers = answerer([case.messages() for case in CASES])
    return {
        lang: [(case, answer) for case, answer in zip(CASES, answers, strict=True) if case.lang == lang]
        for lang in LANGS
    }


def speed(answerer: Answerer) -> dict[str, float]:
    """Measure tokens a second, alone and in a batch of 16, one thread."""
    chat = [{"role": "system", "content": "You are Aka."}, {"role": "user", "content": "What can you do?"}]
    figures: dict[str, float] = {}
    torch.set_num_threads(1)
    for rows in (1, 16):
        batch = answerer.tokenizer.apply_chat_template(
            [chat] * rows, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        for _ in range(2):
            began = time.perf_counter()
            with torch.inference_mode():
                answerer.model.generate(**batch, max_new_tokens=128, min_new_tokens=128)
            figures[f"rows_{rows}"] = round(rows * 128 / (time.perf_counter() - began))
    return figures


def evaluate(folder: Path, *, seed: int = 7, count: int = 100) -> dict[str, Any]:
    """Score a folder: shares of exactly right answers; by hand, of answers that hold what they must."""
    answerer = Answerer(folder)
    questions = {**collect(seed, count), "real_name": real_names(seed)}
    scores: dict[str, Any] = {}
    for skill, langs in questions.items():
        scores[skill] = {}
        for lang, asked in langs.items():
            answers = answerer([one.messages for one in asked])
            wrong = [(one, answer) for one, answer in zip(asked, answers, strict=True) if answer != one.answer]
            scores[skill][lang] = round(1 - len(wrong) / max(1, len(asked)), 3)
            for one, answer in wrong[:4]:
                print(f"[{skill} {lang}] {one.messages} -> {answer!r}, not {one.answer!r}")
    hand = by_hand(answerer)
    for lang, pairs in hand.items():
        right = [case.holds(answer) for case, answer in pairs]
        scores.setdefault("by_hand", {})[lang] = round(sum(right) / len(right), 3)
        for case, answer in pairs:
            print(
                f"[by hand {lang}] {'ok ' if case.holds(answer) else 'BAD'} {case.system!r} {case.turns} -> {answer!r}"
            )
    return {
        "count": count,
        "seed": seed,
        "real_names": len(questions["real_name"]["ja"]),
        "by_hand": len(CASES),
        "scores": scores,
        "tokens_per_second": speed(answerer),
    }


if __name__ == "__main__":
    import sys

    print(json.dumps(evaluate(Path(sys.argv[1])), ensure_ascii=False, indent=1))
