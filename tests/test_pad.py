"""The scratch pad: ten instructions that may hold each other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import AkachatError, FileError, InvalidInput
from akachat.pad import FIELDS
from akachat.playground import Playground
from akachat.request import RunRequest

REQUEST = RunRequest(input="りんご", is_draft=True)


@pytest.fixture
async def playground(tmp_path: Path) -> AsyncIterator[Playground]:
    async with Playground(tmp_path, environ={}) as playground:
        yield playground


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"var1": "plain"}, {"var1": "plain"}),
        ({"var1": "<{var2}>", "var2": "{input}"}, {"var1": "<りんご>", "var2": "りんご"}),
        ({"var1": "{var3}{var2}", "var2": "b{var3}", "var3": "c"}, {"var1": "cbc", "var2": "bc", "var3": "c"}),
        ({"var10": "{var9.upper()!r}", "var9": "ab"}, {"var10": "'AB'", "var9": "ab"}),
        # a text is data: what looks like a field in it is none
        ({"var1": "{var2}", "var2": "{{input}}"}, {"var1": "{input}", "var2": "{input}"}),
        # an empty field is an empty text, and a name that the instruction binds itself is its own
        ({"var1": "[{var2}]"}, {"var1": "[]"}),
        ({"var1": "{[var2 for var2 in 'xy']}", "var2": "z"}, {"var1": "['x', 'y']", "var2": "z"}),
        ({"var1": "{var2=}", "var2": "z"}, {"var1": "var2='z'", "var2": "z"}),
        ({"var1": "a\n{var2}", "var2": "{'b'}\nc"}, {"var1": "a\nb\nc", "var2": "b\nc"}),
    ],
)
async def test_fields_hold_each_other(playground: Playground, fields: dict[str, str], texts: dict[str, str]) -> None:
    found = await playground.pad.render(fields, REQUEST)
    assert {name: field.text for name, field in found.items()} == texts
    assert all(field.error is None for field in found.values())


@pytest.mark.parametrize(
    ("fields", "name", "message", "line", "column"),
    [
        ({"var1": "x {var1}"}, "var1", "var1 holds itself: var1 → var1", 1, 4),
        ({"var1": "{var2}", "var2": "\n{var1}"}, "var1", "var2, which it holds, has an error", 1, 2),
        ({"var1": "{var2} {inptu}", "var2": "a"}, "var1", "The name 'inptu' is not defined", 1, 9),
        ({"var1": "{var2}\n {1/0}", "var2": "a"}, "var1", "division by zero", 2, 3),
        ({"var1": "{var2} {1/0}", "var2": "a"}, "var1", "division by zero", 1, 9),
        ({"var1": "{var2}", "var2": "{"}, "var1", "var2, which it holds, has an error", 1, 2),
        ({"var1": "{var11}"}, "var1", "The name 'var11' is not defined", 1, 2),
    ],
)
async def test_what_is_wrong_is_told_where_it_is(
    playground: Playground, fields: dict[str, str], name: str, message: str, line: int, column: int
) -> None:
    found = await playground.pad.render({**fields, "var9": "fine"}, REQUEST)
    error = found[name].error
    assert error is not None
    assert error.message.startswith(message)
    assert (error.line, error.column) == (line, column)
    assert found["var9"].text == "fine"


async def test_a_circle_is_an_error_in_each_of_its_fields(playground: Playground) -> None:
    found = await playground.pad.render({"var1": "{var2}", "var2": "{var3}", "var3": "{var1}"}, REQUEST)
    assert all(field.error is not None for field in found.values())


@pytest.mark.parametrize("fields", [{"var11": "x"}, {"x": ""}, {"var1": 3}, {"var1": None}])
async def test_other_fields_are_refused(playground: Playground, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await playground.pad.render(fields, REQUEST)
    with pytest.raises(InvalidInput):
        await playground.pad.save(fields)


async def test_saved_as_one_json_and_read_back(playground: Playground, tmp_path: Path) -> None:
    assert playground.pad.load() == dict.fromkeys(FIELDS, "")
    await playground.pad.save({"var2": "こんにちは {input}"})
    assert json.loads((tmp_path / "var" / "varn.json").read_text("utf-8")) == {"var2": "こんにちは {input}"}
    assert playground.pad.load() == {**dict.fromkeys(FIELDS, ""), "var2": "こんにちは {input}"}
    assert "varn" not in playground.list_variables()


@pytest.mark.parametrize("text", ["{", "[]", '{"var1": 2}', '{"x": "y"}'])
def test_a_broken_file_is_told(tmp_path: Path, text: str) -> None:
    playground = Playground(tmp_path, environ={})
    (tmp_path / "var" / "varn.json").write_text(text, "utf-8")
    with pytest.raises(FileError, match=r"varn\.json"):
        playground.pad.load()


async def test_a_field_runs_with_what_it_holds(playground: Playground) -> None:
    fields = {"var1": "Your name is {var2}.", "var2": "Aka"}
    request = await playground.pad.request(fields, "var1", RunRequest(input="What is your name?", is_draft=True))
    rendered = await playground.render(request)
    assert rendered.text == "Your name is Aka."
    with pytest.raises(InvalidInput, match="var3"):
        await playground.pad.request(fields, "var3", request)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(alphabet="{}var123 a=:!'\n", max_size=24)))
def test_any_text_ends_in_a_text_or_an_error(fields: dict[str, str]) -> None:
    import asyncio
    import tempfile

    async def render() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with Playground(folder, environ={}) as playground:
                found = await playground.pad.render(fields, REQUEST)
                for name, field in found.items():
                    assert field.error is None or isinstance(field.error, AkachatError)
                    assert name in fields

    asyncio.run(render())
