"""What kind of model it is, and so which class loads it: read off its own configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from akachat.errors import ModelError

__all__ = ["Kind", "find_kind"]

_CAUSAL, _SEQ2SEQ, _IMAGE = "AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoModelForImageTextToText"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a model is loaded and asked.

    Attributes:
        task: whether it goes on from its prompt, or reads one text and writes another.
        loader: the class of transformers that loads it.
    """

    task: Literal["causal", "seq2seq"]
    loader: str


def find_kind(name: str, config: Any, forced: str = "") -> Kind:
    """The kind of a model.

    Args:
        name: the model's, for messages.
        config: of transformers.
        forced: ``causal`` or ``seq2seq`` where somebody knows better than the configuration.

    Raises:
        ModelError: it does not generate text, or not in the way that is forced on it.
    """
    loaders = _loaders(config)
    if forced:
        kind = Kind("seq2seq", _SEQ2SEQ) if forced == "seq2seq" else Kind("causal", _CAUSAL)
        if kind.loader not in loaders:
            raise ModelError(
                f"{name!r} cannot be loaded as {forced}",
                hint="Leave loader empty in its entry in the list of models: its own configuration decides then.",
            )
        return kind
    if getattr(config, "is_encoder_decoder", False) and _SEQ2SEQ in loaders and not _decoder_alone(config):
        return Kind("seq2seq", _SEQ2SEQ)
    for loader in (_CAUSAL, _IMAGE):
        if loader in loaders:
            return Kind("causal", loader)
    made_for = ", ".join(getattr(config, "architectures", None) or ()) or config.model_type
    raise ModelError(
        f"{name!r} is a kind of model that cannot generate text here ({made_for})",
        hint="Take a language model that transformers knows. A newer kind may need a newer transformers.",
    )


def _loaders(config: Any) -> set[str]:
    """The classes of transformers that can load it; those that its own code names too."""
    from transformers.models.auto import modeling_auto as auto

    tables = {
        _CAUSAL: auto.MODEL_FOR_CAUSAL_LM_MAPPING,
        _SEQ2SEQ: auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
        _IMAGE: auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    }
    own = getattr(config, "auto_map", None)
    named = set(own) if isinstance(own, Mapping) else set()
    return {loader for loader, table in tables.items() if type(config) in table or loader in named}


def _decoder_alone(config: Any) -> bool:
    """Whether these are the weights of a decoder by itself, such as BartForCausalLM."""
    return any(str(name).endswith("ForCausalLM") for name in getattr(config, "architectures", None) or ())
