"""Scores of the trained folder on words that training never saw, by greedy generation through plain transformers."""

import json
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tools.train_embedded.blind import CASES as BLIND
from tools.train_embedded.byhand import CASES, Case
from tools.train_embedded.data import LANGS
from tools.train_embedded.questions import Asked, Question, base_questions, long_questions, new_questions, real_names


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

    def exact(self, questions: list[Question], rows: int = 32) -> list[bool]:
        """Tell which answers greedy decoding gets exactly right: in one pass, as every token must be the likeliest."""
        pairs = []
        for one in questions:
            prompt = self.tokenizer.apply_chat_template(one.messages, tokenize=False, add_generation_prompt=True)
            first, last = (self.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, one.answer))
            pairs.append((first, [*last, self.tokenizer.eos_token_id]))
        order = sorted(range(len(pairs)), key=lambda at: len(pairs[at][0]))
        right = [False] * len(pairs)
        for start in range(0, len(order), rows):
            group = order[start : start + rows]
            # Padded on the right: causal layers never see it, so no mask is needed.
            width = max(len(pairs[at][0]) + len(pairs[at][1]) for at in group)
            ids = torch.zeros(len(group), width, dtype=torch.long)
            for row, at in enumerate(group):
                whole = pairs[at][0] + pairs[at][1]
                ids[row, : len(whole)] = torch.tensor(whole)
            with torch.inference_mode():
                best = self.model(ids, use_cache=False).logits.argmax(-1)
            for row, at in enumerate(group):
                begin, answer = len(pairs[at][0]), pairs[at][1]
                right[at] = best[row, begin - 1 : begin - 1 + len(answer)].tolist() == answer
        return right


def by_hand(answerer: Answerer, cases: tuple[Case, ...]) -> dict[str, list[tuple[Case, str]]]:
    """Answer hand-written cases, whose wordings are in no template."""
    answers = answerer([case.messages() for case in cases])
    return {
        lang: [(case, answer) for case, answer in zip(cases, answers, strict=True) if case.lang == lang]
        for lang in LANGS
    }


def speed(answerer: Answerer) -> dict[str, float]:
    """Measure tokens a second of CPU time, alone and in a batch of 16, one thread."""
    chat = [{"role": "system", "content": "You are Aka."}, {"role": "user", "content": "What can you do?"}]
    figures: dict[str, float] = {}
    torch.set_num_threads(1)
    for rows in (1, 16):
        batch = answerer.tokenizer.apply_chat_template(
            [chat] * rows, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        for _ in range(2):
            began = time.process_time()
            with torch.inference_mode():
                answerer.model.generate(**batch, max_new_tokens=128, min_new_tokens=128)
            figures[f"rows_{rows}"] = round(rows * 128 / (time.process_time() - began))
    return figures


def _score(answerer: Answerer, asked: Asked, rows: int) -> dict[str, dict[str, float]]:
    """Give the share of exactly right answers; print some of the wrong ones."""
    scores: dict[str, dict[str, float]] = {}
    for skill, langs in asked.items():
        for lang, questions in langs.items():
            right = answerer.exact(questions, rows)
            scores.setdefault(skill, {})[lang] = round(sum(right) / max(1, len(right)), 3)
            wrong = [one for one, ok in zip(questions, right, strict=True) if not ok][:1]
            for one, answer in zip(wrong, answerer([one.messages for one in wrong], rows), strict=True):
                print(f"[{skill} {lang}] {str(one.messages)[-700:]} -> {answer!r}, not {one.answer!r}")
        print(skill, scores[skill], flush=True)
    return scores


def evaluate(folder: Path, *, seed: int = 7, count: int = 100, long_count: int = 25) -> dict[str, Any]:
    """Score a folder: shares of exactly right answers; by hand, of answers that hold what they must."""
    answerer = Answerer(folder)
    names = real_names(seed)
    scores = _score(answerer, {**base_questions(seed, count), "real_name": names, **new_questions(seed, count)}, 16)
    lengths = _score(answerer, long_questions(answerer.tokenizer, seed, long_count), 1)
    for row, cases in {"by_hand": CASES, "blind": BLIND}.items():
        for lang, pairs in by_hand(answerer, cases).items():
            right = [case.holds(answer) for case, answer in pairs]
            scores.setdefault(row, {})[lang] = round(sum(right) / len(right), 3)
            for (case, answer), ok in zip(pairs, right, strict=True):
                print(f"[{row} {lang}] {'ok ' if ok else 'BAD'} {case.system!r} {case.turns} -> {answer!r}")
        print(row, scores[row], flush=True)
    return {
        "count": count,
        "long_count": long_count,
        "seed": seed,
        "real_names": len(names["ja"]),
        "by_hand": len(CASES),
        "blind": len(BLIND),
        "scores": scores,
        "lengths": lengths,
        "tokens_per_second": speed(answerer),
    }


if __name__ == "__main__":
    import sys

    print(json.dumps(evaluate(Path(sys.argv[1])), ensure_ascii=False, indent=1))
