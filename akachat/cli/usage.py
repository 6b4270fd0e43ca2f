"""What a command line gives: words, files, the standard input and `key=value` pairs."""

from __future__ import annotations

import locale
import sys
from collections.abc import Iterable
from pathlib import Path

from akachat.errors import InvalidInput

__all__ = ["STANDARD_INPUT", "UsageError", "pairs", "read_file", "read_standard_input"]

#: The word that stands for the standard input, as in other commands.
STANDARD_INPUT = "-"


class UsageError(InvalidInput):
    """The command line itself is wrong: exit code 2."""


def pairs(given: Iterable[str], flag: str) -> dict[str, str]:
    """``["a=b", …]`` as a dictionary.

    Raises:
        UsageError: a word has no ``=``, or nothing before it.
    """
    found = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UsageError(f"{flag} {word!r} has no value", hint=f"Write {flag} key=value.")
        found[key] = value
    return found


def read_file(name: str) -> str:
    """The text of a file, or of the standard input for ``-``.

    Raises:
        UsageError: it cannot be read, or is no UTF-8 text.
    """
    if name == STANDARD_INPUT:
        return read_standard_input()
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    try:
        return _lines(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8 text (byte {error.start + 1})", hint="Save it as UTF-8.") from None


def read_standard_input() -> str:
    """The whole standard input; UTF-8, else in the terminal's encoding, as a Windows pipe gives it.

    Raises:
        UsageError: it is neither.
    """
    data = sys.stdin.buffer.read()
    for encoding in ("utf-8-sig", locale.getpreferredencoding(False)):
        try:
            return _lines(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise UsageError("the standard input is no UTF-8 text", hint="Send UTF-8.")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
