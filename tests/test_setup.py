"""The way from a clone to a running program: scripts, pins, the installer, what git keeps and ignores.

The installer runs for real, on a tiny project of its own in a folder with a space and Japanese in its name, whose
packages are wheels written here: nothing is loaded from anywhere.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.machine import choose_torch

ROOT = Path(__file__).resolve().parent.parent
BASH = shutil.which("bash") or "bash"
SCRIPTS = ["venv.sh", "run.sh", "test.sh", ".ci/run"]
BATCHES = ["setup_windows.bat", "run.bat"]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")


# -- what the files say ------------------------------------------------------------------------------------------------


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="ascii").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): pinned for name, pinned in pairs}


def requirements() -> list[str]:
    extras = project()["optional-dependencies"].values()
    return [
        *project()["dependencies"],
        *(line for extra in extras for line in extra if not line.startswith("akachat[")),
    ]


@pytest.mark.parametrize("requirement", requirements())
def test_every_requirement_is_pinned(requirement):
    wanted = Requirement(requirement)
    assert pins()[canonicalize_name(wanted.name)] in wanted.specifier


def test_what_is_installed_is_what_is_pinned():
    """Also what the requirements need in turn, as far as it is installed here."""
    different = {}
    for name, pinned in pins().items():
        try:
            installed = version(name).split("+")[0]  # torch says which build it is
        except PackageNotFoundError:
            continue
        if installed != pinned:
            different[name] = (installed, pinned)
    assert different == {}


def test_no_extra_takes_both_builds_of_faiss():
    for extra in project()["optional-dependencies"].values():
        builds = [Requirement(line) for line in extra if line.startswith("faiss")]
        here = [build for build in builds if build.marker is None or build.marker.evaluate()]
        assert len(here) <= 1


@pytest.mark.parametrize("name", BATCHES)
def test_batch_files_are_ascii_with_windows_line_ends(name):
    content = (ROOT / name).read_bytes()
    assert content.isascii()  # a code page cannot spoil it
    assert content.count(b"\n") == content.count(b"\r\n") > 10
    text = content.decode()
    assert set(re.findall(r"goto (\w+)", text)) <= set(re.findall(r"^:(\w+)", text, re.MULTILINE))
    assert 'cd /d "%~dp0"' in text


def test_windows_reads_the_same_pins_by_the_same_installer():
    text = (ROOT / "setup_windows.bat").read_text()
    assert text.count("-m tools.install") == 3  # the check, a chosen Python, a found one
    assert "==" not in text.replace('"=="', "")
    assert not re.search(r"pip install|download\.pytorch", text)
    offered = set(re.findall(r"py -(3\.\d+)", text))
    assert offered == set(re.findall(r"python(3\.\d+)", (ROOT / "venv.sh").read_text().split("for name in")[1][:60]))


@posix_only
@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_scripts_parse(name):
    subprocess.run([BASH, "-n", str(ROOT / name)], check=True)
    assert b"\r" not in (ROOT / name).read_bytes()


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        *[(f"{folder}/.gitkeep", False) for folder in ("prompt", "rag", "var", "log")],
        *[
            (f"{folder}/{name}", True)
            for folder in ("prompt", "rag", "var", "log")
            for name in ("a.txt", "深い/b.json")
        ],
        ("settings.json", True),
        ("functions/mine.py", True),
        ("akachat/functions/text.py", False),
        ("venv/bin/python", True),
        ("constraints.txt", False),
    ],
)
def test_git_keeps_the_folders_and_ignores_what_is_yours(path, ignored):
    found = subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=ROOT)
    assert (found.returncode == 0) is ignored


@pytest.mark.parametrize("folder", ["prompt", "rag", "var", "log"])
def test_the_folders_are_part_of_a_clone(folder):
    assert (ROOT / folder / ".gitkeep").is_file()


# -- which build of torch ----------------------------------------------------------------------------------------------


def program(folder: Path, name: str, script: str) -> None:
    """A stand-in for a program of the system."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


SMI = 'case "$1" in -L) echo "GPU 0: NVIDIA X (UUID: GPU-1)";; *) echo "| Driver Version: 1.2   {}: {} |";; esac'


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what it chooses on Linux")
@pytest.mark.parametrize(
    ("smi", "chosen", "expected"),
    [
        (SMI.format("CUDA Version", "13.0"), "", "plain"),
        (SMI.format("CUDA UMD Version", "13.2"), "", "plain"),
        (SMI.format("CUDA Version", "12.4"), "", "cu126"),
        ("echo 'NVIDIA-SMI has failed'; exit 9", "", "cpu"),
        ("echo 'No devices found.'", "", "cpu"),
        (SMI.format("CUDA Version", "13.0"), "cpu", "cpu"),
    ],
)
def test_torch_fits_the_machine(tmp_path, monkeypatch, smi, chosen, expected):
    program(tmp_path / "bin", "nvidia-smi", smi)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("AKACHAT_TORCH", chosen)
    assert choose_torch() == expected


# -- finding a Python --------------------------------------------------------------------------------------------------


def bare_path(folder: Path, **programs: str) -> dict[str, str]:
    """An environment with no Python at all but the programs given here, and an empty HOME."""
    folder.mkdir()
    for tool in ("dirname", "uname", "grep", "cat"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    for name, script in programs.items():
        (folder / name).unlink(missing_ok=True)
        program(folder, name, script)
    home = folder.parent / "home"
    home.mkdir()
    return {"PATH": str(folder), "HOME": str(home)}


def copy_scripts(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "tools").mkdir()
    for name in ("venv.sh", "run.sh", "tools/install.py", "tools/machine.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def shell(folder: Path, script: str, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script from a folder that is not its own, as somebody else's start menu would."""
    command = [BASH, str(folder / script), *arguments]
    done = subprocess.run(command, env=env, cwd="/", text=True, encoding="utf-8", capture_output=True, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr
    return done


OLD = "echo 3.10.12; exit 1"
LAME = "echo 3.12.3 no-venv"
LOST = "echo 'command not found' >&2; exit 127"  # what a pyenv shim does where its version is not chosen


@posix_only
@pytest.mark.parametrize(
    ("programs", "release", "words"),
    [
        ({}, 'ID=ubuntu\nVERSION_ID="22.04"', ["none was found", "sudo apt install python3.11 python3.11-venv"]),
        ({"python3": OLD}, 'ID=ubuntu\nVERSION_ID="22.04"', ["python3 is Python 3.10.12", "python3.11-venv"]),
        ({"python3": OLD}, 'ID=ubuntu\nVERSION_ID="24.04"', ["apt install python3 python3-venv"]),
        ({"python3": LAME}, 'ID=ubuntu\nVERSION_ID="24.04"', ["Python 3.12.3 is here", "apt install python3.12-venv"]),
        ({"python3.13": LOST}, "ID=fedora", ["sudo dnf install python3"]),
        ({"uname": "echo Darwin", "python3": OLD}, "", ["brew install python@3.13", "python.org"]),
        ({}, "ID=arch", ["Ubuntu 22.04", "WSL2", "macOS", "PYTHON="]),
    ],
)
def test_without_a_python_it_says_how_to_get_one(tmp_path, programs, release, words):
    if sys.platform == "darwin" or ("uname" in programs and Path("/opt/homebrew").exists()):
        pytest.skip("a Mac has its Pythons in fixed places too")
    folder = copy_scripts(tmp_path / "あか chat")
    env = bare_path(tmp_path / "bin", **programs)
    (tmp_path / "os-release").write_text(release)
    done = shell(folder, "venv.sh", env=env | {"AKACHAT_OS_RELEASE": str(tmp_path / "os-release")})
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr
    assert not (folder / "venv").exists()


@posix_only
def test_a_shim_that_leads_nowhere_is_passed_over(tmp_path):
    folder = copy_scripts(tmp_path / "あか chat")
    env = bare_path(
        tmp_path / "bin", **{"python3.13": LOST, "python3.12": OLD, "python3": f'exec "{sys.executable}" "$@"'}
    )
    done = shell(folder, "venv.sh", env=env)
    assert "Cannot read what to install" in done.stderr  # so far came the installer itself: there is no pyproject.toml


@posix_only
def test_a_chosen_python_that_will_not_do(tmp_path):
    folder = copy_scripts(tmp_path / "あか chat")
    env = bare_path(tmp_path / "bin", old=OLD)
    done = shell(folder, "venv.sh", env=env | {"PYTHON": "old"})
    assert done.returncode == 1
    assert "PYTHON=old is no working Python" in done.stderr
    assert "3.10.12" in done.stderr


# -- the installer, for real, on a tiny project ------------------------------------------------------------------------


def wheel(folder: Path, name: str, number: str) -> None:
    """A package with one module that says its version."""
    info = f"{name}-{number}.dist-info"
    files = {
        f"{name}.py": f"number = {number!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{number}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


class Tiny:
    """A clone of a project with two small packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = copy_scripts(folder / "あか chat")
        self.stamp = self.folder / "venv/.akachat.json"
        wheels = folder / "wheels"
        for name, number in (("tinybase", "1.0"), ("tinybase", "2.0"), ("tinytest", "1.0"), ("tinyrag", "1.0")):
            wheel(wheels, name, number)
        self.env = {"PATH": os.environ["PATH"], "HOME": "", "PYTHON": sys.executable}
        self.env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}
        (self.folder / "pyproject.toml").write_text(
            "[project]\nname = 'akachat'\ndependencies = ['tinybase']\n[project.optional-dependencies]\n"
            "test = ['tinytest']\nrag = ['tinyrag']\ngpu = ['tinyrag']\ndev = ['akachat[test]']\n"
        )
        (self.folder / "akachat").mkdir()
        (self.folder / "akachat/__main__.py").write_text("import sys, os; print(os.getcwd(), *sys.argv[1:])")
        self.pin("1.0")

    def pin(self, number: str) -> None:
        (self.folder / "constraints.txt").write_text(f"# pins\ntinybase=={number}\ntinytest==1.0\ntinyrag==1.0\n")

    def set_up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return shell(self.folder, "venv.sh", *arguments, env=self.env)

    def installed(self) -> dict[str, str]:
        code = "from importlib.metadata import distributions as d; import json; "
        code += "print(json.dumps({x.name: __import__(x.name).number for x in d() if x.name.startswith('tiny')}))"
        run = subprocess.run([self.folder / "venv/bin/python", "-c", code], capture_output=True, check=True)
        return json.loads(run.stdout)

    @property
    def site(self) -> Path:
        return next(self.folder.glob("venv/lib/python3.*/site-packages"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    if sys.platform == "win32":
        pytest.skip("shell scripts")
    clone = Tiny(tmp_path_factory.mktemp("set-up"))
    (clone.folder / "venv/bin").mkdir(parents=True)  # as after a run that was cut off at its very start
    done = clone.set_up()
    assert done.returncode == 0, done.stderr
    assert "venv/ is ready" in done.stdout
    return clone


def test_it_installs_and_the_second_call_does_nothing(tiny):
    assert tiny.installed()["tinybase"] in {"1.0", "2.0"}
    before = tiny.stamp.stat().st_mtime_ns
    done = tiny.set_up()
    assert (done.returncode, done.stdout) == (0, "venv/ is ready.\n")
    assert tiny.set_up("--quiet").stdout == ""
    assert tiny.stamp.stat().st_mtime_ns == before
    assert not (tiny.folder / "venv/.cache").exists()


def test_an_extra_stays_when_others_are_asked_for(tiny):
    assert tiny.set_up("dev").returncode == 0
    assert "tinytest" in tiny.installed()
    assert json.loads(tiny.stamp.read_text())["extras"] == ["dev", "rag"]
    assert tiny.set_up("rag").stdout == "venv/ is ready.\n"


def test_semantic_search_is_part_of_a_plain_installation_and_gpu_takes_its_place(tiny):
    assert "tinyrag" in tiny.installed()
    before = tiny.stamp.read_text()
    for asked, extras in (("gpu", ["dev", "gpu"]), ("dev", ["dev", "gpu"]), ("rag", ["dev", "rag"])):
        assert tiny.set_up(asked).returncode == 0
        assert json.loads(tiny.stamp.read_text())["extras"] == extras
        assert "tinyrag" in tiny.installed()
    assert tiny.stamp.read_text() == before


def test_a_new_pin_is_followed(tiny):
    for number in ("2.0", "1.0"):
        tiny.pin(number)
        assert tiny.set_up().returncode == 0
        assert tiny.installed()["tinybase"] == number


def cut_off_while_a_package_is_written(tiny):
    (tiny.site / "tinybase-1.0.dist-info/RECORD").unlink()
    (tiny.site / "tinybase.py").unlink()
    (tiny.site / "~inytest").mkdir()
    tiny.stamp.write_text('{"hash": "", "extras": ["test"], "torch": ""}')


def cut_off_while_pip_is_made(tiny):
    tiny.stamp.unlink()
    next(tiny.site.glob("pip-*.dist-info/RECORD")).unlink()
    shutil.rmtree(tiny.site / "pip/_vendor")


def its_python_is_gone(tiny):
    for name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        (tiny.folder / "venv/bin" / name).unlink(missing_ok=True)
        (tiny.folder / "venv/bin" / name).symlink_to("/nowhere/python")


def torn_stamp(tiny):
    tiny.stamp.write_text('{"hash": "a')


@pytest.mark.parametrize(
    "harm",
    [
        cut_off_while_a_package_is_written,
        cut_off_while_pip_is_made,
        its_python_is_gone,
        torn_stamp,
    ],
)
def test_what_is_half_done_is_mended(tiny, harm):
    harm(tiny)
    done = tiny.set_up("test")
    assert done.returncode == 0, done.stderr
    assert tiny.installed()["tinybase"] == "1.0"
    assert tiny.set_up().stdout == "venv/ is ready.\n"
    assert not list(tiny.site.glob("~*"))


def test_two_at_once_take_turns(tiny):
    tiny.stamp.unlink(missing_ok=True)
    command = [BASH, "venv.sh"]
    options = {
        "env": tiny.env,
        "cwd": tiny.folder,
        "text": True,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
    }
    both = [subprocess.Popen(command, **options) for _ in range(2)]
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum("Installing" in text for text in told) == 1
    assert sum("waiting for it" in text for text in told) <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["no extra named 'nonsense'", "test, rag, gpu"]),
        (["rag", "gpu"], ["exclude each other"]),
        (["--colour"], ["Unknown option: --colour", "bash venv.sh"]),
    ],
)
def test_a_wrong_word_is_explained(tiny, arguments, words):
    done = tiny.set_up(*arguments)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


def test_what_pip_cannot_find_is_explained(tiny):
    tiny.pin("9.9")
    done = tiny.set_up()
    tiny.pin("1.0")
    assert done.returncode == 1
    assert re.search(r"tinybase\W+9\.9", done.stderr)
    assert "run again (it goes on where it stopped): bash venv.sh" in done.stderr
    assert tiny.set_up().returncode == 0


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path):
    clone = Tiny(tmp_path)
    (clone.folder / "venv").mkdir()
    (clone.folder / "venv/diary.txt").write_text("mine")
    done = clone.set_up()
    assert done.returncode == 1
    assert "diary.txt" in done.stderr
    assert (clone.folder / "venv/diary.txt").read_text() == "mine"


# -- run.sh ------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@posix_only
@pytest.mark.parametrize("port", ["0", "65536", "080", "99999999999", "80a", "a", " 80", "1.5", "八", "80;ls", "$(id)"])
def test_a_bad_port_is_refused(tmp_path, port):
    done = shell(copy_scripts(tmp_path / "clone"), "run.sh", port, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 2
    assert "must be a number from 1 to 65535" in done.stderr
    assert done.stdout == ""


@posix_only
def test_a_port_in_use_is_said_at_once(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = shell(copy_scripts(tmp_path / "clone"), "run.sh", str(port), env={"PATH": os.environ["PATH"]})
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "bash run.sh " in done.stderr


def test_run_starts_the_server_of_its_own_folder(tiny):
    port = free_port()
    done = shell(tiny.folder, "run.sh", str(port), "--no-ui", env=tiny.env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{tiny.folder} serve --port {port} --no-ui"
