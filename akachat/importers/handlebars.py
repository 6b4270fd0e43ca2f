"""Handlebars and Mustache templates as pieces: ``{{name}}``, ``{{#if name}}…{{else}}…{{/if}}``, ``{{! a comment}}``."""

from __future__ import annotations

import re
from dataclasses import replace

from akachat.importers.blocks import Tag, check_tags, tree
from akachat.importers.pieces import Piece, quoted
from akachat.importers.scope import Scope

__all__ = ["handlebars"]

_NAME = re.compile(r"(?:this\.|\./)?([^\W\d][\w.\-]*)")
_TEXT = re.compile(r"""(["'])((?:(?!\1).)*)\1""", re.DOTALL)
_EQUAL = re.compile(r"""(?:if|unless)Equals\s+(\S+)\s+("[^"]*"|'[^']*'|\S+)""")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\n|\Z)")
#: Blocks that make something other than one of two texts.
_ODD_BLOCKS = frozenset({"each", "with", "lookup", "log", "section", ">"})


def handlebars(text: str, scope: Scope) -> tuple[Piece, ...]:
    """The pieces of a template. What has no equal stays as text, and the scope notes it.

    Raises:
        InvalidInput: its blocks are nested too deeply, or it has too many tags.
    """
    check_tags(text)
    return tree(_tags(text, scope), scope)


def _tags(text: str, scope: Scope) -> list[Tag]:
    tags: list[Tag] = []
    at = 0
    trims = False

    def add_text(piece: str) -> None:
        if trims:
            piece = piece.lstrip()
        if piece:
            tags.append(Tag("text", piece))

    while (start := text.find("{{", at)) >= 0:
        if text[start - 1 : start] == "\\" and start > at:  # \{{ is two braces, as they stand
            end = text.find("}}", start)
            end = len(text) if end < 0 else end + 2
            add_text(text[at : start - 1] + text[start:end])
            trims, at = False, end
            continue
        opening, closing = _brackets(text, start)
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        end += len(closing)
        source, inner = text[start:end], text[start + len(opening) : end - len(closing)]
        tag = _comment(source, inner) if opening.startswith("{{!") else _tag(source, inner.strip("~ \t\n"), scope)
        before, after = text[at:start], end
        if tag.kind not in ("value", "odd"):
            before, after = _alone(text, before, start, end)
            tag = replace(tag, source=text[at + len(before) : after])
        add_text(before.rstrip() if inner.startswith("~") else before)
        tags.append(replace(tag, names=scope.take()))
        trims, at = inner.endswith("~"), after
    add_text(text[at:])
    return tags


def _brackets(text: str, start: int) -> tuple[str, str]:
    if text.startswith("{{{", start):
        return "{{{", "}}}"
    if text.startswith("{{!--", start):
        return "{{!--", "--}}"
    return ("{{!", "}}") if text.startswith("{{!", start) else ("{{", "}}")


def _alone(text: str, before: str, start: int, end: int) -> tuple[str, int]:
    """A tag that stands alone on its line takes the line with it."""
    line = before[before.rfind("\n") + 1 :]
    rest = _REST_OF_LINE.match(text, end)
    begin = start - len(line)
    if line.strip() or rest is None or (begin > 0 and text[begin - 1] != "\n"):
        return before, end
    return before[: len(before) - len(line)], rest.end()


def _comment(source: str, inner: str) -> Tag:
    return Tag("comment", source, inner.strip()) if inner.strip() else Tag("none", source)


def _tag(source: str, inner: str, scope: Scope) -> Tag:
    sign, rest = inner[:1], inner[1:].strip()
    if sign == "/":
        return Tag("close", source)
    if inner in ("else", "^"):
        return Tag("else", source)
    if inner.startswith("else if "):
        test = _test(inner[8:], scope)
        return Tag("also", source, test) if test else Tag("else", source)
    if sign in ("#", "^"):
        return _block(source, sign, rest, scope)
    if sign == "&":
        inner = rest
    value = _value(inner, scope)
    return Tag("odd", source) if value is None else Tag("value", source, value)


def _block(source: str, sign: str, inner: str, scope: Scope) -> Tag:
    word, _, rest = inner.partition(" ")
    if word in ("if", "unless") and rest:
        test = _test(rest, scope)
        return Tag("open", source, test, word == "unless") if test else Tag("keep", source, source)
    if (found := _EQUAL.fullmatch(inner)) and (left := _test(found[1], scope)):
        right = _value(found[2], scope)
        if right:
            return Tag("open", source, f"{left} == {right}", word == "unlessEquals")
    if rest or word in _ODD_BLOCKS or not _NAME.fullmatch(word):
        return Tag("keep", source, source)
    return Tag("open", source, scope.source(_name(word), tested=True), sign == "^")


def _test(inner: str, scope: Scope) -> str | None:
    inner = inner.strip()
    return scope.source(_name(inner), tested=True) if _NAME.fullmatch(inner) else None


def _value(inner: str, scope: Scope) -> str | None:
    if _NAME.fullmatch(inner) and inner != "this":
        return scope.source(_name(inner))
    found = _TEXT.fullmatch(inner)
    return quoted(found[2]) if found else None


def _name(word: str) -> str:
    found = _NAME.fullmatch(word)
    return found[1] if found else word
