"""Models made on the spot for measurements: real shapes, random weights, no download."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time
from typing import Any, TypeVar

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from akachat.backends.base import Chunk, End
from akachat.backends.limits import BackendLimits
from akachat.backends.local.adapters import Adapter
from akachat.backends.local.generation import Given, Job
from akachat.backends.local.loading.loader import Loaded, load_weights
from akachat.backends.local.loading.source import Front, Source, load_front
from akachat.backends.local.prompt import Prompt
from akachat.backends.local.sampling import Sampling
from akachat.backends.local.worker import Worker

__all__ = [
    "Answer", "Cost", "Model", "asked", "embedded", "hundred_million", "llama", "measured", "one_core", "plain",
    "sampling", "serve", "working",
]  # fmt: skip


T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of this process's processors."""

    wall: float
    cpu: float

    def __truediv__(self, other: Cost) -> str:
        return f"{self.wall / other.wall:.2f} × by the clock, {self.cpu / other.cpu:.2f} × of processor time"


@dataclass(frozen=True)
class Model:
    """A model ready to be measured."""

    name: str
    loaded: Loaded

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return int(self.loaded.model.get_input_embeddings().num_embeddings)

    def prompt(self, size: int, seed: int) -> list[int]:
        """Tokens that mean nothing, the same for the same seed."""
        made = torch.Generator().manual_seed(seed)
        return [int(token) for token in torch.randint(8, self.vocabulary, (size,), generator=made)]


class Answer(Job):
    """A job that is heard without an event loop: tokens and times."""

    def __init__(self, given: Given) -> None:
        super().__init__(given, self._hear)
        self.said: list[int] = []
        self.first: float | None = None
        self.error: Exception | None = None
        self.done = threading.Event()

    def take(self, token: int) -> bool:
        """Notes the token besides."""
        self.first = self.first or monotonic() - self.given.asked
        self.said.append(token)
        return super().take(token)

    def _hear(self, item: Chunk | End | Exception) -> bool:
        if isinstance(item, Exception):
            self.error = item
        if not isinstance(item, Chunk):
            self.done.set()
        return True


def llama(
    *, width: int, layers: int, heads: int, key_heads: int = 0, vocabulary: int = 8192, context: int = 8192,
    dtype: str = "float32", device: str = "cpu", name: str = "",
) -> Model:  # fmt: skip
    """A Llama with random weights, the same each time, that never ends by itself."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=width * 8 // 3 // 64 * 64,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads or heads,
        max_position_embeddings=context,
        eos_token_id=None,
        pad_token_id=0,
        dtype=dtype,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = LlamaForCausalLM(config).to(device=device, dtype=getattr(torch, dtype)).eval()
    front = Front(_tokenizer(vocabulary), config, {}, context, frozenset())
    millions = model.num_parameters() / 1e6
    source = Source(name or "made", "")
    return Model(name or f"Llama of {millions:.0f}M", Loaded(source, front, model, device, dtype, 0.0))


def hundred_million(**more: Any) -> Model:
    """The made-up model of about 100M parameters that DESIGN.md's figures were taken with."""
    return llama(width=768, layers=12, heads=12, vocabulary=12_000, **more)


def embedded() -> Model:
    """The model that ships with akachat, made deaf to its own end so that all answers are equally long."""
    folder = Path(__file__).resolve().parents[1] / "akachat" / "backends" / "embedded" / "model"
    source = Source("embedded", str(folder))
    front = load_front(source)
    endless = Front(front.tokenizer, front.config, {}, front.context, frozenset())
    loaded = load_weights(source, endless)
    return Model("embedded", loaded)


def _tokenizer(vocabulary: int) -> Any:
    from tokenizers import Tokenizer, decoders, models

    raw = Tokenizer(models.WordLevel({f"w{at} ": at for at in range(vocabulary)}, unk_token="w0 "))
    raw.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="w0 ")


def one_core(model: Model) -> None:
    """Lets the plain calls of a small model use one core, as its worker does: more of them make it slower."""
    small = model.loaded.model.num_parameters() < 30_000_000
    torch.set_num_threads(1 if small else (os.cpu_count() or 1))


def sampling(*, tokens: int, temperature: float = 0.0, seed: int | None = 0) -> Sampling:
    """Sampling options with the usual defaults."""
    return Sampling(tokens, temperature, 1.0, 50, 0.0, 1.0, 0.0, 0.0, seed)


def measured(work: Callable[[], T], results: list[T] | None = None) -> Cost:
    """What a piece of work takes; its result goes to ``results``."""
    wall, cpu = monotonic(), process_time()
    result = work()
    if results is not None:
        results.append(result)
    return Cost(monotonic() - wall, process_time() - cpu)


def asked(ids: Sequence[int], options: Sampling, adapter: Adapter | None = None, caller: str = "") -> Answer:
    """A request to be handed to a worker."""
    return Answer(Given(Prompt("", tuple(ids), ()), options, (), monotonic(), adapter, caller))


def serve(worker: Worker, requests: Iterable[tuple[Sequence[int], Sampling]]) -> list[Answer]:
    """Answers requests that come together by a worker, and waits for all."""
    jobs = [asked(ids, options) for ids, options in requests]
    for job in jobs:
        worker.submit(job)
    for job in jobs:
        job.done.wait()
        if job.error is not None:
            raise job.error
    return jobs


def plain(model: Model, ids: Sequence[int], tokens: int, temperature: float = 0.0) -> list[int]:
    """The library's own ``generate`` for one request: what everything is held against."""
    given = torch.tensor([list(ids)], device=model.loaded.model.device)
    sampled = {"do_sample": True, "temperature": temperature, "top_k": 50} if temperature else {"do_sample": False}
    with torch.inference_mode():
        out = model.loaded.model.generate(
            given, attention_mask=torch.ones_like(given), max_new_tokens=tokens, min_new_tokens=tokens, pad_token_id=0,
            **sampled,
        )  # fmt: skip
    return [int(token) for token in out[0, given.shape[1] :]]


@contextmanager
def working(model: Model, *, rows: int = 32, cache: int = 2**30) -> Iterator[Worker]:
    """A worker for a model, ready; afterwards the model has its own attention again."""
    text = model.loaded.model.config.get_text_config(decoder=True)
    before = text._attn_implementation
    worker = Worker(model.loaded, BackendLimits(batch_rows=rows, prefix_cache_bytes=cache))
    try:
        if not worker.facts()["batching"]:
            raise RuntimeError(f"{model.name}: {model.loaded.notes}")
        yield worker
    finally:
        worker.close(cancel=True)
        model.loaded.model.set_attn_implementation(before)
