"""Embedding models: loaded once, kinds of text told apart, failures that say what to do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from akachat.errors import ModelError
from akachat.retrieval.embedding.known import prefixes, suggestions
from akachat.retrieval.embedding.shelf import Embedders
from akachat.settings import Settings
from tests.embedders import make_embedder

np = pytest.importorskip("numpy")
pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_embedder(folder / "multilingual-e5-tiny")
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("/models/multilingual-e5-tiny", "query: ", "passage: "),
        ("cl-nagoya/ruri-v3-30m", "検索クエリ: ", "検索文書: "),
        ("cl-nagoya/ruri-small-v2", "クエリ: ", "文章: "),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("BAAI/bge-m3", "", ""),
        ("google/embeddinggemma-300m", "q", "d"),
    ],
)
def test_prefixes(name: str, query: str, passage: str) -> None:
    own = {"query": "q", "document": "d"} if "gemma" in name else {}
    assert prefixes(name, own) == (query, passage)


def test_suggestions_are_told_in_full() -> None:
    assert all(model.note and model.dimensions and model.licence for model in suggestions())


async def test_vectors_have_length_one_and_the_texts_order(models: Path) -> None:
    shelf = Embedders(Settings, models)
    first, second = await asyncio.gather(*(shelf.get("multilingual-e5-tiny") for _ in range(2)))
    assert first is second
    texts = ["あ", "long " * 40, "cat", "きょうは"]
    vectors, tokens = await shelf.embed(first, texts, "passage")
    assert vectors.shape == (4, 32)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert tokens > 64
    assert first.cut == 1
    alone, _ = await shelf.embed(first, ["cat"], "passage")
    assert np.allclose(alone[0], vectors[2], atol=1e-5)
    asked, _ = await shelf.embed(first, ["cat"], "query")
    assert not np.allclose(asked[0], vectors[2], atol=1e-3)
    none, _ = await shelf.embed(first, [], "query")
    assert none.shape == (0, 32)
    await shelf.aclose()


async def test_a_folder_without_a_model_is_refused(models: Path) -> None:
    with pytest.raises(ModelError, match="no sentence-transformers model"):
        await Embedders(Settings, models).get("empty")


async def test_a_folder_outside_is_never_loaded(models: Path, tmp_path: Path) -> None:
    for name in (str(models / "multilingual-e5-tiny"), "../" + models.name + "/multilingual-e5-tiny"):
        (tmp_path / "inner").mkdir(exist_ok=True)
        with pytest.raises(ModelError, match="there is no embedding model"):
            await Embedders(Settings, tmp_path / "inner").get(name)


def test_importing_is_light() -> None:
    code = "import sys, akachat.retrieval.embedding.shelf, akachat.retrieval.vectors; " + (
        "print([n for n in ('torch', 'faiss', 'sentence_transformers') if n in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
