"""Messages: the text form, OpenAI's objects, and a history cut to its budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.errors import InvalidInput
from akachat.messages import ROLES, Message, format_messages, parse_message, parse_messages, trim

U, A, S = "user", "assistant", "system"

PARSED: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "nothing": ("", []),
    "white space": (" \n\t\n", []),
    "one line": ("user: こんにちは", [(U, "こんにちは")]),
    "a conversation": ("user: a\nai: b\nassistant: c\nsystem: d", [(U, "a"), (A, "b"), (A, "c"), (S, "d")]),
    "full-width colons": ("user：a\nai：b", [(U, "a"), (A, "b")]),
    "case and spaces": ("  User : a\nAI:b\n\tSYSTEM :c", [(U, "a"), (A, "b"), (S, "c")]),
    "no speaker": ("a\nb", [(U, "a\nb")]),
    "no speaker at first": ("a\nai: b", [(U, "a"), (A, "b")]),
    "more lines": ("ai: a\nb\n\nc\nuser: d", [(A, "a\nb\n\nc"), (U, "d")]),
    "text on the next line": ("user:\n  a\n  b", [(U, "a\n  b")]),
    "an empty turn": ("user:\nai: b\nuser:   ", [(A, "b")]),
    "blank lines before": ("\n\nai: b", [(A, "b")]),
    "CRLF and CR": ("user: a\r\nai: b\rc", [(U, "a"), (A, "b\nc")]),
    "a word that only begins so": ("users: a\naim: b", [(U, "users: a\naim: b")]),
    "a colon later": ("user: the ai: says", [(U, "the ai: says")]),
    "a role of the API is no speaker": ("user: a\ntool: b", [(U, "a\ntool: b")]),
    "a list of lines": (["user: a", "b", "ai: c"], [(U, "a\nb"), (A, "c")]),
    "a list of texts": (["user: a\nai: b", "c"], [(U, "a"), (A, "b\nc")]),
    "a list of objects": ([{"role": U, "content": "ai: x"}, {"role": "ai", "content": "y"}], [(U, "ai: x"), (A, "y")]),
    "both": (["user: a", {"role": A, "content": "b"}, "c"], [(U, "a"), (A, "b"), (U, "c")]),
    "one object": ({"role": S, "content": "a"}, [(S, "a")]),
    "messages": ((Message(A, " a "),), [(A, " a ")]),
    "an empty list": ([], []),
    "an object's white space is its own": ([{"role": U, "content": " a\r\n"}], [(U, " a\r\n")]),
}


@pytest.mark.parametrize(("value", "wanted"), PARSED.values(), ids=PARSED)
def test_parse_messages(value: Any, wanted: list[tuple[str, str]]) -> None:
    assert [(m.role, m.content) for m in parse_messages(value)] == wanted


OBJECTS: dict[str, tuple[Any, Message]] = {
    "plain": ({"role": U, "content": "a"}, Message(U, "a")),
    "empty": ({"role": U, "content": ""}, Message(U, "")),
    "parts": (
        {"role": U, "content": [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        Message(U, "ab"),
    ),
    "bare parts": ({"role": U, "content": ["a", "b"]}, Message(U, "ab")),
    "no parts": ({"role": U, "content": []}, Message(U, "")),
    "an empty part": ({"role": U, "content": [{"type": "text", "text": None}]}, Message(U, "")),
    "a tool's answer": (
        {"role": "tool", "tool_call_id": "1", "content": "a"},
        Message("tool", "a", {"tool_call_id": "1"}),
    ),
    "tool calls": (
        {"role": A, "content": None, "tool_calls": [{"id": "1"}]},
        Message(A, "", {"tool_calls": [{"id": "1"}]}),
    ),
    "a name": ({"role": U, "content": "a", "name": "n"}, Message(U, "a", {"name": "n"})),
}


@pytest.mark.parametrize(("value", "wanted"), OBJECTS.values(), ids=OBJECTS)
def test_parse_message(value: Any, wanted: Message) -> None:
    message = parse_message(value)
    assert message == wanted
    assert parse_message(message.to_dict()) == message


WRONG: dict[str, tuple[Any, str]] = {
    "a number": (5, "list"),
    "nothing": (None, "list"),
    "bytes": (b"user: a", "list"),
    "a list of numbers": ([1], r"messages\[0\]"),
    "no role": ([{"content": "a"}], "role None"),
    "another role": (["user: x", {"role": "robot", "content": "a"}], r"messages\[1\].*robot"),
    "a role that is a list": ([{"role": [], "content": "a"}], "role"),
    "no content": ([{"role": U}], "no text content"),
    "null": ([{"role": U, "content": None, "name": "n"}], "no text content"),
    "a number as content": ([{"role": U, "content": 5}], "no text content"),
    "an object as content": ([{"role": U, "content": {"text": "a"}}], "no text content"),
    "an image": ([{"role": U, "content": [{"type": "image_url"}]}], "image_url"),
    "a number as part": ([{"role": U, "content": [1]}], "int"),
}


@pytest.mark.parametrize(("value", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_message_is_said(value: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as error:
        parse_messages(value)
    assert error.value.hint


# Contents that the text form can carry: no line that looks like a speaker's, no outer white space, no lone CR.
_LINE = st.text(st.characters(exclude_characters="\r\n:：", exclude_categories=["Cs"]))
_CONTENT = st.lists(_LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(lines).strip()).filter(bool)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([U, A, S]), _CONTENT)))
def test_the_text_form_reads_back(turns: list[tuple[str, str]]) -> None:
    messages = tuple(Message(role, content) for role, content in turns)
    assert parse_messages(format_messages(messages)) == messages
    assert parse_messages(format_messages(messages).split("\n")) == messages
    assert parse_messages([m.to_dict() for m in messages]) == messages


@settings(deadline=None)
@given(st.text())
def test_any_text_is_messages(text: str) -> None:
    messages = parse_messages(text)
    assert all(m.role in ROLES and m.content == m.content.strip() != "" for m in messages)
    assert bool(messages) or not text.strip() or ":" in text or "：" in text


# -- trimming ---------------------------------------------------------------------------------------------------------


def history(text: str) -> list[Message]:
    """``u3 a2`` is a user turn of 3 tokens and an answer of 2."""
    roles = {"u": U, "a": A, "s": S}
    return [Message(roles[each[0]], "x" * int(each[1:])) for each in text.split()]


def counter(fixed: int) -> Any:
    return lambda messages: fixed + sum(len(m.content) for m in messages)


TRIMMED = [
    # history, what is always there, how; what is kept, tokens
    ("u3 a2 u3 a2", 10, {}, "u3 a2 u3 a2", 20),
    ("u3 a2 u3 a2", 10, {"threshold": 20}, "u3 a2 u3 a2", 20),
    ("u3 a2 u3 a2", 10, {"threshold": 19}, "u3 a2", 15),
    ("u3 a2 u3 a2", 10, {"threshold": 19, "target": 12}, "", 10),
    ("u3 a2 u3 a2", 10, {"threshold": 20, "target": 12}, "u3 a2 u3 a2", 20),
    ("u3 a2 u3 a2", 10, {"threshold": 19, "target": 99}, "u3 a2", 15),
    ("u3 a2 u3 a2", 100, {"threshold": 19}, "", 100),
    ("u3 a2 u3 a2 u1", 10, {"turns": 1}, "u1", 11),
    ("u3 a2 u3 a2 u1", 10, {"turns": 2}, "u3 a2 u1", 16),
    ("u3 a2 u3 a2", 10, {"turns": 0}, "", 10),
    ("a1 u3 a2", 0, {"turns": 1}, "u3 a2", 5),
    ("u3 a2 u3 a2", 10, {"target": 15}, "u3 a2", 15),
    ("u3 a2 u3 a2 u9", 10, {"turns": 2, "threshold": 20}, "u9", 19),
    ("s4 u3 a2 a2 u1 a1", 0, {"threshold": 12}, "s4 u1 a1", 6),
    ("s4 u3 a2 s2 a2 u1 a1", 0, {"threshold": 7}, "s4 s2", 6),
    ("s4 u3 a2 u1 a1", 0, {"turns": 1}, "s4 u1 a1", 6),
    ("", 5, {"threshold": 1}, "", 5),
]


@pytest.mark.parametrize(("text", "fixed", "how", "kept", "tokens"), TRIMMED)
def test_trim(text: str, fixed: int, how: dict[str, int], kept: str, tokens: int) -> None:
    trimmed = trim(history(text), counter(fixed), **how)
    assert (list(trimmed.kept), trimmed.tokens) == (history(kept), tokens)
    assert trimmed.before == fixed + sum(len(m.content) for m in history(text))
    assert sorted(map(str, [*trimmed.dropped, *trimmed.kept])) == sorted(map(str, history(text)))
    assert bool(trimmed.rules) == bool(trimmed.dropped)
    assert all(m.role != S for m in trimmed.dropped), "what a system message says holds for the whole conversation"


@settings(deadline=None)
@given(
    turns=st.lists(st.tuples(st.sampled_from([U, A, "tool"]), st.integers(0, 9)), max_size=30),
    threshold=st.integers(1, 100),
    target=st.none() | st.integers(1, 100),
    limit=st.none() | st.integers(0, 10),
)
def test_a_trimmed_history_keeps_its_end_and_its_pairs(
    turns: list[tuple[str, int]], threshold: int, target: int | None, limit: int | None
) -> None:
    messages = [Message(role, "x" * size) for role, size in turns]
    counts = 0

    def count(some: Sequence[Message]) -> int:
        nonlocal counts
        counts += 1
        return 5 + sum(len(m.content) for m in some)

    trimmed = trim(messages, count, threshold=threshold, target=target, turns=limit)
    assert [*trimmed.dropped, *trimmed.kept] == messages
    assert trimmed.tokens == count(trimmed.kept)
    assert counts <= 10, "counting is what costs"
    if trimmed.dropped and trimmed.kept:
        assert trimmed.kept[0].role == U, "it never begins with the answer to a question that is gone"
    if trimmed.kept:
        assert trimmed.tokens <= threshold
    if limit is not None:
        assert sum(m.role == U for m in trimmed.kept) <= limit or not trimmed.dropped
