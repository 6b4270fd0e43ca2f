"""The order of the rooms: each knows only those before it, and heavy libraries stay in their one room."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: From the ground up. The rooms of one row may not know each other; what is not named here fails the test.
ROWS = [
    ["errors"],
    ["defaults", "messages", "names", "decoding", "raw"],
    ["options", "files"],
    ["locks"],
    ["settings"],
    ["workspace"],
    ["importers", "sessions", "transcripts"],
    ["journal"],
    ["template"],
    ["exporters"],
    ["exchange"],
    ["functions"],
    ["backends", "retrieval"],
    ["request"],
    ["events"],
    ["conversation", "live"],
    ["asking", "host", "keeping", "summaries"],
    ["trimming", "pad"],
    ["run"],
    ["records"],
    ["speech", "batch"],
    ["playground"],
    ["api", "ui"],
    ["server"],
    ["cli", "notebook"],
    ["__main__"],
]
LEVEL = {room: level for level, row in enumerate(ROWS) for room in row}

#: Inside one room: parts that are chosen between at run time and so never know each other.
PARTS = [("akachat.backends.local", "akachat.backends.openai", "akachat.backends.gguf")]

#: A library and the places that may import it.
HEAVY = {
    "torch": ["akachat.backends.local", "akachat.backends.embedded", "akachat.retrieval.embedding"],
    "transformers": ["akachat.backends.local", "akachat.backends.embedded"],
    "peft": ["akachat.backends.local"],
    "accelerate": ["akachat.backends.local"],
    "bitsandbytes": ["akachat.backends.local"],
    "safetensors": ["akachat.backends.local", "akachat.backends.embedded"],
    "tokenizers": ["akachat.backends.local", "akachat.backends.embedded"],
    "openai": ["akachat.backends.openai"],
    "aiohttp": ["akachat.backends.openai", "akachat.backends.gguf", "akachat.retrieval.sources"],
    "xllamacpp": ["akachat.backends.gguf"],
    "pydantic_monty": ["akachat.template"],
    "faiss": ["akachat.retrieval"],
    "tantivy": ["akachat.retrieval"],
    "pypdfium2": ["akachat.retrieval.reading"],
    "docx": ["akachat.retrieval.reading"],
    "pptx": ["akachat.retrieval.reading"],
    "openpyxl": ["akachat.retrieval.reading", "akachat.batch"],
    "bs4": ["akachat.retrieval.reading"],
    "lxml": ["akachat.retrieval.reading"],
    "onnx": ["akachat.retrieval.embedding"],
    "onnxruntime": ["akachat.retrieval.embedding"],
    "sentence_transformers": ["akachat.retrieval.embedding"],
    "langchain_community": ["akachat.retrieval"],
    "langchain_core": ["akachat.retrieval"],
    "gradio": ["akachat.ui"],
    "fastapi": ["akachat.api", "akachat.server"],
    "uvicorn": ["akachat.server"],
}

#: Places that import our own modules by name while they run, each for a reason written there.
LATE = {
    "akachat",
    "akachat.backends",
    "akachat.backends.local",
    "akachat.cli.bench",
    "akachat.cli.start",
    "akachat.functions.user",
    "akachat.retrieval.embedding.shelf",
    "akachat.retrieval.vectors",
    "akachat.retrieval",
    "akachat.retrieval.reading.kinds",
    "akachat.ui",
}
#: Doors that may import our own modules inside a function: what they open is heavy and often not wanted.
DOORS = {
    "akachat.backends.registry",
    "akachat.backends.local.loading.loader",
    "akachat.backends.local.worker",
    "akachat.server",
}


@dataclass(frozen=True)
class Import:
    """One import statement: who, what (a module's full name), where, and whether inside a function."""

    by: str
    of: str
    line: int
    inside: bool

    def __str__(self) -> str:
        return f"{self.by}:{self.line} imports {self.of}"


@cache
def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "akachat").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> list[Import]:
    return [found for name, path in modules().items() for found in _imports_of(name, path)]


def _imports_of(name: str, path: Path) -> Iterator[Import]:
    def visit(node: ast.AST, inside: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(name, alias.name, child.lineno, inside)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{name}:{child.lineno} imports relatively"
                for alias in child.names:
                    full = f"{child.module}.{alias.name}"
                    yield Import(name, full if full in modules() else child.module or "", child.lineno, inside)
            else:
                deeper = inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                yield from visit(child, deeper)

    yield from visit(ast.parse(path.read_text("utf-8")), False)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def own() -> list[Import]:
    """Imports of our own modules; the root package only re-exports names, and so stands below and above all."""
    return [i for i in imports() if i.of.partition(".")[0] == "akachat" and room(i.by) and room(i.of)]


def within(module: str, place: str) -> bool:
    return module == place or module.startswith(place + ".")


def test_every_room_has_its_place() -> None:
    assert {room(m) for m in modules() if room(m)} <= set(LEVEL)


def test_a_room_knows_only_those_before_it() -> None:
    wrong = [
        str(i) for i in own() if room(i.by) != room(i.of) and LEVEL.get(room(i.of), 99) >= LEVEL.get(room(i.by), -1)
    ]
    assert not wrong


def test_parts_of_a_room_do_not_know_each_other() -> None:
    wrong = [
        str(i)
        for i in own()
        for parts in PARTS
        for part in parts
        for other in parts
        if part != other and within(i.by, part) and within(i.of, other)
    ]
    assert not wrong


def test_no_module_imports_itself_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for i in own():
        graph[i.by].add(i.of)
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        assert name not in path, "a circle: " + " → ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, [*path, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def test_our_own_modules_are_imported_at_the_top() -> None:
    assert not [str(i) for i in own() if i.inside and i.by not in DOORS]
    late = {
        name
        for name, path in modules().items()
        if any(word in path.read_text("utf-8") for word in ("import_module(", "__import__("))
    }
    assert late <= LATE | DOORS


@pytest.mark.parametrize("library", sorted(HEAVY))
def test_a_heavy_library_stays_in_its_room(library: str) -> None:
    wrong = [
        str(i) for i in imports() if within(i.of, library) and not any(within(i.by, place) for place in HEAVY[library])
    ]
    assert not wrong


def loaded_by(statement: str) -> set[str]:
    """What a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.splitlines()[-1].split())  # help may stand before it


@pytest.mark.parametrize(
    "statement",
    [
        "from akachat import Playground",
        "import akachat.cli.run, akachat.cli.render, akachat.cli.prompt, akachat.cli.var, akachat.cli.chat",
    ],
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    heavy = {"torch", "transformers", "faiss", "gradio", "openai", "fastapi", "sentence_transformers", "peft"}
    assert not loaded_by(statement) & heavy


@pytest.mark.parametrize("statement", ["import akachat", "import akachat.cli; akachat.cli.main([])"])
def test_the_first_import_loads_no_library_at_all(statement: str) -> None:
    """`import akachat` and `akachat --help` take tens of milliseconds: pydantic alone would double that."""
    assert loaded_by(statement) - loaded_by("pass") - sys.stdlib_module_names == {"akachat"}
