"""Decides who may speak to the server at all, before anything reads the request.

A server on localhost is within reach of every web page that its user opens: by a form or an image, and by a name that
its owner points at 127.0.0.1 (DNS rebinding). So the ``Host`` must be a name of ours, the ``Origin`` the same as the
host, and whoever is not on this machine needs a token.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from akachat.api.access import LOCAL, Access, grant, identify, presented_token
from akachat.api.replies import error_reply
from akachat.errors import AkachatError, InvalidInput, NotAllowed
from akachat.settings import Settings

__all__ = ["CONTENT_SECURITY_POLICY", "Guard"]

#: Also keeps an answer's ``![](https://…)`` from telling anyone what was said.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'"
)

_SECURITY_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_SECURITY_NAMES = frozenset(name for name, _ in _SECURITY_HEADERS)

#: Someone stood between the caller and us, so that our peer's address is not the caller's.
_FORWARDED = frozenset((b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"))

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class TooLarge(InvalidInput):
    """The request's body is over the limit."""

    status = 413


class Guard:
    """An ASGI application around another one; ``settings`` is asked anew for every request that needs it."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings], *, uploads: tuple[str, ...] = ()) -> None:
        """Args:
        uploads: paths under which a request may be as large as an upload.
        """
        self._app = app
        self._settings = settings
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through with the caller's rights noted on it, or answers it with the reason why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        plain, send = send, _securing(send, ())
        try:
            headers = _Headers(scope)
            settings = self._settings()
            send = _securing(plain, settings.frame_ancestors)
            grant(scope, _admit(scope, headers, settings))
            receive = self._bounded(scope, headers, settings, receive)
        except AkachatError as error:
            await _refuse(scope, receive, send, error)
            return
        await self._app(scope, receive, send)

    def _bounded(self, scope: Scope, headers: _Headers, settings: Settings, receive: Receive) -> Receive:
        """The request's body, ending in an error where it grows over the limit."""
        if headers.length is None and not headers.chunked:
            return receive
        limits = settings.limits
        is_upload = scope["path"].startswith(self._uploads)
        most = limits.upload_bytes if is_upload else limits.request_body_bytes
        name = "limits.upload_bytes" if is_upload else "limits.request_body_bytes"
        error = TooLarge(f"the request is larger than {most} bytes", hint=f"Send less, or raise {name}.")
        if headers.length is not None:
            if not headers.length.isdigit():
                raise InvalidInput("Content-Length is not a number")
            if int(headers.length) > most:
                raise error
            return receive  # the server itself ends the body at this length
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise error
            return message

        return bounded


class _Headers:
    """The few headers that decide."""

    __slots__ = ("authorization", "chunked", "forwarded", "framed", "host", "length", "origin", "site")

    def __init__(self, scope: Scope) -> None:
        self.host = self.origin = self.site = ""
        self.authorization = b""
        self.length: bytes | None = None
        self.chunked = self.forwarded = self.framed = False
        for name, value in scope["headers"]:
            if name == b"host":
                if self.host:
                    raise NotAllowed("the request names two hosts", status=421)
                self.host = value.decode("latin-1")
            elif name == b"origin":
                self.origin = value.decode("latin-1")
            elif name == b"sec-fetch-site":
                self.site = value.decode("latin-1")
            elif name == b"sec-fetch-dest":
                self.framed = value == b"iframe" and scope.get("method") == "GET"
            elif name == b"authorization":
                self.authorization = value
            elif name == b"content-length":
                self.length = value
            elif name == b"transfer-encoding":
                self.chunked = True
            elif name in _FORWARDED or name.startswith(b"x-forwarded"):
                self.forwarded = True


def _admit(scope: Scope, headers: _Headers, settings: Settings) -> Access:
    """What the caller may do.

    Raises:
        NotAllowed: 421 for a host that is not ours, 403 for another site's page, 401 without a token.
    """
    host = headers.host
    name, port = _split(host)
    loopback = _is_loopback(name)
    trusted = _allowed(host, name, settings.trusted_hosts)
    if not loopback and not trusted and not _allowed(host, name, settings.allowed_hosts):
        raise NotAllowed(
            f"this server is not {host!r}" if host else "the request names no host",
            hint="Open it as localhost, or add the name to `allowed_hosts` in settings.json.",
            status=421,
        )
    _check_site(headers, name, port, settings)
    local = (trusted or (loopback and not headers.forwarded)) and _is_loopback(_peer(scope))
    if headers.authorization:
        access = identify(settings, presented_token(headers.authorization))
        if access is not None:
            return access
    if local:
        return LOCAL  # OpenAI's clients always send some key: here it may be any
    raise NotAllowed(
        "this token is not known here" if headers.authorization else "a token is needed from beyond this machine",
        hint="Send `Authorization: Bearer …` with one of the `tokens` in settings.json.",
        status=401,
    )


def _check_site(headers: _Headers, name: str, port: int | None, settings: Settings) -> None:
    if headers.origin:
        # A proxy that is trusted may have put another name into `Host`.
        if not _same(headers.origin, name, port) and not _is_of(headers.origin, settings.trusted_hosts):
            raise NotAllowed(
                f"a page of {headers.origin} may not call this server",
                hint="Call it from a program instead.",
                status=403,
            )
    elif headers.site == "cross-site" and not (headers.framed and settings.frame_ancestors):
        # A frame that is wanted is a GET, and which page may show it is the browser's to hold (frame-ancestors).
        raise NotAllowed("another site's page may not call this server", hint="Open its address directly.", status=403)


def _same(origin: str, name: str, port: int | None) -> bool:
    try:
        parts = urlsplit(origin)
        default = _PORTS.get(parts.scheme)
        if default is None or not parts.hostname or parts.username is not None:
            return False
        return parts.hostname == name and (parts.port or default) == (port or default)
    except ValueError:
        return False


def _is_of(origin: str, hosts: tuple[str, ...]) -> bool:
    """Whether an origin is a name of a list, called by https."""
    scheme, _, host = origin.partition("://")
    return scheme == "https" and _allowed(host.lower(), _split(host)[0], hosts)


@lru_cache(maxsize=256)
def _split(host: str) -> tuple[str, int | None]:
    """``localhost:50000`` → its name in small letters and its port; an empty name for what is no host."""
    try:
        parts = urlsplit(f"//{host}")
        if parts.netloc != host or parts.username is not None:
            return "", None
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


@lru_cache(maxsize=1024)
def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _allowed(host: str, name: str, allowed: Iterable[str]) -> bool:
    """Whether a host is in the list: a name with or without its port, or ``*.example.org``."""
    if not name:
        return False
    for entry in allowed:
        wanted = entry.strip().lower()
        if wanted in (name, host.lower(), f"[{name}]") or (wanted.startswith("*.") and name.endswith(wanted[1:])):
            return True
    return False


@lru_cache(maxsize=16)
def _security_headers(frame_ancestors: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    if not frame_ancestors:
        return _SECURITY_HEADERS
    sources = " ".join(" ".join(frame_ancestors).replace(";", " ").replace(",", " ").split())
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors 'self' {sources}")
    return [(b"content-security-policy", policy.encode("ascii", "ignore")), *_SECURITY_HEADERS[2:]]


def _securing(send: Send, frame_ancestors: tuple[str, ...]) -> Send:
    headers = _security_headers(frame_ancestors)

    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept: Iterable[Any] = message.get("headers", ())
            message["headers"] = [*((n, v) for n, v in kept if n.lower() not in _SECURITY_NAMES), *headers]
        await send(message)

    return secured


async def _refuse(scope: Scope, receive: Receive, send: Send, error: AkachatError) -> None:
    if scope["type"] == "websocket":
        # Closing before accepting is answered as 403 by the server.
        await send({"type": "websocket.close", "code": 1008, "reason": error.message[:100]})
        return
    headers = {}
    if error.status == 401:
        # A browser can only ask its user for a token by Basic; programs look for Bearer.
        asks = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
        headers["www-authenticate"] = 'Basic realm="akachat: any name, and the token"' if asks else "Bearer"
    if error.status == 413:
        headers["connection"] = "close"  # what is still under way will not be read
    await error_reply(scope["path"], error, headers)(scope, receive, send)
