"""The vectors of one library in FAISS: exact while they are few; saved with a checksum, never pickled."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akachat.errors import ModelError
from akachat.files import write_atomic

__all__ = ["VectorIndex"]

_TRAINING = 50_000
_LISTS = 1_024
_PROBES = 48


def _faiss() -> Any:
    try:
        # Here, because it takes 0.1 s, and a library without a model never needs it.
        faiss = importlib.import_module("faiss")
    except ImportError:
        raise ModelError("semantic search needs the package faiss", hint="Install it: bash venv.sh rag") from None
    faiss.omp_set_num_threads(1)  # a single query is faster so
    return faiss


class VectorIndex:
    """An index of vectors of length 1 under passages' numbers; a score is a cosine.

    Args:
        dimensions: of each vector.
        exact_up_to: how many are compared one by one; more of them are kept compact, in lists of 8-bit numbers.

    Raises:
        ModelError: faiss is not installed.
    """

    def __init__(self, dimensions: int, *, exact_up_to: int = 200_000) -> None:
        self._faiss = _faiss()
        self._dimensions = dimensions
        self._exact_up_to = exact_up_to
        self._lock = threading.Lock()
        self._index = self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(dimensions))
        self._gpu: Any = None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def kind(self) -> str:
        """``exact`` or ``compact``."""
        return "exact" if isinstance(self._faiss.downcast_index(self._index), self._faiss.IndexIDMap2) else "compact"

    def ids(self) -> NDArray[np.int64]:
        """The numbers of all vectors."""
        if self.kind == "exact":
            return np.asarray(self._faiss.vector_to_array(self._index.id_map), np.int64)
        lists = self._index.invlists
        return np.concatenate(
            [
                self._faiss.rev_swig_ptr(lists.get_ids(n), lists.list_size(n)).copy()
                for n in range(lists.nlist)
                if lists.list_size(n)
            ]
        )

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Adds vectors, an array of shape (ids, dimensions)."""
        with self._lock:
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))
            if self.kind == "exact" and len(self) > self._exact_up_to:
                self._make_compact()
            self._gpu = None

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Removes vectors; those that are not there are passed over."""
        with self._lock:
            self._index.remove_ids(np.ascontiguousarray(ids, np.int64))
            self._gpu = None

    def search(self, vector: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The nearest vectors' numbers and cosines, the nearest first."""
        if k < 1 or not len(self):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        query = np.ascontiguousarray(vector, np.float32).reshape(1, -1)
        with self._lock:
            scores, ids = self._fastest().search(query, k)
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]

    def _fastest(self) -> Any:
        """The index on a GPU where faiss has one, else as it is."""
        faiss = self._faiss
        if self._gpu is None:
            self._gpu = self._index
            if getattr(faiss, "get_num_gpus", lambda: 0)() > 0:
                with contextlib.suppress(RuntimeError):  # no room on it, or a kind of index that it does not have
                    self._gpu = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, self._index)
        return self._gpu

    def _make_compact(self) -> None:
        faiss, exact = self._faiss, self._index
        ids = np.asarray(faiss.vector_to_array(exact.id_map), np.int64)
        vectors = faiss.rev_swig_ptr(faiss.downcast_index(exact.index).get_xb(), len(ids) * self._dimensions)
        vectors = vectors.reshape(len(ids), self._dimensions).copy()
        lists = max(1, min(_LISTS, len(ids) // 40))
        compact = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self._dimensions),
            self._dimensions,
            lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        compact.own_fields = True
        compact.quantizer.this.disown()
        chosen = np.random.default_rng(0).permutation(len(ids))[:_TRAINING]
        compact.train(vectors[chosen])
        compact.nprobe = min(_PROBES, lists)
        compact.add_with_ids(vectors, ids)
        self._index = compact

    def save(self, path: Path, stamp: Mapping[str, Any]) -> None:
        """Writes it and what it belongs to; a crash leaves the old file, or one whose checksum does not fit."""
        data = self._faiss.serialize_index(self._index).tobytes()
        facts = {
            "sha256": hashlib.sha256(data).hexdigest(),
            "dimensions": self._dimensions,
            "count": len(self),
            "exact_up_to": self._exact_up_to,
            "stamp": dict(stamp),
        }
        write_atomic(str(path), data)
        write_atomic(str(path.with_suffix(".json")), json.dumps(facts).encode())

    @classmethod
    def load(cls, path: Path, stamp: Mapping[str, Any]) -> VectorIndex | None:
        """The saved index; None where there is none, where it is damaged, or where it belongs to something else."""
        try:
            facts = json.loads(path.with_suffix(".json").read_bytes())
            data = path.read_bytes()
            if facts["stamp"] != dict(stamp) or facts["sha256"] != hashlib.sha256(data).hexdigest():
                return None
            index = cls(int(facts["dimensions"]), exact_up_to=int(facts["exact_up_to"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        index._index = index._faiss.deserialize_index(np.frombuffer(data, np.uint8))
        return index
