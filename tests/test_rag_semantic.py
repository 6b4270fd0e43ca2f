"""Search by meaning: vectors of a real, tiny model, made in the background and never mixed with another one's."""

from __future__ import annotations

import numpy as np
import pytest

from akachat.errors import Conflict, NotFound
from akachat.playground import Playground
from akachat.retrieval import Text
from tests.embedders import make_embedder


@pytest.fixture
async def library(workspace_folder):
    make_embedder(workspace_folder / "models" / "multilingual-e5-tiny")
    make_embedder(workspace_folder / "models" / "other")
    async with Playground(workspace_folder, environ={}) as playground:
        await playground.libraries.configure("x", {"model": "multilingual-e5-tiny"})
        sources = [Text(f"{n} の はこ は あかい です。", f"{n}.txt") for n in range(5)]
        await playground.libraries.add("x", sources).wait()
        yield playground.libraries


async def test_vectors_are_made_and_searched(library):
    info = await library.info("x")
    assert (info.vectors, info.passages, info.search, info.state) == (5, 5, "hybrid", "ready")
    query = "3 の はこ は あかい です。"
    for mode in ("semantic", "hybrid"):
        hits = await library.search(["x"], query, 5, mode=mode)
        assert len(hits) == 5
        assert all(hit.semantic for hit in hits)
    nearest = (await library.search(["x"], query, 1, mode="semantic"))[0]
    vectors, tokens = await library.embed([query], "multilingual-e5-tiny", kind="query")
    passages, _ = await library.embed([nearest.text], "multilingual-e5-tiny")
    assert tokens > 0
    assert nearest.score == pytest.approx(float(vectors[0] @ passages[0]), abs=1e-3)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


async def test_a_new_document_gets_its_vector_and_a_removed_one_loses_it(library):
    await library.add("x", [Text("ねこ は しろい です。", "ねこ.txt")]).wait()
    assert (await library.info("x")).vectors == 6
    await library.remove("x", ["0.txt"])
    for job in library.jobs("x"):
        await job.over()
    hits = await library.search(["x"], "0 の はこ", 9, mode="semantic")
    assert {hit.passage.file for hit in hits} == {"1.txt", "2.txt", "3.txt", "4.txt", "ねこ.txt"}


async def test_another_model_is_refused_until_the_vectors_are_made_anew(library):
    await library.configure("x", {"model": "other"})
    with pytest.raises(Conflict) as refused:
        await library.search(["x"], "はこ", mode="semantic")
    assert "multilingual-e5-tiny" in refused.value.message
    assert "akachat rag sync x" in refused.value.hint
    assert await library.search(["x"], "あかい 3", mode="keyword") is not None
    await library.sync("x").wait()
    assert len(await library.search(["x"], "はこ", 5, mode="semantic")) == 5


async def test_only_models_that_were_named_embed(library):
    assert library.embedding_names() == ["multilingual-e5-tiny"]
    with pytest.raises(NotFound):
        await library.embed(["x"], "other")
