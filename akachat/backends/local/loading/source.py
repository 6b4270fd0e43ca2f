"""Which model is meant, and the part of it that needs no weights: tokenizer and configuration."""

from __future__ import annotations

import importlib.util
import socket
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from akachat.backends.local.loading.encoding import Encoding, read_encoding
from akachat.backends.local.loading.failures import explained
from akachat.backends.local.loading.kinds import find_kind
from akachat.backends.local.loading.tokenizer import load_tokenizer
from akachat.errors import ModelError

if TYPE_CHECKING:  # a machine that only runs models need not have what options are made of
    from akachat.backends.presets import Preset
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
        trusted: whether the model may run its own code.
        loader: ``causal`` or ``seq2seq`` where the model's entry forces it.
        tokenizer_kind: ``fast`` or ``slow`` where the model's entry forces it.
        token: for the hub; never shown.
    """

    name: str
    place: str
    tokenizer: str | None = None
    revision: str | None = None
    dtype: str = ""
    trusted: bool = False
    loader: str = ""
    tokenizer_kind: str = ""
    token: str | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        options: Options,
        place: str,
        *,
        token: str | None,
        trusted: bool,
        preset: Preset | None = None,
    ) -> Source:
        """The source that options name; ``preset`` is what is known of the model."""
        return cls(
            options.model,
            place,
            options.tokenizer,
            options.revision,
            options.dtype or "",
            trusted,
            preset.loader if preset else "",
            preset.tokenizer if preset else "",
            token,
        )

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
        # Trust in a model is not trust in the one whose tokenizer it borrows.
        trusted = {"trust_remote_code": self.trusted and name == self.place}
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
        task: whether it goes on from its prompt, or reads one text and writes another.
        loader: the class of transformers that loads it.
        encoding: what stands around the text that an encoder-decoder model reads; None for others.
    """

    tokenizer: Any
    config: Any
    generation: Mapping[str, Any]
    context: int | None
    ends: frozenset[int]
    task: Literal["causal", "seq2seq"] = "causal"
    loader: str = "AutoModelForCausalLM"
    encoding: Encoding | None = None

    @property
    def is_encoder_decoder(self) -> bool:
        """Whether it reads one text and writes another."""
        return self.task == "seq2seq"


def load_front(source: Source) -> Front:
    """Loads the tokenizer and the configuration.

    Raises:
        ModelError: not found, gated, no network, unknown kind of model, no tokenizer; with the next step.
    """
    _check_place(source)
    with _importing:
        from transformers import AutoConfig, AutoTokenizer  # noqa: F401

    place, arguments = source.locate(source.place)
    with explained(source.name, "configuration"):
        config = AutoConfig.from_pretrained(place, **arguments)
        kind = find_kind(source.name, config, source.loader)
    own, own_arguments = source.locate(source.tokenizer) if source.tokenizer else (place, arguments)
    with explained(source.tokenizer or source.name, "tokenizer"):
        tokenizer = load_tokenizer(own, own_arguments, source.tokenizer_kind)
    if len(tokenizer) == 0:
        raise ModelError(f"{own!r} has no tokenizer", hint="Set the option tokenizer to a model that has one.")
    with explained(source.name, "generation_config.json"):
        values = _generation(place, arguments, config)
    if kind.task == "causal":
        return Front(tokenizer, config, values, _context(config), _ends(values, tokenizer), loader=kind.loader)
    # These are made to be read greedily or by beams, and say nothing where they mean the library's default.
    values = {"do_sample": False, **values}
    encoding = read_encoding(tokenizer, config, values)
    if "max_length" in values and "max_new_tokens" not in values:  # of the answer alone: the text is read elsewhere
        values["max_new_tokens"] = max(1, int(values["max_length"]) - 1)
    ends = _ends(values, tokenizer)
    return Front(tokenizer, config, values, _context(config), ends, "seq2seq", kind.loader, encoding)


def _generation(place: str, arguments: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """The model's own generation settings, those that it sets."""
    from transformers import GenerationConfig

    hub = {key: value for key, value in arguments.items() if key != "trust_remote_code"}
    try:
        generation = GenerationConfig.from_pretrained(place, **hub)
    except OSError:  # many models have none, and their configuration holds what there is
        generation = GenerationConfig.from_model_config(config)
    return {key: value for key, value in generation.to_dict().items() if value is not None}


def _hub_reachable() -> bool:
    """Whether the hub takes connections; without a network its client would try for 23 s, and for each file again."""
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return False
    if urllib.request.getproxies():
        return True  # the proxy knows, not this machine
    parts = urlsplit(constants.ENDPOINT)
    try:
        with socket.create_connection(
            (parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)), timeout=_PROBE
        ):
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
    if getattr(text, "relative_attention_num_buckets", None):
        return None  # positions are distances (T5): its number says how long the texts of its training were
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
