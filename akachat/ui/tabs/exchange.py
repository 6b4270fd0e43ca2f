"""The server's side of import and export on the page: each is one call of the playground's exchange."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from akachat.errors import InvalidInput
from akachat.exchange import Brought
from akachat.exporters import FORMATS as EXPORT_FORMATS
from akachat.importers import FORMATS, Given
from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, text_of
from akachat.ui.view import notes_view

__all__ = ["ExchangeCalls"]

#: How much of an instruction is shown before it is saved.
_GLIMPSE = 4_000


class ExchangeCalls:
    """What the dialogs' script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._exchange = playground.exchange
        self._playground = playground

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "exchange_look": self.look,
            "exchange_bring": self.bring,
            "exchange_give": self.give,
        }
        return [answering(name, call) for name, call in calls.items()]

    def facts(self) -> Json:
        """What the script knows from the start."""
        return {"imports": list(FORMATS), "exports": list(EXPORT_FORMATS)}

    async def look(self, payload: Json) -> Json:
        """What an import would make."""
        return _view(await asyncio.to_thread(partial(self._exchange.look, *_given(payload), **_how(payload))))

    async def bring(self, payload: Json) -> Json:
        """Imports, and says what there is now."""
        brought = await asyncio.to_thread(partial(self._exchange.bring, *_given(payload), **_how(payload)))
        return {**_view(brought), "names": self._playground.list_prompts()}

    async def give(self, payload: Json) -> Json:
        """A saved prompt as a file."""
        name, format, url = (text_of(payload, key) for key in ("name", "format", "url"))
        exported = await asyncio.to_thread(partial(self._exchange.give, name, format, base_url=url))
        data = base64.b64encode(exported.data).decode()
        notes = notes_view(exported.notes)
        return {"file": exported.file, "data": data, "media": exported.media, "left_out": notes}


def _given(payload: Json) -> tuple[list[Given], str]:
    files = payload.get("files")
    given: list[Given] = []
    for each in files if isinstance(files, list) else []:
        file: Json = each if isinstance(each, dict) else {}
        try:
            given.append(Given(text_of(file, "name"), base64.b64decode(text_of(file, "data"), validate=True)))
        except (binascii.Error, ValueError):
            raise InvalidInput("the upload is damaged", hint="Try again.") from None
    if text := text_of(payload, "text"):
        given.append(Given("", text.encode("utf-8", "replace")))
    return given, text_of(payload, "name").strip()


def _how(payload: Json) -> dict[str, Any]:
    return {"format": text_of(payload, "format"), "replace": payload.get("replace") is True}


def _view(brought: Brought) -> Json:
    data = brought.to_dict()
    for prompt in data["prompts"]:
        prompt["more"] = len(prompt["instruction"]) > _GLIMPSE
        prompt["instruction"] = prompt["instruction"][:_GLIMPSE]
    return {
        **data,
        "examples": {"count": len(data["examples"]), "some": data["examples"][:3]},
        "messages": len(data["messages"]),
        "left_out": notes_view(data["left_out"]),
    }
