"""Text as search terms: characters and pairs of them for Japanese, whole words for Latin letters and digits.

One or two hiragana say nothing about a topic and are left out, and so is a single katakana.

Measured by ``bench.recall``, 251 Japanese questions, half of them in quite other words than the text's: found first
and among five. Everything was chosen by one half of the questions and kept only where the other was no worse. English
is the last two lines, 42 questions::

                                                              chosen by    held out
    pairs and words 2, single characters 1, hiragana .5       .44  .63     .58  .71
    pairs 1, single characters 1.5                            .52  .67     .60  .74
    katakana: no single ones, pairs .5                        .54  .70     .60  .75
    pairs that begin with hiragana .5                         .56  .69     .62  .75
    three hiragana .75                                        .58  .69     .62  .76
    what asks (何, 誰) nearly nothing                         .59  .70     .64  .76
    katakana words as hiragana too                            .60  .71     .66  .76
    English words without -ed and -ing                        .33  .52     .38  .62
    short words little, in a question without Japanese        .43  .57     .48  .62

What made no difference or harm on either half, and is not here: pairs of hiragana, three katakana, hiragana as
katakana, kanji numerals as digits, polite endings, each term once a passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray

from akachat.retrieval.folding import SPELLING, folded, folded_with_places, normalized

__all__ = ["TERMS", "analyzer", "index_texts", "marks", "query_terms"]

#: What the terms are called in an index; to be counted up when they change, so that older indexes are made anew.
TERMS = "akachat-3"

_CJK = r"\u3005\u3006\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[^\W_{_CJK}]+")
_JAPANESE = re.compile(f"[{_CJK}]")
_KATAKANA_RUN = re.compile("[\u30a1-\u30f4\u30fc]{3,}")
_AS_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F5)}

_OF_WORD = 2.0
#: An English word of three letters or fewer, mostly one that stands in every text; USB and the like are whole words.
_OF_SHORT_WORD = 0.5
_OF_KANJI = 1.5
_OF_PAIR = 1.0
#: A katakana word has many pairs, and a pair that begins with hiragana goes across two words.
_OF_KANA_PAIR = 0.5
#: Three hiragana in a row may be a word (りんご), and are more often grammar.
_OF_HIRAGANA = 0.75
#: What somebody who asks says and a text that answers does not.
_ASKING = re.compile("[何誰]")
_OF_ASKING = 0.05
_MOST_TERMS = 256


def analyzer() -> Any:
    """The analyzer of the index's field: terms stand apart in what ``index_texts`` gives."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def index_texts(texts: Sequence[str]) -> list[str]:
    """What is given to the index for each of some passages: its terms, with spaces between them.

    By arrays over all of them at once: 59 MB of text a second, where a loop over the characters made 8.
    """
    return _terms([normalized(text) for text in texts])


def _terms(compared: Sequence[str]) -> list[str]:
    points = np.frombuffer("\n".join([*compared, "", ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _KINDS[np.minimum(points, 0xFFFF)]
    others = np.flatnonzero((kinds & _IS_SPELT) != 0)
    if len(others):
        points = points.copy()
        points[others] = _SPELLING[points[others]]
        kinds[others] = _KINDS[points[others]]
    both = kinds[:-1] & kinds[1:]
    ends = np.cumsum([len(text) + 1 for text in compared])
    found = (
        _spaced(points, np.flatnonzero((both & (_IS_CJK | _IS_HIRAGANA)) == _IS_CJK), 2, ends),
        _spaced(points, np.flatnonzero((kinds & _IS_KANJI) != 0), 1, ends),
        _spaced(points, np.flatnonzero((both[:-1] & both[1:] & _IS_HIRAGANA) != 0), 3, ends),
    )
    words = (" ".join(map(_stem, _WORD.findall(text))) for text in compared)
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
    """A query's terms with how much each counts; of a very long one the words and pairs first."""
    text = folded(query)
    # ズキズキ is ずきずき in many texts; the other way round found nothing more.
    spoken = [run.translate(_AS_HIRAGANA) for run in _KATAKANA_RUN.findall(text)]
    weights = {term: _weight(term) for term in _terms(["\n".join([text, *spoken])])[0].split()}
    if not _JAPANESE.search(text):
        capitals = {word.casefold() for word in _WORD.findall(query) if word.isupper() and len(word) > 1}
        short = [word for word in weights if len(word) < 4 and word.isalpha() and word not in capitals]
        weights.update(dict.fromkeys(short, _OF_SHORT_WORD))
    return sorted(weights.items(), key=lambda each: len(each[0]) == 1)[:_MOST_TERMS]


def _weight(term: str) -> float:
    if _ASKING.search(term):
        return _OF_ASKING
    if not _JAPANESE.match(term):
        return _OF_WORD
    if len(term) == 2:
        return _OF_KANA_PAIR if "\u3041" <= term[0] <= "\u30ff" else _OF_PAIR
    return _OF_KANJI if len(term) == 1 else _OF_HIRAGANA


def marks(text: str, query: str) -> tuple[tuple[int, int], ...]:
    """The pieces of a text that a query's pairs and words stand in, as (start, end), in order and apart."""
    wanted = {term for term, _ in query_terms(query) if len(term) > 1}
    compared, places = folded_with_places(text)
    found: list[tuple[int, int]] = []
    for start, end in sorted(_spans(compared, wanted)):
        left, right = places[start][0], places[end - 1][1]
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(right, found[-1][1]))
        else:
            found.append((left, right))
    return tuple(found)


def _spans(text: str, wanted: set[str]) -> list[tuple[int, int]]:
    spans = [word.span() for word in _WORD.finditer(text) if _stem(word.group()) in wanted]
    for term in filter(_JAPANESE.match, wanted):
        place = text.find(term)
        while place >= 0:
            spans.append((place, place + len(term)))
            place = text.find(term, place + 1)
    return spans


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


_IS_CJK, _IS_HIRAGANA, _IS_KANJI, _IS_SPELT = 1, 2, 4, 8


def _kinds() -> NDArray[np.uint8]:
    """What each character of the basic plane is; the last, which no text has, stands for all beyond."""
    kinds = np.zeros(0x10000, np.uint8)
    for first, last in ((0x3005, 0x3006), (0x3041, 0x30FA), (0x30FC, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF)):
        kinds[first : last + 1] |= _IS_CJK
    for first, last in ((0x3006, 0x3006), (0x3400, 0x9FFF), (0xF900, 0xFAFF)):
        kinds[first : last + 1] |= _IS_KANJI
    kinds[0x3041:0x30A0] |= _IS_HIRAGANA
    kinds[ord("ー")] |= _IS_HIRAGANA
    kinds[list(SPELLING)] |= _IS_SPELT
    return kinds


_KINDS = _kinds()
_SPELLING = np.arange(0x10000, dtype=np.uint32)
_SPELLING[list(SPELLING)] = list(SPELLING.values())
