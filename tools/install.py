"""Fills venv/ with the pinned packages: the one installer behind venv.sh and setup_windows.bat.

It needs nothing but a bare Python of 3.11 or newer. What is wanted is read from pyproject.toml and constraints.txt;
a stamp inside venv/, written last, says what is there. A run that was cut off leaves no stamp, and the next one mends
what is half done and goes on.

    python -m tools.install [--check] [--quiet] [EXTRA ...]
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import IO

from tools.machine import AGAIN, PLAIN, PYTORCH, WINDOWS, SetupError, advice, choose_torch, look_at_machine, reach, say

# Everything else is imported where it is needed: `--check` runs at every start and takes 40 ms, not 120.

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / "venv"
STAMP = VENV / ".akachat.json"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

# faiss-cpu and faiss-gpu write the same files, so the extras that hold them take turns.
EXCLUSIVE = {"rag": "gpu", "gpu": "rag"}
#: Part of every installation, so that semantic search works; `gpu` holds all of it for machines with one.
USUAL = "rag"
FAISS = ("faiss-cpu", "faiss-gpu-cu12")

# What the page and the models start with, by package and module: two halves of about the same weight.
USED = (
    [("gradio", "gradio"), ("fastapi", "fastapi"), ("aiohttp", "aiohttp"), ("openai", "openai")],
    [("torch", "torch"), ("transformers", "transformers.models.auto.modeling_auto"), ("peft", "peft")],
)


class Wanted:
    """What pyproject.toml and constraints.txt ask for, and a fingerprint of both."""

    def __init__(self) -> None:
        try:
            project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
            constraints = (ROOT / "constraints.txt").read_bytes()
        except (OSError, ValueError, KeyError) as error:
            raise SetupError(f"Cannot read what to install: {error}", "Restore the files by: git checkout .") from None
        self.base: list[str] = project["dependencies"]
        self.extras: dict[str, list[str]] = project.get("optional-dependencies", {})
        told = json.dumps([self.base, self.extras], sort_keys=True).encode() + constraints.replace(b"\r\n", b"\n")
        self.hash = hashlib.sha256(told).hexdigest()

    def check(self, extras: set[str]) -> None:
        """Refuse extras that do not exist or exclude each other."""
        for extra in sorted(extras):
            if extra not in self.extras:
                raise SetupError(f"There is no extra named {extra!r}.", f"Choose from: {', '.join(self.extras)}")
            if EXCLUSIVE.get(extra) in extras:
                raise SetupError("The extras rag and gpu exclude each other.", "With an NVIDIA GPU take gpu, else rag.")

    def requirements(self, extras: set[str]) -> list[str]:
        """Everything to install; `akachat[other]` inside an extra means that extra."""
        found = list(self.base)
        for extra in sorted(extras):
            for line in self.extras[extra]:
                if line.startswith("akachat["):
                    found += self.requirements(set(line[len("akachat[") : -1].split(",")))
                else:
                    found.append(line)
        return list(dict.fromkeys(found))

    @property
    def torch(self) -> str:
        """The pin of torch, or nothing."""
        return next((line for line in self.base if line.startswith("torch==")), "")


def read_stamp() -> tuple[str, set[str], str]:
    """What the last complete run installed: fingerprint, extras, kind of torch."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return str(stamp["hash"]), set(stamp["extras"]), str(stamp["torch"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", set(), ""


def is_ready(wanted: Wanted, extras: set[str]) -> bool:
    """True when a complete run has installed exactly these pins, and these extras at least."""
    fingerprint, present, _ = read_stamp()
    return fingerprint == wanted.hash and with_usual(wanted, extras, present) <= present and PYTHON.exists()


def with_usual(wanted: Wanted, extras: set[str], present: set[str]) -> set[str]:
    """These extras and what every installation has, unless what excludes it is asked for or there."""
    if USUAL not in wanted.extras or EXCLUSIVE[USUAL] in extras | present:
        return extras
    return extras | {USUAL}


def write_stamp(fingerprint: str, extras: set[str], torch: str) -> None:
    """Say what is there, all or nothing; an empty fingerprint says that a run is under way."""
    content = json.dumps({"hash": fingerprint, "extras": sorted(extras), "torch": torch})
    temporary = STAMP.with_suffix(".tmp")
    temporary.write_text(content, encoding="utf-8")
    os.replace(temporary, STAMP)


def lock() -> int:
    """Wait until no other set-up works on this folder; the lock falls with the process, however it ends."""
    import time

    handle = os.open(ROOT / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o644)
    told = False
    while True:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError:
            if not told:
                say("Another set-up is at work in this folder; waiting for it to end ...")
                told = True
            time.sleep(0.3)


def call(command: list[str], handle: int, log: IO[str] | None = None) -> int:
    """Run a command in a clean environment; it keeps the lock, so an orphan of a killed set-up is waited for."""
    import subprocess

    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    environment |= {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
    if not {"PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"} & environment.keys():
        # Beside the packages, not in HOME: an interrupted run need not load again, and it goes when all is done.
        environment["PIP_CACHE_DIR"] = str(VENV / ".cache")
    keep = () if WINDOWS else (handle,)
    child = subprocess.Popen(
        command, env=environment, cwd=ROOT, pass_fds=keep, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def pip(arguments: list[str], handle: int) -> bool:
    """Install by pip; where nobody watches, its words are kept back and shown only when it fails."""
    # Byte code is made later, of what is used: see try_out.
    options = ["--no-compile", "--prefer-binary", "--no-warn-script-location", "-c", str(ROOT / "constraints.txt")]
    command = [str(PYTHON), "-I", "-m", "pip", "install", *options, *arguments]
    if sys.stdout.isatty():
        return call(command, handle) == 0
    with (VENV / ".pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        if call(command, handle, log) == 0:
            return True
        log.seek(0)
        lines = [line for line in log if not line.startswith(("Requirement already", "Collecting", "  Using cached"))]
    print("".join(lines[-30:]), file=sys.stderr, flush=True)
    return False


def make_venv(handle: int) -> None:
    """Create venv/, or make it anew where it does not work; packages in one that works stay."""
    import subprocess

    if VENV.exists() and not (VENV / "pyvenv.cfg").exists():
        strange = sorted(
            {entry.name for entry in VENV.iterdir()} - {"bin", "lib", "lib64", "include", "Lib", "Scripts"}
        )
        if strange:
            raise SetupError(
                f"The folder venv is in the way: it is no virtual environment ({strange[0]} is in it).",
                f"Move it away, then run again: {AGAIN}",
            )
    if PYTHON.exists() and mend():
        try:
            probe = [str(PYTHON), "-I", "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(probe, capture_output=True, timeout=60).returncode == 0:
                return
        except (OSError, subprocess.TimeoutExpired):
            pass
    say(f"{'Making venv/ anew' if VENV.exists() else 'Making venv/'} with Python {sys.version.split()[0]} ...")
    if call([sys.executable, "-I", "-m", "venv", "--clear", str(VENV)], handle) != 0:
        raise SetupError(
            "Python could not make a virtual environment.",
            f"On Ubuntu and Debian: sudo apt install python3.{sys.version_info.minor}-venv; then: {AGAIN}",
        )


def mend() -> bool:
    """Drop what a killed pip left half written, so that pip installs it again; False when pip itself is half there.

    pip writes a package's RECORD last and moves what it replaces to a name with `~`.
    """
    import shutil

    for entry in site_packages():
        half = entry.suffix == ".dist-info" and not (entry / "RECORD").exists()
        if half or entry.name.startswith("~"):
            shutil.rmtree(entry, ignore_errors=True)
    return any(entry.match("pip-*.dist-info") for entry in site_packages())


def site_packages() -> list[Path]:
    """All that is installed in venv/."""
    return list(VENV.glob("Lib/site-packages/*" if WINDOWS else "lib/python3.*/site-packages/*"))


def install_torch(pin: str, kind: str, before: str, handle: int) -> None:
    """Install torch from PyTorch's own index where one is named and answers; else the packages' own run brings it."""
    if before not in ("", kind):
        say("The machine has changed: taking another build of torch.")
        call([str(PYTHON), "-I", "-m", "pip", "uninstall", "-qq", "-y", "torch"], handle)
    elif any(entry.match(f"{pin.replace('==', '-')}*.dist-info") for entry in site_packages()):
        return
    if kind == PLAIN:
        return
    why_not = reach(f"{PYTORCH}{kind}/torch/")
    if not why_not:
        say(f"Installing {pin} ({kind}) from PyTorch's own index ...")
        # The index is asked for torch alone; what torch needs comes with all other packages.
        if pip(["--no-deps", "--index-url", PYTORCH + kind, pin], handle):
            return
        why_not = "see above"
    say(f"PyTorch's own index does not help ({why_not}); taking {pin} from the usual place.")
    if kind == "cpu" and sys.platform == "linux":
        say("If that turns out to be the build with CUDA, it is large, but it works without a GPU too.")
    elif WINDOWS and kind.startswith("cu"):
        say("That build has no CUDA: models run on the CPU until the set-up reaches PyTorch's index.")


def try_out(names: list[str]) -> None:
    """Import what the program starts with: shows that it works here, and leaves byte code for a quick first start.

    Making the byte code of everything took 32 s, of what is used 10 s, side by side 6 s.
    """
    import subprocess

    groups = [[module for name, module in group if name in names] for group in USED]
    commands = [[str(PYTHON), "-I", "-W", "ignore", "-c", f"import {', '.join(group)}"] for group in groups if group]
    children = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        for command in commands
    ]
    told = [child.communicate()[1].strip() for child in children]
    for child, text in zip(children, told, strict=True):
        if child.returncode != 0:
            last = text.rpartition("\n")[2] or f"it ended with {child.returncode}"
            raise SetupError(f"The packages are installed, but do not work on this machine: {last}", advice())


def install(wanted: Wanted, extras: set[str]) -> None:
    """Bring venv/ to what is wanted, keeping the extras that were asked for earlier."""
    import re
    import shutil
    import time

    handle = lock()
    if is_ready(wanted, extras):
        say("venv/ is ready.")
        return
    start = time.monotonic()
    look_at_machine(bool(wanted.torch))
    _, present, torch_before = read_stamp()
    extras = extras | {extra for extra in present & wanted.extras.keys() if EXCLUSIVE.get(extra) not in extras}
    extras = with_usual(wanted, extras, set())
    make_venv(handle)
    write_stamp("", present | extras, torch_before)
    for extra in sorted(extras & EXCLUSIVE.keys()):
        if EXCLUSIVE[extra] in present:
            call([str(PYTHON), "-I", "-m", "pip", "uninstall", "-qq", "-y", *FAISS], handle)
    torch = choose_torch() if wanted.torch else ""
    if "gpu" in extras and torch == "cpu":
        say("No NVIDIA GPU answers here (nvidia-smi -L); the extra gpu is of no use without one.")
    if wanted.torch:
        install_torch(wanted.torch, torch, torch_before, handle)
    requirements = wanted.requirements(extras)
    named = f" for {', '.join(sorted(extras))}" if extras else ""
    say(f"Installing {len(requirements)} packages{named}, and what they need (a minute or more) ...")
    if not pip(requirements, handle):
        raise SetupError("pip could not install the packages (see above).", advice())
    try_out([re.split(r"[^\w-]", line)[0] for line in requirements])
    shutil.rmtree(VENV / ".cache", ignore_errors=True)
    write_stamp(wanted.hash, extras, torch)
    say(f"venv/ is ready ({time.monotonic() - start:.0f} s).")


def main(arguments: list[str]) -> int:
    """Read the command line, do the work, and turn every failure into a message with a next step."""
    flags = {word for word in arguments if word.startswith("-")}
    extras = set(arguments) - flags
    try:
        if flags - {"--check", "--quiet"}:
            raise SetupError(f"Unknown option: {min(flags)}", f"Use: {AGAIN} [EXTRA ...]")
        wanted = Wanted()
        wanted.check(extras)
        if is_ready(wanted, extras):
            if "--quiet" not in flags:
                say("venv/ is ready.")
            return 0
        if "--check" in flags:
            return 3
        install(wanted, extras)
    except SetupError as error:
        print(f"\nSet-up stopped: {error}\n  {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nSet-up was interrupted; to go on where it stopped: {AGAIN}", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"\nSet-up stopped: {error}\n  {advice()}", file=sys.stderr)
        return 1
    return 0


def interrupt(*_: object) -> None:
    """Treat a polite request to end like Ctrl+C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    import io
    import signal

    signal.signal(signal.SIGTERM, interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
