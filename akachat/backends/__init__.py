"""Who answers: the embedded model, local models, and any OpenAI-compatible server."""

from akachat.backends.registry import Backends

__all__ = ["Backends"]
