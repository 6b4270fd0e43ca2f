"""Who is let in: hosts, origins, sites, tokens, sizes; and what every answer tells a browser."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from akachat.api import Mount
from akachat.api.access import access_of
from akachat.api.guard import CONTENT_SECURITY_POLICY, Guard
from akachat.api.replies import json_reply
from akachat.api.routing import Application, Endpoint
from akachat.api.streams import EventStream, sse
from akachat.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "allowed_hosts": ["chat.example.org", "192.168.1.5:50000", "*.intra.example"],
        "tokens": [
            {"name": "kiosk", "role": "run", "token": "run-me"},
            {"name": "me", "role": "edit", "token": "edit-me"},
        ],
        "limits": {"request_body_bytes": 2000, "upload_bytes": 5000},
    }
)


async def whoami(request: Request) -> Response:
    access = access_of(request.scope)
    size = len(await request.body())
    return json_reply({"role": access.role, "name": access.name, "size": size})


async def page(scope: Any, receive: Any, send: Any) -> None:
    response = await whoami(Request(scope, receive))
    response.headers["x-frame-options"] = "ALLOWALL"  # what is mounted may not weaken the guard
    await response(scope, receive, send)


def guarded(settings: Settings = SETTINGS) -> ASGIApp:
    endpoints = [
        Endpoint("POST", "/run", whoami, "Run"),
        Endpoint("GET", "/run", whoami, "Run"),
        Endpoint("POST", "/edit", whoami, "Edit", "edit"),
        Endpoint("POST", "/v1/run", whoami, "Run"),
    ]
    return Guard(Application(endpoints, [Mount("/ui", page)]), lambda: settings, uploads=("/ui/",))


async def ask(
    headers: Mapping[str, str],
    *,
    path: str = "/run",
    peer: str = "127.0.0.1",
    method: str = "POST",
    content: bytes | AsyncIterator[bytes] = b"",
    settings: Settings = SETTINGS,
) -> httpx.Response:
    transport = httpx.ASGITransport(guarded(settings), client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:50000") as client:
        return await client.request(method, path, headers=dict(headers), content=content)


BEARER = {"authorization": "Bearer edit-me"}
BASIC = {"authorization": "Basic " + base64.b64encode("私:edit-me".encode()).decode()}
OUTSIDE = {"host": "chat.example.org"}
HTTPS = "https://chat.example.org"
EVIL = {"host": "evil.example", "sec-fetch-site": "same-origin"}
TOKENLESS = SETTINGS.model_copy(update={"tokens": ()})


@dataclass(frozen=True)
class Case:
    id: str
    headers: Mapping[str, str]
    status: int
    role: str = ""
    peer: str = "127.0.0.1"
    path: str = "/run"
    says: str = ""
    settings: Settings = field(default=SETTINGS)


CASES = [
    # hosts
    Case("localhost", {}, 200, "edit"),
    Case("ipv4", {"host": "127.0.0.1:50000"}, 200, "edit"),
    Case("all of 127/8", {"host": "127.1.2.3"}, 200, "edit"),
    Case("ipv6", {"host": "[::1]:50000"}, 200, "edit", peer="::1"),
    Case("mapped peer", {}, 200, "edit", peer="::ffff:127.0.0.1"),
    Case("dns rebinding", {"host": "evil.example:50000"}, 421, says="evil.example"),
    Case("rebinding with the browser's own words", {**EVIL, "origin": "http://evil.example"}, 421),
    Case("looks like localhost", {"host": "localhost.evil.example"}, 421),
    Case("looks like an address", {"host": "127.0.0.1.evil.example"}, 421),
    Case("user name in the host", {"host": "localhost@evil.example"}, 421),
    Case("path in the host", {"host": "localhost/evil.example"}, 421),
    Case("not an address", {"host": "2130706433"}, 421),
    Case("any address", {"host": "0.0.0.0:50000"}, 421),
    Case("empty host", {"host": ""}, 421),
    Case("bad port", {"host": "localhost:port"}, 421),
    # origins and sites
    Case("same origin", {"origin": "http://localhost:50000"}, 200, "edit"),
    Case("other port", {"origin": "http://localhost:3000"}, 403, says="localhost:3000"),
    Case("other site", {"origin": "https://evil.example"}, 403),
    Case("null origin", {"origin": "null"}, 403),
    Case("localhost is not 127.0.0.1", {"origin": "http://127.0.0.1:50000"}, 403),
    Case("extension", {"origin": "chrome-extension://abcdef"}, 403),
    Case("cross-site without an origin", {"sec-fetch-site": "cross-site"}, 403),
    Case("typed into the address bar", {"sec-fetch-site": "none"}, 200, "edit"),
    Case("its own page", {"sec-fetch-site": "same-origin"}, 200, "edit"),
    Case("default port, https", {**OUTSIDE, **BEARER, "origin": HTTPS}, 200, "edit"),
    Case("default port, written", {**BEARER, "host": "chat.example.org:443", "origin": HTTPS}, 200, "edit"),
    # tokens
    Case("from elsewhere", OUTSIDE, 401, says="token"),
    Case("from elsewhere with a token", {**OUTSIDE, **BEARER}, 200, "edit", peer="10.0.0.9"),
    Case("small letters", {**OUTSIDE, "authorization": "bearer edit-me"}, 200, "edit"),
    Case("run token", {**OUTSIDE, "authorization": "Bearer run-me"}, 200, "run"),
    Case("run token may not edit", {**OUTSIDE, "authorization": "Bearer run-me"}, 403, path="/edit", says="edit"),
    Case("run token on the page", {**OUTSIDE, "authorization": "Bearer run-me"}, 403, path="/ui/x"),
    Case("edit token on the page", {**OUTSIDE, **BEARER}, 200, "edit", path="/ui/x"),
    Case("wrong token", {**OUTSIDE, "authorization": "Bearer nobody"}, 401, says="not known"),
    Case("empty token", {**OUTSIDE, "authorization": "Bearer "}, 401),
    Case("token without a scheme", {**OUTSIDE, "authorization": "edit-me"}, 401),
    Case("a browser's password", {**OUTSIDE, **BASIC}, 200, "edit"),
    Case("broken basic", {**OUTSIDE, "authorization": "Basic !!!"}, 401),
    Case("any key on this machine", {"authorization": "Bearer sk-anything"}, 200, "edit"),
    Case("a run token stays one on this machine", {"authorization": "Bearer run-me"}, 403, path="/edit"),
    Case("no tokens set, from elsewhere", {**OUTSIDE, "authorization": "Bearer "}, 401, settings=TOKENLESS),
    # peers and what stands between
    Case("loopback name, other peer", {}, 401, peer="10.0.0.9"),
    Case("name given to another host", {"host": "192.168.1.5:50000", **BEARER}, 200, "edit", peer="192.168.1.7"),
    Case("its other port", {"host": "192.168.1.5:8000", **BEARER}, 421, peer="192.168.1.7"),
    Case("subdomain", {"host": "a.intra.example", **BEARER}, 200, "edit"),
    Case("not a subdomain", {"host": "aintra.example", **BEARER}, 421),
    Case("x-forwarded-for", {"x-forwarded-for": "127.0.0.1"}, 401),
    Case("x-forwarded-host", {"x-forwarded-host": "localhost"}, 401),
    Case("forwarded", {"forwarded": "for=127.0.0.1"}, 401),
    Case("x-real-ip", {"x-real-ip": "127.0.0.1"}, 401),
    Case("forwarded with a token", {"x-forwarded-for": "8.8.8.8", **BEARER}, 200, "edit"),
    Case("openai's form", OUTSIDE, 401, path="/v1/run"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_who_is_let_in(case: Case) -> None:
    reply = await ask(case.headers, peer=case.peer, path=case.path, settings=case.settings)
    body = reply.json()
    assert reply.status_code == case.status, body
    if case.status == 200:
        assert body["role"] == case.role
    elif case.path.startswith("/v1"):
        assert set(body["error"]) == {"message", "type", "param", "code"}
        assert body["error"]["type"] == "authentication_error"
    else:
        assert body["status"] == 1
        assert body["detail"]["error"]["type"] == "NotAllowed"
        assert body["detail"]["error"]["hint"]
        assert case.says in body["detail"]["error"]["message"] + body["detail"]["error"]["hint"]
    assert "edit-me" not in reply.text
    assert "run-me" not in reply.text


async def test_a_browser_is_asked_for_the_token_and_a_program_is_told() -> None:
    page = await ask({**OUTSIDE, "accept": "text/html,*/*"}, method="GET")
    assert page.headers["www-authenticate"].startswith("Basic ")
    program = await ask(OUTSIDE, method="GET")
    assert program.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/run", {}, 200), ("/ui/x", {}, 200), ("/nowhere", {}, 404), ("/run", {"host": "evil.example"}, 421)],
)
async def test_every_answer_carries_the_security_headers(path: str, headers: Mapping[str, str], status: int) -> None:
    reply = await ask(headers, path=path)
    assert reply.status_code == status
    assert reply.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers.get_list("x-frame-options") == ["DENY"]


@pytest.mark.parametrize(
    ("path", "size", "status"), [("/run", 2000, 200), ("/run", 2001, 413), ("/ui/x", 5000, 200), ("/ui/x", 5001, 413)]
)
async def test_a_body_has_a_bound(path: str, size: int, status: int) -> None:
    reply = await ask({}, path=path, content=b"x" * size)
    assert reply.status_code == status
    if status == 413:
        assert "_bytes" in reply.json()["detail"]["error"]["hint"]
    else:
        assert reply.json()["size"] == size


@pytest.mark.parametrize(("pieces", "status"), [(4, 200), (5, 413)])
async def test_a_body_of_unknown_length_has_the_same_bound(pieces: int, status: int) -> None:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield b"x" * 500

    reply = await ask({}, content=content())
    assert reply.status_code == status


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"host": "localhost", "origin": "http://evil.example"}])
async def test_websockets_are_guarded_too(headers: Mapping[str, str]) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/ui/socket",
        "client": ("127.0.0.1", 4711),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await guarded()(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_two_hosts_are_none() -> None:
    transport = httpx.ASGITransport(guarded())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        reply = await client.post("/run", headers=[("host", "localhost"), ("host", "evil.example")])
    assert reply.status_code == 421


async def test_settings_are_asked_anew() -> None:
    held = [SETTINGS]
    app = Guard(Application([Endpoint("GET", "/run", whoami, "Run")]), lambda: held[0])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.example.org", headers=BEARER) as client:
        assert (await client.get("/run")).status_code == 200
        held[0] = SETTINGS.model_copy(update={"tokens": ()})
        assert (await client.get("/run")).status_code == 401
        held[0] = SETTINGS.model_copy(update={"allowed_hosts": ()})
        assert (await client.get("/run")).status_code == 421


async def test_a_defect_is_told_by_a_number_only(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: Request) -> Response:
        raise RuntimeError("the inner workings")

    app = Guard(Application([Endpoint("GET", path, broken, "Break") for path in ("/x", "/v1/x")]), lambda: SETTINGS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        ours, openais = (await client.get("/x")), (await client.get("/v1/x"))
    assert (ours.status_code, openais.status_code) == (500, 500)
    assert "inner workings" not in ours.text + openais.text
    message = ours.json()["detail"]["error"]["message"]
    number = message.split("error ")[1].rstrip(")")
    assert openais.json()["error"]["type"] == "server_error"
    assert any(record.exc_info and number in record.getMessage() for record in caplog.records)


async def test_a_stream_that_breaks_ends_with_an_error_event() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield sse({"n": 1})
        raise RuntimeError("the inner workings")

    async def broken(request: Request) -> Response:
        return EventStream(pieces(), lambda: True, lambda error: sse(error.to_dict(), "error"))

    app = Guard(Application([Endpoint("GET", "/x", broken, "Break")]), lambda: SETTINGS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        reply = await client.get("/x")
    first, last = reply.text.strip().split("\n\n")
    assert first == 'data: {"n":1}'
    assert last.startswith('event: error\ndata: {"type":"InternalError"')
    assert "inner workings" not in reply.text


async def test_silence_is_filled_with_comments() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(0.5)
        yield sse({"n": 1})

    async def slow(request: Request) -> Response:
        return EventStream(pieces(), lambda: True, lambda error: b"", keep_alive=0.1)

    app = Guard(Application([Endpoint("GET", "/x", slow, "Wait")]), lambda: SETTINGS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        reply = await client.get("/x")
    *comments, last = reply.text.removesuffix("\n\n").split("\n\n")
    assert set(comments) == {": still here"}
    assert last == 'data: {"n":1}'


# frames and proxies, as notebooks need them

NOTEBOOK = SETTINGS.model_copy(
    update={"frame_ancestors": ("http://localhost:*",), "trusted_hosts": ("localhost", "*.proxy.example"), "tokens": ()}
)
PROXY = "https://1-2.proxy.example"


@pytest.mark.parametrize(
    ("headers", "method", "peer", "status"),
    [
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, "GET", "127.0.0.1", 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, "POST", "127.0.0.1", 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, "GET", "127.0.0.1", 403),
        ({"origin": "http://localhost:8888"}, "POST", "127.0.0.1", 403),
        ({"host": "1-2.proxy.example", "x-forwarded-for": "8.8.8.8", "origin": PROXY}, "POST", "127.0.0.1", 200),
        ({"x-forwarded-host": "1-2.proxy.example", "origin": PROXY}, "POST", "127.0.0.1", 200),
        ({"host": "1-2.proxy.example", "origin": PROXY}, "POST", "10.0.0.9", 401),
        ({"host": "proxy.example.evil"}, "POST", "127.0.0.1", 421),
        ({"origin": "https://evil.example"}, "POST", "127.0.0.1", 403),
        ({"origin": "http://1-2.proxy.example"}, "POST", "127.0.0.1", 403),
    ],
)
async def test_a_notebooks_frame_and_proxy(headers: dict[str, str], method: str, peer: str, status: int) -> None:
    reply = await ask(headers, method=method, peer=peer, settings=NOTEBOOK)
    assert reply.status_code == status, reply.text
    if status != 200:
        return
    assert (await ask(headers, method=method, peer=peer)).status_code != 200, "only where the settings say so"


async def test_only_the_pages_that_are_named_may_frame_it() -> None:
    reply = await ask({}, settings=NOTEBOOK)
    assert reply.headers["content-security-policy"].endswith("frame-ancestors 'self' http://localhost:*")
    assert "x-frame-options" not in reply.headers
    page = await ask({}, path="/ui/", method="GET", settings=NOTEBOOK)
    assert "x-frame-options" not in page.headers, "what is mounted may not say otherwise"
    evil = NOTEBOOK.model_copy(update={"frame_ancestors": ("a; script-src *",)})
    assert "; script-src *" not in (await ask({}, settings=evil)).headers["content-security-policy"]
