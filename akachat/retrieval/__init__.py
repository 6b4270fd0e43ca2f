"""Named libraries of documents that an instruction searches by ``rag()``."""

from akachat.retrieval.jobs import Job
from akachat.retrieval.libraries import File, Folder, Libraries, LibraryInfo, Source, Text, Url
from akachat.retrieval.values import FileStatus, Hit, Passage, Place

__all__ = [
    "File",
    "FileStatus",
    "Folder",
    "Hit",
    "Job",
    "Libraries",
    "LibraryInfo",
    "Passage",
    "Place",
    "Source",
    "Text",
    "Url",
]
