"""Which kind of file this is: chosen by what is in it; its name is asked only where two kinds look alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from akachat.errors import InvalidInput
from akachat.importers.bounds import as_object, decoded, read_json, read_yaml
from akachat.importers.character import is_card, is_character, read_card, read_character, read_picture
from akachat.importers.conversations import are_lines, is_conversation, read_conversation, read_lines
from akachat.importers.dotprompt import is_dotprompt, read_dotprompt
from akachat.importers.generation_config import is_generation_config, read_generation_config
from akachat.importers.handlebars import handlebars
from akachat.importers.imported import Given, Imported
from akachat.importers.jinja import jinja
from akachat.importers.llm_template import is_llm_template, read_llm_template
from akachat.importers.matter import front_matter, stem_of
from akachat.importers.modelfile import is_modelfile, read_modelfile
from akachat.importers.own import is_options, read_instruction, read_options
from akachat.importers.png import SIGNATURE
from akachat.importers.promptfoo import is_promptfoo, read_promptfoo
from akachat.importers.prompty import is_prompty, read_prompty
from akachat.importers.turns import Translate, Turn, draft

__all__ = ["FORMATS", "read_file"]


@dataclass(frozen=True, slots=True)
class _ByValue:
    """A kind of file that holds one JSON or YAML value."""

    fits: Callable[[Any], bool]
    read: Callable[[Any, str], Imported]


def _of_object(fits: Callable[[Mapping[str, Any]], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Mapping) and fits(as_object(value))


def _template(kind: str, translate: Translate) -> Callable[[str, str], Imported]:
    def read(text: str, name: str) -> Imported:
        notes: list[str] = []
        made = draft(lambda scope: [Turn("user", translate(text, scope))], notes)
        return Imported(kind, (made.prompt(name, {}),), made.values, notes=tuple(notes))

    return read


#: The first that fits reads it, so those with the clearest marks come first.
_VALUES: dict[str, _ByValue] = {
    "card": _ByValue(_of_object(is_card), read_card),
    "messages": _ByValue(is_conversation, read_conversation),
    "promptfoo": _ByValue(_of_object(is_promptfoo), read_promptfoo),
    "generation_config": _ByValue(_of_object(is_generation_config), read_generation_config),
    "llm": _ByValue(_of_object(is_llm_template), read_llm_template),
    "character": _ByValue(_of_object(is_character), read_character),
    "options": _ByValue(_of_object(is_options), read_options),
}
_TEXTS: dict[str, Callable[[str, str], Imported]] = {
    "prompt": read_instruction,
    "prompty": read_prompty,
    "dotprompt": read_dotprompt,
    "modelfile": read_modelfile,
    "jinja": _template("Jinja", jinja),
    "handlebars": _template("Handlebars", handlebars),
}
#: What a caller may say that a file is.
FORMATS = (*_TEXTS, *_VALUES)

#: A field of our language.
_FIELD = re.compile(r"(?<!\{)\{(?![{%#])")
_TAG = re.compile(r"\{%-?\s*\w+|(?<!\{)\{#")
_MUSTACHE = re.compile(r"\{\{\s*[#^/>!&]?\s*[^\W\d][\w.\-]*(?: [\w.\-]+)?\s*\}\}")
_HINT = (
    "Prompts of akachat, Prompty, dotprompt, promptfoo, llm, Ollama, character cards, messages of OpenAI's and a "
    "GenerationConfig are read; say with the format which one it is meant to be."
)


def read_file(given: Given, format: str = "") -> Imported:
    """What one file holds.

    Args:
        given: the file; not a zip.
        format: one of ``FORMATS``, or empty to find it out.

    Raises:
        InvalidInput: it is broken, with the place where there is one, or nothing that is known here.
    """
    if format and format not in FORMATS:
        raise InvalidInput(f"there is no format {format[:40]!r}", hint=f"It is one of {', '.join(FORMATS)}.")
    name = stem_of(given.name)
    if given.data.startswith(SIGNATURE):
        return read_picture(given.data, name)
    text = decoded(given.data, given.name)
    if format in _TEXTS:
        return _TEXTS[format](text, name)
    if format:
        return _forced(text, name, format)
    found = _by_text(text, name, given.name.casefold())
    return _by_value(text, name) if found is None else found


def _forced(text: str, name: str, format: str) -> Imported:
    if format == "messages" and are_lines(text):
        return read_lines(text, name)
    value = _value(text)
    by_value = _VALUES[format]
    if format == "llm" and isinstance(value, str):
        value = {"prompt": value}  # a template may be the prompt alone
    elif not (by_value.fits(value) if format == "messages" else isinstance(value, Mapping)):
        raise InvalidInput(f"this file is no {format}", hint="Leave the format away to find out what it is.")
    return by_value.read(as_object(value) if isinstance(value, Mapping) else value, name)


def _by_text(text: str, name: str, path: str) -> Imported | None:
    """What is told by the text itself or by the file's ending; None where it may be JSON or YAML."""
    if path.endswith(".prompty"):
        return read_prompty(text, name)
    if path.endswith((".prompt", ".hbs", ".handlebars", ".mustache")):
        return read_dotprompt(text, name)
    if path.endswith((".j2", ".jinja", ".jinja2")):
        return _TEXTS["jinja"](text, name)
    if path.endswith((".txt", ".md")):
        return _instruction(text, name)
    if stem_of(path) == "modelfile" or path.endswith(".modelfile") or is_modelfile(text):
        return read_modelfile(text, name if "modelfile" not in path else stem_of(path).replace("modelfile", ""))
    parts = front_matter(text) if text.lstrip().startswith(("---", "+++")) else None
    if parts is not None and parts[1].strip():
        if is_dotprompt(*parts):
            return read_dotprompt(text, name)
        if is_prompty(*parts):
            return read_prompty(text, name)
    return read_lines(text, name) if are_lines(text) else None


def _instruction(text: str, name: str) -> Imported:
    """A text of ours; whether it is one of another program's, nothing tells but its braces."""
    imported = read_instruction(text, name)
    found = None if _FIELD.search(text) else _TAG.search(text) or _MUSTACHE.search(text)
    if found is None:
        return imported
    format = "jinja" if found.re is _TAG else "handlebars"
    note = f"`{found[0]}` is a text in braces here: if it is a variable, say that the format is {format}."
    return replace(imported, notes=(note,))


def _by_value(text: str, name: str) -> Imported:
    try:
        value = _value(text)
    except InvalidInput:
        if (found := _by_tags(text, name)) is not None:
            return found
        raise
    for by_value in _VALUES.values():
        if by_value.fits(value):
            return by_value.read(as_object(value) if isinstance(value, Mapping) else value, name)
    found = _by_tags(text, name) if isinstance(value, str) else None
    if found is None:
        raise InvalidInput("nothing in this file is known here", hint=_HINT)
    return found


def _by_tags(text: str, name: str) -> Imported | None:
    """A pasted template without any head."""
    if text.lstrip()[:1] in ("{", "[") and not text.lstrip().startswith(("{{", "{%", "{#")):
        return None
    if _TAG.search(text):
        return _TEXTS["jinja"](text, name)
    return _TEXTS["handlebars"](text, name) if _MUSTACHE.search(text) else None


def _value(text: str) -> Any:
    """JSON is YAML too, but is read a hundred times faster as itself."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text)
        except InvalidInput as error:
            if text.lstrip()[:2] == "[{" or len(text) > 50_000:
                raise
            try:
                return read_yaml(text)
            except InvalidInput:
                raise error from None
    return read_yaml(text)
