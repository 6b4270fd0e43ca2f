"""The list of models: the one that ships, and a workspace's own ``models.json``, which adds to it and overrides it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from akachat.backends.downloaded import is_downloaded
from akachat.backends.preset import Preset, build_preset, checked_entry
from akachat.decoding import decode_text, find_key, parse_json_object
from akachat.errors import FileError, InvalidInput
from akachat.files import Signature, is_settled, read_bytes, signature, translated
from akachat.options import Options

__all__ = ["Preset", "Presets"]

_log = logging.getLogger(__name__)

_NAME = "models.json"
#: Options that mean nothing to a server elsewhere.
_LOCAL_OPTIONS = ("tokenizer", "dtype", "revision", "template", "chat_template_kwargs", "is_messages")
_SIZES = ("tiny", "small", "medium", "large", "huge", "")

Entries = Mapping[str, Mapping[str, Any]]


class Presets:
    """The models of which something is known. The workspace's file is looked at on every use.

    Args:
        path: the workspace's ``models.json``, which may be missing; None for the list that ships alone.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self._path = None if path is None else Path(path)
        self._reading = threading.Lock()
        self._seen: Signature | None = None
        self._settled = False
        self._own: Entries = {}
        self._all: Mapping[str, Preset] | None = None  # reading the list takes 20 ms, which a start need not wait for
        self._told: set[str] = set()

    def find(self, name: str) -> Preset | None:
        """What is known of a model.

        Raises:
            FileError: the workspace's file is broken, and where.
        """
        return self._current().get(name)

    def list(self) -> list[Preset]:
        """All of them, for someone who chooses: by group, the smaller first.

        Within a group come those that one can talk with before those for one task and those that only go on with a
        text; then those for Japanese, and the larger, which know more.

        Raises:
            FileError: as ``find``.
        """
        japanese = {"yes": 0, "some": 1}

        def order(preset: Preset) -> tuple[object, ...]:
            kind = 2 if preset.type == "none" else 1 if preset.task in ("seq2seq", "translation") else 0
            size = _SIZES.index(preset.group)
            return size, kind, japanese.get(preset.japanese, 2), -preset.size, preset.name.lower()

        return sorted(self._current().values(), key=order)

    def resolve(self, options: Options) -> Options:
        """The options with what suits the model under them; the name of an adapter becomes its base and itself."""
        preset = self.find(options.model)
        if preset is None:
            return options
        own = options.to_dict()
        suits = dict(preset.options)
        if options.location == "Local":
            if preset.base:
                base = self.find(preset.base)
                suits = {**(base.options if base else {}), **suits}
                own = {"lora": preset.name, **own, "model": preset.base}
        else:
            suits = {key: value for key, value in suits.items() if key not in _LOCAL_OPTIONS}
        return Options.parse({**suits, **own})

    def notes(self, asked: Options, resolved: Options) -> tuple[str, ...]:
        """What ``resolve`` changed, one sentence each."""
        if resolved is asked:
            return ()
        notes = []
        if resolved.model != asked.model:
            notes.append(f"{asked.model!r} is a LoRA adapter: it is loaded onto its base {resolved.model!r}.")
        before = asked.to_dict()
        added = [key for key in resolved.to_dict() if key not in before and key != "lora"]
        if added:
            notes.append(f"{', '.join(added)} come from the list of models, as nothing else was set.")
        return tuple(notes)

    def knows(self, name: str) -> bool:
        """Whether a caller who may only run what this workspace's owner named may name this model or adapter.

        What the owner wrote into ``models.json`` is named. The list that ships is not the owner's word: each of its
        names would let a caller start a download, some of hundreds of gigabytes. So of those only what lies on this
        machine already is known.
        """
        if name in self._named():
            return True
        preset = self.find(name)
        return preset is not None and is_downloaded(name) and (not preset.base or is_downloaded(preset.base))

    def _named(self) -> Entries:
        self._current()
        return self._own

    def _current(self) -> Mapping[str, Preset]:
        if self._path is None:
            return _shipped_presets()
        if self._all is not None and self._settled and self._state() == self._seen:
            return self._all
        with self._reading:
            now, before = time.time_ns(), self._state()
            self._own = {} if before is None else self._read(self._path)
            shipped = _shipped()
            merged = {name: build_preset({**shipped.get(name, {}), **entry}, name) for name, entry in self._own.items()}
            self._all = MappingProxyType({**_shipped_presets(), **merged})
            self._seen = before
            self._settled = before is None or is_settled(before, now)
            return self._all

    def _state(self) -> Signature | None:
        assert self._path is not None
        try:
            return signature(self._path)
        except OSError:
            return None

    def _read(self, path: Path) -> Entries:
        with translated(_NAME, "read"):
            text = decode_text(read_bytes(path)[0], _NAME)
        entries = parse_json_object(text, _NAME)
        shipped = _shipped()
        read = {}
        for name, entry in entries.items():
            try:
                read[name], told = checked_entry(name, entry)
                build_preset({**shipped.get(name, {}), **read[name]}, name)
            except InvalidInput as error:
                line, column = find_key(text, [name])
                raise FileError(
                    f"{_NAME}: {error.message}", path=_NAME, line=line, column=column, hint=error.hint
                ) from None
            for message in told:
                if message not in self._told:
                    self._told.add(message)
                    _log.warning("%s: %s", _NAME, message)
        return read


@lru_cache(maxsize=1)
def _shipped() -> Entries:
    text = files("akachat.backends").joinpath(_NAME).read_text("utf-8")
    return MappingProxyType(parse_json_object(text, _NAME))


@lru_cache(maxsize=1)
def _shipped_presets() -> Mapping[str, Preset]:
    return MappingProxyType({name: build_preset(entry, name) for name, entry in _shipped().items()})
