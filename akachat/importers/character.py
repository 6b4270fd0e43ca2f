"""Characters: cards V1 to V3 (JSON, or inside a PNG), and text-generation-webui's YAML."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from akachat.errors import InvalidInput
from akachat.importers.bounds import as_object, decoded, read_json, text_of
from akachat.importers.handlebars import handlebars
from akachat.importers.imported import Imported
from akachat.importers.matter import left_over, shown
from akachat.importers.png import png_texts
from akachat.importers.scope import Scope
from akachat.importers.turns import Turn, draft

__all__ = ["is_card", "is_character", "read_card", "read_character", "read_picture"]

_FIELDS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
_READ = (
    *_FIELDS,
    *("system_prompt", "post_history_instructions", "alternate_greetings", "character_book", "creator_notes"),
    *("nickname", "spec", "spec_version", "create_date", "creation_date", "modification_date", "avatar"),
)
#: What front ends put in for themselves: <USER>, <BOT>.
_OLD = re.compile(r"<(USER|BOT|CHAR)>")
_MACRO = re.compile(r"\{\{\s*(char|user|bot)\s*\}\}", re.IGNORECASE)
_SILENT = re.compile(r"\{\{\s*(?://[^{}]*|trim|noop|original)\s*\}\}", re.IGNORECASE)
_START = re.compile(r"^[ \t]*<START>[ \t]*$", re.IGNORECASE | re.MULTILINE)
_KANA = re.compile("[ぁ-ヿ]")
_KEYS = frozenset({b"chara", b"ccv3"})


def is_card(value: Mapping[str, Any]) -> bool:
    """Whether an object is a card."""
    if text_of(value.get("spec")).startswith("chara_card"):
        return isinstance(value.get("data"), Mapping)
    return "name" in value and sum(key in value for key in _FIELDS) >= 4


def is_character(value: Mapping[str, Any]) -> bool:
    """Whether an object is a character of text-generation-webui."""
    return isinstance(value.get("name"), str) and ("context" in value or "greeting" in value)


def read_picture(data: bytes, name: str) -> Imported:
    """The card inside a PNG.

    Raises:
        InvalidInput: it is damaged, too large, or holds no card.
    """
    texts = png_texts(data, _KEYS)
    packed = texts.get(b"ccv3") or texts.get(b"chara")
    if packed is None:
        hint = "A character card is a PNG with the card inside; sites often offer a preview that has none."
        raise InvalidInput("there is no character card in this picture", hint=hint)
    try:
        text = decoded(base64.b64decode(packed, validate=False), "the card")
    except (binascii.Error, ValueError):
        raise InvalidInput("the card in this picture is damaged", hint="Download it again.") from None
    value = read_json(text)
    if not isinstance(value, Mapping) or not is_card(as_object(value)):
        raise InvalidInput("the card in this picture is damaged", hint="Download it again.")
    return read_card(as_object(value), name)


def read_card(value: Mapping[str, Any], name: str) -> Imported:
    """A prompt from a card; ``name`` is what the file is called.

    Raises:
        InvalidInput: its template is nested too deeply.
    """
    data = as_object(value.get("data")) or dict(value)
    notes: list[str] = []
    title = text_of(data.get("name")).strip() or name or "character"
    spoken = text_of(data.get("nickname")).strip() or title
    fields = {
        key: text_of(data.get(key)).strip() for key in _READ if key not in ("alternate_greetings", "character_book")
    }
    is_japanese = bool(_KANA.search(fields["description"] + fields["first_mes"] + fields["personality"]))
    default = "{{char}}として返事をしてください。" if is_japanese else "Reply as {{char}}."
    system = [
        fields["system_prompt"] if _SILENT.sub("", fields["system_prompt"]).strip() else default,
        fields["description"],
        _labelled("性格" if is_japanese else "Personality", fields["personality"]),
        _labelled("場面" if is_japanese else "Scenario", fields["scenario"]),
        *_lore(as_object(data.get("character_book")), notes),
        _labelled("話し方の例" if is_japanese else "How {{char}} talks", _START.sub("", fields["mes_example"]).strip()),
        fields["post_history_instructions"],
    ]
    imported = _made(title, spoken, system, fields["first_mes"], fields["creator_notes"], notes)
    _note_rest(value, data, fields, notes)
    return Imported("character card", imported.prompts, imported.variables, notes=tuple(notes))


def read_character(value: Mapping[str, Any], name: str) -> Imported:
    """A prompt from text-generation-webui's YAML; ``name`` is what the file is called.

    Raises:
        InvalidInput: its template is nested too deeply.
    """
    notes: list[str] = []
    title = text_of(value.get("name")).strip() or name or "character"
    system = [text_of(value.get("context")), text_of(value.get("example_dialogue"))]
    system = [_START.sub("", text).strip() for text in system]
    imported = _made(title, title, system, text_of(value.get("greeting")), "", notes, text_of(value.get("your_name")))
    left_over(value, ("name", "context", "greeting", "example_dialogue", "your_name"), notes)
    return Imported("character", imported.prompts, imported.variables, notes=tuple(notes))


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _made(
    title: str, spoken: str, system: list[str], greeting: str, comment: str, notes: list[str], user: str = ""
) -> Imported:
    constants = {"char": spoken, "bot": spoken}

    def turns(scope: Scope) -> list[Turn]:
        text = "\n\n".join(part for part in map(_macros, system) if part.strip())
        return [
            Turn("system", handlebars(text, scope)),
            Turn("assistant", handlebars(_macros(greeting).strip(), scope)),
        ]

    # No name of a card is what the user says: `user` is what the user is called.
    made = draft(turns, notes, known={"user": user.strip() or "User"}, natural="", constants=constants, comment=comment)
    return Imported("", (made.prompt(title, {}),), made.values)


def _macros(text: str) -> str:
    """The macros in one spelling; those that only mean something in another program are gone."""
    text = _OLD.sub(lambda found: "{{user}}" if found[1] == "USER" else "{{char}}", text)
    return _SILENT.sub("", _MACRO.sub(lambda found: f"{{{{{found[1].lower()}}}}}", text))


def _lore(book: dict[str, Any], notes: list[str]) -> list[str]:
    """What a book of lore always says; what waits for a word is noted."""
    entries = [as_object(each) for each in book["entries"]] if isinstance(book.get("entries"), list) else []
    live = [each for each in entries if each.get("enabled") is not False and text_of(each.get("content")).strip()]
    waiting = [each for each in live if each.get("constant") is not True]
    if waiting:
        names = [_title(each) for each in waiting[:8]] + ["…"] * (len(waiting) > 8)
        notes.append(f"entries of the book of lore that wait for a word were left out: {', '.join(names)}.")
    return [text_of(each.get("content")).strip() for each in live if each.get("constant") is True]


def _title(entry: Mapping[str, Any]) -> str:
    keys = entry.get("keys")
    words = " / ".join(map(text_of, keys)) if isinstance(keys, list) else text_of(keys)
    return shown(entry.get("name") or entry.get("comment") or words or "?")


def _note_rest(value: Mapping[str, Any], data: Mapping[str, Any], fields: Mapping[str, str], notes: list[str]) -> None:
    greetings = data.get("alternate_greetings")
    if isinstance(greetings, list) and greetings:
        notes.append("the other greetings were left out: the prompt begins with the first.")
    if fields["post_history_instructions"]:
        notes.append("post_history_instructions stand before the conversation here, not after it.")
    left_over(data, _READ if data is value else (*_READ, "data"), notes)
