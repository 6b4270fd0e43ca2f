"""A scratch pad of ten instructions, `var1` to `var10`, which may hold each other: `{var2}` inside `var1`."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio

from akachat.decoding import decode_text, parse_json_object
from akachat.errors import AkachatError, FileError, InstructionError, InvalidInput
from akachat.events import Rendered
from akachat.files import read_bytes, translated, write_atomic
from akachat.request import RunRequest
from akachat.template import first_reads

__all__ = ["FIELDS", "Pad", "PadField"]

#: The names of the fields, as instructions read them.
FIELDS = tuple(f"var{number}" for number in range(1, 11))
_SHOWN = "var/varn.json"

#: Renders a request; with the second argument false, without calling what costs.
Render = Callable[[RunRequest, bool], Awaitable[Rendered]]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PadField:
    """What became of one field: its text, or why there is none."""

    text: str = ""
    error: AkachatError | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"text": self.text, "error": self.error.to_dict() if self.error else None}


class Pad:
    """The scratch pad of one workspace, kept as one JSON object in ``var/varn.json``.

    Args:
        root: the workspace's folder.
        render: renders one instruction.
    """

    def __init__(self, root: Path, render: Render) -> None:
        self._path = root / "var" / "varn.json"
        self._render = render

    def load(self) -> dict[str, str]:
        """The saved fields; all empty where nothing was saved.

        Raises:
            FileError: the file is broken, and where.
        """
        with translated(_SHOWN, "read"):
            try:
                data, _ = read_bytes(self._path, shown=_SHOWN)
            except FileNotFoundError:
                return dict.fromkeys(FIELDS, "")
        try:
            return _checked(parse_json_object(decode_text(data, _SHOWN), _SHOWN))
        except InvalidInput as error:
            raise FileError(f"{_SHOWN}: {error.message}", path=_SHOWN, hint=error.hint) from None

    async def save(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """Saves the fields, all at once.

        Raises:
            InvalidInput: another name than ``var1`` to ``var10``, or no text.
            FileError: it cannot be written.
        """
        kept = _checked(fields)
        data = json.dumps({name: text for name, text in kept.items() if text}, ensure_ascii=False, indent=2)

        def write() -> None:
            with translated(_SHOWN, "write"):
                write_atomic(os.path.realpath(self._path), data.encode() + b"\n")

        await anyio.to_thread.run_sync(write)
        return kept

    async def render(
        self, fields: Mapping[str, Any], request: RunRequest, *, call: bool = False
    ) -> dict[str, PadField]:
        """Renders every field that is not empty, each after those that it holds; one that fails stops no other.

        Args:
            fields: the instructions by name.
            request: whatever else they read: input, messages, variables.
            call: whether ``llm()`` and the user's functions are run, as in ``Playground.render``.

        Raises:
            InvalidInput: another name than ``var1`` to ``var10``, or no text.
        """
        pad = _Rendering(_filled(fields), request, self._render, call)
        for name in pad.fields:
            await pad.of(name)
        return {name: pad.done[name] for name in pad.fields}

    async def request(self, fields: Mapping[str, Any], name: str, request: RunRequest) -> RunRequest:
        """The request that runs one field as an instruction, with the texts of those that it holds.

        Raises:
            InvalidInput: there is nothing in it.
            InstructionError: it, or a field that it holds, cannot be rendered.
        """
        pad = _Rendering(_filled(fields), request, self._render, True)
        if name not in pad.fields:
            raise InvalidInput(f"{name!r} is empty", hint="Write an instruction into it.")
        found, ready = await pad.prepared(name, ())
        return replace(request, instruction=found + pad.fields[name], variables={**request.variables, **ready})


class _Rendering:
    """One rendering of all fields; what is done is in ``done``."""

    def __init__(self, fields: dict[str, str], request: RunRequest, render: Render, call: bool) -> None:
        self.fields = fields
        self.done: dict[str, PadField] = {}
        self._request = request
        self._render = render
        self._call = call

    async def of(self, name: str, above: tuple[str, ...] = ()) -> PadField:
        if name not in self.done:
            try:
                prefix, ready = await self.prepared(name, above)
                variables = {**self._request.variables, **ready}
                asked = replace(self._request, instruction=prefix + self.fields[name], variables=variables)
                self.done[name] = PadField(await self._text(asked, len(prefix)))
            except AkachatError as error:
                self.done[name] = PadField(error=error)
        return self.done[name]

    async def prepared(self, name: str, above: tuple[str, ...]) -> tuple[str, dict[str, str]]:
        """What is put before a field so that it knows the names of others, and their texts."""
        reads = {read: place for read, place in first_reads(self.fields[name]).items() if read in FIELDS}
        ready: dict[str, str] = {}
        chain = (*above, name)
        for read, (line, column) in reads.items():
            if read in chain:
                circle = " → ".join((*chain[chain.index(read) :], read))
                raise InstructionError(
                    f"{read} holds itself: {circle}",
                    hint="Take one of these out of the other.",
                    line=line,
                    column=column,
                )
            if read not in self.fields:
                ready[read] = ""
                continue
            found = await self.of(read, chain)
            if found.error is not None:
                raise InstructionError(
                    f"{read}, which it holds, has an error", hint=f"Mend {read} first.",
                    line=line,
                    column=column,
                )
            ready[read] = found.text
        # On the first line and without a text of its own, so that a place in the field differs by this much alone.
        return "".join(f"{{({read} := var['{read}'])[:0]}}" for read in ready), ready

    async def _text(self, asked: RunRequest, shift: int) -> str:
        try:
            return (await self._render(asked, self._call)).text
        except AkachatError as error:
            if error.line == 1 and error.column is not None:
                error.column = max(1, error.column - shift)
            raise


def _filled(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name, text in _checked(fields).items() if text}


def _checked(fields: Mapping[str, Any]) -> dict[str, str]:
    """All ten fields as texts.

    Raises:
        InvalidInput: another name, or no text.
    """
    for name, text in fields.items():
        if name not in FIELDS:
            raise InvalidInput(f"there is no field {name!r}", hint="They are called var1 to var10.")
        if not isinstance(text, str):
            raise InvalidInput(f"{name} is no text", hint='Fields look like {"var1": "Hello {var2}"}.')
    return {name: fields.get(name, "") for name in FIELDS}
