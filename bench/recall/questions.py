"""The questions, each with the file and the words that only the right passage has; documents and places are made up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCUMENTS", "Question", "questions"]

_HERE = Path(__file__).parent
#: One folder a field, with Markdown files whose every section is one passage.
DOCUMENTS = _HERE / "documents"


@dataclass(frozen=True, slots=True)
class Question:
    """One of them.

    Attributes:
        field: the folder of its document: what it is about.
        question: in the words of somebody who has not read the document.
        file: the document's name in the folder.
        answer: words that stand in one section of the document.
        level: how far its words are from the document's: 1, 2 or 3.
    """

    field: str
    question: str
    file: str
    answer: str
    level: int

    @property
    def name(self) -> str:
        """The document's name in a library of all fields."""
        return f"{self.field}/{self.file}"


def questions() -> list[Question]:
    """All of them, in order; tuning may look at every other one, from the first."""
    lines = (_HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [Question(**json.loads(line)) for line in lines]
