"""Settings: where they come from, what is written, that keys are never seen and go to their own endpoint only."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import pickle
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel

from akachat.errors import AkachatError, FileError, InvalidInput, NotFound
from akachat.settings import MASK, OPENAI_URL, Endpoint, Limits, Secret, Settings, SettingsFile, Token

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def load(path: Path, content: Any = None, **environ: str) -> Settings:
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return Settings.load(path, environ)


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_never_shown() -> None:
    secret = Secret(KEY)

    class Holder(BaseModel):
        key: Secret
        keys: list[Secret]

    holder = Holder(key=KEY, keys=[KEY])  # type: ignore[arg-type, list-item]
    settings = Settings.build(
        {
            "openai_key": KEY,
            "hf_token": KEY,
            "endpoints": {"a": {"url": "http://a", "key": KEY}},
            "tokens": [{"token": KEY}],
        },
        {},
    )
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>10}",
        f"{secret!r}",
        "%s %r" % (secret, secret),  # noqa: UP031
        f"{[secret]} { {'k': secret} }",
        repr(holder),
        holder.model_dump_json(),
        json.dumps(holder.model_dump(mode="json")),
        json.dumps(secret, default=str),
        orjson.dumps({"k": secret}, default=str).decode(),
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        repr(settings.model_dump()),
        repr(pickle.dumps(secret)),
        repr(pickle.dumps(settings.endpoints)),
        pickle.loads(pickle.dumps(secret)).reveal(),
        repr(Settings.model_json_schema()),
    ]
    for text in shown:
        assert KEY not in text
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        "".join([secret])  # type: ignore[list-item]
    assert secret.reveal() == KEY == copy.deepcopy(secret).reveal() == copy.copy(secret).reveal()
    assert settings.model_copy(deep=True).openai_key == Secret(KEY)
    assert bool(secret)
    assert not Secret("")
    assert secret == Secret(KEY) != Secret("other")
    assert secret != KEY
    assert len({secret, Secret(KEY)}) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"openai_key": [KEY]},
        {"openai_key": KEY + "\nX-Header: 1"},
        {"hf_token": {"a": KEY}},
        {"endpoints": {"a": {"url": f"http://user:{KEY}@host/v1"}}},
        {"endpoints": {"a": {"url": f"http:// {KEY}"}}},
        {"endpoints": {"a": KEY}},
        {"endpoints": KEY},
        {"tokens": [{"name": "a", "role": KEY, "token": KEY}]},
        {"tokens": KEY},
        {"limits": {"llm_depth": KEY}},
        f'{{"openai_key": "{KEY}",}}',
        f'{{"openai_key": "{KEY}\n"}}',
        f'"{KEY}"',
    ],
)
def test_an_error_never_quotes_a_value(path: Path, content: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(FileError) as error:
        load(path, content)
    chain: BaseException | None = error.value
    while chain is not None:
        assert KEY not in f"{chain} {chain!r} {getattr(chain, 'hint', '')}"
        assert chain.__cause__ is None
        chain = None if chain.__suppress_context__ else chain.__context__
    assert KEY not in json.dumps(error.value.to_dict())
    assert KEY not in caplog.text


def test_a_key_pasted_with_spaces_and_a_newline_is_cleaned(path: Path) -> None:
    key = load(path, {"openai_key": f"  {KEY}\n"}).openai_key
    assert key is not None
    assert key.reveal() == KEY


# -- where settings come from -----------------------------------------------------------------------------------------


def test_without_a_file_everything_has_its_default(path: Path) -> None:
    settings = load(path)
    assert (settings.is_test, settings.openai_key, settings.endpoints, settings.language) == (False, None, {}, "")
    assert settings.limits == Limits()
    assert settings.limits.llm_depth == 8
    assert settings.journal.enabled
    assert (settings.tokens, settings.trust_remote_code) == ((), ())
    assert not path.exists()
    assert load(path, "").limits == Limits()


def test_every_limit_has_a_description_and_takes_no_nonsense(path: Path) -> None:
    for name, info in Limits.model_fields.items():
        assert info.description, name
        for bad in (-1, float("nan"), "x", None):
            with pytest.raises(InvalidInput, match=name):
                Settings.build({"limits": {name: bad}}, {})
    assert load(path, {"limits": {"llm_depth": 3}}).limits == Limits(llm_depth=3)


ENVIRONMENT: dict[str, tuple[dict[str, str], Mapping[str, Any], dict[str, Any]]] = {
    # variables, the file, what comes out
    "a switch": ({"AKACHAT_IS_TEST": "1"}, {}, {"is_test": True}),
    "off": ({"AKACHAT_IS_TEST": "off"}, {"is_test": True}, {"is_test": False}),
    "empty is not given": ({"AKACHAT_IS_TEST": ""}, {"is_test": True}, {"is_test": True}),
    "over the file": ({"AKACHAT_TITLE": "env"}, {"title": "file"}, {"title": "env"}),
    "a list": ({"AKACHAT_ALLOWED_HOSTS": "a.example, b.example"}, {}, {"allowed_hosts": ["a.example", "b.example"]}),
    "a JSON list": ({"AKACHAT_ALLOWED_HOSTS": '["a"]'}, {}, {"allowed_hosts": ["a"]}),
    "one limit": (
        {"AKACHAT_LIMITS__LLM_DEPTH": "3"},
        {"limits": {"llm_depth": 4, "live_runs": 5}},
        {"limits": {"llm_depth": 3, "live_runs": 5}},
    ),
    "limits as an object": (
        {"AKACHAT_LIMITS": '{"llm_depth": 3}'},
        {"limits": {"live_runs": 5}},
        {"limits": {"llm_depth": 3, "live_runs": 5}},
    ),
    "journal off": ({"AKACHAT_JOURNAL__ENABLED": "false"}, {}, {"journal": {"enabled": False}}),
    "journal off in short": ({}, {"journal": False}, {"journal": {"enabled": False}}),
    "journal on over off": (
        {"AKACHAT_JOURNAL__DAYS": "2"},
        {"journal": False},
        {"journal": {"enabled": False, "days": 2}},
    ),
    "an endpoint": (
        {"AKACHAT_ENDPOINTS": '{"b": {"url": "http://b"}}'},
        {"endpoints": {"a": {"url": "http://a"}}},
        {"endpoints": {"a": {"url": "http://a"}, "b": {"url": "http://b"}}},
    ),
    "an endpoint in pieces": (
        {"AKACHAT_ENDPOINTS__B__URL": "http://b", "AKACHAT_ENDPOINTS__B__KEY": "k"},
        {},
        {"endpoints": {"b": {"url": "http://b", "key": "k"}}},
    ),
    "another address takes no key along": (
        {"AKACHAT_ENDPOINTS__A__URL": "http://evil"},
        {"endpoints": {"a": {"url": "http://a", "key": KEY}}},
        {"endpoints": {"a": {"url": "http://evil"}}},
    ),
    "the usual key": ({"OPENAI_API_KEY": "env"}, {}, {"openai_key": "env"}),
    "the file before the usual key": ({"OPENAI_API_KEY": "env"}, {"openai_key": "file"}, {"openai_key": "file"}),
    "ours before the usual key": (
        {"OPENAI_API_KEY": "usual", "AKACHAT_OPENAI_KEY": "ours"},
        {"openai_key": "file"},
        {"openai_key": "ours"},
    ),
    "the usual address with the usual key": (
        {"OPENAI_API_KEY": "env", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"},
        {"openai_key": "file"},
        {"openai_key": "file", "endpoints": {"openai": {"url": "http://127.0.0.1:1/v1", "key": "env"}}},
    ),
    "OpenAI's own address": (
        {"OPENAI_API_KEY": "env", "OPENAI_BASE_URL": "https://api.openai.com/v1"},
        {},
        {"openai_key": "env"},
    ),
    "Hugging Face": ({"HF_TOKEN": "hf"}, {}, {"hf_token": "hf"}),
    "strangers": ({"AKACHAT_WORKSPACE": "/x", "AKACHAT_NONSENSE": "1", "PATH": "/"}, {}, {}),
}


@pytest.mark.parametrize(("environ", "file", "wanted"), ENVIRONMENT.values(), ids=ENVIRONMENT)
def test_the_environment_and_the_file(
    path: Path, environ: dict[str, str], file: Mapping[str, Any], wanted: dict[str, Any]
) -> None:
    settings = load(path, file, **environ)
    assert settings.model_dump() == Settings.build(wanted, {}).model_dump()
    assert [k.reveal() for k in settings.secrets()] == [k.reveal() for k in Settings.build(wanted, {}).secrets()]
    settings.save(path)
    written = json.loads(path.read_text("utf-8"))
    normal = json.loads(json.dumps(Settings.build(file, {}).to_file()))
    assert written == normal, "what only the environment says is not written, what the file said is kept"


def test_unknown_keys_are_kept_and_named(path: Path) -> None:
    content = {
        "is_tset": True,
        "limits": {"later": 1},
        "endpoints": {"a": {"url": "http://a", "note": "x"}},
        "new": [1],
    }
    settings = load(path, content, AKACHAT_OPENAI_KEYS="x")
    assert settings.unknown["is_tset"] == "is_test"
    assert settings.unknown["AKACHAT_OPENAI_KEYS"] == "openai_key"
    assert settings.unknown["limits.later"] == ""
    settings.save(path)
    assert json.loads(path.read_text()) == content
    SettingsFile(path, {}).update(is_test=True)
    assert json.loads(path.read_text()) == {**content, "is_test": True}


def test_misspelt_settings_are_told_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text('{"tokns": [], "limits": {"live_rnus": 3}}')
    file = SettingsFile(path, {"AKACHAT_ALLOWED_HOST": "x", "AKACHAT_TORCH": "cpu", "AKACHAT_CHROMIUM": "/x"})
    for _ in range(3):
        file.current()
    assert sorted(caplog.messages) == [
        "There is no setting AKACHAT_ALLOWED_HOST (did you mean allowed_hosts?)",
        "There is no setting limits.live_rnus (did you mean limits.live_runs?)",
        "There is no setting tokns (did you mean tokens?)",
    ]


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ('{\n  "is_test": true,\n}', 3, 1),
        ("[]", 1, 1),
        ('{\n\n  "is_test": "perhaps"\n}', 3, 3),
        ('{"limits": {\n "live_runs": 1,\n "llm_depth": 0}}', 3, 2),
        ('{"openai_key": "x",\n "endpoints": {"a": {\n   "url": "ftp://x"}}}', 3, 4),
        ('{"language": "fr"}', 1, 2),
        ('{"tokens": [\n{"role": "run"}]}', 1, 2),
    ],
)
def test_a_broken_file_is_reported_with_its_place_and_kept(path: Path, content: str, line: int, column: int) -> None:
    with pytest.raises(FileError) as error:
        load(path, content)
    assert (error.value.path, error.value.line, error.value.column) == ("settings.json", line, column)
    with pytest.raises(AkachatError):
        SettingsFile(path, {}).update(title="x")
    if not content.startswith(('{"', "{\n\n")):
        with pytest.raises(FileError):
            Settings.build({}, {}).save(path)
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AKACHAT_IS_TEST", KEY), ("AKACHAT_ENDPOINTS", KEY), ("AKACHAT_LIMITS__LLM_DEPTH", KEY), ("AKACHAT_TOKENS", KEY)],
)
def test_a_wrong_variable_is_named_without_its_value(path: Path, variable: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=variable) as error:
        load(path, None, **{variable: value})
    assert KEY not in str(error.value)


# -- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_the_file_is_for_its_owner_only(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0o644)
    SettingsFile(path, {}).update(openai_key=KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"openai_key": KEY}
    path.unlink()
    Settings.build({"openai_key": KEY}, {}).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_changes_are_merged_and_none_goes_back_to_the_default(path: Path) -> None:
    file = SettingsFile(path, {})
    file.update(
        title="a",
        limits={"llm_depth": 3, "live_runs": 5},
        endpoints={"a": {"url": "http://a/", "key": KEY}, "b": Endpoint(url="http://b")},
        tokens=[{"name": "t", "role": "edit", "token": "tok-1"}, Token(name="u", token=Secret("tok-2"))],
        openai_key=Secret(KEY),
        journal=False,
    )
    file.update(title=None, limits={"live_runs": None}, endpoints={"b": None, "c": {"url": "http://c"}})
    settings = file.current()
    assert settings == load(path)
    assert (settings.title, settings.limits, list(settings.endpoints)) == ("akachat", Limits(llm_depth=3), ["a", "c"])
    assert not settings.journal.enabled
    file.update(journal={"days": 3})
    assert (file.current().journal.enabled, file.current().journal.days) == (False, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"tite": "x"},
        {"language": "fr"},
        {"limits": {"llm_depth": 0}},
        {"endpoints": {"a": {"url": "nowhere"}}},
        {"limits": 3},
    ],
)
def test_a_wrong_change_is_refused_and_nothing_is_written(path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        SettingsFile(path, {}).update(**changes)
    assert not path.exists()


def test_a_form_that_sends_masks_back_changes_no_key(path: Path) -> None:
    content = {
        "openai_key": KEY,
        "endpoints": {"a": {"url": "http://a/v1", "key": KEY}},
        "tokens": [{"name": "t", "role": "run", "token": KEY}],
        "title": "x",
    }
    path.write_text(json.dumps(content))
    file = SettingsFile(path, {"AKACHAT_HF_TOKEN": "hf", "AKACHAT_ENDPOINTS": '{"e": {"url": "http://e", "key": "k"}}'})
    form = json.loads(file.current().model_dump_json(exclude_unset=True))
    assert KEY not in json.dumps(form)
    assert form["endpoints"]["e"]["key"] == MASK
    file.update(**form)
    assert json.loads(path.read_text()) == content
    form["endpoints"]["a"]["url"] = "http://a/v2"
    file.update(**form)
    assert file.current().endpoints["a"].key == Secret(KEY), "the same server, another path"


@pytest.mark.parametrize("url", ["http://evil/v1", "https://a/v1", "http://a:81/v1", "http://a.evil/v1"])
def test_a_masked_key_does_not_move_to_another_address(path: Path, url: str) -> None:
    file = SettingsFile(path, {})
    file.update(endpoints={"a": {"url": "http://a/v1", "key": KEY}})
    before = path.read_text()
    with pytest.raises(InvalidInput, match="address"):
        file.update(endpoints={"a": {"url": url, "key": MASK}})
    assert path.read_text() == before
    with pytest.raises(InvalidInput):
        file.update(tokens=[{"name": "new", "role": "edit", "token": MASK}])


def test_what_a_variable_sets_cannot_be_changed_without_effect(path: Path) -> None:
    file = SettingsFile(path, {"AKACHAT_TITLE": "env", "OPENAI_API_KEY": "usual"})
    with pytest.raises(InvalidInput, match="AKACHAT_TITLE"):
        file.update(title="mine")
    file.update(title="env", is_test=True)
    assert json.loads(path.read_text()) == {"is_test": True}
    file.update(openai_key=KEY)
    assert file.current().openai_key == Secret(KEY)
    assert file.current().from_environment == {("title",): "AKACHAT_TITLE"}


# -- while the program runs -------------------------------------------------------------------------------------------


def test_hand_edits_are_seen_and_a_broken_one_keeps_the_last_good(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = SettingsFile(path, {})
    assert file.current().title == "akachat"
    for title in ("a", "b", "c"):
        path.write_text(json.dumps({"title": title}))
        assert file.current().title == title
    time.sleep(0.06)
    assert file.current() is file.current()
    path.write_text('{"title": "d"')
    for _ in range(3):
        assert file.current().title == "c"
    problem: AkachatError | None = file.problem
    assert isinstance(problem, FileError)
    assert len(caplog.records) == 1
    with pytest.raises(FileError):
        file.update(title="e")
    assert path.read_text() == '{"title": "d"'
    path.write_text('{"title": "d"}')
    assert file.current().title == "d"
    problem = file.problem
    assert problem is None
    path.unlink()
    assert file.current().title == "akachat"


def test_a_file_that_was_never_good_is_an_error(path: Path) -> None:
    path.write_text("{")
    file = SettingsFile(path, {})
    for _ in range(2):
        with pytest.raises(FileError):
            file.current()


def test_threads_and_processes_change_settings_at_once(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from akachat.settings import SettingsFile\n"
        "f = SettingsFile(Path(sys.argv[1]), {})\n"
        "for n in range(15): f.update(endpoints={f'p{n}': {'url': 'http://a'}})"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(path)])
    file = SettingsFile(path, {})

    def change(me: int) -> None:
        for n in range(10):
            file.update(endpoints={f"{me}-{n}": {"url": "http://a"}})

    threads = [threading.Thread(target=change, args=(me,)) for me in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(60) == 0
    assert len(file.current().endpoints) == 45


# -- whose key goes where ---------------------------------------------------------------------------------------------

KEYS = Settings.build(
    {
        "openai_key": "openai",
        "endpoints": {
            "local": {"url": "http://127.0.0.1:8080/v1", "key": "local"},
            "bare": {"url": "http://bare.example/v1/"},
            "one": {"url": "https://two.example/one/v1", "key": "one"},
            "two": {"url": "https://two.example/two/v1", "key": "two"},
            "six": {"url": "http://[::1]:5/v1", "key": "six"},
        },
    },
    {},
)

OWNERS = [
    ("https://api.openai.com/v1", "openai"),
    ("https://API.OpenAI.com:443/v1/chat/completions", "openai"),
    ("http://api.openai.com/v1", None),
    ("https://api.openai.com:444/v1", None),
    ("https://api.openai.com.evil.example/v1", None),
    ("https://api.openai.com./v1", None),
    ("https://evil.example/https://api.openai.com/v1", None),
    ("https://evil.example#https://api.openai.com", None),
    ("http://127.0.0.1:8080/v1/models", "local"),
    ("http://127.0.0.1:8080", "local"),
    ("http://127.0.0.1:8081/v1", None),
    ("https://127.0.0.1:8080/v1", None),
    ("http://localhost:8080/v1", None),
    ("http://bare.example/v1", None),
    ("https://two.example/one/v1/chat", "one"),
    ("https://two.example/two/v1", "two"),
    ("http://[::1]:5/v1", "six"),
]


@pytest.mark.parametrize(("url", "owner"), OWNERS)
def test_a_key_goes_to_its_own_endpoint_only(url: str, owner: str | None) -> None:
    key = KEYS.key_for(url)
    assert (key.reveal() if key else None) == owner
    assert KEYS.resolve_endpoint(url) == (url, key)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com@evil.example/v1",
        "https://evil.example\\@api.openai.com/v1",
        "https://api.openai.com\\.evil.example/v1",
        "https://api.openai.com\t.evil.example/v1",
        "https://api.openai.com\n/v1",
        "https:/api.openai.com",
        "https://",
        "ftp://api.openai.com/v1",
        "file:///etc/passwd",
        "http://a:99999/",
        "http://[::1/",
        "//api.openai.com/v1",
    ],
)
def test_an_address_that_may_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        KEYS.key_for(url)
    with pytest.raises(InvalidInput):
        KEYS.resolve_endpoint(url)


def test_endpoints_by_name() -> None:
    url, key = KEYS.resolve_endpoint("local")
    assert (url, key and key.reveal()) == ("http://127.0.0.1:8080/v1", "local")
    assert KEYS.resolve_endpoint("bare") == ("http://bare.example/v1", None)
    for empty in (None, ""):
        url, key = KEYS.resolve_endpoint(empty)
        assert (url, key and key.reveal()) == (OPENAI_URL, "openai")
    with pytest.raises(NotFound) as error:
        KEYS.resolve_endpoint("lokal")
    assert "local" in error.value.hint
    own = Settings.build({"openai_key": "k", "endpoints": {"openai": {"url": "http://proxy/v1"}}}, {})
    assert own.resolve_endpoint(None) == ("http://proxy/v1", None), "OpenAI's key does not go to a proxy"
    for known in ("local", "http://bare.example/v1", "http://bare.example/v1/", None, OPENAI_URL):
        assert KEYS.knows_endpoint(known)
    for stranger in ("x", "http://bare.example/v2", "http://evil"):
        assert not KEYS.knows_endpoint(stranger)


@hypothesis_settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_gets_a_key_that_is_not_its_own(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}api.openai.com/v1", f"https://api.openai.com{text}"):
        try:
            key = KEYS.key_for(url)
        except InvalidInput:
            continue
        if key is not None and key.reveal() == "openai":
            rest = re.match(r"https://api\.openai\.com(:0*443|:)?(.?)", url, re.IGNORECASE)
            assert rest is not None
            assert rest[2] in ("", "/", "?", "#")


# -- tokens -----------------------------------------------------------------------------------------------------------


def test_tokens_are_told_apart() -> None:
    hashed = "sha256:9e4fe1b7b53f1d4ef1ec9b4bd50e8c2c3e0f2a52e3a3a9e9d5c4e3a6d3f5d3b1"
    settings = Settings.build(
        {
            "tokens": [
                {"name": "a", "role": "run", "token": "token-a"},
                {"name": "b", "role": "edit", "token": "トークン"},
                {"name": "c", "token": "sha256:" + hashlib.sha256(b"token-c").hexdigest()},
                {"name": "d", "token": hashed},
            ]
        },
        {},
    )

    def name(presented: str) -> str | None:
        token = settings.token_for(presented)
        return token.name if token else None

    assert [name(each) for each in ("token-a", "トークン", "token-c")] == ["a", "b", "c"]
    for wrong in ("", "token", "token-a ", "TOKEN-A", hashed, MASK, "\ud800", "x" * 100_000):
        assert name(wrong) is None
    with pytest.raises(InvalidInput):
        Settings.build({"tokens": [{"token": ""}]}, {})


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX links")
def test_keys_are_not_written_through_a_link_that_leads_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "settings.json").symlink_to(outside)
    with pytest.raises(InvalidInput, match="leads out"):
        SettingsFile(tmp_path / "w" / "settings.json", {}).update(openai_key=KEY)
    assert outside.read_text() == "{}"
