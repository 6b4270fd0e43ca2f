"""The process that reads documents: what hangs, crashes or eats memory in here harms nobody else.

One line of JSON asks for one document: ``{"path", "name", "charset", "limits"}``; the answer is one frame. The folder
that its argument names is for what libraries leave on the disk, and goes with it, even if the one who asks is killed.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from akachat.retrieval.reading.frames import pack
from akachat.retrieval.reading.kinds import read_document
from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.values import Document, Refused

__all__ = ["main"]


def main() -> None:
    """Answers until the input ends."""
    sys.addaudithook(_alone)
    # A parser that prints would break the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # A document is millions of small things that all stay until it is told: looking through them helps nothing.
    gc.disable()
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        limits = ReadLimits(**asked["limits"])
        _bound(limits.memory_bytes)
        answers.write(pack(_read(Path(asked["path"]), asked["name"], asked["charset"], limits)))
        answers.flush()
        gc.collect()
        # What is left are modules, which a later collection need not look through again.
        gc.freeze()
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def _alone(event: str, arguments: tuple[Any, ...]) -> None:
    """Lets nothing in here reach a network: some libraries fetch a model, or count their users, unasked."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise PermissionError("a document is read without the network")


def _read(path: Path, name: str, charset: str, limits: ReadLimits) -> Document | Refused:
    try:
        return read_document(path, name, charset=charset, limits=limits)
    except Refused as error:
        return error
    except MemoryError:
        return Refused(
            "too_large",
            "reading it takes too much memory",
            hint="Split it, or raise limits.rag_read_memory_bytes.",
            shown="unreadable",
        )


def _bound(memory: int) -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    main()
