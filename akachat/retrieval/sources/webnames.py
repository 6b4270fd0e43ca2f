"""What came from the web is named after where it came from: ``example.com/docs/guide.html``."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

from yarl import URL

from akachat.retrieval.sources.paths import safe_name
from akachat.retrieval.values import Refused

__all__ = ["file_name", "web_name"]

_PART_BYTES = 120
#: The kinds that readers know, for pages whose address has no ending.
_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/epub+zip": ".epub",
}
_EXTENDED = re.compile(r"""filename\*\s*=\s*([\w-]+)'[^']*'([^;\s]+)""", re.IGNORECASE)
_QUOTED = re.compile(r'filename\s*=\s*"((?:\\.|[^"\\])*)"', re.IGNORECASE)
_TOKEN = re.compile(r'filename\s*=\s*([^";\s]+)', re.IGNORECASE)
_UNFIT = re.compile('[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff<>:"|?*\\\\/]')


def file_name(disposition: str) -> str:
    """The file's name in a Content-Disposition header, without folders; empty where there is none."""
    if match := _EXTENDED.search(disposition):
        try:
            return _last(unquote(match[2], encoding=match[1], errors="replace"))
        except LookupError:
            pass  # an encoding that nobody knows: the plain name may do
    if match := _QUOTED.search(disposition):
        return _last(_text(re.sub(r"\\(.)", r"\1", match[1])))
    if match := _TOKEN.search(disposition):
        return _last(_text(match[1]))
    return ""


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _text(raw: str) -> str:
    """A header's text, whose bytes that are not UTF-8 come as surrogates."""
    data = raw.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp932", "replace")


def web_name(url: URL, name: str, media_type: str) -> str:
    """The name in a library of what an address gave.

    Args:
        url: the address, without a password.
        name: what the server calls the file; may be empty.
        media_type: of what came, for an ending where the address has none.
    """
    host = url.host or "host"
    if not url.is_default_port():
        host += f"_{url.port}"
    *folders, last = [unquote(part, errors="replace") for part in url.raw_path.lstrip("/").split("/")]
    last = name or last or "index"
    stem, dot, ending = last.rpartition(".")
    if not (dot and stem and 0 < len(ending) <= 8):
        stem, ending = last, _ENDINGS.get(media_type, ".html" if last == "index" else "").removeprefix(".")
    if url.raw_query_string:
        stem += "-" + _digest(url.raw_query_string)
    last = f"{stem}.{ending}" if ending else stem
    parts = [_tame(part) for part in (host, *folders, last) if part]
    try:
        return safe_name("/".join(parts))
    except Refused:  # too long as a whole: its folders are told apart by a digest
        return safe_name(f"{parts[0]}/{_digest(str(url))}/{parts[-1]}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _tame(part: str) -> str:
    """A part of a name that every system takes, as near as can be to what it was."""
    part = _UNFIT.sub("_", part)
    data = part.encode()
    if len(data) > _PART_BYTES:
        stem, dot, ending = part.rpartition(".")
        ending = dot + ending if dot and len(ending) <= 8 else ""
        kept = (stem if ending else part).encode()[: _PART_BYTES - 30].decode(errors="ignore")
        part = f"{kept}-{_digest(part)}{ending}"
    part = part.strip(" ").rstrip(" .") or "_"
    try:
        return safe_name(part)
    except Refused:  # a device's name, or one of the program's own
        return "_" + part
