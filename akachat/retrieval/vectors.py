"""The vectors of one library: exact while they are few, compact lists of half floats once they are many.

They lie in parts that nobody changes. Who writes makes new parts and puts them in the place of the old ones in one
step, so a search never waits for a writer, however long that takes. The index can always be made again from the
library's database, so a file of it that is not exactly what was saved for the same purpose counts as none. faiss is
imported when the first index is made.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from akachat.errors import ModelError
from akachat.files import write_atomic
from akachat.retrieval.segments import Segment, compact, exact, restored

__all__ = ["VectorIndex"]

#: An index that was trained is trained again when it holds so many times the vectors of then.
_GROWN = 4
#: What came since goes into the compact part once it is one of so many of it.
_SHARE = 8


class VectorIndex:
    """Finds the nearest of many vectors of length 1; one thread writes at a time, any number search meanwhile.

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
        self._writing = threading.Lock()
        #: No id is in two of them. Whoever reads takes the tuple once and keeps to it.
        self._segments: tuple[Segment, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self._segments))

    def ids(self) -> Any:
        """The ids of all vectors, sorted, as an int64 array."""
        import numpy as np

        return np.sort(np.concatenate([np.empty(0, np.int64), *(each.ids for each in self._segments)]))

    def add(self, ids: Any, vectors: Any) -> None:
        """Adds vectors, float32 of shape (n, dimensions); one whose id is there already takes its place."""
        if not len(ids):
            return
        with self._writing:
            self._segments = self._grown([*self._without(ids), exact(self._faiss, ids, vectors)])

    def remove(self, ids: Any) -> None:
        """Removes vectors; an id that is not there is passed over."""
        if len(ids):
            with self._writing:
                self._segments = tuple(self._without(ids))

    def search(self, vector: Any, k: int, *, allowed: Any = None) -> tuple[Any, Any]:
        """The ids of the ``k`` nearest vectors, the nearest first, and their cosines; ``allowed``: only of these."""
        import numpy as np

        segments = self._segments
        if k < 1 or not segments or (allowed is not None and not len(allowed)):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        row = vector.reshape(1, -1)
        found = [each.search(row, k, allowed) for each in segments]
        if len(found) == 1:
            return found[0]
        ids, scores = (np.concatenate(each) for each in zip(*found, strict=True))
        best = np.argsort(-scores, kind="stable")[:k]
        return ids[best], scores[best]

    def save(self, path: Path, stamp: Mapping[str, Any]) -> None:
        """Writes the index to ``path``, and beside it what ``load`` checks.

        Raises:
            OSError: it cannot be written.
        """
        with self._writing:
            whole = self._as_one()
            data = self._faiss.serialize_index(whole.index).tobytes()
            about = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "stamp": dict(stamp),
                "count": len(whole),
                "dimensions": self._dimensions,
                "kind": "compact" if whole.trained else "exact",
                "trained": whole.trained,
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
            whole = restored(made._faiss, data, about["trained"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        if len(whole) != about["count"] or whole.index.d != about["dimensions"]:
            return None
        made._segments = (whole,) if len(whole) else ()
        return made

    def _without(self, ids: Any) -> list[Segment]:
        kept = [each.without(ids) for each in self._segments]
        return [each for each in kept if each is not None]

    def _grown(self, segments: list[Segment]) -> tuple[Segment, ...]:
        """Parts that are few: each at least twice as long as the next, so a vector moves a few times only."""
        import numpy as np

        total = sum(map(len, segments))
        if total > self._exact_up_to and total >= _GROWN * segments[0].trained:
            ids = np.concatenate([each.ids for each in segments])
            return (compact(self._faiss, ids, np.concatenate([each.vectors() for each in segments])),)
        first = 1 if segments[0].trained else 0
        if first and total - len(segments[0]) > len(segments[0]) // _SHARE:
            return (segments[0].with_more(segments[1:]),)
        while len(segments) > first + 1 and len(segments[-2]) < 2 * len(segments[-1]):
            last = segments.pop()
            segments[-1] = segments[-1].with_more([last])
        return tuple(segments)

    def _as_one(self) -> Segment:
        """All parts as one, also for the searches to come; the caller holds the lock."""
        import numpy as np

        if not self._segments:
            return exact(self._faiss, np.empty(0, np.int64), np.empty((0, self._dimensions), np.float32))
        if len(self._segments) > 1:
            self._segments = (self._segments[0].with_more(self._segments[1:]),)
        return self._segments[0]


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _faiss() -> ModuleType:
    try:
        import faiss
    except ImportError:
        raise ModelError("semantic search needs faiss", hint="bash venv.sh rag") from None
    return faiss
