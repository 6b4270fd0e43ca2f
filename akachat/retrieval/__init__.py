"""Named libraries of documents that an instruction searches by ``rag()``."""

from akachat.retrieval.library import Libraries

__all__ = ["Libraries"]
