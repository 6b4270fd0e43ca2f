"""Prompts: an instruction and its options, two files that are read and written as one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from akachat.decoding import decode_text, find_key, parse_json_object
from akachat.errors import AkachatError, Busy, Conflict, FileError, InvalidInput
from akachat.files import Signature, is_settled, signature
from akachat.names import check_name, not_found
from akachat.options import Options
from akachat.workspace.changes import Change
from akachat.workspace.store import Store, encoded

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
    """The prompts of a workspace. Safe to use from several threads and beside other processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
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
            self._store.changes.apply(changes)
            self._forget(name)
        return Prompt(name, decode_text(text, name), options)

    def delete(self, name: str) -> None:
        """Deletes a prompt.

        Raises:
            NotFound: there is none.
        """
        name = check_name(name)
        with self._store.changes.hold():
            text_path, json_path = self._paths(name)
            if signature(text_path) is None and signature(json_path) is None:
                raise not_found("prompt", name, self.list())
            self._store.changes.apply({text_path: Change(None), json_path: Change(None)})
            self._forget(name)

    def rename(self, old: str, new: str) -> None:
        """Gives a prompt another name; its files stay as they are, byte for byte.

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
            if any(os.path.lexists(path) for path in after):
                raise Conflict(f"there is a prompt `{new}` already", hint="Delete it first, or choose another name.")
            changes: dict[str, Change] = {}
            for source, target in zip(before, after, strict=True):
                found = self._store.read(source)
                if found is not None:
                    changes[target] = Change(found[0], os.stat(source).st_mode & 0o777)
                    changes[source] = Change(None)
            self._store.changes.apply(changes)
            self._forget(old)
            self._forget(new)

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


def decode_options(data: bytes, path: str) -> Options:
    """An options file's content.

    Raises:
        FileError: it is no JSON, or an option is wrong; with its line and column.
    """
    text = decode_text(data, path)
    if not text.strip():
        return Options()
    values = parse_json_object(text, path)
    try:
        return Options.parse(values)
    except InvalidInput as error:
        named = re.match(r"option (\w+)", error.message)
        line, column = find_key(text, [named[1]]) if named else (None, None)
        raise FileError(f"{path}: {error.message}", path=path, hint=error.hint, line=line, column=column) from None
