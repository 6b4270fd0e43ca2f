"""A page or a file from the web, with bounds on its size and time, and never from inside the house unless allowed."""

from __future__ import annotations

import asyncio
import os
import secrets
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from akachat.retrieval.sources.addresses import Checked, check_url
from akachat.retrieval.sources.paths import visible
from akachat.retrieval.sources.webnames import file_name, web_name
from akachat.retrieval.values import Refused

__all__ = ["FetchLimits", "Fetched", "fetch"]

_PIECE = 256 << 10
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {"User-Agent": "akachat", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much one address may take.

    Attributes:
        bytes: of what comes, once it is unpacked.
        seconds: all together, with all redirects.
        redirects: how many.
    """

    bytes: int = 200 << 20
    seconds: float = 120.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came from an address.

    Attributes:
        path: where it lies now, for the caller to move or delete.
        name: its name for a library, ``example.com/docs/guide.html``.
        media_type: as the server says, in lower case; empty where it does not.
        charset: as the server says; empty where it does not.
        url: where it came from in the end, after all redirects.
        size: its bytes.
    """

    path: Path
    name: str
    media_type: str
    charset: str
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
    """Fetches what an http(s) address gives into a new file with a random name in ``into``.

    Args:
        url: the address.
        into: an existing folder.
        limits: how much it may take.
        allowed_hosts: hosts that may be fetched from although they are not in the open internet:
            ``intra.example.lan``, ``*.example.lan``, ``127.0.0.1:8000``.
        on_progress: told the bytes that have come and the whole, 0 where that is not known.
        resolver: looks names up; the system's if None. Its answers are checked too.

    Raises:
        Refused: ``refused_url`` (not an address that may be fetched), ``missing`` (the server does not give it),
            ``too_large``, ``too_slow``, ``unreachable``, or ``broken`` (packed in a way that cannot be unpacked).
    """
    at = check_url(url, allowed_hosts)
    checked = Checked(resolver or aiohttp.ThreadedResolver(), allowed_hosts)
    connector = aiohttp.TCPConnector(resolver=checked, use_dns_cache=False, force_close=True)
    try:
        async with (
            asyncio.timeout(limits.seconds),
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
                headers=_HEADERS,
            ) as session,
        ):
            for _ in range(limits.redirects + 1):
                async with session.get(at, allow_redirects=False) as response:
                    there = _redirect(response, at)
                    if there is None:
                        _check_status(response, at)
                        return await _receive(response, at, into, limits, on_progress)
                at = check_url(there, allowed_hosts)
    except TimeoutError:
        message = f"{_host(at)} did not give it within {limits.seconds:g} seconds"
        raise Refused("too_slow", message, hint="Try again later, or download it yourself and add the file.") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _unreachable(at, error) from None
    finally:
        await connector.close()
        await checked.close()
    message = f"{_host(at)} leads on and on: more than {limits.redirects} redirects"
    raise Refused("refused_url", message, hint="Open it in a browser and give the address where it ends.")


def _host(url: URL) -> str:
    return visible(url.host or "the server")


def _redirect(response: aiohttp.ClientResponse, at: URL) -> URL | None:
    where = response.headers.get("Location", "")
    if response.status not in _REDIRECTS or not where:
        return None
    try:
        return at.join(URL(where)).with_fragment(None)
    except (ValueError, UnicodeError):
        raise Refused("refused_url", f"{_host(at)} leads on to an address that cannot be read") from None


def _check_status(response: aiohttp.ClientResponse, at: URL) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    if status == 429 or status >= 500:
        raise Refused("unreachable", f"{_host(at)} answered {status}", hint="Try again later.")
    hint = "Check the address."
    if status in (401, 403, 407):
        hint = "It is not open to everybody: download it yourself, then add the file."
    raise Refused("missing", f"{_host(at)} does not give it: it answered {status}", hint=hint)


def _unreachable(at: URL, error: Exception) -> Refused:
    # The library's own words may hold the whole address, so only the kind of failure is told.
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        reason, hint = "its name cannot be looked up", "Check the address and the network."
    elif isinstance(error, aiohttp.ClientSSLError):
        reason, hint = "its certificate cannot be trusted", "Check the address, or add the file by hand."
    elif isinstance(error, aiohttp.ClientConnectionError) and not isinstance(error, aiohttp.ServerDisconnectedError):
        reason, hint = "no connection can be made", "Check the address and the network."
    elif isinstance(error, aiohttp.ClientError):
        reason, hint = "it broke off or answered nonsense", "Try again later."
    else:
        reason, hint = f"it failed ({type(error).__name__})", "Try again later."
    return Refused("unreachable", f"{_host(at)} cannot be read from: {reason}", hint=hint)


def _too_large(at: URL, most: int) -> Refused:
    message = f"what {_host(at)} gives is larger than {most:,} bytes"
    return Refused("too_large", message, hint="Download it yourself and add the parts that matter.")


async def _receive(
    response: aiohttp.ClientResponse,
    at: URL,
    into: Path,
    limits: FetchLimits,
    on_progress: Callable[[int, int], None] | None,
) -> Fetched:
    total = response.content_length or 0
    if total > limits.bytes:
        raise _too_large(at, limits.bytes)
    path, size, finished = into / secrets.token_hex(16), 0, False
    # O_BINARY is Windows' own: without it, line ends would be changed.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    packing = response.headers.get("Content-Encoding", "").strip().casefold()
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
            async for piece in _unpacked(response, packing, at):
                size += len(piece)
                if size > limits.bytes:
                    raise _too_large(at, limits.bytes)
                await _write(out, piece)
                if on_progress is not None:
                    on_progress(size, 0 if packing else total)
        finished = True
    finally:
        if not finished:
            path.unlink(missing_ok=True)
    media_type = response.content_type.casefold() if "Content-Type" in response.headers else ""
    given = file_name(response.headers.get("Content-Disposition", ""))
    return Fetched(path, web_name(at, given, media_type), media_type, response.charset or "", str(at), size)


async def _write(out: BinaryIO, piece: bytes) -> None:
    # A disk may be slow, and the loop serves others.
    await asyncio.to_thread(out.write, piece)


async def _unpacked(response: aiohttp.ClientResponse, packing: str, at: URL) -> AsyncIterator[bytes]:
    """What came, in bounded pieces; unpacked here, since a few bytes may unpack to very many.

    Raises:
        Refused: ``broken`` where it cannot be unpacked.
    """
    hint = "Try again later, or download it yourself and add the file."
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Refused("broken", f"{_host(at)} packs it as {visible(packing, 20)!r}, which was not asked for", hint=hint)
    unpacker = None
    async for data in response.content.iter_chunked(_PIECE):
        if packing in ("", "identity"):
            yield data
            continue
        if unpacker is None:
            # ``deflate`` is meant to have zlib's header, but some servers leave it away.
            raw = packing == "deflate" and data[0] & 0x0F != 8
            unpacker = zlib.decompressobj(-15 if raw else 47)
        while not unpacker.eof:
            try:
                piece = unpacker.decompress(data, _PIECE)
            except zlib.error:
                raise Refused("broken", f"what {_host(at)} gives cannot be unpacked", hint=hint) from None
            data = unpacker.unconsumed_tail
            if piece:
                yield piece
            elif not data:
                break
    if unpacker is not None and not unpacker.eof:
        raise Refused("broken", f"what {_host(at)} gives ends too early", hint=hint)
