"""Text as search terms: characters and pairs of them for Japanese, whole words for Latin letters and digits.

One or two hiragana say nothing about a topic and are left out. On 60 Japanese questions in other words than the text's,
single characters and pairs without them, all of one weight, found the right passage first in .40 and among five in .73
of the cases; pairs alone .18 and .50, a dictionary's words .23 and .48. The weights below were not measured yet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import add
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray

__all__ = ["TERMS", "analyzer", "index_texts", "marks", "query_terms"]

#: What the terms are called in an index; to be counted up when they change, so that older indexes are made anew.
TERMS = "akachat-2"

_CJK = r"\u3005\u3006\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff"
#: A word of letters or digits that are not CJK, or a run of anything that is.
_RUN = re.compile(rf"(?P<word>[^\W_{_CJK}]+)|(?P<cjk>[{_CJK}]+)")
_WORD = re.compile(rf"[^\W_{_CJK}]+")
_MOST_TERMS = 256
#: Three hiragana in a row may be a word (りんご), and are more often grammar.
_HIRAGANA_RUN = re.compile("[\u3041-\u309f\u30fc]{3,}")
_GRAMMAR = 0.5
#: Pairs say more than single characters, of which every text has some by chance.
_PAIR = 2.0


def analyzer() -> Any:
    """The analyzer of the index's field: terms stand apart in what ``index_texts`` gives."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def index_texts(texts: Sequence[str]) -> list[str]:
    """What is given to the index for each of some passages: its terms, with spaces between them.

    By arrays over all of them at once: 59 MB of text a second, where a loop over the characters made 8.
    """
    folded = [_folded(text) for text in texts]
    points = np.frombuffer("\n".join([*folded, "", ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _KINDS[np.minimum(points, 0xFFFF)]
    both = kinds[:-1] & kinds[1:]
    ends = np.cumsum([len(text) + 1 for text in folded])
    found = (
        _spaced(points, np.flatnonzero((both & (_IS_CJK | _IS_HIRAGANA)) == _IS_CJK), 2, ends),
        _spaced(points, np.flatnonzero(both[:-1] & both[1:] & _IS_SYLLABLE), 3, ends),
        _spaced(points, np.flatnonzero((kinds & (_IS_CJK | _IS_EMPTY)) == _IS_CJK), 1, ends),
    )
    words = (" ".join(map(_stem, _WORD.findall(text))) for text in folded)
    return ["".join(parts) for parts in zip(*found, words, strict=True)]


def _spaced(points: NDArray[np.uint32], places: NDArray[np.intp], width: int, ends: NDArray[np.intp]) -> list[str]:
    """The terms of one width that begin at some places, with a space behind each, cut where the passages end."""
    spaced = np.full((len(places), width + 1), ord(" "), np.uint32)
    for column in range(width):
        spaced[:, column] = points[places + column]
    text = spaced.tobytes().decode("utf-32-le", "surrogatepass")
    cuts = [0, *(np.searchsorted(places, ends) * (width + 1)).tolist()]
    return [text[start:end] for start, end in pairwise(cuts)]


def query_terms(query: str) -> list[tuple[str, float]]:
    """A query's terms with how much each counts; of a very long one the pairs first."""
    terms = dict.fromkeys(index_texts([query])[0].split())
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


_IS_CJK, _IS_HIRAGANA, _IS_EMPTY, _IS_SYLLABLE = 1, 2, 4, 8


def _kinds() -> NDArray[np.uint8]:
    """What each character of the basic plane is; the last, which no text has, stands for all beyond."""
    kinds = np.zeros(0x10000, np.uint8)
    for first, last in ((0x3005, 0x3006), (0x3041, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF)):
        kinds[first : last + 1] |= _IS_CJK
    kinds[0x3041:0x30A0] |= _IS_HIRAGANA | _IS_EMPTY | _IS_SYLLABLE
    for mark in "ー・々":
        kinds[ord(mark)] |= _IS_EMPTY
    kinds[ord("ー")] |= _IS_SYLLABLE
    return kinds


_KINDS = _kinds()
