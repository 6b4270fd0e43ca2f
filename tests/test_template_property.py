"""Instructions against CPython: hypothesis writes f-strings, CPython says what they are.

``AKACHAT_EXAMPLES=2000 venv/bin/python -m pytest tests/test_template_property.py`` tries harder than CI does.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akachat.errors import InstructionError
from akachat.template import Sandbox, Scope

EXAMPLES = int(os.environ.get("AKACHAT_EXAMPLES", "300"))
INPUT = "こんにちは, world {x} 'quoted' \"too\" \\n 🙂"

common = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class Renderer:
    """A sandbox and a loop of its own, for tests that are not async themselves."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.sandbox = Sandbox(workers=1)

    def __call__(self, instruction: str) -> str:
        return self.runner.run(self.sandbox.render(instruction, Scope(input=INPUT))).text

    def close(self) -> None:
        self.runner.run(self.sandbox.aclose())
        self.runner.close()


@pytest.fixture(scope="module")
def render() -> Iterator[Renderer]:
    renderer = Renderer()
    yield renderer
    renderer.close()


# What CPython 3.11 can read in rf'''…''': no backslash and no ''' inside a field, quotes inside are not reused.

characters = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\r\0")
literals = (
    st.text(st.one_of(st.sampled_from("{}\\'\"\n !:=#rsaf日本語"), characters), max_size=12)
    .filter(lambda s: "'''" not in s)
    .map(lambda s: s.replace("{", "{{").replace("}", "}}"))
)
plain = st.text(
    st.one_of(
        st.sampled_from("ab 日é🙂"),
        st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"], exclude_characters="\"'\\{}"),
    ),
    max_size=6,
)
strings = plain.map(lambda s: f'"{s}"')
integers = st.integers(-(10**12), 10**12)
floats = st.floats(allow_nan=True, allow_infinity=True, width=64)
numbers = st.one_of(integers.map(str), floats.map(lambda f: repr(f) if f == f and abs(f) < 1e300 else 'float("nan")'))
names = st.sampled_from(
    ["input", "len(input)", "input.upper()", "input[::-1]", "input[2:7]", "input.split()", "True", "None"]
)
atoms = st.one_of(strings, numbers, names)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    space = st.sampled_from(["", " ", "  ", "\n", " \n "])
    operator = st.sampled_from(["+", "==", "!=", "<", "and", "or", "in", "is not", "%", "-", "//", "|", "not in"])
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.integers(-1, 3)).map(lambda t: f"({t[0]} * {t[1]})"),  # CPython has no limit of memory
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.lists(inner, max_size=3).map(lambda xs: f"[{', '.join(xs)}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda xs: f"({', '.join(xs)},)"),
        st.lists(st.tuples(strings, inner), max_size=2).map(
            lambda xs: " {" + ", ".join(f"{k}: {v}" for k, v in xs) + "} "
        ),
        st.tuples(space, inner, space).map("".join),
        inner.map(lambda x: f"(lambda v: v)({x})"),
        inner.map(lambda x: f"(lambda v, *, w=1: (v, w))({x})"),
        inner.map(lambda x: f"(y := {x})"),
        inner.map(lambda x: f"[v for v in [{x}, 1] if v]"),
        inner.map(lambda x: f'", ".join(str(v) for v in ({x}, 2))'),
        inner.map(lambda x: f"str({x}).strip()"),
        inner.map(lambda x: f"repr({x})[:20]"),
        inner.map(lambda x: f"iif({x}, {x})"),
        inner.map(lambda x: f"sorted(str({x}), key=lambda c: c)[:3]"),
        inner.map(lambda x: f"{{str({x})}}").map(lambda x: f" {x} "),
        st.tuples(inner, plain)
        .filter(lambda t: '"' not in t[0] and "\n" not in t[0])
        .map(lambda t: f'f"{t[1]}{{{t[0]}}}"'),
        st.tuples(inner, plain)
        .filter(lambda t: '"' not in t[0] and "\n" not in t[0])
        .map(lambda t: f'f"{{{t[0]}!r:>5}}{t[1]}"'),
    )


expressions = st.recursive(atoms, compound, max_leaves=5)
specs = st.one_of(
    st.sampled_from(
        [
            "",
            ">10",
            "^12",
            "*<8",
            "08",
            "+",
            ",",
            "_",
            "d",
            "x",
            "#o",
            "b",
            ".2f",
            "10.3e",
            "%",
            "g",
            "s",
            ".3",
            "é^9",
            "c",
            "n",
        ]
    ),
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", "*<", ">", "^", "=", "0="]),
            st.sampled_from(["", "+", "-", " "]),
            st.sampled_from(["", "#"]),
            st.sampled_from(["", "0"]),
            st.sampled_from(["", "1", "7", "12", "{3 + 4}", "{len(input)}"]),
            st.sampled_from(["", ",", "_"]),
            st.sampled_from(["", ".0", ".2", ".{1+2}"]),
            st.sampled_from(["", "d", "f", "e", "g", "s", "x", "X", "b", "o", "%", "c", "G", "E", "F"]),
        ),
    ),
)


def field(expression: str, equals: str, conversion: str, spec: str | None) -> str:
    start = " " if expression.startswith("{") else ""
    return f"{{{start}{expression}{equals}{conversion}{'' if spec is None else ':' + spec}}}"


fields = st.builds(
    field,
    expressions,
    st.sampled_from(["", "", "", "=", " = "]),
    st.sampled_from(["", "", "", "!r", "!s", "!a"]),
    st.one_of(st.none(), st.none(), specs),
)
instructions = st.lists(st.one_of(literals, fields), max_size=5).map("".join)


def judge(instruction: str) -> str | None:
    """What CPython makes of it; None where it raises."""

    def iif(expr: Any, t: Any, f: Any = "") -> Any:
        return t if expr else f

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text: str = eval(f"rf'''{instruction}.'''", {"input": INPUT, "iif": iif})
        except Exception:
            return None
    return text[:-1]


@common
@given(instruction=instructions)
def test_cpython_agrees(render: Renderer, instruction: str) -> None:
    expected = judge(instruction)
    try:
        text: str | None = render(instruction)
    except InstructionError:
        text = None
    assert text == expected


@common
@given(value=st.one_of(integers, floats, plain, st.booleans()), spec=specs)
def test_formats_agree(render: Renderer, value: Any, spec: str) -> None:
    written = (
        f'float("{value}")' if isinstance(value, float) else f'"{value}"' if isinstance(value, str) else repr(value)
    )
    instruction = f"{{{written}:{spec}}}"
    expected = judge(instruction)
    try:
        text: str | None = render(instruction)
    except InstructionError:
        text = None
    assert text == expected
