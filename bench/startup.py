"""How long everything takes to start, each beside the least that the same kind of program takes, in the same run.

    venv/bin/python -m bench.startup

Commands are measured from their start to their end, beside `python -c pass`; servers to their first answer, beside a
bare FastAPI on uvicorn; the page until it is there, beside an empty Gradio page on the same server. Every round starts
everything once, in rotating order; the first round fills the caches of files and bytecode and does not count.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.client import ROOT, free_port, process

_UVICORN = "uvicorn.run(app, host='127.0.0.1', port=int(sys.argv[1]), log_level='error')"
_BARE_SERVER = f"import sys, uvicorn, fastapi; app = fastapi.FastAPI(); app.get('/')(lambda: {{}}); {_UVICORN}"
_BARE_PAGE = (
    "import sys, uvicorn, fastapi, gradio; "
    f"app = gradio.mount_gradio_app(fastapi.FastAPI(), gradio.Blocks(), '/'); {_UVICORN}"
)
_PORT = "PORT"


@dataclass(frozen=True)
class Start:
    """One thing that starts; ``path`` is where a server answers, ``reference`` the name of what it is held against."""

    name: str
    reference: str
    command: Sequence[str]
    path: str = ""

    def seconds(self) -> float:
        """Starts it once: the seconds until it ended or, a server, until it answered."""
        port = free_port() if self.path else 0
        command = [sys.executable, *(str(port) if word == _PORT else word for word in self.command)]
        environ = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL) as started:
            try:
                if not self.path and started.wait(60):
                    raise RuntimeError(f"{self.name} failed")
                while self.path and not answers(port, self.path):
                    if started.poll() is not None or time.perf_counter() - began > 60:
                        raise RuntimeError(f"{self.name} does not start")
                    time.sleep(0.003)
                return time.perf_counter() - began
            finally:
                started.kill()


def answers(port: int, path: str) -> bool:
    """Whether a server gives what is asked for, now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def everything(workspace: str) -> list[Start]:
    """What is measured."""
    akachat = ("-m", "akachat", "--workspace", workspace)
    serve = (*akachat, "serve", "--port", _PORT)
    python, server, page = "python -c pass", "bare FastAPI, uvicorn", "empty Gradio page"
    return [
        Start(python, python, ("-c", "pass")),
        Start("import akachat", python, ("-c", "import akachat")),
        Start("akachat --help", python, ("-m", "akachat", "--help")),
        Start("akachat var list", python, (*akachat, "var", "list")),
        Start("akachat run", python, (*akachat, "run", "-q", "echo", "x")),
        Start(server, server, ("-c", _BARE_SERVER, _PORT), "/"),
        Start("serve --no-ui", server, (*serve, "--no-ui"), "/api/llm"),
        Start("serve", server, serve, "/api/llm"),
        Start(page, page, ("-c", _BARE_PAGE, _PORT), "/"),
        Start("serve, its page", page, serve, "/ui/"),
    ]


def measure(starts: Sequence[Start], count: int) -> dict[str, float]:
    """Median seconds of each."""
    found: dict[str, list[float]] = {start.name: [] for start in starts}
    for index in range(count + 1):
        turn = index % len(starts)
        for start in [*starts[turn:], *starts[:turn]]:
            seconds = start.seconds()
            if index:
                found[start.name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def main() -> None:
    """Starts everything, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, process("bench/stub.py", "--port", str(port), port=port):
        prompt = Path(folder) / "prompt" / "echo.json"
        prompt.parent.mkdir()
        prompt.with_suffix(".txt").write_text("Repeat.", encoding="utf-8")
        upstream = {"location": "OpenAI", "endpoint": f"http://127.0.0.1:{port}/v1", "model": "stub-0ms-echo"}
        prompt.write_text(json.dumps(upstream), encoding="utf-8")
        starts = everything(folder)
        medians = measure(starts, args.rounds)
    for start in starts:
        seconds = medians[start.name]
        print(
            f"{start.name:<22} {seconds * 1000:7.0f} ms  {seconds / medians[start.reference]:6.2f} x {start.reference}"
        )


if __name__ == "__main__":
    main()
