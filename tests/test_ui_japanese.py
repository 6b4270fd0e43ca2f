"""The errors of the core as a Japanese page shows them: provoked for real, and read off the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio import EventData

from akachat import errors
from akachat.playground import Playground
from akachat.ui.japanese import Pattern, load_catalog
from akachat.ui.tabs.prompt import PromptTab

ROOT = Path(__file__).resolve().parents[1] / "akachat"
JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
LOCAL = {"location": "Local", "model": "embedded"}
NOWHERE = {"location": "OpenAI", "endpoint": "http://127.0.0.1:9/v1"}


async def _ask(playground: Playground, call: str, payload: dict[str, Any]) -> dict[str, Any]:
    functions = {function.__name__: function for function in PromptTab(playground).server_functions()}
    answer: dict[str, Any] = await functions[call](payload)
    return answer


OWN = """import akachat


@akachat.function
def shout(text: str) -> str:
    return text.upper()


@akachat.function
def crash() -> str:
    raise ValueError("boom")
"""


@pytest.fixture(scope="module")
async def playground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Playground]:
    """One for all: none of the errors here changes it."""
    root = tmp_path_factory.mktemp("workspace")
    for folder in ("prompt", "functions"):
        (root / folder).mkdir()
    (root / "prompt" / "broken.txt").write_text("x", encoding="utf-8")
    (root / "prompt" / "broken.json").write_text('{"model": }', encoding="utf-8")
    (root / "functions" / "own.py").write_text(OWN, encoding="utf-8")
    async with Playground(root, environ={}) as made:
        yield made


# what an author meets


#: The instruction, and what must be in the Japanese message as it was written.
INSTRUCTIONS = [
    ("open {var.name", ""),
    ("a } b", ""),
    ("{}", "'}'"),
    ("{1 + }", ""),
    ("{'a}", ""),
    ("{(1}", "'('"),
    ("{input!x}", "'x'"),
    ("{lambda x: x}", "lambda"),
    ("{yield 1}", "yield"),
    ("{a = 1}", ""),
    ("{nmae}", "'nmae'"),
    ("{input_}", "'input_'"),
    ("{var.nmae}", "nmae"),
    ("{var['no such key']}", "no such key"),
    ("{1 / 0}", "ZeroDivisionError"),
    ("{1 % 0}", "ZeroDivisionError"),
    ("{[1][5]}", "IndexError"),
    ("{'ab'[9]}", "IndexError"),
    ("{int('twelve')}", "'twelve'"),
    ("{float('x')}", "'x'"),
    ("{'a' + 1}", "TypeError"),
    ("{1 + 'a'}", "+"),
    ("{1 < 'a'}", "<"),
    ("{'a'.uper()}", "uper"),
    ("{(1).upper}", "upper"),
    ("{(lambda d: d['b'])({'a': 1})}", "'b'"),
    ("{len(5)}", "int"),
    ("{input()}", "str"),
    ("{[x for x in 5]}", "int"),
    ("{5[0]}", "int"),
    ("{', '.join([1])}", "int"),
    ("{max([])}", "max"),
    ("{'abc':d}", "'d'"),
    ("{(lambda x: x)()}", ""),
    ("{json.loads('nope')}", ""),
    ("{'a' * 10 ** 9}", ""),
    ("{[0 for x in range(10 ** 12)]}", ""),
    ("{(lambda f: f(f))(lambda f: f(f))}", ""),
    ("{rag('manual', 'when')}", "manual"),
    ("{rag('manual', 'when', k=0)}", "0"),
    ("{rag()}", "rag()"),
    ("{msg(-1)}", "-1"),
    ("{msgf(1, 2)}", "msgf()"),
    ("{iif()}", "iif()"),
    ("{msgf(5)}", "int"),
]


@pytest.mark.parametrize(("instruction", "kept"), INSTRUCTIONS)
async def test_errors_of_an_instruction(playground: Playground, instruction: str, kept: str) -> None:
    answer = await _ask(playground, "preview", {"instruction": instruction, "options": LOCAL, "input": "hi"})
    assert "error" in answer, answer
    message, hint = answer["error"]["message"], answer["error"]["hint"]
    assert JAPANESE.search(message["ja"]), message
    assert kept in message["ja"], message
    assert not hint["en"] or JAPANESE.search(hint["ja"]), hint


REQUESTS: list[tuple[str, dict[str, Any], str]] = [
    ("open_prompt", {"name": "nothing"}, "`nothing`"),
    ("open_prompt", {"name": ""}, ""),
    ("open_prompt", {"name": "broken"}, "prompt/broken.json"),
    ("delete_prompt", {"name": "nothing"}, "`nothing`"),
    ("save_prompt", {"name": "../out", "instruction": "", "options": {}}, "`..`"),
    ("save_prompt", {"name": "/etc/x", "instruction": "", "options": {}}, "/etc/x"),
    ("save_prompt", {"name": "a b\\c", "instruction": "", "options": {}}, "`/`"),
    ("save_prompt", {"name": "con", "instruction": "", "options": {}}, "'con'"),
    ("save_prompt", {"name": "a/", "instruction": "", "options": {}}, "a/"),
    ("save_prompt", {"name": "x" * 300, "instruction": "", "options": {}}, "300"),
    ("save_prompt", {"name": "x", "instruction": 5, "options": {}}, "instruction"),
    ("preview", {"instruction": "a", "options": 5}, "options"),
    ("preview", {"instruction": "a", "options": {"temperature": 9}}, "temperature"),
    ("preview", {"instruction": "a", "options": {"temperature": "hot"}}, "'hot'"),
    ("preview", {"instruction": "a", "options": {"max_new_tokens": 1.5}}, "1.5"),
    ("preview", {"instruction": "a", "options": {"location": "Mars"}}, "'Local'"),
    ("preview", {"instruction": "a", "options": {"stop": 5}}, "stop"),
    ("preview", {"instruction": "a", "options": {"template": "chatlm"}}, "'chatlm'"),
]


@pytest.mark.parametrize(("call", "payload", "kept"), REQUESTS)
async def test_errors_of_a_request(playground: Playground, call: str, payload: dict[str, Any], kept: str) -> None:
    answer = await _ask(playground, call, payload)
    message, hint = answer["error"]["message"], answer["error"]["hint"]
    assert JAPANESE.search(message["ja"]), message
    assert kept in message["ja"], message
    assert not hint["en"] or JAPANESE.search(hint["ja"]), hint


#: The prompts of the workspace, what is run, with which options, and what must be in the Japanese message.
RUNS: list[tuple[dict[str, str], str, dict[str, Any], str]] = [
    ({}, "", LOCAL, ""),
    ({}, "a", {**LOCAL, "model": "/no/such/folder"}, "/no/such/folder"),
    ({}, "a", {**LOCAL, "lora": "/no/such/adapter"}, "/no/such/adapter"),
    ({}, "word " * 5000, LOCAL, "'embedded'"),
    ({}, "a", {"location": "OpenAI", "endpoint": "nonsense"}, "nonsense"),
    ({}, "a", {"location": "OpenAI", "endpoint": "STUB", "model": "stub-0ms-err401"}, "401"),
    ({}, "a", {"location": "OpenAI", "endpoint": "STUB", "model": "stub-0ms-err404"}, "404"),
    ({}, "a", {"location": "OpenAI", "endpoint": "STUB", "model": "stream-99tok-50ms", "timeout": 0.2}, ""),
    ({}, "{llm('nothing', input)}", LOCAL, "`nothing`"),
    ({}, "{llm(5)}", LOCAL, "llm()"),
    ({}, "{llm('a', input, temprature=1)}", LOCAL, "temprature"),
    ({"a": "{llm('a', input)}"}, "{llm('a', input)}", LOCAL, "a → a"),
    ({"a": "x\n{llm('b', input)}", "b": "{1 / 0}"}, "{llm('a', input)}", LOCAL, "2 行 2 列"),
    ({"a": "{1 / 0}"}, "{llm('a', input, endpoint='http://127.0.0.1:8/v1')}", LOCAL, "'http://127.0.0.1:8/v1'"),
    ({}, "{shout(5)}", LOCAL, "shout()"),
    ({}, "{shout('a', 1, 2)}", LOCAL, "shout()"),
    ({}, "{crash()}", LOCAL, "boom"),
]


@pytest.mark.parametrize(("prompts", "instruction", "options", "kept"), RUNS)
async def test_errors_of_a_run(
    playground: Playground,
    stub: str,
    prompts: dict[str, str],
    instruction: str,
    options: dict[str, Any],
    kept: str,
) -> None:
    for name, text in prompts.items():
        await playground.save_prompt(name, text, LOCAL)
    options = {key: stub if value == "STUB" else value for key, value in options.items()}
    payload = {"id": "x", "instruction": instruction, "options": options}
    frames = [frame async for frame in PromptTab(playground).run(EventData(None, payload))]
    assert frames[-1]["phase"] == "failed", frames[-1]
    message, hint = frames[-1]["error"]["message"], frames[-1]["error"]["hint"]
    assert JAPANESE.search(message["ja"]), message
    assert kept in message["ja"], message
    assert not hint["en"] or JAPANESE.search(hint["ja"]), hint
    failed = [call for call in frames[-1]["calls"] if call.get("error")]
    assert all(JAPANESE.search(call["error"]["ja"]) for call in failed), failed


async def test_notes(playground: Playground) -> None:
    options = {**NOWHERE, "lora": "x", "tools": ["a"], "template": "{{ messages }}", "from_the_future": 1}
    answer = await _ask(playground, "preview", {"instruction": "a", "options": options})
    assert len(answer["rendered"]["notes"]) == 4, answer
    assert all(JAPANESE.search(note["ja"]) for note in answer["rendered"]["notes"])


def test_remarks_on_models_and_prompt_types(playground: Playground) -> None:
    catalog = load_catalog()
    notes = [preset.note for preset in playground.presets()] + [each.note for each in playground.prompt_types()]
    remarks = set(filter(None, notes))
    assert len(remarks) > 20
    missed = [remark for remark in remarks if not JAPANESE.search(catalog.japanese(remark))]
    assert missed == []


@pytest.mark.parametrize(
    "content",
    ["{", '{"a": 5}', '{"a": {"type": "chatlm"}}', '{"a": {"size": "x"}}', '{"a": {"options": {"model": "x"}}}'],
)
async def test_a_broken_list_of_models(playground: Playground, content: str) -> None:
    path = playground.workspace.root / "models.json"
    path.write_text(content, encoding="utf-8")
    try:
        answer = await _ask(playground, "choices", {})
    finally:
        path.unlink()
    message, hint = answer["error"]["message"], answer["error"]["hint"]
    assert "models.json" in message["ja"]
    assert JAPANESE.search(message["ja"]), message
    assert JAPANESE.search(hint["ja"]), hint


# the catalog itself


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("division by zero (ZeroDivisionError)", "0 で割っています (ZeroDivisionError)"),
        (
            "in the prompt 'a', line 2, column 3: in the prompt 'b': division by zero (ZeroDivisionError)",
            "プロンプト 'a' の 2 行 3 列: プロンプト 'b': 0 で割っています (ZeroDivisionError)",
        ),
        ("f() failed: TypeError: g() takes 1 positional argument but 2 were given", None),
        ('the name "it\'s / odd" holds a control character', None),
        ("nobody has written this one", "nobody has written this one"),
        ("", ""),
    ],
)
def test_messages_in_messages(english: str, japanese: str | None) -> None:
    found = load_catalog().japanese(english)
    assert found == japanese if japanese is not None else JAPANESE.search(found)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("there is no prompt `x`", "There is no prompt `x`"),
        ("division by zero (ZeroDivisionError)", "Division by zero (ZeroDivisionError)"),
        ("llm() knows no option x", "llm() knows no option x"),
        ("http://127.0.0.1:9/v1 cannot be reached", "http://127.0.0.1:9/v1 cannot be reached"),
        ("temperature was not used: it is for Local models.", "temperature was not used: it is for Local models."),
        ("something nobody knows", "Something nobody knows"),
        ("prompt/x.json is not UTF-8", "prompt/x.json is not UTF-8"),
    ],
)
def test_english_begins_with_a_capital(message: str, shown: str) -> None:
    assert load_catalog().english(message) == shown


@pytest.mark.parametrize("english", ["{a}{b} x", "{a} and {a}", "{a}"])
def test_an_entry_whose_holes_cannot_be_told_apart_is_refused(english: str) -> None:
    with pytest.raises(ValueError, match="told apart"):
        Pattern.of(english, "x")


def test_an_entry_that_loses_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="other holes"):
        Pattern.of("no {name}", "{nmae} はありません")


def test_every_entry_is_japanese_and_loses_nothing() -> None:
    for pattern in load_catalog():
        assert JAPANESE.search(pattern.japanese) or pattern.holes, pattern
        lost = set(pattern.holes) - set(re.findall(r"\{([a-z_]+\*?)\}", pattern.japanese))
        assert lost <= {"count", "kind", "range", "version"} or len(lost) <= 1, (pattern, lost)


# nothing that the core says is missed

ROOMS = [
    *("template", "functions", "workspace", "importers", "exporters", "backends", "settings", "retrieval"),
    *("journal", "records", "batch"),
    *(
        "names.py",
        "files.py",
        "decoding.py",
        "locks.py",
        "messages.py",
        "options.py",
        "live.py",
        "asking.py",
        "host.py",
        "run.py",
    ),
]
ERRORS = {*errors.__all__, "Refused"}


def _said_in(tree: ast.AST) -> Iterator[str]:
    """Each message and hint of an error that is made in a source, with a stand-in for each of its holes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple):  # a row of a table: what tells the error, the message, the hint
            match node.elts:
                case [ast.Tuple(), ast.Constant(value=str(message)), ast.Constant(value=str(hint))]:
                    yield from (
                        text.replace("{name!r}", "'thing'").replace("{name}", "thing") for text in (message, hint)
                    )
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        wanted: list[ast.expr] = []
        if name in ERRORS or name == "error":
            wanted = [*node.args, *(word.value for word in node.keywords if word.arg == "hint")]
        elif name == "append" and isinstance(node.func, ast.Attribute) and "notes" in ast.unparse(node.func.value):
            wanted = node.args
        for value in wanted:
            yield from _texts(value)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            if " " in text:
                yield text
        case ast.JoinedStr():
            text = "".join(
                str(part.value)
                if isinstance(part, ast.Constant)
                else "'some thing'"
                if isinstance(part, ast.FormattedValue) and part.conversion == ord("r")
                else "http://h/v1"
                if "url" in ast.unparse(part)
                else "thing"
                for part in node.values
            )
            if " " in text:
                yield text
        case ast.IfExp():
            yield from _texts(node.body)
            yield from _texts(node.orelse)
        case ast.Subscript():
            yield from _texts(node.value)


def test_the_catalog_knows_what_the_core_says() -> None:
    catalog = load_catalog()
    said: dict[str, str] = {}
    for room in ROOMS:
        paths = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))
        for path in paths:
            for text in _said_in(ast.parse(path.read_text("utf-8"))):
                said.setdefault(text, str(path.relative_to(ROOT)))
    assert len(said) > 200
    missed = [f"{path}: {text}" for text, path in said.items() if not catalog.knows(text)]
    share = 1 - len(missed) / len(said)
    assert share >= 0.95, f"{share:.0%} of {len(said)} texts; not in akachat/ui/japanese/*.toml:\n" + "\n".join(missed)
