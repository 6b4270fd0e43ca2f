"""Which importer reads a file: chosen by what is in it, not by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from akachat.errors import InvalidInput
from akachat.importers.generation_config import is_generation_config, read_generation_config
from akachat.importers.imported import Imported

__all__ = ["read_import"]

#: A file longer than this is none of those that are read here.
_LONGEST = 2**20

#: What tells a file, and what reads it. The first that fits reads it.
_IMPORTERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Imported]], ...] = (
    (is_generation_config, read_generation_config),
)


def read_import(text: str) -> Imported:
    """Reads a file's text, JSON or YAML.

    Raises:
        InvalidInput: it is neither, or nothing that is known here; with the place of what is wrong.
    """
    if len(text) > _LONGEST:
        raise InvalidInput(f"the file is longer than {_LONGEST:,} characters", hint="Give a file of options.")
    try:
        value = yaml.safe_load(text)  # JSON is YAML
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InvalidInput(
            f"the file is no valid JSON or YAML: {getattr(error, 'problem', None) or 'it cannot be read'}",
            hint="Give a GenerationConfig, such as a model's generation_config.json.",
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
        ) from None
    except (ValueError, RecursionError):
        raise InvalidInput("the file is no valid JSON or YAML", hint="Give a GenerationConfig.") from None
    if isinstance(value, Mapping):
        named = {str(key): each for key, each in value.items()}
        for fits, read in _IMPORTERS:
            if fits(named):
                return read(named)
    raise InvalidInput(
        "nothing in this file is known here",
        hint="A GenerationConfig is read: JSON or YAML with keys such as temperature, top_p and max_new_tokens.",
    )
