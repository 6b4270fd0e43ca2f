"""The vectors of a library: what is found, after additions, removals, growth and a restart."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from akachat.retrieval.placing import has_gpu
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


@pytest.mark.parametrize("exact_up_to", [100_000, 900])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_was_added_and_removed_is_as_in_a_dictionary(seed: int, exact_up_to: int, tmp_path: Path) -> None:
    dice, vectors = random.Random(seed), clustered(4_000, seed=seed)
    index = VectorIndex(32, exact_up_to=exact_up_to)
    known: dict[int, Any] = {}
    for step in range(60):
        some = np.array(dice.sample(range(2_000), dice.choice((1, 7, 90))))
        if dice.random() < 0.25:
            index.remove(some)
            known = {key: value for key, value in known.items() if key not in set(some.tolist())}
        else:
            rows = vectors[[dice.randrange(4_000) for _ in some]]
            index.add(some, rows)
            known.update(zip(some.tolist(), rows, strict=True))
        if step % 20 == 19:
            index.save(tmp_path / "v", {})
            loaded = VectorIndex.load(tmp_path / "v", {})
            assert loaded is not None
            index = loaded
        assert index.ids().tolist() == sorted(known)
    everything = np.array(sorted(known))
    for key in dice.sample(sorted(known), 20):
        ids, scores = index.search(known[key], 3, allowed=everything)
        best = max(float(value @ known[key]) for value in known.values())
        assert abs(scores[0] - best) < 1e-2
        assert abs(float(known[int(ids[0])] @ known[key]) - best) < 1e-2
    index.remove(everything)
    assert len(index) == 0
    assert index.search(vectors[0], 3)[0].tolist() == []
    index.save(tmp_path / "v", {})
    again = VectorIndex.load(tmp_path / "v", {})
    assert again is not None
    again.add(np.array([5]), vectors[:1])
    assert again.search(vectors[0], 1)[0].tolist() == [5]


@pytest.mark.parametrize("exact_up_to", [1_000_000, 20_000])
def test_a_search_does_not_wait_for_a_writer(exact_up_to: int) -> None:
    vectors = clustered(60_000)
    index = VectorIndex(32, exact_up_to=exact_up_to)
    index.add(np.arange(1_000), vectors[:1_000])

    def write() -> None:
        for begin in range(1_000, 60_000, 500):
            index.add(np.arange(begin, begin + 500), vectors[begin : begin + 500])
        index.remove(np.arange(40_000, 60_000))

    writer = threading.Thread(target=write)
    writer.start()
    during = 0
    while writer.is_alive():
        ids, scores = index.search(vectors[during % 1_000], 5)
        assert during % 1_000 in ids[scores > scores[0] - 1e-3]
        assert len(set(ids.tolist())) == 5
        during += 1
    writer.join()
    assert during > 2
    assert len(index) == 40_000


def test_where_there_is_no_gpu_the_index_is_searched_where_it_is() -> None:
    import faiss

    if has_gpu(faiss):
        pytest.skip("there is a GPU here")
    vectors = clustered(30_000)
    index = VectorIndex(32)
    index.add(np.arange(30_000), vectors)
    assert index.search(vectors[29_999], 1)[0].tolist() == [29_999]


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
