"""The vectors of a library: what is found, after additions, removals, growth and a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from akachat.retrieval.vectors import VectorIndex

np = pytest.importorskip("numpy")
pytest.importorskip("faiss")


def clustered(count: int, dimensions: int = 32, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((40, dimensions))
    made = centres[random.integers(0, 40, count)] + 0.5 * random.standard_normal((count, dimensions))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("exact_up_to", [10_000, 1_000])
def test_the_nearest_are_found(exact_up_to: int) -> None:
    vectors = clustered(4_000)
    index = VectorIndex(32, exact_up_to=exact_up_to)
    index.add(np.arange(4_000) + 7, vectors)
    hits = 0
    for query in clustered(100, seed=1):
        wanted = set((np.argsort(-(vectors @ query))[:10] + 7).tolist())
        ids, scores = index.search(query, 10)
        hits += len(wanted & set(ids.tolist()))
        assert (np.diff(scores) <= 0).all()
    assert hits >= 950


@pytest.mark.parametrize("exact_up_to", [10_000, 500])
def test_adding_removing_and_allowing(exact_up_to: int, tmp_path: Path) -> None:
    vectors = clustered(1_000)
    index = VectorIndex(32, exact_up_to=exact_up_to)
    index.add(np.arange(1_000), vectors)
    index.remove(np.array([3, 5_000]))
    assert len(index) == 999
    assert 3 not in index.ids()
    assert index.search(vectors[3], 1)[0][0] != 3
    index.add(np.array([3]), vectors[3:4])
    index.add(np.array([4]), vectors[4:5])
    assert len(index) == 1_000
    assert index.search(vectors[3], 1)[0].tolist() == [3]
    assert index.search(vectors[3], 5, allowed=np.array([3]))[0].tolist() == [3]
    assert index.search(vectors[3], 5, allowed=np.array([], np.int64))[0].tolist() == []
    index.add(np.arange(1_000, 5_000), clustered(4_000, seed=2))
    assert index.ids().tolist() == list(range(5_000))
    index.save(tmp_path / "v", {"model": "m"})
    loaded = VectorIndex.load(tmp_path / "v", {"model": "m"})
    assert loaded is not None
    assert loaded.ids().tolist() == list(range(5_000))
    loaded.remove(np.array([3]))
    loaded.add(np.array([9_999]), vectors[3:4])
    assert loaded.search(vectors[3], 1)[0].tolist() == [9_999]


def test_a_file_that_is_not_what_was_saved_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "v"
    assert VectorIndex.load(path, {}) is None
    index = VectorIndex(32)
    assert index.search(clustered(1)[0], 3)[0].tolist() == []
    index.add(np.arange(10), clustered(10))
    index.save(path, {"model": "m"})
    assert VectorIndex.load(path, {"model": "other"}) is None
    data = path.read_bytes()
    for broken in (data[:-1], b"", b"\0" + data[1:]):
        path.write_bytes(broken)
        assert VectorIndex.load(path, {"model": "m"}) is None
    path.write_bytes(data)
    (tmp_path / "v.json").write_text("[]")
    assert VectorIndex.load(path, {"model": "m"}) is None
