"""Is A better than B? Tests fit for pairs: the same cases, answered by both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist, fmean
from typing import Any, Literal

from akachat.batch.distributions import Interval, sign_test
from akachat.batch.judgements import Judged

__all__ = ["Comparison", "Outcomes", "Verdict", "compare", "compare_all", "signed_rank", "smallest_deciding"]

Verdict = Literal["better", "worse", "no difference seen", "not enough data"]
By = Literal["passed", "score"]

#: Up to so many pairs the distribution of the signed ranks is counted out, ties included.
_EXACT = 50
_DRAWS, _MOST_DRAWN = 10_000, 20_000_000
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a column is better than the base, case by case.

    Attributes:
        column, base: names of the two columns.
        by: whether passes or scores were compared.
        pairs: cases that both answered and that could be judged.
        wins, losses, ties: cases where the column is better, worse, and as good.
        difference: the mean of the column's values less the base's, over the pairs; repeats of a case are averaged.
        interval: of the difference at the level, by bootstrap over the cases; None for fewer than two pairs.
        p: the two-sided probability of such a split if there were no difference.
        adjusted: the same after Holm's correction for all columns that were compared with the base at once.
        test: how it was computed.
        verdict: ``better``, ``worse``, ``no difference seen`` (which is not: none is there), or ``not enough data``.
        needed: cases that differ and all point the same way, as many as it takes at least to reach the level.
    """

    column: str
    base: str
    by: By
    pairs: int
    wins: int
    losses: int
    ties: int
    difference: float | None
    interval: Interval | None
    p: float
    adjusted: float
    test: str
    verdict: Verdict
    needed: int

    def to_dict(self) -> dict[str, Any]:
        """The comparison as a JSON object."""
        return asdict(self)


class Outcomes:
    """Passes and scores by column and case, gathered while results pass by; repeats are averaged."""

    def __init__(self) -> None:
        self._sums: dict[By, dict[str, dict[str, tuple[float, int]]]] = {"passed": {}, "score": {}}
        self._is_graded = False

    @classmethod
    def of(cls, results: Iterable[Judged]) -> Outcomes:
        """The outcomes of results."""
        made = cls()
        for each in results:
            made.add(each)
        return made

    def add(self, judged: Judged) -> None:
        """Takes one more result in; one that is not ``ok``, or could not be judged, says nothing."""
        if judged.result.status != "ok":
            return
        name, case = judged.cell.column.name, judged.cell.case.id
        score = judged.score
        self._is_graded = self._is_graded or (score is not None and score not in (0.0, 1.0))
        values: tuple[tuple[By, float | None], ...] = (
            ("passed", None if judged.passed is None else float(judged.passed)),
            ("score", score),
        )
        for by, value in values:
            of_column = self._sums[by].setdefault(name, {})
            if value is not None:
                total, count = of_column.get(case, (0.0, 0))
                of_column[case] = (total + value, count + 1)

    @property
    def columns(self) -> list[str]:
        """The columns' names, in the order in which they came."""
        return list(self._sums["passed"])

    @property
    def best_by(self) -> By:
        """What says more: scores where there are some between 0 and 1, else passes."""
        return "score" if self._is_graded else "passed"

    def means(self, column: str, by: By) -> Mapping[str, float]:
        """The mean of each case that the column answered and that could be judged."""
        return {case: total / count for case, (total, count) in self._sums[by].get(column, {}).items()}


def smallest_deciding(level: float = 0.05) -> int:
    """How many cases must differ, all the same way, before any test of pairs can reach the level: 6 for 5 %."""
    return math.ceil(1 - math.log2(level) - _EPSILON)


def compare(outcomes: Outcomes, column: str, base: str, *, by: By | None = None, level: float = 0.05) -> Comparison:
    """Whether a column is better than another. Passes: exact McNemar. Scores: Wilcoxon's signed ranks.

    Where cases have repeats, a case's share of passes is compared, and McNemar's becomes the sign test on cases.
    """
    return compare_all(outcomes, base, [column], by=by, level=level)[0]


def compare_all(
    outcomes: Outcomes,
    base: str,
    columns: Sequence[str] | None = None,
    *,
    by: By | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> list[Comparison]:
    """Compares columns (all others by default) with the base, corrected together by Holm's way (1979)."""
    chosen = by or outcomes.best_by
    others = [name for name in outcomes.columns if name != base] if columns is None else list(columns)
    found = [_compared(outcomes, name, base, chosen, level, seed) for name in others]
    all_p = [each.p for each, _ in found]
    return [
        replace(each, adjusted=p, verdict=_verdict(each, side, p, all_p, index, level))
        for index, ((each, side), p) in enumerate(zip(found, _holm(all_p), strict=True))
    ]


def _compared(outcomes: Outcomes, column: str, base: str, by: By, level: float, seed: int) -> tuple[Comparison, int]:
    """The comparison before any correction, and the sign of the side that its test favours."""
    mine, theirs = outcomes.means(column, by), outcomes.means(base, by)
    differences = [mine[case] - theirs[case] for case in mine if case in theirs]
    # Means of tenths differ by rounding where they are the same.
    differences = [0.0 if abs(d) < _EPSILON else d for d in differences]
    wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    if by == "passed":
        p, test, side = sign_test(wins, losses), "exact McNemar", (wins > losses) - (wins < losses)
    else:
        p, test, side = signed_rank(differences)
    return Comparison(
        column,
        base,
        by,
        len(differences),
        wins,
        losses,
        len(differences) - wins - losses,
        fmean(differences) if differences else None,
        _bootstrap(differences, level, seed),
        p,
        p,
        test,
        "not enough data",
        smallest_deciding(level),
    ), side


def _verdict(
    found: Comparison, side: int, adjusted: float, all_p: Sequence[float], index: int, level: float
) -> Verdict:
    best = [*all_p]
    best[index] = min(1.0, 2.0 ** (1 - found.pairs))
    if _holm(best)[index] > level:  # whatever the answers had been
        return "not enough data"
    # Many small gains and one great loss: the ranks favour one side and the mean the other.
    agrees = found.difference is not None and found.difference * side > 0
    if adjusted > level or not agrees:
        return "no difference seen"
    return "better" if side > 0 else "worse"


def _holm(values: Sequence[float]) -> list[float]:
    """Probabilities corrected for their number: the smallest counts n times, the next n - 1 times, none less."""
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = highest
    return adjusted


def signed_rank(differences: Sequence[float]) -> tuple[float, str, int]:
    """Wilcoxon's signed-rank test (1945): its probability, how it was computed, and the sign of the side it favours.

    Pairs without a difference are left out. Up to 50 pairs all ways to set the signs are counted, with ties as they
    are; above, the normal approximation with the variance corrected for ties, without correction for continuity.
    """
    values = [d for d in differences if d != 0]
    if not values:
        return 1.0, "Wilcoxon signed-rank, exact", 0
    # Twice the mean ranks are whole numbers.
    doubled, ties = _doubled_ranks([abs(d) for d in values])
    positive = sum(rank for rank, d in zip(doubled, values, strict=True) if d > 0)
    total = sum(doubled)
    side = (2 * positive > total) - (2 * positive < total)
    if len(values) <= _EXACT:
        ways = [0] * (total + 1)
        ways[0] = 1
        reached = 0
        for rank in doubled:
            reached += rank
            for at in range(reached, rank - 1, -1):
                ways[at] += ways[at - rank]
        tail = sum(ways[: min(positive, total - positive) + 1])
        return min(1.0, 2 * tail / 2 ** len(values)), "Wilcoxon signed-rank, exact", side
    n = len(values)
    variance = n * (n + 1) * (2 * n + 1) / 24 - sum(t**3 - t for t in ties) / 48
    z = (positive / 2 - n * (n + 1) / 4) / math.sqrt(variance)
    return min(1.0, 2 * NormalDist().cdf(-abs(z))), "Wilcoxon signed-rank, normal approximation", side


def _doubled_ranks(sizes: Sequence[float]) -> tuple[list[int], list[int]]:
    """Twice the rank of each size, those of equal sizes shared, and how many share each. Equal but for rounding is
    equal: scores of tenths leave differences such as 0.1 and 0.09999999999999998."""
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    ranks, ties = [0] * len(sizes), []
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and sizes[order[end]] - sizes[order[end - 1]] < _EPSILON:
            end += 1
        for place in order[start:end]:
            ranks[place] = start + 1 + end
        ties.append(end - start)
        start = end
    return ranks, ties


def _bootstrap(differences: Sequence[float], level: float, seed: int) -> Interval | None:
    """The percentile interval of the mean, drawn over the cases; the same seed gives the same interval."""
    if len(differences) < 2:
        return None
    import numpy  # when first needed: it takes longer to load than most batches to compare

    values = numpy.asarray(differences)
    draws = max(1_000, min(_DRAWS, _MOST_DRAWN // len(values)))
    generator = numpy.random.default_rng(seed)
    means = [float(values[generator.integers(0, len(values), len(values))].mean()) for _ in range(draws)]
    low, high = numpy.quantile(means, [level / 2, 1 - level / 2])
    return Interval(float(low), float(high))
