"""Training on dialogues written as it goes, in phases; each can be broken off and goes on where it was last saved."""

import math
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import Lfm2ForCausalLM, PreTrainedTokenizerFast

from tools.train_embedded.batches import Encoder, batches, tensors
from tools.train_embedded.data import ALL, BASE, LAST, LEVELS, dialogue, held_out_words, long_dialogue, training_words
from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.words import Words

POOL = 600  # dialogues sorted by length at a time
ASKED = 64  # dialogues of each kind in a check


@dataclass(frozen=True, slots=True)
class Recipe:
    """All numbers that the phases share."""

    seed: int = 20261120
    base_steps: int = 2100
    all_steps: int = 1600
    long_steps: int = 600
    next_level_at: float = 0.6
    level_lasts: float = 0.14  # of the first phase's steps, at most
    threads: int = 1
    bfloat16: bool = True


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training: what it sees, how long, at which rates."""

    name: str
    steps: int
    muon_rate: float
    adam_rate: float
    kinds: tuple[str, ...]  # what is checked on the way
    mix: dict[str, float]
    warmup: int = 60
    decay: float = 0.6  # the share of steps, at the end, in which the rates fall
    floor: float = 0.05  # of the rates
    long_share: float = 0.0  # of the batches
    prompt_weight: float = 0.1  # of a token that is no answer
    tokens_per_step: int = 4096
    check_every: int = 200

    def rate(self, step: int) -> float:
        """Warm up, hold, then fall in a straight line."""
        falling = (self.steps - step) / max(1.0, self.steps * self.decay)
        return min(1.0, (step + 1) / self.warmup, max(self.floor, falling))


_ALL_KINDS = tuple("fact persona rag ruled bare pattern translate label yes_no extract".split())  # noqa: SIM905


def phases(recipe: Recipe) -> tuple[Phase, ...]:
    """Name the phases: copying first, then all kinds of dialogue, then long ones."""
    return (
        Phase("base", recipe.base_steps, 0.02, 3e-3, ("fact", "name", "few_shot"), BASE, check_every=100),
        Phase(
            "all",
            recipe.all_steps,
            0.014,
            2e-3,
            _ALL_KINDS,
            ALL,
            decay=0.8,
            floor=0.3,
            long_share=0.12,
            prompt_weight=0.03,
        ),
        Phase("long", recipe.long_steps, 0.0045, 6e-4, (*_ALL_KINDS, "long"), LAST, 20, 1.0, 0.02, 0.4, 0.03),
    )


class Run:
    """A phase under way: the model, its optimizers and the figures, written down every so many steps."""

    def __init__(
        self, model: Lfm2ForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: Recipe, phase: Phase, saved: Path
    ) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model, self.recipe, self.phase, self.saved = model.to(self.device), recipe, phase, saved
        self.encoder = Encoder(tokenizer, phase.prompt_weight)
        matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
        rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "embed" not in name)]
        # Muon for the matrices of the layers, AdamW for embeddings, convolutions and norms.
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=phase.muon_rate, momentum=0.95, weight_decay=0.01),
            torch.optim.AdamW(rest, lr=phase.adam_rate, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        self.level = 1 if phase.name == "base" else LEVELS
        self.step = self.seen = self.since = 0
        self.seconds = 0.0
        self.answer_loss = math.log(len(tokenizer))
        if saved.is_file():
            self.load()

    def load(self) -> None:
        """Go on from what was saved."""
        state = torch.load(self.saved, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for name, value in state["figures"].items():
            setattr(self, name, value)

    def save(self) -> None:
        """Write all down, in one move, so that a break at any time leaves a whole file."""
        names = ("level", "step", "seen", "since", "seconds", "answer_loss")
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "figures": {name: getattr(self, name) for name in names},
        }
        self.saved.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, self.saved.with_suffix(".part"))
        os.replace(self.saved.with_suffix(".part"), self.saved)

    def write(self, words: Words) -> Dialogue:
        """Write a dialogue of this phase, mostly of the level that the curriculum has reached."""
        level = words.rng.choice([self.level, self.level, words.rng.randint(1, self.level)])
        return dialogue(words, level, mix=self.phase.mix)

    def autocast(self, *, on: bool) -> torch.autocast:
        """Compute in bfloat16 where asked for."""
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=on)

    def take_step(self, samples: list[Any]) -> None:
        """Learn from one batch."""
        scale = self.phase.rate(self.step)
        for optimizer, rate in zip(self.optimizers, (self.phase.muon_rate, self.phase.adam_rate), strict=True):
            optimizer.param_groups[0]["lr"] = rate * scale
        ids, weights = (one.to(self.device) for one in tensors(samples))
        with self.autocast(on=self.recipe.bfloat16):
            logits = self.model(ids[:, :-1], use_cache=False).logits
        losses = functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        target = weights[:, 1:].flatten()
        loss = (losses * target).sum() / target.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.seen += ids.numel()
        answer = float((losses.detach() * (target == 1)).sum() / (target == 1).sum())
        self.answer_loss += (answer - self.answer_loss) * 0.05
        self.step += 1

    def exact(self, talks: list[Dialogue]) -> float:
        """Score the share of last answers that greedy decoding would write exactly, in one pass."""
        hits, rows = 0, 32 if len(talks) > 20 else 1
        for at in range(0, len(talks), rows):
            samples = [self.encoder(talk, only_last=True) for talk in talks[at : at + rows]]
            ids, weights = (one.to(self.device) for one in tensors(samples))
            with torch.no_grad(), self.autocast(on=self.recipe.bfloat16):
                best = self.model(ids).logits.argmax(-1)
            right = (best[:, :-1] == ids[:, 1:]) | (weights[:, 1:] < 1.0)
            hits += int(right.all(1).sum())
        return hits / len(talks)

    def check(self, checks: dict[str, Callable[[], list[Dialogue]]]) -> dict[str, float]:
        """Score, say so, save, and let the curriculum go on where it may."""
        scores = {kind: self.exact(talks()) for kind, talks in checks.items()}
        print(
            f"{self.phase.name} {self.step} level {self.level} loss {self.answer_loss:.3f} "
            f"{self.seen / 1e6:.1f}M tokens {self.seconds / 60:.1f} cpu min "
            + " ".join(f"{kind} {score:.2f}" for kind, score in scores.items()),
            flush=True,
        )
        overdue = self.step > self.since + self.recipe.level_lasts * self.phase.steps
        if self.level < LEVELS and (scores["fact"] >= self.recipe.next_level_at or overdue):
            self.level, self.since = self.level + 1, self.step
        self.save()
        return scores


def _checks(run: Run) -> dict[str, Callable[[], list[Dialogue]]]:
    """Write held-out dialogues for each kind and level; those of the level reached are asked."""
    words = held_out_words(run.recipe.seed + 1)
    kinds = [kind for kind in run.phase.kinds if kind != "long"]
    kept = {
        (level, kind): [dialogue(words, level, kind) for _ in range(ASKED)]
        for level in (range(1, LEVELS + 1) if run.level == 1 else [LEVELS])
        for kind in kinds
    }
    checks: dict[str, Callable[[], list[Dialogue]]] = {
        kind: lambda kind=kind: kept[run.level, kind]  # type: ignore[misc]
        for kind in kinds
    }
    if "long" in run.phase.kinds:
        long = [one for one in (long_dialogue(words) for _ in range(30)) if len(run.encoder(one).ids) < 4096][:20]
        checks["long"] = lambda: long
    return checks


def train(
    model: Lfm2ForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: Recipe, phase: Phase, saved: Path
) -> dict[str, float]:
    """Run one phase on the model, in place, and return its figures."""
    random.seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    run = Run(model, tokenizer, recipe, phase, saved)
    checks = _checks(run)
    # What is seen depends on the seed and on where it goes on, not on how it came there.
    words = training_words(recipe.seed + 7 * run.step + len(phase.name) * (phase.name != "base"))
    source = batches(words, run.write, run.encoder, phase.tokens_per_step, POOL)
    long = batches(words, long_dialogue, run.encoder, phase.tokens_per_step, POOL // 6)
    while run.step < phase.steps:
        began = time.process_time()
        run.take_step(next(long if words.rng.random() < phase.long_share else source))
        run.seconds += time.process_time() - began
        if run.step % phase.check_every == 0 or run.step == phase.steps:
            run.check(checks)
    return {"steps": run.step, "tokens": run.seen, "cpu_minutes": run.seconds / 60}
