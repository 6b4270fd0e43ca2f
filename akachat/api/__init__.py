"""The Web API: a door that reads requests, calls the playground, and writes answers."""

from akachat.api.app import create_app
from akachat.api.routing import Mount

__all__ = ["Mount", "create_app"]
