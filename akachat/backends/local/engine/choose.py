"""The next token of many rows at once, each with its own sampling options and its own seeded draw.

What a row draws depends on its own scores, options and seed alone: the draw is an inverse CDF in float64 with a
generator of the row's own, so the same seed gives the same text alone and among others. Repetition counts over prompt
and answer (Keskar et al., 2019), frequency and presence over the answer alone, as OpenAI's servers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch

from akachat.backends.local.sampling import Sampling
from akachat.errors import ModelError

__all__ = ["Draw", "choose"]

#: Random numbers drawn at a time; one by one costs more than the rest of a small model's sampling.
_BLOCK = 64


class Draw:
    """One row's sampling: its options, its random numbers, and what it has said.

    Args:
        prompt: the prompt's tokens.
        answered: how many of the last ones are of the answer, which goes on: they are said, and their numbers drawn.
    """

    def __init__(self, sampling: Sampling, prompt: Sequence[int], answered: int = 0) -> None:
        self.sampling = sampling
        self._generator: Any = None
        self._numbers: list[float] = []
        self._answered = answered
        self._said: Counter[int] = Counter()
        if answered and (sampling.frequency_penalty or sampling.presence_penalty):
            self._said.update(map(int, prompt[-answered:]))
        self._seen = set(map(int, prompt)) if sampling.repetition_penalty != 1.0 else None

    @property
    def penalises(self) -> bool:
        """Whether scores depend on what has been said."""
        s = self.sampling
        return self._seen is not None or bool(s.frequency_penalty or s.presence_penalty)

    def note(self, token: int) -> None:
        """Takes notice of what was chosen."""
        if self._seen is not None:
            self._seen.add(token)
        if self.sampling.frequency_penalty or self.sampling.presence_penalty:
            self._said[token] += 1

    def number(self) -> float:
        """The next random number in [0, 1)."""
        if not self._numbers:
            if self._generator is None:
                self._generator = torch.Generator("cpu")
                if self.sampling.seed is None:
                    self._generator.seed()
                else:
                    self._generator.manual_seed(self.sampling.seed)
                    torch.rand(self._answered, dtype=torch.float64, generator=self._generator)
            block = torch.rand(_BLOCK, dtype=torch.float64, generator=self._generator)
            self._numbers = block.flip(0).tolist()
        return self._numbers.pop()

    def penalise(self, row: Any) -> Any:
        """The row's scores ``[vocabulary]`` with its penalties."""
        s = self.sampling
        row = row.clone()
        if self._seen:
            seen = torch.tensor(sorted(self._seen), device=row.device)
            values = row[seen]
            row[seen] = torch.where(values < 0, values * s.repetition_penalty, values / s.repetition_penalty)
        if self._said:
            said = torch.tensor(list(self._said), device=row.device)
            times = torch.tensor(list(self._said.values()), device=row.device, dtype=row.dtype)
            row[said] -= s.frequency_penalty * times + s.presence_penalty
        return row


def choose(scores: Any, draws: Sequence[Draw]) -> list[int | ModelError]:
    """The next token of each row, or why there is none.

    Args:
        scores: ``[rows, vocabulary]``.
        draws: one a row; each is told what was chosen.
    """
    if any(draw.penalises for draw in draws):
        rows = [draw.penalise(scores[at]) if draw.penalises else scores[at] for at, draw in enumerate(draws)]
        scores = torch.stack(rows)
    chosen: list[int | ModelError] = [0] * len(draws)
    # Rows that keep equally many candidates are computed together, exactly as each would be alone.
    sizes: dict[int, list[int]] = {}
    for at, draw in enumerate(draws):
        sizes.setdefault(_candidates(draw.sampling, scores.shape[1]), []).append(at)
    for size, members in sizes.items():
        part = scores if len(members) == len(draws) else scores[members]
        among = [draws[at] for at in members]
        for at, token in zip(members, _greedy(part) if size == 1 else _drawn(part, among, size), strict=True):
            chosen[at] = token
            if isinstance(token, int):
                draws[at].note(token)
    return chosen


def _candidates(s: Sampling, vocabulary: int) -> int:
    """How many of the likeliest tokens are looked at: 1 where greedy, minus all where their order is no matter."""
    if s.temperature == 0:
        return 1
    if 0 < s.top_k < vocabulary:
        return max(2, s.top_k) if s.top_k > 1 else 1
    return vocabulary if s.top_p < 1 else -vocabulary


def _greedy(scores: Any) -> list[int | ModelError]:
    best = scores.max(-1)
    return _checked(best.indices.tolist(), best.values)


def _drawn(scores: Any, draws: Sequence[Draw], size: int) -> list[int | ModelError]:
    if size > 0:
        values, ids = torch.topk(scores, size)  # sorted, so that the nucleus is a beginning of it
    else:
        values, ids = scores, None
    values = values.double().cpu()

    def column(name: str) -> Any:
        return torch.tensor([[getattr(draw.sampling, name)] for draw in draws], dtype=torch.float64)

    weights = torch.softmax(values / column("temperature"), dim=-1)
    if any(draw.sampling.top_p < 1 for draw in draws):
        before = weights.cumsum(-1) - weights
        weights = weights.masked_fill(before >= column("top_p").clamp(min=1e-9), 0.0)
    if any(draw.sampling.min_p > 0 for draw in draws):
        weights = weights.masked_fill(weights < column("min_p") * weights.amax(-1, keepdim=True), 0.0)
    sums = weights.cumsum(-1)
    points = torch.tensor([[draw.number()] for draw in draws], dtype=torch.float64) * sums[:, -1:]
    places = torch.searchsorted(sums, points, right=True)
    # Rounding may lead past the end, once in a very long while.
    last = weights.shape[1] - 1 - (weights > 0).flip(-1).int().argmax(-1, keepdim=True)
    places = torch.minimum(places, last)
    tokens = places if ids is None else ids.cpu().gather(1, places)
    return _checked(tokens[:, 0].tolist(), values.amax(-1))


def _checked(tokens: list[int], best: Any) -> list[int | ModelError]:
    """The tokens, an error in the place of those that were chosen among no numbers."""
    if bool(best.isfinite().all()):
        return list(tokens)
    error = ModelError(
        "the model computed no number (NaN)", hint="Set dtype to fp32 or bf16: fp16 overflows with some models."
    )
    return [token if good else error for token, good in zip(tokens, best.isfinite().tolist(), strict=True)]
