"""Rich text (RTF): what WordPad, Word and mail programs write, in each font's code page, with headings and tables."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from akachat.retrieval.reading.rows import grid_texts
from akachat.retrieval.reading.rtf_words import CHARACTERS, CODE_PAGES, DROPPED, HEADING_STYLE, KEPT, SIGNS, TOKEN
from akachat.retrieval.values import Block, Document

__all__ = ["read"]


def read(data: bytes, name: str, charset: str) -> Document:
    """A rich text."""
    parser = _Parser(charset)
    blocks = tuple(parser.blocks(data.decode("latin-1")))
    return Document(blocks, parser.charset)


@dataclass(slots=True)
class _Group:
    """What holds until the brace that closes: what the text in it is for, and how it is written."""

    use: str = ""
    font: int = -1
    skip: int = 1
    hidden: bool = False
    begins: bool = True
    in_note: bool = False
    closes: str = ""


@dataclass(slots=True)
class _Paragraph:
    """How the paragraph that is being read is set."""

    level: int = 0
    is_cell: bool = False


@dataclass(slots=True)
class _Style:
    """A paragraph style that is being read: its number, its heading level, its name."""

    number: int = 0
    level: int = 0
    name: list[str] = field(default_factory=list)


class _Parser:
    """Goes through the tokens; text gathers until its paragraph, cell or row ends."""

    def __init__(self, charset: str) -> None:
        self.charset = charset or "cp1252"
        self._chosen = bool(charset)
        self._pages: dict[int, str] = {}
        self._levels: dict[int, int] = {}
        self._style = _Style()
        self._groups: list[_Group] = []
        self._now = _Group()
        self._paragraph = _Paragraph()
        self._default = -1
        self._passed = 0
        self._held: list[str] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._path: list[tuple[int, str]] = []
        self._bare = False
        self._decoder: tuple[str, codecs.IncrementalDecoder] | None = None

    def blocks(self, text: str) -> Iterator[Block]:
        at = 0
        while found := TOKEN.match(text, at) or TOKEN.search(text, at):
            at = found.end()
            kind = found.lastgroup
            if kind in ("word", "number"):
                word, number = found["word"], int(found["number"] or 1)
                if word == "bin":
                    at += max(0, number)  # so many bytes of anything, braces too
                yield from self._word(word, number, found["number"] is not None)
            elif kind == "brace":
                self._brace(found["brace"])
            elif kind == "byte":
                self._bytes(bytes([int(found["byte"], 16)]))
            elif kind == "sign":
                self._sign(found["sign"])
            else:
                self._bytes(found["text"].replace("\r", "").replace("\n", "").encode("latin-1"))
        yield from self._end_paragraph()
        yield from self._end_table()
        yield from self._alone()

    # text

    def _bytes(self, data: bytes) -> None:
        """Text in the font's code page; the second byte of a character may stand there as a letter."""
        self._now.begins = False
        passed = min(self._passed, len(data))
        self._passed -= passed
        data = data[passed:]
        if not data or not self._listens():
            return
        page = self.charset if self._chosen else self._pages.get(self._font(), self.charset)
        if self._decoder is None or self._decoder[0] != page:
            self._flush()
            try:
                self._decoder = page, codecs.getincrementaldecoder(page)("replace")
            except LookupError:
                self._decoder = page, codecs.getincrementaldecoder("cp1252")("replace")
        self._say(self._decoder[1].decode(data))

    def _flush(self) -> None:
        if self._decoder is not None:
            (_, decoder), self._decoder = self._decoder, None
            self._say(decoder.decode(b"", True))

    def _listens(self) -> bool:
        return self._now.use in ("", "style") and not self._now.hidden

    def _font(self) -> int:
        return self._now.font if self._now.font >= 0 else self._default

    def _say(self, text: str) -> None:
        if text:
            (self._style.name if self._now.use == "style" else self._held).append(text)

    def _character(self, text: str) -> None:
        self._flush()
        if self._listens():
            self._say(text)

    # structure

    def _brace(self, brace: str) -> None:
        self._flush()
        self._passed = 0
        if brace == "{":
            self._groups.append(self._now)
            use = "style" if self._now.use == "stylesheet" else self._now.use
            if use == "style":
                self._style = _Style()
            self._now = replace(self._now, use=use, begins=True, closes="")
        elif self._groups:
            if self._now.use == "style":
                named = HEADING_STYLE.search("".join(self._style.name))
                if level := self._style.level or (int(named[1]) if named else 0):
                    self._levels[self._style.number] = level
            if self._now.closes and self._listens():
                self._held = ["".join(self._held).rstrip() + self._now.closes]
            self._now = self._groups.pop()

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._now.use = self._now.use or "optional"
        elif sign in "\r\n":
            self._character("\n")
        elif sign in SIGNS:
            self._now.begins = False
            if self._passed:
                self._passed -= 1
            elif sign in "\\{}":
                self._bytes(sign.encode())  # may be the second byte of a character
            else:
                self._character(SIGNS[sign])

    def _word(self, word: str, number: int, is_numbered: bool) -> Iterator[Block]:
        first, self._now.begins = self._now.begins, False
        if word == "u":
            self._character(chr(number % 0x10000))
            self._passed = self._now.skip
            return
        self._flush()
        self._passed = 0
        if first and self._opens(word):
            return
        if word in ("par", "sect", "page", "row", "cell"):
            if self._listens():
                yield from self._ends(word)
        elif word in CHARACTERS:
            self._character(CHARACTERS[word])
        else:
            self._set(word, number, is_numbered)

    def _opens(self, word: str) -> bool:
        """Takes a word that says what its group is for."""
        use = self._now.use
        if word in ("fonttbl", "stylesheet"):
            self._now.use = word
        elif word in DROPPED:
            self._now.use = "dropped"
        elif word == "footnote" and use in ("", "optional"):
            self._now.use, self._now.in_note, self._now.closes = "", True, ")"
            self._character(" (")
        elif use == "optional":
            self._now.use = "" if word in KEPT else "dropped"
        else:
            return False
        return True

    def _set(self, word: str, number: int, is_numbered: bool) -> None:
        use = self._now.use
        if self._now.in_note and word in ("pard", "intbl", "s", "outlinelevel"):
            return  # the note's own paragraph is told inside the one that it belongs to
        match word:
            case "ansicpg" if not self._chosen and number:
                self.charset = f"cp{number}" if number != 65001 else "utf-8"
            case "mac" if not self._chosen:
                self.charset = "mac_roman"
            case "deff":
                self._default = number
            case "f":
                self._now.font = number
            case "fcharset" if use == "fonttbl" and number in CODE_PAGES:
                self._pages[self._now.font] = CODE_PAGES[number]
            case "uc":
                self._now.skip = max(0, number) if is_numbered else 1
            case "v" | "deleted":
                self._now.hidden = number != 0 if is_numbered else True
            case "plain":
                self._now.hidden, self._now.font = False, -1
            case "pard":
                self._paragraph = _Paragraph()
            case "intbl":
                self._paragraph.is_cell = True
            case "s" if use == "style":
                self._style.number = number
            case "s":
                self._paragraph.level = self._levels.get(number, 0)
            case "outlinelevel" if use == "style":
                self._style.level = number + 1 if 0 <= number < 9 else 0
            case "outlinelevel" if 0 <= number < 9:
                self._paragraph.level = number + 1

    def _ends(self, word: str) -> Iterator[Block]:
        if self._now.in_note:
            self._held.append(" ")
        elif word == "cell":
            self._row.append(self._taken())
        elif word == "row":
            self._rows.append(self._row)
            self._row = []
        elif self._paragraph.is_cell:
            self._held.append("\n")
        else:
            yield from self._end_table()
            yield from self._end_paragraph()

    def _taken(self) -> str:
        text = "".join(self._held).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
        self._held = []
        return text

    def _end_paragraph(self) -> Iterator[Block]:
        self._flush()
        text, level = self._taken(), self._paragraph.level
        if not text:
            return
        if level and len(text) <= 200:
            if self._path and level <= self._path[-1][0]:
                yield from self._alone()
            self._path = [each for each in self._path if each[0] < level]
            self._path.append((level, text))
            self._bare = True
        else:
            yield self._block(text)

    def _end_table(self) -> Iterator[Block]:
        rows, self._rows = self._rows, []
        for text in grid_texts(rows):
            yield self._block(text, whole=True)

    def _alone(self) -> Iterator[Block]:
        """A heading that nothing stands below is all there is to find."""
        if self._bare:
            yield self._block(self._path[-1][1])

    def _block(self, text: str, *, whole: bool = False) -> Block:
        self._bare = False
        return Block(text, tuple(title for _, title in self._path), whole=whole)
