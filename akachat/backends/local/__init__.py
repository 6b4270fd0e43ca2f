"""Models on this machine, by transformers."""

from akachat.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]
