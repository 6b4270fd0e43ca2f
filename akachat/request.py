"""One call of a prompt, in the words of whoever asks: the page, the Web API, the command line, a program."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from akachat.messages import Message

__all__ = ["Memory", "RunRequest", "new_id"]

#: One secret a process instead of one a run: asking the system for random bytes costs 35 µs.
_ID_KEY = os.urandom(32)
_ids = itertools.count()


def new_id() -> str:
    """A run's id: 32 hexadecimal digits that nobody can guess."""
    return hashlib.blake2b(next(_ids).to_bytes(8, "big"), key=_ID_KEY, digest_size=16).hexdigest()


Source = Literal["page", "api", "cli", "python", "llm"]


@dataclass(frozen=True, slots=True)
class Memory:
    """A session as a run found it.

    Attributes:
        history: the messages that precede the run, as many as one request may have.
        at: how many of the session's messages stay when the run's own are added; None for all.
        replacing: what must still stand there then; empty for anything.
    """

    history: tuple[Message, ...]
    at: int | None = None
    replacing: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One call of a prompt.

    Attributes:
        prompt: a saved prompt's name; None for an inline instruction alone.
        instruction: replaces the saved prompt's text (the page's unsaved edit), or stands alone.
        options: replaces single options of the saved prompt; a None unsets one.
        is_draft: instruction and options are all there is, as an editor has them; ``prompt`` only names the run.
        input: the user's newest text; the last user message.
        messages: the conversation before it.
        variables: values that go before the workspace's variables in this run.
        session: the conversation on the server that this run continues: its messages precede these ones, and input and
            answer are added to it when the run has ended; empty for none.
        turn: how many of the session's messages precede the run; those after them are replaced by what is said now.
            None: all of them precede it.
        id: the run's id, chosen by the caller; empty for a new one.
        source: who asks; ``test()`` shows nothing to the API.
        caller: tells callers of one source apart, who take turns at a model; empty: the source itself.
        stream: whether the answer's pieces are wanted as they come (else it may be fetched at once, which is cheaper).
        keep: whether input and answer are appended to ``log/messages.jsonl``.
        raw: whether ``input`` is all that the model receives, exactly as it stands: no instruction, no template, no
            history, and what looks like the model's special tokens is taken as them.
        continues: the answer so far, which the model goes on with; the result is only what it adds.
    """

    prompt: str | None = None
    instruction: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    is_draft: bool = False
    input: str = ""
    messages: tuple[Message, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    turn: int | None = None
    id: str = ""
    source: Source = "python"
    caller: str = ""
    stream: bool = True
    keep: bool = False
    raw: bool = False
    continues: str = ""
