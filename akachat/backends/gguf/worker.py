"""One GGUF model in memory: its process, its tokenizer, its turns and its facts."""

from __future__ import annotations

import http.client
import json
import os
import secrets
from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

from akachat.backends.base import Token
from akachat.backends.gguf.files import File, free_bytes
from akachat.backends.gguf.process import Process, gpus
from akachat.backends.gguf.turns import Turns
from akachat.backends.limits import BackendLimits
from akachat.errors import BackendError, ModelError

__all__ = ["Worker"]

#: Answers made at once. Each place reads a prompt that it has not seen, so more of them would read the same more often.
_PLACES = 4
#: A CPU model up to this size runs on one core: threads that wait for each other cost more than they bring.
_SMALL = 30_000_000
#: Tokens that are read in one step. A stop, and the others' next tokens, wait for a step of a long prompt to end.
_STEP = 512
#: Context where a file does not say what it was trained for.
_CONTEXT = 4096
#: The part of the free memory that the context may take.
_FOR_CONTEXT = 4
#: Seconds for answers that need no computing.
_QUICK = 30.0


class Worker:
    """Loads a model, and answers by it.

    Args:
        file: the model.
        name: as the options have it.
        adapters: LoRA adapters by the option's value; each is used by the requests that name it.
        limits: what it may use.

    Raises:
        ModelError: it cannot be loaded.
    """

    def __init__(self, file: File, name: str, adapters: Mapping[str, Path], limits: BackendLimits) -> None:
        started = monotonic()
        self.file = file
        self.name = name
        self.adapters = tuple(adapters)
        self.used = started
        self.closing = False
        trained = file.header.context or _CONTEXT
        room = _room(file, trained)
        self.context = min(trained, room)
        self._gpus = [name for name, _ in gpus()]
        self._key = secrets.token_urlsafe(32)
        self._threads = 1 if file.header.parameters <= _SMALL else _cores()
        self._process = Process(
            {
                "path": str(file.path),
                "context": room,
                "slots": _PLACES,
                "batch": _STEP,
                "threads": self._threads,
                "cache_mib": limits.prefix_cache_bytes // 2**20,
                "gpu": bool(self._gpus),
                "exact": file.header.format == "F32",
                "key": self._key,
                "adapters": [str(path) for path in adapters.values()],
            },
            name,
            file.size,
        )
        address = urlsplit(self._process.answer["address"])
        self._host, self._port = address.hostname or "", address.port or 0
        self._memory = file.size + room * file.header.cache_bytes
        self.begin = self._begin_tokens()
        self.turns = Turns(name, _PLACES, room, limits.queue)
        self._seconds = monotonic() - started

    @property
    def is_alive(self) -> bool:
        """Whether it can answer."""
        return self._process.is_alive

    @property
    def busy(self) -> bool:
        """Whether an answer is being made or waits."""
        return self.turns.busy

    def facts(self) -> dict[str, Any]:
        """JSON-ready facts for the page."""
        header = self.file.header
        return {
            "device": ", ".join(self._gpus) or "cpu",
            "dtype": header.format,
            "parameters": header.parameters,
            "memory": self._memory,
            "class": f"{header.architecture} (GGUF)",
            "context": self.context,
            "load_seconds": round(self._seconds, 3),
            "file": self.file.path.name,
            "threads": self._threads,
            "lora": list(self.adapters),
        }

    def tokens(self, pieces: Sequence[str], *, begin: bool) -> tuple[int, ...]:
        """Tokens of a text that is cut into pieces; waits some milliseconds for the model's process."""
        ids = list(self.begin if begin else ())
        for piece in pieces:
            if piece:
                ids += self._quick("/tokenize", {"content": piece, "add_special": False, "parse_special": True})[
                    "tokens"
                ]
        return tuple(ids)

    def spell(self, pieces: Sequence[str], *, begin: bool) -> tuple[Token, ...]:
        """As ``tokens``, each with its text: of a character in several tokens, the last one has it."""
        names = self.file.header.values.get("tokenizer.ggml.tokens", ())
        spelled = [Token(id, str(names[id])) for id in (self.begin if begin else ())]
        decoder = getincrementaldecoder("utf-8")("replace")
        for text in filter(None, pieces):
            body = {"content": text, "add_special": False, "parse_special": True, "with_pieces": True}
            for token in self._quick("/tokenize", body)["tokens"]:
                piece = token["piece"]  # bytes where they are no characters
                data = piece.encode() if isinstance(piece, str) else bytes(piece)
                spelled.append(Token(token["id"], decoder.decode(data)))
        return tuple(spelled)

    async def complete(self, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """What the model says to a request, piece by piece; closing the iterator stops it.

        Raises:
            BackendError: the model's process refused or ended.
        """
        import aiohttp

        address = f"http://{self._host}:{self._port}/completion"
        try:
            async with (
                aiohttp.ClientSession(
                    headers={"Authorization": f"Bearer {self._key}"},
                    timeout=aiohttp.ClientTimeout(total=None),
                    read_bufsize=2**20,
                ) as session,
                session.post(address, json=body) as response,
            ):
                if response.status != 200:
                    raise self._refusal(await response.text())
                async for line in response.content:
                    if line.startswith((b"data: {", b"error: {")):
                        piece = json.loads(line.partition(b": ")[2])
                        if "error" in piece or line.startswith(b"error"):
                            raise self._refusal(json.dumps(piece))
                        yield piece
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._ended(error) from error

    def close(self, *, cancel: bool) -> None:
        """Frees the model, after its answers have been made (or are cancelled). Waits, so not for the loop."""
        self.closing = True
        self.turns.close(cancel=cancel)
        self._process.close()

    def _begin_tokens(self) -> tuple[int, ...]:
        """What the model's own tokenizer puts before every text."""
        found = self._quick("/tokenize", {"content": "", "add_special": True, "parse_special": True})["tokens"]
        end = self.file.header.values.get("tokenizer.ggml.eos_token_id")
        return tuple(found[:-1] if len(found) > 1 and found[-1] == end else found)

    def _quick(self, path: str, body: Mapping[str, Any]) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_QUICK)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except OSError as error:
            raise self._ended(error) from error
        finally:
            connection.close()
        if response.status != 200:
            raise self._refusal(text)
        return json.loads(text)

    def _refusal(self, text: str) -> BackendError:
        try:
            error = json.loads(text)
            reason = str(error.get("error", error).get("message", text))
        except (ValueError, AttributeError):
            reason = text
        return ModelError(
            f"the model failed: {reason[:300]}", hint="Change the options that it names, or shorten the prompt."
        )

    def _ended(self, error: Exception) -> BackendError:
        if not self._process.has_ended():
            return BackendError(f"the model's process did not answer: {type(error).__name__}", hint="Try again.")
        return BackendError(
            f"the process of {self.name!r} ended: {self._process.last_words() or 'without a word'}",
            hint="The next request loads the model again. If it ends again, take another file of it.",
        )


def _room(file: File, trained: int) -> int:
    """Tokens of all answers at once: all that the model was trained for in every place, or what memory allows."""
    wanted = trained * _PLACES
    if not file.header.cache_bytes:
        return min(wanted, max(trained, _CONTEXT * _PLACES))
    allowed = int(max(0.0, free_bytes() - file.size) / _FOR_CONTEXT / file.header.cache_bytes)
    return max(min(wanted, allowed) // 256 * 256, min(trained, 512))


def _cores() -> int:
    """The processor's cores that this process may use; a second thread on a core brings nothing here."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))
