"""The measurements run where they say they do: by name, without a GPU, and with few packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What a machine that only has torch, transformers, peft and accelerate lacks.
ABSENT = ("pydantic", "anyio", "fastapi", "gradio", "openai", "aiohttp", "orjson", "uvicorn", "pydantic_monty")
BARE = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
from akachat.cli import main
sys.exit(main(sys.argv[1:]))
"""


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BARE, "bench", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def test_all_measurements_are_listed_with_their_line() -> None:
    done = bench()
    assert done.returncode == 0
    names = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"embedding", "gpu", "grid", "prefix", "recall", "streaming", "overhead", "vectors"} <= names


def test_a_wrong_name_is_told() -> None:
    done = bench("speed")
    assert done.returncode == 2
    assert "there is no measurement 'speed'" in done.stderr


def test_without_a_gpu_nothing_is_measured_and_that_is_no_failure() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    done = bench("gpu")
    assert done.returncode == 0, done.stderr
    assert "no CUDA GPU here" in done.stdout


@pytest.mark.slow
def test_what_a_gpu_is_measured_by_runs_with_few_packages_and_finds_everything_equal() -> None:
    done = bench("gpu", "--cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    assert done.stdout.count("7 of 7 as generate's") == 3
    assert "16 of 16" in done.stdout
