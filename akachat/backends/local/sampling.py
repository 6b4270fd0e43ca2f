"""Choosing the next token: the sampling options in effect, and one seeded sampler per answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from akachat.errors import ModelError
from akachat.options import DEFAULTS, Options

__all__ = ["Sampler", "Sampling", "effective", "unused"]

#: Generation settings of a model that mean another way of decoding, with the value that asks for nothing.
_OTHER_WAYS = {
    "num_beams": 1,
    "num_beam_groups": 1,
    "penalty_alpha": 0,
    "prompt_lookup_num_tokens": 0,
    "min_length": 0,
    "min_new_tokens": 0,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "top_h": 0,
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling options in effect, none of them unset but the seed."""

    max_new_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    frequency_penalty: float
    presence_penalty: float
    seed: int | None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object; an unset seed is left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        if self.seed is None:
            del values["seed"]
        return values


def effective(options: Options, own: Mapping[str, Any], most: int) -> Sampling:
    """The prompt's options, else the model's own (its generation_config), else the defaults.

    Args:
        options: the prompt's.
        own: the model's generation_config as a dictionary; ``do_sample: false`` in it means greedy.
        most: no answer is longer than this many tokens, whatever is asked.
    """
    values: dict[str, Any] = {}
    for name, default in DEFAULTS.items():
        if name == "timeout":
            continue
        value = getattr(options, name)
        if value is None:
            value = own.get(name)
            if name == "temperature" and value is None and own.get("do_sample") is False:
                value = 0.0
        values[name] = type(default)(default if value is None else value)
    values["max_new_tokens"] = max(1, min(values["max_new_tokens"], most))
    return Sampling(**values, seed=options.seed)


def unused(own: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a model's own generation_config is not followed, one sentence each."""
    found = [f"{name} {own[name]}" for name, plain in _OTHER_WAYS.items() if own.get(name) not in (None, plain)]
    if not found:
        return ()
    return (f"the model's own {', '.join(found)} was not used: answers are written one token after another.",)


class Sampler:
    """A logits processor that leaves exactly one token possible, so that ``generate`` may stay greedy.

    The draw is an inverse CDF in float64 with a generator of this answer's own: the same seed gives the same text
    whatever else runs beside it. Repetition counts over prompt and answer (Keskar et al., 2019), frequency and
    presence over the answer alone, as OpenAI's servers do.
    """

    def __init__(self, sampling: Sampling, prompt_tokens: int) -> None:
        import torch

        self._sampling = sampling
        self._prompt_tokens = prompt_tokens
        self._generator = torch.Generator("cpu")
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores with all but the chosen token at minus infinity."""
        import torch

        row = self._penalise(input_ids[0], scores[0])
        out = torch.full_like(scores, float("-inf"))
        out[0, self._choose(row)] = 0.0
        return out

    def _penalise(self, ids: Any, row: Any) -> Any:
        import torch

        s = self._sampling
        if s.repetition_penalty != 1.0:
            seen = torch.unique(ids)
            values = row[seen]
            row = row.clone()
            row[seen] = torch.where(values < 0, values * s.repetition_penalty, values / s.repetition_penalty)
        if s.frequency_penalty or s.presence_penalty:
            counts = Counter(ids[self._prompt_tokens :].tolist())
            if counts:
                said = torch.tensor(list(counts), device=row.device)
                times = torch.tensor(list(counts.values()), device=row.device, dtype=row.dtype)
                row = row.clone()
                row[said] -= s.frequency_penalty * times + s.presence_penalty
        return row

    def _choose(self, row: Any) -> int:
        import torch

        s = self._sampling
        if s.temperature == 0:
            best = int(row.argmax())
            self._check(row[best])
            return best
        if 0 < s.top_k < row.shape[0] or s.top_p < 1:
            size = min(s.top_k or row.shape[0], row.shape[0])
            values, ids = torch.topk(row, size)  # sorted, so that the nucleus is a beginning of it
        else:
            values, ids = row, None
        values = values.double().cpu()
        self._check(values.max())
        weights = torch.softmax(values / s.temperature, dim=0)
        if s.top_p < 1:
            before = weights.cumsum(0) - weights
            weights = weights.masked_fill(before >= max(s.top_p, 1e-9), 0.0)
        if s.min_p > 0:
            weights = weights.masked_fill(weights < s.min_p * weights.max(), 0.0)
        sums = weights.cumsum(0)
        point = torch.rand((), dtype=torch.float64, generator=self._generator) * sums[-1]
        at = int(torch.searchsorted(sums, point, right=True))
        if at == len(sums):  # rounding, once in a very long while
            at = int(weights.nonzero()[-1])
        return at if ids is None else int(ids[at])

    def _check(self, best: Any) -> None:
        if not bool(best.isfinite()):
            raise ModelError(
                "the model computed no number (NaN)",
                hint="Set dtype to fp32 or bf16: fp16 overflows with some models.",
            )
