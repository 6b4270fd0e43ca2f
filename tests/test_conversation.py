"""What is sent to the model: the contract of instruction, history and input, as one table."""

from __future__ import annotations

import pytest

from akachat.conversation import compose
from akachat.messages import Message
from akachat.template import Rendering


def rendering(*parts: str | tuple[Message, ...]) -> Rendering:
    return Rendering("", parts, (), (), False, False, 0.0)


def turns(*pairs: tuple[str, str]) -> tuple[Message, ...]:
    return tuple(Message(role, text) for role, text in pairs)


SHOTS = turns(("user", "1+1?"), ("assistant", "2"))

TABLE = {
    "instruction and input": (rendering("You are A."), (), "hi", [("system", "You are A."), ("user", "hi")]),
    "the text is taken as it stands": (rendering(" A\n"), (), "hi", [("system", " A\n"), ("user", "hi")]),
    "white space alone makes no message": (rendering(" \n"), (), "hi", [("user", "hi")]),
    "an empty input makes no message": (
        rendering("A"),
        turns(("user", "q"), ("assistant", "a")),
        "",
        [("system", "A"), ("user", "q"), ("assistant", "a")],
    ),
    "alone, the instruction is the user's": (rendering("Say hi."), (), "", [("user", "Say hi.")]),
    "history stands between": (
        rendering("A"),
        turns(("user", "q"), ("assistant", "a")),
        "next",
        [("system", "A"), ("user", "q"), ("assistant", "a"), ("user", "next")],
    ),
    "messages stay in place": (
        rendering("before\n", SHOTS, "\nafter"),
        (),
        "3+3?",
        [("system", "before"), ("user", "1+1?"), ("assistant", "2"), ("system", "after"), ("user", "3+3?")],
    ),
    "a user turn in the instruction is enough": (
        rendering("A", SHOTS[:1]),
        (),
        "",
        [("system", "A"), ("user", "1+1?")],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_compose(case: str) -> None:
    given, history, text, expected = TABLE[case]
    messages = compose(given, history, text).messages()
    assert [(m.role, m.content) for m in messages] == expected


@pytest.mark.parametrize("parts", [(), ("",), (" \n ",)])
def test_white_space_alone_says_nothing(parts: tuple[str, ...]) -> None:
    assert compose(rendering(*parts), (), "  ").messages() == ()
