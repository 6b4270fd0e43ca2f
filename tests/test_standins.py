"""What stands in for parts of Python that the sandbox's interpreter lacks, held against Python itself."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from akachat.template import HostFunction, Sandbox, Scope

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAMES: dict[str, Any] = {
    "input": "１２ apples\nand 3 pears",
    **{"re": re, "json": json, "math": math, "random": random},
    **{"datetime": datetime, "date": date, "timedelta": timedelta},
}


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(workers=1) as made:
        yield made


@pytest.mark.parametrize(
    "expression",
    [
        "round(2.675, 2), round(5.015, 2), round(-0.001, 2), round(0.5), round(2.5), round(1234.5678, -2), round(7, 1)",
        "round(1e300, 2), round(float('inf'), 2), round(1.1, 300), round(1/3, 20), list(map(round, [1.5, 2.5]))",
        "input.translate(str.maketrans('１２', '12'))",
        "'abc'.translate({97: 'z', 98: None, 99: 0x3042})",
        "'abc'.translate(str.maketrans('a', 'b', 'c')), str.maketrans({'a': 'b', 99: None})",
        "list(map('ab'.translate, [{97: 'x'}]))",
        r"re.sub(r'\d+', lambda m: str(int(m[0]) * 2), 'a 1 b 22', count=1)",
        r"re.sub('a', 'b', 'aA', flags=re.I), re.sub('B', str, 'b') if 0 else ''",
        r"re.sub(r'(\w)(\d)', r'\2\1', 'a1'), re.sub('[aeiou]', lambda m: m.group().upper(), input, flags=re.I)",
        "list(map(', '.join, [['a', 'b'], ['c']])), list(map({'a': 1}.get, 'ab')), list(filter('abc'.count, 'xb'))",
        "sorted({'a': 2, 'b': 1}, key={'a': 2, 'b': 1}.get), max('ab', key='bba'.count), min('ab', key='bba'.count)",
        "list(map(re.split, ['a'], ['bac'])), sorted('bA', key=str.lower), list(map(math.floor, [1.5]))",
        "[(lambda f: list(map(f, 'ab')))(str.upper), list(map((lambda s: s).__call__, 'a')) if 0 else 1]",
        "date(2026, 1, 1).isocalendar(), date(2027, 1, 1).isocalendar().week, datetime(2026, 3, 4).isocalendar()[2]",
        "[id for id in [1, 2]], {type: len for type, len in [(1, 2)]}, [str(round) for round in [1]], id(1) == id(1)",
        "[f'{open}' for open in 'ab'], sum(sum for sum in [1, 2]), [ascii for ascii in 'a'], [input for input in 'a']",
        "'{} {} {}'.format(*date(2024, 12, 30).isocalendar())",
        "datetime.fromtimestamp(86400.5) - datetime.fromtimestamp(0), date.fromtimestamp(86400 * 400).year",
    ],
)
async def test_python_agrees(sandbox: Sandbox, expression: str) -> None:
    expected = eval(expression, dict(NAMES))
    scope = Scope(input=NAMES["input"], now=NOW)
    assert (await sandbox.render(f"{{({expression})}}", scope)).text == str(expected)


async def test_all_clocks_are_the_runs_own(sandbox: Sandbox) -> None:
    text = "{datetime.today()} {datetime.utcnow()} {date.today()} {datetime.fromtimestamp(0)}"
    rendered = (await sandbox.render(text, Scope(now=NOW))).text
    assert rendered == "2026-03-04 05:06:07 2026-03-04 05:06:07 2026-03-04 1970-01-01 00:00:00"


async def test_the_hosts_functions_can_be_asked_inside(sandbox: Sandbox) -> None:
    async def capital(city: str) -> str:
        return city.upper()

    scope = Scope(input="a b", functions={"capital": HostFunction("capital", capital)})
    text = r"{re.sub(r'\w', lambda m: capital(m[0]), input)} {capital('x').translate({88: 'y'})}"
    assert (await sandbox.render(text, scope)).text == "A B y"


async def test_a_name_of_the_authors_own_is_left_alone(sandbox: Sandbox) -> None:
    assert (await sandbox.render("{(round := 3)} {round} {[str for str in 'a']}", Scope())).text == "3 3 ['a']"
