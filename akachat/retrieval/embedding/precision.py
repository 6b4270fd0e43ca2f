"""How a model computes: what was asked for, what this machine is good at, and what the vectors that are there are."""

from __future__ import annotations

from akachat.retrieval.embedding.int8 import is_installed

__all__ = ["PRECISIONS", "device", "resolved"]

#: What can be asked for.
PRECISIONS = ("auto", "fp32", "int8")


def device() -> str:
    """Where models compute: ``cuda``, ``mps`` or ``cpu``. The first call imports torch.

    Raises:
        ImportError: torch is not installed.
    """
    import torch

    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def resolved(precision: str, device: str, like: str) -> str:
    """What it is to be: ``fp32``, ``fp16`` or ``int8``.

    Args:
        precision: one of those that can be asked for.
        device: where the model computes.
        like: the fingerprint of vectors that there are; may be empty.
    """
    if precision == "auto":
        # Vectors that are there are not made anew for the sake of speed: what joins them is of their precision.
        have = like.rpartition(":")[2]
        if have == "fp32" or (have == "int8" and device == "cpu"):
            return have
        # Int8 pays on a CPU: bench/embedding.py, on one core of an EPYC: 4 times fp32 for a query, twice for passages.
        return "fp16" if device != "cpu" else "int8" if is_installed() else "fp32"
    return "fp16" if precision == "int8" and device != "cpu" else precision
