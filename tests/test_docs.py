"""The documentation is run, so that it cannot rot; and both languages say the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from akachat import Options, Playground, RunRequest, Settings, __version__
from akachat.backends.preset import build_preset, checked_entry
from akachat.cli.start import COMMANDS
from akachat.errors import AkachatError
from akachat.functions import BUILTINS
from tests.serving import Server

ROOT = Path(__file__).resolve().parents[1]
JAPANESE, ENGLISH = ROOT / "README.ja.md", ROOT / "README.md"
MODELS, MODELS_JAPANESE = ROOT / "docs" / "models.md", ROOT / "docs" / "models.ja.md"
DOCUMENTS = [ENGLISH, JAPANESE, MODELS, MODELS_JAPANESE, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
ADDRESS = "http://127.0.0.1:50000"
ARROW = " →"


@dataclass(frozen=True)
class Block:
    """One piece of code in a document."""

    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.language}: {self.code.splitlines()[0][:40]}"


def blocks(document: Path) -> list[Block]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(language, code) for language, code in found]


def of(language: str, document: Path = JAPANESE) -> list[Block]:
    return [block for block in blocks(document) if block.language == language]


def shape(document: Path) -> list[str]:
    """A document without its words: the kind of every line."""
    text = re.sub(r"^```.*?^```$", "```", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    kinds = (re.match(r"#+ |- |\||```|!\[", line) for line in text.splitlines())
    return [kind[0] if kind else "text" if line else "" for kind, line in zip(kinds, text.splitlines(), strict=True)]


# both languages


@pytest.mark.parametrize(
    ("english", "japanese"), [(ENGLISH, JAPANESE), (MODELS, MODELS_JAPANESE)], ids=["README", "models"]
)
def test_both_languages_have_the_same_code_and_the_same_shape(english: Path, japanese: Path) -> None:
    assert blocks(english) == blocks(japanese)
    assert shape(english) == shape(japanese)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    anchors = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif "://" not in target:
            assert (document.parent / target).exists(), target


# the language


@pytest.mark.parametrize("line", [line for b in of("text") for line in b.code.splitlines() if ARROW in line])
async def test_an_example_of_the_language(playground: Playground, line: str) -> None:
    instruction, _, expected = line.partition(ARROW)
    request = RunRequest(instruction=instruction.rstrip(), input="りんご", variables={"name": "あか"})
    assert (await playground.render(request)).text == expected.removeprefix(" ")


@pytest.mark.slow
@pytest.mark.parametrize("block", [b for b in of("text") if ARROW not in b.code], ids=str)
async def test_a_longer_example_of_the_language(playground: Playground, block: Block) -> None:
    write_functions(playground.workspace.functions_dir)
    rendered = await playground.render(RunRequest(instruction=block.code, input="りんご"))
    assert not any(call.error for call in rendered.calls)
    if "msgf" in block.code:
        roles = [message.role for message in rendered.messages]
        assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


def write_functions(folder: Path) -> None:
    """The files that the documentation shows, where it says that they belong."""
    for block in of("python"):
        found = re.match(r"# functions/(\w+\.py)\n", block.code)
        if found:
            folder.mkdir(exist_ok=True)
            (folder / found[1]).write_text(block.code, encoding="utf-8")


def test_every_function_is_in_the_table() -> None:
    table = re.findall(r"^\| `(\w+)[(.]", JAPANESE.read_text("utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(info.name for info in BUILTINS)


# what a reader copies


def is_set_up(block: Block) -> bool:
    """What makes the environment that these tests run in, or serves without an end: tested elsewhere."""
    return block.code.startswith("bash ")


def here(code: str, server: Server) -> str:
    return code.replace(ADDRESS, server.url).replace("venv/bin/python", f"'{sys.executable}'")


def run(command: list[str], server: Server) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "AKACHAT_WORKSPACE": str(server.root), "PYTHONPATH": str(ROOT), "no_proxy": "*"}
    return subprocess.run(
        command,
        cwd=server.root,
        env=environ,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
@pytest.mark.parametrize("block", [b for b in (*of("bash"), *of("bash", MODELS)) if not is_set_up(b)], ids=str)
def test_shell_examples_work(server: Server, block: Block) -> None:
    strict = 'set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; echo; }\n'
    done = run(["bash", "-c", strict + here(block.code, server)], server)
    assert done.returncode == 0, done.stdout
    assert "error" not in done.stdout
    assert done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("block", [b for b in of("python") if not b.code.startswith("# functions/")], ids=str)
def test_python_examples_work(server: Server, block: Block) -> None:
    done = run([sys.executable, "-c", here(block.code, server)], server)
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip()


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("block", of("console"), ids=str)
def test_console_examples_print_what_is_shown(server: Server, block: Block) -> None:
    command, _, expected = block.code.partition("\n")
    done = run(["bash", "-c", here(command.removeprefix("$ "), server)], server)
    assert done.stdout == expected


def test_json_examples_are_valid() -> None:
    options, settings = (json.loads(block.code) for block in of("json"))
    assert not Options.parse(options).unknown
    assert not Settings.build(settings, {}).unknown


def test_the_json_of_the_page_of_models_is_what_it_says() -> None:
    settings, options, presets = (json.loads(block.code) for block in of("json", MODELS))
    assert not Settings.build(settings, {}).unknown
    assert not Options.parse(options).unknown
    for name, entry in presets.items():
        fields, told = checked_entry(name, entry)
        assert build_preset(fields, name).name == name
        assert not told


def test_every_address_in_the_table_exists(server: Server) -> None:
    paths = server.http.get("/openapi.json").json()["paths"]
    named = re.findall(r"`(GET|POST) (/[\w/]+)`", JAPANESE.read_text("utf-8"))
    assert len(named) >= 8
    for method, path in named:
        assert method.lower() in paths[path], path


def test_the_options_and_limits_that_are_named_exist() -> None:
    text = JAPANESE.read_text("utf-8")
    section = text.partition("## オプション")[2].partition("\n## ")[0].rpartition("\n\n")[2]
    names = re.findall(r"`(\w+)`", section)
    assert len(names) >= 8
    assert set(names) <= set(Options.model_fields)


# the other documents


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions[0] == __version__


def test_contributing_shows_the_rooms_as_they_are() -> None:
    shown = re.findall(r"^  (\w+(?:\.py|/))\s", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    there = {
        p.name if p.is_file() else f"{p.name}/"
        for p in (ROOT / "akachat").iterdir()
        if not p.name.startswith("__") and (p.is_dir() or p.suffix == ".py")
    }
    assert sorted(shown) == sorted(there)


def test_commands_are_shown_with_their_real_names() -> None:
    text = JAPANESE.read_text("utf-8")
    assert set(re.findall(r"-m akachat (\w+)", text)) <= set(COMMANDS)


async def test_the_sample_works_as_the_readme_promises(playground: Playground) -> None:
    try:
        finished = await playground.run(RunRequest("sample", input="こんにちは。お名前は？"))
    except AkachatError as error:
        pytest.fail(str(error))
    assert "あか" in finished.result
