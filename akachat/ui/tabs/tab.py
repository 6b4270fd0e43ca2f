"""The tabs of the page, in their order: each is a script, the calls that it may make, and the streams that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akachat.playground import Playground
from akachat.ui.form import form_fields
from akachat.ui.tabs.chat import ChatTab
from akachat.ui.tabs.prompt import PromptTab
from akachat.ui.tabs.rag import RagTab

__all__ = ["Tab", "all_tabs"]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab.

    Attributes:
        id: its name in the address; its title is the word ``tab_{id}``, its element ``#ak-{id}``.
        scripts: assets in the order in which they need each other, together the body of one function; ``dom.js``,
            ``words.js`` and ``asking.js`` stand before them.
        calls: what the script may call as ``server.{name}``; see ``ui.calls.answering``.
        streams: what the script starts by ``trigger(name, payload)``; each yields frames that the script watches.
        facts: what the script finds in ``FACTS``.
    """

    id: str
    scripts: tuple[str, ...]
    calls: Sequence[Callable[..., Any]]
    streams: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def all_tabs(playground: Playground, *, chat_only: bool = False) -> list[Tab]:
    """The tabs over a playground."""
    return [_chat(playground)] if chat_only else [_prompt(playground), _chat(playground), _rag(playground)]


def _prompt(playground: Playground) -> Tab:
    tab = PromptTab(playground)
    scripts = (
        "editor.js",
        "picker.js",
        "models.js",
        "form.js",
        "insert.js",
        "preview.js",
        "answer.js",
        "model.js",
        "dialogs.js",
        "drafts.js",
        "prompt.js",
    )
    return Tab("prompt", scripts, tab.server_functions(), {"run": tab.run}, {"fields": form_fields()})


def _chat(playground: Playground) -> Tab:
    tab = ChatTab(playground)
    scripts = (
        "vendor/marked.js",
        "markdown.js",
        "picker.js",
        "models.js",
        "model.js",
        "insert.js",
        "preview.js",
        "answer.js",
        "drafts.js",
        "chat_settings.js",
        "chat_list.js",
        "chat_turns.js",
        "chat_changes.js",
        "chat_export.js",
        "chat.js",
    )
    return Tab("chat", scripts, tab.server_functions(), {"run": tab.run}, tab.facts())


def _rag(playground: Playground) -> Tab:
    tab = RagTab(playground)
    return Tab("rag", ("answer.js", "dialogs.js", "rag.js"), tab.server_functions(), facts=tab.facts())
