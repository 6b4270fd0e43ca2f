"""From options to a GGUF on this machine, checked and known."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from akachat.backends.gguf.choice import Candidate, candidates, choose
from akachat.backends.gguf.header import Header, read_header
from akachat.backends.gguf.hub import Hub
from akachat.backends.gguf.names import split_name
from akachat.backends.gguf.process import gpus
from akachat.errors import ModelError
from akachat.options import Options

__all__ = ["File", "Source", "find_adapter", "find_file", "free_bytes"]

#: Room for the context and for what a step holds, in parts of the weights.
_ROOM = 1.15
#: How a model of the workspace's folder is called in a prompt's options.
_MODELS = "models/"


@dataclass(frozen=True, slots=True)
class Source:
    """Which model is meant.

    Attributes:
        name: as ``options.model`` has it.
        revision, dtype: of the options; they say which file of a repository is meant.
        token: for the hub; never shown.
        root: the workspace's folder of models, where the name begins with ``models/``.
    """

    name: str
    revision: str | None = None
    dtype: str = ""
    token: str | None = field(default=None, repr=False, compare=False)
    root: Path | None = None

    @classmethod
    def of(cls, options: Options, token: str | None, root: Path | None = None) -> Source:
        """The source that options name."""
        if not split_name(options.model)[0]:
            return cls(options.model, token=token, root=root)  # a file is what it is, whatever dtype says
        return cls(options.model, options.revision, options.dtype or "", token)

    @property
    def path(self) -> Path:
        """Where it is, if it is no repository's."""
        if self.root is not None and self.name.startswith(_MODELS):
            inside = (self.root / self.name.removeprefix(_MODELS)).resolve()
            if inside.is_relative_to(self.root.resolve()) and inside.exists():
                return inside
        return Path(self.name).expanduser()


@dataclass(frozen=True, slots=True)
class File:
    """A model on this machine.

    Attributes:
        path: the file, or the first of its parts.
        header: what it says of itself; of all parts together the number of weights.
        size: bytes of all parts.
        note: which file was taken, where there was a choice; else empty.
    """

    path: Path
    header: Header
    size: int
    note: str = ""


def find_file(source: Source, *, force: bool = False) -> File:
    """The file that a source names, downloaded where need be. It may take long.

    Args:
        source: which.
        force: downloads what is here already again.

    Raises:
        ModelError: why there is none, or why it cannot be used; the hint says what to do.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelError(
            "GGUF models need the package xllamacpp, which is not installed", hint="Install it by: bash venv.sh gguf"
        )
    repository, what = split_name(source.name)
    if repository:
        return _fetched(source, repository, what, force)
    path = source.path
    if path.is_dir():
        sizes = {each.name: each.stat().st_size for each in path.iterdir() if each.is_file()}
        found = candidates(sizes)
        if len(found) > 1:
            names = ", ".join(each.name for each in found[:12])
            raise ModelError(
                f"the folder {source.name!r} holds {len(found)} GGUF models",
                hint=f"Give the path of one of them: {names}.",
            )
        taken = choose(found, of=source.name, what="", dtype="", free=0)
        return _checked([path / name for name in taken.files], source.name, "")
    if not path.is_file():
        raise ModelError(
            f"there is no file {source.name!r}",
            hint="Give the path of a file that exists, or a name on Hugging Face such as owner/repo:file.gguf.",
        )
    return _checked(_all_parts(path), source.name, "")


def find_adapter(name: str, base: Header, token: str | None) -> Path:
    """A LoRA adapter that fits a model.

    Raises:
        ModelError: it cannot be found, is no adapter in this format, or belongs to another kind of model.
    """
    found = _adapter_path(name, token)
    header = read_header(found, name)
    if not header.is_adapter:
        raise ModelError(f"{name!r} is a model, no LoRA adapter", hint="Unset the option lora, or name an adapter.")
    if header.architecture != base.architecture:
        raise ModelError(
            f"the adapter {name!r} is for {header.architecture} models, and this is a {base.architecture}",
            hint="Take the model that the adapter was trained on.",
        )
    return found


def free_bytes() -> float:
    """Memory that a model may take, that of GPUs included."""
    return float(psutil.virtual_memory().available) + sum(free for _, free in gpus())


def _adapter_path(name: str, token: str | None) -> Path:
    repository, what = split_name(name)
    if repository:
        hub = Hub(repository, None, token)
        taken = choose(candidates(hub.files()), of=repository, what=what, dtype="", free=free_bytes())
        return hub.fetch(taken.files[0])
    path = Path(name).expanduser()
    if path.is_dir():
        inside = sorted(path.glob("*.gguf"))
        if len(inside) != 1:
            raise ModelError(
                f"the folder {name!r} holds {len(inside)} GGUF files, and one is needed",
                hint="A GGUF model takes adapters in its own format: llama.cpp's convert_lora_to_gguf.py makes one.",
            )
        return inside[0]
    if not path.is_file():
        raise ModelError(f"there is no adapter {name!r}", hint="Give the path of a LoRA adapter that ends in .gguf.")
    return path


def _fetched(source: Source, repository: str, what: str, force: bool) -> File:
    hub = Hub(repository, source.revision, source.token)
    found = candidates(hub.files())
    taken = choose(found, of=repository, what=what, dtype=source.dtype, free=free_bytes() / _ROOM)
    _check_memory(source.name, taken.size)
    note = _told(taken) if len(found) > 1 and what not in (*taken.files, taken.name) else ""
    return _checked([hub.fetch(name, force=force) for name in taken.files], source.name, note)


def _told(taken: Candidate) -> str:
    size = f" ({taken.size / 2**30:.1f} GiB)" if taken.size else ""
    return f"{taken.name}{size} was taken."


def _all_parts(path: Path) -> list[Path]:
    """The parts beside a first part, in order; a whole file is its only one."""
    for each in candidates({other.name: 0 for other in path.parent.glob("*.gguf")} | {path.name: 0}):
        if path.name in each.files:
            return [path.parent / name for name in each.files]
    return [path]


def _checked(paths: Sequence[Path], name: str, note: str) -> File:
    headers = [read_header(path, name) for path in paths]
    first = headers[0]
    if first.is_adapter:
        raise ModelError(f"{name!r} is a LoRA adapter, no model", hint="Name it in the option lora, beside its model.")
    if not first.architecture or not first.values.get("tokenizer.ggml.model"):
        raise ModelError(
            f"{name!r} says no kind of model or has no tokenizer", hint="Take a text model, converted with all parts."
        )
    if first.parts != len(paths):
        raise ModelError(
            f"{name!r} has {first.parts} parts, and {len(paths)} of them are there",
            hint="All parts lie in one folder: …-00001-of-0000N.gguf to the last.",
        )
    formats: dict[str, int] = {}
    for header in headers:
        for kind, size in header.formats.items():
            formats[kind] = formats.get(kind, 0) + size
    size = sum(header.size for header in headers)
    _check_memory(name, size)
    whole = Header(first.values, sum(header.parameters for header in headers), formats, first.size)
    return File(paths[0], whole, size, note)


def _check_memory(name: str, size: int) -> None:
    """Refuses a model that cannot fit, before it is fetched or read."""
    free = free_bytes()
    if size * _ROOM > free:
        raise ModelError(
            f"{name!r} needs about {size * _ROOM / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free",
            hint="Unload another model, or take a file with fewer bits.",
        )
