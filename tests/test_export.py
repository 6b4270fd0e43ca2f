"""Prompts as files for other programs, and back: what is said to be exact is exact."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jinja2
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akachat.api import create_app
from akachat.errors import InvalidInput
from akachat.exchange import Exchange
from akachat.exporters import FORMATS, Exported, export_prompt
from akachat.importers import Given, read_import
from akachat.importers.pieces import quoted
from akachat.messages import Message
from akachat.options import Options
from akachat.playground import Playground
from akachat.workspace import Prompt, Workspace
from tests.commands import Ended
from tests.exchanging import Renderer, read, single

URL = "http://127.0.0.1:50000/v1"
VALUES = {"name": "Aki", "empty": "", "odd": " {x} system:"}


@pytest.fixture(scope="module")
def render() -> Iterator[Renderer]:
    renderer = Renderer()
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("workspace"))
    made.open()
    for key, value in VALUES.items():
        made.variables.set(key, value)
    return made


def export(workspace: Workspace, instruction: str, format: str, options: Mapping[str, Any] | None = None) -> Exported:
    given = {"location": "OpenAI", "model": "m"} if options is None else options
    return export_prompt(workspace, Prompt("folder/p", instruction, Options.parse(given)), format, URL)


def as_prompty_reads(text: str, values: Mapping[str, str]) -> list[Message]:
    """What Prompty makes of a file: its head, its template by Jinja, then its roles."""
    _, head, body = text.split("---\n", 2)
    assert isinstance(yaml.safe_load(head)["model"], dict)
    rendered = jinja2.Environment().from_string(body).render(values)
    parts = re.split(r"(?im)^\s*#?\s*(system|user|assistant)\s*:\s*\n", rendered)
    said = [Message(role.lower(), content.strip()) for role, content in zip(parts[1::2], parts[2::2], strict=True)]
    return [message for message in said if message.content]


_ASK = "\n\nuser:\n{{input}}\n"
PROMPTY = [
    ("You are kind.", "system:\nYou are kind.", []),
    ("{{braces}} {input} {var.name}", "system:\n{braces} {{input}} {{name}}", []),
    ("{{{{x}}}} {{", "system:\n{{ '{' }}{x}} {{ '{' }}", []),
    ("{comment('note')}x", "system:\n{# note #}x", []),
    ("{iif(var.empty, 'a{', input)}", "system:\n{% if empty %}a{{ '{' }}{% else %}{{input}}{% endif %}", []),
    (
        "{iif(var.name == 'Aki' and not input, f'<{var.name}>')}",
        "system:\n{% if ((name == 'Aki') and (not input)) %}<{{name}}>{% endif %}",
        [],
    ),
    ("a{msgf('user: q\\nai: r')}b", "system:\na\n\nuser:\nq\n\nassistant:\nr\n\nsystem:\nb", []),
    ("{msgf([{'role': 'user', 'content': f'<{input}>'}])}", "user:\n<{{input}}>", []),
    ("{rag('m', input)}x", "system:\n{# akachat: {rag('m', input)} #}x", ["{rag('m', input)} was left out"]),
    ("{input:>9}{var['a b']}", None, ["{input:>9} was left out", "{var['a b']} was left out"]),
    ("{llm('x')}{test('t')}{msg()}{1 + 1}", None, ["{llm('x')}", "{test('t')}", "{msg()}", "{1 + 1}"]),
    ("a\nsystem:\nb", None, ["a line of the text names a role"]),
    ("{var.missing}", None, ["nobody has set missing"]),
]


@pytest.mark.parametrize(("instruction", "body", "notes"), PROMPTY)
def test_prompty(workspace: Workspace, instruction: str, body: str | None, notes: list[str]) -> None:
    exported = export(workspace, instruction, "prompty")
    assert exported.file == "p.prompty"
    text = exported.data.decode()
    if body is not None:
        assert text.split("---\n", 2)[2] == body + _ASK
    assert len(exported.notes) == len(notes), exported.notes
    for note, words in zip(exported.notes, notes, strict=True):
        assert words in note


def test_the_options_of_a_prompty(workspace: Workspace) -> None:
    options = {"location": "OpenAI", "model": "m", "endpoint": "http://h/v1", "temperature": 0.5, "max_new_tokens": 9}
    exported = export(workspace, "{var.name}", "prompty", {**options, "stop": ["x"], "history_turns": 3})
    head = yaml.safe_load(exported.data.decode().split("---\n", 2)[1])
    assert head == {
        "name": "folder/p",
        "model": {
            "api": "chat",
            "configuration": {"type": "openai", "name": "m", "base_url": "http://h/v1"},
            "parameters": {"max_tokens": 9, "temperature": 0.5, "stop": ["x"]},
        },
        "sample": {"name": "Aki"},
    }
    assert exported.notes == ("options that a Prompty has no place for were left out: history_turns.",)
    again = single(read(exported.data, "p.prompty"))
    assert again.options == {**options, "stop": ["x"]}
    local = export(workspace, "x", "prompty", {"location": "Local", "model": "embedded"})
    assert local.notes == (f"the model embedded runs on this machine: other programs reach it at {URL}.",)
    named = export(workspace, "x", "prompty", {"location": "OpenAI", "model": "m", "endpoint": "mine"})
    assert "mine was left out" in named.notes[0]


def test_promptfoo(workspace: Workspace) -> None:
    exported = export(workspace, "{var.name} {rag('m', input)}", "promptfoo")
    config = yaml.safe_load(exported.data)
    (provider,) = config["providers"]
    assert provider["id"] == "openai:chat:prompt/folder/p"
    assert provider["config"]["apiBaseUrl"] == URL
    assert config["prompts"][0]["raw"] == "{{input}}"
    again = single(read(exported.data, exported.file))
    assert again.instruction == ""  # it asks the prompt that stayed here
    assert again.options == {"location": "OpenAI", "model": "prompt/folder/p", "endpoint": URL}


def test_a_format_that_is_none(workspace: Workspace) -> None:
    with pytest.raises(InvalidInput, match="there is no format") as raised:
        export(workspace, "x", "docx")
    assert ", ".join(FORMATS) in raised.value.hint


# both ways

TEXT = st.text(
    st.sampled_from(list("ab {}%#'\"\\\n$日:-")) | st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]),
    max_size=15,
)
OPTIONS = st.fixed_dictionaries(
    {"location": st.just("OpenAI"), "model": st.sampled_from(["m", "org/m", "gpt-4o"])},
    optional={
        "temperature": st.floats(0, 2),
        "max_new_tokens": st.integers(1, 9_999),
        "seed": st.integers(1, 99),
        "stop": st.lists(st.sampled_from(["a", "END"]), min_size=1, max_size=2),
        "endpoint": st.sampled_from(["http://127.0.0.1:8000/v1", "https://llm.example/v1"]),
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXT, OPTIONS | st.dictionaries(st.sampled_from(["later", "temprature"]), st.none() | st.integers() | TEXT))
def test_our_own_files_come_back_as_they_were(workspace: Workspace, instruction: str, options: dict[str, Any]) -> None:
    exported = export(workspace, instruction, "zip", options)
    prompt = single(read_import([Given(exported.file, exported.data)]))
    assert (prompt.name, prompt.instruction) == ("folder/p", instruction)
    assert prompt.options == Options.parse(options).to_dict()


def _messages(turns: list[tuple[str, str]]) -> str:
    items = ", ".join(f"{{'role': {role!r}, 'content': {quoted(text)}}}" for role, text in turns)
    return f"{{msgf([{items}])}}"


LITERALS = TEXT.map(lambda text: text.replace("{", "{{").replace("}", "}}"))
READS = st.sampled_from(["input", "var.name", "var.empty", "var.odd"])
CONDITIONS = READS | st.builds("{} == 'Aki'".format, READS) | st.builds("(not {})".format, READS)
TURNS = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), TEXT), min_size=1, max_size=3)
FIELDS = (
    READS.map("{{{}}}".format)
    | st.builds("{{iif({}, {}, {})}}".format, CONDITIONS, TEXT.map(quoted), READS)
    | TEXT.map(lambda text: f"{{comment({quoted(text)})}}")
    | TURNS.map(_messages)
)
INSTRUCTIONS = st.lists(LITERALS | FIELDS, max_size=5).map("".join)


def trimmed(messages: list[Message]) -> list[tuple[str, str]]:
    """Messages without the white space at their ends, those of one role in a row as one: how a Prompty keeps them."""
    out: list[tuple[str, str]] = []
    for message in messages:
        text = "\n".join(line.strip() for line in message.content.strip().split("\n"))
        if text and out and out[-1][0] == message.role == "system":
            out[-1] = ("system", f"{out[-1][1]}\n{text}")
        elif text:
            out.append((message.role, text))
    return out


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(INSTRUCTIONS, OPTIONS)
def test_a_prompty_without_notes_says_the_same(
    workspace: Workspace, render: Renderer, instruction: str, options: dict[str, Any]
) -> None:
    exported = export(workspace, instruction, "prompty", options)
    if exported.notes:
        return
    text = exported.data.decode()
    expected = trimmed(render(instruction, "q", VALUES))
    values = {**VALUES, "input": "q"}
    assert trimmed(as_prompty_reads(text, values)) == expected
    again = read(exported.data, exported.file)
    prompt = single(again)
    assert prompt.options == options
    assert trimmed(render(prompt.instruction or "", "q", VALUES)) == expected


# the doors


def test_the_command_line(cli: Callable[..., Ended], workspace_folder: Path, tmp_path: Path) -> None:
    (workspace_folder / "prompt").mkdir()
    (workspace_folder / "prompt" / "p.txt").write_text("Hi {rag('m', input)}", encoding="utf-8")
    shown = cli("export", "p", "--format", "prompty")
    assert shown.code == 0
    assert "system:\nHi" in shown.out
    assert "note: {rag('m', input)} was left out" in shown.err
    packed = tmp_path / "p.zip"
    assert cli("export", "p", "-o", str(packed)).code == 0
    assert zipfile.ZipFile(packed).namelist() == ["p.txt", "p.json"]
    assert json.loads(cli("import", str(packed)).out)["prompts"][0]["name"] == "p-2"
    assert "already" in cli("import", str(packed), "--name", "p").err
    (workspace_folder / "prompt" / "p.txt").write_text("changed", encoding="utf-8")
    assert cli("import", str(packed), "--name", "p", "--replace", "--dry-run").code == 0
    assert (workspace_folder / "prompt" / "p.txt").read_text("utf-8") == "changed"
    assert cli("import", str(packed), "--name", "p", "--replace").code == 0
    assert (workspace_folder / "prompt" / "p.txt").read_text("utf-8") == "Hi {rag('m', input)}"
    yaml_file = tmp_path / "p.yaml"
    assert cli("export", "p", "-o", str(yaml_file), "--url", "http://h/v1").code == 0
    assert "http://h/v1" in yaml_file.read_text("utf-8")
    assert cli("export", "nothing").code == 1
    assert cli("import", str(tmp_path / "missing")).code == 2


def test_what_the_facade_makes(workspace_folder: Path) -> None:
    made = Workspace(workspace_folder)
    made.open()
    exchange = Exchange(made)
    made.variables.set("voice", "mine")
    template = Given("crow.yaml", b"system: You are $voice and $mood\ndefaults: {voice: a crow, mood: glad}\n")
    looked = exchange.look([template])
    assert "crow" not in made.prompts.list()
    assert looked.variables == {"mood": "glad"}  # the one that is there stays as it is
    assert exchange.bring([template]).prompts[0].name == "crow"
    assert exchange.bring([template]).prompts[0].name == "crow-2"
    assert exchange.bring([template], "crow", replace=True).prompts[0].exists
    assert (made.variables.get("voice"), made.variables.get("mood")) == ("mine", "glad")
    exchange.bring([Given("talk.json", b'[{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]')])
    assert [message.content for message in made.messages.list()] == ["u", "a"]
    twice = [Given("a/x.prompty", b"system:\n1"), Given("b/X.prompty", b"system:\n2")]
    assert [each.name for each in exchange.bring(twice).prompts] == ["x", "X-2"]
    again = exchange.bring(twice, replace=True).prompts
    assert [(each.name, each.exists, each.taken) for each in again] == [("x", True, ""), ("X-3", False, "X")]
    into = exchange.bring(twice, "folder").prompts
    assert [each.name for each in into] == ["folder/x", "folder/X-2"]
    missing = exchange.look([Given("x.yaml", b"system: $a\ndefaults: {}\n")]).prompts[0]
    assert missing.reads == ("a",)


def test_an_endpoint_from_a_file_gets_no_key(workspace_folder: Path) -> None:
    playground = Playground(workspace_folder, environ={"OPENAI_API_KEY": "sk-mine"})
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": "https://evil.example/v1", "apiKey": "sk-theirs"}}
    data = json.dumps({"prompts": ["{{x}}"], "providers": [provider]}).encode()
    made = playground.exchange.bring([Given("p.json", data)]).prompts[0]
    assert made.options.endpoint == "https://evil.example/v1"
    assert playground.settings.resolve_endpoint(made.options.endpoint) == ("https://evil.example/v1", None)


async def test_the_web_api(playground: Playground) -> None:
    transport = httpx.ASGITransport(create_app(playground), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:50000") as http:
        await _use(http)


async def _use(http: httpx.AsyncClient) -> None:
    body = {"text": "FROM llama3\nSYSTEM You are a pirate.\nLICENSE x", "file": "Modelfile", "dir": "海賊"}
    looked = (await http.post("/api/llm/import", json={**body, "dry": True})).json()
    assert looked["result"] == ["海賊"]
    assert looked["detail"]["left_out"] == ["LICENSE was left out: a prompt has no place for it."]
    assert (await http.get("/api/llm", params={"dir": "海賊"})).status_code == 404
    assert (await http.post("/api/llm/import", json=body)).json()["detail"]["kind"] == "Modelfile"
    assert (await http.post("/api/llm/import", json=body)).status_code == 409
    got = await http.get("/api/llm/export", params={"dir": "海賊", "format": "promptfoo"})
    assert URL in got.text
    assert "filename*=UTF-8''%E6%B5%B7" in got.headers["content-disposition"]
    packed = (await http.get("/api/llm/export", params={"dir": "海賊"})).content
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist() == ["海賊.txt", "海賊.json"]
    form = (await http.post("/api/llm/import", files={"file": ("x.zip", packed)}, data={"replace": "true"})).json()
    assert (form["result"], form["detail"]["prompts"][0]["exists"]) == (["海賊"], True)
    for wrong in ({}, {"text": "hello"}, {"text": 1}, {"text": "a: [", "file": "a.yaml"}):
        assert (await http.post("/api/llm/import", json=wrong)).status_code == 400
    assert "import" in (await http.get("/openapi.json")).text
