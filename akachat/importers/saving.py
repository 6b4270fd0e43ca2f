"""What was imported, into a prompt."""

from __future__ import annotations

from akachat.errors import NotFound
from akachat.importers.imported import Imported
from akachat.options import Options
from akachat.workspace import Prompt, Prompts

__all__ = ["import_into"]


def import_into(prompts: Prompts, name: str, imported: Imported) -> Prompt:
    """Sets the imported options on a prompt, and its text where there is one; a prompt that is missing is made."""
    try:
        before = prompts.load(name)
        instruction, options = before.instruction, before.options
    except NotFound:
        instruction, options = "", Options()
    if imported.instruction is not None:
        instruction = imported.instruction
    return prompts.save(name, instruction, options.merged(imported.options).to_dict())
