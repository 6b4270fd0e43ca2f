"""What Word, PowerPoint and Excel files have in common: a zip of XML parts, and what may be wrong with one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import etree

from akachat.retrieval.values import Refused

__all__ = ["A", "M", "W", "checked", "no_text", "reading", "xml"]

#: The namespaces of drawings, equations and Word, as lxml writes them before a tag.
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_BYTES = 1 << 30
_MOST_RATIO = 200
_SMALL = 1 << 20


def checked(data: bytes, name: str) -> io.BytesIO:
    """The file to be opened, after a look at what it would unpack to.

    Raises:
        Refused: ``encrypted``, ``broken`` or ``bomb``.
    """
    if data.startswith(_OLE):
        raise Refused(
            "encrypted",
            f"{name} is protected by a password or was saved in an old format",
            hint="Save it again without a password, in the current format.",
            shown="unreadable",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _broken(name) from error
    for member in members:
        if member.file_size > _SMALL and member.file_size > _MOST_RATIO * max(1, member.compress_size):
            raise _bomb(name)
    if sum(member.file_size for member in members) > _MOST_BYTES:
        raise _bomb(name)
    return io.BytesIO(data)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Makes whatever the libraries raise about a damaged file into one clear error.

    Raises:
        Refused: ``broken``.
    """
    try:
        yield
    except (Refused, MemoryError):
        raise
    # The libraries promise no kinds of error: a part that is not there comes as KeyError, AttributeError and more.
    except Exception as error:
        raise _broken(name) from error


def xml(part: bytes) -> Any:
    """A part's XML tree, without entities."""
    return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def no_text(name: str) -> Refused:
    """The error for a file in which there is nothing to read."""
    return Refused("no_text", f"{name} has no text", hint="Check that its text is not a picture.", shown="unreadable")


def _broken(name: str) -> Refused:
    return Refused("broken", f"{name} is damaged or not what its name says", hint="Save it again.", shown="unreadable")


def _bomb(name: str) -> Refused:
    return Refused("bomb", f"{name} would unpack to far more than its size", hint="Save it again without its pictures.")
