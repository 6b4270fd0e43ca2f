"""Which of several GGUF files is meant: by name, by number format, or the best that fits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from akachat.errors import ModelError

__all__ = ["Candidate", "candidates", "choose"]

_PART = re.compile(r"-(\d{5})-of-(\d{5})(?=\.gguf$)", re.IGNORECASE)
_FORMAT = re.compile(
    r"(?:^|[-._/])((?:UD-)?I?Q\d\w*|TQ\d_\d|BF16|F16|FP16|F32|FP32|MXFP4\w*)(?=[-._]|$)", re.IGNORECASE
)
#: Files that lie beside models: what sees pictures, what measured the quantisation.
_BESIDE = re.compile(r"(^|[/._-])(mmproj|imatrix)", re.IGNORECASE)
#: What ``dtype`` means, the nearest first.
_BY_DTYPE = {
    "int4": ("Q4_K_M", "Q4_K_S", "Q4_0", "Q4_K_L", "Q4_1", "IQ4_XS", "IQ4_NL", "MXFP4"),
    "int8": ("Q8_0",),
    "fp16": ("F16", "FP16", "BF16"),
    "bf16": ("BF16", "F16", "FP16"),
    "fp32": ("F32", "FP32"),
}
#: Without ``dtype``: the first that fits. Eight bits answer as sixteen do, at twice the speed; sixteen come last.
_BEST_FIRST = (
    "Q8_0", "Q6_K", "Q6_K_L", "Q5_K_M", "Q5_K_S", "Q5_0", "Q4_K_M", "MXFP4", "Q4_K_S", "IQ4_XS", "Q4_0", "Q3_K_M",
    "Q3_K_S", "IQ3_M", "Q2_K", "IQ2_M", "BF16", "F16", "FP16", "F32", "FP32",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that could be taken: a file, or the parts that it is split into.

    Attributes:
        files: the names, in order.
        size: bytes of all of them; 0 where unknown.
    """

    files: tuple[str, ...]
    size: int

    @property
    def name(self) -> str:
        """The name without the mark of a part."""
        return _PART.sub("", self.files[0])

    @property
    def format(self) -> str:
        """The number format that the name tells; empty where it tells none."""
        found = _FORMAT.findall(self.name.removesuffix(".gguf").removesuffix(".GGUF"))
        return str(found[-1]).upper().removeprefix("UD-") if found else ""


def candidates(sizes: Mapping[str, int]) -> list[Candidate]:
    """The models among files, given with their sizes."""
    groups: dict[str, list[str]] = {}
    for name in sorted(sizes):
        if name.lower().endswith(".gguf") and not _BESIDE.search(name):
            groups.setdefault(_PART.sub("", name), []).append(name)
    return [Candidate(tuple(names), sum(sizes[name] for name in names)) for names in groups.values()]


def choose(found: Sequence[Candidate], *, of: str, what: str, dtype: str, free: float) -> Candidate:
    """The one that is meant.

    Args:
        found: what there is.
        of: whose files they are, for errors.
        what: a file's name, a pattern or a number format, as it stands behind the colon; may be empty.
        dtype: the option.
        free: bytes that a model may take.

    Raises:
        ModelError: there is none, or it cannot be told which.
    """
    if not found:
        raise ModelError(f"{of!r} holds no GGUF model", hint="Take a repository or a folder with *.gguf files.")
    if what:
        fitting = _named(found, what)
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise ModelError(f"{of!r} has no {what!r}", hint=f"There are {_list(found)}.")
        found = fitting
    elif len(found) == 1:
        return found[0]
    order = _BY_DTYPE[dtype] if dtype else _BEST_FIRST
    known = [(order.index(each.format), each) for each in found if each.format in order]
    known.sort(key=lambda one: (one[0], one[1].name))
    if dtype and known:
        return known[0][1]
    if dtype:
        raise ModelError(f"{of!r} has no file for dtype {dtype}", hint=f"There are {_list(found)}.")
    for _, each in known:
        if each.size <= free:
            return each
    if known:
        smallest = min((each for _, each in known), key=lambda each: each.size)
        raise ModelError(
            f"no file of {of!r} fits: the smallest, {smallest.name}, has {smallest.size / 2**30:.1f} GiB,"
            f" and {free / 2**30:.1f} GiB are free",
            hint="Unload another model, or take a smaller one.",
        )
    raise ModelError(f"{of!r} has several models", hint=f"Say which by {of}:FILE. There are {_list(found)}.")


def _named(found: Sequence[Candidate], what: str) -> list[Candidate]:
    exact = [each for each in found if what in (*each.files, each.name)]
    if exact:
        return exact
    if any(sign in what for sign in "*?["):
        return [each for each in found if fnmatchcase(each.name.lower(), what.lower())]
    by_format = [each for each in found if each.format == what.upper().removeprefix("UD-")]
    return by_format if len(by_format) == 1 else [each for each in by_format if what.lower() in each.name.lower()]


def _list(found: Sequence[Candidate]) -> str:
    names = [each.name for each in found]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
