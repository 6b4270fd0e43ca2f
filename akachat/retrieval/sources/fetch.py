"""Fetches a document from an http(s) address, within bounds, and never from inside the network unless that is allowed.

Which addresses a name has is decided where the connection is made, so that a name cannot mean one thing when it is
checked and another when it is called (DNS rebinding); every redirect is a new address.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from akachat.retrieval.sources.paths import safe_name
from akachat.retrieval.values import Refused

__all__ = ["FetchLimits", "Fetched", "fetch", "is_public"]

_PIECE = 256 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch: its size once decoded, its time in all, its redirects."""

    bytes: int = 256 * 1024**2
    seconds: float = 120.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: a file at ``path``, what to call it in a library, and where it came from in the end."""

    path: Path
    name: str
    media_type: str
    url: str
    size: int


async def fetch(
    url: str,
    into: Path,
    limits: FetchLimits,
    allowed_hosts: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
    *,
    resolver: AbstractResolver | None = None,
) -> Fetched:
    """Fetches one document into ``into``, under a random name.

    Args:
        url: its address.
        into: an existing folder.
        limits: the bounds.
        allowed_hosts: hosts that may be asked although they are inside a network: ``name``, ``name:port``,
            ``*.example.lan``.
        on_progress: is told how many bytes have come, and of how many (0: unknown).
        resolver: who looks names up.

    Raises:
        Refused: it may not be fetched, or could not be, and why.
    """
    guarded = _Guarded(resolver or aiohttp.ThreadedResolver(), allowed_hosts)
    connector = aiohttp.TCPConnector(resolver=guarded, use_dns_cache=False, force_close=True)
    try:
        async with (
            asyncio.timeout(limits.seconds),
            aiohttp.ClientSession(
                connector=connector,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "akachat", "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None),
            ) as session,
        ):
            for _ in range(limits.redirects + 1):
                parts = _checked(url, allowed_hosts)
                async with session.get(url, allow_redirects=False) as response:
                    target = response.headers.get("Location", "")
                    if response.status in _REDIRECTS and target:
                        url = urljoin(url, target)
                        continue
                    if response.status != 200:
                        raise Refused(
                            "missing",
                            f"{parts.hostname} answers {response.status} {response.reason or ''}".rstrip(),
                            hint="Check the address.",
                        )
                    return await _save(response, url, into, limits, on_progress)
            raise Refused("limit", f"it redirects over {limits.redirects} times", hint="Give the last address itself.")
    except TimeoutError:
        raise Refused(
            "too_slow",
            f"{_host(url)} took over {limits.seconds:g} seconds",
            hint="Try again, or raise limits.fetch_seconds.",
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error.__cause__, Refused):
            raise error.__cause__ from None
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise Refused(
            "unreachable", f"{_host(url)} cannot be reached: {why}", hint="Check the address and the network."
        ) from None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where it is written inside an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


class _Guarded(AbstractResolver):
    """Looks names up, and gives only the addresses that may be asked."""

    def __init__(self, inner: AbstractResolver, allowed: Sequence[str]) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name."""
        found = await self._inner.resolve(host, port, family)
        if _is_allowed(host, port, self._allowed):
            return found
        public = [each for each in found if is_public(each["host"])]
        if found and not public:
            raise OSError from _private(host)
        return public

    async def close(self) -> None:
        """Ends the lookups."""
        await self._inner.close()


def _checked(url: str, allowed: Sequence[str]) -> SplitResult:
    """The parts of an address that may be fetched, as far as its text tells."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Refused("refused_url", "it is no address", hint="It looks like https://example.org/page.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("refused_url", "only http and https addresses are fetched", hint="Give a whole https address.")
    if parts.username is not None or parts.password is not None:
        raise Refused("refused_url", "it holds a user's name or password", hint="Give it without.")
    host = parts.hostname
    literal = _literal(host)
    if literal and not is_public(literal) and not _is_allowed(host, port or 0, allowed):
        raise _private(host)
    return parts


def _literal(host: str) -> str:
    """The address that a host is by itself, in any of the ways that systems accept; empty for a name."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    if re.fullmatch(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}", host.rstrip("."), re.IGNORECASE):
        try:
            return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
        except OSError:
            return "0.0.0.0"  # looks like an address and is none: treated as what is refused
    return ""


def _is_allowed(host: str, port: int, allowed: Sequence[str]) -> bool:
    for entry in allowed:
        wanted = entry.strip().lower()
        if wanted in (host.lower(), f"{host.lower()}:{port}", f"[{host.lower()}]"):
            return True
        if wanted.startswith("*.") and host.lower().endswith(wanted[1:]):
            return True
    return False


def _private(host: str) -> Refused:
    return Refused(
        "refused_url",
        f"{host} is inside a private network",
        hint="Add it to `fetch_hosts` in settings.json, if it may be asked.",
    )


async def _save(
    response: aiohttp.ClientResponse,
    url: str,
    into: Path,
    limits: FetchLimits,
    on_progress: Callable[[int, int], None] | None,
) -> Fetched:
    path, size, total = into / secrets.token_hex(8), 0, response.content_length or 0
    too_large = Refused(
        "too_large", f"it is over {limits.bytes:,} bytes", hint="Raise limits.fetch_bytes, if it is wanted."
    )
    if total > limits.bytes:
        raise too_large
    try:
        with path.open("xb") as file:
            async for piece in response.content.iter_chunked(_PIECE):
                size += len(piece)
                if size > limits.bytes:
                    raise too_large
                file.write(piece)
                if on_progress is not None:
                    on_progress(size, total)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Fetched(path, _name(response, url), response.content_type, url, size)


def _name(response: aiohttp.ClientResponse, url: str) -> str:
    """``example.com/docs/guide.html``: a name that is the same each time the same address is fetched."""
    parts = urlsplit(url)
    given = _given_name(response.headers.get("Content-Disposition", ""))
    folders, _, last = unquote(parts.path).strip("/").rpartition("/")
    last = given or last or "index"
    ending = _ENDINGS.get(response.content_type, "")
    if ending and not re.search(r"\.[A-Za-z0-9]{1,5}$", last):
        last += ending
    if parts.query and not given:
        stem, dot, end = last.rpartition(".")
        mark = hashlib.sha256(parts.query.encode()).hexdigest()[:8]
        last = f"{stem}-{mark}{dot}{end}" if dot else f"{last}-{mark}"
    kept = [re.sub(r'[<>:"|?*\x00-\x1f\\]', "_", part).strip(" .") for part in (*folders.split("/"), last)]
    try:
        return safe_name("/".join([(parts.hostname or "page").replace(":", "_"), *(part for part in kept if part)]))
    except Refused:
        return f"{(parts.hostname or 'page').replace(':', '_')}/{hashlib.sha256(url.encode()).hexdigest()[:16]}{ending}"


def _given_name(disposition: str) -> str:
    """The file's name in a Content-Disposition (RFC 6266), without any folder."""
    if not disposition:
        return ""
    message = Message()
    message["Content-Disposition"] = disposition
    return (message.get_filename() or "").replace("\\", "/").rpartition("/")[2]


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"
