"""Prompts in and out of a workspace: what files of other programs become, and what becomes of a prompt elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akachat.exporters import Exported, export_prompt
from akachat.importers import Given, Imported, Planned, new_variables, plan_import, read_import, save_import
from akachat.workspace import Workspace

__all__ = ["Brought", "Exchange"]


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import makes.

    Attributes:
        imported: what the files hold; its ``notes`` say what could not be carried over.
        prompts: the prompts as they are saved.
        variables: the variables that are set with them.
    """

    imported: Imported
    prompts: tuple[Planned, ...]
    variables: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "kind": self.imported.kind,
            "prompts": [prompt.to_dict() for prompt in self.prompts],
            "variables": dict(self.variables),
            "examples": [example.to_dict() for example in self.imported.examples],
            "messages": [message.to_dict() for message in self.imported.messages],
            "left_out": list(self.imported.notes),
        }


class Exchange:
    """Import and export of a workspace. A plain object over files: safe in any thread, like them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def look(self, files: Sequence[Given], name: str = "", *, format: str = "", replace: bool = False) -> Brought:
        """What an import of these files would make; nothing is written.

        Args:
            files: as they came; a zip stands for what is in it.
            name: for the prompt, or a folder for several; empty for what the files say.
            format: what they are, one of ``importers.FORMATS``; empty to find it out.
            replace: prompts that are there may be replaced.

        Raises:
            InvalidInput: nothing in them is known, or a name cannot be.
            Conflict: there is a prompt of that name.
        """
        imported = read_import(files, format)
        planned = plan_import(self._workspace, imported, name, replace=replace)
        return Brought(imported, tuple(planned), new_variables(self._workspace, imported))

    def bring(self, files: Sequence[Given], name: str = "", *, format: str = "", replace: bool = False) -> Brought:
        """Imports the files, and says what was made.

        Raises:
            AkachatError: as ``look``, or a file cannot be written.
        """
        brought = self.look(files, name, format=format, replace=replace)
        save_import(self._workspace, brought.imported, list(brought.prompts))
        return brought

    def give(self, name: str, format: str = "zip", *, base_url: str = "http://127.0.0.1:50000/v1") -> Exported:
        """A saved prompt as a file.

        Args:
            name: the prompt.
            format: one of ``exporters.FORMATS``.
            base_url: where this program serves OpenAI's API.

        Raises:
            NotFound: there is no such prompt.
            InvalidInput: there is no such format, or the instruction cannot be read.
        """
        return export_prompt(self._workspace, self._workspace.prompts.load(name), format, base_url)
