"""Embedding models: loaded once, kinds of text told apart, failures that say what to do."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from akachat.errors import ModelError
from akachat.locks import HIDDEN
from akachat.retrieval.embedding.embedder import weights_of
from akachat.retrieval.embedding.int8 import Int8, is_installed
from akachat.retrieval.embedding.known import prefixes, suggestions
from akachat.retrieval.embedding.precision import resolved
from akachat.retrieval.embedding.shelf import Embedders
from akachat.settings import Settings
from tests.embedders import make_embedder

np = pytest.importorskip("numpy")
pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_embedder(folder / "multilingual-e5-tiny")
    make_embedder(folder / "other", layers=1)
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


@pytest.mark.parametrize(
    ("precision", "device", "like", "is_to_be"),
    [
        ("fp32", "cpu", "", "fp32"),
        ("fp32", "cuda", "m@w:s:fp16", "fp32"),
        ("int8", "cpu", "m@w:s:fp32", "int8"),
        ("int8", "cuda", "", "fp16"),
        ("auto", "cuda", "", "fp16"),
        ("auto", "cuda", "m@w:s:int8", "fp16"),
        ("auto", "cuda", "m@w:s:fp32", "fp32"),
        ("auto", "cpu", "m@w:s:fp32", "fp32"),
        ("auto", "cpu", "m@w:s:int8", "int8"),
        ("auto", "cpu", "m@w:s:fp16", "int8" if is_installed() else "fp32"),
    ],
)
def test_vectors_that_are_there_decide_before_the_machine_does(
    precision: str, device: str, like: str, is_to_be: str
) -> None:
    assert resolved(precision, device, like) == is_to_be


async def test_an_unknown_precision_is_refused(models: Path) -> None:
    with pytest.raises(ModelError, match="no precision 'int4'"):
        await Embedders(Settings, models).get("multilingual-e5-tiny", "", "int4")


async def test_a_small_model_stays_as_it_is_and_is_in_memory_once(models: Path) -> None:
    shelf = Embedders(Settings, models)
    plain = await shelf.get("multilingual-e5-tiny", "", "fp32")
    asked = await shelf.get("multilingual-e5-tiny", "", "int8")
    assert asked is plain
    assert plain.fingerprint.endswith(":fp32")
    await shelf.aclose()


async def test_a_model_that_had_to_go_works_on_in_one_thread(models: Path) -> None:
    settings = Settings.model_validate({"limits": {"embedding_models": 1}})
    shelf = Embedders(lambda: settings, models)
    first = await shelf.get("multilingual-e5-tiny")
    await shelf.get("other")
    await shelf.embed(first, ["a"], "query")
    again = await shelf.get("multilingual-e5-tiny")
    assert again is first
    await asyncio.gather(
        *(shelf.embed(each, ["a"] * 65, "passage") for each in (first, again, await shelf.get("other")))
    )
    running = [thread for thread in threading.enumerate() if thread.name == "embedding"]
    assert len(running) <= 2
    await shelf.aclose()


def _spoilt(model: Any) -> Any:
    """The same model with other weights: each column of a matrix weighs differently."""
    from onnx import numpy_helper

    random = np.random.default_rng(0)
    for each in model.graph.initializer:
        if each.name.endswith("_scale"):
            scale = numpy_helper.to_array(each)
            each.CopyFrom(
                numpy_helper.from_array((scale * random.uniform(-9, 9, scale.shape)).astype(np.float32), each.name)
            )
    return model


@pytest.mark.skipif(not is_installed(), reason="onnx is not installed")
async def test_int8_is_made_once_and_only_used_where_it_is_right(tmp_path: Path) -> None:
    import onnx
    from sentence_transformers import SentenceTransformer

    make_embedder(tmp_path / "model", width=256, layers=6, length=256)
    texts = ["きょうは いい てんき", "the cat sat on the mat " * 8, "x"]

    async def vectors(precision: str) -> tuple[str, str, Any]:
        shelf = Embedders(Settings, tmp_path)
        embedder = await shelf.get("model", "", precision)
        made, _ = await shelf.embed(embedder, texts, "passage")
        await shelf.aclose()
        return embedder.precision, embedder.note, made

    def alike(one: Any, other: Any) -> bool:
        return bool(((one * other).sum(axis=1) > 0.99).all())

    _, _, exact = await vectors("fp32")
    assert not (tmp_path / HIDDEN).exists()
    told, note, first = await vectors("auto")
    assert (told, note) == ("int8", "")
    assert alike(first, exact)
    assert not np.array_equal(first, exact)
    (file,) = (tmp_path / HIDDEN / "int8").glob("*.onnx")
    assert not list(file.parent.glob("making-*"))
    made = file.stat().st_ino
    told, _, again = await vectors("int8")
    assert told == "int8"
    assert np.allclose(again, first, atol=1e-6)
    assert file.stat().st_ino == made

    whole = file.read_bytes()
    onnx.save(_spoilt(onnx.load(file)), file)
    told, note, other = await vectors("auto")
    assert told == "fp32"
    assert "too far from those of fp32" in note
    assert np.allclose(other, exact, atol=1e-6)

    # A torn file goes; where another one cannot be made, that is no reason to fail.
    file.write_bytes(whole[: len(whole) // 2])
    plain = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    int8 = Int8(file.parent)
    int8.stop()
    assert "cannot be made" in int8.put_into(plain, tmp_path / "model", weights_of(tmp_path / "model"))
    assert not file.exists()
    shutil.rmtree(file.parent)
    file.parent.write_text("in the way")
    told, note, other = await vectors("int8")
    assert told == "fp32"
    assert "cannot be written" in note
    assert np.allclose(other, exact, atol=1e-6)


def test_importing_is_light() -> None:
    code = "import sys, akachat.retrieval.embedding.shelf, akachat.retrieval.vectors; " + (
        "print([n for n in ('torch', 'faiss', 'sentence_transformers') if n in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
