"""The encoding of a text, as Japanese files have them: found out, or as the user says."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress

from akachat.retrieval.values import Refused

__all__ = ["decode"]

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: In this order every cp932 and euc-jp sample was told right; both are tried strictly.
_TRIED = ("utf-8", "euc_jp", "cp932")
#: But for what logs of terminals hold.
_CONTROLS = re.compile(r"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f]+")
#: Words in half-width kana as they are written: none begins with a mark, and what is voiced can be.
_HALF_WIDTH = re.compile(r"(?:[\x00-\x7f｡-･]|[ｶ-ﾄﾊ-ﾎｳ]ﾞ|[ﾊ-ﾎ]ﾟ|[ｦｱ-ﾝ][ｧ-ｰ]*)*")
#: So many bytes tell whether a text is in UTF-16.
_LOOKED_AT = 4_000
_USUAL = re.compile("[\\x20-\\x7e\\r\\n\\t\u2010-\u26ff\u3000-\u30ff\u4e00-\u9fff\uff01-\uff9f]")
_KANJI = re.compile("[\u4e00-\u9fff]")
_CHANGES = re.compile(r"(?<=[!-~])[^\x00-\x7f]|(?<=[^\x00-\x7f])[!-~]|(?<=[^｡-ﾟ])[｡-ﾟ]")


def decode(data: bytes, charset: str = "") -> tuple[str, str]:
    """A text, and the encoding that it was in.

    Args:
        data: its bytes.
        charset: the encoding that the user chose; empty to find it out.

    Raises:
        Refused: it is no text, or not in that encoding.
    """
    if charset:
        try:
            if charset.replace("_", "-").lower() in (
                "unicode-escape",
                "raw-unicode-escape",
                "undefined",
                "idna",
                "punycode",
            ):
                raise LookupError(charset)
            return data.decode(charset), charset
        except LookupError:
            raise Refused("broken", f"there is no charset {charset!r}", shown="unreadable") from None
        except ValueError:  # also what a name with a NUL in it raises
            raise Refused(
                "broken", f"it is not in {charset}", hint="Choose another charset, or none.", shown="unreadable"
            ) from None
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    half = _utf16(data)
    if half:
        return data.decode(half, "replace"), half
    if data.count(b"\0"):
        raise _no_text()
    if b"\x1b$" in data or b"\x1b(" in data:
        for name in ("iso2022_jp", "iso2022_jp_2004", "iso2022_jp_ext"):
            try:
                return data.decode(name), name
            except UnicodeError:
                continue
    for name in _TRIED:
        try:
            text = data.decode(name)
        except UnicodeError:
            continue
        if name == "euc_jp" and _is_rather_cp932(data, text):
            continue
        if _controls(text) > 0.02 * len(text):
            raise _no_text()
        return text, name
    # One broken byte does not make a text unreadable.
    best = max(_TRIED, key=lambda name: -data.decode(name, "replace").count("\ufffd"))
    text = data.decode(best, "replace")
    if (text.count("\ufffd") + _controls(text)) * 20 > len(text):
        raise _no_text()
    return text, best


def _utf16(data: bytes) -> str:
    """UTF-16 without a mark: every other byte of what is ASCII in it is NUL; else it has to make better Japanese."""
    if len(data) < 4 or len(data) % 2:
        return ""
    some = data[:_LOOKED_AT]
    best, most = "", -1.0
    for name, high in (("utf-16-le", some[1::2]), ("utf-16-be", some[0::2])):
        try:
            text = codecs.getincrementaldecoder(name)().decode(some)
        except UnicodeError:
            continue
        usual = _usual(text)
        plain = b"\0" in high and sum(c.isprintable() or c in "\r\n\t\u3000" for c in text) >= 0.98 * len(text)
        if usual > most and (plain or _is_japanese(text, usual, data)):
            best, most = name, usual
    return best


def _is_japanese(text: str, usual: float, data: bytes) -> bool:
    """Whether bytes read as UTF-16 are Japanese, and not rather the letters of another encoding in pairs."""
    if len(text) < 4 or usual < (1 if len(text) < 10 else 0.9):
        return False
    if _kana(text) >= 0.3 * len(text):
        return not data.replace(b"_", b"").isalnum()  # every other byte is 0x30
    return all(usual > each for each in map(_in_one_script, _others(data)))


def _others(data: bytes) -> Iterator[str]:
    """What the beginning of a text is in the encodings that are tried; NUL is in none of them."""
    for name in () if b"\0" in data else _TRIED:
        with suppress(UnicodeError):
            yield codecs.getincrementaldecoder(name)().decode(data[:_LOOKED_AT], len(data) <= _LOOKED_AT)


def _usual(text: str) -> float:
    """How much of a text is what Japanese texts consist of: kana, signs, ASCII, kanji of the first level."""
    length = max(1, len(text))
    usual = len(_USUAL.findall(text)) / length
    if usual < 0.9:
        return usual  # looking at each kanji takes longer, and nothing would come of it
    rare = sum(not b"\xb0" <= char.encode("euc_jp", "ignore")[:1] < b"\xd0" for char in _KANJI.findall(text))
    return usual - rare / length


def _in_one_script(text: str) -> float:
    """As ``_usual``, but what was not meant so changes between letters, kanji and half-width kana at every step."""
    return _usual(text) - max(0.0, len(_CHANGES.findall(text)) / max(1, len(text)) - 0.25)


def _is_rather_cp932(data: bytes, text: str) -> bool:
    """Whether what decodes as EUC-JP too makes better Japanese in cp932: half-width kana are cp932's single bytes."""
    try:
        other = data.decode("cp932")
    except UnicodeError:
        return False
    half = sum("\uff61" <= c <= "\uff9f" for c in other)
    if half:
        if _kana(text) or not _HALF_WIDTH.fullmatch(other):
            return False
        # Read as EUC-JP, words in half-width kana are full of kanji of the second level, which hardly any text has.
        seldom = sum(c.encode("euc_jp")[0] >= 0xD0 for c in text if c > "\x7f")
        return seldom > 0.1 * len(text)
    return _kana(other) > 2 * _kana(text) + 1


def _controls(text: str) -> int:
    return sum(map(len, _CONTROLS.findall(text)))


def _kana(text: str) -> int:
    return sum("\u3041" <= c <= "\u30ff" for c in text)


def _no_text() -> Refused:
    return Refused(
        "unknown_kind",
        "it is no text, nor a kind of file that is known",
        hint="Save it as text or PDF.",
        shown="unreadable",
    )
