"""The numbers that Word counts itself and does not write down: ``第3条``, ``(2)``, ``・``."""

from __future__ import annotations

import re
from typing import Any

from akachat.retrieval.reading.ooxml import W

__all__ = ["Numbering"]

_KANJI = "〇一二三四五六七八九"
_LEVELS = 9
_NONE = {"none", "bullet"}
_PLACE = re.compile(r"%([1-9])")
_ROMAN = [
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
]  # fmt: skip
_SERIES = {
    "aiueo": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "iroha": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン",
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "lowerLetter": "abcdefghijklmnopqrstuvwxyz",
    "upperLetter": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}


class Numbering:
    """Counts along with a document; every numbered paragraph has to be shown to it, in order.

    Args:
        root: the numbering part's XML, or None where the document has none.
    """

    def __init__(self, root: Any) -> None:
        self._levels: dict[str, dict[int, Any]] = {}
        self._lists: dict[str, str] = {}
        self._counts: dict[str, list[int | None]] = {}
        if root is None:
            return
        for abstract in root.iter(f"{W}abstractNum"):
            levels = {int(level.get(f"{W}ilvl", "0")): level for level in abstract.iter(f"{W}lvl")}
            self._levels[abstract.get(f"{W}abstractNumId")] = levels
        for number in root.iter(f"{W}num"):
            abstract = number.find(f"{W}abstractNumId")
            if abstract is not None:
                self._lists[number.get(f"{W}numId")] = abstract.get(f"{W}val")

    def next(self, list_id: str, level: int) -> str:
        """What stands before the next paragraph of a list: its number as written, a bullet as ``・``, or nothing."""
        abstract = self._lists.get(list_id, "")
        levels = self._levels.get(abstract, {})
        if level not in levels:
            return ""
        counts = self._counts.setdefault(abstract, [None] * _LEVELS)
        before = counts[level]
        counts[level] = _start(levels[level]) if before is None else before + 1
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)
        if _value(levels[level], "numFmt") == "bullet":
            return "・"

        def number(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            if at not in levels:
                return ""
            form = _value(levels[at], "numFmt")
            # A chapter's number within "1.2" is in its own form, unless the level wants plain digits.
            legal = levels[level].find(f"{W}isLgl") is not None
            count = counts[at]
            return _written(count if count is not None else _start(levels[at]), "decimal" if legal else form)

        return _PLACE.sub(number, _value(levels[level], "lvlText"))


def _value(level: Any, name: str) -> str:
    element = level.find(f"{W}{name}")
    return element.get(f"{W}val") or "" if element is not None else ""


def _start(level: Any) -> int:
    start = _value(level, "start")
    return int(start) if start.isdigit() else 1


def _written(count: int, form: str) -> str:
    if form in _NONE:
        return ""
    if series := _SERIES.get(form.removesuffix("FullWidth")):
        return series[(count - 1) % len(series)] if count > 0 else str(count)
    if form in ("lowerRoman", "upperRoman"):
        text = ""
        for value, letters in _ROMAN:
            text += letters * (count // value)
            count %= value
        return text.upper() if form == "upperRoman" else text
    if form in ("japaneseCounting", "ideographTraditional", "chineseCounting", "japaneseLegal"):
        return _counted(count)
    if form in ("ideographDigital", "japaneseDigitalTenThousand"):
        return "".join(_KANJI[int(digit)] for digit in str(count))
    if form in ("decimalFullWidth", "decimalFullWidth2"):
        return str(count).translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    return str(count)


def _counted(count: int) -> str:
    """二十三 for 23."""
    if not 0 < count < 10_000:
        return str(count)
    text = ""
    for value, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, count = divmod(count, value)
        if digit:
            text += (_KANJI[digit] if digit > 1 or value == 1 else "") + name
    return text
