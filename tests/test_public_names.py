"""What the package offers: `__all__` is sorted, complete and documented, everywhere."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import akachat

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "akachat").rglob("*.py"))
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def exported(path: Path) -> list[str] | None:
    for node in parsed(path).body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]:
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def bound(path: Path) -> set[str]:
    """The names that a module's top level binds, one level of `if` and `try` included."""
    names: set[str] = set()
    for top in parsed(path).body:
        for node in [top, *(ast.iter_child_nodes(top) if isinstance(top, (ast.If, ast.Try)) else [])]:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                names.add(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {t.id for t in targets if isinstance(t, ast.Name)}
    return names


def order(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions, as the linter sorts them."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def definitions(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    for child in node.body:
        if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not child.name.startswith("_"):
            decorators = {ast.unparse(d) for d in child.decorator_list}
            if "overload" not in decorators and not any(d.endswith(".setter") for d in decorators):
                yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from definitions(child, f"{prefix}{child.name}.")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_all_is_sorted_and_every_name_is_there(path: Path) -> None:
    names = exported(path)
    if names is not None:
        assert names == sorted(set(names), key=order)
        assert set(names) <= bound(path)


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.name == "__init__.py" and p.parent.name != "akachat"], ids=name_of
)
def test_a_package_exports_what_it_imports(path: Path) -> None:
    public = {name for name in bound(path) if not name.startswith("_")} - {"annotations", "TYPE_CHECKING"}
    ours = {
        alias.asname or alias.name
        for node in parsed(path).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("akachat")
        for alias in node.names
    }
    assert ours <= set(exported(path) or []) <= public


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_public_name_is_documented(path: Path) -> None:
    assert ast.get_docstring(parsed(path)), "the module says nothing about itself"
    assert not [name for name, node in definitions(parsed(path)) if not ast.get_docstring(node)]


def test_the_packages_own_names_load_and_are_documented() -> None:
    assert akachat.__all__ == sorted(akachat.__all__, key=order)
    for name in akachat.__all__:
        value = getattr(akachat, name)
        assert inspect.getdoc(value), name
        if not isinstance(value, type(akachat)):
            assert name in importlib.import_module(value.__module__).__all__, f"{name} is not public in its room"
    assert set(akachat.__all__) <= set(dir(akachat))


def test_all_errors_are_the_packages_own_names() -> None:
    assert set(importlib.import_module("akachat.errors").__all__) <= set(akachat.__all__)


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Playgroud'"):
        _ = akachat.Playgroud  # type: ignore[attr-defined]
