"""What a run leaves in the stored conversation when it is asked to."""

from __future__ import annotations

from akachat.messages import Message
from akachat.request import RunRequest
from akachat.workspace import History

__all__ = ["keep"]


def keep(stored: History, request: RunRequest, result: str) -> None:
    """Adds input and answer; what continues the newest stored answer is put at its end.

    Raises:
        FileError: they cannot be written.
    """
    answer = Message("assistant", request.continues + result)
    if request.continues and (known := stored.list()) and known[-1] == Message("assistant", request.continues):
        stored.replace((*known[:-1], answer))
        return
    stored.append([*([Message("user", request.input)] if request.input else []), answer])
