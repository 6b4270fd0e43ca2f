"""The settings tab's side of the server: every field as it is, changes of single ones, and a try of an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.view import in_words

__all__ = ["SettingsTab"]


class SettingsTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "settings_show": self.show,
            "settings_change": self.change,
            "settings_test": self.test,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def show(self, payload: Json) -> Json:
        """All settings."""
        return self._seen(self._playground.settings_view())

    async def change(self, payload: Json) -> Json:
        """Changes some, and shows all as they are then."""
        return self._seen(await self._playground.change_settings(object_of(payload, "changes")))

    async def test(self, payload: Json) -> Json:
        """Asks an endpoint of the settings for its models."""
        return await self._playground.test_endpoint(text_of(payload, "endpoint"))

    def _seen(self, view: Json) -> Json:
        fields = [{**field, "help": in_words(field["help"])} for field in view["fields"]]
        return {**view, "fields": fields, "prompts": self._playground.list_prompts()}
