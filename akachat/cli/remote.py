"""Asks a running akachat server, as any client of its Web API does."""

from __future__ import annotations

import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from akachat.cli.usage import UsageError
from akachat.errors import AkachatError, BackendUnavailable

__all__ = ["DEFAULT_URL", "NoServer", "Remote"]

DEFAULT_URL = "http://127.0.0.1:50000"


class NoServer(BackendUnavailable):
    """Nothing answers at the address."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A server.

    Attributes:
        url: its address.
        token: for a server that is not on this machine.
    """

    url: str
    token: str | None = field(default=None, repr=False)

    def get(self, path: str) -> dict[str, Any]:
        """The ``detail`` of an answer.

        Raises:
            AkachatError: what the server says, or that none answers.
        """
        return self._detail("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The ``detail`` of an answer.

        Raises:
            AkachatError: what the server says, or that none answers.
        """
        return self._detail("POST", path, json.dumps(body).encode())

    def events(self, path: str) -> Generator[dict[str, Any], None, None]:
        """The data of server-sent events, until the server ends them.

        Raises:
            AkachatError: what the server says, or that none answers.
        """
        with self._open("GET", path, None) as response:
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    def _detail(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        with self._open(method, path, body) as response:
            try:
                detail: dict[str, Any] = json.loads(response.read())["detail"]
            except (ValueError, KeyError, TypeError):
                raise self._stranger() from None
        return detail

    def _open(self, method: str, path: str, body: bytes | None) -> http.client.HTTPResponse:
        headers = {"content-type": "application/json"} if body is not None else {}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        try:
            request = urllib.request.Request(self.url.rstrip("/") + path, body, headers, method=method)
            response: http.client.HTTPResponse = self._opener().open(request, timeout=600)
        except urllib.error.HTTPError as error:
            self._refused(error)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise NoServer(
                f"no akachat server answers at {self.url} ({reason})",
                hint="Start one by `akachat serve`, or give its address by --url.",
            ) from None
        except ValueError:
            raise UsageError(f"{self.url!r} is no address", hint=f"It looks like {DEFAULT_URL}.") from None
        return response

    def _opener(self) -> urllib.request.OpenerDirector:
        host = urlsplit(self.url).hostname or ""
        try:
            near = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            near = False
        # A proxy of the environment would look for 127.0.0.1 on its own machine.
        return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if near else []))

    def _refused(self, answer: urllib.error.HTTPError) -> NoReturn:
        with answer:
            try:
                error = json.loads(answer.read())["detail"]["error"]
                message, hint = str(error["message"]), str(error["hint"])
            except (ValueError, KeyError, TypeError):
                raise self._stranger() from None
        raise AkachatError(message, hint=hint, status=answer.code)

    def _stranger(self) -> AkachatError:
        return AkachatError(f"what answers at {self.url} is no akachat server", hint="Give its address by --url.")
