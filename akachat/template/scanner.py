"""Text to literals and fields with their places, by PEP 701's grammar on every Python."""

from __future__ import annotations

import re

from akachat.errors import InstructionError
from akachat.template.parts import Field, Literal, Part, Places
from akachat.template.readable import Readable, Strings

__all__ = ["scan"]

#: Deeper nesting than any reader can follow; CPython's own limits are 200 brackets and 150 f-strings.
_MAX_BRACKETS = 100
_MAX_NESTING = 20

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_STRING = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_PREFIXES = {"", "r", "b", "u", "f", "br", "rb", "fr", "rf"}
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"[^\W\d]\w*")
_SPACE = re.compile(r"[ \t\f\r\n]+")
_OPERATOR = re.compile(r"==|!=|<=|>=|->|\*\*=?|//=?|<<=?|>>=?|[-+*/%@&|^]=")
_BRACE = re.compile(r"[{}]")
_NAMED = re.compile(r"\\N\{[^{}]*\}")


def scan(instruction: str) -> tuple[Part, ...]:
    """Splits an instruction into literals and fields; their places, put together, are the whole text.

    Raises:
        InstructionError: a brace, bracket or quote without its partner, an empty field, an unknown conversion, …
    """
    return _Scanner(instruction).parts()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.places = Places(text)
        self.readable = Readable(text)
        self.depth = 0

    def error(self, message: str, offset: int, hint: str = "") -> InstructionError:
        line, column = self.places.of(min(offset, len(self.text)))
        return InstructionError(message, hint=hint, line=line, column=column)

    def parts(self) -> tuple[Part, ...]:
        """The parts of the instruction itself, where quotes and line ends mean nothing."""
        text, at = self.text, 0
        parts: list[Part] = []
        piece: list[str] = []
        start = 0

        def flush(end: int) -> None:
            nonlocal piece
            if end > start:
                parts.append(Literal("".join(piece), start, end, *self.places.of(start)))
            piece = []

        while match := _BRACE.search(text, at):
            piece.append(text[at : match.start()])
            at = match.start()
            if text[at : at + 2] in ("{{", "}}"):
                piece.append(text[at])
                at += 2
            elif text[at] == "}":
                raise self.error("A single '}' stands outside of any field", at, "Write }} for a brace in the text.")
            else:
                flush(at)
                found = self.field(at, "")
                parts.append(found)
                start = at = found.end
        piece.append(text[at:])
        flush(len(text))
        return tuple(parts)

    def field(self, brace: int, quote: str) -> Field:
        """The field that begins at ``brace``; ``quote`` is what would end the f-string around it."""
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise self.error("Fields are nested too deeply", brace, f"At most {_MAX_NESTING} levels are read.")
        readable = self.readable
        outer, readable.debugs = readable.debugs, []
        begin = brace + 1
        end, is_empty = self.expression(begin, brace)
        text = self.text
        if is_empty:
            raise self.error(
                f"A field has no expression before {text[end]!r}",
                brace,
                "Write {{ and }} for braces in the text." if text[end] == "}" else "",
            )
        at, debug, conversion, spec = end, "", "", None
        if text[at] == "=":
            at = self.skip_space(at + 1)
            debug = text[begin:at]
            if text[at : at + 1] not in ("!", ":", "}"):
                raise self.error(
                    "After '=' a field can only have '!', ':' or '}'", at, "Write == to compare two values."
                )
        debug_end = at
        if text[at] == "!":
            at, conversion = self.conversion(at)
        if text[at : at + 1] == ":":
            at, spec = self.spec(at + 1, brace, quote)
        elif text[at : at + 1] != "}":
            raise self.unclosed(brace) if at >= len(text) else self.error("A field expects ':' or '}' here", at)
        found = Field(
            text[begin:end],
            conversion,
            spec,
            debug,
            brace,
            at + 1,
            *self.places.of(brace),
            begin,
            readable.between(begin, end),
            tuple(readable.debugs),
        )
        inner, readable.debugs = readable.debugs, outer
        if quote:
            readable.hide(found, end, debug_end)
            readable.debugs += inner
        self.depth -= 1
        return found

    def skip_space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def unclosed(self, brace: int) -> InstructionError:
        return self.error("This '{' is never closed", brace, "Write {{ for a brace in the text.")

    def conversion(self, at: int) -> tuple[int, str]:
        match = _NAME.match(self.text, at + 1)
        if not match or match[0] not in ("r", "s", "a"):
            what = f" {match[0]!r}" if match else ""
            raise self.error(f"The conversion{what} is unknown", at, "It is !r, !s or !a.")
        return self.skip_space(match.end()), match[0]

    def spec(self, start: int, brace: int, quote: str) -> tuple[int, tuple[Part, ...]]:
        """The format spec from ``start`` to the brace that ends the field; here ``{`` always opens a field."""
        text, at, begin = self.text, start, start
        parts: list[Part] = []
        while True:
            char = text[at : at + 1]
            if not char or (quote and text.startswith(quote, at)) or (len(quote) == 1 and char == "\n"):
                raise self.unclosed(brace)
            if char in "{}":
                if at > begin:
                    parts.append(Literal(text[begin:at], begin, at, *self.places.of(begin)))
                if char == "}":
                    return at, tuple(parts)
                nested = self.field(at, quote or "'''")
                parts.append(nested)
                at = begin = nested.end
            else:
                at += 2 if char == "\\" and quote and text[at + 1 : at + 2] not in ("{", "}", "") else 1

    def expression(self, start: int, brace: int) -> tuple[int, bool]:
        """Where the expression ends, and whether there is nothing in it."""
        text, at, size = self.text, start, len(self.text)
        opened: list[int] = []
        run: Strings | None = None
        is_empty = True
        while at < size:
            char = text[at]
            if char.isspace():
                at += 1
                continue
            if char == "#":
                line_end = text.find("\n", at)
                if line_end < 0:
                    raise self.error(
                        "A comment runs to the end of the text, so its field is never closed",
                        brace,
                        "End the line before the '}'.",
                    )
                at = line_end
                continue
            if (match := _STRING.match(text, at)) and match[1].lower() in _PREFIXES:
                run = run or Strings(at, at, [], False)
                at = self.string(match, run)
                is_empty = False
                continue
            if char == "\\" and text[at + 1 : at + 2] in ("\n", "\r"):
                at += 2
                continue
            if run:
                self.readable.close(run)
                run = None
            if not opened and self.ends_expression(at):
                return at, is_empty
            is_empty = False
            if match := _WORD.match(text, at) or _OPERATOR.match(text, at):
                at = match.end()
                continue
            if char in _BRACKETS:
                opened.append(at)
                if len(opened) > _MAX_BRACKETS:
                    raise self.error("Brackets are nested too deeply", at, f"At most {_MAX_BRACKETS} levels are read.")
            elif char in ")]}":
                self.close_bracket(opened, at)
            at += 1
        if len(opened) > 0:
            raise self.error(f"This {text[opened[-1]]!r} is never closed", opened[-1])
        raise self.unclosed(brace)

    def ends_expression(self, at: int) -> bool:
        char = self.text[at]
        return char in "}:" or (char in "!=" and self.text[at + 1 : at + 2] != "=")

    def close_bracket(self, opened: list[int], at: int) -> None:
        char = self.text[at]
        if not opened:
            raise self.error(f"This {char!r} closes nothing", at)
        first = opened.pop()
        if _BRACKETS[self.text[first]] != char:
            line, column = self.places.of(first)
            raise self.error(f"This {char!r} does not close {self.text[first]!r} of line {line}, column {column}", at)

    def string(self, match: re.Match[str], run: Strings) -> int:
        """The end of a string; its text is added to what is blanked if the run has a field."""
        prefix, quote = match[1].lower(), match[2]
        start, at = match.start(), match.end()
        at = self.formatted(start, at, quote, "r" in prefix, run) if "f" in prefix else self.plain(start, at, quote)
        if "f" not in prefix:
            run.blanks.append((start, at))
        run.end = at
        return at

    def unterminated(self, start: int) -> InstructionError:
        return self.error("This string is never closed", start, "A string over several lines has three quotes.")

    def plain(self, start: int, at: int, quote: str) -> int:
        text = self.text
        stop = re.compile(r"\\|\n|" + quote) if len(quote) == 1 else re.compile(r"\\|" + quote)
        while match := stop.search(text, at):
            if match[0] == quote:
                return match.end()
            if match[0] == "\n":
                break
            at = match.end() + 1
        raise self.unterminated(start)

    def formatted(self, start: int, at: int, quote: str, is_raw: bool, run: Strings) -> int:
        text, begin = self.text, start
        run.has_fields = True
        stop = re.compile(r"[\\{}]|\n|" + quote) if len(quote) == 1 else re.compile(r"[\\{}]|" + quote)
        while match := stop.search(text, at):
            at, found = match.start(), match[0]
            if found == quote:
                run.blanks.append((begin, match.end()))
                return match.end()
            if found == "\n":
                break
            if found == "\\":
                named = None if is_raw else _NAMED.match(text, at)
                at = named.end() if named else at + (1 if text[at + 1 : at + 2] in ("{", "}") else 2)
            elif text[at : at + 2] in ("{{", "}}"):
                at += 2
            elif found == "}":
                raise self.error("A single '}' stands in a nested f-string", at, "Write }} for a brace.")
            else:
                run.blanks.append((begin, at))
                begin = at = self.field(at, quote).end
        raise self.unterminated(start)
