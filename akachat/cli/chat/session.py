"""The state of one chat: what was said, with which prompt and options, and the next request that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from akachat.errors import InvalidInput
from akachat.events import Finished, RunRequest, new_id
from akachat.messages import Message
from akachat.raw import read_typed

__all__ = ["Session", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was asked and what came of it; ``raw`` turns stand outside the conversation."""

    input: str
    answer: str = ""
    raw: bool = False


class Session:
    """One conversation.

    Args:
        prompt: the saved prompt that is talked to; None for the bare model.
        system: an instruction in the place of the prompt's; it is taken as it stands.
        options: the options that differ from the prompt's.
        keep: whether turns are also appended to ``log/messages.jsonl``.
    """

    def __init__(self, prompt: str | None, system: str | None, options: Mapping[str, Any], *, keep: bool) -> None:
        self.prompt = prompt
        self.system = system
        self.options = dict(options)
        #: The conversation on disk that this one continues, and what stands there before the turns.
        self.stored = ""
        self.base: tuple[Message, ...] = ()
        self._save: Callable[[Sequence[Message]], object] = lambda _: None
        #: Translation models take each text by itself.
        self.has_history = True
        #: Options that hold where nobody says otherwise.
        self.defaults: dict[str, Any] = {}
        self.turns: list[Turn] = []
        self.last: Turn | None = None
        self._before: Sequence[Turn] = ()
        self._keep = keep

    def go_on_from(self, name: str, said: Sequence[Message], save: Callable[[Sequence[Message]], object]) -> None:
        """Makes this the continuation of a stored conversation.

        Args:
            said: what is stored of it.
            save: puts other messages in the place of all.
        """
        first = len(said)
        while first >= 2 and [message.role for message in said[first - 2 : first]] == ["user", "assistant"]:
            first -= 2
        self.stored, self.base, self._save = name, tuple(said[:first]), save
        self.turns = [Turn(said[i].content, said[i + 1].content) for i in range(first, len(said), 2)]
        self.last = self.turns[-1] if self.turns else None

    def history(self) -> tuple[Message, ...]:
        """The conversation so far."""
        return (*self.base, *_messages(self.turns))

    def ask(self, typed: str) -> RunRequest:
        """The request for something that was typed; a leading backslash makes it raw."""
        text, raw = read_typed(typed)
        return self._request(Turn(text, raw=raw), self.turns)

    def retry(self) -> RunRequest:
        """The last request once more.

        Raises:
            InvalidInput: there was none.
        """
        return self._request(replace(self._newest(), answer=""), self._earlier())

    def go_on(self) -> RunRequest:
        """The request that lets the model go on with its last answer.

        Raises:
            InvalidInput: there was none.
        """
        turn = self._newest()
        if not turn.answer:
            raise InvalidInput("there is no answer to go on with", hint="Ask something first.")
        return self._request(turn, self._earlier())

    def answered(self, request: RunRequest, finished: Finished) -> None:
        """Takes an answer in, also one that was stopped; an empty one leaves no turn."""
        turn = Turn(request.input, request.continues + finished.result, request.raw)
        if not turn.raw:
            self.turns = [*self._before, turn] if turn.answer else list(self._before)
        self.last = turn

    def undo(self) -> Turn:
        """Takes the last turn back.

        Raises:
            InvalidInput: there is none.
        """
        if not self.turns:
            raise InvalidInput("there is nothing to undo")
        turn = self.turns.pop()
        self.last = self.turns[-1] if self.turns else None
        self._save(self.history())
        return turn

    def clear(self) -> None:
        """Forgets the conversation."""
        self.turns.clear()
        self.base, self.last = (), None
        self._save(())

    def _newest(self) -> Turn:
        if self.last is None:
            raise InvalidInput("nothing was asked yet", hint="Ask something first.")
        return self.last

    def _earlier(self) -> Sequence[Turn]:
        """The turns before the last one."""
        return self.turns[:-1] if self.turns and self.turns[-1] is self.last else self.turns

    def _request(self, turn: Turn, before: Sequence[Turn]) -> RunRequest:
        self._before = tuple(before)
        # What was given as a system text is no program: braces in it are braces.
        system = None if self.system is None else self.system.replace("{", "{{").replace("}", "}}")
        talks = self.has_history and not turn.raw
        stored = self.stored if talks else ""
        return RunRequest(
            prompt=self.prompt,
            instruction="" if system is None and self.prompt is None else system,
            options={**self.defaults, **self.options},
            input=turn.input,
            messages=_messages(before) if talks and not stored else (),
            session=stored,
            turn=len(self.base) + len(_messages(before)) if stored else None,
            id=new_id(),
            source="cli",
            keep=self._keep and not turn.raw,
            raw=turn.raw,
            continues=turn.answer,
        )


def _messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    return tuple(
        message for turn in turns for message in (Message("user", turn.input), Message("assistant", turn.answer))
    )
