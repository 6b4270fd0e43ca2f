"""What other programs call the options of sampling, and a model's address, as options of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from akachat.errors import InvalidInput
from akachat.importers.bounds import text_of
from akachat.options import Options

__all__ = ["OLLAMA", "endpoint_options", "take_options"]

#: Where Ollama listens unless it is told otherwise.
OLLAMA = "http://127.0.0.1:11434/v1"

_SAME = ("temperature", "top_p", "top_k", "min_p", "seed", "stop", "repetition_penalty", "timeout")
#: Their names, without case and underlines, and ours.
_NAMES = {
    **{name.replace("_", ""): name for name in (*_SAME, "frequency_penalty", "presence_penalty", "max_new_tokens")},
    "maxtokens": "max_new_tokens",
    "maxoutputtokens": "max_new_tokens",
    "maxcompletiontokens": "max_new_tokens",
    "maxlength": "max_new_tokens",
    "numpredict": "max_new_tokens",
    "repeatpenalty": "repetition_penalty",
    "stopsequences": "stop",
    "stopstrings": "stop",
    "responseformat": "response_format",
}
#: A name in ``tools`` would let the model call a function of the owner's.
_RUNS = frozenset({"tools", "toolchoice", "functions", "functioncall"})
#: What they write where nothing is asked for.
_NOTHING: dict[str, tuple[object, ...]] = {"max_new_tokens": (-1, -2, 0), "seed": (-1, 0), "stop": ([], "")}
_LONGEST_URL = 2_000


def take_options(given: Mapping[str, Any], notes: list[str], *, ignore: tuple[str, ...] = ()) -> dict[str, Any]:
    """The options that these mean; each other is noted.

    Args:
        ignore: names that say nothing here, or are read elsewhere.
    """
    options: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or name in ignore:
            continue
        folded = name.replace("_", "").replace("-", "").casefold()
        own = _NAMES.get(folded)
        if folded in _RUNS:
            notes.append("tools was left out: what a file brings is never run; write functions of your own.")
        elif own is None:
            notes.append(f"{_short(name)} was left out: there is no such option.")
        elif _is_reference(value):
            notes.append(f"{_short(name)} was left out: {_short(value)} is not resolved here.")
        elif value not in _NOTHING.get(own, ()):
            try:
                options[own] = Options.parse({own: value}).to_dict()[own]
            except InvalidInput as error:
                notes.append(f"{_short(name)} was left out: {error.message}.")
    return options


def endpoint_options(url: object, notes: list[str]) -> dict[str, Any]:
    """An address from a file, if it can be one. No key goes there unless the settings have one for it."""
    text = text_of(url).strip()
    if not text:
        return {}
    if _is_reference(text):
        notes.append(f"the endpoint was left out: {_short(text)} is not resolved here.")
        return {}
    try:
        parts = urlsplit(text)
        is_fit = parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= _LONGEST_URL
        is_fit = is_fit and "@" not in parts.netloc and not any(c.isspace() or not c.isprintable() for c in text)
        _ = parts.port
    except ValueError:
        is_fit = False
    if not is_fit:
        notes.append("the endpoint was left out: it is no http(s) address without a password.")
        return {}
    notes.append(f"the endpoint {text} comes from the file: no key goes there unless the settings hold one for it.")
    return {"endpoint": text}


def _is_reference(value: object) -> bool:
    """Whether it stands for something on the machine that it was written on."""
    return isinstance(value, str) and (value.startswith(("${", "file://")) or "{{" in value)


def _short(value: object) -> str:
    text = "".join(c for c in text_of(value) if c.isprintable())
    return text if len(text) <= 60 else text[:59] + "…"
