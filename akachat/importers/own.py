"""Our own files: an instruction (``.txt``), its options (``.json``), or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akachat.importers.imported import Imported, ImportedPrompt
from akachat.options import Options

__all__ = ["is_options", "read_instruction", "read_options"]


def is_options(value: Mapping[str, Any]) -> bool:
    """Whether an object is options of ours: most of its keys are."""
    known = sum(key in Options.model_fields or key in Options.ALIASES for key in value)
    return known > 0 and 2 * known >= len(value)


def read_instruction(text: str, name: str) -> Imported:
    """A prompt from an instruction as it stands."""
    return Imported("prompt", (ImportedPrompt(name, text),))


def read_options(value: Mapping[str, Any], name: str) -> Imported:
    """Options for a prompt; keys that this version does not know are kept.

    Raises:
        InvalidInput: which option is wrong.
    """
    return Imported("options", (ImportedPrompt(name, None, Options.parse(value).to_dict()),))
