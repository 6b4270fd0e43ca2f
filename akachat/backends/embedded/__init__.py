"""The model that ships with akachat: a folder in Hugging Face's own form, loaded like any other."""

from pathlib import Path

__all__ = ["folder"]


def folder() -> Path:
    """Return the folder with the weights, the tokenizer, the chat template and the model card."""
    return Path(__file__).parent / "model"
