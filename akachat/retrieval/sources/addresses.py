"""Only public addresses are connected to, checked where the connection is made, so that no name can trick us."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from akachat.retrieval.sources.paths import visible
from akachat.retrieval.values import Refused

__all__ = ["Checked", "check_url", "is_allowed", "is_public"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Ways to write an IPv4 address that resolvers understand: 127.1, 0x7f000001, 017700000001, 2130706433.
_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)
#: Networks whose addresses hold an IPv4 address in their last 32 bits.
_CARRIERS = tuple(ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")


def is_public(address: str) -> bool:
    """Whether an IP address lies in the open internet, also where it is an IPv4 one inside an IPv6 one."""
    try:
        return _is_public(ipaddress.ip_address(address))
    except ValueError:
        return False


def _is_public(ip: _Address) -> bool:
    if ip.is_multicast or (ip.is_reserved and not _carried(ip)):
        return False
    inner = _carried(ip)
    if inner:
        return all(_is_public(each) for each in inner)
    return ip.is_global and ip not in _SITE_LOCAL


def _carried(ip: _Address) -> list[ipaddress.IPv4Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    found = [each for each in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())) if each is not None]
    if any(ip in net for net in _CARRIERS):
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return found


def _plain(host: str) -> str:
    return host.rstrip(".").strip("[]").casefold()


def is_allowed(host: str, port: int, allowed_hosts: Sequence[str]) -> bool:
    """Whether the owner has named this host: exactly, as ``*.example.lan``, or with its port."""
    host = _plain(host)
    for pattern in allowed_hosts:
        name, _, number = pattern.rpartition(":")
        if name and number.isdecimal() and (name.startswith("[") or ":" not in name):
            if int(number) != port:
                continue
            pattern = name
        pattern = _plain(pattern)
        if host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:])):
            return True
    return False


def check_url(url: str | URL, allowed_hosts: Sequence[str]) -> URL:
    """The address, if it may be fetched as far as that can be said before its name is looked up.

    Raises:
        Refused: ``refused_url``, and why.
    """
    hint = "Give an address such as https://example.com/guide.html."
    if isinstance(url, str) and (re.search(r"[\x00-\x20\x7f\\]", url.strip()) or not url.strip()):
        raise Refused("refused_url", "the address is empty or holds a space or a control character", hint=hint)
    try:
        parsed = URL(url.strip()) if isinstance(url, str) else url
        host, port = parsed.host, parsed.port
    except (ValueError, UnicodeError):
        raise Refused("refused_url", "the address cannot be read", hint=hint) from None
    if parsed.scheme not in ("http", "https"):
        shown = visible(parsed.scheme, 20)
        raise Refused("refused_url", f"only http and https addresses are fetched, not {shown or 'this'!r}", hint=hint)
    if not host or not port:
        raise Refused("refused_url", "the address names no host", hint=hint)
    if parsed.user is not None or parsed.password is not None:
        message = f"the address of {visible(host)} holds a user's name or a password"
        raise Refused("refused_url", message, hint="Download the file yourself, then add it.")
    literal = _literal(host)
    if literal and not is_public(literal) and not is_allowed(host, port, allowed_hosts):
        raise _not_public(host)
    return parsed


def _literal(host: str) -> str:
    """The IP address that a host is, however it is written; empty where it is a name."""
    plain = _plain(host)
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        if not _NUMBERS.fullmatch(plain):
            return ""
    try:
        return socket.inet_ntoa(socket.inet_aton(plain))
    except OSError:
        return ""


def _not_public(host: str) -> Refused:
    hint = "If it is meant, the owner of this computer can add the host to those that may be fetched from."
    return Refused("refused_url", f"{visible(host)} is not in the open internet", hint=hint)


class Checked(AbstractResolver):
    """Looks names up and hands on only the addresses that may be connected to; those are then connected to.

    So a name that gives another address at the second time of asking gains nothing.
    """

    def __init__(self, inner: AbstractResolver, allowed_hosts: Sequence[str]) -> None:
        self._inner = inner
        self._allowed_hosts = allowed_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name that may be connected to.

        Raises:
            Refused: ``refused_url`` where there is none among them.
        """
        found = await self._inner.resolve(host, port, family)
        if is_allowed(host, port, self._allowed_hosts):
            return found
        public = [each for each in found if is_public(each["host"].partition("%")[0])]
        if found and not public:
            raise _not_public(host)
        return public

    async def close(self) -> None:
        """Closes the one that does the work."""
        await self._inner.close()
