"""GGUF models by llama.cpp: an optional extra, each model in a process of its own."""

from akachat.backends.gguf.backend import GgufBackend
from akachat.backends.gguf.names import is_gguf

__all__ = ["GgufBackend", "is_gguf"]
