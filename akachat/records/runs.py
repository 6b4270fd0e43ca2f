"""The log of runs: found again, shown whole, and run again with another version of the prompt or another model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from akachat.errors import AkachatError, InvalidInput, NotFound
from akachat.events import Finished
from akachat.journal import Journal, Page, Query
from akachat.messages import parse_message
from akachat.records.differences import Piece, differences
from akachat.request import RunRequest, Source
from akachat.settings import MASK, Settings

__all__ = ["Replay", "RunLog", "Version"]

#: What says which model a prompt reaches; another model brings its own, or none.
_MODEL = (
    *("location", "model", "endpoint", "tokenizer", "dtype", "lora", "revision"),
    *("template", "chat_template_kwargs", "is_messages"),
)


@dataclass(frozen=True, slots=True)
class Version:
    """With what a logged run is run again.

    Attributes:
        prompt: a saved prompt as it is now; empty for the instruction and the options that were logged.
        model: a model's name, as callers give it; empty for the version's own.
        options: single options that replace the version's; a None unsets one.
    """

    prompt: str = ""
    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replay:
    """A logged run beside the same question now.

    Attributes:
        before: the logged entry.
        after: what the run gave now.
        pieces: what differs between the two answers.
        masked: whether the log hides a key in the question, so that it was not quite the same.
    """

    before: Mapping[str, Any]
    after: Finished
    pieces: tuple[Piece, ...]
    masked: bool

    def to_dict(self) -> dict[str, Any]:
        """The replay as a JSON object, without the answer's seq."""
        after = self.after.data()
        del after["seq"]
        return {
            **after,
            "before": {key: self.before.get(key) for key in ("id", "time", "prompt", "model", "result")},
            "differences": [piece.to_dict() for piece in self.pieces],
            "masked": self.masked,
        }


class RunLog:
    """The journal of a playground, and its runs again.

    Args:
        journal: where they are.
        settings: the current settings.
        run: runs a prompt.
        find_model: the options that reach a model by its name; None for an unknown one.
    """

    def __init__(
        self,
        journal: Journal,
        settings: Callable[[], Settings],
        run: Callable[[RunRequest], Awaitable[Finished]],
        find_model: Callable[[str], dict[str, Any] | None],
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._run = run
        self._find_model = find_model

    async def search(self, query: Query, limit: int = 50, *, cursor: str = "") -> Page:
        """The newest runs that a query asks for, a bounded piece of the log at a time.

        Raises:
            InvalidInput: the query or the cursor cannot be used.
        """
        if not 1 <= limit <= 1_000:
            raise InvalidInput(f"`limit` is {limit}", hint="It takes a number from 1 to 1000.")
        return await anyio.to_thread.run_sync(lambda: self._journal.search(query, limit, cursor=cursor))

    async def get(self, id: str, at: str = "") -> dict[str, Any]:
        """All that is kept of a run; ``at`` is where a search found it.

        Raises:
            NotFound: it is not in the log, or too far back.
        """
        entry = await anyio.to_thread.run_sync(self._journal.find, id, at)
        if entry is None:
            raise NotFound(f"there is no run {id!r} in the log", hint="It may be older than what one search reads.")
        return entry

    async def days(self) -> dict[str, int]:
        """The days of which something is kept, the newest first, each with its bytes."""
        return await anyio.to_thread.run_sync(self._journal.days)

    async def delete(self, day: str = "") -> int:
        """Deletes a day of the log, or all of it; gives the bytes that went.

        Raises:
            FileError: it cannot be deleted.
        """
        Query(since=day).check()
        return await anyio.to_thread.run_sync(self._journal.delete, day)

    def rules(self) -> dict[str, Any]:
        """What is kept: whether at all, for how many days, and how many entries of this process were not written."""
        kept = self._settings().journal
        return {
            "enabled": kept.enabled,
            "days": kept.days,
            "total_bytes": kept.total_bytes,
            "dropped": self._journal.dropped,
        }

    async def replay(
        self, id: str, version: Version, *, at: str = "", source: Source = "python", caller: str = "", run: str = ""
    ) -> Replay:
        """Asks a logged run's question again: the same input, conversation and variables of the call.

        Variables of the workspace, libraries and other prompts are as they are now.

        Args:
            id: the logged run.
            version: with what it is asked now.
            at: where a search found it.
            source: who asks now.
            caller: tells callers of one source apart.
            run: the new run's own id; empty for any.

        Raises:
            NotFound: the run is not in the log, or there is no such prompt or model.
            AkachatError: the run failed.
        """
        entry = await self.get(id, at)
        request = self.request(entry, version, source=source, caller=caller, run=run)
        after = await self._run(request)
        pieces = await anyio.to_thread.run_sync(differences, str(entry.get("result") or ""), after.result)
        asked = [request.input, *(m.content for m in request.messages), *request.variables.values()]
        return Replay(entry, after, pieces, any(MASK in text for text in asked))

    def request(
        self,
        entry: Mapping[str, Any],
        version: Version,
        *,
        source: Source = "python",
        caller: str = "",
        run: str = "",
    ) -> RunRequest:
        """The request that asks an entry's question again.

        Raises:
            InvalidInput: the entry does not hold it.
            NotFound: there is no such model.
        """
        try:
            history = tuple(parse_message(message) for message in entry.get("history") or ())
            variables = {str(key): str(value) for key, value in (entry.get("variables") or {}).items()}
            logged = dict(entry.get("options") or {})
        except (AkachatError, TypeError, ValueError, AttributeError):
            raise InvalidInput("the log does not hold all of this run", hint="Choose another run.") from None
        changes = {**self._model(version.model), **version.options}
        return RunRequest(
            prompt=version.prompt or entry.get("prompt") or None,
            instruction=None if version.prompt else str(entry.get("instruction") or ""),
            options=changes if version.prompt else _with(logged, changes),
            is_draft=not version.prompt,
            input=str(entry.get("input") or ""),
            messages=history,
            variables=variables,
            id=run,
            source=source,
            caller=caller,
            stream=False,
            raw=bool(entry.get("raw")),
            continues=str(entry.get("continues") or ""),
        )

    def _model(self, name: str) -> dict[str, Any]:
        if not name:
            return {}
        found = self._find_model(name)
        if found is None:
            raise NotFound(
                f"there is no model {name!r} that callers may name",
                hint="Name it in a prompt or in the setting models, or give `options`.",
            )
        return {**dict.fromkeys(_MODEL), **found}


def _with(options: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**options, **changes}
    return {key: value for key, value in merged.items() if value is not None}
