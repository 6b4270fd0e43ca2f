"""What the set-up must know of this machine: its GPU, the build of torch that fits, what stands in the way.

Bare Python only, like install.py, and everything slow to import is imported where it is used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

WINDOWS = sys.platform == "win32"
AGAIN = "setup_windows.bat" if WINDOWS else "bash venv.sh"

PYTORCH = "https://download.pytorch.org/whl/"
PLAIN = "plain"  # torch from wherever pip finds all other packages


class SetupError(Exception):
    """Something the user can put right: a message, and the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def say(text: str) -> None:
    """Print one line about what happens, at once."""
    print(text, flush=True)


def look_at_machine(torch: bool) -> None:
    """Say at once what would fail only after minutes."""
    import platform
    import shutil

    if sys.maxsize < 2**32:
        raise SetupError(
            "This Python is a 32-bit one; PyTorch needs 64 bits.", "Install the 64-bit Python, then again."
        )
    if torch and sys.platform == "darwin" and platform.machine() == "x86_64":
        raise SetupError(
            "This is a Python for Intel Macs; PyTorch makes builds for Apple silicon only.",
            "On an M1 or newer install the arm64 Python (brew install python@3.13); no Intel Mac can run it.",
        )
    free = shutil.disk_usage(Path(__file__).parent).free / 1e9
    if torch and free < 3:
        say(f"Only {free:.1f} GB are free here; the packages need about 2 GB, with CUDA 8 GB.")


def nvidia() -> int:
    """The CUDA version (its first number) that this machine's NVIDIA driver speaks; 0 without a GPU."""
    import re
    import subprocess

    if sys.platform == "darwin":
        return 0
    for program in ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"):
        try:
            listed = subprocess.run([program, "-L"], capture_output=True, text=True, errors="replace", timeout=20)
            if listed.returncode == 0 and "GPU " in listed.stdout:
                told = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=20)
                version = re.search(r"CUDA[\w ]* Version:\s*(\d+)", told.stdout)
                return int(version[1]) if version else 13
        except (OSError, subprocess.TimeoutExpired):
            continue
    return 0


def choose_torch() -> str:
    """The build of torch that fits this machine: a folder of PyTorch's own index (`cpu`, `cu130` ...) or plain."""
    chosen = os.environ.get("AKACHAT_TORCH", "")
    if chosen:
        return chosen
    if sys.platform == "darwin":
        return PLAIN
    cuda = nvidia()
    if not cuda:
        return "cpu"
    if cuda < 13:
        return "cu126"  # for drivers that do not speak CUDA 13 yet
    return "cu130" if WINDOWS else PLAIN  # the plain build is CUDA 13's on Linux, but has no CUDA on Windows


def reach(address: str) -> str:
    """Empty when something answers there within seconds, else why not (a name's look-up may hang: hence the thread)."""
    import ssl
    import threading
    import urllib.error
    import urllib.request

    proxy = os.environ.get("PIP_PROXY", "")
    handlers = [urllib.request.ProxyHandler({"https": proxy})] if proxy else []
    result = ["no answer within 8 seconds"]

    def ask() -> None:
        try:
            urllib.request.build_opener(*handlers).open(address, timeout=7).close()
            result[0] = ""
        except urllib.error.HTTPError as error:
            result[0] = f"it answered {error.code}"
        except OSError as error:
            reason = getattr(error, "reason", error)
            # A certificate that only pip is told of is pip's matter: let pip try.
            result[0] = "" if isinstance(reason, ssl.SSLCertVerificationError) else str(reason)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(8)
    return result[0]


def advice() -> str:
    """What usually helps when pip fails."""
    lines = [f"Check the network and the free space, then run again (it goes on where it stopped): {AGAIN}"]
    if sys.version_info >= (3, 14):
        lines.append("This Python may be too new for some packages: set PYTHON to one of 3.11 to 3.13 and try again.")
    if WINDOWS:
        lines.append("Where a path is too long, move this folder to a short one, like C:\\akachat.")
    return "\n  ".join(lines)
