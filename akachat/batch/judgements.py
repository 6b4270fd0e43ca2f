"""What the checks say of a result, and whether the whole of it passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from akachat.batch.values import Cell, Problem, Result

__all__ = ["Judged", "Judgement"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check says of a result.

    Attributes:
        check: the check's name.
        passed: None where it could not be said; then ``error`` tells why.
        score: from 0 to 1; None with an error.
        reason: why, one sentence without a full stop.
        weight: how much the score counts beside those of other checks.
    """

    check: str
    passed: bool | None
    score: float | None
    reason: str = ""
    error: Problem | None = None
    weight: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """The judgement as a JSON object."""
        return {
            "check": self.check,
            "passed": self.passed,
            "score": self.score,
            "reason": self.reason,
            "error": self.error.to_dict() if self.error else None,
            "weight": self.weight,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Judgement:
        """Reads what ``to_dict`` wrote."""
        return cls(
            str(value["check"]),
            value["passed"],
            value["score"],
            str(value.get("reason", "")),
            Problem.from_dict(value.get("error")),
            float(value.get("weight", 1.0)),
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """A result with what the checks say of it.

    Attributes:
        threshold: the score from which the whole passes; None where every check must pass.
    """

    result: Result
    judgements: tuple[Judgement, ...] = ()
    threshold: float | None = None

    @property
    def cell(self) -> Cell:
        """The result's cell."""
        return self.result.cell

    @property
    def score(self) -> float | None:
        """The weighted mean of the scores; None where a check could not say, or nothing with a weight was asked."""
        return _mean(self.judgements) if all(j.score is not None for j in self.judgements) else None

    @property
    def passed(self) -> bool | None:
        """Whether the result passes.

        None for a result that is not ``ok``, for one without checks, and where a check could not say and the
        others do not settle it: a broken check never makes a pass.
        """
        verdicts = [j.passed for j in self.judgements]
        if self.result.status != "ok" or not verdicts:
            return None
        if self.threshold is not None:
            score = self.score
            return None if score is None else score >= self.threshold
        return False if False in verdicts else None if None in verdicts else True


def _mean(judgements: Iterable[Judgement]) -> float | None:
    weighed = [(j.score, j.weight) for j in judgements if j.score is not None]
    total = sum(weight for _, weight in weighed)
    return sum(score * weight for score, weight in weighed) / total if total > 0 else None
