"""Which reader a file goes to: by what it holds, then by what it is called."""

from __future__ import annotations

import importlib
import io
import re
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.values import Block, Document, Refused

__all__ = ["read_document"]

#: Module -> endings of names.
_ENDINGS = {
    "markdown": "md markdown mdx",
    "html": "html htm xhtml",
    "tables": "csv tsv tab",
    "data": "json jsonl ndjson",
    "subtitles": "srt vtt",
    "mail": "eml mht mhtml",
    "notebook": "ipynb",
    "markup": "rst org",
    "opendocument": "fodt fods fodp",
    # Only what shows nothing else: a .doc or .xls may be HTML, and a .msg any text.
    "generic": "chm conllu enex",
    "code": "py js jsx ts tsx java c h cc cpp hpp cs go rs rb php swift kt scala sh bash ps1 bat sql r lua pl css scss"
    " yaml yml toml ini cfg conf xml vue svelte dart",
}
#: What is stored as one file system in a file, and that "generic" knows.
_OLE_ENDINGS = ("doc", "ppt", "xls", "msg")
_BY_ENDING = {ending: module for module, endings in _ENDINGS.items() for ending in endings.split()}
_MEDIA = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....(WAVE|AVI |WEBP)|OggS|fLaC|....ftyp|\x7fELF|\x1f\x8b|BZh|7z\xbc\xaf|Rar!",
    re.DOTALL,
)
#: What a text may begin with as well; a file of this kind has NULs.
_MAYBE_MEDIA = re.compile(rb"MZ|ID3|BM")
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\n\t"} | {0x7F: None, 0xFEFF: None, 0x200B: None}

_UNTIDY = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\ufeff\ud800-\udfff]")


def read_document(path: Path, name: str, *, charset: str = "", limits: ReadLimits) -> Document:
    """A file's text.

    Raises:
        Refused: it has none that can be had, and why.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Refused("missing", f"it cannot be opened: {error.strerror}", shown="unreadable") from None
    if size > limits.bytes:
        raise Refused(
            "too_large",
            f"it has {size:,} bytes, over the limit of {limits.bytes:,}",
            hint="Split it, or raise limits.rag_file_bytes.",
            shown="unreadable",
        )
    data = path.read_bytes()
    if not data.strip():
        raise Refused("empty", "it is empty", shown="unreadable")
    module = _module(data, name)
    try:
        # By name: a text must not wait for the libraries of PDF and Office, whose imports take longer than itself.
        reader = importlib.import_module(f"akachat.retrieval.reading.{module}")
        document = reader.read(data, name, charset)
    except (Refused, MemoryError):
        raise
    except RecursionError:
        raise Refused("broken", "it nests too deep", shown="unreadable") from None
    except Exception as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        hint = "Open and save it again in its own program."
        raise Refused("broken", f"it cannot be read: {why}", hint=hint, shown="unreadable") from None
    return _clean(document, limits)


def _module(data: bytes, name: str) -> str:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    # Some programs write a few lines before the mark; a text may speak of it.
    if data.lstrip().startswith(b"%PDF-") or (ending == "pdf" and b"%PDF-" in data[:1024]):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return _ole(data, ending)
    if _MEDIA.match(data) or (_MAYBE_MEDIA.match(data) and b"\0" in data[:65_536]):
        raise Refused(
            "unknown_kind",
            "it is a picture, a recording, a program or an archive",
            hint="Only text can be searched.",
            shown="unreadable",
        )
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    start = data[:512].lstrip().lower()
    return "html" if start.startswith((b"<!doctype html", b"<html")) else "plain"


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:40] if names and names[0] == "mimetype" else b""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused("broken", f"it is a damaged zip: {error}", shown="unreadable") from None
    if kind.startswith(b"application/epub"):
        return "epub"
    if kind.startswith(b"application/vnd.oasis"):
        return "opendocument"
    for folder, module in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
        if any(name.startswith(folder) for name in names):
            return module
    raise Refused(
        "unknown_kind",
        "it is an archive inside the library",
        hint="Add the zip on the page or by `akachat rag add`.",
        shown="unreadable",
    )


def _ole(data: bytes, ending: str) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused("encrypted", "it is protected by a password", hint="Save a copy without one.", shown="unreadable")
    if ending in _OLE_ENDINGS:
        return "generic"
    raise Refused(
        "unknown_kind", "it is of the old Office's kind", hint="Save it as .docx, .xlsx or .pptx.", shown="unreadable"
    )


def _clean(document: Document, limits: ReadLimits) -> Document:
    blocks = []
    length = 0
    # Millions of blocks may stand under few headings.
    titles: dict[tuple[str, ...], tuple[str, ...]] = {}
    for block in document.blocks:
        text = _tidy(block.text)
        length += len(text)
        if length > limits.characters:
            raise Refused(
                "too_large",
                f"its text has over {limits.characters:,} characters",
                hint="Split it, or raise limits.rag_file_characters.",
                shown="unreadable",
            )
        if text.strip():
            headings = titles.get(block.headings)
            if headings is None:
                headings = titles[block.headings] = tuple(title for title in map(_line, block.headings) if title)
            place = block.place
            if place.path or place.sheet:
                place = replace(place, path=_tidy(place.path), sheet=_tidy(place.sheet))
            blocks.append(Block(text, headings, place, _line(block.lead), block.whole))
    if not blocks:
        raise Refused(
            "no_text", "it has no text", hint="A scanned document needs an OCR program first.", shown="unreadable"
        )
    return Document(tuple(blocks), document.charset, tuple(map(_line, document.notes)))


def _tidy(text: str) -> str:
    if _UNTIDY.search(text):
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no character
        text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return unicodedata.normalize("NFC", text).strip("\n")


def _line(text: str) -> str:
    return " ".join(_tidy(text).split()) if text else ""
