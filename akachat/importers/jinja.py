"""Jinja and Nunjucks templates as pieces: ``{{ name | trim }}``, ``{% if name == 'x' %}…{% endif %}``, ``{# … #}``."""

from __future__ import annotations

import re
from dataclasses import replace

from akachat.importers.blocks import Tag, check_tags, tree
from akachat.importers.jinja_expressions import jinja_expression
from akachat.importers.pieces import Piece
from akachat.importers.scope import HISTORIES, Scope

__all__ = ["jinja"]

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
#: A text alone between braces, which may itself have braces in it.
_CONSTANT = re.compile(r"""\{\{-?\s*(?:'[^'\\]*'|"[^"\\]*")\s*-?\}\}""")
_WORD = re.compile(r"\w+")
#: Blocks that make something other than one of two texts, each closed by ``end…``.
_ODD_BLOCKS = frozenset(
    {"for", "macro", "call", "filter", "block", "with", "autoescape", "trans", "asyncEach", "asyncAll"}
)
_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
#: The conversation so far, written turn by turn: it follows an instruction of ours by itself.
_HISTORY = re.compile(
    r"\{%-?\s*for\s+(\w+)\s+in\s+(\w+)\s*-?%\}\s*"
    r"\{\{-?\s*\1(?:\.role|\[['\"]role['\"]\])\s*-?\}\}\s*:\s*\{\{-?\s*\1(?:\.content|\[['\"]content['\"]\])\s*-?\}\}"
    r"\s*\{%-?\s*endfor\s*-?%\}"
)


def jinja(text: str, scope: Scope) -> tuple[Piece, ...]:
    """The pieces of a template. What has no equal stays as text, and the scope notes it.

    Raises:
        InvalidInput: its blocks are nested too deeply, or it has too many tags.
    """
    check_tags(text)
    return tree(_tags(text, scope), scope)


def _tags(text: str, scope: Scope) -> list[Tag]:
    tags: list[Tag] = []
    at = 0
    trims, may_be_raw = False, "endraw" in text

    def add_text(piece: str) -> None:
        if trims:
            piece = piece.lstrip()
        if piece:
            tags.append(Tag("text", piece))

    find = re.compile(r"\{[{%#]").search
    while found := find(text, at):
        start = found.start()
        if (history := _HISTORY.match(text, start)) and history[2].casefold() in HISTORIES:
            add_text(text[at:start])
            trims, at = False, history.end()
            continue
        end = _end(text, start, found[0])
        if end is None:
            break
        source = text[start:end]
        inner = source[2:-2]
        add_text(text[at:start].rstrip() if inner.startswith("-") else text[at:start])
        trims, at = inner.endswith("-"), end
        content = inner.strip("-+").strip() if found[0] != "{#" else inner.strip("-").strip()
        if found[0] == "{%" and content == "raw" and may_be_raw:
            ending = _RAW.search(text, end)
            if ending is None:
                may_be_raw = False  # and is not looked for again
                tags.append(Tag("odd", source))
                continue
            add_text(text[end : ending.start()])
            trims, at = False, ending.end()
        else:
            tags.append(replace(_tag(found[0], source, content, scope), names=scope.take()))
    add_text(text[at:])
    return tags


def _end(text: str, start: int, opening: str) -> int | None:
    if opening == "{{" and (constant := _CONSTANT.match(text, start)):
        return constant.end()
    end = text.find(_CLOSING[opening], start + 2)
    return None if end < 0 else end + 2


def _tag(opening: str, source: str, content: str, scope: Scope) -> Tag:
    if opening == "{#":
        return Tag("comment", source, content) if content else Tag("none", source)
    if opening == "{{":
        value = jinja_expression(content, scope)
        return Tag("odd", source) if value is None else Tag("value", source, value)
    found = _WORD.match(content)
    word = found[0] if found else ""
    rest = content[len(word) :].strip()
    if word in ("if", "elif", "elseif"):
        test = jinja_expression(rest, scope, tested=True)
        if word == "if":
            return Tag("keep", source, source) if test is None else Tag("open", source, test)
        return Tag("else", source) if test is None else Tag("also", source, test)
    if word == "else":
        return Tag("else", source)
    if word.startswith("end"):
        return Tag("close", source)
    if word in _ODD_BLOCKS or (word == "set" and "=" not in rest):
        return Tag("keep", source, source)
    return Tag("odd", source)
