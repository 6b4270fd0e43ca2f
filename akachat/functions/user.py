"""Your own functions: from `functions/*.py` and from installed packages, read anew when they change."""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import inspect
import keyword
import os
import re
import sys
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed_entry_points
from pathlib import Path
from traceback import walk_tb
from types import CodeType, ModuleType
from typing import Any

from anyio import CapacityLimiter

from akachat.errors import InstructionError
from akachat.functions.binding import bind, describe
from akachat.functions.registry import BUILTINS, FunctionInfo, declaration
from akachat.template.language import NAMES
from akachat.template.rendering import HostFunction

__all__ = ["ENTRY_POINTS", "RESERVED", "UserFunctions"]

#: The group under which a package announces a module, or one function, for every workspace.
ENTRY_POINTS = "akachat.functions"

#: Names that mean something in every instruction already.
RESERVED = NAMES | {info.name for info in BUILTINS} | set(dir(builtins)) | set(keyword.kwlist)

#: Blocking functions of one playground that run at a time; a further one waits.
_THREADS = 32

_DECORATED = re.compile(
    r"^@(?:\w+\.)?function\b(?:\([^\n]*?(?:name\s*=\s*[\"'](?P<name>\w+)[\"'])?[^\n]*\))?[^\n]*\n"
    r"(?:@[^\n]*\n)*(?:async\s+)?def\s+(?P<def>\w+)",
    re.MULTILINE,
)


class UserFunctions:
    """The functions of one workspace.

    Asking for them costs one listing of the folder. When any file in it has changed, all are read anew, so that a
    file which imports from its neighbour is never half old; runs under way keep the functions they began with.
    """

    def __init__(self, folder: Path, *, entry_points: bool = True) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._functions: dict[str, HostFunction] = {}
        self._infos: list[FunctionInfo] = []
        self._limiter = CapacityLimiter(_THREADS)
        # A package name of its own: two playgrounds, even on one folder, never see each other's modules.
        self._package = f"akachat_functions_{uuid.uuid4().hex[:12]}"
        self._finder_key = str(folder.absolute() / f".{self._package}")
        self._entry_points = entry_points
        self._installed: list[_Installed] | None = None
        weakref.finalize(self, _forget, self._package, self._finder_key)

    def functions(self) -> Mapping[str, HostFunction]:
        """All functions that can be called, by name; those of a broken file answer with the file's error."""
        self._refresh()
        return self._functions

    def infos(self) -> list[FunctionInfo]:
        """All functions, with what is wrong with those that cannot be called."""
        self._refresh()
        return list(self._infos)

    def _refresh(self) -> None:
        seen = tuple(sorted(self._files()))
        if seen == self._seen:
            return
        with self._lock:
            if seen != self._seen:
                self._read([name for name, _, _ in seen])
                self._seen = seen

    def _files(self) -> Iterator[tuple[str, int, int]]:
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith(".py") and not entry.name.startswith("."):
                        stat = entry.stat()
                        yield entry.name, stat.st_mtime_ns, stat.st_size
        except OSError:
            # No folder, no functions; a file that vanished in between is seen by the next call.
            return

    def _read(self, names: list[str]) -> None:
        collected = _Collected(self._limiter)
        for found in self._from_packages():
            if found.fn is None:
                collected.broken(found.name, found.package, found.error, [])
            else:
                collected.add(found.fn, found.package)
        self._fresh_package()
        for name in names:
            if not name.startswith("_"):
                self._read_file(name, collected)
        # Swapped whole, so that a reader in another thread sees either all the old ones or all the new ones.
        self._functions, self._infos = collected.functions, collected.infos

    def _read_file(self, file: str, collected: _Collected) -> None:
        origin, stem = f"functions/{file}", file.removesuffix(".py")
        if "." in stem:
            collected.broken(stem, origin, f"{origin}: a dot in the file's name; rename it", [])
            return
        try:
            module = importlib.import_module(f"{self._package}.{stem}")
        # A file may do anything while it is read, exit() included.
        except (Exception, SystemExit) as error:
            collected.broken(stem, origin, _why(error, self._folder, origin), _names_in(self._folder / file))
            return
        for fn in _declared_in(module):
            if fn.__module__ == module.__name__:
                collected.add(fn, origin)

    def _fresh_package(self) -> None:
        for name in [n for n in list(sys.modules) if n == self._package or n.startswith(self._package + ".")]:
            del sys.modules[name]
        package = ModuleType(self._package)
        package.__path__ = [self._finder_key]
        sys.modules[self._package] = package
        # Relative imports between the files come here too, so none is ever served from stale bytecode.
        sys.path_importer_cache[self._finder_key] = importlib.machinery.FileFinder(
            str(self._folder.absolute()), (_Source, [".py"])
        )

    def _from_packages(self) -> list[_Installed]:
        if self._installed is None:
            points = installed_entry_points(group=ENTRY_POINTS) if self._entry_points else ()
            self._installed = [found for point in points for found in _load_entry_point(point)]
        return self._installed


@dataclass(frozen=True, slots=True)
class _Installed:
    """A function of an installed package, or why the package's entry point cannot be loaded."""

    name: str
    package: str
    fn: Callable[..., Any] | None = None
    error: str = ""


class _Collected:
    """Functions as they are read, with the rules about names."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self.functions: dict[str, HostFunction] = {}
        self.infos: list[FunctionInfo] = []

    def add(self, fn: Callable[..., Any], origin: str) -> None:
        """Takes a decorated function, or reports why it cannot be called."""
        declared = declaration(fn)
        assert declared is not None
        error = self._name_error(declared.name)
        if not error:
            try:
                info = describe(fn, declared, origin)
                self.functions[info.name] = bind(fn, info, self._limiter)
                self.infos.append(info)
                return
            # Annotations are arbitrary code, evaluated here.
            except Exception as reason:
                error = f"its annotations cannot be read: {type(reason).__name__}: {str(reason).partition(chr(10))[0]}"
        self.infos.append(describe(fn, declared, origin, error=f"{origin}:{_line(fn)}: {error}"))

    def broken(self, name: str, origin: str, error: str, functions: list[str]) -> None:
        """Reports a file that cannot be read. The functions it seems to define answer with that error."""
        for missing in functions or [name]:
            self.infos.append(FunctionInfo(missing, missing, "", origin, error=error))
            if functions and not self._name_error(missing):
                self.functions[missing] = HostFunction(missing, _unavailable(missing, error), documentation=error)

    def _name_error(self, name: str) -> str:
        if not name.isidentifier():
            return f"{name!r} cannot be a function's name"
        if name in RESERVED:
            return f"the name {name} is taken by the instruction language; choose another"
        if name in self.functions:
            first = next((info.origin for info in self.infos if info.name == name), "another file")
            return f"{first} already defines {name}"
        return ""


class _Source(importlib.machinery.SourceFileLoader):
    """Reads a file's source each time: bytecode caches compare whole seconds and sizes, and would miss quick edits."""

    def get_code(self, fullname: str) -> CodeType | None:
        """The compiled source, without a cache file in the user's folder."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _load_entry_point(point: EntryPoint) -> Iterator[_Installed]:
    package = point.dist.name if point.dist else point.module
    try:
        loaded = point.load()
    # Somebody else's package may fail in any way; the others still work.
    except (Exception, SystemExit) as error:
        yield _Installed(point.name, package, error=f"{package}: {_said(error)}")
        return
    inside = point.module.partition(".")[0]
    for fn in _declared_in(loaded) if isinstance(loaded, ModuleType) else [loaded]:
        if declaration(fn) is None:
            yield _Installed(point.name, package, error=f"{package}: {point.value} is no @akachat.function")
        elif fn.__module__.partition(".")[0] == inside:
            yield _Installed(point.name, package, fn)


def _declared_in(module: ModuleType) -> list[Callable[..., Any]]:
    """A module's decorated functions, each once however many names it has there."""
    found = {id(value): value for value in vars(module).values() if declaration(value) is not None}
    return list(found.values())


def _unavailable(name: str, error: str) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        raise InstructionError(f"{name}() cannot be called: {error}", hint="Correct that file and run again.")

    return call


def _names_in(path: Path) -> list[str]:
    """The decorated functions of a file that may not even parse."""
    try:
        source = path.read_text("utf-8", errors="replace").replace("\r\n", "\n")
    except OSError:
        return []
    return [found["name"] or found["def"] for found in _DECORATED.finditer(source)]


def _why(error: BaseException, folder: Path, origin: str) -> str:
    """``functions/weather.py:3: NameError: …``: the deepest place inside the folder."""
    place, line = origin, 0
    inside = str(folder.absolute()) + os.sep
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(inside):
        place, line = f"functions/{error.filename.removeprefix(inside)}", error.lineno or 0
        return f"{place}:{line}: {type(error).__name__}: {error.msg}"
    for frame, number in walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(inside):
            place, line = f"functions/{frame.f_code.co_filename.removeprefix(inside)}", number
    return f"{place}:{line}: {_said(error)}" if line else f"{place}: {_said(error)}"


def _said(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0][:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _line(fn: Callable[..., Any]) -> int:
    code = getattr(inspect.unwrap(fn), "__code__", None)
    return code.co_firstlineno if code else 1


def _forget(package: str, finder_key: str) -> None:
    sys.path_importer_cache.pop(finder_key, None)
    for name in [n for n in list(sys.modules) if n == package or n.startswith(package + ".")]:
        del sys.modules[name]
