"""The log tab's side of the server: runs found again, shown whole, and asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from akachat.errors import AkachatError
from akachat.journal import OUTCOMES, Query, summary
from akachat.playground import Playground
from akachat.records.runs import Version
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.view import calls_view, in_words, notes_view

__all__ = ["LogTab"]

_PAGE = 50
#: What a search takes as it stands.
_WORDS = ("text", "prompt", "source", "model", "outcome", "since", "until")


class LogTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._log = playground.log

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "log_search": self.search,
            "log_open": self.open,
            "log_choices": self.choices,
            "log_replay": self.replay,
            "log_stop": self.stop,
            "log_delete": self.delete,
        }
        return [answering(name, call) for name, call in calls.items()]

    def facts(self) -> Json:
        """What the script knows from the start: how a run may have ended."""
        return {"outcomes": list(OUTCOMES)}

    async def search(self, payload: Json) -> Json:
        """A piece of the log: the newest runs that are asked for."""
        query = Query(**{key: text_of(payload, key).strip() for key in _WORDS}, nested=payload.get("nested") is True)
        page = await self._log.search(query, _PAGE, cursor=text_of(payload, "cursor"))
        return {
            "runs": [{**_short(found.entry), "at": found.at} for found in page.found],
            "cursor": page.cursor,
            "scanned": page.scanned,
            "reached": page.reached,
            "rules": self._log.rules(),
            "days": [{"day": day, "bytes": size} for day, size in (await self._log.days()).items()],
        }

    async def open(self, payload: Json) -> Json:
        """All that is kept of one."""
        entry = await self._log.get(text_of(payload, "id"), text_of(payload, "at"))
        return {"run": {**_shown(entry), "short": _short(entry)}}

    async def choices(self, payload: Json) -> Json:
        """With what a run may be asked again."""
        playground = self._playground
        models = ["embedded", *playground.settings.models]
        models += [options.model for options in playground.workspace.prompts.options()]
        return {"prompts": playground.list_prompts(), "models": list(dict.fromkeys(filter(None, models)))}

    async def replay(self, payload: Json) -> Json:
        """A run asked again, beside what was answered then."""
        options = object_of(payload, "options") if payload.get("options") else {}
        replay = await self._log.replay(
            text_of(payload, "id"),
            Version(text_of(payload, "prompt"), text_of(payload, "model").strip(), options),
            at=text_of(payload, "at"),
            source="page",
            caller="page",
            run=text_of(payload, "run"),
        )
        data = replay.to_dict()
        return {**data, "notes": notes_view(data["notes"]), "trace": calls_view(data["trace"])}

    async def stop(self, payload: Json) -> Json:
        """Stops what is asked again."""
        return {"stopped": self._playground.stop(text_of(payload, "run"))}

    async def delete(self, payload: Json) -> Json:
        """Deletes a day, or all."""
        return {"bytes": await self._log.delete(text_of(payload, "day"))}


def _short(entry: Json) -> Json:
    short = summary(entry)
    return {**short, "error": in_words(short["error"]) if short["error"] else None}


def _shown(entry: Json) -> Json:
    shown = dict(entry)
    try:
        shown["notes"] = notes_view(str(note) for note in entry.get("notes") or ())
        shown["trace"] = calls_view(entry.get("trace") or ())
        if error := entry.get("error"):
            words = {key: in_words(str(error.get(key) or "")) for key in ("message", "hint")}
            shown["error"] = {**error, **words}
    except (AkachatError, TypeError, AttributeError, ValueError):  # an entry that someone wrote by hand
        shown |= {"notes": [], "trace": [], "error": None}
    return shown
