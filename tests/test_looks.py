"""Fields that the host answers itself give what the sandbox gives, character for character."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akachat.errors import AkachatError
from akachat.messages import Message
from akachat.template import RenderLimits, Sandbox, Scope


class Variables(dict[str, str]):
    def get(self, key: str) -> str:  # type: ignore[override]
        return self[key]


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(RenderLimits(seconds=2), workers=1) as made:
        yield made


TEXTS = ["", "a", " Hello, World ", "りんご\n", "'quoted' \"both\"", "ﬃ ß İ", "x" * 50]
EXPRESSIONS = [
    *("input[:3]", "input[::-1]", "input[-2:]", "input[1:4:2]", "input[0]", "input[-1]", "input[99]", "input[::0]"),
    *("len(input)", "len(input.strip())", "len(var.a + input)", "len(msgf(input))", "len(5)", "len()"),
    *("input + '!'", "input + var.a", "input + 1", "'a' 'b' + input"),
    *("input.upper()", "input.lower().title()", "input.strip()[:2]", "input.swapcase()", "input.upper(1)"),
    *("input == 'a'", "input != ''", "'o' in input", "'z' not in input", "len(input) == 1", "'a' < input < 'z'"),
    *("input or 'nothing'", "input and 'something'", "not input", "'x' if input else var.a", "input or var.a or 'c'"),
    *("iif(input == 'a', input.upper(), len(input))", "test(input[:1])", "msgf('user: ' + input)", "msgf(len(input))"),
    *("input!r", "input[:2]!r", "input!a", "input!s", "len(input)!r", "msgf(input)!r", "(input == 'a')!s", "var.a!r"),
    *(
        "msgf(input) or 'none'",
        "msgf('a')[0]",
        "not msgf(input)",
        "msgf(input) == 'a'",
        "input if msgf(input) else 'e'",
    ),
]


async def outcome(sandbox: Sandbox, instruction: str, text: str) -> tuple[object, ...]:
    try:
        rendering = await sandbox.render(instruction, Scope(input=text, variables=Variables(a="A b")))
    except AkachatError as error:
        return type(error), error.message
    parts = [part for part in rendering.parts if part]
    return rendering.text, [part if isinstance(part, str) else [m.to_dict() for m in part] for part in parts]


@pytest.mark.parametrize("expression", EXPRESSIONS)
async def test_the_host_answers_as_the_sandbox_does(sandbox: Sandbox, expression: str) -> None:
    for text in TEXTS:
        alone = await outcome(sandbox, f"{{{expression}}}", text)
        # A name that the author binds anywhere takes every field to the sandbox.
        forced = await outcome(sandbox, f"{{{expression}}}{{(bound := '')}}", text)
        assert alone == forced, (expression, text)


async def test_a_sum_that_grows_over_the_limit_is_the_sandboxes_matter() -> None:
    async with Sandbox(RenderLimits(text_length=1_000), workers=1) as small:
        long = "x" * 600
        assert (await outcome(small, "{len(input + input)}", long))[0] == "1200"
        assert "longer than" in str((await outcome(small, "{input + input}", long))[1])
        assert "longer than" in str((await outcome(small, "{input[:550]}{input[:550]}", long))[1])


async def test_many_fields_that_compute_go_to_the_sandbox_together(sandbox: Sandbox) -> None:
    rendering = await sandbox.render("{len(input)}," * 100, Scope(input="abc"))
    assert rendering.text == "3," * 100
    spans = {span.origin for span in rendering.spans}
    assert spans == {"input", "literal"}


async def test_messages_that_are_chosen_stay_messages(sandbox: Sandbox) -> None:
    rendering = await sandbox.render("{msgf('ai: hi') or input}", Scope(input="x"))
    assert rendering.parts == ((Message("assistant", "hi"),),)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec="utf-8", max_codepoint=0x3100), max_size=12),
    start=st.integers(-15, 15) | st.none(),
    stop=st.integers(-15, 15) | st.none(),
    step=st.integers(-3, 3) | st.none(),
)
async def test_slices_are_those_of_python(
    sandbox: Sandbox, text: str, start: int | None, stop: int | None, step: int | None
) -> None:
    bounds = ":".join("" if bound is None else str(bound) for bound in (start, stop, step))
    expected = None if step == 0 else text[start:stop:step]
    found = await outcome(sandbox, f"{{input[{bounds}]}}", text)
    assert found[0] == expected if expected is not None else "slice step" in str(found[1])
