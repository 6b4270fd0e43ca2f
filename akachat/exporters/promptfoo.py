"""A prompt as promptfoo's configuration: the prompt stays here, and is asked by its name like a model of OpenAI's."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from akachat.exporters.exported import Exported
from akachat.workspace import Prompt

__all__ = ["to_promptfoo"]


def to_promptfoo(prompt: Prompt, base_url: str, variables: Iterable[str] = ()) -> Exported:
    """The file, in which everything that the prompt can do works, for it runs here.

    Args:
        base_url: where this program serves OpenAI's API.
        variables: keys that the prompt reads.
    """
    config = {
        "description": prompt.name,
        "prompts": [{"raw": "{{input}}", "label": prompt.name}],
        "providers": [
            {
                "id": f"openai:chat:prompt/{prompt.name}",
                "label": prompt.name,
                # Without the last one it sends options of its own, which would replace the prompt's.
                "config": {"apiBaseUrl": base_url, "apiKey": "akachat", "omitDefaults": True},
            }
        ],
        "tests": [{"vars": {"input": "こんにちは"}}],
    }
    notes = [f"the instruction and its options stay here: promptfoo asks {base_url} for the prompt."]
    if keys := ", ".join(variables):
        notes.append(f"the variables are those of this workspace: {keys}.")
    text = f"# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json\n# {notes[0]}\n"
    text += yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=10_000)
    name = prompt.name.rpartition("/")[2]
    return Exported(f"{name}.promptfoo.yaml", text.encode(), "application/yaml", tuple(notes))
