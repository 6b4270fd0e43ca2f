"""Fetching from the web: what honest servers give, and what hostile ones may not do."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from akachat.retrieval.sources.addresses import is_allowed, is_public
from akachat.retrieval.sources.fetch import Fetched, FetchLimits, fetch
from akachat.retrieval.sources.webnames import file_name, web_name
from akachat.retrieval.values import Refused

LIMITS = FetchLimits(bytes=1 << 20, seconds=5, redirects=3)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Names(AbstractResolver):
    """Gives the addresses of a list, one at each time of asking."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.addresses.pop(0)
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


async def _answer(request: web.Request) -> web.StreamResponse:
    kind = request.match_info["kind"]
    if kind == "endless" or kind == "slow":
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(500):
            await response.write(b"x" * (50_000 if kind == "endless" else 1))
            await asyncio.sleep(0 if kind == "endless" else 0.1)
        return response
    if kind in ("bomb", "gzip", "nonsense", "cut"):
        body = gzip.compress(bytes(8 << 20) if kind == "bomb" else b"text" * 1000)
        body = {"nonsense": b"hello", "cut": body[:-9]}.get(kind, body)
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})
    if kind == "br":
        return web.Response(body=b"x", headers={"Content-Encoding": "br"})
    if kind == "large":
        return web.Response(body=b"x", headers={"Content-Length": str(1 << 30)})
    if kind == "named":
        disposition = "attachment; filename=\"x.txt\"; filename*=UTF-8''%E8%A1%A8.txt"
        return web.Response(body=b"text", headers={"Content-Disposition": disposition})
    if kind == "headers":
        return web.json_response(dict(request.headers))
    if kind == "to":
        raise web.HTTPFound(request.query["url"])
    if kind.isdigit():
        return web.Response(status=int(kind))
    return web.Response(text="<p>日本</p>", content_type="text/html", charset="utf-8")


@pytest.fixture
async def site() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{kind}", _answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0)
    await tcp.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def get(url: str, into: Path, limits: FetchLimits = LIMITS) -> Fetched:
    return await fetch(url, into, limits, ("127.0.0.1",))


async def test_a_page_comes_with_its_name_and_kind(site: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    got = await fetch(f"{site}/page", tmp_path, LIMITS, ("127.0.0.1",), lambda *at: seen.append(at))
    port = site.rpartition(":")[2]
    assert (got.name, got.media_type, got.charset) == (f"127.0.0.1_{port}/page.html", "text/html", "utf-8")
    assert got.path.read_text() == "<p>日本</p>"
    assert seen[-1] == (got.size, got.size)
    assert (await get(f"{site}/named", tmp_path)).name.endswith("/表.txt")
    assert (await get(f"{site}/gzip", tmp_path)).path.read_bytes() == b"text" * 1000
    assert (await get(f"{site}/to?url=/page", tmp_path)).url == f"{site}/page"


async def test_no_more_is_told_than_who_we_are(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    got = await get(f"{site}/headers", tmp_path)
    assert '"User-Agent": "akachat"' in got.path.read_text()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/endless", "too_large"),
        ("/large", "too_large"),
        ("/bomb", "too_large"),
        ("/slow", "too_slow"),
        ("/nonsense", "broken"),
        ("/cut", "broken"),
        ("/br", "broken"),
        ("/404", "missing"),
        ("/403", "missing"),
        ("/500", "unreachable"),
        ("/to?url=http://10.0.0.1/", "refused_url"),
        ("/to?url=http://169.254.169.254/latest", "refused_url"),
        ("/to?url=file:///etc/passwd", "refused_url"),
        ("/to?url=http://me:secret@127.0.0.1/", "refused_url"),
    ],
)
async def test_what_goes_wrong_is_told_and_leaves_nothing(site: str, tmp_path: Path, path: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await get(site + path, tmp_path, FetchLimits(bytes=1 << 20, seconds=1, redirects=3))
    assert caught.value.code == code
    assert "secret" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"),
        *("http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"),
        *("http://10.1.2.3/", "http://192.168.0.1/", "http://169.254.169.254/", "http://100.64.0.1/", "http://0/"),
        *("http://224.0.0.1/", "http://[fe80::1]/", "http://[fc00::1]/", "http://localhost/", "http://127.0.0.1./"),
        *("ftp://example.com/", "file:///etc/passwd", "example.com", "", "http://", "http://a b/", "http://u:p@a.jp/"),
    ],
)
async def test_addresses_inside_the_house_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused) as caught:
        await fetch(url, tmp_path, LIMITS)
    assert caught.value.code == "refused_url"


async def test_a_name_that_changes_its_address_gains_nothing(site: str, tmp_path: Path) -> None:
    port = site.rpartition(":")[2]
    with pytest.raises(Refused) as caught:
        await fetch(f"http://evil.example:{port}/page", tmp_path, LIMITS, resolver=Names("127.0.0.1"))
    assert caught.value.code == "refused_url"
    got = await fetch(f"http://a.lan:{port}/page", tmp_path, LIMITS, ("*.lan",), resolver=Names("127.0.0.1"))
    assert got.name == f"a.lan_{port}/page.html"


async def test_a_round_of_redirects_ends(site: str, tmp_path: Path) -> None:
    app = URL(site) / "to"
    loop = app
    for _ in range(5):
        loop = app.with_query(url=str(loop))
    with pytest.raises(Refused) as caught:
        await get(str(loop), tmp_path)
    assert caught.value.code == "refused_url"


async def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Refused) as caught:
        await get(f"http://127.0.0.1:{port}/", tmp_path)
    assert caught.value.code == "unreachable"


def test_public_addresses_are_public() -> None:
    assert all(map(is_public, ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8")))
    assert not any(map(is_public, ("fec0::1", "::", "240.0.0.1", "255.255.255.255", "ff02::1", "no")))


@pytest.mark.parametrize(
    ("host", "pattern", "allowed"),
    [
        ("a.lan", "a.lan", True),
        ("A.lan.", "a.LAN", True),
        ("b.a.lan", "*.a.lan", True),
        ("a.lan", "*.a.lan", False),
        ("xa.lan", "*.a.lan", False),
        ("a.lan", "a.lan:80", True),
        ("a.lan", "a.lan:81", False),
        ("::1", "[::1]:80", True),
        ("::1", "::1", True),
    ],
)
def test_hosts_are_allowed_by_name(host: str, pattern: str, allowed: bool) -> None:
    assert is_allowed(host, 80, [pattern]) is allowed


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com", "example.com/index.html"),
        ("https://example.com/docs/guide.html", "example.com/docs/guide.html"),
        ("https://example.com/docs/", "example.com/docs/index.html"),
        ("https://example.com/%E8%A1%A8", "example.com/表.html"),
        ("https://example.com/a%2F..%2Fb%00/con", "example.com/a_.._b_/_con.html"),
    ],
)
def test_pages_are_named_after_their_address(url: str, name: str) -> None:
    assert web_name(URL(url), "", "text/html") == name


def test_questions_and_long_paths_are_told_apart() -> None:
    one, two = (web_name(URL(f"https://a.jp/x.html?q={n}"), "", "") for n in (1, 2))
    assert one != two
    assert len(web_name(URL("https://a.jp/" + "long/" * 400 + "y" * 300), "", "").encode()) < 900


@pytest.mark.parametrize(
    ("header", "name"),
    [('attachment; filename="a\\"b.txt"', 'a"b.txt'), ("inline; filename=../../a.txt", "a.txt"), ("inline", "")],
)
def test_a_servers_name_for_a_file(header: str, name: str) -> None:
    assert file_name(header) == name


async def test_a_body_that_is_shorter_than_told_is_not_taken(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Refused) as caught:
            await get(f"http://127.0.0.1:{port}/", tmp_path)
    assert caught.value.code == "unreachable"
    assert not list(tmp_path.iterdir())
