"""What all tests share: a workspace, a playground, an upstream that generates nothing, a server, and no network."""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from akachat.playground import Playground
    from tests.commands import Ended
    from tests.serving import Serve, Server

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path(os.environ.get("AKACHAT_CHROMIUM") or "/usr/bin/chromium")

# Tiny models compute faster on one core, and many times faster where others use the machine as well: threads that wait
# for each other at every small step wait for the busiest core.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _forbid_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: this process may connect to itself only. It sees every library, and patches none."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a Unix socket's address is a path
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost") or not isinstance(host, str):
        return
    try:
        if ipaddress.ip_address(host.partition("%")[0]).is_loopback or event == "socket.getaddrinfo":
            return  # resolving an address asks nobody
    except ValueError:
        pass
    raise PermissionError(f"a test wanted to reach {host}: tests use no network")


sys.addaudithook(_forbid_network)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell: the programs that the tests interrupt would inherit being deaf to Ctrl+C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio: the core and its libraries do."""
    return "asyncio"


@pytest.fixture
def workspace_folder(tmp_path: Path) -> Path:
    """An empty folder for a workspace; prompts are written into it by hand, as a user may."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def playground(workspace_folder: Path) -> AsyncIterator[Playground]:
    """A playground of its own, with the settings' defaults."""
    from akachat.playground import Playground  # here, so that the test of one room imports no other

    async with Playground(workspace_folder, environ={}) as made:
        yield made


@pytest.fixture(scope="session")
def stub() -> Iterator[str]:
    """The address (``http://127.0.0.1:…/v1``) of an OpenAI-compatible upstream; model names say how it behaves."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "bench" / "stub.py"), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts servers, each with its own workspace: ``serve(tokens=[…])`` gives one with these settings."""
    from tests.serving import Server

    servers: list[Server] = []

    def start(*, ui: bool = False, environ: dict[str, str] | None = None, **settings: Any) -> Server:
        server = Server(tmp_path_factory.mktemp("served"), settings=settings, ui=ui, environ=environ or {})
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    """One server for a test file, without the page, everything at its default."""
    return serve()


@pytest.fixture
def cli(workspace_folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs a command line in this process, on a workspace of its own."""
    from akachat.cli import main
    from tests.commands import Ended

    def run(*words: str) -> Ended:
        try:
            code = main(["--workspace", str(workspace_folder), *words])
        except SystemExit as ended:  # argparse's own way out
            code = int(str(ended.code))
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium; the tests that need one are left out where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}")
    switches = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=str(CHROMIUM), args=switches)
        yield launched
        launched.close()
