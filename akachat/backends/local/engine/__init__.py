"""Many answers of one model at once. It imports torch and transformers: only a model's own thread opens it."""

from akachat.backends.local.engine.alone import answer
from akachat.backends.local.engine.engine import Engine
from akachat.backends.local.engine.layout import Unsupported

__all__ = ["Engine", "Unsupported", "answer"]
