"""Libraries as a LangChain retriever: chains written for any retriever search what was brought in here.

::

    from akachat import Playground
    from akachat.retrieval.langchain import LibraryRetriever

    retriever = LibraryRetriever(libraries=Playground("my-folder").libraries, names=["manual"], k=3)
    documents = retriever.invoke("how long is the warranty")

It needs the extra ``langchain``. Only those who use it import this module.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import PrivateAttr

from akachat.errors import Conflict
from akachat.retrieval.libraries import Libraries
from akachat.retrieval.values import Hit

__all__ = ["LibraryRetriever"]


class LibraryRetriever(BaseRetriever):
    """Searches libraries; a document's metadata says where its text comes from.

    Work on libraries belongs to one event loop: the one in which this is made, or one of its own where none runs.
    ``close`` ends the latter.

    Attributes:
        libraries: where the libraries are, such as ``playground.libraries``.
        names: which of them to search.
        k: how many passages at most.
        mode: ``keyword``, ``semantic`` or ``hybrid``; empty for what each library says.
    """

    libraries: Libraries
    names: list[str]
    k: int = 4
    mode: str = ""

    _loop: asyncio.AbstractEventLoop = PrivateAttr()
    _thread: threading.Thread | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Finds the loop that the libraries belong to."""
        super().model_post_init(context)
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = asyncio.new_event_loop()
            # A daemon: a script that closes nothing ends all the same.
            self._thread = threading.Thread(target=self._loop.run_forever, name="akachat-retriever", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Closes the libraries and ends the loop, where this has one of its own; it searches no more then."""
        if self._thread is None or self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self.libraries.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        self._check_open()
        if threading.get_ident() == getattr(self._loop, "_thread_id", None):
            raise Conflict(
                "the retriever was called without await inside the event loop that it needs", hint="Call ainvoke()."
            )
        return asyncio.run_coroutine_threadsafe(self._search(query), self._loop).result()

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        self._check_open()
        if asyncio.get_running_loop() is self._loop:
            return await self._search(query)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._search(query), self._loop))

    def _check_open(self) -> None:
        if not self._loop.is_running():
            raise Conflict("the retriever's event loop has ended", hint="Make a new LibraryRetriever.")

    async def _search(self, query: str) -> list[Document]:
        hits: Sequence[Hit] = await self.libraries.search(self.names, query, self.k, mode=self.mode)
        return [_document(hit) for hit in hits]


def _document(hit: Hit) -> Document:
    passage = hit.passage
    return Document(
        page_content=hit.text,
        metadata={
            "source": f"{hit.library}/{passage.file}",
            "library": hit.library,
            "file": passage.file,
            "place": passage.place.label(),
            "headings": list(passage.headings),
            "score": hit.score,
            "start": passage.start,
            "end": passage.end,
        },
    )
