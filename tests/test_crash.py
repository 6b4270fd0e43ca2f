"""``kill -9`` while prompts, variables, messages and settings are saved: nothing is torn, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

#: 15 in every run; ``AKACHAT_CRASH_TRIES=100 pytest tests/test_crash.py`` for the long one.
TRIES = int(os.environ.get("AKACHAT_CRASH_TRIES", "15"))


def crash(*arguments: str) -> dict[str, Any]:
    """In a process of its own, which may fork: this one has threads."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crashing", *arguments],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60 + 3 * TRIES,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_a_kill_at_a_random_moment(tmp_path: Path) -> None:
    result = crash("moments", str(tmp_path), str(TRIES))
    print(result)
    assert result["tries"] == TRIES
    assert result["saves"] > 0


def test_a_kill_before_every_step_of_a_change(tmp_path: Path) -> None:
    steps = crash("steps", str(tmp_path))
    print(steps)
    assert all(count > 3 for count in steps.values()), "every change was killed at several steps"
