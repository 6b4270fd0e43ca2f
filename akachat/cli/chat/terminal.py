"""Reading what is typed and printing what is said: in a terminal, in a notebook, or through pipes."""

from __future__ import annotations

import builtins
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from akachat.cli.output import write
from akachat.files import write_atomic

__all__ = ["BLOCK", "Terminal"]

#: Begins and ends a text of several lines.
BLOCK = '"""'
_MOST_LINES = 1000
#: What looks like a key is not kept, whoever's it is.
_KEY = re.compile(r"\b(?:hf_|sk-|sk_|gsk_|xai-|AIza)[-\w]{12,}")


class Terminal:
    """Where the chat is read from and printed to.

    With a person in front of it everything is printed in one place; through pipes the answers alone are on the
    standard output.

    Args:
        history: the file of earlier lines.
        secret: whether a line holds something that must not be written into that file.
    """

    def __init__(self, history: Path, secret: Callable[[str], bool]) -> None:
        # Jupyter's standard input is no terminal, and yet a person sits there.
        self.is_notebook = hasattr(builtins, "__IPYTHON__") and not sys.stdin.isatty()
        self.is_interactive = self.is_notebook or (sys.stdin.isatty() and sys.stdout.isatty())
        self._history = history
        self._secret = secret
        self._lines: list[str] = []
        self._passing = 0
        self._readline = _readline() if self.is_interactive and not self.is_notebook else None
        if self._readline is not None:
            self._recall(self._readline)

    def read(self) -> tuple[str, bool] | None:
        """What was typed next, and whether it was written as a block; None at the end of the input.

        Raises:
            KeyboardInterrupt: Ctrl+C instead of a line.
        """
        line = self._line("> ")
        if line is None or not line.lstrip().startswith(BLOCK):
            return None if line is None else (line, False)
        lines: list[str] = []
        rest: str | None = line.lstrip().removeprefix(BLOCK)
        while rest is not None:
            if rest.rstrip().endswith(BLOCK):
                lines.append(rest.rstrip().removesuffix(BLOCK))
                break
            lines.append(rest)
            rest = self._line("… ")
        return "\n".join(lines).strip("\n"), True

    def say(self, text: str) -> None:
        """Prints what is no answer."""
        if self.is_interactive:
            write(text + "\n")
        else:
            print(text, file=sys.stderr)

    def pass_by(self, text: str) -> None:
        """Shows a state over the one before, and takes it away for an empty text; nothing where that cannot be."""
        if self.is_interactive and not self.is_notebook and (text or self._passing):
            blank = " " * (self._passing - len(text))
            write(f"\r{text}{blank}" + ("" if text else "\r"))
            self._passing = 2 * len(text)  # kanji are twice as wide

    def answer(self, piece: str) -> None:
        """Prints a piece of an answer, at once."""
        write(piece)

    def close(self) -> None:
        """Keeps the lines for the next chat, in a file that only its owner reads."""
        if self._readline is None or not self._lines:
            return
        with suppress(OSError, UnicodeEncodeError):
            kept = [*self._stored(), *self._lines][-_MOST_LINES:]
            write_atomic(str(self._history), "".join(f"{line}\n" for line in kept).encode(), mode=0o600)

    def _line(self, mark: str) -> str | None:
        if not self.is_interactive:
            data = sys.stdin.buffer.readline()
            return data.decode("utf-8", "replace").rstrip("\r\n").removeprefix("\ufeff") if data else None
        try:
            line = input(mark)
        except EOFError:
            return None
        if self._readline is not None and line.strip() and not self._secret(line) and not _KEY.search(line):
            self._readline.add_history(line)
            if "\n" not in line:
                self._lines.append(line)
        return line

    def _recall(self, readline: ModuleType) -> None:
        readline.set_auto_history(False)
        readline.clear_history()
        with suppress(OSError):
            for line in self._stored():
                readline.add_history(line)

    def _stored(self) -> list[str]:
        if not os.path.exists(self._history):
            return []
        return self._history.read_text("utf-8", "replace").splitlines()


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:  # Windows has line editing of its own
        return None
    return readline
