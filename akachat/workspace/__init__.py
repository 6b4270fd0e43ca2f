"""The folder on disk: prompts, variables and messages as plain files that survive a crash and a hand edit."""

from akachat.names import check_name
from akachat.workspace.history import History
from akachat.workspace.past import Past
from akachat.workspace.prompts import Prompt, Prompts
from akachat.workspace.variables import Variables
from akachat.workspace.workspace import Workspace

__all__ = ["History", "Past", "Prompt", "Prompts", "Variables", "Workspace", "check_name"]
