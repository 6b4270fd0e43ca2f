"""Whether a model of the hub lies on this machine already, whole."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["is_downloaded"]


def is_downloaded(name: str) -> bool:
    """Whether the hub's cache on this machine holds all weights of a model or an adapter; the hub is not asked."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE) / ("models--" + name.replace("/", "--")) / "snapshots"
    try:
        return any(_is_whole(snapshot) for snapshot in place.iterdir())
    except OSError:
        return False


def _is_whole(snapshot: Path) -> bool:
    if (snapshot / "adapter_config.json").is_file():
        return (snapshot / "adapter_model.safetensors").is_file()
    if not (snapshot / "config.json").is_file():
        return False
    index = snapshot / "model.safetensors.index.json"
    if not index.is_file():
        return (snapshot / "model.safetensors").is_file()
    try:
        parts = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError):
        return False
    return all((snapshot / part).is_file() for part in parts)
