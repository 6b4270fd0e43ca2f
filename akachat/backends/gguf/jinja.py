"""A chat template of a GGUF, written out: Jinja in a sandbox, with what such templates expect to be there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["is_template_error", "render_chat"]

#: Stands at the end of a turn that the answer continues, so that what a template writes behind it can be cut.
_HERE = "\U000f0002"


def render_chat(
    template: str, messages: Sequence[Mapping[str, Any]], values: Mapping[str, Any], *, continued: bool
) -> str:
    """The text of a conversation.

    Args:
        template: Jinja.
        messages: as chat templates want them.
        values: further names for the template: ``bos_token``, ``tools``, …
        continued: whether the last turn is left open, to be continued.

    Raises:
        Exception: the template refuses the messages or stumbles over them; ``is_template_error`` knows it.
    """
    given = [dict(message) for message in messages]
    if continued:
        given[-1]["content"] = f"{given[-1]['content']}{_HERE}"
    text = _compiled(template).render({**values, "messages": given, "add_generation_prompt": not continued})
    if not continued:
        return text
    before, found, _ = text.rpartition(_HERE)
    if not found:
        raise jinja2.TemplateError("the last turn cannot be continued")
    return before


def is_template_error(error: Exception) -> bool:
    """Whether a chat template failed, by its own word or by stumbling over what it did not expect."""
    return isinstance(error, jinja2.TemplateError | TypeError | KeyError | ValueError | AttributeError)


class _Generation(Extension):
    """``{% generation %}`` marks what a model is trained on; here its content is text like any other."""

    tags = {"generation"}  # noqa: RUF012 — the base class has it so

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@lru_cache(32)
def _compiled(template: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _now
    return environment.from_string(template)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja's own writes for HTML: it would send `\\u003c` where the model was trained on `<`."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)
