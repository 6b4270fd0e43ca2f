"""What can go wrong, as one tree; every error says what is wrong and what to do.

::

    AkachatError
    ├── InvalidInput                bad request: a name, an option, a message, a body        400
    │   ├── InstructionError        the instruction itself, with line and column             400
    │   │   └── LimitExceeded       it ran into a limit of time, memory, depth or calls      400
    │   └── FileError               a file on disk is broken, with its path and line         500
    ├── NotFound                    no such prompt, variable, run, library or model          404
    ├── Conflict                    someone else changed or holds it                         409
    ├── NotAllowed                  a token is missing or may not do this                    401/403
    ├── Busy                        a queue or a pool is full                                503
    ├── BackendError                the model did not answer                                 502
    │   ├── BackendUnavailable      not reachable, overloaded, timed out (retryable)         503
    │   └── ModelError              it cannot be loaded or cannot do what was asked          400
    └── Cancelled                   stopped by the caller

The message says what is wrong, the hint what to do. Neither ever holds a key or a Python traceback.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AkachatError",
    "BackendError",
    "BackendUnavailable",
    "Busy",
    "Cancelled",
    "Conflict",
    "FileError",
    "InstructionError",
    "InvalidInput",
    "LimitExceeded",
    "ModelError",
    "NotAllowed",
    "NotFound",
]


class AkachatError(Exception):
    """The root of every error that a user may see.

    Attributes:
        message: what is wrong, one sentence.
        hint: what to do about it; may be empty.
        line, column: where in the instruction or file, counted from 1; None where there is no place.
        status: the HTTP status that fits.
        retryable: whether the same call may succeed a little later.
    """

    status: int = 500
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        line: int | None = None,
        column: int | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
        if status is not None:
            self.status = status

    @property
    def type(self) -> str:
        """The error's name as the Web API and the journal show it, e.g. ``InstructionError``."""
        return type(self).__name__

    def to_dict(self) -> dict[str, Any]:
        """The error as the Web API's ``detail.error`` object."""
        return {
            "type": self.type,
            "message": self.message,
            "hint": self.hint,
            "line": self.line,
            "column": self.column,
        }

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line is not None else ""
        return f"{self.message}{place}" + (f" — {self.hint}" if self.hint else "")


class InvalidInput(AkachatError):
    """The caller sent something that cannot be used."""

    status = 400


class InstructionError(InvalidInput):
    """The instruction cannot be read or evaluated; ``line`` and ``column`` say where."""


class LimitExceeded(InstructionError):
    """The instruction ran into a limit; the message names the limit, the hint its setting."""


class FileError(InvalidInput):
    """A file of the workspace is broken; it is left as it is.

    Attributes:
        path: the file, relative to the workspace where it lies inside.
    """

    status = 500

    def __init__(
        self, message: str, *, path: str, hint: str = "", line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, hint=hint, line=line, column=column)
        self.path = path

    def to_dict(self) -> dict[str, Any]:
        """As the parent's, with the file's path."""
        return {**super().to_dict(), "path": self.path}


class NotFound(AkachatError):
    """There is nothing of that name; the hint suggests the nearest ones."""

    status = 404


class Conflict(AkachatError):
    """Another writer was faster, or the thing is in use."""

    status = 409


class NotAllowed(AkachatError):
    """A token is missing (401) or does not allow this (403)."""

    status = 403


class Busy(AkachatError):
    """A bounded queue or pool is full; try again a little later."""

    status = 503
    retryable = True


class BackendError(AkachatError):
    """The model's side failed; the message is the vendor's own, without keys."""

    status = 502


class BackendUnavailable(BackendError):
    """The model's side cannot be reached, is overloaded or did not answer in time."""

    status = 503
    retryable = True


class ModelError(BackendError):
    """The model cannot be found or loaded, or cannot do what was asked."""

    status = 400


class Cancelled(AkachatError):
    """The run was stopped before it finished."""

    status = 499
