"""What can be said of an answer by its text and numbers alone: verdicts with a score and a reason."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from akachat.batch.kinds import Between, Contains, Equals, Length
from akachat.batch.values import Result
from akachat.errors import InvalidInput

__all__ = ["Verdict", "character_similarity", "contains", "cosine", "equals", "script_share", "shown", "within"]

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a check passes, its score from 0 to 1, and why."""

    passed: bool
    score: float
    reason: str

    @classmethod
    def of(cls, passed: bool, reason: str) -> Verdict:
        """A verdict that is all or nothing."""
        return cls(passed, float(passed), reason)

    @classmethod
    def scored(cls, score: float, threshold: float, what: str) -> Verdict:
        """A verdict by a score; ``what`` is measured."""
        passed = score >= threshold
        # Three digits may hide on which side of the threshold a score lies: the words say it.
        side = "at least" if passed else "less than"
        return cls(passed, score, f"{what} is {score:.3f}, {side} {threshold:g}")


def shown(text: str) -> str:
    """A text in a reason: quoted, on one line, shortened."""
    line = " ".join(text.split())
    return f'"{line if len(line) <= 60 else line[:59] + "…"}"'


def contains(check: Contains, values: Sequence[str], text: str) -> Verdict:
    """Which of the texts are in the answer."""
    ignores_case = check.type.removeprefix("not-").startswith("i")
    heap = text.casefold() if ignores_case else text
    found = [value for value in values if (value.casefold() if ignores_case else value) in heap]
    missing = [value for value in values if value not in found]
    if check.type.startswith("not-"):
        return Verdict.of(not found, f"it contains {shown(found[0])}" if found else "it contains none of the texts")
    if check.type.endswith("-any"):
        return Verdict.of(bool(found), f"it contains {shown(found[0])}" if found else "it contains none of the texts")
    if missing:
        return Verdict.of(False, f"it does not contain {shown(missing[0])}")
    return Verdict.of(True, f"it contains {shown(values[0])}" if len(values) == 1 else "it contains all of the texts")


def equals(check: Equals, value: str, text: str) -> Verdict:
    """Whether the answer is the text, or begins or ends with it."""
    if check.strip:
        text, value = text.strip(), value.strip()
    if check.ignore_case:
        text, value = text.casefold(), value.casefold()
    passed = {"equals": text == value, "starts-with": text.startswith(value), "ends-with": text.endswith(value)}[
        check.type
    ]
    does, does_not = {
        "equals": ("equals", "does not equal"),
        "starts-with": ("begins with", "does not begin with"),
        "ends-with": ("ends with", "does not end with"),
    }[check.type]
    return Verdict.of(passed, f"it {does if passed else does_not} {shown(value)}")


def within(check: Between, result: Result) -> Verdict:
    """Whether a number of the result lies within the check's bounds.

    Raises:
        InvalidInput: the number is not known.
    """
    value, what = _measured(check, result)
    if value is None:
        raise InvalidInput(f"{what} is not known", hint="The model's side does not say it, or no price is set.")
    if check.max is not None and value > check.max:
        return Verdict.of(False, f"{what} is {value:.6g}, more than {check.max:g}")
    if check.min is not None and value < check.min:
        return Verdict.of(False, f"{what} is {value:.6g}, less than {check.min:g}")
    return Verdict.of(True, f"{what} is {value:.6g}")


def _measured(check: Between, result: Result) -> tuple[float | None, str]:
    if isinstance(check, Length):
        if check.unit == "characters":
            return len(result.text), "the length in characters"
        return result.completion_tokens, "the length in tokens"
    if check.type == "tokens":
        known = result.prompt_tokens is not None and result.completion_tokens is not None
        return (result.prompt_tokens or 0) + (result.completion_tokens or 0) if known else None, "the number of tokens"
    # A cached answer's times are those of the call that was made for it; they are judged as they were.
    return {
        "latency_seconds": (result.seconds, "the time in seconds"),
        "first_seconds": (result.first_seconds, "the time to the first token in seconds"),
        "cost": (result.cost, "the cost"),
    }[check.type]


_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_UNIT = re.compile(
    r"(?P<kana>[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f])"
    r"|(?P<kanji>[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af])"
    r"|(?P<english>[A-Za-z\uff21-\uff3a\uff41-\uff5a]+(?![^\W\d_\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f]))"
    r"|(?P<hangul>[\uac00-\ud7a3\u1100-\u11ff])"
    r"|(?P<other>[^\W\d_]+?(?=[\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\W\d_]|\Z))"
)
#: Japanese hardly ever writes more kanji than this without a single kana; Chinese does.
_KANJI_ALONE = 12


def script_share(text: str, language: Literal["ja", "en"]) -> float:
    """How much of a text is in a language, told by its script alone: a share from 0 to 1.

    Counted are kana and kanji one by one and words in other alphabets as one each; text between ``` is left out. A
    word of ASCII letters counts as English (so does one of another language that is written so). Many kanji without
    any kana count as Chinese. A text without letters has a share of 0.
    """
    counts: Counter[str] = Counter(str(match.lastgroup) for match in _UNIT.finditer(_FENCE.sub(" ", text[:_MOST])))
    total = counts.total()
    if not total:
        return 0.0
    if language == "en":
        return counts["english"] / total
    if not counts["kana"] and counts["kanji"] > _KANJI_ALONE:
        return 0.0
    return (counts["kana"] + counts["kanji"]) / total


def character_similarity(text: str, reference: str) -> float:
    """The F-measure of character n-grams, n from 1 to 6, with recall counted double, as chrF (Popović, 2015).

    White space and the width of characters do not count, and n-grams longer than the reference are left out.
    """
    answer, wanted = _plain(text), _plain(reference)
    if not answer or not wanted:
        return float(answer == wanted)
    scores = []
    for size in range(1, min(6, len(wanted)) + 1):
        mine = Counter(answer[i : i + size] for i in range(len(answer) - size + 1))
        theirs = Counter(wanted[i : i + size] for i in range(len(wanted) - size + 1))
        common = (mine & theirs).total()
        precision = common / mine.total() if mine else 0.0
        recall = common / theirs.total()
        scores.append(5 * precision * recall / (4 * precision + recall) if common else 0.0)
    return sum(scores) / len(scores)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text[: _MOST // 10]).split())


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two vectors, at least 0.

    Raises:
        InvalidInput: they are of different lengths, of length zero, or hold no numbers.
    """
    if len(one) != len(other) or not len(one):
        raise InvalidInput("the embedding model gave vectors of different lengths", hint="Try another model.")
    size = math.sqrt(math.fsum(x * x for x in one)) * math.sqrt(math.fsum(x * x for x in other))
    value = math.fsum(x * y for x, y in zip(one, other, strict=True)) / size if size else math.nan
    if not math.isfinite(value):
        raise InvalidInput("the embedding model gave a vector without a direction", hint="Try another model.")
    return min(1.0, max(0.0, value))
