"""What the whole program is set to: `settings.json`, the environment over it, and whose key goes where."""

from akachat.settings.endpoints import OPENAI_URL, Endpoint, Token, origin
from akachat.settings.file import SettingsFile
from akachat.settings.limits import JournalSettings, Limits
from akachat.settings.model import Settings
from akachat.settings.secret import MASK, Secret
from akachat.settings.view import OWNERS_ONLY, refuse_owners_only, settings_view

__all__ = [
    "MASK",
    "OPENAI_URL",
    "OWNERS_ONLY",
    "Endpoint",
    "JournalSettings",
    "Limits",
    "Secret",
    "Settings",
    "SettingsFile",
    "Token",
    "origin",
    "refuse_owners_only",
    "settings_view",
]
