"""The tabs of the page, in their order: each is a script, the calls that it may make, and the streams that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akachat.playground import Playground
from akachat.ui.bundle import bundle_element
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
        head: elements that load what the script needs and did not write.
    """

    id: str
    scripts: tuple[str, ...]
    calls: Sequence[Callable[..., Any]]
    streams: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    head: str = ""


def all_tabs(playground: Playground) -> list[Tab]:
    """The tabs over a playground."""
    return [_prompt(playground), _rag(playground)]


def _prompt(playground: Playground) -> Tab:
    tab = PromptTab(playground)
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
        "drafts.js",
        "prompt.js",
    )
    return Tab("prompt", scripts, tab.server_functions(), {"run": tab.run}, tab.facts(), bundle_element())


def _rag(playground: Playground) -> Tab:
    tab = RagTab(playground)
    return Tab("rag", ("answer.js", "dialogs.js", "rag.js"), tab.server_functions(), facts=tab.facts())
