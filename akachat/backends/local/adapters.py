"""LoRA adapters beside a model: loaded once, switched between steps, the base never loaded again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from akachat.backends.local.loading.failures import explained
from akachat.errors import ModelError

__all__ = ["Adapter", "Adapters", "fetch"]

#: The one form that holds numbers and nothing else.
_WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter: its name as the option has it, and the folder that holds it."""

    name: str
    folder: str


def fetch(name: str, token: str | None) -> Adapter:
    """The adapter of that name: a folder, or one on Hugging Face, downloaded where it is not here yet.

    Args:
        token: of huggingface.co; never shown.

    Raises:
        ModelError: there is none, or it is no LoRA adapter.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name.startswith(("/", "./", "../", "~")) or "\\" in name or name.count("/") > 1:
            raise ModelError(
                f"there is no folder {name!r}", hint="Give lora a folder that exists, or a name on Hugging Face."
            )
        with explained(name, "LoRA adapter"):
            folder = _download(name, token)
    adapter = Adapter(name, str(folder))
    _check(adapter)
    return adapter


def _download(name: str, token: str | None) -> Path:
    """The two files that make an adapter; those that are here and unchanged are not fetched again."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    folder = Path()
    for file in ("adapter_config.json", _WEIGHTS):
        try:
            folder = Path(hf_hub_download(name, file, token=token)).parent
        except LocalEntryNotFoundError:
            raise  # the hub cannot be reached
        except EntryNotFoundError:
            if file != _WEIGHTS:
                raise _no_adapter(name) from None
    return folder


def _no_adapter(name: str) -> ModelError:
    return ModelError(
        f"{name!r} is no LoRA adapter: it has no adapter_config.json",
        hint="A merged model is named by the option model, not by lora.",
    )


def _check(adapter: Adapter) -> None:
    """Refuses what is no LoRA adapter, before the model is touched."""
    name, folder = adapter.name, Path(adapter.folder)
    try:
        config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    except OSError:
        raise _no_adapter(name) from None
    except ValueError as error:
        raise ModelError(f"adapter_config.json of {name!r} is broken: {error}", hint="Download it again.") from None
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "LORA":
        raise ModelError(f"{name!r} is an adapter of the kind {kind!r}", hint="Only LoRA adapters can be loaded.")
    if not (folder / _WEIGHTS).is_file():
        raise ModelError(
            f"{name!r} has no weights in the safetensors format",
            hint=f"Other formats can hold code and are not loaded: save it again, so that it has {_WEIGHTS}.",
        )


class Adapters:
    """The adapters of one model in memory. One thread uses it.

    Args:
        model: of transformers.
        most: how many are kept; the one unused for longest goes.
    """

    def __init__(self, model: Any, most: int = 8) -> None:
        self._model = model
        self._most = most
        self._names: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._layers: Sequence[Any] = ()
        self._active: str | None = None

    @property
    def names(self) -> list[str]:
        """The adapters in memory, the newest last, as the option lora has them."""
        return list(self._shown.values())

    @property
    def folders(self) -> list[str]:
        """The folders of the adapters in memory."""
        return list(self._names)

    def load(self, adapter: Adapter | None, wanted: Sequence[str | None] = ()) -> None:
        """Loads an adapter where it is not in memory; outside of torch's inference mode.

        Args:
            wanted: folders of adapters that are in use and stay.

        Raises:
            ModelError: it does not fit the model, or cannot be read.
        """
        if adapter is None:
            return
        folder = adapter.folder
        if folder in self._names:
            self._names[folder] = self._names.pop(folder)
            self._shown[folder] = self._shown.pop(folder)
            return
        while len(self._names) >= self._most:
            idle = next((each for each in self._names if each not in wanted), None)
            if idle is None:
                break
            self._forget(idle)
        _check(adapter)
        taken = getattr(self._model, "peft_config", {})
        # Module names take no dots, and the option's are anybody's.
        name = next(f"lora_{at}" for at in count() if f"lora_{at}" not in taken)
        with explained(adapter.name, "LoRA adapter"):
            try:
                with _quiet():
                    self._model.load_adapter(folder, adapter_name=name, is_trainable=False)
                self._check_all_used(folder, name)
            except (RuntimeError, ValueError) as error:
                if name in getattr(self._model, "peft_config", {}):
                    self._delete(name)
                raise ModelError(
                    f"the LoRA adapter {adapter.name!r} does not fit this model: {_first(error)}",
                    hint="Its adapter_config.json names the model that it was made for, in base_model_name_or_path.",
                ) from error
        self._names[folder], self._shown[folder] = name, adapter.name
        self._collect()
        self._switch(None)

    def use(self, folder: str | None) -> None:
        """Makes the model compute with this adapter, or with none."""
        name = None if folder is None else self._names[folder]
        if name != self._active:
            self._switch(name)

    def _switch(self, name: str | None) -> None:
        for layer in self._layers:
            if name is None:
                layer.enable_adapters(enabled=False)
            else:
                layer.enable_adapters(enabled=True)
                layer.set_adapter(name)
        self._active = name

    def _collect(self) -> None:
        from peft.tuners.tuners_utils import BaseTunerLayer
        from peft.utils import ModulesToSaveWrapper

        kinds = (BaseTunerLayer, ModulesToSaveWrapper)
        self._layers = [module for module in self._model.modules() if isinstance(module, kinds)]

    def _check_all_used(self, folder: str, name: str) -> None:
        """Refuses weights that found no place: the library only warns, and the answers would be the base's."""
        from safetensors import safe_open

        with safe_open(Path(folder) / _WEIGHTS, "pt") as file:
            stored = {key.removeprefix("base_model.model.") for key in file.keys()}  # noqa: SIM118  (no mapping)
        used = {key.removeprefix("base_model.model.") for key in self._model.get_adapter_state_dict(name)}
        if lost := sorted(stored - used):
            raise ValueError(f"{len(lost)} of its {len(stored)} weights belong to other layers, such as {lost[0]}")

    def _forget(self, folder: str) -> None:
        self._shown.pop(folder)
        self._delete(self._names.pop(folder))

    def _delete(self, name: str) -> None:
        self._model.delete_adapter(name)
        self._collect()
        self._switch(None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a progress bar of milliseconds, and without the report that lists other adapters' weights as missing."""
    from transformers.utils import logging as library

    reports = logging.getLogger("transformers.integrations.peft")
    level, bars = reports.level, library.is_progress_bar_enabled()
    reports.setLevel(logging.ERROR)
    library.disable_progress_bar()
    try:
        yield
    finally:
        reports.setLevel(level)
        if bars:
            library.enable_progress_bar()


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
