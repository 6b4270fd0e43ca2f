"""Dialogues as token ids with weights, in batches of similar lengths."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.model import CONTEXT
from tools.train_embedded.tokenizer import END, START
from tools.train_embedded.words import Words


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


def batches(
    words: Words, write: Callable[[Words], Dialogue], encoder: Encoder, tokens: int, pool: int
) -> Iterator[list[Sample]]:
    """Yield batches, as many dialogues as fit the token budget; of `pool` at a time, so that little is padding."""
    while True:
        samples = (encoder(write(words)) for _ in range(pool))
        fitting = sorted((one for one in samples if len(one.ids) <= CONTEXT), key=lambda sample: len(sample.ids))
        groups: list[list[Sample]] = [[]]
        for sample in fitting:
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
