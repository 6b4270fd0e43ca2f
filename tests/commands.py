"""How a command line ended, for the tests of the commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Ended"]


@dataclass(frozen=True)
class Ended:
    """A command line that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)
