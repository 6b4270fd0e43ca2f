"""What the tests of import and export share: reading a file, and rendering what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from akachat.conversation import compose
from akachat.errors import NotFound
from akachat.importers import Given, Imported, ImportedPrompt, read_import
from akachat.messages import Message
from akachat.template import Sandbox, Scope

__all__ = ["Renderer", "read", "single"]


def read(data: str | bytes | Mapping[str, Any] | list[Any], name: str = "", format: str = "") -> Imported:
    """Imports one file: its bytes, its text, or a value as JSON."""
    if isinstance(data, (Mapping, list)):
        data = json.dumps(data, ensure_ascii=False)
    return read_import([Given(name, data.encode() if isinstance(data, str) else data)], format)


def single(imported: Imported) -> ImportedPrompt:
    """The only prompt of an import."""
    (prompt,) = imported.prompts
    return prompt


class _Values:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, key: str) -> str:
        """The value of a key."""
        if key not in self._values:
            raise NotFound(f"there is no variable {key}")
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


class Renderer:
    """A sandbox with a loop of its own, for tests that are not async themselves."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._sandbox = Sandbox(workers=1)

    def __call__(self, instruction: str, input: str = "", var: Mapping[str, str] | None = None) -> list[Message]:
        """What would be sent."""
        scope = Scope(input=input, variables=_Values(var or {}))
        rendering = self._runner.run(self._sandbox.render(instruction, scope))
        return list(compose(rendering, (), input).messages())

    def close(self) -> None:
        """Ends the sandbox."""
        self._runner.run(self._sandbox.aclose())
        self._runner.close()
