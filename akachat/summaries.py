"""Summaries of a conversation by the workspace's own prompts, as a run's ``llm()`` would give them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from akachat.errors import BackendError, Busy, InstructionError
from akachat.template import Outcome
from akachat.workspace import Prompts

__all__ = ["Summaries"]


class Summaries:
    """How one run gets its summaries.

    Args:
        prompts: the saved prompts.
        answer: gives a prompt's answer to a text, with options of its own.
    """

    def __init__(self, prompts: Prompts, answer: Callable[[str, str, Mapping[str, Any]], Awaitable[Outcome]]) -> None:
        self._prompts = prompts
        self._answer = answer

    def version(self, name: str) -> str:
        """What changes when the prompt of that name does.

        Raises:
            NotFound: there is no such prompt.
        """
        prompt = self._prompts.load(name)
        return f"{prompt.instruction}\0{prompt.options.to_dict()}"

    async def summarise(self, name: str, text: str) -> str:
        """The prompt's answer to a conversation.

        Raises:
            BackendError, Busy: its model did not answer.
            InstructionError: the prompt is wrong.
        """
        try:
            return str((await self._answer(name, text, {})).value)
        except InstructionError as error:
            if isinstance(error.__cause__, (BackendError, Busy)):
                raise error.__cause__ from None  # the prompt is right
            raise
