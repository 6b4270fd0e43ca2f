"""akachat: a prompt is a function. Write it as an f-string, run it on any model, call it from anywhere.

::

    import akachat

    async with akachat.Playground("my-folder") as playground:
        finished = await playground.run(akachat.RunRequest("sample", input="こんにちは"))
        print(finished.result)

Names are loaded when they are first used, so that ``import akachat`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.errors import (
        AkachatError,
        BackendError,
        BackendUnavailable,
        Busy,
        Cancelled,
        Conflict,
        FileError,
        InstructionError,
        InvalidInput,
        LimitExceeded,
        ModelError,
        NotAllowed,
        NotFound,
    )
    from akachat.events import (
        Called,
        Delta,
        Event,
        Failed,
        Finished,
        Loading,
        Rendered,
        RunRequest,
        Timings,
        ToolCalled,
    )
    from akachat.functions import FunctionInfo, function
    from akachat.messages import Message
    from akachat.options import Options
    from akachat.playground import Playground
    from akachat.retrieval import File, Folder, Hit, Job, Libraries, LibraryInfo, Text, Url
    from akachat.settings import Settings
    from akachat.workspace import Prompt

__version__ = "0.4.0"

__all__ = [
    "AkachatError",
    "BackendError",
    "BackendUnavailable",
    "Busy",
    "Called",
    "Cancelled",
    "Conflict",
    "Delta",
    "Event",
    "Failed",
    "File",
    "FileError",
    "Finished",
    "Folder",
    "FunctionInfo",
    "Hit",
    "InstructionError",
    "InvalidInput",
    "Job",
    "Libraries",
    "LibraryInfo",
    "LimitExceeded",
    "Loading",
    "Message",
    "ModelError",
    "NotAllowed",
    "NotFound",
    "Options",
    "Playground",
    "Prompt",
    "Rendered",
    "RunRequest",
    "Settings",
    "Text",
    "Timings",
    "ToolCalled",
    "Url",
    "function",
]

#: Where each name that is no error lives.
_ROOMS = {
    "Called": "akachat.events",
    "Delta": "akachat.events",
    "Event": "akachat.events",
    "Failed": "akachat.events",
    "File": "akachat.retrieval",
    "Finished": "akachat.events",
    "Folder": "akachat.retrieval",
    "FunctionInfo": "akachat.functions",
    "Hit": "akachat.retrieval",
    "Job": "akachat.retrieval",
    "Libraries": "akachat.retrieval",
    "LibraryInfo": "akachat.retrieval",
    "Loading": "akachat.events",
    "Message": "akachat.messages",
    "Options": "akachat.options",
    "Playground": "akachat.playground",
    "Prompt": "akachat.workspace",
    "Rendered": "akachat.events",
    "RunRequest": "akachat.events",
    "Settings": "akachat.settings",
    "Text": "akachat.retrieval",
    "Timings": "akachat.events",
    "ToolCalled": "akachat.events",
    "Url": "akachat.retrieval",
    "function": "akachat.functions",
}


if not TYPE_CHECKING:  # with it in sight, a type checker would accept every misspelt name

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'akachat' has no attribute {name!r}")
        value = getattr(importlib.import_module(_ROOMS.get(name, "akachat.errors")), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
