"""promptfoo's templates (Nunjucks) and ours, as far as both mean exactly the same: text, and names put into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from akachat.batch.filling import mentions
from akachat.errors import InstructionError
from akachat.template import Field, Literal, scan

__all__ = [
    "check_text_from",
    "check_text_to",
    "expression_from",
    "instruction_from",
    "instruction_to",
    "is_template",
    "raw",
]

_PLACE = re.compile(r"\{\{-?\s*([^\W\d]\w*)\s*-?\}\}")
_SIGN = re.compile(r"\{\{|\{%|\{#")
_OWN_PLACE = re.compile(r"\{([^\W\d]\w*)\}")
_VARIABLE = re.compile(r"\s*var\.([^\W\d]\w*)\s*\Z")


def is_template(text: str) -> bool:
    """Whether Nunjucks would do something with a text."""
    return _SIGN.search(text) is not None


def _parts(text: str) -> list[tuple[str, bool]] | None:
    """Texts and names in turn, each with whether it is a name; None where the template does more than that."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for place in _PLACE.finditer(text):
        parts += [(text[at : place.start()], False), (place[1], True)]
        if "-" in (place[0][2], place[0][-3]):
            return None  # a dash takes the white space beside the braces away
        at = place.end()
    parts.append((text[at:], False))
    return None if any(is_template(part) for part, is_name in parts if not is_name) else parts


def instruction_from(text: str) -> str | None:
    """A promptfoo prompt as an instruction: ``{{name}}`` becomes ``{var.name}``; None where that is not all of it."""
    parts = _parts(text)
    if parts is None:
        return None
    return "".join(
        f"{{var.{part}}}" if is_name else part.replace("{", "{{").replace("}", "}}") for part, is_name in parts
    )


def expression_from(text: str) -> str | None:
    """A promptfoo text as a Python expression that gives it."""
    parts = _parts(text)
    if parts is None:
        return None
    pieces = [f"var.{part}" if is_name else json.dumps(part, ensure_ascii=False) for part, is_name in parts if part]
    return " + ".join(pieces) or '""'


def instruction_to(instruction: str) -> tuple[str, list[str], list[str]]:
    """An instruction as a Nunjucks text, the variables that it reads, and the fields that had to stay out of it."""
    try:
        parts = scan(instruction)
    except InstructionError:
        return raw(instruction), [], [instruction[:80]]
    pieces: list[str] = []
    names: list[str] = []
    lost: list[str] = []
    for part in parts:
        if isinstance(part, Literal):
            pieces.append(raw(part.text))
            continue
        name = _name_in(part)
        if name is None:
            source = instruction[part.start : part.end]
            lost.append(source if len(source) <= 80 else source[:79] + "…")
            pieces.append(raw(source))
            continue
        names.append(name)
        pieces.append(f"{{{{ {name} }}}}")
    return "".join(pieces), names, lost


def _name_in(field: Field) -> str | None:
    if field.conversion not in ("", "s") or field.spec is not None or field.debug:
        return None
    if field.expression.strip() == "input":
        return "input"
    match = _VARIABLE.match(field.expression)
    return match[1] if match else None


def raw(text: str) -> str:
    """A text that Nunjucks leaves as it is."""
    if not is_template(text) and not text.endswith("{"):
        return text
    return "{% raw %}" + text + "{% endraw %}"


def check_text_from(text: str, *, is_pattern: bool = False) -> tuple[str, bool | None] | None:
    """A value of an assertion as a check's text, and whether its braces are placeholders (None: it has no such braces).

    None where the two differ.
    """
    parts = _parts(text)
    if parts is None:
        return None
    if not any(is_name for _, is_name in parts):
        return text, False if mentions(text) else None
    # In a pattern promptfoo takes the value as a pattern too; here it is taken literally.
    if is_pattern or any(mentions(part) for part, is_name in parts if not is_name):
        return None
    return "".join(f"{{{part}}}" if is_name else part for part, is_name in parts), True


def check_text_to(text: str, placeholders: bool) -> str | None:
    """A check's text as the value of an assertion; None where the two differ."""
    if not placeholders or not mentions(text):
        return raw(text)
    return "".join(_pieces(text)) if all(_OWN_PLACE.fullmatch(m[0]) for m in _names(text)) else None


def _names(text: str) -> Iterator[re.Match[str]]:
    return re.finditer(r"\{[^{}]*\}", text)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for place in _OWN_PLACE.finditer(text):
        yield raw(text[at : place.start()])
        yield f"{{{{ {place[1]} }}}}"
        at = place.end()
    yield raw(text[at:])
