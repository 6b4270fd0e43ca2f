"""Training from scratch on dialogues written as it goes: Muon and AdamW, and a curriculum that waits for the model."""

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import Lfm2ForCausalLM, PreTrainedTokenizerFast

from tools.train_embedded.data import LEVELS, dialogue, held_out_words, training_words
from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.tokenizer import END, START
from tools.train_embedded.words import Words

POOL = 600  # dialogues sorted by length at a time, so that batches hold little padding


@dataclass(frozen=True, slots=True)
class Recipe:
    """All numbers of a training run."""

    seed: int = 20261120
    steps: int = 2100
    tokens_per_step: int = 4096
    muon_rate: float = 0.02
    adam_rate: float = 3e-3
    warmup: int = 60
    decay: float = 0.6  # the share of steps, at the end, in which the rates fall
    prompt_weight: float = 0.1
    next_level_at: float = 0.6
    level_lasts: float = 0.14  # of all steps, at most
    check_every: int = 100
    threads: int = 1
    bfloat16: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids and the weight of each as a target."""

    ids: list[int]
    weights: list[float]


class Encoder:
    """Turns dialogues into token ids with weights: answers count in full, all other text hardly."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, prompt_weight: float = 0.1) -> None:
        self.encode_fast = tokenizer._tokenizer.encode
        self.start, self.end = tokenizer.convert_tokens_to_ids([START, END])
        self.newline = self.ids("\n")
        self.prompt_weight = prompt_weight

    def ids(self, text: str) -> list[int]:
        """Encode plain text."""
        ids: list[int] = self.encode_fast(text, add_special_tokens=False).ids
        return ids

    def __call__(self, talk: Dialogue, *, only_last: bool = False) -> Sample:
        """Encode a dialogue; of examples, all but the first answer can be learnt from those before."""
        ids: list[int] = []
        weights: list[float] = []
        messages = talk.messages()
        for at, message in enumerate(messages):
            head = [self.start, *self.ids(message["role"] + "\n")]
            body = [*self.ids(message["content"].strip()), self.end]
            first = len(messages) - 1 if only_last else 3 if talk.examples else 0
            learnt = message["role"] == "assistant" and at >= first
            ids += head + body + self.newline
            weights += (
                [0.0] * len(head) + [1.0 if learnt else self.prompt_weight] * len(body) + [0.0] * len(self.newline)
            )
        return Sample(ids, weights)


def batches(words: Words, encoder: Encoder, level: list[int], tokens: int) -> Iterator[list[Sample]]:
    """Yield batches of similar lengths, as many dialogues as fit the token budget; `level` may change as it goes."""
    while True:
        levels = [words.rng.choice([level[0], level[0], words.rng.randint(1, level[0])]) for _ in range(POOL)]
        pool = sorted((encoder(dialogue(words, one)) for one in levels), key=lambda sample: len(sample.ids))
        groups: list[list[Sample]] = [[]]
        for sample in pool:
            if (len(groups[-1]) + 1) * len(sample.ids) > tokens:
                groups.append([])
            groups[-1].append(sample)
        words.rng.shuffle(groups)
        yield from (group for group in groups if group)


def tensors(samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad on the right: causal layers never see it, so no mask is needed."""
    width = max(len(sample.ids) for sample in samples)
    ids = torch.zeros(len(samples), width, dtype=torch.long)
    weights = torch.zeros(len(samples), width)
    for row, sample in enumerate(samples):
        ids[row, : len(sample.ids)] = torch.tensor(sample.ids)
        weights[row, : len(sample.ids)] = torch.tensor(sample.weights)
    return ids, weights


def optimizers(model: Lfm2ForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings, convolutions and norms."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "embed" not in name)]
    return [
        torch.optim.Muon(matrices, lr=recipe.muon_rate, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(rest, lr=recipe.adam_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def rate(step: int, recipe: Recipe) -> float:
    """Warm up, hold, then fall in a straight line."""
    falling = (recipe.steps - step) / max(1.0, recipe.steps * recipe.decay)
    return min(1.0, (step + 1) / recipe.warmup, max(0.05, falling))


def exact(model: Lfm2ForCausalLM, encoder: Encoder, talks: list[Dialogue]) -> float:
    """Score the share of last answers that greedy decoding would write exactly, in one pass."""
    hits = 0
    for at in range(0, len(talks), 32):
        samples = [encoder(talk, only_last=True) for talk in talks[at : at + 32]]
        ids, weights = tensors(samples)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=True):
            best = model(ids).logits.argmax(-1)
        right = (best[:, :-1] == ids[:, 1:]) | (weights[:, 1:] < 1.0)
        hits += int(right.all(1).sum())
    return hits / len(talks)


def train(model: Lfm2ForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> dict[str, float]:
    """Train in place and return the figures of the run."""
    random.seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    encoder = Encoder(tokenizer, recipe.prompt_weight)
    checks = {
        (level, kind): [dialogue(w, level, kind) for _ in range(96)]
        for w in [held_out_words(recipe.seed + 1)]
        for level in range(1, LEVELS + 1)
        for kind in ("fact", "name", "few_shot")
    }
    steps_of, level = optimizers(model, recipe), [1]
    base = [group["lr"] for optimizer in steps_of for group in optimizer.param_groups]
    source = batches(training_words(recipe.seed), encoder, level, recipe.tokens_per_step)
    seen, since, began, cpu, running = 0, 0, time.time(), time.process_time(), math.log(len(tokenizer))
    for step in range(recipe.steps):
        scale = rate(step, recipe)
        for optimizer, first in zip(steps_of, base, strict=True):
            optimizer.param_groups[0]["lr"] = first * scale
        ids, weights = tensors(next(source))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bfloat16):
            logits = model(ids[:, :-1], use_cache=False).logits
        losses = functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        target = weights[:, 1:].flatten()
        loss = (losses * target).sum() / target.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in steps_of:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen += ids.numel()
        answer = float((losses.detach() * (target == 1)).sum() / (target == 1).sum())
        running += (answer - running) * 0.05
        if (step + 1) % recipe.check_every == 0:
            scores = {kind: exact(model, encoder, checks[level[0], kind]) for kind in ("fact", "name", "few_shot")}
            print(
                f"step {step + 1} level {level[0]} loss {running:.3f} {seen / 1e6:.1f}M tokens "
                f"cpu {(time.process_time() - cpu) / 60:.1f} min wall {(time.time() - began) / 60:.1f} min "
                + " ".join(f"{kind} {score:.2f}" for kind, score in scores.items()),
                flush=True,
            )
            overdue = step > since + recipe.level_lasts * recipe.steps
            if level[0] < LEVELS and (scores["fact"] >= recipe.next_level_at or overdue):
                level[0], since = level[0] + 1, step
    return {
        "steps": recipe.steps,
        "tokens": seen,
        "cpu_minutes": (time.process_time() - cpu) / 60,
        "wall_minutes": (time.time() - began) / 60,
        "level": level[0],
    }
