"""One embedding model: texts in, vectors of length 1 out, with the prefixes that it was trained with."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akachat.retrieval.embedding.known import prefixes

__all__ = ["Embedder"]


class Embedder:
    """A loaded SentenceTransformer.

    Args:
        model: the SentenceTransformer.
        name, revision: what it was asked for as.
        place: the folder or the hub's name that it was loaded from.

    Attributes:
        dimensions: the length of its vectors.
        fingerprint: changes whenever its vectors would.
    """

    def __init__(self, model: Any, name: str, revision: str, place: str) -> None:
        self._model = model
        self.name = name
        self.dimensions = int(model.get_sentence_embedding_dimension())
        own = {key: str(value) for key, value in (model.prompts or {}).items() if value}
        given = prefixes(name)
        self._query = own.get("query", given[0])
        self._passage = own.get("document", own.get("passage", given[1]))
        facts = f"{name}\n{revision}\n{self._query}\n{self._passage}\n{_weights(place)}"
        self.fingerprint = hashlib.sha256(facts.encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str], kind: str) -> tuple[NDArray[np.float32], int]:
        """Vectors of length 1, of shape (texts, dimensions), and how many tokens were read; ``kind`` is ``query`` or
        ``passage``.
        """
        prefix = self._query if kind == "query" else self._passage
        given = [prefix + text for text in texts]
        vectors = self._model.encode(
            given, prompt="", normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        tokens = sum(len(ids) for ids in self._model.tokenizer(given, truncation=True)["input_ids"])
        return np.asarray(vectors, np.float32), tokens


def _weights(place: str) -> str:
    """What tells a folder's weights from others that lay there before; empty for a hub's model."""
    if not os.path.isdir(place):
        return ""
    found = sorted(entry.name for entry in os.scandir(place) if entry.name.endswith((".safetensors", ".bin")))
    stats = [(name, os.stat(os.path.join(place, name))) for name in found]
    return ";".join(f"{name}:{each.st_size}:{each.st_mtime_ns}" for name, each in stats)
