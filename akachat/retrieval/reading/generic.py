"""Kinds of file that nothing here reads: by LangChain's GenericLoader, where that and what it needs are installed.

``langchain-community`` is archived, and most of its loaders need further packages; what is missing is said by name.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from akachat.retrieval.reading.plain import paragraphs
from akachat.retrieval.values import Block, Document, Place, Refused

if TYPE_CHECKING:
    from langchain_core.documents import Document as Loaded

__all__ = ["read"]


@dataclass(frozen=True, slots=True)
class _Way:
    """How a kind is read.

    Attributes:
        loader: a class in ``langchain_community.document_loaders``.
        packages: the modules that it imports, each with what installs it.
        program: the executable that it starts, and what that belongs to.
        save_as: what a user can do without any of this.
        options: further arguments of the class.
    """

    loader: str
    packages: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, str] = ("", "")
    save_as: str = ".txt"
    options: Mapping[str, Any] = field(default_factory=dict)


_UNSTRUCTURED = {"unstructured": "unstructured"}
_EXCEL = {**_UNSTRUCTURED, "pandas": "pandas", "xlrd": "xlrd", "msoffcrypto": "msoffcrypto-tool"}
_EVERNOTE = {"html2text": "html2text"}
_OFFICE = ("soffice", "LibreOffice")
_ELEMENTS = {"mode": "elements"}
_WAYS = {
    "doc": _Way("UnstructuredWordDocumentLoader", _UNSTRUCTURED, _OFFICE, ".docx", _ELEMENTS),
    "ppt": _Way("UnstructuredPowerPointLoader", _UNSTRUCTURED, _OFFICE, ".pptx", _ELEMENTS),
    "xls": _Way("UnstructuredExcelLoader", _EXCEL, save_as=".xlsx", options=_ELEMENTS),
    "msg": _Way("OutlookMessageLoader", {"extract_msg": "extract-msg"}, save_as=".eml"),
    "chm": _Way("UnstructuredCHMLoader", {**_UNSTRUCTURED, "chm": "pychm"}, save_as=".html"),
    "enex": _Way("EverNoteLoader", _EVERNOTE, save_as=".html", options={"load_single_document": False}),
    "conllu": _Way("CoNLLULoader"),
}
#: Some loaders' libraries count their users where nobody says otherwise.
_SILENT = {"DO_NOT_TRACK": "true", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}


def read(data: bytes, name: str, charset: str) -> Document:
    """A file whose name has an ending that is known here.

    Raises:
        Refused: what reads it is not installed.
    """
    ending = name.rpartition(".")[2].lower()
    way = _WAYS[ending]
    missing = _missing(way)
    if missing:
        raise _not_read(ending, way, missing)
    os.environ.update(_SILENT)
    with TemporaryDirectory(prefix="akachat-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is archived is known
        path = Path(folder, f"document.{ending}")
        path.write_bytes(data)
        try:
            return Document(tuple(_blocks(_load(path, way))))
        except ImportError as error:  # of what a package that is there needs itself
            raise _not_read(ending, way, error.name or str(error)) from None


def _missing(way: _Way) -> str:
    """What has to be installed, told before anything large is imported."""
    packages = {"langchain_community": "langchain-community", **way.packages}
    wanted = [package for module, package in packages.items() if importlib.util.find_spec(module) is None]
    parts = [f"pip install {' '.join(wanted)}"] if wanted else []
    executable, suite = way.program
    if executable and shutil.which(executable) is None:
        parts.append(suite)
    return ", ".join(parts)


def _not_read(ending: str, way: _Way, missing: str) -> Refused:
    return Refused(
        "unknown_kind",
        f"what reads .{ending} files is not installed",
        hint=f"Save it as {way.save_as}, or install what is missing: {missing}",
        shown="unreadable",
    )


def _load(path: Path, way: _Way) -> Iterator[Loaded]:
    from langchain_community import document_loaders
    from langchain_community.document_loaders.blob_loaders import Blob, FileSystemBlobLoader
    from langchain_community.document_loaders.generic import GenericLoader
    from langchain_core.document_loaders import BaseBlobParser

    loader = getattr(document_loaders, way.loader)

    class ByLoader(BaseBlobParser):
        """A loader that takes a file's path as what a GenericLoader parses with."""

        def lazy_parse(self, blob: Blob) -> Iterator[Loaded]:
            yield from loader(str(blob.path), **way.options).lazy_load()

    yield from GenericLoader(FileSystemBlobLoader(path), ByLoader()).lazy_load()


def _blocks(documents: Iterator[Loaded]) -> Iterator[Block]:
    """What a loader gives: whole texts, or pieces that say what each is."""
    path: list[tuple[int, str]] = []
    for document in documents:
        facts, text = document.metadata, document.page_content or ""
        page = facts.get("page_number", facts.get("page"))
        place = Place(page=page if isinstance(page, int) and page > 0 else None)
        if facts.get("category") == "Title":
            level = int(facts.get("category_depth") or 0)
            path = [*(each for each in path if each[0] < level), (level, text)]
        elif title := _title(facts):
            path = [(0, title)]
        headings = tuple(title for _, title in path)
        if sender := facts.get("sender"):
            yield Block(f"Subject: {headings[-1] if headings else ''}\nFrom: {sender}", (), Place(path="head"))
        for _, paragraph in paragraphs(text):
            yield Block(paragraph, headings, place, whole=facts.get("category") == "Table")


def _title(facts: Mapping[str, Any]) -> str:
    return next((str(facts[key]) for key in ("title", "subject", "page_name") if facts.get(key)), "")
