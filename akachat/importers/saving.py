"""What was imported, into the workspace: under which names, and beside what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from akachat.errors import Conflict, InvalidInput, NotFound
from akachat.importers.imported import Imported, ImportedPrompt
from akachat.importers.naming import safe_name
from akachat.names import check_name
from akachat.options import Options
from akachat.workspace import Workspace

__all__ = ["Planned", "new_variables", "plan_import", "save_import"]


@dataclass(frozen=True, slots=True)
class Planned:
    """One prompt as it will be saved.

    Attributes:
        name: under which name.
        instruction: the text; that of the prompt before it where a file holds options alone.
        options: all options that it will have.
        exists: whether a prompt of that name is changed or replaced.
        reads: variables that it reads and that nobody has set.
        taken: the name that the file gives, where another prompt has it already.
    """

    name: str
    instruction: str
    options: Options
    exists: bool
    reads: tuple[str, ...] = ()
    taken: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "name": self.name,
            "instruction": self.instruction,
            "options": self.options.to_dict(),
            "exists": self.exists,
            "reads": list(self.reads),
            "taken": self.taken,
        }


def plan_import(workspace: Workspace, imported: Imported, name: str = "", *, replace: bool = False) -> list[Planned]:
    """How it would be saved; nothing is written.

    A name from a file gives way where a prompt has it already: ``greeting-2``. One that the caller says is meant.

    Args:
        name: for the one prompt, or a folder for several; empty for the names of the files.
        replace: prompts that are there may be replaced.

    Raises:
        InvalidInput: no prompt may be called so, or a file holds options alone and nobody says whose.
        Conflict: there is a prompt of that name.
    """
    saved = {each.casefold(): each for each in workspace.prompts.list()}
    made: set[str] = set()
    planned: list[Planned] = []
    several = len(imported.prompts) > 1
    have = {*workspace.variables.list(), *imported.variables}
    for each in imported.prompts:
        own = safe_name(each.name)
        wanted = check_name(f"{name}/{own}" if several else name) if name else own
        if each.instruction is None:
            planned.append(_with_options(workspace, saved.get(wanted.casefold(), wanted), each, is_named=bool(name)))
            continue
        exists, given = wanted.casefold() in saved, wanted
        if exists and not replace and name and not several:
            hint = "Choose another name, or say that it is to be replaced."
            raise Conflict(f"there is a prompt `{wanted}` already", hint=hint)
        if wanted.casefold() in made or (exists and not replace):
            wanted, exists = _free(wanted, made | saved.keys()), False
        # A disk that does not tell capitals has one file for both spellings: the one that is there stays.
        wanted = saved.get(wanted.casefold(), wanted)
        made.add(wanted.casefold())
        missing = tuple(key for key in each.reads if key not in have)
        taken = "" if exists or wanted == given else given
        planned.append(Planned(wanted, each.instruction, Options.parse(each.options), exists, missing, taken))
    return planned


def _with_options(workspace: Workspace, name: str, given: ImportedPrompt, *, is_named: bool) -> Planned:
    """A prompt as it is, with other options; a new one with no text where there is none."""
    if not is_named:
        raise InvalidInput("this file holds options alone", hint="Say the name of the prompt that they are for.")
    try:
        before = workspace.prompts.load(name)
    except NotFound:
        return Planned(name, "", Options().merged(given.options), False)
    return Planned(name, before.instruction, before.options.merged(given.options), True)


def save_import(workspace: Workspace, imported: Imported, planned: list[Planned]) -> None:
    """Writes it: the prompts as planned, variables that nobody has set, and the messages behind those that are there.

    Raises:
        AkachatError: a file cannot be written; what was written before it stays.
    """
    for each in planned:
        workspace.prompts.save(each.name, each.instruction, each.options)
    for key, value in new_variables(workspace, imported).items():
        workspace.variables.set(key, value)
    if imported.messages:
        workspace.messages.append(imported.messages)


def new_variables(workspace: Workspace, imported: Imported) -> Mapping[str, str]:
    """The variables of an import that nobody has set."""
    have = {key.casefold() for key in workspace.variables.list()}
    new: dict[str, str] = {}
    for key, value in imported.variables.items():
        if key.casefold() not in have:
            have.add(key.casefold())
            new[key] = value
    return new


def _free(name: str, taken: Set[str]) -> str:
    number = 2
    while f"{name}-{number}".casefold() in taken:
        number += 1
    return f"{name}-{number}"
