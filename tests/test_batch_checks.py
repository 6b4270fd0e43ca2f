"""Checks: read from data with errors that name their place, and judged one by one, none stopping the rest."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.batch import Case, Cell, Column, Judge, Judged, Judgement, Problem, Result, parse_checks
from akachat.batch.filling import fill
from akachat.batch.measuring import character_similarity, script_share
from akachat.batch.opinions import read_opinion
from akachat.batch.schema import problems
from akachat.errors import AkachatError, BackendError, InvalidInput
from akachat.events import RunRequest
from akachat.messages import Message
from akachat.playground import Playground
from akachat.template import Sandbox
from akachat.ui.japanese.catalog import load_catalog

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as made:
        yield made


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


CASE = Case(
    "1", "capital of Japan?", variables={"city": "Tokyo"}, fields={"expected": "東京", "pattern": "a.c", "n": 3}
)


def answer(text: str, **facts: Any) -> Result:
    known = {"seconds": 1.5, "first_seconds": 0.5, "prompt_tokens": 10, "completion_tokens": 20, "cost": 0.002}
    return Result(Cell(0, Column("p"), facts.pop("case", CASE)), "ok", text, **{**known, **facts})


async def judge(sandbox: Sandbox, check: object, text: str, **facts: Any) -> Judgement:
    judged = await Judge(parse_checks([check]), sandbox=sandbox).judge(answer(text, **facts))
    [judgement] = judged.judgements
    return judgement


JSON_OBJECT = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^x+$"}}}
VERDICTS: list[tuple[dict[str, Any], str, bool]] = [
    ({"contains": "京"}, "東京です", True),
    ({"contains": ["東", "西"]}, "東京です", False),
    ({"contains": "tokyo"}, "Tokyo", False),
    ({"icontains": "tokyo"}, "Tokyo", True),
    ({"type": "icontains-any", "value": ["x", "TOKYO"]}, "Tokyo", True),
    ({"contains-any": ["x", "q"]}, "Tokyo", False),
    ({"not-contains": ["x", "q"]}, "Tokyo", True),
    ({"not-icontains": "O"}, "Tokyo", False),
    ({"contains": "{city}"}, "Tokyo", True),
    ({"contains": "{n}"}, "3", True),
    ({"type": "contains", "value": "{city}", "placeholders": False}, "{city}", True),
    ({"contains": 5}, "5", True),
    ({"type": "equals"}, "東京", True),
    ({"type": "equals"}, "東京\n", False),
    ({"type": "equals", "strip": True}, " 東京\n", True),
    ({"type": "equals", "value": "TOKYO", "ignore_case": True}, "tokyo", True),
    ({"starts-with": "東"}, "東京", True),
    ({"ends-with": "{expected}"}, "首都は東京", True),
    ({"regex": r"^\d{3}-\d{4}$"}, "100-0001", True),
    ({"regex": r"^{pattern}$"}, "abc", False),
    ({"regex": r"^{pattern}$"}, "a.c", True),
    ({"regex": r"^\p{Han}+$"}, "東京", True),
    ({"type": "regex", "value": "TOKYO", "ignore_case": True}, "in Tokyo", True),
    ({"type": "json"}, '{"a": 1}', True),
    ({"type": "json"}, '```json\n{"a": 1}\n```', False),
    ({"type": "json"}, "NaN", False),
    ({"json": JSON_OBJECT}, '{"a": "xx"}', True),
    ({"json": JSON_OBJECT}, '{"a": "xy"}', False),
    ({"json": JSON_OBJECT}, "{}", False),
    ({"type": "length", "max": 2}, "東京", True),
    ({"type": "length", "min": 3}, "東京", False),
    ({"type": "length", "max": 19, "unit": "tokens"}, "東京", False),
    ({"language": "ja"}, "Pythonのasyncioを使う", True),
    ({"language": "ja"}, "It is Tokyo", False),
    ({"language": "en"}, "It is Tokyo (東京)", True),
    ({"type": "similarity"}, "東京", True),
    ({"type": "similarity", "threshold": 0.5}, "大阪", False),
    ({"type": "latency_seconds", "max": 2}, "", True),
    ({"latency_seconds": 1}, "", False),
    ({"first_seconds": 0.5}, "", True),
    ({"type": "tokens", "max": 30}, "", True),
    ({"type": "tokens", "max": 29}, "", False),
    ({"cost": 0.001}, "", False),
    ({"python": "len(output) == 2 and output == expected"}, "東京", True),
    ({"python": "var.city in input or var['n'] == 3"}, "", True),
    ({"python": "latency < 1 or tokens > 100"}, "", False),
    ({"python": "0.49"}, "", False),
    ({"type": "python", "value": "0.49", "threshold": 0.4}, "", True),
    ({"python": "re.search('a+', output) is not None"}, "baa", True),
    ({"python": "json.loads(output)['k']"}, '{"k": true}', True),
    ({"not": {"contains": "京"}}, "東京", False),
    ({"any": [{"contains": "x"}, {"contains": "京"}]}, "東京", True),
    ({"any": [{"contains": "x"}, {"contains": "y"}]}, "東京", False),
    ({"all": [{"contains": "東"}, {"contains": "京"}]}, "東京", True),
    ({"all": [{"contains": "東"}, {"contains": "x"}]}, "東京", False),
    ({"type": "all", "threshold": 0.5, "checks": [{"contains": "東"}, {"contains": "x"}]}, "東京", True),
    ({"any": [{"regex": "("}, {"contains": "京"}]}, "東京", True),
    ({"all": [{"regex": "("}, {"contains": "x"}]}, "東京", False),
]


@pytest.mark.parametrize(("check", "text", "passed"), VERDICTS, ids=[f"{c} {t}"[:70] for c, t, _ in VERDICTS])
async def test_verdicts(sandbox: Sandbox, check: dict[str, Any], text: str, passed: bool) -> None:
    judgement = await judge(sandbox, check, text)
    assert judgement.error is None
    assert (judgement.passed, judgement.passed is not None) == (passed, True), judgement
    assert judgement.score is not None
    assert 0 <= judgement.score <= 1
    assert load_catalog().knows(judgement.reason), judgement.reason


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"contains": "{cty}"}, "the case has no value 'cty'"),
    ({"regex": "("}, "Opening parenthesis"),
    ({"regex": "((((((a{1000}){1000}){1000}){1000})+)+)+"}, "Error compiling regex"),
    ({"regex": "(a|aa)+(?=q)$"}, "backtracking"),
    ({"json": {"frobnicate": 1}}, "the keyword frobnicate is not understood"),
    ({"json": {"fits": 1}}, "the keyword fits is not understood"),
    ({"json": {"type": "text"}}, "the keyword type has a value"),
    ({"json": {"$ref": "http://x/y.json"}}, "only places in itself"),
    ({"json": {"$ref": "#"}}, "refers to itself without an end"),
    ({"python": "outpt"}, "The name 'outpt' is not defined"),
    ({"python": "1/0"}, "division by zero"),
    ({"python": "len(output)"}, "the expression gives 63"),
    ({"python": "float('nan')"}, "the expression gives nan"),
    ({"python": "'yes'"}, "the expression gives a value of type str"),
    ({"python": "x = 1"}, "cannot be read"),
    ({"python": "'a' * 10**10 == ''"}, "memory"),
    ({"python": "[n for n in range(10**12)] == 1"}, "more than"),
    ({"type": "llm", "prompt": "judge"}, "no prompt can be asked"),
    ({"type": "similarity", "by": "embedding"}, "there is no embedding model"),
    ({"not": {"regex": "("}}, "Opening parenthesis"),
    ({"any": [{"regex": "("}, {"contains": "x"}]}, "Opening parenthesis"),
    ({"all": [{"regex": "("}, {"contains": "b"}]}, "Opening parenthesis"),
]


@pytest.mark.parametrize(("check", "message"), BROKEN, ids=[str(c)[:70] for c, _ in BROKEN])
async def test_a_check_that_cannot_say_is_an_error_and_stops_no_other(
    sandbox: Sandbox, check: dict[str, Any], message: str
) -> None:
    checks = parse_checks([check, {"contains": "b"}])
    judged = await Judge(checks, sandbox=sandbox).judge(answer('"' + "a" * 60 + 'b"'))
    first, second = judged.judgements
    assert first.error is not None
    assert message in first.error.message
    assert (first.passed, first.score, second.passed) == (None, None, True)
    assert (judged.passed, judged.score) == (None, None)
    if first.error.message.startswith(("the ", "there ", "no ")):
        assert load_catalog().knows(first.error.message), first.error.message
        assert not first.error.hint or load_catalog().knows(first.error.hint), first.error.hint


async def test_what_is_not_known_is_an_error(sandbox: Sandbox) -> None:
    for check, fact in [
        ({"cost": 1}, "cost"),
        ({"latency_seconds": 1}, "seconds"),
        ({"first_seconds": 1}, "first_seconds"),
        ({"tokens": 1}, "prompt_tokens"),
        ({"type": "length", "max": 1, "unit": "tokens"}, "completion_tokens"),
    ]:
        judgement = await judge(sandbox, check, "a", **{fact: None})
        assert judgement.error is not None
        assert "is not known" in judgement.error.message
    judgement = await judge(sandbox, {"type": "equals"}, "a", case=Case("1", "x"))
    assert judgement.error is not None
    assert judgement.error.message == "the case has no value 'expected'"


async def test_an_embedding_model_compares_meanings_and_its_errors_are_the_checks_own(sandbox: Sandbox) -> None:
    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return [[float(len(text)), 1.0] for text in texts]

    async def broken(texts: Sequence[str]) -> list[list[float]]:
        raise RuntimeError("out of memory")

    checks = parse_checks([{"type": "similarity", "by": "embedding", "threshold": 0.9}])
    judged = await Judge(checks, sandbox=sandbox, embed=embed).judge(answer("西京"))
    assert judged.passed is True
    assert judged.score == pytest.approx(1)
    judged = await Judge(checks, sandbox=sandbox, embed=broken).judge(answer("西京"))
    assert judged.judgements[0].error == Problem("the check failed: out of memory (RuntimeError)")


REFUSED: list[tuple[object, str, str]] = [
    ("- contains: x\n- {type: contans, value: y}", "check 2 has the unknown type 'contans'", "contains"),
    ([{"type": "contains"}], "check 1 (contains) lacks the field value", "value"),
    ([{"type": "contains", "value": "x", "valu": 1}], "check 1 (contains) has no field valu", "value"),
    ([{"type": "length"}], "check 1 (length): give min or max", "min"),
    ([{"type": "length", "min": 3, "max": 1}], "check 1 (length): min is greater than max", "min"),
    ([{"type": "language", "value": "fr"}], "check 1 (language), field value:", ""),
    ([{"type": "llm", "prompt": "j", "threshold": 2}], "check 1 (llm), field threshold:", ""),
    ([{"type": "contains", "value": "x", "weight": -1}], "check 1 (contains), field weight:", ""),
    ([{"type": "contains", "value": "x", "weight": float("inf")}], "check 1 (contains), field weight:", ""),
    ([{"any": [{"contains": "x"}, {"type": "regex"}]}], "check 1.checks.2 (regex) lacks the field value", ""),
    ([{"not": {"type": "nope"}}], "check 1.check has the unknown type 'nope'", ""),
    ([{"any": []}], "check 1 (any), field checks:", ""),
    (["contains"], "check 1 is no object", ""),
    ([{"value": "x", "name": "y"}], "check 1 has no type", ""),
    ({"contains": "x"}, "the checks are no list", ""),
    ({"checks": [], "threshhold": 1}, "beside the checks stands an unknown field threshhold", ""),
    ({"checks": [], "threshold": 2}, "the threshold of the checks is 2", ""),
    ("- [", "the list of checks is neither YAML nor JSON", ""),
    ("!!python/object/apply:os.system [ls]", "the list of checks is neither YAML nor JSON", ""),
    ([{"contains": "x"}] * 201, "there are more than 200 checks", ""),
    ("&a [*a]", "the list of checks is too large", ""),
    ("a: &a [" + "x," * 50 + "]\nb: &b [" + "*a," * 50 + "]\nc: &c [" + "*b," * 50 + "]\nd: [" + "*c," * 50 + "]",
     "the list of checks is too large", ""),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message", "hint"), REFUSED, ids=[m[:60] for _, m, _ in REFUSED])
def test_wrong_data_is_refused_with_the_check_and_the_field(data: object, message: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_checks(data)
    assert raised.value.message.startswith(message)
    assert hint in raised.value.hint
    assert load_catalog().knows(raised.value.message), raised.value.message


def test_nesting_has_an_end() -> None:
    check: dict[str, Any] = {"contains": "x"}
    for _ in range(30):
        check = {"not": check}
    with pytest.raises(InvalidInput, match="nested too deep"):
        parse_checks([check])


def test_the_same_list_as_yaml_and_json_and_names_that_differ() -> None:
    data = [{"contains": "x"}, {"contains": "x"}, {"type": "regex", "value": "a", "name": "form", "weight": 2}]
    checks = parse_checks(json.dumps(data))
    assert parse_checks("- contains: x\n- contains: x\n- {type: regex, value: a, name: form, weight: 2}") == checks
    assert checks.names == ("contains x", "contains x (2)", "form")
    assert parse_checks({"checks": data, "threshold": 0.5}).threshold == 0.5
    assert parse_checks("").checks == ()


async def test_whether_the_whole_passes(sandbox: Sandbox) -> None:
    data = [{"type": "contains", "value": "東", "weight": 3}, {"contains": "x"}]
    all_of_them = Judge(parse_checks(data), sandbox=sandbox)
    by_score = Judge(parse_checks({"checks": data, "threshold": 0.75}), sandbox=sandbox)
    assert ((await all_of_them.judge(answer("東京"))).passed, (await by_score.judge(answer("東京"))).passed) == (
        False,
        True,
    )
    assert (await by_score.judge(answer("東京"))).score == 0.75
    assert (await Judge(parse_checks([]), sandbox=sandbox).judge(answer("x"))).passed is None
    failed = Result(answer("").cell, "failed", "東", Problem("no"))
    assert (await all_of_them.judge(failed)).judgements == ()
    assert (await all_of_them.judge(failed)).passed is None


async def test_a_case_has_checks_of_its_own(sandbox: Sandbox) -> None:
    case = Case("1", "x", checks=({"contains": "y"},))
    judged = await Judge(parse_checks([{"contains": "x"}]), sandbox=sandbox).judge(answer("x", case=case))
    assert [j.passed for j in judged.judgements] == [True, False]
    case = Case("1", "x", checks=({"type": "nope"},))
    judged = await Judge(parse_checks([{"contains": "x"}]), sandbox=sandbox).judge(answer("x", case=case))
    assert [j.passed for j in judged.judgements] == [True, None]
    assert judged.passed is None


# a prompt as judge

OPINIONS: list[tuple[str, float | None, str]] = [
    ('{"score": 0.7, "reason": "fine"}', 0.7, "fine"),
    ('Let me see {it}.\n```json\n{"score": 1}\n```\nDone.', 1.0, ""),
    ('The form is {"score": 0}. My answer: {"score": 0.9, "reason": "良い\\n答え"}', 0.9, "良い 答え"),
    ('{"score": 0.2, "detail": {"score": 1}}', 0.2, ""),
    ("", None, "no JSON object"),
    ("score: 1", None, "no JSON object"),
    ('{"score": 0.7', None, "no JSON object"),
    ('{"score": "0.7"}', None, "is no number"),
    ('{"score": true}', None, "is no number"),
    ('{"score": NaN}', None, "is no number"),
    ('{"score": 1.01}', None, "score is 1.01"),
    ('{"score": 8}', None, "score is 8"),
    ("{" * 100_000, None, "no JSON object"),
    ('{"a":' * 100_000, None, "no JSON object"),
]


@pytest.mark.parametrize(("text", "score", "said"), OPINIONS, ids=[t[:40] for t, _, _ in OPINIONS])
def test_a_judges_answer_is_read_or_refused(text: str, score: float | None, said: str) -> None:
    if score is not None:
        assert read_opinion(text) == (score, said)
    else:
        with pytest.raises(BackendError, match=said) as raised:
            read_opinion(text)
        assert load_catalog().knows(raised.value.message)


@given(st.text(max_size=200), st.floats(0, 1), st.text(alphabet=st.characters(exclude_characters="{}"), max_size=50))
@settings(deadline=None, max_examples=50)
def test_any_text_before_a_verdict_leaves_it_readable(before: str, score: float, after: str) -> None:
    text = before.replace('"score"', "") + json.dumps({"score": score}) + after
    assert read_opinion(text.replace("{", "", 0))[0] == score or "{" in before


async def test_a_saved_prompt_judges(playground: Playground, stub: str, sandbox: Sandbox) -> None:
    options = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    # The stub repeats the last user message: an instruction that builds its messages decides the answer.
    await playground.save_prompt(
        "judge", '{msgf([{"role": "user", "content": json.dumps({"score": 0.25, "reason": var.output})}])}', options
    )
    asked: list[RunRequest] = []

    async def ask(request: RunRequest) -> Any:
        asked.append(request)
        from dataclasses import replace

        return await playground.run(replace(request, input=""))

    checks = parse_checks(
        [{"type": "llm", "prompt": "judge", "threshold": 0.2}, {"llm": "judge"}, {"llm": "nobody"}, {"contains": "京"}]
    )
    judged = await Judge(checks, sandbox=sandbox, ask=ask).judge(answer("東京"))
    assert [(j.passed, j.score) for j in judged.judgements] == [(True, 0.25), (False, 0.25), (None, None), (True, 1.0)]
    assert judged.judgements[0].reason == "東京"
    assert json.loads(asked[0].input) == {"input": "capital of Japan?", "output": "東京", "expected": "東京"}
    assert asked[0].variables["city"] == "Tokyo"


async def test_a_judge_that_answers_nonsense_is_an_error_of_the_check(
    playground: Playground, stub: str, sandbox: Sandbox
) -> None:
    options = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    await playground.save_prompt("judge", "Judge.", options)  # it repeats the question: JSON without a score
    checks = parse_checks([{"llm": "judge"}])
    judged = await Judge(checks, sandbox=sandbox, ask=playground.run).judge(answer('{"score": 1}'))
    assert judged.passed is None
    assert judged.judgements[0].error is not None
    assert "no JSON object with a score" in judged.judgements[0].error.message


# measures

SHARES = [
    ("", "ja", 0.0),
    ("123 !?", "en", 0.0),
    ("こんにちは", "ja", 1.0),
    ("Hello, world", "en", 1.0),
    ("東京", "ja", 1.0),
    ("我们今天去北京大学参观图书馆和实验室", "ja", 0.0),
    ("Это не английский", "en", 0.0),
    ("안녕하세요", "ja", 0.0),
    ("C'est déjà l'été", "en", 0.6),
    ("これは\n```python\nprint(some_long_code)\n```\n", "ja", 1.0),
    ("ﾊﾝｶｸ", "ja", 1.0),
]


@pytest.mark.parametrize(("text", "language", "share"), SHARES)
def test_the_share_of_a_language(text: str, language: Any, share: float) -> None:
    assert script_share(text, language) == pytest.approx(share)


def test_the_similarity_of_characters() -> None:
    assert character_similarity("東京", "東京") == 1
    assert character_similarity("ＡＢＣ 123", "ABC123") == 1
    assert character_similarity("", "") == 1
    assert character_similarity("", "a") == character_similarity("a", "") == 0
    # By hand: 1-grams P 2/3, R 2/2; 2-grams P 1/2, R 1/1; F2 = 5PR / (4P + R)
    assert character_similarity("abc", "ab") == pytest.approx((5 * 2 / 3 / (8 / 3 + 1) + 5 * 0.5 / 3) / 2)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(deadline=None, max_examples=60)
def test_similarity_is_a_share(one: str, other: str) -> None:
    assert 0 <= character_similarity(one, other) <= 1
    assert character_similarity(one, one) == 1


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_filling_leaves_what_is_no_name(text: str) -> None:
    try:
        assert fill(text, {}) == text
    except InvalidInput:
        assert re.search(r"\{\w", text)


SCHEMAS: list[tuple[Any, Any, str | None]] = [
    ({"type": ["integer", "null"]}, 1.0, None),
    ({"type": "integer"}, True, "$: is not of type integer"),
    ({"const": 1}, True, "$: is not 1"),
    ({"enum": ["a", "b"]}, "c", "$: is none of"),
    ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, "$.a[1]: is not of type string"),
    ({"additionalProperties": False, "properties": {"a": True}}, {"b": 1}, "$: has b, which is not allowed"),
    ({"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False}, {"x1": "a"}, None),
    ({"prefixItems": [{"type": "string"}], "items": {"type": "number"}}, ["a", 1, "b"], "$[2]: is not of type number"),
    ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 2, "$: fits 2 of the 2 schemas of oneOf"),
    ({"anyOf": [{"minimum": 5}, {"const": 2}]}, 2, None),
    ({"not": {"type": "string"}}, "a", "$: fits the schema that it must not fit"),
    ({"if": {"minimum": 5}, "then": {"multipleOf": 2}, "else": False}, 7, "$: is no multiple of 2"),
    ({"multipleOf": 0.1}, 0.3, None),
    ({"uniqueItems": True}, [1, True, 1.0], "$[2]: stands there twice"),
    ({"contains": {"const": 1}, "minContains": 2}, [1, 2], "$: 1 of its items fit"),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "$: lacks b"),
    ({"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"},
     {"next": {"next": 1}}, "$.next.next: is not of type object"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "problem"), SCHEMAS, ids=[str(s)[:50] for s, _, _ in SCHEMAS])
def test_json_schemas(schema: Any, value: Any, problem: str | None) -> None:
    first = next(problems(value, schema, lambda pattern, text: re.search(pattern, text) is not None), None)
    assert first == problem or (problem is not None and first is not None and first.startswith(problem))


# values keep themselves


def test_values_come_back_from_json() -> None:
    case = Case("7", "in", (Message("user", "a"),), {"v": "1"}, {"expected": "x"}, ({"contains": "y"},))
    assert Case.from_dict(json.loads(json.dumps(case.to_dict()))) == case
    column = Column("p", {"temperature": 0.5}, "warm")
    assert Column.from_dict(json.loads(json.dumps(column.to_dict()))) == column
    cell = Cell(3, column, case, 1)
    result = Result(cell, "failed", "t", Problem("m", "h"), messages=(Message("user", "a"),), trace=({"name": "llm"},))
    assert Result.from_dict(json.loads(json.dumps(result.to_dict())), cell) == result
    judgement = Judgement("c", None, None, "", Problem("m"), 2.0)
    assert Judgement.from_dict(json.loads(json.dumps(judgement.to_dict()))) == judgement
    assert Judged(result, (judgement,)).passed is None


async def test_a_result_of_a_run(playground: Playground, stub: str, workspace_folder: Path) -> None:
    await playground.save_prompt("p", "Say.", {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"})
    finished = await playground.run(RunRequest("p", input="hello"))
    result = Result.of(answer("").cell, finished, cost=0.5)
    assert (result.status, result.text, result.cost, result.model) == ("ok", "hello", 0.5, finished.model)
    assert result.seconds is not None
    with pytest.raises(AkachatError) as raised:
        await playground.run(RunRequest("nobody"))
    assert Result.of_error(result.cell, raised.value).error == Problem.of(raised.value)
