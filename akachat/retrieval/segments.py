"""A part of a library's vectors: an index that nobody changes, so any number of threads search it without waiting.

What is added becomes a new part; what is removed, a copy without it. Parts are exact, or compact lists of half floats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from akachat.retrieval.placing import GpuCopy

__all__ = ["Segment", "compact", "exact", "restored"]


class Segment:
    """One index.

    Args:
        faiss: the module.
        index: of faiss; from now on nobody changes it.
        ids: of its vectors, in the order of its rows where it is exact.
        trained: how many vectors a compact index was trained on; 0 for an exact one.

    Attributes:
        index, ids, trained: the same.
    """

    def __init__(self, faiss: ModuleType, index: Any, ids: Any, trained: int) -> None:
        self._faiss = faiss
        self.index = index
        self.ids = ids
        self.trained = trained
        self._gpu = GpuCopy(faiss, index)

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, row: Any, k: int, allowed: Any) -> tuple[Any, Any]:
        """The ids of the nearest vectors, the nearest first, and their cosines."""
        k = min(k, len(self))
        found = self._gpu.search(row, k) if allowed is None else None
        scores, ids = found if found is not None else self._search(row, k, allowed)
        there = ids[0] >= 0
        return ids[0][there], scores[0][there]

    def _search(self, row: Any, k: int, allowed: Any) -> tuple[Any, Any]:
        faiss = self._faiss
        # One query is faster in one thread; the setting belongs to the calling thread.
        faiss.omp_set_num_threads(1)
        selector = None if allowed is None else faiss.IDSelectorBatch(allowed)
        if self.trained:
            how = faiss.SearchParametersIVF(sel=selector, nprobe=self.index.nprobe)
        else:
            how = faiss.SearchParameters(sel=selector)
        found: tuple[Any, Any] = self.index.search(row, k, params=how)
        return found

    def without(self, ids: Any) -> Segment | None:
        """It without some vectors: itself where it has none of them, None where nothing is left."""
        import numpy as np

        stays = ~np.isin(self.ids, ids)
        if stays.all():
            return self
        if not stays.any():
            return None
        left = self.ids[stays]
        if not self.trained:
            return exact(self._faiss, left, self.vectors()[stays])
        index = self._faiss.clone_index(self.index)
        # Its table of places takes no other selector.
        index.remove_ids(self._faiss.IDSelectorArray(self.ids[~stays]))
        return Segment(self._faiss, index, left, self.trained)

    def with_more(self, others: Sequence[Segment]) -> Segment:
        """It with the vectors of exact parts; it stays exact or compact."""
        import numpy as np

        ids = np.concatenate([self.ids, *(each.ids for each in others)])
        if not self.trained:
            vectors = np.concatenate([self.vectors(), *(each.vectors() for each in others)])
            return exact(self._faiss, ids, vectors)
        index = self._faiss.clone_index(self.index)
        for each in others:
            index.add_with_ids(each.vectors(), each.ids)
        return Segment(self._faiss, index, ids, self.trained)

    def vectors(self) -> Any:
        """All its vectors, in the order of ``ids``; of an exact part only to be looked at."""
        if self.trained:
            return self.index.reconstruct_batch(self.ids)
        inner = self._faiss.downcast_index(self.index.index)
        rows = self._faiss.rev_swig_ptr(inner.get_xb(), inner.ntotal * inner.d)
        return rows.reshape(inner.ntotal, inner.d)


def exact(faiss: ModuleType, ids: Any, vectors: Any) -> Segment:
    """A part that compares every vector."""
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
    index.add_with_ids(vectors, ids)
    return Segment(faiss, index, ids.copy(), 0)


def compact(faiss: ModuleType, ids: Any, vectors: Any) -> Segment:
    """A part that finds nearly all of the nearest, in half the memory."""
    dimensions = vectors.shape[1]
    lists = max(1, int(math.sqrt(len(ids))))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimensions), dimensions, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.nprobe = max(8, lists // 8)
    # Reconstructing and removing by id need the table; it is what a later training starts from.
    index.set_direct_map_type(faiss.DirectMap.Hashtable)
    index.train(vectors)
    index.add_with_ids(vectors, ids)
    return Segment(faiss, index, ids.copy(), len(ids))


def restored(faiss: ModuleType, data: bytes, trained: int) -> Segment:
    """A part as faiss wrote it.

    Raises:
        RuntimeError: it did not write this.
    """
    import numpy as np

    index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    if not trained:
        return Segment(faiss, index, faiss.vector_to_array(index.id_map), 0)
    lists = index.invlists
    parts = [
        faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
        for number in range(index.nlist)
        if (size := lists.list_size(number))
    ]
    return Segment(faiss, index, np.concatenate([np.empty(0, np.int64), *parts]), trained)
