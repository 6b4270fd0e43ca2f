"""A model's own process: how it is started, what it said last, and how it ends."""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import subprocess
import sys
import threading
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

from akachat.errors import ModelError

__all__ = ["Process", "gpus"]

_log = logging.getLogger(__name__)
_CHILD = Path(__file__).with_name("child.py")
#: Seconds that loading may take: reading a file of this size from a slow disk, and as long again.
_START, _BYTES_A_SECOND = 120.0, 20e6
#: What the library says of a failure, the most exact first; the log's lines begin with a time and a letter.
_REASONS = (re.compile(r"error loading model[^:]*: *(.+)"), re.compile(r"^[\d.]+ E +(.+)"))


class Process:
    """One program that serves one model on this machine's loopback, to whoever has its key.

    Args:
        wanted: what the program is told, see ``child``.
        name: the model's, for errors.
        size: bytes to read, which bounds how long loading may take.

    Raises:
        ModelError: the model cannot be loaded.
    """

    def __init__(self, wanted: dict[str, Any], name: str, size: int) -> None:
        self._said: deque[str] = deque(maxlen=40)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            start_new_session=True,  # Ctrl+C in a terminal is for the one who started it
        )
        self._listener = threading.Thread(target=self._listen, daemon=True, name="akachat-gguf-log")
        self._listener.start()
        try:
            self.answer = self._ask(wanted, name, _START + size / _BYTES_A_SECOND)
        except BaseException:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def has_ended(self) -> bool:
        """Whether the program has ended, asked where its connection broke: that is seen a moment earlier."""
        try:
            self._process.wait(0.3)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self) -> str:
        """Why the program ended or failed, as far as it said."""
        for reason in _REASONS:
            for line in self._said:
                if found := reason.search(line):
                    return found[1].strip()[:300]
        code = self._process.poll()
        return "" if code in (None, 0) else f"exit code {code}"

    def close(self) -> None:
        """Ends the program at once. Its memory is free when this returns."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, wanted: dict[str, Any], name: str, seconds: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read_answer, args=(answers,), daemon=True, name="akachat-gguf-start").start()
        try:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            line = answers.get(timeout=seconds)
        except queue.Empty:
            raise ModelError(
                f"{name!r} was not loaded within {seconds:.0f} seconds", hint="Try a smaller file, or a faster disk."
            ) from None
        except OSError:  # it ended before it listened
            line = ""
        answer: dict[str, Any] = json.loads(line) if line else {"error": ""}
        if "error" in answer:
            self.close()  # only then has its log come as a whole
            self._listener.join(2.0)
            _log.warning("a GGUF was not loaded: %s", "\n".join(self._said))
            reason = self.last_words() or answer["error"] or "the program that loads it ended"
            raise ModelError(
                f"{name!r} cannot be loaded: {reason}",
                hint="Download it again; a newer kind of model may need a newer xllamacpp.",
            )
        return answer

    def _read_answer(self, answers: queue.SimpleQueue[str]) -> None:
        assert self._process.stdout is not None
        try:
            answers.put(self._process.stdout.readline())
        except ValueError:  # closed meanwhile
            answers.put("")

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._said.append(line.rstrip())


def _environment() -> dict[str, str]:
    """Threads that wait for each other sleep.

    By default they spin: on two cores with other work on them a token then took from 0.1 ms to seconds (32 answers of
    a tiny model 51 s, asleep 2.3 s); a model of 88M makes 130 tokens/s either way.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ}


def gpus() -> list[tuple[str, int]]:
    """Name and free bytes of the GPUs that the installed build computes on."""
    return _ask_for_gpus() if _has_gpu() else []


@cache
def _has_gpu() -> bool:
    return bool(_ask_for_gpus())


def _ask_for_gpus() -> list[tuple[str, int]]:
    """A process of its own asks: a driver that is broken may end who asks it."""
    try:
        probe = Process({"only_devices": True}, "xllamacpp", 0)
    except ModelError:
        return []
    try:
        return [(each["name"], each["free"]) for each in probe.answer["devices"]]
    finally:
        probe.close()
