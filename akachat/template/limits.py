"""What one rendering may use, and the error for each limit."""

from __future__ import annotations

from dataclasses import dataclass

from akachat.errors import LimitExceeded

__all__ = ["RenderLimits"]


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """The bounds of one rendering; each is named in the error of whoever runs into it.

    Attributes:
        seconds: computing in the sandbox, waiting for host calls not counted.
        memory: bytes that the instruction's values may take.
        recursion: how deep its lambdas may call themselves.
        host_calls: calls to ``var``, ``rag``, ``llm``, ``msg``, ``msgf`` and the user's functions.
        text_length: characters of the rendered text.
        instruction_length: characters of the instruction.
        checkout_seconds: how long to wait for a free sandbox process.
    """

    seconds: float = 5.0
    memory: int = 64 * 1024 * 1024
    recursion: int = 200
    host_calls: int = 1_000
    text_length: int = 1_000_000
    instruction_length: int = 200_000
    checkout_seconds: float = 30.0

    def exceeded(self, name: str, line: int | None = None, column: int | None = None) -> LimitExceeded:
        """The error for running into the limit of a name."""
        setting, message = {
            "seconds": ("render_seconds", f"The instruction computes for longer than {self.seconds:g} s"),
            "memory": (
                "render_memory_bytes",
                f"The instruction needs more than {self.memory / 1048576:g} MB of memory",
            ),
            "recursion": ("render_recursion", f"Calls are nested deeper than {self.recursion}"),
            "host_calls": ("render_host_calls", f"The instruction makes more than {self.host_calls:,} calls"),
            "text_length": ("render_text_characters", f"The text is longer than {self.text_length:,} characters"),
            "instruction_length": (
                "instruction_characters",
                f"The instruction is longer than {self.instruction_length:,} characters",
            ),
        }[name]
        return LimitExceeded(
            message, hint=f"The limit is {setting} under limits in settings.json.", line=line, column=column
        )
