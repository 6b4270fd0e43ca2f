"""Libraries as a LangChain retriever: the same passages as a search's, from code with and without `await`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from akachat.errors import Conflict, NotFound
from akachat.playground import Playground
from akachat.retrieval import Text
from akachat.retrieval.langchain import LibraryRetriever

WARRANTY = "# 保証\n\n保証期間は購入日から二年です。"
OFFICE = "本社は福岡市にあります。"


async def fill(playground: Playground) -> None:
    await playground.libraries.add("manual", [Text(WARRANTY, "保証.md")]).wait()
    await playground.libraries.add("company", [Text(OFFICE, "本社.txt")]).wait()


async def test_with_await(playground: Playground) -> None:
    await fill(playground)
    retriever = LibraryRetriever(libraries=playground.libraries, names=["manual", "company"], k=1)
    found = (await retriever.ainvoke("保証期間"))[0]
    assert "二年" in found.page_content
    assert found.metadata["source"] == "manual/保証.md"
    assert found.metadata["library"] == "manual"
    assert found.metadata["headings"] == ["保証"]
    assert found.metadata["place"]
    assert found.metadata["score"] > 0
    assert "福岡" in (await retriever.ainvoke("福岡市"))[0].page_content
    many = await asyncio.gather(*(retriever.ainvoke(query) for query in ("保証", "福岡") * 10))
    assert all(len(documents) == 1 for documents in many)


async def test_without_await_in_another_thread(playground: Playground) -> None:
    await fill(playground)
    retriever = LibraryRetriever(libraries=playground.libraries, names=["manual"])
    assert "二年" in (await asyncio.to_thread(retriever.invoke, "保証期間"))[0].page_content
    with pytest.raises(Conflict, match="without await"):
        retriever.invoke("保証期間")
    with pytest.raises(NotFound, match="manul"):
        await LibraryRetriever(libraries=playground.libraries, names=["manul"]).ainvoke("x")


def test_in_a_plain_script(workspace_folder: Path) -> None:
    folder = workspace_folder / "rag" / "manual"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text(OFFICE, encoding="utf-8")
    retriever = LibraryRetriever(libraries=Playground(workspace_folder, environ={}).libraries, names=["manual"])
    try:
        assert OFFICE in retriever.invoke("福岡")[0].page_content
        assert OFFICE in asyncio.run(retriever.ainvoke("福岡"))[0].page_content  # from a loop that is not its own
    finally:
        retriever.close()
    with pytest.raises(Conflict, match="has ended"):
        retriever.invoke("福岡")
