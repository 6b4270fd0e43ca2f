"""The settings file while the program runs: hand edits are seen at the next use, changes lose nothing."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from akachat.errors import FileError, InvalidInput
from akachat.files import Signature, inside, is_settled, signature, translated, write_atomic
from akachat.locks import FolderLock
from akachat.settings.changes import changed_raw
from akachat.settings.model import Settings
from akachat.settings.source import drop, get, put, read_raw, reveal

__all__ = ["SettingsFile"]

_log = logging.getLogger("akachat")

#: How long ``recent()`` looks at no disk, in seconds.
_MOMENT = 0.005


class SettingsFile:
    """One settings file; safe to use from several threads, and beside other processes.

    Args:
        path: the file, which may be missing.
        environ: the environment that overrides it; taken once.

    Attributes:
        problem: what is wrong with the file since a hand edit; the last good settings stay in use. None while it
            is right.
    """

    def __init__(self, path: Path | str, environ: Mapping[str, str] | None = None) -> None:
        self.path = Path(path)
        self.problem: FileError | InvalidInput | None = None
        self._environ = dict(os.environ if environ is None else environ)
        self._lock = FolderLock(self.path.parent, "settings")
        self._reading = threading.Lock()
        self._seen: Signature | None = None
        self._settled = False
        self._looked = 0.0
        self._told: set[str] = set()
        self._settings: Settings | None = None

    def current(self) -> Settings:
        """The settings as the file has them now.

        Raises:
            FileError, InvalidInput: the file or a variable cannot be used, and never could be since the start.
        """
        settings = self._settings
        self._looked = time.monotonic()
        if settings is not None and self._settled and self._state() == self._seen:
            return settings
        with self._reading:
            return self._read()

    def recent(self) -> Settings:
        """The settings as they were at the last look at the file, or as they are now where that is a moment ago.

        For the many parts of one run: each look at a disk costs 10 µs.
        """
        settings = self._settings
        if settings is not None and time.monotonic() - self._looked < _MOMENT:
            return settings
        return self.current()

    def _state(self) -> Signature | None:
        try:
            return signature(self.path)
        except OSError:
            return None

    def _read(self) -> Settings:
        now = time.time_ns()
        before = self._state()
        try:
            settings = Settings.load(self.path, self._environ)
        except (FileError, InvalidInput) as error:
            if self._settings is None:
                raise
            if self.problem is None or str(self.problem) != str(error):
                _log.warning("The last good settings stay in use: %s", error)
            self.problem = error
            settings = self._settings
        else:
            self.problem = None
            self._tell_unknown(settings)
        self._settings = settings
        self._seen = before
        self._settled = before is None or is_settled(before, now)
        return settings

    def _tell_unknown(self, settings: Settings) -> None:
        """Says once which names mean nothing: a bound or a token under a misspelt name protects nobody."""
        for name, near in settings.unknown.items():
            is_others = name.startswith("AKACHAT_") and not near  # the set-up's and the tests' own variables
            if name not in self._told and not is_others:
                self._told.add(name)
                _log.warning("There is no setting %s%s", name, f" (did you mean {near}?)" if near else "")

    def update(self, **changes: Any) -> Settings:
        """Changes some settings and writes the file; what others wrote there meanwhile is kept.

        A None goes back to the default. ``limits``, ``journal`` and ``endpoints`` take the keys to change. A secret
        given as its mask stays as it is.

        Raises:
            FileError: the file is broken and is left as it is, or cannot be written.
            InvalidInput: a setting is unknown, wrong, or set by an environment variable.
        """
        with self._lock.hold():
            raw, _ = read_raw(self.path)
            changed = changed_raw(raw, changes)
            _keep_overridden(Settings.build(raw, self._environ), raw, changed)
            settings = Settings.build(changed, self._environ)
            data = json.dumps(settings.to_file(), ensure_ascii=False, indent=2).encode() + b"\n"
            with translated(self.path.name, "write"):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                folder = os.path.realpath(self.path.parent)
                write_atomic(inside(folder, os.path.join(folder, self.path.name)), data, mode=0o600)
        with self._reading:
            return self._read()


def _keep_overridden(settings: Settings, raw: Mapping[str, Any], changed: dict[str, Any]) -> None:
    """Leaves what a variable sets as the file has it; a change of it would be without effect and is refused."""
    effective = reveal(settings.model_dump())
    for place, variable in settings.from_environment.items():
        before, after = get(raw, place), get(changed, place)
        if before == after or not variable.startswith("AKACHAT_"):
            continue
        if after != get(effective, place) and not _same_endpoint(after[1], get(effective, place)[1]):
            raise InvalidInput(
                f"{'.'.join(place)} is set by the environment variable {variable}", hint="Change or unset it there."
            )
        if before[0]:
            put(changed, place, before[1])
        else:
            drop(changed, place)


def _same_endpoint(given: Any, effective: Any) -> bool:
    """Whether a form sent an endpoint back with its key masked, which has become no key by now."""
    return (
        isinstance(given, Mapping)
        and isinstance(effective, Mapping)
        and given.get("key") is None
        and given.get("url") == effective.get("url")
    )
