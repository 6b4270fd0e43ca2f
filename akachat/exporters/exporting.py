"""A saved prompt as a file of one of the formats."""

from __future__ import annotations

import contextlib

from akachat.errors import AkachatError, InvalidInput
from akachat.exporters.exported import Exported
from akachat.exporters.own import to_zip
from akachat.exporters.promptfoo import to_promptfoo
from akachat.exporters.prompty import to_prompty
from akachat.template import references
from akachat.workspace import Prompt, Workspace

__all__ = ["FORMATS", "export_prompt"]

FORMATS = ("zip", "prompty", "promptfoo")


def export_prompt(workspace: Workspace, prompt: Prompt, format: str, base_url: str) -> Exported:
    """The file.

    Args:
        format: one of ``FORMATS``; ``zip`` is our own two files.
        base_url: where this program serves OpenAI's API, ``http://127.0.0.1:50000/v1``.

    Raises:
        InvalidInput: there is no such format.
        InstructionError: the instruction cannot be read, where the format needs that.
    """
    if format == "zip":
        return to_zip(prompt)
    if format not in FORMATS:
        raise InvalidInput(f"there is no format {format[:40]!r}", hint=f"It is one of {', '.join(FORMATS)}.")
    keys = references(prompt.instruction).variables
    if format == "promptfoo":
        return to_promptfoo(prompt, base_url, keys)
    values: dict[str, str] = {}
    for key in keys:
        with contextlib.suppress(AkachatError):
            values[key] = workspace.variables.get(key)
    return to_prompty(prompt, values, base_url)
