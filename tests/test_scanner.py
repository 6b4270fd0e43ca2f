"""The scanner: what is a literal and what a field, where each stands, and what is told about a mistake."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import InstructionError
from akachat.template import Field, Literal, Sandbox, scan

# What a part is in short: a literal's text, or a field's expression, conversion, spec and debug text.
LITERALS = [
    ("", []),
    ("plain", ["plain"]),
    ("{{a}}", ["{a}"]),
    ("{{{{", ["{{"]),
    (r"back\slash \n", [r"back\slash \n"]),
    ("'quotes' \"\"\" '''", ["'quotes' \"\"\" '''"]),
    ("{a}", [("a", "", None, "")]),
    (r"\{a}", ["\\", ("a", "", None, "")]),
    ("{{{a}}}", ["{", ("a", "", None, ""), "}"]),
    ("{ a }", [(" a ", "", None, "")]),
    ("{a!r}", [("a", "r", None, "")]),
    ("{a!s:>5}", [("a", "s", [">5"], "")]),
    ("{a:}", [("a", "", [], "")]),
    ("{a:{b}}", [("a", "", [("b", "", None, "")], "")]),
    ("{a:x{b!r:{c}}y}", [("a", "", ["x", ("b", "r", [("c", "", None, "")], ""), "y"], "")]),
    ("{a=}", [("a", "", None, "a=")]),
    ("{ a = !r}", [(" a ", "r", None, " a = ")]),
    ("{a = :>5}", [("a ", "", [">5"], "a = ")]),
    ("{a==b}", [("a==b", "", None, "")]),
    ("{a!=b}", [("a!=b", "", None, "")]),
    ("{a<=b}{a>=b}", [("a<=b", "", None, ""), ("a>=b", "", None, "")]),
    ("{f(a=1)}", [("f(a=1)", "", None, "")]),
    ("{a:=5}", [("a", "", ["=5"], "")]),
    ("{(a:=5)}", [("(a:=5)", "", None, "")]),
    ("{d['k']}", [("d['k']", "", None, "")]),
    ("{d[1:2]}", [("d[1:2]", "", None, "")]),
    ("{(lambda x: x)(1)}", [("(lambda x: x)(1)", "", None, "")]),
    ("{ {'a': 1}['a'] }", [(" {'a': 1}['a'] ", "", None, "")]),
    ("{'}'}", [("'}'", "", None, "")]),
    ("{'''}'''}", [("'''}'''", "", None, "")]),
    (r"{'\''}", [(r"'\''", "", None, "")]),
    (r"{r'\''}", [(r"r'\''", "", None, "")]),
    ("{a # } comment\n}", [("a # } comment\n", "", None, "")]),
    ("{f'{a}'}", [("f'{a}'", "", None, "")]),
    ("{f'{f'{f'{a}'}'}'}", [("f'{f'{f'{a}'}'}'", "", None, "")]),
    ("{f'{a['b']}'}", [("f'{a['b']}'", "", None, "")]),
    ("{f'{{}}{a!r:>{w}}'}", [("f'{{}}{a!r:>{w}}'", "", None, "")]),
    (r"{f'\N{LATIN SMALL LETTER A}'}", [(r"f'\N{LATIN SMALL LETTER A}'", "", None, "")]),
    ("{a\n+\nb}", [("a\n+\nb", "", None, "")]),
    ("{変数.あか}", [("変数.あか", "", None, "")]),
    ("{x:%Y年%m月}", [("x", "", ["%Y年%m月"], "")]),
]

# Instruction, part of the message, line, column.
MISTAKES = [
    ("{", "never closed", 1, 1),
    ("a\nb {c", "never closed", 2, 3),
    ("}", "single '}'", 1, 1),
    ("a}b", "single '}'", 1, 2),
    ("{}", "no expression", 1, 1),
    ("{  }", "no expression", 1, 1),
    ("{!r}", "no expression", 1, 1),
    ("{:5}", "no expression", 1, 1),
    ("{=}", "no expression", 1, 1),
    ("{# only\n}", "no expression", 1, 1),
    ("{a!}", "conversion", 1, 3),
    ("{a!x}", "'x'", 1, 3),
    ("{a! r}", "conversion", 1, 3),
    ("{a!r5}", "'r5'", 1, 3),
    ("{a!r 5}", "expects", 1, 6),
    ("{a=5}", "After '='", 1, 4),
    ("{a:{b}", "never closed", 1, 1),
    ("{a:{}}", "no expression", 1, 4),
    ("{(a}", "does not close '('", 1, 4),
    ("{(a", "'(' is never closed", 1, 2),
    ("{[a)]}", "does not close '['", 1, 4),
    ("{a)}", "closes nothing", 1, 3),
    ("{'a}", "string is never closed", 1, 2),
    ("{'a\n'}", "string is never closed", 1, 2),
    ("{a # b}", "comment", 1, 1),
    ("{f'{'}", "string is never closed", 1, 5),
    ("{f'}'}", "nested f-string", 1, 4),
    ("{f'{}'}", "no expression", 1, 4),
    ("{" + "(" * 101, "too deeply", 1, 102),
]


def short(parts: tuple[Literal | Field, ...]) -> list[object]:
    return [
        p.text
        if isinstance(p, Literal)
        else (p.expression, p.conversion, None if p.spec is None else short(p.spec), p.debug)
        for p in parts
    ]


@pytest.mark.parametrize(("instruction", "expected"), LITERALS)
def test_parts(instruction: str, expected: list[object]) -> None:
    assert short(scan(instruction)) == expected


@pytest.mark.parametrize(("instruction", "message", "line", "column"), MISTAKES)
def test_mistakes_have_a_place(instruction: str, message: str, line: int, column: int) -> None:
    with pytest.raises(InstructionError, match=message.replace("(", r"\(").replace("[", r"\[")) as caught:
        scan(instruction)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_parts_know_their_lines() -> None:
    parts = scan("一\n二{a}\n\n  {b\n}{c}")
    assert [(p.line, p.column) for p in parts] == [(1, 1), (2, 2), (2, 5), (4, 3), (5, 2)]


@pytest.mark.parametrize(
    "expression",
    [
        "f'a{x!r:>{w}}b' + 'c' f\"{ y = }\" 'd'",
        "f'{x}{y:{z=}}'",
        "f'''{\nx # }\n}''' 'b'",
        "[f'{a}' 'b' for a in f'{c}']",
        "f''",
        "rf'\\{a}' + f'\\{{{b}'",
        "g(f'{a}', k=f'{b!a}')",
        "f'{f'{f\"{1 + 1}\"}'}'",
        "d[f'{k}']",
    ],
)
def test_what_ast_reads_stands_where_the_author_wrote_it(expression: str) -> None:
    """Every name of a nested f-string is found at its own offset, also on Pythons without PEP 701."""
    (field,) = scan("{" + expression + "}")
    assert isinstance(field, Field)
    assert len(field.readable) == len(expression)
    lines = expression.split("\n")
    names = [n for n in ast.walk(ast.parse(f"({field.readable}\n)", mode="eval")) if isinstance(n, ast.Name)]
    for name in names:
        column = name.col_offset - (1 if name.lineno == 1 else 0)
        assert lines[name.lineno - 1][column:].startswith(name.id)


def covered(parts: tuple[Literal | Field, ...], text: str) -> str:
    for part in parts:
        if isinstance(part, Field) and part.spec is not None:
            start = part.end - 1 - sum(p.end - p.start for p in part.spec)
            assert covered(part.spec, text) == text[start : part.end - 1]
    return "".join(text[part.start : part.end] for part in parts)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*"{}[]()'\"\\!:=#\n rsafxy1,.", "{{", "}}", "f'", 'f"', "'''", "{a}", "{a!r:>{b}}", "!=", "=="]
            ),
            st.characters(),
        ),
        max_size=40,
    ).map("".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but an InstructionError, always with a place inside the text; and parts cover all of it."""
    error = None
    parts: tuple[Literal | Field, ...] = ()
    try:
        parts = scan(text)
    except InstructionError as refused:
        error = refused
    if error is not None:
        assert error.message
        assert error.line is not None
        assert error.column is not None
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        return
    assert covered(parts, text) == text
    for part in parts:
        if isinstance(part, Field):
            assert len(part.readable) == len(part.expression)


PIECES = re.findall(
    r"\S+", """{ } ( ) [ ] ' " : = ! # , . lambda x y f' f" {a} := iif( llm( var. if else for in * **"""
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "\n"]), max_size=25).map(" ".join).map("{{{}}}".format))
def test_any_text_is_checked_without_a_crash(text: str) -> None:
    error = Sandbox().check(text)
    assert error is None or (error.line is not None and error.column is not None)
