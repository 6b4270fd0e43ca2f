"""Variables as a list to work on: which prompts use each, and what a change of many would do before it is done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from akachat.errors import AkachatError, InvalidInput
from akachat.names import check_name
from akachat.records.bulk import read_files, read_variables
from akachat.template import references
from akachat.workspace import Workspace

__all__ = ["Change", "Glimpse", "VariableBook"]

#: For an instruction that is broken somewhere: what looks like a variable all the same.
_LOOKS = re.compile(r"""\bvar(?:\.([^\W\d]\w*)|\[\s*(['"])(.+?)\2\s*\])""")
_REMEMBERED = 2_000
#: How much of a value a list shows.
_GLIMPSE = 160


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A variable as a list shows it.

    Attributes:
        key: its key.
        text: the beginning of its value, in one line.
        length: characters of the whole value.
        prompts: the prompts that name it.
        problem: why it cannot be read; empty where it can.
    """

    key: str
    text: str
    length: int
    prompts: tuple[str, ...]
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The glimpse as a JSON object."""
        return {
            "key": self.key,
            "text": self.text,
            "length": self.length,
            "prompts": list(self.prompts),
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one variable.

    Attributes:
        key: its key.
        kind: ``new``, ``changed``, ``same``, or ``refused`` for a key that none may have.
        before, after: its value; ``before`` is None for a new one and for one that cannot be read.
        problem: why it is refused.
        hint: what to do about that.
    """

    key: str
    kind: Literal["new", "changed", "same", "refused"]
    before: str | None
    after: str
    problem: str = ""
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {
            "key": self.key,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "problem": self.problem,
            "hint": self.hint,
        }


class VariableBook:
    """The variables of a workspace, seen together with the prompts that use them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, tuple[str, ...]] = {}

    def find(self, text: str = "") -> list[Glimpse]:
        """The variables in whose key or value a text occurs, in whatever case; all without one."""
        uses, wanted = self.uses(), text.strip().casefold()
        found: list[Glimpse] = []
        for key in self._workspace.variables.list():
            prompts = tuple(uses.get(key, ()))
            try:
                value = self._workspace.variables.get(key)
            except AkachatError as error:
                found.append(Glimpse(key, "", 0, prompts, error.message))
                continue
            if not wanted or wanted in key.casefold() or wanted in value.casefold():
                found.append(Glimpse(key, _glimpse(value), len(value), prompts))
        return found

    def uses(self) -> dict[str, list[str]]:
        """The prompts that name a variable in their instruction, by its key; a key that is computed is not seen."""
        found: dict[str, list[str]] = {}
        for name in self._workspace.prompts.list():
            try:
                instruction = self._workspace.prompts.load(name).instruction
            except AkachatError:
                continue  # whoever opens it is told
            for key in self._keys(instruction):
                found.setdefault(key, []).append(name)
        return found

    def read(self, text: str = "", files: Iterable[tuple[str, bytes]] = ()) -> dict[str, str]:
        """Keys and values of a text (JSON or CSV) or of files.

        Raises:
            InvalidInput: where and why they cannot be read.
        """
        values = read_files(files)
        if text.strip() or not values:
            values |= read_variables(text)
        if not values:
            raise InvalidInput("there are no variables in it", hint='Give a JSON object such as {"name": "Momo"}.')
        return values

    def preview(self, values: Mapping[str, str]) -> list[Change]:
        """What storing these values would change."""
        return [self._change(key, value) for key, value in values.items()]

    def export(self) -> dict[str, str]:
        """All variables that can be read, by key."""
        found: dict[str, str] = {}
        for key in self._workspace.variables.list():
            try:
                found[key] = self._workspace.variables.get(key)
            except AkachatError:
                continue
        return found

    def _change(self, key: str, after: str) -> Change:
        try:
            name = check_name(key)
        except InvalidInput as error:
            return Change(key, "refused", None, after, error.message, error.hint)
        try:
            before = self._workspace.variables.get(name)
        except AkachatError:
            before = None
        kind: Literal["new", "changed", "same"] = "same" if before == after else "changed"
        return Change(name, kind if name in self._workspace.variables else "new", before, after)

    def _keys(self, instruction: str) -> tuple[str, ...]:
        known = self._known.get(instruction)
        if known is None:
            try:
                known = references(instruction).variables
            except AkachatError:
                known = tuple(dict.fromkeys(a or c for a, _, c in _LOOKS.findall(instruction)))
            while len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[instruction] = known
        return known


def _glimpse(value: str) -> str:
    line = " ".join(value[: 4 * _GLIMPSE].split())
    return line if len(line) <= _GLIMPSE else line[: _GLIMPSE - 1] + "…"
