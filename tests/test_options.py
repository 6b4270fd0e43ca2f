"""Options: one model for the JSON file, the API, the form and the flags."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import InvalidInput
from akachat.options import DEFAULTS, Options

ACCEPTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # given, what the file holds
    "nothing": ({}, {}),
    "greedy": ({"temperature": 0}, {"temperature": 0}),
    "zeros and falses stay": (
        {"temperature": 0, "top_k": 0, "min_p": 0, "is_messages": False, "history_turns": 0, "seed": 0, "stop": []},
        {"temperature": 0, "top_k": 0, "min_p": 0, "is_messages": False, "history_turns": 0, "seed": 0, "stop": []},
    ),
    "one stop": ({"stop": "。"}, {"stop": ["。"]}),
    "numbers as a form sends them": ({"max_new_tokens": "12", "top_p": "0.5"}, {"max_new_tokens": 12, "top_p": 0.5}),
    "empty is unset": (
        {"template": "", "endpoint": "", "lora": "", "tokenizer": "", "history_summary": "", "target_language": ""},
        {},
    ),
    "null is unset": ({"location": None, "model": None, "seed": None}, {}),
    "an empty dtype is a choice": ({"dtype": ""}, {"dtype": ""}),
    "OpenAI's names": ({"max_tokens": 5}, {"max_new_tokens": 5}),
    "OpenAI's newer name": ({"max_completion_tokens": 5}, {"max_new_tokens": 5}),
    "llama.cpp's name": ({"repeat_penalty": 1.1}, {"repetition_penalty": 1.1}),
    "the SDK's name": ({"base_url": "http://a"}, {"endpoint": "http://a"}),
    "ours wins": ({"max_tokens": 5, "max_new_tokens": 6}, {"max_new_tokens": 6}),
    "unknown keys are kept": (
        {"mirostat": 2, "later": None, "a": {"b": [None]}},
        {"mirostat": 2, "later": None, "a": {"b": [None]}},
    ),
    "nulls inside stay": (
        {"response_format": {"schema": {"default": None}}, "chat_template_kwargs": {"x": None}},
        {"response_format": {"schema": {"default": None}}, "chat_template_kwargs": {"x": None}},
    ),
    "names that pydantic has too": (
        {"model_config": 1, "copy": 2, "schema": 3},
        {"model_config": 1, "copy": 2, "schema": 3},
    ),
    "tools": ({"tools": ["weather", {"type": "function"}]}, {"tools": ["weather", {"type": "function"}]}),
}


@pytest.mark.parametrize(("given_", "stored"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_accepted_and_what_is_stored(given_: dict[str, Any], stored: dict[str, Any]) -> None:
    before = json.dumps(given_)
    options = Options.parse(given_)
    assert options.to_dict() == {"location": "Local", "model": "embedded", **stored}
    assert Options.parse(json.loads(json.dumps(options.to_dict()))) == options
    assert json.dumps(given_) == before, "what the caller gave is not changed"


REFUSED = [
    ({"location": "Moon"}, "location"),
    ({"temperature": -0.1}, "temperature"),
    ({"temperature": 5.1}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": float("nan")}, "temperature"),
    ({"temperature": float("inf")}, "temperature"),
    ({"temperature": [1]}, "temperature"),
    ({"top_p": 1.1}, "top_p"),
    ({"max_new_tokens": 0}, "max_new_tokens"),
    ({"max_new_tokens": 1.5}, "max_new_tokens"),
    ({"max_tokens": -1}, "max_new_tokens"),
    ({"repetition_penalty": 0}, "repetition_penalty"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**63}, "seed"),
    ({"stop": 5}, "stop"),
    ({"stop": [5]}, "stop"),
    ({"dtype": "int2"}, "dtype"),
    ({"is_messages": "perhaps"}, "is_messages"),
    ({"response_format": "json"}, "response_format"),
    ({"timeout": 0}, "timeout"),
    ({1: 2}, "1"),
    ([], "object"),
    (None, "object"),
    ("{}", "object"),
]


@pytest.mark.parametrize(("values", "name"), REFUSED)
def test_what_is_refused_is_named(values: Any, name: str) -> None:
    with pytest.raises(InvalidInput, match=name) as error:
        Options.parse(values)
    assert len(error.value.message) <= 500


def test_a_long_wrong_value_does_not_fill_the_message() -> None:
    with pytest.raises(InvalidInput) as error:
        Options.parse({"temperature": "x" * 100_000})
    assert len(str(error.value)) < 1_000


MERGED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"seed": 1, "top_k": 5}, {"seed": 2}, {"seed": 2, "top_k": 5}),
    ({"seed": 1}, {"seed": None}, {}),
    ({"seed": 1}, {"seed": 0}, {"seed": 0}),
    ({"max_new_tokens": 3}, {"max_tokens": 7}, {"max_new_tokens": 7}),
    ({"max_tokens": 3}, {"max_tokens": None}, {}),
    ({"model": "a", "location": "OpenAI"}, {"model": None, "location": None}, {}),
    ({"later": 1}, {"later": None, "other": 2}, {"other": 2}),
    ({"later": None}, {}, {"later": None}),
    ({"stop": ["a"]}, {"stop": []}, {"stop": []}),
]


@pytest.mark.parametrize(("own", "changes", "wanted"), MERGED)
def test_merged(own: dict[str, Any], changes: dict[str, Any], wanted: dict[str, Any]) -> None:
    options = Options.parse(own)
    assert options.merged(changes) == Options.parse(wanted)
    assert options == Options.parse(own)


def test_misspelt_options_are_named_with_what_was_meant() -> None:
    options = Options.parse({"temprature": 1, "top_kk": 2, "qqq": 3})
    assert options.unknown == {"temprature": "temperature", "top_kk": "top_k", "qqq": ""}


def test_options_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Options().seed = 1


def test_every_field_can_make_a_form_and_a_schema() -> None:
    properties = Options.model_json_schema()["properties"]
    assert set(properties) == set(Options.model_fields)
    for name, info in Options.model_fields.items():
        assert info.description, name
        assert properties[name]["group"] in ("model", "sampling", "history", "form")
        assert info.default is None or name in ("location", "model")
    assert set(DEFAULTS) <= set(Options.model_fields)
    Options.parse(DEFAULTS)
    assert get_args(Options.model_fields["location"].annotation) == ("Local", "OpenAI")
    assert set(Options.ALIASES.values()) <= set(Options.model_fields)
    assert not set(Options.ALIASES) & set(Options.model_fields)


_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({*Options.model_fields, *Options.ALIASES, "later"})) | st.text(), _JSON))
def test_any_object_is_options_or_a_clear_error(values: dict[str, Any]) -> None:
    try:
        options = Options.parse(values)
    except InvalidInput as error:
        assert error.message  # noqa: PT017
        return
    stored = options.to_dict()
    assert Options.parse(stored) == options
    for key in options.unknown:
        assert stored[key] == values[key]
