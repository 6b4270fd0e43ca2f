"""The tabs of the page, in their order: each is a script, the calls that it may make, and the streams that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akachat.playground import Playground
from akachat.ui.bundle import bundle_element
from akachat.ui.tabs.chat import ChatTab
from akachat.ui.tabs.exchange import ExchangeCalls
from akachat.ui.tabs.log import LogTab
from akachat.ui.tabs.messages import MessagesTab
from akachat.ui.tabs.models import ModelsTab
from akachat.ui.tabs.pad import PadTab
from akachat.ui.tabs.prompt import PromptTab
from akachat.ui.tabs.prompt_versions import VersionCalls
from akachat.ui.tabs.rag import RagTab
from akachat.ui.tabs.settings import SettingsTab
from akachat.ui.tabs.variables import VariablesTab

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
        head: elements that load what the script needs and did not write.
    """

    id: str
    scripts: tuple[str, ...]
    calls: Sequence[Callable[..., Any]]
    streams: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    head: str = ""


def all_tabs(playground: Playground, *, chat_only: bool = False) -> list[Tab]:
    """The tabs over a playground."""
    if chat_only:
        return [_chat(playground)]
    makers = (_prompt, _chat, _rag, _variables, _messages, _pad, _models, _log, _settings)
    return [make(playground) for make in makers]


def _prompt(playground: Playground) -> Tab:
    tab, exchange = PromptTab(playground), ExchangeCalls(playground)
    scripts = (
        "fields.js",
        "completing.js",
        "editor.js",
        "picker.js",
        "models.js",
        "form.js",
        "insert.js",
        "preview.js",
        "answer.js",
        "model.js",
        "dialogs.js",
        "exchange.js",
        "drafts.js",
        "menu.js",
        "undo.js",
        "difference.js",
        "versions.js",
        "manage.js",
        "prompt.js",
    )
    calls = [*tab.server_functions(), *VersionCalls(playground).server_functions(), *exchange.server_functions()]
    return Tab("prompt", scripts, calls, {"run": tab.run}, {**tab.facts(), **exchange.facts()}, bundle_element())


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


def _models(playground: Playground) -> Tab:
    return Tab(
        "models", ("models.js", "answer.js", "model.js", "models_tab.js"), ModelsTab(playground).server_functions()
    )


def _pad(playground: Playground) -> Tab:
    return Tab("pad", ("answer.js", "drafts.js", "pad.js"), PadTab(playground).server_functions())


def _settings(playground: Playground) -> Tab:
    return Tab("settings", ("answer.js", "settings.js"), SettingsTab(playground).server_functions())


def _variables(playground: Playground) -> Tab:
    scripts = ("answer.js", "insert.js", "dialogs.js", "drafts.js", "records.js", "variables.js")
    return Tab("variables", scripts, VariablesTab(playground).server_functions())


def _messages(playground: Playground) -> Tab:
    scripts = ("answer.js", "preview.js", "dialogs.js", "drafts.js", "records.js", "messages.js")
    return Tab("messages", scripts, MessagesTab(playground).server_functions())


def _log(playground: Playground) -> Tab:
    tab = LogTab(playground)
    scripts = ("answer.js", "insert.js", "preview.js", "dialogs.js", "records.js", "log.js")
    return Tab("log", scripts, tab.server_functions(), facts=tab.facts())
