"""The bounds of every backend, each with its default; the settings may change them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BackendLimits"]


@dataclass(frozen=True, slots=True)
class BackendLimits:
    """What a backend may use.

    Attributes:
        connections: open connections to all endpoints together, per event loop; further calls wait.
        connect_timeout: seconds until a server that does not take the connection is given up.
        read_timeout: seconds of silence after which an answer is given up.
        retries: further tries after 429, 5xx or a failed connection, never after the first piece of the answer.
        retry_wait: the longest wait before a further try, also where the server asks for more.
        line_bytes: the longest line of a stream.
        answer_bytes: the most bytes of one answer.
        answer_tokens: the most tokens of one answer of a local model, whatever its options say.
        template_seconds: how long a chat template that somebody gave may compute.
        models: local models kept in memory; the one unused for longest goes first.
        model_memory_bytes: memory of all local models together; 0: what is free.
        gpu_memory_fraction: share of each GPU's memory that local models may take.
        model_idle_seconds: a local model that nobody asks for this long is unloaded; 0: never.
        model_turn_seconds: how long requests of a model in memory go first while another waits for its place.
        queue: requests that may wait for one local model.
        batch_rows: answers of one model that are written side by side.
        prefix_cache_bytes: memory for prompts that a model has read before; 0 keeps none.
    """

    connections: int = 512
    connect_timeout: float = 10.0
    read_timeout: float = 120.0
    retries: int = 3
    retry_wait: float = 20.0
    line_bytes: int = 4 * 2**20
    answer_bytes: int = 64 * 2**20
    answer_tokens: int = 32_768
    template_seconds: float = 5.0
    models: int = 2
    model_memory_bytes: int = 0
    gpu_memory_fraction: float = 0.9
    model_idle_seconds: float = 0.0
    model_turn_seconds: float = 5.0
    queue: int = 256
    batch_rows: int = 32
    prefix_cache_bytes: int = 2**30
