"""The pooled HTTP connections, and one POST with its retries.

aiohttp, because at 64 callers it answered 11,500 calls a second where httpx answered 780 (``bench/transports.py``).
It is imported when the first call goes out.
"""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from random import random
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from akachat.backends.limits import BackendLimits
from akachat.backends.openai.failures import Refusal
from akachat.errors import BackendError, BackendUnavailable, InvalidInput

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

__all__ = ["Endpoint", "Refused", "Reply", "Transport", "told"]

_MOST_OF_AN_ERROR = 64 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server: its base URL (``https://host/v1``) and the key that belongs to it and goes nowhere else."""

    url: str
    key: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """The server's name, without port."""
        return _split(self.url)[0]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every call; a server that needs no key gets a dummy, because some insist on one."""
        return _headers(self.key or "none")


@dataclass(slots=True)
class Reply:
    """An answer whose status is 200; read it and be done, or leave early and the connection is closed."""

    response: aiohttp.ClientResponse
    tries: int


class Transport:
    """One pool of kept-alive connections per event loop."""

    def __init__(self, limits: BackendLimits) -> None:
        self._limits = limits
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp

        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            connector = aiohttp.TCPConnector(
                limit=self._limits.connections, keepalive_timeout=60, ttl_dns_cache=300, ssl=_trusted()
            )
            # No cookies: one caller's session at a server must not become another's.
            session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
            self._sessions[loop] = session
        return session

    async def aclose(self) -> None:
        """Closes all connections."""
        here = asyncio.get_running_loop()
        for loop, session in list(self._sessions.items()):
            if loop is here:
                await session.close()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(session.close(), loop)
        self._sessions.clear()

    @asynccontextmanager
    async def get(self, endpoint: Endpoint, path: str, timeout: float) -> AsyncIterator[aiohttp.ClientResponse]:
        """One GET, without retries, given up after ``timeout`` seconds."""
        url, proxy = _target(endpoint.url + path)
        with told(endpoint, self._limits):
            async with self._session().get(
                url,
                headers=endpoint.headers,
                proxy=proxy,
                allow_redirects=False,
                timeout=_timeout(timeout, self._limits),
            ) as response:
                yield response

    @asynccontextmanager
    async def post(self, endpoint: Endpoint, path: str, body: bytes, *, deadline: float) -> AsyncIterator[Reply]:
        """One POST that was answered with 200, after as many tries as the limits allow.

        Leaving the block before the answer has been read closes the connection, which is how a server learns that
        nobody waits any more.

        Raises:
            Refused: an error status that another try would not mend.
            BackendUnavailable: not reachable or overloaded after the last try, or too late.
        """
        response, tries = await self._open(endpoint, path, body, deadline)
        try:
            yield Reply(response, tries)
        finally:
            response.close()

    async def _open(
        self, endpoint: Endpoint, path: str, body: bytes, deadline: float
    ) -> tuple[aiohttp.ClientResponse, int]:
        import aiohttp

        session = self._session()
        url, proxy = _target(endpoint.url + path)
        tries = 0
        while True:
            tries += 1
            wait: float | None = None
            try:
                left = deadline - monotonic()
                if left <= 0:
                    raise TimeoutError
                response = await session.post(
                    url,
                    data=body,
                    headers=endpoint.headers,
                    proxy=proxy,
                    allow_redirects=False,
                    timeout=_timeout(left, self._limits),
                )
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                failure = _unreachable(endpoint, error, self._limits.read_timeout)
                # A server that took the request and said nothing has perhaps been working on it: not twice.
                silent = isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError)
                if silent or not failure.retryable:
                    raise failure from None
            else:
                if response.status == 200:
                    return response, tries
                refusal = await _refusal(response)
                failure = _error(refusal, endpoint, response)
                wait = refusal.wait
                if not refusal.retried:
                    raise Refused(refusal, failure)
            pause = _pause(tries, wait, self._limits)
            if tries > self._limits.retries or pause is None or monotonic() + pause >= deadline:
                raise failure
            await asyncio.sleep(pause)


class Refused(BackendError):
    """A refusal that the caller may understand and mend; ``refusal`` holds it, ``error`` is what the user sees."""

    def __init__(self, refusal: Refusal, error: BackendError) -> None:
        super().__init__(error.message, hint=error.hint)
        self.refusal = refusal
        self.error = error


def _pause(tries: int, asked: float | None, limits: BackendLimits) -> float | None:
    """Seconds until the next try: what the server asks for, else doubling from 0.25 with a random part.

    None where the server asks for more than the limits allow: waiting less would only annoy it.
    """
    if asked is not None:
        return None if asked > limits.retry_wait else asked + 0.1 * random()
    return float(min(limits.retry_wait, 0.25 * 2 ** (tries - 1))) * (0.5 + random() / 2)


async def refusal(response: aiohttp.ClientResponse, endpoint: Endpoint) -> BackendError:
    """What an answer with an error status means, as the user sees it."""
    return _error(await _refusal(response), endpoint, response)


async def _refusal(response: aiohttp.ClientResponse) -> Refusal:
    import aiohttp

    try:
        async with asyncio.timeout(5):
            body = await response.content.read(_MOST_OF_AN_ERROR)
            while len(body) < _MOST_OF_AN_ERROR and not response.content.at_eof():
                body += await response.content.read(_MOST_OF_AN_ERROR - len(body))
    except (aiohttp.ClientError, TimeoutError, OSError):
        body = b""
    response.close()
    return Refusal(response.status, body, response.headers)


def _error(refusal: Refusal, endpoint: Endpoint, response: aiohttp.ClientResponse) -> BackendError:
    if 300 <= refusal.status < 400:
        place = response.headers.get("Location", "").split("?")[0][:200]
        return BackendError(
            f"{endpoint.url} redirects to {place or 'somewhere else'}",
            hint="Redirects are not followed, because a key belongs to one server: set the endpoint to that address.",
        )
    return refusal.error(endpoint.url, endpoint.key)


@contextmanager
def told(endpoint: Endpoint, limits: BackendLimits) -> Iterator[None]:
    """Turns the transport's errors into ours."""
    import aiohttp

    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _unreachable(endpoint, error, limits.read_timeout) from None


def _unreachable(endpoint: Endpoint, error: BaseException, silence: float) -> BackendError:
    """A failed connection in plain words."""
    import aiohttp

    url = endpoint.url
    if isinstance(error, aiohttp.InvalidURL):
        return BackendError(f"{url} is no address", hint="An endpoint looks like https://host/v1.")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return BackendUnavailable(
            f"there is no server of the name {endpoint.host}", hint="Check the endpoint and the network."
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return BackendUnavailable(
            f"no secure connection to {url}", hint="Check https or http in the endpoint, and the server's certificate."
        )
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return BackendUnavailable(f"{url} did not take the connection in time", hint="Is the server running there?")
    if isinstance(error, TimeoutError):
        return BackendUnavailable(
            f"{url} did not answer in time",
            hint=f"It may be overloaded. The option `timeout` bounds a run, the limit `read_timeout` ({silence:g} s) "
            "a silence.",
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return BackendUnavailable(f"{url} cannot be reached", hint="Is the server running there?")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | ConnectionError):
        return BackendUnavailable(f"{url} closed the connection before the answer was whole", hint="Try again.")
    if isinstance(error, aiohttp.ClientResponseError):
        return BackendError(
            f"{url} does not speak HTTP as it should", hint="Check the endpoint's address, port and http or https."
        )
    return BackendUnavailable(f"{url} failed: {type(error).__name__}", hint="Try again.")


@lru_cache(maxsize=256)
def _headers(key: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        # Compressed streams are held back by some servers, and a small answer can be made huge.
        "Accept-Encoding": "identity",
        "User-Agent": "akachat",
    }


@lru_cache(maxsize=256)
def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.scheme


@lru_cache(maxsize=256)
def _target(url: str) -> tuple[URL, str | None]:
    """A parsed URL and the proxy that the environment names for it, never one for this machine itself."""
    from yarl import URL

    host, scheme = _split(url)
    if scheme not in ("http", "https") or not host:
        raise InvalidInput(f"{url!r} is no endpoint", hint="An endpoint looks like https://host/v1.")
    proxy = None
    if host not in _LOOPBACK and not urllib.request.proxy_bypass(host):
        proxy = urllib.request.getproxies().get(scheme)
    return URL(url, encoded=True), proxy


def _timeout(left: float, limits: BackendLimits) -> aiohttp.ClientTimeout:
    import aiohttp

    return aiohttp.ClientTimeout(total=left, sock_connect=limits.connect_timeout, sock_read=limits.read_timeout)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The system's certificates and certifi's: some systems bring none, and some firms their own."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context
