"""One embedding model in memory: texts become vectors of length 1, each kind of text begun as the model wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from akachat.retrieval.embedding.known import prefixes

__all__ = ["Embedder", "Kind", "weights_of"]

Kind = Literal["query", "passage"]


class Embedder:
    """A loaded model; it is used by one thread at a time.

    Attributes:
        name: the model's name, or its folder.
        dimensions: how many numbers a vector has.
        max_tokens: how much of a text is read.
        precision: ``fp32``, ``fp16`` or ``int8``, as it is and not as it was asked for.
        note: why it is not as it was asked for, one sentence; may be empty.
        fingerprint: tells whether vectors of two times can be compared; it ends in the precision.
        cut: how many texts so far were longer than that.
    """

    def __init__(self, model: Any, name: str, weights: str, precision: str, note: str = "") -> None:
        self._model = model
        self.name = name
        self.precision = precision
        self.note = note
        self.dimensions = int(model.get_embedding_dimension())
        self.max_tokens = int(model.max_seq_length or 512)
        self.cut = 0
        self._begin = dict(zip(("query", "passage"), prefixes(name, model.prompts), strict=True))
        scheme = hashlib.sha256(repr(self._begin).encode()).hexdigest()[:8]
        self.fingerprint = f"{name}@{weights}:{scheme}:{precision}"

    def encode(
        self, texts: Sequence[str], kind: Kind, *, batch: int = 16, between: Callable[[int], None] | None = None
    ) -> tuple[Any, int]:
        """The texts' vectors, float32 of shape (texts, dimensions), and how many tokens were read.

        Args:
            texts: what to embed.
            kind: which beginning they get.
            batch: how many go through the model at once.
            between: called after each batch with how many texts are done; what it raises ends the work.
        """
        import numpy as np

        made = np.zeros((len(texts), self.dimensions), np.float32)
        whole = [self._begin[kind] + text for text in texts]
        lengths = [self._length(text) for text in whole]
        # Alike in length, so that little of a batch is padding.
        order = sorted(range(len(whole)), key=lambda number: -lengths[number])
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            found = self._model.encode(
                [whole[row] for row in rows], batch_size=batch, prompt="", show_progress_bar=False,
                convert_to_numpy=True, normalize_embeddings=False,
            )  # fmt: skip
            found = found.astype(np.float32)
            made[rows] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
            if between is not None:
                between(start + len(rows))
        self.cut += sum(length > self.max_tokens for length in lengths)
        return made, sum(min(length, self.max_tokens) for length in lengths)

    def _length(self, text: str) -> int:
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])


def weights_of(folder: Path) -> str:
    """What tells one state of a local model's files from another."""
    told = sorted(
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
