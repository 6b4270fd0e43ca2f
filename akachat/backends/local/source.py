"""Which model is meant, and the part of it that needs no weights: tokenizer and configuration."""

from __future__ import annotations

import importlib.util
import socket
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from akachat.backends.local.failures import explained
from akachat.errors import ModelError

if TYPE_CHECKING:
    from akachat.options import Options

__all__ = ["Front", "Source", "load_front"]

#: transformers fills its modules when they are first asked for, which two threads must not do at once.
_importing = threading.Lock()
#: Seconds until the hub counts as unreachable.
_PROBE = 3.0


@dataclass(frozen=True, slots=True)
class Source:
    """What to load, from where, in which number format.

    Attributes:
        name: as ``options.model`` has it.
        place: a folder, or a name on the hub.
        token: for the hub; never shown.
        trusted: whether the model may run its own code.
    """

    name: str
    place: str
    tokenizer: str | None = None
    revision: str | None = None
    dtype: str = ""
    trusted: bool = False
    token: str | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, options: Options, place: str, *, token: str | None, trusted: bool) -> Source:
        """The source that options name."""
        return cls(options.model, place, options.tokenizer, options.revision, options.dtype or "", trusted, token)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of this machine."""
        return Path(self.place).is_dir()

    def locate(self, name: str) -> tuple[str, dict[str, Any]]:
        """Where to load ``name`` from, and what ``from_pretrained`` takes besides.

        What has been downloaded is used as a folder where the hub cannot be reached.

        Raises:
            ModelError: it is neither here nor can it be fetched.
        """
        trusted = {"trust_remote_code": self.trusted}
        if Path(name).is_dir():
            return name, trusted
        revision = self.revision if name == self.place else None
        if _hub_reachable():
            return name, {**trusted, "token": self.token, **({"revision": revision} if revision else {})}
        from huggingface_hub import snapshot_download

        with explained(name, "files"):
            return str(snapshot_download(name, revision=revision, local_files_only=True)), trusted


@dataclass(frozen=True, slots=True)
class Front:
    """What a model has besides its weights.

    Attributes:
        tokenizer, config: of transformers.
        generation: the model's own generation settings, those that it sets.
        context: the most tokens that fit, None where nothing says so.
        ends: tokens that end an answer.
    """

    tokenizer: Any
    config: Any
    generation: Mapping[str, Any]
    context: int | None
    ends: frozenset[int]


def load_front(source: Source) -> Front:
    """Loads the tokenizer and the configuration.

    Raises:
        ModelError: not found, gated, no network, unknown kind of model, no tokenizer; with the next step.
    """
    _check_place(source)
    with _importing:
        from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    place, arguments = source.locate(source.place)
    own, own_arguments = source.locate(source.tokenizer) if source.tokenizer else (place, arguments)
    with explained(source.name, "configuration"):
        config = AutoConfig.from_pretrained(place, **arguments)
    with explained(source.tokenizer or source.name, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(own, **own_arguments)
    if len(tokenizer) == 0:
        raise ModelError(f"{own!r} has no tokenizer", hint="Set the option tokenizer to a model that has one.")
    with explained(source.name, "generation_config.json"):
        hub = {key: value for key, value in arguments.items() if key != "trust_remote_code"}
        try:
            generation = GenerationConfig.from_pretrained(place, **hub)
        except OSError:  # many models have none, and their configuration holds what there is
            generation = GenerationConfig.from_model_config(config)
    values = {key: value for key, value in generation.to_dict().items() if value is not None}
    return Front(tokenizer, config, values, _context(config), _ends(values, tokenizer))


def _hub_reachable() -> bool:
    """Whether the hub takes connections; without a network its client would try for 23 s, and for each file again."""
    from huggingface_hub import constants

    if urllib.request.getproxies():
        return True  # the proxy knows, not this machine
    parts = urlsplit(constants.ENDPOINT)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_PROBE):
            return True
    except OSError:
        return False


def _check_place(source: Source) -> None:
    if source.is_folder:
        if not (Path(source.place) / "config.json").is_file():
            raise ModelError(
                f"the folder {source.place!r} holds no config.json",
                hint="A model's folder holds config.json, the tokenizer's files and *.safetensors.",
            )
        return
    looks_like_path = source.place.startswith(("/", "./", "../", "~")) or "\\" in source.place
    if looks_like_path or source.place.count("/") > 1:
        raise ModelError(
            f"there is no folder {source.place!r}",
            hint="Give a folder that exists, or a name on Hugging Face such as owner/model.",
        )
    if importlib.util.find_spec("transformers") is None:
        raise ModelError("transformers is not installed", hint="Run venv.sh again: it installs what is missing.")


def _context(config: Any) -> int | None:
    text = config.get_text_config(decoder=True)
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx"):
        value = getattr(text, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return None


def _ends(generation: Mapping[str, Any], tokenizer: Any) -> frozenset[int]:
    ends = generation.get("eos_token_id")
    found = set(ends) if isinstance(ends, list) else set() if ends is None else {ends}
    if not found and tokenizer.eos_token_id is not None:
        found.add(tokenizer.eos_token_id)
    return frozenset(found)
