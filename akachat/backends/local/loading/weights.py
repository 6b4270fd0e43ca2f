"""What a model's weights are before they are read: how many numbers of which kind, in which files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akachat.backends.local.loading.failures import explained
from akachat.backends.local.loading.source import Source
from akachat.errors import ModelError

__all__ = ["Stored", "read_stored"]

#: Bytes a number, by the names that safetensors has for them.
_SIZES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "BF16": 2, "F16": 2, "I16": 2, "U16": 2,
}  # fmt: skip
_CONFIG_SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}
_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
#: Formats that are programs for the machine that reads them.
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_LARGEST_HEADER = 100 * 2**20


@dataclass(frozen=True, slots=True)
class Stored:
    """A model's weights as they are stored.

    Attributes:
        parameters: how many numbers.
        matrices: how many of them are in the matrices between embedding and output, which are what is quantised.
        bytes: their size in the files.
    """

    parameters: int
    matrices: int
    bytes: int


def read_stored(source: Source, place: str, config: Any) -> Stored | None:
    """Reads the heads of the files; of a model that has not been downloaded, what the hub tells. None where unknown.

    Raises:
        ModelError: there are no weights that may be read.
    """
    if Path(place).is_dir():
        return _of_folder(source.name, Path(place), config)
    from huggingface_hub import HfApi, snapshot_download

    with suppress(Exception):  # nothing of it has been downloaded
        folder = Path(snapshot_download(place, revision=source.revision, local_files_only=True))
        if (folder / _INDEX).is_file() or (folder / _SINGLE).is_file():
            return _of_folder(source.name, folder, config)
    try:
        api = HfApi(token=source.token)
        info = api.model_info(place, revision=source.revision, files_metadata=True, timeout=10)
    except Exception:  # a mirror without this; loading itself tells what is wrong
        return None
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    _check_names(source.name, sizes)
    size = sum(sizes[name] for name in sizes if name.endswith(".safetensors") and "/" not in name)
    counts = getattr(info.safetensors, "parameters", None)
    if isinstance(counts, Mapping) and counts:
        parameters = sum(counts.values())
        size = sum(count * _SIZES.get(kind, 1) for kind, count in counts.items())
    elif size:
        parameters = size // _config_size(config)
    else:
        return None
    return Stored(parameters, max(0, parameters - _outside(config)), size)


def _of_folder(name: str, folder: Path, config: Any) -> Stored | None:
    _check_names(name, [path.name for path in folder.iterdir()])
    parameters = matrices = size = 0
    for path in _files(name, folder):
        tensors = _head(path)
        if tensors is None:  # damaged, which loading itself tells; its size is known all the same
            here = path.stat().st_size // _config_size(config)
            parameters, matrices, size = parameters + here, matrices + here, size + path.stat().st_size
            continue
        for key, kind, shape in tensors:
            count = math.prod(shape)
            parameters += count
            size += count * _SIZES.get(kind, 1)
            if len(shape) == 2 and "embed" not in key and "lm_head" not in key and "wte" not in key:
                matrices += count
    return Stored(parameters, matrices, size)


def _files(name: str, folder: Path) -> list[Path]:
    """The files that belong to the model; some folders hold the same weights a second time under another name."""
    index = folder / _INDEX
    if index.is_file() and not (folder / _SINGLE).is_file():
        with explained(name, "weights"):
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        missing = [each for each in names if not (folder / each).is_file()]
        if missing:
            raise ModelError(
                f"the weights of {name!r} are not complete: {missing[0]} and {len(missing) - 1} others are missing"
                if len(missing) > 1
                else f"the weights of {name!r} are not complete: {missing[0]} is missing",
                hint="Download them again.",
            )
        return [folder / each for each in names]
    return [folder / _SINGLE] if (folder / _SINGLE).is_file() else sorted(folder.glob("*.safetensors"))


def _head(path: Path) -> list[tuple[str, str, list[int]]] | None:
    """Name, kind and shape of each tensor in a file; None where that cannot be read."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= _LARGEST_HEADER:
                return None
            head = json.loads(file.read(length))
        return [
            (key, each["dtype"], [int(size) for size in each["shape"]])
            for key, each in head.items()
            if key != "__metadata__"
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _check_names(name: str, names: Iterable[str]) -> None:
    """Refuses a model whose weights are in no format that can be trusted."""
    found = [each for each in names if "/" not in each]
    if any(each.endswith(".safetensors") for each in found):
        return
    pickles = [each for each in found if each.endswith(_PICKLES) and not each.startswith("training_args")]
    if pickles:
        raise ModelError(
            f"{name!r} has its weights as {sorted(pickles)[0]} only, a format that can hold code, and is not loaded",
            hint="Take a revision with model.safetensors (often refs/pr/1), or convert it where you trust it: "
            "from_pretrained(…, use_safetensors=False) and then save_pretrained(…) in transformers.",
        )
    gguf = [each for each in found if each.endswith(".gguf")]
    if gguf:
        raise ModelError(f"{name!r} holds GGUF files", hint=f"Name the file itself as the model: {sorted(gguf)[0]}.")
    raise ModelError(
        f"{name!r} has no weights in the safetensors format",
        hint="Other formats can hold code and are not loaded: convert it, or take a model that has safetensors.",
    )


def _config_size(config: Any) -> int:
    return _CONFIG_SIZES.get(str(getattr(config, "dtype", None) or "bfloat16").removeprefix("torch."), 2)


def _outside(config: Any) -> int:
    """About how many numbers are in the embedding and the output."""
    text = config.get_text_config(decoder=True)
    tied = getattr(text, "tie_word_embeddings", False)
    return int(getattr(text, "vocab_size", 0) * getattr(text, "hidden_size", 0) * (1 if tied else 2))
