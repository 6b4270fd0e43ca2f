"""Who asks: what a token, or being on this machine, allows."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Literal

from starlette.types import Scope

from akachat.errors import NotAllowed
from akachat.settings import Settings

__all__ = ["LOCAL", "Access", "Role", "access_of", "caller_of", "grant", "identify", "presented_token"]

Role = Literal["run", "edit"]
_KEY = "akachat.access"


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may do.

    Attributes:
        role: ``run`` runs saved prompts; ``edit`` may do everything.
        name: the token's name; empty on this machine without one.
    """

    role: Role
    name: str = ""

    def require(self, role: Role, what: str) -> None:
        """Lets it pass, or says that this needs more.

        Raises:
            NotAllowed: the token's role is too small.
        """
        if role == "edit" and self.role != "edit":
            raise NotAllowed(
                f"this token may only run saved prompts, not {what}",
                hint="Use a token with the role `edit`.",
                status=403,
            )


#: A caller on this machine who shows no token.
LOCAL = Access("edit")


def presented_token(header: bytes) -> str:
    """The token in an ``Authorization`` header: a Bearer's, or a Basic's password, which browsers can ask for."""
    scheme, _, value = header.decode("latin-1").strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""


def identify(settings: Settings, token: str) -> Access | None:
    """Whose token this is; None for nobody's."""
    known = settings.token_for(token) if token else None
    return Access(known.role, known.name) if known else None


def grant(scope: Scope, access: Access) -> None:
    """Notes on a request what its caller may do."""
    scope[_KEY] = access


def access_of(scope: Scope) -> Access:
    """What the request's caller may do; without a guard before it, nothing."""
    access = scope.get(_KEY)
    if not isinstance(access, Access):
        raise NotAllowed("this request was not checked", status=401)
    return access


def caller_of(scope: Scope) -> str:
    """One name for whoever asks, so that callers can take turns: the token's name, else the address they call from."""
    access = access_of(scope)
    if access.name:
        return f"api token {access.name}"
    client = scope.get("client")
    return f"api {client[0]}" if client else "api"
