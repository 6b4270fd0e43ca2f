"""The frame of the page: header, tabs, theme, and what Gradio must be told when it is launched or mounted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
from gradio.themes.utils import sizes

from akachat.playground import Playground
from akachat.ui.bundle import bundle_routes
from akachat.ui.tabs import Tab, all_tabs
from akachat.ui.words import TEXTS

__all__ = ["create_ui", "launch_options"]

_ASSETS = Path(__file__).parent / "assets"
_THEME_STYLE = "theme.css"
_STYLES = (
    "base.css",
    "prompt.css",
    "editor.css",
    "model.css",
    "picker.css",
    "result.css",
    "rag.css",
    "settings.css",
    "pad.css",
    "versions.css",
    "exchange.css",
    "records.css",
    "chat.css",
)
#: In the order in which they need each other; those of one component are together the body of one function.
_FRAME_SCRIPTS = ("dom.js", "words.js", "frame.js")
_TAB_SCRIPTS = ("dom.js", "words.js", "asking.js")

_FONT = ("system-ui", "Hiragino Sans", "Yu Gothic UI", "Meiryo", "Noto Sans CJK JP", "Noto Sans JP", "sans-serif")
_MONO = ("ui-monospace", "SF Mono", "Menlo", "Cascadia Mono", "Consolas", "Noto Sans Mono CJK JP", "monospace")


def create_ui(playground: Playground, *, runs: int = 16, chat_only: bool = False) -> gr.Blocks:
    """The page as a Gradio app, to be launched alone or mounted beside the Web API.

    Args:
        playground: what the page shows and runs.
        runs: how many of the page's runs may be under way at once; Gradio's own default is one.
        chat_only: whether there is nothing but the chat.
    """
    title = playground.settings.title or "akachat"
    language = playground.settings.language or ""
    tabs = all_tabs(playground, chat_only=chat_only)
    with gr.Blocks(title=title, analytics_enabled=False, fill_width=True, fill_height=True) as blocks:
        gr.HTML(
            elem_id="ak-frame",
            html_template='<header class="ak-header"></header>',
            js_on_load=_script(_FRAME_SCRIPTS, {"language": language, "title": title}),
            apply_default_css=False,
        )
        with gr.Tabs(elem_id="ak-tabs"):
            for tab in tabs:
                with gr.Tab(gr.I18n()(f"tab_{tab.id}"), id=tab.id, elem_id=f"ak-tab-{tab.id}"):
                    _add(tab, language)
    blocks.queue(default_concurrency_limit=runs, max_size=4 * runs)
    return blocks


def _add(tab: Tab, language: str) -> None:
    page = gr.HTML(
        elem_id=f"ak-{tab.id}",
        html_template='<div class="ak-page"></div>',
        head=tab.head,
        js_on_load=_script((*_TAB_SCRIPTS, *tab.scripts), {"language": language, **tab.facts}),
        apply_default_css=False,
        server_functions=list(tab.calls),
    )
    # Neither is listed as an endpoint: programs use the Web API. Whoever reaches the server can still call them.
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "multiple"}
    for event, stream in tab.streams.items():
        running = _listener(page, event)(stream, inputs=None, outputs=page, **quiet)
        # What the run itself meets is in its frames; this is the queue's own refusal, which would else be silence.
        refused = f"() => document.dispatchEvent(new CustomEvent('akachat:refused', {{detail: '{tab.id}'}}))"
        running.failure(None, js=refused, **quiet)


def launch_options() -> dict[str, Any]:
    """What ``Blocks.launch`` and ``gradio.mount_gradio_app`` both take, so that the page looks the same in either."""
    return {
        "theme": _theme(),
        "head": _head(),
        "i18n": gr.I18n(
            **{
                language: {key: word for key, word in words.items() if key.startswith("tab_")}
                for language, words in TEXTS.items()
            }
        ),
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "enable_monitoring": False,
        "app_kwargs": {"routes": bundle_routes()},
    }


def _head() -> str:
    theme, *styles = ((_ASSETS / name).read_text("utf-8") for name in (_THEME_STYLE, *_STYLES))
    icon = quote((_ASSETS / "icon.svg").read_text("utf-8"))
    texts = json.dumps(TEXTS, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:image/svg+xml,{icon}">'
        # Once for all tabs: every component's script would carry them again.
        f"<script>window.AKACHAT_TEXTS = {texts};</script>"
        # Not by Gradio's own `css`: it rewrites selectors by splitting them at commas, also those within `:is(…)`.
        # Nested, so that every rule of ours outweighs Gradio's, whichever is loaded last.
        f"<style>{theme}\n.gradio-container.gradio-container {{\n{''.join(styles)}\n}}</style>"
    )


def _listener(component: gr.HTML, event: str) -> Callable[..., Any]:
    # An event of our own has its listener made on access, because its name stands in the component's script.
    return getattr(component, event)


def _script(names: tuple[str, ...], facts: dict[str, Any]) -> str:
    parts = [f"const FACTS = {json.dumps(facts, ensure_ascii=False)};"]
    return "\n".join([*parts, *((_ASSETS / name).read_text("utf-8") for name in names)])


def _theme() -> gr.themes.Base:
    theme = gr.themes.Default(
        primary_hue=gr.themes.colors.red,
        secondary_hue=gr.themes.colors.slate,
        neutral_hue=gr.themes.colors.slate,
        text_size=sizes.text_sm,
        spacing_size=sizes.spacing_sm,
        radius_size=sizes.radius_sm,
        font=list(_FONT),
        font_mono=list(_MONO),
    )
    return theme.set(
        block_shadow="none",
        block_shadow_dark="none",
        block_border_width="0px",
        button_primary_shadow="none",
        button_secondary_shadow="none",
        input_shadow="none",
    )
