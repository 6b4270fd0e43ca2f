"""Text as search terms: characters and pairs of them for Japanese, whole words for Latin letters and digits.

One or two hiragana say nothing about a topic and are left out, and so is a single katakana.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import tantivy

from akachat.retrieval.folding import folded, folded_with_places

__all__ = ["analyzer", "index_text", "marks", "query_terms"]

_HIRAGANA = "\u3041-\u309f\u30fc"
_OTHER = "\u3005\u3006\u30a1-\u30fa\u30fd-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_KANJI = re.compile("[\u3006\u3400-\u9fff\uf900-\ufaff]")
_JAPANESE = re.compile(f"[{_HIRAGANA}{_OTHER}]")
#: Patterns that look ahead find the pieces that overlap too, in half the time that slices of every run take.
_PAIR = re.compile(f"(?=([{_OTHER}][{_OTHER}{_HIRAGANA}]|[{_HIRAGANA}][{_OTHER}]))")
_HIRAGANA_TRIPLE = re.compile(f"(?=([{_HIRAGANA}]{{3}}))")
_KATAKANA_RUN = re.compile("[\u30a1-\u30f4\u30fc]{3,}")
_AS_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F5)}
#: What somebody who asks says and a text that answers does not.
_ASKING = re.compile("何|誰")

_OF_WORD = 2.0
#: An English word of three letters or fewer, mostly one that stands in every text; USB and the like are whole words.
_OF_SHORT_WORD = 0.5
_OF_KANJI = 1.5
_OF_PAIR = 1.0
#: A katakana word has many pairs, and a pair that begins with hiragana goes across two words.
_OF_KANA_PAIR = 0.5
#: Three hiragana in a row may be a word (りんご), and are more often grammar.
_OF_HIRAGANA = 0.75
_MOST_TERMS = 256


def analyzer() -> Any:
    """The analyzer of the index's field: terms stand apart in ``index_text`` already."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def index_text(text: str) -> str:
    """What is given to the index for a passage."""
    text = folded(text)
    terms = list(map(_stem, _WORD.findall(text)))
    if text.isascii() or not _JAPANESE.search(text):
        return " ".join(terms)
    terms += _KANJI.findall(text)
    terms += _PAIR.findall(text)
    terms += _HIRAGANA_TRIPLE.findall(text)
    return " ".join(terms)


def query_terms(query: str) -> list[tuple[str, float]]:
    """A query's terms with how much each counts; of too many, single characters go before pairs."""
    text = _ASKING.sub(" ", folded(query))
    pairs = {pair: _OF_KANA_PAIR if "\u3041" <= pair[0] <= "\u30ff" else _OF_PAIR for pair in _PAIR.findall(text)}
    terms = dict.fromkeys(map(_stem, _WORD.findall(text)), _OF_WORD)
    if not pairs:
        capitals = {word.casefold() for word in _WORD.findall(query) if len(word) > 1 and word.isupper()}
        terms.update((word, _OF_SHORT_WORD) for word in terms if len(word) < 4 and word.isalpha() and word not in capitals)
    terms.update(pairs)
    terms.update(dict.fromkeys(_KANJI.findall(text), _OF_KANJI))
    # ズキズキ is ずきずき in many texts; the other way round found nothing more.
    for part in (text, *(run.translate(_AS_HIRAGANA) for run in _KATAKANA_RUN.findall(text))):
        terms.update(dict.fromkeys(_HIRAGANA_TRIPLE.findall(part), _OF_HIRAGANA))
    return list(terms.items())[:_MOST_TERMS]


def marks(text: str, query: str) -> tuple[tuple[int, int], ...]:
    """The pieces of a text that a query's pairs and words stand in, as (start, end), in order and apart."""
    wanted = {term for term, _ in query_terms(query) if len(term) > 1}
    compared, places = folded_with_places(text)
    found: list[tuple[int, int]] = []
    for start, end in sorted((start, end) for start, end, term in _spans(compared) if term in wanted):
        left, right = places[start][0], places[end - 1][1]
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(right, found[-1][1]))
        else:
            found.append((left, right))
    return tuple(found)


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    for word in _WORD.finditer(text):
        yield word.start(), word.end(), _stem(word.group())
    for pattern in (_PAIR, _HIRAGANA_TRIPLE):
        for piece in pattern.finditer(text):
            yield piece.start(1), piece.end(1), piece.group(1)


def _stem(word: str) -> str:
    """An English word without an ending: plans, planned and planning are one; numbers and the rest as they are."""
    last = word[-1]
    if last not in "sdge" or len(word) < 4:
        return word
    if last == "s":
        if word[-2] == "s":
            return word
        word = word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    shorter = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
    if len(shorter) > 2:
        word = shorter
        if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
            word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] == "e" else word
