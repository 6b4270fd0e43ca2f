"""One library that is open: its database, its keyword index, its vectors, and a search over them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akachat.files import translated
from akachat.locks import HIDDEN
from akachat.retrieval.configuration import Configuration
from akachat.retrieval.grams import marks
from akachat.retrieval.keyword import KeywordIndex
from akachat.retrieval.store import Store
from akachat.retrieval.values import Hit, Passage
from akachat.retrieval.vectors import VectorIndex

__all__ = ["Library", "fuse", "mode_of"]

#: How many vectors are read from the database at once.
_BATCH = 500
#: Reciprocal rank fusion's constant, as in Cormack, Clarke and Büttcher (SIGIR 2009).
_RRF = 60
#: How many hits of each kind are fused.
_FUSED = 50

Ranked = Sequence[tuple[int, float]]


class Library:
    """Opens a library's folder. Its methods block, and may be called from any thread.

    Attributes:
        name, folder: what it is called, and where its documents are.
        store: its database.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.hidden = folder / HIDDEN
        with translated(str(folder), "open the library"):
            self.hidden.mkdir(parents=True, exist_ok=True)
            ignore = self.hidden / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        self.store = Store(self.hidden / "index.db")
        self.keyword = KeywordIndex(self.hidden / "keyword")
        self._vectors: VectorIndex | None = None
        self._lock = threading.Lock()
        self._generation = self.store.get("generation")

    def close(self) -> None:
        """Closes its files."""
        self.store.close()

    @property
    def configuration(self) -> Configuration:
        """Its settings as they are on disk now."""
        return Configuration.read(self.hidden / "library.json")

    def refresh(self) -> None:
        """Sees what another process, or work of our own, has committed since."""
        generation = self.store.get("generation")
        if generation != self._generation:
            with self._lock:
                self.keyword.reload()
                self._vectors = None
                self._generation = generation

    def search_keyword(self, query: str, limit: int) -> Ranked:
        """The best live passages' numbers with their scores."""
        self.refresh()
        asked = limit + 8
        while True:
            found = self.keyword.search(query, asked)
            live = self.store.passages([number for number, _ in found])
            kept = [(number, score) for number, score in found if number in live]
            # What is staged, or gone but not yet swept, is in this index as well.
            if len(kept) >= limit or len(found) < asked:
                return kept[:limit]
            asked *= 4

    def search_vectors(self, vector: NDArray[np.float32], limit: int) -> Ranked:
        """The nearest live passages' numbers with their cosines."""
        self.refresh()
        index = self.vectors(len(vector))
        ids, scores = index.search(vector, min(limit, len(index)))
        return [(int(number), float(score)) for number, score in zip(ids, scores, strict=True) if number >= 0]

    def vectors(self, dimensions: int) -> VectorIndex:
        """The index of all live vectors: from its file, or made from the database."""
        with self._lock:
            if self._vectors is None:
                self._vectors = self._load_vectors(dimensions)
            return self._vectors

    def _load_vectors(self, dimensions: int) -> VectorIndex:
        path, stamp = self.hidden / "vectors.faiss", self._stamp()
        index = VectorIndex.load(path, stamp)
        if index is not None:
            return index
        index = VectorIndex(dimensions)
        ids = self.store.vector_ids()
        for begin in range(0, len(ids), _BATCH):
            index.add(*self.store.vectors_of([int(number) for number in ids[begin : begin + _BATCH]]))
        with translated(str(path), "write"):
            index.save(path, stamp)
        return index

    def _stamp(self) -> Mapping[str, Any]:
        return {"generation": self.store.get("generation"), "model": self.store.get("vectors")}

    def hits(self, ranked: Ranked, query: str, *, keyword: Ranked = (), semantic: Ranked = ()) -> list[Hit]:
        """Ranked numbers as hits; the two rankings tell which search found them."""
        live = self.store.passages([number for number, _ in ranked])
        by_keyword = {number: rank for rank, (number, _) in enumerate(keyword, 1)}
        by_meaning = {number: rank for rank, (number, _) in enumerate(semantic, 1)}

        def hit(passage: Passage, score: float) -> Hit:
            return Hit(
                self.name,
                passage,
                score,
                marks(passage.text, query),
                by_keyword.get(passage.id),
                by_meaning.get(passage.id),
            )

        return [hit(live[number], score) for number, score in ranked if number in live]

    def search(self, query: str, k: int, mode: str, vector: NDArray[np.float32] | None) -> list[Hit]:
        """The best passages: by keywords, by a query's vector, or by both fused.

        Args:
            query: what to look for.
            k: how many.
            mode: ``keyword``, ``semantic`` or ``hybrid``.
            vector: the query's, for the latter two.
        """
        each = max(k, _FUSED) if mode == "hybrid" else k
        keyword = self.search_keyword(query, each) if mode != "semantic" else ()
        semantic = self.search_vectors(vector, each) if mode != "keyword" and vector is not None else ()
        if mode == "keyword":
            ranked = keyword
        elif mode == "semantic":
            ranked = semantic
        else:
            ranked = fuse(keyword, semantic)[:k]
        return self.hits(ranked, query, keyword=keyword, semantic=semantic)


def fuse(*rankings: Ranked) -> list[tuple[int, float]]:
    """Rankings as one by reciprocal rank fusion; equal scores keep the order of the first ranking."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (number, _) in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (_RRF + rank)
    return sorted(scores.items(), key=lambda each: -each[1])


def mode_of(library: Library, configuration: Configuration, asked: str) -> str:
    """What a search does: what is asked for, else what the library says; ``auto`` is resolved."""
    mode = asked or configuration.search
    if mode != "auto":
        return mode
    if not configuration.model or not library.store.get("vectors"):
        return "keyword"
    return "hybrid" if library.store.get("embedded") == library.store.get("generation") else "keyword"
