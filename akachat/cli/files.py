"""The workspace by itself, for commands that run nothing: loading what runs prompts would take longer than they do."""

from __future__ import annotations

from akachat.workspace import Workspace

__all__ = ["opened"]


def opened(root: str) -> Workspace:
    """The workspace in a folder, ready to be read and written."""
    workspace = Workspace(root)
    workspace.open()
    return workspace
