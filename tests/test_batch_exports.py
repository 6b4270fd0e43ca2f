"""Results as files that open in their programs, and promptfoo's configs there and back."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import io
import itertools
import json
import re
import shutil
import subprocess
import tracemalloc
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.batch import (
    Case,
    Cell,
    Column,
    Headings,
    Judged,
    Judgement,
    Problem,
    Result,
    csv_lines,
    export_config,
    html_parts,
    import_config,
    jsonl_lines,
    parse_checks,
    write_xlsx,
)
from akachat.batch.nunjucks import instruction_from, instruction_to
from akachat.errors import InvalidInput
from akachat.messages import Message
from akachat.template import Sandbox, Scope
from akachat.ui.japanese.catalog import load_catalog

pytestmark = pytest.mark.anyio

CHECKS = parse_checks([{"contains": "x"}, {"type": "python", "value": "1/0", "name": "broken"}])
COLUMNS = [Column("greet", {"temperature": t, "stop": ["a"]}) for t in (0.0, 0.5)]
NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", 'a"b,c', "二行\nです", "</script><b>", "#N/A",
         "", "\x00\x0b", "😀" * 3, "null", "\ud83d"]  # fmt: skip


def results(texts: list[str] | None = None) -> list[Judged]:
    made: list[Judged] = []
    for number, text in enumerate(NASTY if texts is None else texts):
        case = Case(str(number), text, (), {"city": text}, {"expected": text, "tags": [1, "a"]})
        for column in COLUMNS:
            cell = Cell(len(made), column, case)
            result = Result(
                cell, "ok", text, None, "stop", "m", 5, 7, 1.25, 0.5, 0.001, messages=(Message("user", "a"),)
            )
            said = (
                Judgement(
                    "contains x", column is COLUMNS[0], float(column is COLUMNS[0]), "it contains none of the texts"
                ),
                Judgement("broken", None, None, "", Problem("division by zero (ZeroDivisionError)")),
            )
            made.append(Judged(result, said))
    cell = Cell(len(made), COLUMNS[0], Case("last", "x", (), {"city": "c"}, {"expected": "e", "tags": []}))
    made.append(Judged(Result(cell, "failed", "", Problem("the server is away", "Wait."))))
    return made


def headings(made: list[Judged]) -> Headings:
    return Headings.of((j.cell.case for j in made), COLUMNS, CHECKS)


# tables


def test_csv_is_read_back_and_computes_nothing() -> None:
    made = results()
    text = "".join(csv_lines(made, headings(made)))
    assert text.startswith("\ufeff")
    text.encode()
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert len(rows) == len(made)
    for row, judged in zip(rows, made, strict=True):
        for name in ("text", "input", "var.city", "expected", "case"):
            assert not row[name].lstrip(" \n").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋")), row[name]
        wanted = judged.result.text.replace("\ud83d", "\ufffd")
        assert row["text"] in (wanted, "'" + wanted)
        assert row["column"] == judged.cell.column.name
    first = rows[0]
    assert (first["check: contains x"], first["check: broken"], first["reason: broken"]) == (
        *("1.0", "error"),
        "division by zero (ZeroDivisionError)",
    )
    assert (first["option: temperature"], first["option: stop"], first["seconds"]) == ("0.0", '["a"]', "1.25")
    assert (rows[-1]["status"], rows[-1]["error"], rows[-1]["score"]) == ("failed", "the server is away", "")


def test_checks_of_single_cases_come_in_one_column() -> None:
    case = Case("1", checks=({"contains": "a"},))
    judged = Judged(Result(Cell(0, COLUMNS[0], case), "ok", "b"), (Judgement("contains a", False, 0.0),))
    made = Headings.of([case], COLUMNS, parse_checks([]))
    assert dict(zip(made.names(), made.values(judged), strict=True))["other checks"] == "contains a: 0.0"


def test_json_lines_lose_nothing() -> None:
    made = results()
    lines = "".join(jsonl_lines(made)).splitlines()
    assert len(lines) == len(made)
    for line, judged in zip(lines, made, strict=True):
        found = json.loads(line)
        assert Case.from_dict(found["case"]) == judged.cell.case
        assert Result.from_dict(found, judged.cell) == judged.result
        assert [Judgement.from_dict(j) for j in found["judgements"]] == list(judged.judgements)
        assert (found["passed"], found["score"]) == (judged.passed, judged.score)


def test_a_workbook_opens_and_holds_no_formula() -> None:
    made = results([*NASTY, "あ" * 40_000, "😀" * 20_000])
    file = io.BytesIO()
    write_xlsx(made, headings(made), file)
    book = openpyxl.load_workbook(io.BytesIO(file.getvalue()))
    assert book.sheetnames == ["results", "statistics", "comparison"]
    rows = list(book["results"].iter_rows())
    names = [cell.value for cell in rows[0]]
    assert len(rows) == len(made) + 1
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "b", "inlineStr"}
    column = names.index("text")
    assert rows[1][column].value == "=1+1"
    texts = [str(row[column].value or "") for row in rows[1:]]
    assert max(len(text.encode("utf-16-le")) // 2 for text in texts) <= 32_767
    assert texts[-2].endswith("😀 […]")
    statistics = list(book["statistics"].iter_rows(values_only=True))
    assert [row[0] for row in statistics] == ["name", COLUMNS[0].name, COLUMNS[1].name]
    assert "score_interval from" in statistics[0]
    comparison = dict(zip(*book["comparison"].iter_rows(values_only=True), strict=True))
    assert (comparison["column"], comparison["verdict"]) == (COLUMNS[1].name, "not enough data")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
@settings(deadline=None, max_examples=30)
def test_any_text_can_be_exported(texts: list[str]) -> None:
    made = results(texts)
    "".join(csv_lines(made, headings(made))).encode()
    assert [json.loads(line)["text"] for line in jsonl_lines(made)][:-1:2] == texts
    write_xlsx(made, headings(made), io.BytesIO())
    "".join(html_parts(made)).encode()


def many(count: int) -> Iterator[Judged]:
    for number in range(count):
        case = Case(str(number // 2), "question " * 5)
        result = Result(
            Cell(number, COLUMNS[number % 2], case), "ok", "answer " * 100, seconds=number % 7 / 3, cost=0.1
        )
        yield Judged(result, (Judgement("c", number % 3 > 0, number % 3 / 2, "why " * 5),))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "html"])
def test_memory_stays_flat(kind: str) -> None:
    """Twenty thousand results are 14 MB of answers: none of them may stay."""
    count = 20_000
    parts: dict[str, Any] = {
        "csv": lambda: csv_lines(many(count), Headings(checks=("c",))),
        "jsonl": lambda: jsonl_lines(many(count)),
        "html": lambda: html_parts(many(count)),
    }
    tracemalloc.start()
    try:
        length = sum(len(part) for part in parts[kind]())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > 14_000_000
    assert peak < 12_000_000


# the report


class Page(HTMLParser):
    """Elements and the texts of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.inside: dict[str, str | None] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = dict(attrs) if tag == "script" else self.inside

    def handle_data(self, data: str) -> None:
        if self.inside is not None:
            self.scripts.append((self.inside, data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self.inside = None


EVIL = '</script><script>alert(1)</script><img src=x onerror=alert(1)><!--<script>"&\u2028'


def evil() -> list[Judged]:
    column = Column(EVIL, {"temperature": 0.5}, EVIL)
    other = Column(EVIL, {"temperature": 1.0}, EVIL + "2")
    case = Case(EVIL, EVIL, (), {EVIL: EVIL}, {"f" + EVIL: EVIL})
    return [
        Judged(
            Result(Cell(0, each, case), "ok", EVIL, seconds=1.0, cost=0.5),
            (Judgement(EVIL, True, 0.5, EVIL), Judgement(EVIL, False, 0.5, EVIL)),
        )
        for each in (column, other)
    ]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_report_stands_alone_and_runs_nothing_of_an_answer(language: str) -> None:
    text = "".join(html_parts(evil(), title=EVIL, language=language))
    page = Page()
    page.feed(text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("script") == 3
    assert "img" not in tags
    assert not [attrs for _, attrs in page.tags if any(a.startswith("on") or a in ("src", "href") for a in attrs)]
    assert not re.search(r"https?://(?!www\.w3\.org)", text)
    [(_, script)] = [(attrs, text) for attrs, text in page.scripts if not attrs]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(attrs["content"] or "" for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert f"script-src 'sha256-{digest}'" in policy
    [block] = [json.loads(text) for attrs, text in page.scripts if attrs.get("class") == "results"]
    assert block["cases"] == [[EVIL, EVIL, [["var." + EVIL, EVIL], ["f" + EVIL, EVIL]]]]
    assert [row[4] for row in block["rows"]] == [EVIL, EVIL]
    assert ("統計" in text) == (language == "ja")
    for picture in re.findall(r"<svg.*?</svg>", text):
        ElementTree.fromstring(picture)
    assert text.count("<svg") == 3


def test_reasons_are_said_in_the_reports_language() -> None:
    text = "".join(html_parts(results(["a"]), language="ja", say=load_catalog().japanese))
    assert "指定した文字列をどれも含みません" in text
    assert "データ不足: 少なくとも 6 ケースに差が必要" in text
    assert 'lang="ja"' in text


def test_a_report_of_nothing_and_of_failures_alone() -> None:
    for made in ([], results([])):
        page = Page()
        page.feed("".join(html_parts(made)))
        assert [tag for tag, _ in page.tags].count("table") >= 1


#: As much of a page as the report's script touches: it is run as it is, and says what stands in the table.
BROWSER = """
class Element {
  constructor(name) { Object.assign(this, { name, children: [], dataset: {}, attributes: {}, heard: {}, own: "" }); }
  get textContent() {
    return this.own + this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }
  set textContent(text) { this.own = text; this.children = []; }
  append(...all) { this.children.push(...all); }
  replaceChildren() { this.children = []; }
  createTHead() { const made = new Element("thead"); this.append(made); return made; }
  createTBody() { const made = new Element("tbody"); this.append(made); return made; }
  addEventListener(kind, then) { this.heard[kind] = then; }
  setAttribute(name, value) { this.attributes[name] = value; }
}
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const ids = {};
for (const id of ["words", "cells", "count", "before", "after", "search"]) ids[id] = new Element(id);
ids.words.textContent = given.words;
const blocks = given.blocks.map((textContent) => ({ textContent }));
const filters = ["all", "failed", "different"];
const buttons = filters.map((filter) => Object.assign(new Element("button"), { dataset: { filter } }));
globalThis.document = {
  getElementById: (id) => ids[id],
  createElement: (name) => new Element(name),
  querySelectorAll: (what) => (what.startsWith("script") ? blocks : buttons),
};
(0, eval)(given.script);
const table = () => ids.cells.children[1].children.map((tr) => tr.children.map((td) => td.textContent));
const names = () => table().map((row) => row[0]);
const heads = ids.cells.children[0].children[0].children.map((th) => th.textContent);
const said = { heads, all: table(), count: ids.count.textContent };
for (const button of buttons.slice(1)) {
  button.heard.click();
  said[button.dataset.filter] = names();
}
buttons[0].heard.click();
ids.after.heard.click();
said.next = names();
ids.search.heard.input({ target: { value: "CASE 7" } });
said.search = names();
console.log(JSON.stringify(said));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run the report's script")
def test_the_reports_script_shows_filters_and_turns_pages(tmp_path: Path) -> None:
    made = []
    for number, column in itertools.product(range(60), COLUMNS):
        text = f"answer {number if number % 10 else number * (1 + COLUMNS.index(column))}"
        result = Result(Cell(0, column, Case(f"case {number}")), "failed" if number == 3 else "ok", text)
        made.append(Judged(result, (Judgement("c", number != 5, float(number != 5), "because"),)))
    page = Page()
    page.feed("".join(html_parts(made)))
    given = {
        "script": next(text for attrs, text in page.scripts if not attrs),
        "words": next(text for attrs, text in page.scripts if attrs.get("id") == "words"),
        "blocks": [text for attrs, text in page.scripts if attrs.get("class") == "results"],
    }
    (tmp_path / "page.js").write_text(BROWSER, "utf-8")
    done = subprocess.run(
        ["node", str(tmp_path / "page.js")], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert said["heads"] == ["Case", COLUMNS[0].name, COLUMNS[1].name]
    assert (len(said["all"]), said["count"]) == (50, "60 / 60 · 1 / 2")
    assert said["all"][1][1].startswith("answer 1")
    assert "c: because" in said["all"][1][1]
    assert said["failed"] == ["case 3", "case 5"]
    assert said["different"] == ["case 10", "case 20", "case 30", "case 40", "case 50"]
    assert said["next"] == [f"case {n}" for n in range(50, 60)]
    assert said["search"] == ["case 7"]


# promptfoo, in

CONFIG = """
description: example
prompts:
  - 'Translate {{text}} into {{ language }}. Braces: { }'
  - id: chat
    raw: '[{"role": "system", "content": "Be short."}, {"role": "user", "content": "Say \\"{{text}}\\""}]'
    label: Chat one
  - file://prompt.txt
  - '{% if x %}a{% endif %}'
providers:
  - openai:chat:gpt-4o
  - id: openai:local-model
    label: here
    config: {apiBaseUrl: http://127.0.0.1:8000/v1, temperature: 0.5, max_tokens: 100, apiKey: secret, best_of: 2}
  - anthropic:messages:claude
defaultTest:
  vars: {language: Japanese}
  threshold: 0.8
  assert:
    - {type: icontains, value: '{{text}}', weight: 2, metric: echo}
    - {type: llm-rubric, value: is polite}
tests:
  - vars: {text: [one, two], extra: 5}
    assert:
      - {type: contains-all, value: [a, '{b}']}
      - {type: not-regex, value: 'x{3}'}
      - {type: latency, threshold: 1500}
      - {type: is-json, value: {type: object}}
      - {type: is-json, value: {type: string, format: email}}
      - {type: javascript, value: output.length}
      - {type: contains-any, value: 'a, b'}
      - {type: equals, value: {a: 1}}
      - {type: assert-set, threshold: 0.5, assert: [{type: equals, value: x}, {type: cost, threshold: 0.01}]}
  - description: second
    vars: {text: "three\\n", language: French, page: file://x.txt}
    options: {transform: output.trim()}
  - file://tests.csv
evaluateOptions: {repeat: 3, maxConcurrency: 4, showProgressBar: true}
sharing: true
"""


def test_a_config_is_read_and_what_stays_behind_is_listed() -> None:
    found = import_config(CONFIG)
    assert dict(found.prompts) == {
        "prompt1": "Translate {var.text} into {var.language}. Braces: {{ }}",
        "Chat_one": 'Be short.{msgf([{"role": "user", "content": "Say \\"" + var.text + "\\""}])}',
    }
    assert [c.name for c in found.columns] == [
        f"{prompt} · {label}" for prompt in ("prompt1", "Chat_one") for label in ("openai:chat:gpt-4o", "here")
    ]
    assert found.columns[0].options == {
        "location": "OpenAI", "model": "gpt-4o", "endpoint": "https://api.openai.com/v1",
    }  # fmt: skip
    assert found.columns[1].options == {
        "location": "OpenAI", "model": "local-model", "endpoint": "http://127.0.0.1:8000/v1", "temperature": 0.5,
        "max_new_tokens": 100,
    }  # fmt: skip
    assert [dict(case.variables) for case in found.cases] == [
        {"language": "Japanese", "text": "one", "extra": "5"},
        {"language": "Japanese", "text": "two", "extra": "5"},
        {"language": "French", "text": "three"},
    ]
    assert found.cases[2].fields == {"description": "second"}
    assert found.checks == ({"type": "icontains", "value": "{text}", "name": "echo", "weight": 2},)
    assert found.cases[0].checks == (
        {"type": "contains", "value": ["a", "{b}"], "placeholders": False},
        {"type": "not", "check": {"type": "regex", "value": "x{3}"}},
        {"type": "latency_seconds", "max": 1.5},
        {"type": "json", "schema": {"type": "object"}},
        {"type": "all", "checks": [{"type": "equals", "value": "x"}, {"type": "cost", "max": 0.01}], "threshold": 0.5},
    )
    parse_checks([*found.checks, *found.cases[0].checks])
    assert (found.threshold, found.repeat, found.concurrency) == (0.8, 3, 4)
    places = [each.partition(" was not carried over: ")[0] for each in found.lost]
    assert sorted(places) == sorted(
        [
            *("sharing", "prompts[2]", "prompts[3]", "providers[1].config.apiKey", "providers[1].config.best_of"),
            *("providers[2]", "defaultTest.assert[1] (llm-rubric)", "tests[0].assert[4] (is-json)"),
            *("tests[0].assert[5] (javascript)", "tests[0].assert[6] (contains-any)", "tests[0].assert[7] (equals)"),
            *("tests[1].options", "tests[1].vars.page", "tests[2]", "evaluateOptions.showProgressBar"),
        ]
    )
    assert "secret" not in str(found)
    for each in found.lost:
        why = each.partition(" was not carried over: ")[2]
        assert load_catalog().knows(why), why


REFUSED = [
    ("prompts: [", "neither YAML nor JSON"),
    ("[1, 2]", "this is no promptfoo config"),
    ("a: 1", "this is no promptfoo config"),
    (json.dumps({"tests": [{"vars": {str(n): list(range(50)) for n in range(5)}}]}), "more than 100,000 cases"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_config_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as raised:
        import_config(text)
    assert load_catalog().knows(raised.value.message)
    assert load_catalog().knows(raised.value.hint)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(["prompts", "providers", "tests", "defaultTest", "evaluateOptions", "x"]),
        JSON_VALUES,
        min_size=1,
    )
)
@settings(deadline=None, max_examples=150)
def test_a_strange_config_is_refused_or_read_in_part(config: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidInput):
        import_config(json.dumps(config))


@given(st.text(alphabet="ab{}%# \n'\"日", max_size=30))
@settings(deadline=None, max_examples=100)
def test_a_prompt_that_is_only_text_stays_the_same_text(text: str) -> None:
    instruction = instruction_from(text)
    if instruction is not None and "var." not in instruction:
        assert instruction.replace("{{", "{").replace("}}", "}") == text


async def test_an_imported_chat_renders_to_its_messages() -> None:
    found = import_config(CONFIG)
    variables = {"text": 'a "b" {c}', "language": "x"}

    class Values:
        def get(self, key: str) -> str:
            return variables[key]

        def __iter__(self) -> Iterator[str]:
            return iter(variables)

    async with Sandbox() as sandbox:
        chat = await sandbox.render(found.prompts["Chat_one"], Scope(variables=Values()))
        text = await sandbox.render(found.prompts["prompt1"], Scope(variables=Values()))
    assert [m.to_dict() for m in chat.messages()] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": 'Say "a "b" {c}"'},
    ]
    assert text.text == 'Translate a "b" {c} into x. Braces: { }'


# promptfoo, out

EXPORTED_CHECKS: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    ({"contains": "a"}, {"type": "contains", "value": "a"}),
    ({"contains": ["a", "b"]}, {"type": "contains-all", "value": ["a", "b"]}),
    ({"icontains-any": ["a", "b"]}, {"type": "icontains-any", "value": ["a", "b"]}),
    ({"not-contains": ["a", "b"]}, {"type": "not-contains-any", "value": ["a", "b"]}),
    ({"type": "equals"}, {"type": "equals", "value": "{{ expected }}"}),
    ({"starts-with": "a{{b"}, {"type": "starts-with", "value": "{% raw %}a{{b{% endraw %}"}),
    ({"ends-with": "a.b"}, {"type": "regex", "value": "a\\.b$"}),
    ({"regex": "^a{3}$"}, {"type": "regex", "value": "^a{3}$"}),
    ({"regex": "^{expected}$"}, None),
    ({"type": "json"}, {"type": "is-json"}),
    ({"json": {"type": "object"}}, {"type": "is-json", "value": {"type": "object"}}),
    ({"type": "length", "min": 1, "max": 9}, {"type": "javascript",
     "value": "[...output].length >= 1 && [...output].length <= 9"}),
    ({"latency_seconds": 1.5}, {"type": "latency", "threshold": 1500}),
    ({"cost": 0.1}, {"type": "cost", "threshold": 0.1}),
    ({"not": {"not-contains": "a"}}, {"type": "contains", "value": "a"}),
    ({"not": {"contains": "a"}}, {"type": "not-contains", "value": "a"}),
    ({"all": [{"contains": "a"}]}, {"type": "assert-set", "assert": [{"type": "contains", "value": "a"}]}),
    ({"any": [{"contains": "a"}]}, None),
    ({"language": "ja"}, None),
    ({"python": "True"}, None),
    ({"llm": "judge"}, None),
    ({"type": "similarity"}, None),
    ({"type": "contains", "value": "a", "name": "n", "weight": 2},
     {"type": "contains", "value": "a", "metric": "n", "weight": 2.0}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "assertion"), EXPORTED_CHECKS, ids=[str(c)[:50] for c, _ in EXPORTED_CHECKS])
def test_checks_go_out_where_they_mean_the_same(check: dict[str, Any], assertion: dict[str, Any] | None) -> None:
    made = export_config({}, [], [Case("1", "x", fields={"expected": "y"})], parse_checks([check]))
    config = yaml.safe_load(made.text)
    assert config.get("defaultTest") == ({"assert": [assertion]} if assertion else None)
    assert bool(made.lost) == (assertion is None)
    for each in made.lost:
        assert load_catalog().knows(each), each


def test_a_batch_goes_out_and_comes_back() -> None:
    saved = {
        "location": "OpenAI",
        "endpoint": "http://127.0.0.1:8000/v1",
        "model": "m",
        "max_new_tokens": 9,
        "lora": "l",
    }
    prompts = {"greet": ("Greet {var.city} {{now}} {len(input)}: {input}", saved), "other": ("Hi {var.nobody}", {})}
    columns = [Column("greet", {"temperature": 0.5}, "warm"), Column("other")]
    cases = [
        Case("a", "in {{x}}", (Message("user", "h"),), {"city": "京都"}, {"expected": ["k"]}, ({"contains": "z"},))
    ]
    made = export_config(prompts, columns, cases, parse_checks({"checks": [{"contains": "{city}"}], "threshold": 0.5}),
                         repeat=2, concurrency=3)  # fmt: skip
    config = yaml.safe_load(made.text)
    turns = json.loads(config["prompts"][0]["raw"])
    assert turns == [
        {"role": "system", "content": "Greet {{ city }} {now} {len(input)}: {{ input }}"},
        {"role": "user", "content": "{{ input }}"},
    ]
    assert config["providers"][0] == {
        "id": "openai:chat:m", "label": "warm", "prompts": ["greet"],
        "config": {"apiBaseUrl": "http://127.0.0.1:8000/v1", "temperature": 0.5, "max_tokens": 9},
    }  # fmt: skip
    assert config["tests"] == [
        {"description": "a", "vars": {"input": "{% raw %}in {{x}}{% endraw %}", "city": "京都", "expected": '["k"]'},
         "assert": [{"type": "contains", "value": "z"}]},
    ]  # fmt: skip
    assert config["defaultTest"] == {"assert": [{"type": "contains", "value": "{{ city }}"}], "threshold": 0.5}
    assert config["evaluateOptions"] == {"repeat": 2, "maxConcurrency": 3}
    assert len(made.lost) == 5  # len(input), lora, the model that runs here, var.nobody, the history
    for each in made.lost:
        assert load_catalog().knows(each), each
    back = import_config(made.text)
    assert back.checks == ({"type": "contains", "value": "{city}"},)
    assert (back.repeat, back.concurrency, back.threshold) == (2, 3, 0.5)
    assert back.columns[0].options["temperature"] == 0.5


def test_a_prompt_without_inputs_is_one_text() -> None:
    prompts = {"p": ("Say {var.city}.", {"location": "OpenAI", "model": "m", "endpoint": "http://127.0.0.1/v1"})}
    made = export_config(prompts, [Column("p")], [Case("1", variables={"city": "a"})], parse_checks([]))
    assert yaml.safe_load(made.text)["prompts"] == [{"raw": "Say {{ city }}.", "label": "p"}]
    assert made.lost == ()
    assert import_config(made.text).prompts == {"p": "Say {var.city}."}


def test_a_brace_before_a_name_does_not_open_a_template() -> None:
    assert instruction_to("{{{{{var.a}")[0] == "{% raw %}{{{% endraw %}{{ a }}"
    assert instruction_to("{{{var.a}}}")[0] == "{% raw %}{{% endraw %}{{ a }}}"
