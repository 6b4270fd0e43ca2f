"""Reads documents in processes of their own, each bounded in time and memory, a few side by side."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from akachat.retrieval.reading.frames import LENGTH, unpacked
from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.values import Document, Refused

__all__ = ["Reader"]

#: So many bytes are unpacked in a few milliseconds.
_SHORT = 200_000


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process that reads, and the folder for what it leaves on the disk while it does."""

    process: asyncio.subprocess.Process
    folder: str


class Reader:
    """Starts processes as they are needed, and keeps them for the next documents.

    Args:
        limits: of each document.
        workers: most processes.
    """

    def __init__(self, limits: ReadLimits, workers: int) -> None:
        self.workers = workers
        self._limits = limits
        self._free = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []

    async def read(self, path: Path, name: str, charset: str = "") -> Document:
        """A document's text.

        Args:
            path: where it lies.
            name: what it is called; its ending tells the kind where the content does not.
            charset: the encoding of a text; empty to find it out.

        Raises:
            Refused: it has no text that can be had, and why.
        """
        asked = {"path": str(path.absolute()), "name": name, "charset": charset, "limits": asdict(self._limits)}
        async with self._free:
            worker = self._living() or await self._start()
            try:
                async with asyncio.timeout(self._limits.seconds):
                    data = await _ask(worker.process, json.dumps(asked).encode() + b"\n")
            except TimeoutError:
                await _end(worker)
                raise Refused(
                    "too_slow",
                    f"reading it took over {self._limits.seconds:g} seconds",
                    hint="Split it, or raise limits.rag_read_seconds.",
                    shown="unreadable",
                ) from None
            except (EOFError, OSError):
                await _end(worker)
                raise Refused(
                    "broken",
                    "the program that reads it broke down over it",
                    hint="Save it again in its own program, or as another kind of file.",
                    shown="unreadable",
                ) from None
            except BaseException:
                await _end(worker)
                raise
            self._idle.append(worker)
        # A long one takes seconds, in which nobody else should have to wait.
        return unpacked(data) if len(data) < _SHORT else await asyncio.to_thread(unpacked, data)

    def _living(self) -> _Worker | None:
        """One that waits for work. One that ended meanwhile must not be taken for broken by the next document."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
            shutil.rmtree(worker.folder, ignore_errors=True)
        return None

    async def _start(self) -> _Worker:
        folder = tempfile.mkdtemp(prefix="akachat-reading-")
        environ = {**os.environ, "PYTHONUTF8": "1", "TMPDIR": folder, "TEMP": folder, "TMP": folder}
        root = str(Path(__file__).resolve().parents[3])
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environ.get("PYTHONPATH", "")]))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "akachat.retrieval.reading.worker",
            folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=2**22,
            env=environ,
            # A group of its own: a program that it starts for a document has to end with it. (uvloop takes no group.)
            start_new_session=sys.platform != "win32",
        )
        return _Worker(process, folder)

    async def aclose(self) -> None:
        """Ends the processes."""
        idle, self._idle = self._idle, []
        for worker in idle:
            await _end(worker)


async def _ask(process: asyncio.subprocess.Process, line: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    await process.stdin.drain()
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    return await process.stdout.readexactly(length)


async def _end(worker: _Worker) -> None:
    process = worker.process
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32" or process.returncode is not None:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
    await asyncio.to_thread(shutil.rmtree, worker.folder, ignore_errors=True)
