"""Prompts: an instruction and its options, two files that are read and written as one."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from akachat.decoding import decode_text
from akachat.errors import AkachatError, Busy, Conflict, FileError, InvalidInput
from akachat.files import Signature, is_settled, remove, signature
from akachat.names import check_name, not_found
from akachat.options import Options
from akachat.workspace.changes import Change
from akachat.workspace.standing import decode_options, mode_of, read_standing
from akachat.workspace.store import Store, encoded
from akachat.workspace.version import Content
from akachat.workspace.versions import Versions

__all__ = ["Prompt", "Prompts"]

_FOLDER = "prompt"
#: Prompts that are kept in memory; beyond this the one read first is read again when it is needed.
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named instruction with its options."""

    name: str
    instruction: str
    options: Options


@dataclass(frozen=True, slots=True)
class _Known:
    """A prompt as it was read, and the state of its files then."""

    prompt: Prompt
    text_path: str
    json_path: str
    text: Signature | None
    json: Signature | None


class Prompts:
    """The prompts of a workspace. Safe to use from several threads and beside other processes.

    Attributes:
        versions: what they were before; whatever is written over or deleted here is kept there.
    """

    def __init__(self, store: Store, versions: Versions) -> None:
        self._store = store
        self.versions = versions
        self._known: dict[str, _Known] = {}
        self._changing = threading.Lock()

    def list(self) -> list[str]:
        """The names of all prompts, sorted."""
        return self._store.names(_FOLDER, ".txt")

    def exists(self, name: str) -> bool:
        """Whether there is such a prompt."""
        return signature(self._store.path(_FOLDER, check_name(name), ".txt")) is not None

    def load(self, name: str) -> Prompt:
        """A prompt as its files are now; one that did not change costs two looks at the disk.

        Raises:
            InvalidInput: no prompt may have this name.
            NotFound: there is none; the hint names the nearest.
            FileError: a file of it is broken or missing; with line and column.
        """
        known = self._known.get(name)
        if known is not None and signature(known.text_path) == known.text and signature(known.json_path) == known.json:
            return known.prompt
        return self._read(check_name(name))

    def save(self, name: str, instruction: str, options: Options | Mapping[str, Any]) -> Prompt:
        """Writes a prompt, new or in place of the old one.

        An options file that is broken is kept beside the new one, as ``{name}.json.broken-…``.

        Raises:
            InvalidInput: the name, a text that is no text, or an option.
            Conflict: a name that this disk does not tell from the given one.
            FileError: it cannot be written; the old content is unchanged.
        """
        name = check_name(name)
        if not isinstance(options, Options):
            options = Options.parse(dict(options))
        text = encoded(instruction, "the instruction", self._store.limit())
        try:
            data = json.dumps(options.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"the options cannot be written as JSON: {error}") from None
        with self._store.changes.hold():
            text_path, json_path = self._paths(name)
            self._store.refuse_other_case(text_path)
            changes = self._store.broken_copy(json_path, decode_options)
            changes |= self._store.broken_copy(text_path, decode_text)
            changes |= {
                text_path: Change(text),
                json_path: Change(encoded(data, "an option", self._store.limit()) + b"\n"),
            }
            prompt = Prompt(name, decode_text(text, name), options)
            self._keep_found(name)
            content = Content(prompt.instruction, options.to_dict())
            kept = self.versions.keep(name, "saved", content, at=time.time(), mode=mode_of(text_path))
            try:
                self._store.changes.apply(changes)
            except BaseException:
                if kept is not None:
                    remove(kept)
                raise
            self._forget(name)
            self.versions.trim(name)
        return prompt

    def delete(self, name: str) -> None:
        """Deletes a prompt; its versions stay, so that `restore` brings it back.

        Raises:
            NotFound: there is none.
        """
        name = check_name(name)
        with self._store.changes.hold():
            text_path, json_path = self._paths(name)
            if signature(text_path) is None and signature(json_path) is None:
                raise not_found("prompt", name, self.list())
            self._keep_found(name)
            # What is no text cannot be a version, and is kept as the file that it is.
            broken = self._store.broken_copy(text_path, decode_text)
            self._store.changes.apply({**broken, text_path: Change(None), json_path: Change(None)})
            self._forget(name)
            self.versions.trim(name)

    def rename(self, old: str, new: str) -> None:
        """Gives a prompt another name; its files stay as they are, byte for byte, and its versions go with it.

        Raises:
            NotFound: there is no such prompt.
            Conflict: the new name is taken.
        """
        old, new = check_name(old), check_name(new)
        if old == new:
            return
        with self._store.changes.hold():
            before, after = self._paths(old), self._paths(new)
            if signature(before[0]) is None:
                raise not_found("prompt", old, self.list())
            self._refuse_taken(new)
            # A deleted prompt may have left versions under the new name: what is there now must come after them.
            self._keep_found(old, after=next(iter(self.versions.ids(new)), ""))
            changes: dict[str, Change] = {}
            for source, target in zip(before, after, strict=True):
                found = self._store.read(source)
                if found is not None:
                    changes[target] = Change(found[0], os.stat(source).st_mode & 0o777)
                    changes[source] = Change(None)
            self._store.changes.apply(changes, self.versions.moves(old, new))
            self._forget(old)
            self._forget(new)
            self.versions.trim(new)

    def copy(self, old: str, new: str) -> Prompt:
        """Saves a prompt's content under another name as well; the copy begins with no versions of its own.

        Raises:
            NotFound: there is no such prompt.
            Conflict: the new name is taken.
            FileError: a file of it is broken.
        """
        with self._store.changes.hold():
            prompt = self.load(old)
            self._refuse_taken(check_name(new))
            return self.save(new, prompt.instruction, prompt.options)

    def restore(self, name: str, version: str = "") -> Prompt:
        """Makes a version what the prompt says now; without ``version``, brings a deleted prompt back as it last was.

        Raises:
            NotFound: there is no such version.
            Conflict: no version is named, and the prompt is there.
            InvalidInput: several versions begin like that, or an option of it is wrong.
        """
        name = check_name(name)
        with self._store.changes.hold():
            if not version:
                self._refuse_taken(name)
                newest = self.versions.newest(name)
                version = newest[0] if newest else version
            content = self.versions.get(name, version).content
            return self.save(name, content.instruction, content.options)

    def options(self) -> Iterator[Options]:
        """The options of all prompts that can be read; a broken one is reported where it is used."""
        for name in self.list():
            with contextlib.suppress(AkachatError):
                yield self.load(name).options

    def problems(self) -> tuple[AkachatError, ...]:
        """What is wrong with any prompt's files: broken ones, and options whose instruction is missing."""
        found = []
        for name in sorted({*self.list(), *self._store.names(_FOLDER, ".json")}):
            try:
                self.load(name)
            except AkachatError as error:
                found.append(error)
        return tuple(found)

    def forget(self, name: str) -> None:
        """Deletes the versions of a prompt for good; what is saved now stays.

        Raises:
            NotFound: there are none.
            FileError: they cannot be deleted.
        """
        with self._store.changes.hold():
            self.versions.forget(check_name(name))

    def content(self, name: str) -> Content | None:
        """What a prompt's files hold now, as far as they can be read; None where there is no text.

        Raises:
            FileError: a file is too large, or the disk does not give it.
        """
        self._store.settle()
        found = read_standing(self._store, *self._paths(check_name(name)))
        return found.content if found else None

    def _keep_found(self, name: str, *, after: str = "") -> None:
        """Keeps what is about to be replaced, where it is not the newest version: it was written by hand."""
        found = read_standing(self._store, *self._paths(name))
        if found is not None:
            at = min(found.written, time.time() - 1e-6)
            self.versions.keep(name, "found", found.content, at=at, after=after, mode=found.mode)

    def _refuse_taken(self, name: str) -> None:
        if any(os.path.lexists(path) for path in self._paths(name)):
            raise Conflict(f"there is a prompt `{name}` already", hint="Delete it first, or choose another name.")

    def _paths(self, name: str) -> tuple[str, str]:
        return self._store.path(_FOLDER, name, ".txt"), self._store.path(_FOLDER, name, ".json")

    def _forget(self, name: str) -> None:
        with self._changing:
            self._known.pop(name, None)

    def _read(self, name: str) -> Prompt:
        """Reads both files without a lock: a change of both leaves a record while it lasts, and new states after it."""
        for _ in range(100):
            self._store.settle()
            now = time.time_ns()
            text_path, json_path = self._paths(name)
            text, options = self._store.read(text_path), self._store.read(json_path)
            states = text[1] if text else None, options[1] if options else None
            changed = (signature(text_path), signature(json_path)) != states
            if changed or self._store.changes.is_unfinished():
                continue
            prompt = self._made(name, text[0] if text else None, options[0] if options else None)
            if all(state is None or is_settled(state, now) for state in states):
                self._remember(_Known(prompt, text_path, json_path, *states))
            return prompt
        raise Busy(f"the prompt `{name}` changes all the time", hint="Try again.")

    def _made(self, name: str, text: bytes | None, options: bytes | None) -> Prompt:
        if text is None:
            if options is None:
                raise not_found("prompt", name, self.list())
            missing = f"{_FOLDER}/{name}.txt"
            raise FileError(
                f"{_FOLDER}/{name}.json has no instruction beside it",
                path=missing,
                hint=f"Save the instruction as {missing}, or delete the options.",
            )
        instruction = decode_text(text, f"{_FOLDER}/{name}.txt")
        return Prompt(name, instruction, decode_options(options, f"{_FOLDER}/{name}.json") if options else Options())

    def _remember(self, known: _Known) -> None:
        with self._changing:
            self._known.pop(known.prompt.name, None)
            while len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[known.prompt.name] = known
