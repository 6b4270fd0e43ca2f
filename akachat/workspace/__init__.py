"""The folder on disk: prompts, variables and messages as plain files that survive a crash and a hand edit."""

from akachat.names import check_name
from akachat.workspace.history import History
from akachat.workspace.past import Past
from akachat.workspace.prompts import Prompt, Prompts
from akachat.workspace.session_info import RUN, Session, SessionInfo
from akachat.workspace.sessions import Sessions
from akachat.workspace.variables import Variables
from akachat.workspace.workspace import Workspace

__all__ = [
    "RUN",
    "History",
    "Past",
    "Prompt",
    "Prompts",
    "Session",
    "SessionInfo",
    "Sessions",
    "Variables",
    "Workspace",
    "check_name",
]
