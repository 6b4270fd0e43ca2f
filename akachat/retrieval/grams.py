"""Text as search terms: characters and pairs of them for Japanese, whole words for Latin letters and digits.

One or two hiragana say nothing about a topic and are left out. On 60 Japanese questions in other words than the text's,
single characters and pairs without them, all of one weight, found the right passage first in .40 and among five in .73
of the cases; pairs alone .18 and .50, a dictionary's words .23 and .48. The weights below were not measured yet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from operator import add
from typing import Any

import tantivy

__all__ = ["analyzer", "index_text", "marks", "query_terms"]

#: A word of letters or digits that are not CJK, or a run of anything that is.
_RUN = re.compile(
    r"(?P<word>[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)|(?P<cjk>[\u3005\u3006\u30fc\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]+)"
)
_HIRAGANA = "".join(map(chr, range(0x3041, 0x30A0)))
_DROPPED = frozenset(_HIRAGANA) | frozenset(a + b for a in _HIRAGANA for b in _HIRAGANA) | {"ー", "・", "々"}
_MOST_TERMS = 256
#: Three hiragana in a row may be a word (りんご), and are more often grammar.
_HIRAGANA_RUN = re.compile("[\u3041-\u309f\u30fc]{3,}")
_GRAMMAR = 0.5
#: Pairs say more than single characters, of which every text has some by chance.
_PAIR = 2.0


def analyzer() -> Any:
    """The analyzer of the index's field: terms stand apart in ``index_text`` already."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def index_text(text: str) -> str:
    """What is given to the index for a passage."""
    return " ".join(_terms(_folded(text)))


def query_terms(query: str) -> list[tuple[str, float]]:
    """A query's terms with how much each counts."""
    terms = dict.fromkeys(_terms(_folded(query)))
    return [(term, _weight(term)) for term in terms][:_MOST_TERMS]


def _weight(term: str) -> float:
    if len(term) == 3 and _HIRAGANA_RUN.fullmatch(term):
        return _GRAMMAR
    return _PAIR if len(term) > 1 else 1.0


def marks(text: str, query: str) -> tuple[tuple[int, int], ...]:
    """The pieces of a text that a query's pairs and words stand in, as (start, end), in order and apart."""
    wanted = {term for term, _ in query_terms(query) if len(term) > 1}
    folded, places = _folded_with_places(text)
    found: list[tuple[int, int]] = []
    for start, end in sorted((start, end) for start, end, term in _spans(folded) if term in wanted):
        left, right = places[start], places[end - 1] + 1
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(right, found[-1][1]))
        else:
            found.append((left, right))
    return tuple(found)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters which one of the text it came from."""
    folded = _folded(text)
    if len(folded) == len(text):
        return folded, list(range(len(text)))
    pieces = [_folded(character) for character in text]
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]


def _terms(folded: str) -> Iterator[str]:
    for run in _RUN.finditer(folded):
        text = run.group()
        if run.lastgroup == "word":
            yield _stem(text)
            continue
        for term in text:
            if term not in _DROPPED:
                yield term
        for term in map(add, text, text[1:]):
            if term not in _DROPPED:
                yield term
        for words in _HIRAGANA_RUN.finditer(text):
            run_text = words.group()
            yield from (run_text[place : place + 3] for place in range(len(run_text) - 2))


def _spans(folded: str) -> Iterator[tuple[int, int, str]]:
    for run in _RUN.finditer(folded):
        text, start = run.group(), run.start()
        if run.lastgroup == "word":
            yield start, run.end(), _stem(text)
            continue
        for place, term in enumerate(map(add, text, text[1:]), start):
            yield place, place + 2, term
        for place in range(len(text) - 2):
            yield start + place, start + place + 3, text[place : place + 3]


def _stem(word: str) -> str:
    """An English word without its plural's ending; numbers and the rest as they are."""
    if len(word) > 3 and word.isascii() and word.endswith("s") and not word.endswith("ss"):
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word
