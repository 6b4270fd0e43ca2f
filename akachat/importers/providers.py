"""A model by the name that another program gives it, as location, model and endpoint of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from akachat.importers.sampling import OLLAMA

__all__ = ["model_options"]

#: Servers that speak OpenAI's API, by what others call them.
_SERVERS = {
    "openrouter": "https://openrouter.ai/api/v1",
    "groq": "https://api.groq.com/openai/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "mistral": "https://api.mistral.ai/v1",
    "togetherai": "https://api.together.xyz/v1",
    "together": "https://api.together.xyz/v1",
    "localai": "http://127.0.0.1:8080/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
    "ollama": OLLAMA,
}
#: Ways to ask that a chat model of ours answers just as well.
_ASKING = frozenset({"chat", "completion", "responses", "messages", "text-generation"})
_OPENAI_NAME = re.compile(r"(gpt-|chatgpt-|o\d\b|ft:gpt)", re.IGNORECASE)
_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+")


def model_options(name: str, notes: list[str]) -> dict[str, Any]:
    """The options for ``openai:chat:gpt-4o-mini``, ``ollama/llama3``, ``huggingface:text-generation:org/name``, …

    A model that cannot be reached in the same way is noted, and the prompt keeps the default.
    """
    name = name.strip()
    if not name:
        return {}
    separator = ":" if re.match(r"[\w\-]+:", name) and not _is_tagged(name) else "/"
    provider, _, rest = name.partition(separator)
    provider = provider.casefold().replace("-", "").removesuffix("ai") if provider != "openai" else provider
    provider = {"local": "localai", "together": "togetherai"}.get(provider, provider)
    kind, _, model = rest.partition(separator)
    model = model if kind in _ASKING and model else rest
    found: Mapping[str, Any] | None = None
    if provider == "openai" and model and kind not in ("embedding", "embeddings", "image", "realtime", "assistant"):
        found = {"location": "OpenAI", "model": model}
    elif provider in _SERVERS and model and kind not in ("embedding", "embeddings"):
        found = {"location": "OpenAI", "endpoint": _SERVERS[provider], "model": model}
    elif provider in ("huggingface", "hf") and _HUB_NAME.fullmatch(model):
        found = {"location": "Local", "model": model}
    elif _OPENAI_NAME.match(name) and "/" not in name:
        found = {"location": "OpenAI", "model": name}
    elif _is_tagged(name):
        found = {"location": "OpenAI", "endpoint": OLLAMA, "model": name}
    if found is None:
        shown = "".join(c for c in name if c.isprintable())[:80]
        notes.append(f"the model {shown!r} was left out: choose one that can be reached from here.")
        return {}
    return dict(found)


def _is_tagged(name: str) -> bool:
    """Whether it looks like a name of Ollama's, with a tag behind the colon: ``llama3.2:3b``."""
    return re.fullmatch(r"[a-z][\w.\-]*\d[\w.\-]*:[\w.\-]+|[a-z][\w.\-]*:(?:latest|\d[\w.\-]*)", name) is not None
