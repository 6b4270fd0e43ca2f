"""The notebook: its cells run from top to bottom, and the playground that they start is shown, reached and stopped."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from akachat import notebook
from akachat.errors import Conflict

ROOT = Path(__file__).resolve().parents[1]
BOOK: dict[str, Any] = json.loads((ROOT / "akachat.ipynb").read_text("utf-8"))
CODE = ["".join(cell["source"]) for cell in BOOK["cells"] if cell["cell_type"] == "code"]


def test_it_is_a_notebook_of_the_format_that_it_says() -> None:
    assert (BOOK["nbformat"], BOOK["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in BOOK["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in BOOK["cells"]:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", cell["id"])
        wanted = {"cell_type", "id", "metadata", "source"}
        assert set(cell) == (wanted | {"outputs", "execution_count"} if cell["cell_type"] == "code" else wanted)
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_its_cells_run_from_top_to_bottom(tmp_path: Path) -> None:
    look = (
        "import urllib.request\n"
        "print('seen', urllib.request.urlopen(server.url + '/docs').status, server.playground.list_prompts()[0])"
    )
    cells = [*CODE[:-1], look, CODE[-1]]
    program = (
        "import json, sys\nscope = {}\nfor cell in json.loads(sys.argv[1]):\n    exec(cell, scope)\nprint('whole')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(cells)],
        input="こんにちは\nexit\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "AKACHAT_WORKSPACE": ""},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    chat, address, seen, whole = done.stdout.rsplit("\n", 4)[:4]
    assert chat.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/ui/", address)
    assert seen.startswith("seen 200 ")
    assert whole == "whole"


def test_a_page_of_jupyter_may_frame_it_and_other_programs_may_not_take_its_port(tmp_path: Path) -> None:
    with notebook.start(tmp_path) as server:
        reply = httpx.get(f"{server.url}/docs", headers={"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"})
        assert reply.status_code == 200
        assert "http://localhost:*" in reply.headers["content-security-policy"]
        with pytest.raises(Conflict):
            notebook.start(tmp_path / "other", port=int(server.url.rpartition(":")[2]))
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/docs")
