"""Files that mean harm, and files that mean nothing: each ends in an error in words, or in a prompt that reads."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from akachat.errors import AkachatError, InvalidInput
from akachat.exchange import Exchange
from akachat.importers import FORMATS, Given, Imported, read_import, safe_name
from akachat.names import check_name
from akachat.options import Options
from akachat.template import references
from akachat.workspace import Workspace
from tests.exchanging import read, single


def laughs(inner: str, last: str) -> str:
    """Nine levels of nine aliases each."""
    lines = [f"a0: &a0 {last}"]
    lines += [f"a{n}: &a{n} {inner.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 10)]
    return "\n".join(lines)


HOSTILE = [
    (laughs("[{}]", "[x]"), "over 100,000 values"),
    (laughs("{{<<: [{}]}}", "{k: v}"), "over 100,000 values"),
    ("a: &a [*a]", "over 100,000 values|no valid JSON or YAML"),
    ("[" * 5_000, "no valid JSON"),
    ("- " * 100_000, "no valid JSON or YAML|deeper than 50"),
    ("{a: " * 100_000, "no valid JSON|deeper than 50"),
    ("[" * 60 + "]" * 60, "deeper than 50"),
    ('{"a":' * 60 + "1" + "}" * 60, "deeper than 50"),
    ("prompts: !!python/object/apply:os.system [ls]", "no valid JSON or YAML"),
    ("a: 2024-13-45", "no valid JSON or YAML"),
    ('{"a": ' + "9" * 5_000 + "}", "no valid JSON"),
    ("a: b\n" * 150_000, "longer than 524,288 characters of YAML"),
    (b"\x89PNG\r\n\x1a\n", "no character card"),
    (b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 2**31, b"tEXt"), "no character card|damaged"),
    (b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 5, b"tEXt") + b"chara\0\0\0\0", "damaged"),
    (b"PK\x03\x04 no zip at all", "the zip is damaged"),
    (b"\xff\xfe\x00", "not UTF-8"),
    (b"\x00\x01\x02\xff", "not UTF-8"),
    (b"", "nothing in this file"),
]


@pytest.mark.parametrize(("data", "words"), HOSTILE, ids=[str(data[:20]) for data, _ in HOSTILE])
def test_hostile_files_are_refused_at_once(data: str | bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(data)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (chunk(b"zTXt", b"chara\0\0" + zlib.compress(b"0" * 2**25)), "the picture's text is larger"),
        (chunk(b"zTXt", b"chara\0\0 not packed"), "the picture is damaged"),
        (chunk(b"tEXt", b"chara\0" + base64.b64encode(b"[1]")), "the card in this picture is damaged"),
        (chunk(b"tEXt", b"chara\0" + base64.b64encode(b"{")), "no valid JSON"),
        (chunk(b"tEXt", b"chara\0=a"), "the card in this picture is damaged|no valid JSON"),
        (chunk(b"tEXt", b"chara\0x")[:-1] + b"?", "the picture is damaged"),
        (chunk(b"IDAT", b"") * 10_001, "the picture is damaged"),
    ],
)
def test_pictures(body: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))


def test_a_zip_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * (2**24 + 1))
    with pytest.raises(InvalidInput, match="the zip unpacks to over"):
        read(path.read_bytes())
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_001):
            archive.writestr(f"{number}.txt", b"")
    with pytest.raises(InvalidInput, match="the zip holds over 2,000 files"):
        read(path.read_bytes())


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "C:\\evil", "con", "a/../../b", ".akachat-x", "ａ" * 500]
)
def test_a_name_never_leads_out_of_the_workspace(name: str, workspace_folder: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.txt", "text")
        archive.writestr(f"var/{name}.txt", "value")
    before = sorted(workspace_folder.parent.iterdir())
    workspace = Workspace(workspace_folder)
    workspace.open()
    try:
        Exchange(workspace).bring([Given("x.zip", packed.getvalue())])
    except InvalidInput:
        return
    assert sorted(workspace_folder.parent.iterdir()) == before
    written = [
        path for path in workspace_folder.rglob("*") if path.is_file() and path.read_bytes() in (b"text", b"value")
    ]
    assert written
    assert {path.relative_to(workspace_folder).parts[0] for path in written} <= {"prompt", "var"}


@given(st.text(max_size=30) | st.text("/\\.:~ con\0", max_size=12))
def test_every_name_becomes_one_that_a_prompt_may_have(name: str) -> None:
    assert check_name(safe_name(name), windows=True) == safe_name(name)


@pytest.mark.parametrize("reference", ["${env:HOME}", "${file:/etc/passwd}", "file:///etc/passwd"])
def test_nothing_of_this_machine_gets_into_a_prompt(reference: str) -> None:
    model = f"model: {{configuration: {{type: openai, name: '{reference}'}}}}"
    head = f"{model}\nsample: {{a: '{reference}', q: b}}"
    prompty = f"---\n{head}\n---\n{{{{a}}}} {{{{q}}}}"
    imported = read(prompty, "x.prompty")
    assert "root:" not in str(imported)
    assert single(imported).options.get("model") is None
    assert imported.variables.get("a") is None
    assert any("is not resolved here" in note for note in imported.notes)


def test_an_instruction_in_a_template_is_text() -> None:
    """What calls functions in our language is only text in another program's file."""
    evil = "{rag('x', input)} {llm('y')} {var.key}"
    imported = read({"prompts": [evil + " {{q}}"], "providers": [], "tests": []})
    found = references(single(imported).instruction or "")
    assert (found.functions, found.variables, found.libraries) == ((), (), ())


# anything at all

TEMPLATE = st.text(st.sampled_from(list("ab{}%#/^!>&|'\"\\$~- \n:")) | st.characters(), max_size=30) | st.sampled_from(
    [
        "{{#if a}}x{{/if}}",
        "{% if a %}b{% endif %}",
        "system:\nx\nuser:\n{{q}}",
        "$input ${a} $$",
        "${env:X}",
        "file://x",
        '{{role "user"}}',
    ]
)
_WORDS = """
prompts providers tests vars defaultTest prompt system model options defaults data
spec name description first_mes mes_example character_book entries keys content constant messages
role temperature config input output schema sample inputs template configuration parameters
type kind endpoint id raw label assert functions context greeting stop
tools location
"""
KEYS = st.sampled_from(_WORDS.split()) | st.text(max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEMPLATE
    | st.sampled_from(["chara_card_v2", "system", "openai:chat:x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)
BYTES = (
    st.binary(max_size=60)
    | TEMPLATE.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.builds(
        lambda head, body: f"---\n{json.dumps(head)}\n---\n{body}".encode("utf-8", "surrogatepass"),
        st.dictionaries(KEYS, VALUES, max_size=5),
        TEMPLATE,
    )
    | st.lists(
        st.sampled_from(["FROM x", "SYSTEM", 'SYSTEM """', "PARAMETER stop", "MESSAGE user", "MESSAGE", "x", '"""']),
        max_size=6,
    ).map(lambda lines: "\n".join(lines).encode())
)
NAMES = st.sampled_from(
    ["", "a.txt", "a.json", "a.prompty", "a.prompt", "a.yaml", "Modelfile", "a.jsonl", "a.png", "b/a.j2", "a.zip"]
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(NAMES, BYTES, st.just("") | st.sampled_from(FORMATS))
@example("", b"\x89PNG\r\n\x1a\n\0\0\0\0IHDR", "")
@example("a.prompty", b"---\nmodel: 1\ninputs: [1, {name: [2]}]\nsample: 3\ntemplate: []\n---\nx", "")
@example("", b'{"prompts": {"a": 1}, "providers": {"id": []}, "tests": [{"vars": {"a": [[], {}]}}]}', "promptfoo")
def test_whatever_a_file_holds(name: str, data: bytes, format: str) -> None:
    try:
        imported = read_import([Given(name, data)], format)
    except AkachatError as error:
        said = str(error)
    else:
        said = _checked(imported)
    assert said


def _checked(imported: Imported) -> str:
    """What was read, as a text, when all of it can be used."""
    for prompt in imported.prompts:
        Options.parse(prompt.options)
        assert check_name(safe_name(prompt.name), windows=True)
        text = prompt.instruction or ""
        text.encode()
        if imported.kind != "prompt":
            assert set(references(text).functions) <= {"iif", "msgf", "comment", "len"}
    assert all(isinstance(each, str) for pair in imported.variables.items() for each in pair)
    assert all(note.encode() and "\n" not in note for note in imported.notes)
    for message in imported.messages:
        message.content.encode()
    return str(imported)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.text(max_size=12), BYTES), max_size=4), st.data())
def test_whatever_a_zip_holds(files: list[tuple[str, bytes]], data: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (name, content) in enumerate(files):
            archive.writestr(f"{number}{name.encode('utf-8', 'replace').decode()}", content)
    raw = bytearray(packed.getvalue())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        said = _checked(read_import([Given("x.zip", bytes(raw))]))
    except AkachatError as error:
        said = str(error)
    assert said
