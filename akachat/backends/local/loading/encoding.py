"""What an encoder-decoder model wants around a text: its first and last tokens, language codes, task prefixes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from akachat.backends.local.loading.languages import find_language

__all__ = ["Encoding", "read_encoding"]

#: How vocabularies write languages, and whether it is a token around the text or one in front of it.
_STYLES: tuple[tuple[re.Pattern[str], Literal["around", "front"]], ...] = (
    (re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"), "around"),  # NLLB: jpn_Jpan
    (re.compile(r"([a-z]{2}_[A-Z]{2})"), "around"),  # mBART: ja_XX
    (re.compile(r"__([a-z]{2,3})__"), "around"),  # M2M100: __ja__
    (re.compile(r"<2([a-z]{2,3}(?:_[A-Za-z]+)?)>"), "front"),  # MADLAD: <2ja>
    (re.compile(r">>([a-z]{2,3}(?:_[A-Za-z]+)?)<<"), "front"),  # Marian: >>jpn<<
)
#: Models that were made for nothing but translation, also where their tokenizer has one pair of languages only.
_TRANSLATORS = frozenset({"m2m_100", "nllb-moe", "marian", "fsmt"})


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the model's own files say of it.

    Attributes:
        prefix, suffix: tokens before and after the text.
        start: what the decoder begins with.
        begin: what it must say first, where no language decides that.
        codes: languages, each with its token; empty where the model has none.
        tokens: those tokens as text.
        style: whether a language stands around the text (source and target) or in front of it (the target alone).
        own: the source language that the tokenizer assumes.
        tasks: names of tasks, each with the prefix that the model was trained with.
        translates: whether it does nothing but translate.
    """

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    start: int
    begin: int | None = None
    codes: Mapping[str, int] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    style: Literal["around", "front", ""] = ""
    own: str = ""
    tasks: Mapping[str, str] = field(default_factory=dict)
    translates: bool = False

    def around(self, ids: tuple[int, ...], source: str) -> tuple[int, ...]:
        """The tokens of a text with what stands before and after it; ``source``: a language of ``codes``, or empty."""
        languages = set(self.codes.values())
        wanted = self.codes.get(source)

        def put(tokens: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(wanted if wanted is not None and token in languages else token for token in tokens)

        return (*put(self.prefix), *ids, *put(self.suffix))

    def decoder(self, target: str) -> tuple[int, ...]:
        """What the decoder begins with; ``target``: a language of ``codes``, or empty."""
        wanted = self.codes.get(target)
        if wanted is None:
            return (self.start,) if self.begin is None else (self.start, self.begin)
        return (wanted,) if self.start in self.codes.values() else (self.start, wanted)

    def find_task(self, source: str | None, target: str, model: str) -> tuple[str, str] | None:
        """The translation task for two languages and its prefix; None where the model has no such tasks.

        Raises:
            ModelError: it has, but not for these languages.
        """
        pairs = {name: name.removeprefix("translation_").partition("_to_") for name in self.tasks if "_to_" in name}
        if not pairs:
            return None
        sources = sorted({before for before, _, _ in pairs.values()})
        first = find_language(source, sources, model) if source else ""
        fitting = {after: name for name, (before, _, after) in pairs.items() if first in ("", before)}
        name = fitting[find_language(target, sorted(fitting), model)]
        return name, self.tasks[name]


def read_encoding(tokenizer: Any, config: Any, generation: Mapping[str, Any]) -> Encoding:
    """Reads it off the tokenizer, the configuration and the generation settings."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a", add_special_tokens=True)["input_ids"]
    at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    start = _first(
        generation.get("decoder_start_token_id"),
        _own(config, "decoder_start_token_id"),
        tokenizer.bos_token_id,
        tokenizer.pad_token_id,
    )
    style, codes, tokens = _languages(tokenizer)
    tasks = {
        str(name): str(values["prefix"])
        for name, values in (_own(config, "task_specific_params") or {}).items()
        if isinstance(values, Mapping) and values.get("prefix")
    }
    begin = _first(generation.get("forced_bos_token_id"), _own(config, "forced_bos_token_id"))
    return Encoding(
        tuple(whole[:at]),
        tuple(whole[at + len(bare) :]),
        int(start or 0),
        begin,
        codes,
        tokens,
        style,
        str(getattr(tokenizer, "src_lang", None) or ""),
        tasks,
        bool(codes) or config.model_type in _TRANSLATORS,
    )


def _languages(tokenizer: Any) -> tuple[Literal["around", "front", ""], dict[str, int], dict[str, str]]:
    vocabulary = tokenizer.get_vocab()
    special = {token.content for token in tokenizer.added_tokens_decoder.values()}
    named = getattr(tokenizer, "lang_token_to_id", None) or {}
    for pattern, style in _STYLES:
        among = [*special, *named] if style == "around" else vocabulary
        found = {match[1]: token for token in among if (match := pattern.fullmatch(token))}
        if found:
            codes = {code: int(tokenizer.convert_tokens_to_ids(token)) for code, token in sorted(found.items())}
            return style, codes, found
    return "", {}, {}


def _own(config: Any, name: str) -> Any:
    return getattr(config, name, None)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
