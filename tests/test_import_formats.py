"""Files of other programs: what each kind becomes, and what of it is said to be left out."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from akachat.errors import InvalidInput
from akachat.importers import Given, read_import
from akachat.messages import Message
from akachat.options import Options
from tests.exchanging import Renderer, read, single


@pytest.fixture(scope="module")
def render() -> Iterator[Renderer]:
    renderer = Renderer()
    yield renderer
    renderer.close()


PROMPTY_1 = """---
name: Basic Prompt
description: Answers a customer.
authors: [someone]
model:
  api: chat
  configuration:
    type: openai
    name: gpt-4o-mini
    api_key: sk-secret
  parameters:
    max_tokens: 128
    temperature: 0.2
    frobnicate: 1
sample:
  firstName: Jane
  question: Why?
---
system:
You help {people}.
{% if context %}Context: {{context}}{% endif %}

# Customer
{{firstName}}

user:
Hello
assistant:
Hi "there"
user:
{{question}}
"""
PROMPTY_2 = """---
name: second
model:
  id: gpt-4o
  provider: openai
  connection: {kind: key, endpoint: "https://llm.example/v1", apiKey: "${env:KEY}"}
  options: {temperature: 0.7, maxOutputTokens: 1000, topP: 0.9, stopSequences: [END]}
inputs:
  - {name: question, kind: string, default: Hi}
  - {name: thread, kind: thread}
  - {name: photo, kind: image}
  - {name: secret, kind: string, default: "${file:secret.txt}"}
template: {format: {kind: mustache}, parser: {kind: prompty}}
tools: [{name: look, kind: function}]
---
system:
Be brief. {{secret}}
{{thread}}
user:
{{question}}
"""
DOTPROMPT = """---
model: ollama/llama3.2
config:
  temperature: 0.9
  topK: 3
input:
  schema:
    style?: string
    name: string
  default:
    name: Bob
output:
  format: json
  schema:
    title: string, what it is called
    tags(array, some words): string
    kind(enum): [A, B]
    more?(object):
      n: integer
---
{{role "system"}}
You are kind. {{#if style}}Style: {{style}}.{{/if}}
{{history}}
{{role "user"}}
{{name}} says {{text}}
"""
PROMPTFOO = """
description: My eval
prompts:
  - "Put into {{language}}: {{phrase}}"
  - raw: '[{"role": "system", "content": "You {{tone}}"}, {"role": "user", "content": "{{phrase}}"}]'
    label: chat/one
  - file://other.txt
providers:
  - id: openai:chat:gpt-4o-mini
    config: {temperature: 0, max_tokens: 99, apiKey: sk-1}
  - anthropic:messages:claude
defaultTest:
  vars: {tone: sing}
tests:
  - vars: {language: [French, German], phrase: Hello}
    assert: [{type: contains, value: Bon}]
  - vars: {phrase: "file://long.txt", language: Dutch}
sharing: false
"""
MODELFILE = '''# a comment
FROM llama3.2:3b
PARAMETER temperature 0.5
PARAMETER stop "<|end|>"
PARAMETER stop User:
PARAMETER num_predict -1
PARAMETER num_ctx 4096
SYSTEM """You are {Mario}.
Jump."""
TEMPLATE """{{ .System }}"""
MESSAGE user Hi
MESSAGE assistant It's me!
'''
CARD: dict[str, Any] = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "アキ",
        "description": "{{char}}は猫。<USER>の友達。{x}",
        "personality": "明るい",
        "scenario": "",
        "first_mes": "やあ、{{user}}！",
        "mes_example": "<START>\n{{user}}: 元気？\n{{char}}: 元気！",
        "system_prompt": "{{original}}",
        "post_history_instructions": "短く。",
        "alternate_greetings": ["こんばんは"],
        "character_book": {
            "entries": [{"keys": ["港", "海"], "content": "x"}, {"constant": True, "content": "魚が好き。"}]
        },
        "extensions": {"depth": 4},
        "creator_notes": "作者より",
        "tags": [],
    },
}
LLM = """
system: You speak as $voice; it costs $$5.
prompt: "Say: $input"
model: gpt-4o-mini
defaults: {voice: a crow}
options: {temperature: 1}
schema_object: {type: object}
functions: |
  import os
  def f(): os.system("true")
"""


def test_prompty_of_the_first_form(render: Renderer) -> None:
    imported = read(PROMPTY_1, "basic.prompty")
    prompt = single(imported)
    assert (imported.kind, prompt.name) == ("Prompty", "Basic Prompt")
    assert prompt.options == {"location": "OpenAI", "model": "gpt-4o-mini", "max_new_tokens": 128, "temperature": 0.2}
    assert prompt.instruction == (
        "{comment('Answers a customer.')}\n"
        "You help {{people}}.\n{iif(var.context, f'Context: {var.context}')}\n\n# Customer\n{var.firstName}\n"
        "{msgf('''\nuser: Hello\nai: Hi \"there\"\n''')}"
    )
    assert imported.variables == {"firstName": "Jane", "context": ""}
    assert [example.to_dict() for example in imported.examples] == [{"input": "Why?", "var": {"firstName": "Jane"}}]
    said = render(prompt.instruction, "Why?", imported.variables)
    assert [message.role for message in said] == ["system", "user", "assistant", "user"]
    assert said[-1] == Message("user", "Why?")
    assert [note.split(" ")[0] for note in imported.notes] == ["the", "frobnicate", "left"]
    assert "sk-secret" not in json.dumps([dict(prompt.options), imported.notes, prompt.instruction])


def test_prompty_of_the_second_form() -> None:
    imported = read(PROMPTY_2, "second.prompty")
    prompt = single(imported)
    assert prompt.instruction == "Be brief. {var.secret}"
    assert prompt.options == {
        **{"location": "OpenAI", "endpoint": "https://llm.example/v1", "model": "gpt-4o"},
        **{"temperature": 0.7, "max_new_tokens": 1000, "top_p": 0.9, "stop": ["END"]},
    }
    assert prompt.reads == ("secret",)
    assert imported.variables == {}
    said = " ".join(imported.notes)
    for words in ("no key goes there", "secret was left out", "photo", "tools was left out", "the key in the file"):
        assert words in said


def test_dotprompt() -> None:
    imported = read(DOTPROMPT, "greet.prompt")
    prompt = single(imported)
    assert prompt.instruction == "You are kind. {iif(var.style, f'Style: {var.style}.')}\n{var.name} says {input}"
    assert prompt.options["endpoint"] == "http://127.0.0.1:11434/v1"
    assert (prompt.options["model"], prompt.options["top_k"]) == ("llama3.2", 3)
    schema = prompt.options["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["title", "tags", "kind"]
    assert schema["properties"]["tags"] == {"type": "array", "items": {"type": "string"}, "description": "some words"}
    assert schema["properties"]["kind"] == {"enum": ["A", "B"]}
    assert schema["properties"]["more"]["properties"] == {"n": {"type": "integer"}}
    assert imported.variables == {"style": "", "name": "Bob"}


def test_promptfoo() -> None:
    imported = read(PROMPTFOO, "promptfooconfig.yaml")
    first, second = imported.prompts
    assert (first.name, first.instruction) == ("My eval-1", "Put into {var.language}: {input}")
    assert (second.name, second.instruction) == ("chat/one", "You {var.tone}")
    assert first.options == {"location": "OpenAI", "model": "gpt-4o-mini", "temperature": 0.0, "max_new_tokens": 99}
    assert [example.to_dict() for example in imported.examples] == [
        {"input": "Hello", "var": {"tone": "sing", "language": "French"}},
        {"input": "Hello", "var": {"tone": "sing", "language": "German"}},
        {"input": "", "var": {"tone": "sing", "language": "Dutch"}},
    ]
    said = " ".join(imported.notes)
    for words in (
        "file://other.txt",
        "anthropic:messages:claude",
        "the checks and options",
        "phrase was left out",
        "sharing",
    ):
        assert words in said
    assert "sk-1" not in said


def test_llm_template(render: Renderer) -> None:
    imported = read(LLM, "crow.yaml")
    prompt = single(imported)
    assert (imported.kind, prompt.name) == ("llm template", "crow")
    assert prompt.instruction == "You speak as {var.voice}; it costs $5.\nSay: {input}"
    assert imported.variables == {"voice": "a crow"}
    assert prompt.options["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "functions was left out: code from a file is never run; write functions of your own." in imported.notes
    assert single(read("system: Be brief", "x.yaml")).instruction == "Be brief"
    assert single(read("Name a $thing", format="llm")).instruction == "Name a {var.thing}\n{input}"


def test_modelfile(render: Renderer) -> None:
    imported = read(MODELFILE, "Modelfile")
    prompt = single(imported)
    assert prompt.name == "llama3.2"
    assert prompt.options == {
        **{"location": "OpenAI", "endpoint": "http://127.0.0.1:11434/v1", "model": "llama3.2:3b"},
        **{"temperature": 0.5, "stop": ["<|end|>", "User:"]},
    }
    assert render(prompt.instruction or "", "Who?") == [
        Message("system", "You are {Mario}.\nJump."),
        *(Message("user", "Hi"), Message("assistant", "It's me!"), Message("user", "Who?")),
    ]
    assert [note.split(" ")[0] for note in imported.notes] == ["TEMPLATE", "num_ctx"]
    assert single(read("FROM ./x.gguf\nSYSTEM hi", "m/pirate.modelfile")).options == {}


def png(chunks: Mapping[str, bytes], kind: bytes = b"tEXt") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    texts = b"".join(chunk(kind, key.encode() + b"\0" + body) for key, body in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + texts + chunk(b"IEND", b"")


def packed(value: object) -> bytes:
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(CARD).encode(),
        png({"chara": packed(CARD)}),
        png({"chara": packed({"name": "old"}), "ccv3": packed({**CARD, "spec": "chara_card_v3"})}),
        png({"ccv3": b"\0\0\0\0" + packed(CARD)}, b"iTXt"),
        png({"ccv3": b"\1\0\0\0" + zlib.compress(packed(CARD))}, b"iTXt"),
        png({"Chara": b"\0" + zlib.compress(packed(CARD))}, b"zTXt"),
    ],
    ids=["json", "V2", "V3", "iTXt", "packed iTXt", "zTXt"],
)
def test_a_character_card(data: bytes, render: Renderer) -> None:
    imported = read(data, "card")
    prompt = single(imported)
    assert (imported.kind, prompt.name, dict(prompt.options)) == ("character card", "アキ", {})
    assert imported.variables == {"user": "User"}
    system, greeting, question = render(prompt.instruction or "", "ねえ", {"user": "ミオ"})
    assert system.content.split("\n\n") == [
        *("アキとして返事をしてください。", "アキは猫。ミオの友達。{x}", "性格: 明るい", "魚が好き。"),
        *("話し方の例: ミオ: 元気？\nアキ: 元気！", "短く。"),
    ]
    assert (greeting, question) == (Message("assistant", "やあ、ミオ！"), Message("user", "ねえ"))
    said = " ".join(imported.notes)
    for words in ("港 / 海", "the other greetings", "post_history_instructions", "extensions"):
        assert words in said


def test_a_card_of_the_first_form_and_a_characters_yaml(render: Renderer) -> None:
    first = read(
        {"name": "Bo", "description": "d", "personality": "", "scenario": "", "first_mes": "", "mes_example": ""}
    )
    assert single(first).instruction == "Reply as Bo.\n\nd"
    second = read("name: Bo\ncontext: |\n  {{char}}'s Persona: kind to {{user}}\ngreeting: Hello!\nturn_template: x\n")
    assert render(single(second).instruction or "", "q", second.variables) == [
        Message("system", "Bo's Persona: kind to User"),
        *(Message("assistant", "Hello!"), Message("user", "q")),
    ]
    assert any("turn_template" in note for note in second.notes)


@pytest.mark.parametrize(
    ("data", "instruction", "history"),
    [
        ([{"role": "system", "content": "S {x}"}, {"role": "user", "content": "u"}], "S {{x}}", 1),
        ({"model": "gpt-4o", "messages": [{"role": "user", "content": "u"}], "temperature": 0.1}, "", 1),
        ('{"role": "system", "content": "S"}\n{"role": "assistant", "content": "a"}\n', "S", 1),
        (
            '{"messages": [{"role": "system", "content": "S"}]}\n{"messages": [{"role": "user", "content": "u"}]}',
            "S",
            0,
        ),
    ],
)
def test_messages(data: Any, instruction: str, history: int) -> None:
    imported = read(data, "talk.jsonl")
    assert single(imported).instruction == instruction
    assert len(imported.messages) == history


PROVIDERS = [
    ("openai:gpt-4o", {"location": "OpenAI", "model": "gpt-4o"}),
    ("openai:chat:gpt-4o-mini", {"location": "OpenAI", "model": "gpt-4o-mini"}),
    ("openai:responses:o3", {"location": "OpenAI", "model": "o3"}),
    ("openai/gpt-4o", {"location": "OpenAI", "model": "gpt-4o"}),
    ("gpt-4o", {"location": "OpenAI", "model": "gpt-4o"}),
    ("ollama:chat:llama3", {"location": "OpenAI", "endpoint": "http://127.0.0.1:11434/v1", "model": "llama3"}),
    ("ollama:llama3:8b", {"location": "OpenAI", "endpoint": "http://127.0.0.1:11434/v1", "model": "llama3:8b"}),
    ("llama3:8b", {"location": "OpenAI", "endpoint": "http://127.0.0.1:11434/v1", "model": "llama3:8b"}),
    ("openrouter:a/b:free", {"location": "OpenAI", "endpoint": "https://openrouter.ai/api/v1", "model": "a/b:free"}),
    ("huggingface:text-generation:org/m", {"location": "Local", "model": "org/m"}),
    *(
        (name, {})
        for name in ("anthropic:messages:x", "googleai/gemini-2", "exec:rm -rf /", "x.py", "openai:embedding:e")
    ),
]


@pytest.mark.parametrize(("provider", "options"), PROVIDERS)
def test_a_providers_name(provider: str, options: dict[str, Any]) -> None:
    imported = read({"prompts": ["{{x}}"], "providers": [provider], "tests": []})
    assert single(imported).options == options
    assert bool(imported.notes) == (not options)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://me:pw@host/v1", "ftp://x", "${env:URL}", "http://a b", "http://[", "//x"]
)
def test_an_endpoint_that_cannot_be_one_is_left_out_with_its_model(url: str) -> None:
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": url}}
    imported = read({"prompts": ["{{x}}"], "providers": [provider], "tests": []})
    assert single(imported).options == {}
    assert any("the endpoint was left out" in note for note in imported.notes)


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_zip_of_many() -> None:
    data = zipped(
        {
            "prompt/a.txt": "A {input}\r\n",
            "prompt/a.json": '{"seed": 1, "later_option": 2}',
            "prompt/deep/b.txt": "\ufeffB",
            "var/名前.txt": "value",
            "c.prompty": PROMPTY_1,
            "card.png": png({"chara": packed(CARD)}),
            "photo.png": png({}),
            "__MACOSX/._a.txt": "x",
            "e.json": '{"seed": 9}',
        }
    )
    imported = read(data, "all.zip")
    made = {prompt.name: prompt for prompt in imported.prompts}
    assert set(made) == {"a", "deep/b", "Basic Prompt", "アキ"}
    assert made["a"].instruction == "A {input}\n"
    assert made["a"].options == {"location": "Local", "model": "embedded", "seed": 1, "later_option": 2}
    assert made["deep/b"].instruction == "B"
    assert imported.variables["名前"] == "value"
    assert "e was left out: it holds options alone." in imported.notes
    assert any(note.startswith("photo.png was left out: there is no character card") for note in imported.notes)


def test_names_in_a_zip_made_in_japan() -> None:
    name = "売上①.txt".encode("cp932")
    data = zipped({"x" * len(name): "text"}).replace(b"x" * len(name), name)
    assert single(read(data)).name == "売上①"


def test_two_files_of_one_prompt() -> None:
    files = [Given("p.json", b'{"seed": 3}'), Given("p.txt", "こんにちは {input}".encode())]
    prompt = single(read_import(files))
    assert (prompt.name, prompt.instruction, prompt.options["seed"]) == ("p", "こんにちは {input}", 3)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        ("plain text", "a.txt", "prompt"),
        ('{"location": "Local", "model": "x"}', "", "options"),
        ('{"temperature": 0.5}', "", "GenerationConfig"),
        (PROMPTY_1, "", "Prompty"),
        (DOTPROMPT, "", "dotprompt"),
        (PROMPTFOO, "", "promptfoo"),
        (LLM, "", "llm template"),
        (MODELFILE, "", "Modelfile"),
        ("You are {{role}}: {{question}}", "", "Handlebars"),
        ("{% if a %}b{% endif %}", "", "Jinja"),
        ("{{#each a}}b{{/each}} {{c}}", "", "Handlebars"),
    ],
)
def test_the_kind_is_told_by_what_is_in_the_file(data: str, name: str, kind: str) -> None:
    imported = read(data, name)
    assert imported.kind == kind
    for prompt in imported.prompts:
        Options.parse(prompt.options)


@pytest.mark.parametrize(
    ("data", "format", "words"),
    [
        ("FROM now on, be kind", "", "nothing in this file"),
        ("hello", "", "nothing in this file"),
        ("x", "nonsense", "there is no format"),
        ("[1]", "promptfoo", "this file is no promptfoo"),
        ('{"messages": 1}', "messages", "this file is no messages"),
    ],
)
def test_what_is_not_known_says_so(data: str, format: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as raised:
        read(data, format=format)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("text", "format"),
    [("Hi {{name}}", "handlebars"), ("{% if a %}b{% endif %}", "jinja"), ("Hi {input} {{name}}", ""), ("Hi {{}}", "")],
)
def test_a_text_that_may_be_anothers_template_is_taken_as_ours_and_says_so(text: str, format: str) -> None:
    imported = read(text, "a.txt")
    assert single(imported).instruction == text
    assert [note.rpartition(" ")[2] for note in imported.notes] == ([f"{format}."] if format else [])


@pytest.mark.parametrize("tools", [["my_function"], [{"type": "function", "function": {"name": "my_function"}}]])
def test_a_file_never_lets_the_model_call_a_function_of_the_owners(tools: list[Any]) -> None:
    request = {"messages": [{"role": "system", "content": "S"}], "tools": tools, "tool_choice": "auto"}
    for imported in (
        read(request),
        read(f"---\nmodel: {{parameters: {json.dumps({'tools': tools})}}}\n---\nx", "x.prompty"),
    ):
        assert "tools" not in single(imported).options
        assert any(note.startswith("tools was left out") for note in imported.notes)
