"""What was imported, into the workspace: under which names, and beside what is there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from akachat.errors import Conflict, InvalidInput
from akachat.importers.imported import Imported
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
    prompts = workspace.prompts
    taken = {each.casefold() for each in prompts.list()}
    planned: list[Planned] = []
    several = len(imported.prompts) > 1
    have = {*workspace.variables.list(), *imported.variables}
    for each in imported.prompts:
        own = safe_name(each.name)
        wanted = check_name(f"{name}/{own}" if several else name) if name else own
        exists = wanted.casefold() in taken
        if each.instruction is None:
            if not name:
                raise InvalidInput(
                    "this file holds options alone", hint="Say the name of the prompt that they are for."
                )
            before = prompts.load(wanted) if exists else None
            options = (before.options if before else Options()).merged(each.options)
            planned.append(Planned(wanted, before.instruction if before else "", options, exists))
            continue
        before_it = ""
        if exists and not replace:
            if name and not several:
                hint = "Choose another name, or say that it is to be replaced."
                raise Conflict(f"there is a prompt `{wanted}` already", hint=hint)
            before_it = wanted
            wanted, exists = _free(wanted, lambda other: other.casefold() in taken), False
        taken.add(wanted.casefold())
        missing = tuple(key for key in each.reads if key not in have)
        planned.append(Planned(wanted, each.instruction, Options.parse(each.options), exists, missing, before_it))
    return planned


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
    return {key: value for key, value in imported.variables.items() if key.casefold() not in have}


def _free(name: str, is_taken: Callable[[str], bool]) -> str:
    number = 2
    while is_taken(f"{name}-{number}"):
        number += 1
    return f"{name}-{number}"
