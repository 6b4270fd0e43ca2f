"""The server as a process: it answers before its page is there, says what is wrong, ends cleanly, holds both doors."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from akachat.errors import AkachatError, Conflict, InvalidInput
from akachat.playground import Playground
from akachat.server import serve as serve_forever
from tests.serving import write_prompt

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120.0  # seconds after which something hangs, on the busiest machine
SERVE = "import sys; from akachat.playground import Playground; from akachat.server import serve; "


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def started(*command: str, cwd: Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environ}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answer(url: str) -> httpx.Response:
    """The first good answer."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            reply = httpx.get(url)
            if reply.status_code == 200:
                return reply
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.02)


@dataclass(frozen=True)
class Paged:
    """A server with the page, in a process of its own: Gradio is not made for warnings that are errors."""

    url: str
    http: httpx.Client


@pytest.fixture(scope="module")
def with_page(tmp_path_factory: pytest.TempPathFactory, stub: str) -> Iterator[Paged]:
    root = tmp_path_factory.mktemp("paged")
    url = f"http://127.0.0.1:{(port := free_port())}"
    write_prompt(root, "echo", "Repeat.", {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"})
    with started("-c", f"{SERVE} serve(Playground(), port={port})", cwd=root) as process:
        answer(f"{url}/ui/")
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            yield Paged(url, client)
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_the_api_answers_long_before_the_page_is_there(workspace_folder: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = f"{SERVE} serve(Playground(), port={port})"
    with started("-c", command, cwd=workspace_folder) as process:
        assert "sample" in answer(f"{url}/api/llm").json()["result"]
        waiting = httpx.get(f"{url}/ui/")
        if waiting.status_code != 200:  # it may be there already on a fast machine
            assert waiting.status_code == 503
            assert 'http-equiv="refresh"' in waiting.text
            assert waiting.headers["retry-after"] == "1"
        assert "gradio" in answer(f"{url}/ui/").text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert err == ""
    assert f"{url}/ui/" in out
    assert f"{url}/docs" in out


def test_ctrl_c_ends_streams_too(workspace_folder: Path, stub: str) -> None:
    port = free_port()
    prompt = workspace_folder / "prompt" / "slow.txt"
    prompt.parent.mkdir()
    prompt.write_text("x", encoding="utf-8")
    options = {"location": "OpenAI", "endpoint": stub, "model": "stream-2000tok-20ms"}
    with started("-c", f"{SERVE} serve(Playground(), port={port}, ui=False)", cwd=workspace_folder) as process:
        answer(f"http://127.0.0.1:{port}/api/llm")
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client,
            client.stream("POST", "/api/llm/stream", json={"dir": "slow", "input": "x", **options}) as reply,
        ):
            next(reply.iter_lines())
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("host", "port", "error"),
    [
        ("127.0.0.1", None, Conflict),
        ("no.such.host.invalid", 0, InvalidInput),
        ("192.0.2.1", 0, InvalidInput),
        ("127.0.0.1", 70000, InvalidInput),
    ],
)
def test_an_address_that_cannot_be_used_is_told(
    workspace_folder: Path, host: str, port: int | None, error: type[AkachatError]
) -> None:
    playground = Playground(workspace_folder, environ={})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1] if port is None else port
        with pytest.raises(error) as caught:
            serve_forever(playground, host, number, ui=False)
    assert caught.value.hint


def test_listening_beyond_this_machine_says_what_is_missing(workspace_folder: Path) -> None:
    command = f"{SERVE} serve(Playground(), '0.0.0.0', {(port := free_port())}, ui=False)"
    with started("-c", command, cwd=workspace_folder) as process:
        answer(f"http://127.0.0.1:{port}/api/llm")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
    assert "tokens" in out
    assert "allowed_hosts" in out


def test_uvicorn_main_app(workspace_folder: Path) -> None:
    port = free_port()
    command = ("-m", "uvicorn", "main:app", "--app-dir", str(ROOT), "--port", str(port))
    with started(*command, cwd=workspace_folder) as process:
        assert "swagger" in answer(f"http://127.0.0.1:{port}/docs").text
        assert httpx.get(f"http://127.0.0.1:{port}/docs", headers={"host": "evil.example"}).status_code == 421
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def test_the_page_alone(workspace_folder: Path) -> None:
    port = free_port()
    with started(str(ROOT / "app.py"), cwd=workspace_folder, GRADIO_SERVER_PORT=str(port)) as process:
        url = f"http://127.0.0.1:{port}/"
        assert "gradio" in answer(url).text
        assert httpx.get(url, headers={"host": "evil.example"}).status_code == 421
        assert httpx.get(f"{url}api/llm").status_code == 404
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err


def test_a_broken_workspace_is_told_without_a_traceback(workspace_folder: Path) -> None:
    (workspace_folder / "settings.json").write_text('{"title": oops}', encoding="utf-8")
    for command in (("-m", "uvicorn", "main:app", "--app-dir", str(ROOT)), (str(ROOT / "app.py"),)):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=workspace_folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 1
        assert "settings.json" in done.stderr
        assert "Traceback" not in done.stderr


# page and API in one server


def test_the_first_page_is_the_page(with_page: Paged) -> None:
    for path in ("/", "/ui"):
        reply = with_page.http.get(path, follow_redirects=False)
        assert (reply.status_code, reply.headers["location"]) == (307, "/ui/")
    page = with_page.http.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_the_pages_files_and_settings_come_from_under_ui(with_page: Paged) -> None:
    config = with_page.http.get("/ui/config").json()
    assert config["root"] == f"{with_page.url}/ui"
    assert with_page.http.get("/ui/theme.css").status_code == 200
    for asked_by_the_browser in ("/favicon.ico", "/manifest.json"):
        assert with_page.http.get(asked_by_the_browser).status_code == 200


def test_the_api_keeps_its_own_errors_beside_the_page(with_page: Paged) -> None:
    assert with_page.http.get("/api/llm/main").status_code == 405
    assert with_page.http.get("/nowhere").json()["status"] == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"x-forwarded-for": "8.8.8.8"}, 401),
    ],
)
@pytest.mark.parametrize("path", ["/ui/", "/ui/gradio_api/upload", "/ui/gradio_api/queue/join"])
def test_the_page_is_guarded(with_page: Paged, path: str, headers: dict[str, str], status: int) -> None:
    assert with_page.http.post(path, headers=headers).status_code == status


# in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = os.environ.get("AKACHAT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.browser
def test_the_documentation_is_drawn_and_runs_a_prompt(with_page: Paged, browser: Any) -> None:
    page = browser.new_page()
    problems: list[str] = []
    foreign: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((with_page.url, "data:", "blob:")) else foreign.append(r.url))
    page.goto(f"{with_page.url}/docs")
    page.locator("#operations-llm-post_api_llm_main .opblock-summary").click()
    page.get_by_role("button", name="Try it out").click()
    page.locator(".body-param__text").fill('{"dir": "echo", "input": "from the browser"}')
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table .response-col_description").first.wait_for()
    assert "from the browser" in page.locator(".live-responses-table").inner_text()
    assert not problems
    assert not foreign
    page.close()


@pytest.mark.browser
def test_the_page_is_drawn_without_a_complaint(with_page: Paged, browser: Any) -> None:
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{with_page.url}/")
    page.get_by_role("button", name="Run").first.wait_for(timeout=60_000)
    assert page.url == f"{with_page.url}/ui/"
    assert not problems
    page.close()


@pytest.mark.browser
def test_another_sites_page_reaches_nothing(with_page: Paged, browser: Any, stub: str) -> None:
    page = browser.new_page()
    page.goto(stub.removesuffix("/v1") + "/health")  # another origin on this machine
    script = """async (url) => {
        const tries = [
            fetch(url + '/api/llm', {mode: 'cors'}),
            fetch(url + '/api/var/stolen', {method: 'PUT', body: '{"value": "x"}'}),
        ];
        const form = new FormData();
        form.append('files', new Blob(['x']), 'x.txt');
        fetch(url + '/ui/gradio_api/upload', {method: 'POST', mode: 'no-cors', body: form});
        fetch(url + '/api/messages', {method: 'POST', mode: 'no-cors', body: '{"role": "user", "content": "x"}'});
        return (await Promise.allSettled(tries)).map(t => t.status);
    }"""
    assert page.evaluate(script, with_page.url) == ["rejected", "rejected"]
    page.wait_for_timeout(200)
    page.close()
    assert with_page.http.get("/api/messages").json()["result"] == []
    assert with_page.http.get("/api/var/stolen").status_code == 404
