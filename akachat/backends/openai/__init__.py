"""Any OpenAI-compatible server: requests mapped, answers streamed, failures told in plain words."""

from akachat.backends.openai.backend import OpenAIBackend

__all__ = ["OpenAIBackend"]
