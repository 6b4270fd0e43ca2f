"""What goes through the room: blocks out of a file, passages in a library, hits of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from akachat.errors import InvalidInput

__all__ = ["Block", "Document", "FileStatus", "Hit", "Passage", "Place", "Refused", "Status"]

#: ``added``, ``changed`` and ``unchanged`` files are searchable; ``removed`` ones were. ``refused`` ones may not come
#: in (a path that leads out, a limit); ``unreadable`` ones have no text to be had (encrypted, broken, unknown kind).
Status = Literal["added", "changed", "unchanged", "removed", "refused", "unreadable"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands, in the words of that kind of file; all fields may be missing.

    Attributes:
        page: a PDF's page, counted from 1.
        slide: a presentation's slide, counted from 1; ``notes`` tells the speaker's notes from what is shown.
        sheet: a workbook's sheet.
        row: a table's row as its program counts it (a spreadsheet's first row is 1).
        line: a text's line, counted from 1.
        second: seconds into a recording, for subtitles.
        path: where in a JSON value, or which part of an e-mail or a book, e.g. ``$.items[3]``.
    """

    page: int | None = None
    slide: int | None = None
    notes: bool = False
    sheet: str = ""
    row: int | None = None
    line: int | None = None
    second: float | None = None
    path: str = ""

    def label(self) -> str:
        """The place in one short form that is the same in every language: ``p.3``, ``slide 2``, ``売上!5``."""
        parts = []
        if self.page is not None:
            parts.append(f"p.{self.page}")
        if self.slide is not None:
            parts.append(f"slide {self.slide}" + (" notes" if self.notes else ""))
        if self.sheet:
            parts.append(self.sheet + (f"!{self.row}" if self.row is not None else ""))
        elif self.row is not None:
            parts.append(f"row {self.row}")
        if self.second is not None:
            minutes, seconds = divmod(int(self.second), 60)
            parts.append(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}")
        if self.path:
            parts.append(self.path)
        if self.line is not None:
            parts.append(f"L{self.line}")
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The fields that say something, as a JSON object."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) not in (None, "", False)}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Place:
        """The place that ``to_dict`` wrote down."""
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a file's text that belongs together: a paragraph, a table's row, a subtitle.

    Attributes:
        text: plain text in NFC; a newline is a line's end that the author meant. Never blank.
        headings: the titles above it, the outermost first.
        place: where it stands.
        lead: what every passage that holds this block begins with, such as a table's caption; mostly empty.
        whole: must not be cut between its sentences (a table's row, a line of code), unless it is far too long.
    """

    text: str
    headings: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    lead: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    Attributes:
        blocks: its text, in reading order; at least one.
        charset: the encoding that its bytes were in, as Python names it; empty where the kind of file has none.
        notes: what was left out and why, one sentence each: "3 of 12 pages have no text".
    """

    blocks: tuple[Block, ...]
    charset: str = ""
    notes: tuple[str, ...] = ()

    @property
    def characters(self) -> int:
        """The length of all its text."""
        return sum(len(block.text) for block in self.blocks)


class Refused(InvalidInput):
    """A file, or a part of one, that does not go into a library; the message says why, the hint what to do.

    Attributes:
        code: the reason in one word, for programs: ``no_text``, ``encrypted``, ``unknown_kind``, ``too_large``,
            ``broken``, ``empty``, ``too_slow``, ``path``, ``link``, ``bomb``, ``duplicate``, ``limit``,
            ``missing``, ``refused_url``, ``unreachable``, ``disk``.
        status: what a list of files shows for it.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", shown: Status = "refused") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.shown: Status = shown


@dataclass(frozen=True, slots=True)
class FileStatus:
    """How one file fared.

    Attributes:
        file: its name in the library, ``/`` between folders; what was refused is named as it was given, made visible.
        characters: the length of its text.
        reason: why it is not searchable, or what was left out of it; empty where all went in.
        code: as in ``Refused``; empty where the file is searchable.
        hint: what to do about it.
        passages: how many it was cut into.
        bytes: its size.
        charset: as in ``Document``.
        source: what brought it: a zip's name, a URL, a folder; empty for a file that was put there by hand.
    """

    file: str
    status: Status
    characters: int = 0
    reason: str = ""
    code: str = ""
    hint: str = ""
    passages: int = 0
    bytes: int = 0
    charset: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The file as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file that is found as a whole.

    Attributes:
        id: its number in the library, never used twice.
        file: the file's name in the library.
        text: what ``rag()`` gives: the headings' line, if any, then the body.
        body: where in ``text`` the body begins.
        start, end: the body's place in the file's whole text, in characters.
        place, headings: as in ``Block``; the place is where the passage begins.
    """

    id: int
    file: str
    text: str
    body: int
    start: int
    end: int
    headings: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)

    def to_dict(self) -> dict[str, Any]:
        """The passage as a JSON object."""
        return {
            "id": self.id,
            "file": self.file,
            "text": self.text,
            "body": self.body,
            "start": self.start,
            "end": self.end,
            "headings": list(self.headings),
            "place": self.place.label(),
            "at": self.place.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found.

    Attributes:
        library: the library's name.
        score: higher is better; comparable only within one search (BM25, a cosine, or a fused rank).
        marks: the pieces of the passage's text that the query's words are found in, as (start, end), in order.
        keyword, semantic: the passage's rank in either search, from 1; None where that one did not find it.
    """

    library: str
    passage: Passage
    score: float
    marks: tuple[tuple[int, int], ...] = ()
    keyword: int | None = None
    semantic: int | None = None

    @property
    def text(self) -> str:
        """The passage's text."""
        return self.passage.text

    def to_dict(self) -> dict[str, Any]:
        """The hit as a JSON object: ``text``, ``score``, ``file``, ``place`` and more."""
        return {
            **self.passage.to_dict(),
            "library": self.library,
            "score": round(self.score, 6),
            "marks": [list(mark) for mark in self.marks],
            "keyword": self.keyword,
            "semantic": self.semantic,
        }
