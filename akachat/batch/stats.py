"""Statistics of a batch by column and by case, gathered while results pass by: their texts are not kept."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any, Self

from akachat.batch.distributions import Interval, mean_interval, quantile, wilson
from akachat.batch.judgements import Judged

__all__ = ["Statistics", "Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the results of one column, or of one case, come to.

    Attributes:
        name: the column's name, or the case's id.
        cells, ok, failed, cancelled: how many results, and how they ended.
        cached: how many of those that are ok were known from an identical cell.
        judged, passed: results of which the checks could say whether they pass, and those that do. A result that
            failed is not judged: it says nothing of the answer.
        pass_rate, pass_interval: with Wilson's interval at 95 %. It takes every result for itself; where cases have
            repeats, those of one case resemble each other, and the interval is too narrow.
        score, score_sd: mean and standard deviation of the scores; None without any, or with one.
        score_interval: of the mean at 95 % by Student's t, within 0 and 1. Of a column, over its cases (repeats
            averaged first, as those of one case are not independent); over the repeats where there is one case.
        repeat_sd: how far the scores of one case lie apart, pooled over the cases that have repeats.
        seconds_p50, seconds_p95: quantiles of the whole runs that were really made, linear between neighbours (as
            numpy's); the 95th says little of fewer than about 20.
        first_p50, first_p95: the same of the time to the first piece.
        tokens_per_second: completion tokens by the seconds of their calls, waiting included.
        tokens: prompt and completion tokens together, where known.
        cost: the sum of the costs; None where no price is known.
        cost_per_cell: by the calls whose price is known.
    """

    name: str
    cells: int
    ok: int
    failed: int
    cancelled: int
    cached: int
    judged: int
    passed: int
    pass_rate: float | None
    pass_interval: Interval | None
    score: float | None
    score_sd: float | None
    score_interval: Interval | None
    repeat_sd: float | None
    seconds_p50: float | None
    seconds_p95: float | None
    first_p50: float | None
    first_p95: float | None
    tokens_per_second: float | None
    tokens: int
    cost: float | None
    cost_per_cell: float | None

    def to_dict(self) -> dict[str, Any]:
        """The summary as a JSON object."""
        return asdict(self)


class Statistics:
    """Gathers results one by one.

    Args:
        by_case: whether cases are summarised too; a column needs about a hundred bytes a result, a case 1 KB.
    """

    def __init__(self, *, by_case: bool = True) -> None:
        self._columns: dict[str, _Gathered] = {}
        self._cases: dict[str, _Gathered] | None = {} if by_case else None

    @classmethod
    def of(cls, results: Iterable[Judged], *, by_case: bool = True) -> Self:
        """The statistics of results."""
        made = cls(by_case=by_case)
        for each in results:
            made.add(each)
        return made

    def add(self, judged: Judged) -> None:
        """Takes one more result in."""
        cell = judged.cell
        self._columns.setdefault(cell.column.name, _Gathered()).add(judged)
        if self._cases is not None:
            self._cases.setdefault(cell.case.id, _Gathered()).add(judged)

    def columns(self) -> list[Summary]:
        """A summary of each column, in the order in which they came."""
        return [gathered.summary(name) for name, gathered in self._columns.items()]

    def cases(self) -> list[Summary]:
        """A summary of each case, in the order in which they came."""
        return [gathered.summary(name) for name, gathered in (self._cases or {}).items()]

    def seconds(self) -> dict[str, list[float]]:
        """The seconds of the calls that were really made, by column, sorted."""
        return {name: sorted(gathered.seconds) for name, gathered in self._columns.items()}


class _Gathered:
    """Counters and numbers of one column or case."""

    __slots__ = (
        *("costs", "counts", "firsts", "passed", "priced", "scores", "seconds"),
        *("timed_seconds", "timed_tokens", "tokens"),
    )

    def __init__(self) -> None:
        self.counts = {"ok": 0, "failed": 0, "cancelled": 0, "cached": 0, "judged": 0}
        self.passed = self.tokens = self.timed_tokens = self.priced = 0
        self.timed_seconds = self.costs = 0.0
        self.seconds, self.firsts = array("d"), array("d")
        self.scores: dict[str, array[float]] = {}

    def add(self, judged: Judged) -> None:
        result = judged.result
        self.counts[result.status] += 1
        if result.status != "ok":
            return
        if judged.passed is not None:
            self.counts["judged"] += 1
            self.passed += judged.passed
        if (score := judged.score) is not None:
            self.scores.setdefault(judged.cell.case.id, array("d")).append(score)
        if result.cached:
            self.counts["cached"] += 1
            return
        self.tokens += (result.prompt_tokens or 0) + (result.completion_tokens or 0)
        if result.seconds is not None:
            self.seconds.append(result.seconds)
            if result.completion_tokens:
                self.timed_tokens += result.completion_tokens
                self.timed_seconds += result.seconds
        if result.first_seconds is not None:
            self.firsts.append(result.first_seconds)
        if result.cost is not None:
            self.priced += 1
            self.costs += result.cost

    def summary(self, name: str) -> Summary:
        counts, seconds, firsts = self.counts, sorted(self.seconds), sorted(self.firsts)
        scores = [score for of_case in self.scores.values() for score in of_case]
        return Summary(
            name,
            counts["ok"] + counts["failed"] + counts["cancelled"],
            counts["ok"],
            counts["failed"],
            counts["cancelled"],
            counts["cached"],
            counts["judged"],
            self.passed,
            self.passed / counts["judged"] if counts["judged"] else None,
            wilson(self.passed, counts["judged"]),
            fmean(scores) if scores else None,
            stdev(scores) if len(scores) > 1 else None,
            self._score_interval(scores),
            self._repeat_sd(),
            quantile(seconds, 0.5),
            quantile(seconds, 0.95),
            quantile(firsts, 0.5),
            quantile(firsts, 0.95),
            self.timed_tokens / self.timed_seconds if self.timed_seconds else None,
            self.tokens,
            self.costs if self.priced else None,
            self.costs / self.priced if self.priced else None,
        )

    def _score_interval(self, scores: list[float]) -> Interval | None:
        means = [fmean(of_case) for of_case in self.scores.values()] if len(self.scores) > 1 else scores
        found = mean_interval(means)
        return found and Interval(max(0.0, found.low), min(1.0, found.high))

    def _repeat_sd(self) -> float | None:
        squares = freedom = 0.0
        for of_case in self.scores.values():
            if len(of_case) > 1:
                mean = fmean(of_case)
                squares += sum((score - mean) ** 2 for score in of_case)
                freedom += len(of_case) - 1
        return math.sqrt(squares / freedom) if freedom else None
