"""What is known of single models: how each is loaded, spoken to and best used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one model beyond its own files. An empty field leaves the choice to the model's own files.

    Attributes:
        name: a Hugging Face name, a folder, or the name that an endpoint knows.
        task: what it does.
        japanese: whether it was made for Japanese (``yes``), copes with it (``some``), or not (``no``).
        needs_token: whether its files are given only to an accepted account (a gated model).
        type: the prompt type that it was trained with; empty: its tokenizer's own chat template.
        loader: forces the loading class: ``causal`` or ``seq2seq``.
        tokenizer: forces the tokenizer's kind: ``fast`` or ``slow``.
        newline: what stands for a line break in what it reads and writes, such as rinna's ``<NL>``.
        base: the model under it, where this is a LoRA adapter.
        options: options that suit it.
        note: what a user should know, in one sentence.
    """

    name: str
    task: Literal["", "causal", "seq2seq", "translation"] = ""
    japanese: Literal["", "yes", "some", "no"] = ""
    needs_token: bool = False
    type: str = ""
    loader: Literal["", "causal", "seq2seq"] = ""
    tokenizer: Literal["", "fast", "slow"] = ""
    newline: str = ""
    base: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
