"""The vectors of one library: exact while they are few, compact lists of half floats once they are many.

The index can always be made again from the library's database, so a file of it that is not exactly what was saved
for the same purpose counts as none. faiss is imported when the first index is made.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from akachat.errors import ModelError
from akachat.files import write_atomic

__all__ = ["VectorIndex"]

#: An index that was trained is trained again when it holds so many times the vectors of then.
_GROWN = 4


class VectorIndex:
    """Finds the nearest of many vectors of length 1; one thread writes at a time, any number search.

    Args:
        dimensions: how many numbers a vector has.
        exact_up_to: beyond so many vectors the index is compact, and finds nearly all of the nearest.

    Raises:
        ModelError: faiss is not installed.
    """

    def __init__(self, dimensions: int, *, exact_up_to: int = 200_000) -> None:
        self._faiss = _faiss()
        self._dimensions = dimensions
        self._exact_up_to = exact_up_to
        self._lock = threading.Lock()
        self._trained = 0
        self._index: Any = self._flat()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> Any:
        """The ids of all vectors, sorted, as an int64 array."""
        with self._lock:
            return self._ids()

    def add(self, ids: Any, vectors: Any) -> None:
        """Adds vectors, float32 of shape (n, dimensions); one whose id is there already takes its place."""
        if not len(ids):
            return
        with self._lock:
            self._drop(ids)
            total = len(self) + len(ids)
            if total > self._exact_up_to and total >= _GROWN * self._trained:
                self._train(ids, vectors)
            else:
                self._index.add_with_ids(vectors, ids)

    def remove(self, ids: Any) -> None:
        """Removes vectors; an id that is not there is passed over."""
        if len(ids):
            with self._lock:
                self._drop(ids)

    def search(self, vector: Any, k: int, *, allowed: Any = None) -> tuple[Any, Any]:
        """The ids of the ``k`` nearest vectors, the nearest first, and their cosines; ``allowed``: only of these."""
        with self._lock:
            k = min(k, len(self))
            if k < 1 or (allowed is not None and not len(allowed)):
                k = 0
            faiss = self._faiss
            selector = None if allowed is None else faiss.IDSelectorBatch(allowed)
            if self._trained:
                how = faiss.SearchParametersIVF(sel=selector, nprobe=self._index.nprobe)
            else:
                how = faiss.SearchParameters(sel=selector)
            # One query is faster in one thread; the setting belongs to the calling thread.
            faiss.omp_set_num_threads(1)
            scores, ids = self._index.search(vector.reshape(1, -1), max(k, 1), params=how)
        found = ids[0][:k] >= 0
        return ids[0][:k][found], scores[0][:k][found]

    def save(self, path: Path, stamp: Mapping[str, Any]) -> None:
        """Writes the index to ``path``, and beside it what ``load`` checks.

        Raises:
            OSError: it cannot be written.
        """
        with self._lock:
            data = self._faiss.serialize_index(self._index).tobytes()
            about = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "stamp": dict(stamp),
                "count": len(self),
                "dimensions": self._dimensions,
                "kind": "compact" if self._trained else "exact",
                "trained": self._trained,
                "exact_up_to": self._exact_up_to,
            }
        write_atomic(str(path), data)
        write_atomic(str(_sidecar(path)), json.dumps(about, ensure_ascii=False).encode())

    @classmethod
    def load(cls, path: Path, stamp: Mapping[str, Any]) -> VectorIndex | None:
        """What ``save`` wrote with the same stamp; None where there is no such file, or it is torn or changed.

        Raises:
            ModelError: faiss is not installed.
        """
        try:
            about = json.loads(_sidecar(path).read_bytes())
            if about["stamp"] != json.loads(json.dumps(dict(stamp))):
                return None
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != about["sha256"]:
                return None
            made = cls(about["dimensions"], exact_up_to=about["exact_up_to"])
            made._restore(data, about["trained"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        return made if len(made) == about["count"] and made._index.d == about["dimensions"] else None

    def _restore(self, data: bytes, trained: int) -> None:
        import numpy as np

        self._index = self._faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        self._trained = trained

    def _drop(self, ids: Any) -> None:
        # The compact index's table of places takes no other selector.
        kind = self._faiss.IDSelectorArray if self._trained else self._faiss.IDSelectorBatch
        self._index.remove_ids(kind(ids))

    def _flat(self) -> Any:
        return self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(self._dimensions))

    def _ids(self) -> Any:
        import numpy as np

        if not self._trained:
            return np.sort(self._faiss.vector_to_array(self._index.id_map))
        lists = self._index.invlists
        parts = [
            self._faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(self._index.nlist)
            if (size := lists.list_size(number))
        ]
        return np.sort(np.concatenate([np.empty(0, np.int64), *parts]))

    def _train(self, ids: Any, vectors: Any) -> None:
        """Makes a compact index of what is there and what comes; the caller holds the lock."""
        import numpy as np

        faiss = self._faiss
        old = self._ids()
        if len(old):
            ids = np.concatenate([old, ids])
            vectors = np.concatenate([self._index.reconstruct_batch(old), vectors])
        lists = max(1, int(math.sqrt(len(ids))))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self._dimensions), self._dimensions, lists,
            faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT,
        )  # fmt: skip
        index.nprobe = max(8, lists // 8)
        # Reconstructing and removing by id need the table; it is what a later training starts from.
        index.set_direct_map_type(faiss.DirectMap.Hashtable)
        index.train(vectors)
        index.add_with_ids(vectors, ids)
        self._index, self._trained = index, len(ids)


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _faiss() -> ModuleType:
    try:
        import faiss
    except ImportError:
        raise ModelError("semantic search needs faiss", hint="bash venv.sh rag") from None
    return faiss
