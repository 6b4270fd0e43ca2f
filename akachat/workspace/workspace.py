"""The folder of a user's work: prompts, variables, messages and where everything else lies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from akachat.errors import FileError
from akachat.files import remove_leftovers, translated
from akachat.locks import HIDDEN, FolderLock
from akachat.names import check_name
from akachat.settings import Limits
from akachat.workspace.changes import Change
from akachat.workspace.history import History
from akachat.workspace.prompts import Prompts
from akachat.workspace.sessions import Sessions
from akachat.workspace.store import Store
from akachat.workspace.transcript import Transcript
from akachat.workspace.variables import Variables
from akachat.workspace.versions import Versions

__all__ = ["Workspace"]

_FOLDERS = ("prompt", "rag", "var", "log")


class Workspace:
    """One workspace. Nothing in it is global: two may be open in one process.

    Args:
        root: the folder.
        limits: the bounds that hold now.

    Attributes:
        root: the folder, absolute, links followed.
        prompts, variables, messages, sessions: what is kept in it.
        transcript: the messages as lines of their file.
    """

    def __init__(self, root: Path | str, limits: Callable[[], Limits] = Limits) -> None:
        self.root = Path(os.path.realpath(Path(root).expanduser()))
        self._store = Store(str(self.root), lambda: limits().text_file_bytes)
        self.prompts = Prompts(self._store, Versions(self._store, limits))
        self.variables = Variables(self._store)
        lock = FolderLock(self.root, "messages")
        self.messages = History(str(self.root), "log/messages.jsonl", lock, lambda: limits().messages_file_bytes)
        self.sessions = Sessions(str(self.root), limits)
        self.transcript = Transcript(str(self.root), lambda: limits().messages_file_bytes)

    @property
    def settings_path(self) -> Path:
        """Where the settings are."""
        return self.root / "settings.json"

    @property
    def functions_dir(self) -> Path:
        """Where the user's own functions are."""
        return self.root / "functions"

    @property
    def models_dir(self) -> Path:
        """Where the user's own models are, each in a folder."""
        return self.root / "models"

    @property
    def log_dir(self) -> Path:
        """Where the messages and the journal are."""
        return self.root / "log"

    def open(self) -> None:
        """Makes the folders, ends what a crash left unfinished, and copies the samples where there is no prompt.

        Raises:
            FileError: the folder cannot be used.
        """
        for name in _FOLDERS:
            with translated(name, "make"):
                if self.root.exists() and not self.root.is_dir():
                    raise FileError(f"{self.root} is not a folder", path=str(self.root))
                (self.root / name).mkdir(parents=True, exist_ok=True)
        self._store.clean("prompt", "var", HIDDEN)
        self.prompts.versions.clean()
        self.messages.clean()
        self.sessions.clean()
        with FolderLock(self.root, "settings").hold():
            remove_leftovers(str(self.root), below=False)
        with self._store.changes.hold():
            if not self._store.names("prompt", ".txt") and not self._store.names("prompt", ".json"):
                self._store.changes.apply(self._samples())

    def _samples(self) -> dict[str, Change]:
        changes: dict[str, Change] = {}
        for folder in ("prompt", "var"):
            for name, data in _walk(files("akachat").joinpath("samples", folder), ""):
                stem, dot, suffix = name.rpartition(".")
                path = self._store.path(folder, check_name(stem), dot + suffix)
                if folder == "prompt" or not os.path.lexists(path):
                    changes[path] = Change(data)
        return changes


def _walk(place: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    if not place.is_dir():
        return
    for entry in sorted(place.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".txt", ".json")):
            yield prefix + entry.name, entry.read_bytes()
