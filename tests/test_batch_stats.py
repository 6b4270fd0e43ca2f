"""Statistics against scipy's on generated data, and what a comparison says in plain cases."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.batch import (
    Case,
    Cell,
    Column,
    Judged,
    Judgement,
    Outcomes,
    Problem,
    Result,
    Statistics,
    Vote,
    Votes,
    compare,
    compare_all,
)
from akachat.batch.comparing import signed_rank, smallest_deciding
from akachat.batch.distributions import mean_interval, quantile, sign_test, t_quantile, wilson


@pytest.fixture(scope="module")
def scipy_stats() -> Any:
    return pytest.importorskip("scipy.stats")


def judged(column: str, case: str, score: float | None, *, passed: bool | None = None, **facts: Any) -> Judged:
    known = {"seconds": 2.0, "first_seconds": 0.5, "prompt_tokens": 5, "completion_tokens": 10, "cost": 0.25}
    cell = Cell(0, Column("p", label=column), Case(case), facts.pop("repeat", 0))
    result = Result(cell, facts.pop("status", "ok"), **{**known, **facts})
    verdict = passed if passed is not None or score is None else score >= 0.5
    return Judged(result, (Judgement("c", verdict, score),) if score is not None or verdict is not None else ())


def outcomes(scores: Mapping[str, Sequence[float]]) -> Outcomes:
    return Outcomes.of(judged(name, str(i), s) for name, values in scores.items() for i, s in enumerate(values))


# distributions


@pytest.mark.parametrize("count", [1, 2, 5, 17, 100, 20_000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilsons_interval_is_scipys(scipy_stats: Any, count: int, level: float) -> None:
    for passed in sorted({0, 1, count // 3, count - 1, count}):
        mine = wilson(passed, count, level)
        theirs = scipy_stats.binomtest(passed, count).proportion_ci(level, method="wilson")
        assert mine is not None
        assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert wilson(0, 0) is None


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 1_000, 20_000])
def test_students_t_is_scipys(scipy_stats: Any, freedom: int) -> None:
    for share in (0.9, 0.95, 0.975, 0.995):
        assert t_quantile(share, freedom) == pytest.approx(scipy_stats.t.ppf(share, freedom), rel=1e-9)


def test_the_interval_of_a_mean_is_scipys(scipy_stats: Any) -> None:
    values = [random.Random(1).random() for _ in range(40)]
    mine = mean_interval(values)
    half = scipy_stats.t.ppf(0.975, 39) * scipy_stats.sem(values)
    mean = sum(values) / 40
    assert mine is not None
    assert (mine.low, mine.high) == pytest.approx((mean - half, mean + half))
    assert mean_interval([0.5]) is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    numpy = pytest.importorskip("numpy")
    assert quantile(sorted(values), share) == pytest.approx(float(numpy.quantile(values, share)), rel=1e-9, abs=1e-9)
    assert quantile([], share) is None


@pytest.mark.parametrize(
    ("wins", "losses"), [(0, 0), (1, 0), (5, 0), (6, 0), (9, 2), (30, 30), (700, 600), (11_000, 9_000)]
)
def test_the_sign_test_is_scipys(scipy_stats: Any, wins: int, losses: int) -> None:
    theirs = scipy_stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == sign_test(losses, wins) == pytest.approx(theirs, rel=1e-7, abs=1e-300)


@pytest.mark.parametrize("count", [1, 5, 6, 12, 30, 50])
def test_signed_ranks_without_ties_are_scipys_exact_test(scipy_stats: Any, count: int) -> None:
    generator = random.Random(count)
    values = [generator.gauss(0.3, 1) for _ in range(count)]
    p, test, _ = signed_rank(values)
    assert test.endswith("exact")
    assert p == pytest.approx(scipy_stats.wilcoxon(values, method="exact").pvalue, rel=1e-9)


@pytest.mark.parametrize("count", [2, 4, 7, 11])
def test_signed_ranks_with_ties_are_counted_out(count: int) -> None:
    generator = random.Random(count)
    values = [generator.choice([-2, -1, 1, 1, 2, 3]) / 10 for _ in range(count)]
    sizes = sorted(abs(v) for v in values)
    ranks = [(sizes.index(abs(v)) + 1 + len(sizes) - sizes[::-1].index(abs(v))) / 2 for v in values]
    seen = sum(r for r, v in zip(ranks, values, strict=True) if v > 0)
    far = abs(seen - sum(ranks) / 2)
    signs = list(itertools.product([0, 1], repeat=count))
    as_far = sum(abs(sum(r for r, s in zip(ranks, each, strict=True) if s) - sum(ranks) / 2) >= far for each in signs)
    assert signed_rank(values)[0] == pytest.approx(as_far / len(signs))


def test_signed_ranks_of_many_are_scipys_approximation(scipy_stats: Any) -> None:
    generator = random.Random(5)
    for many in (51, 400, 5_000):
        values = [generator.choice([-3, -2, -1, 0, 1, 2, 3, 4]) / 10 for _ in range(many)]
        p, test, _ = signed_rank(values)
        assert test.endswith("approximation") or values.count(0) > many - 51
        theirs = scipy_stats.wilcoxon([v for v in values if v], method="approx", correction=False)
        if test.endswith("approximation"):
            assert p == pytest.approx(theirs.pvalue, rel=1e-6)
    assert signed_rank([0, 0])[0] == 1


# a summary


def test_a_summary_says_what_happened() -> None:
    results = [
        judged("a", "1", 1.0, seconds=1.0, repeat=0),
        judged("a", "1", 0.0, seconds=2.0, repeat=1),
        judged("a", "2", 1.0, seconds=3.0),
        judged("a", "2", 1.0, seconds=99.0, cached=True, repeat=1),
        judged("a", "3", None, seconds=4.0, cost=None),
        judged("a", "4", None, status="failed", error=Problem("no")),
        judged("a", "5", None, status="cancelled"),
        judged("b", "1", 0.5),
    ]
    statistics = Statistics.of(results)
    a, b = statistics.columns()
    assert (a.name, a.cells, a.ok, a.failed, a.cancelled, a.cached, a.judged, a.passed) == ("a", 7, 5, 1, 1, 1, 4, 3)
    assert a.pass_rate == 0.75
    assert a.pass_interval == wilson(3, 4)
    assert (a.score, a.score_sd) == (0.75, 0.5)
    assert a.repeat_sd == pytest.approx(0.5)  # of 1 and 0, and of 1 and 1: squares 0.5, freedom 2
    assert a.seconds_p50 == 2.5
    assert a.seconds_p95 == pytest.approx(3.85)
    assert a.tokens_per_second == pytest.approx(40 / 10)
    assert (a.tokens, a.cost, a.cost_per_cell) == (60, 0.75, 0.25)
    assert (b.score_sd, b.score_interval, b.repeat_sd) == (None, None, None)
    assert [s.name for s in statistics.cases()] == ["1", "2", "3", "4", "5"]
    assert statistics.cases()[0].cells == 3
    assert statistics.seconds()["a"] == [1.0, 2.0, 3.0, 4.0]
    assert Statistics().columns() == []
    assert a.to_dict()["pass_interval"]["low"] == a.pass_interval.low if a.pass_interval else False


def test_the_interval_of_a_column_is_over_its_cases() -> None:
    """Ten repeats of two cases are two observations, not twenty."""
    results = [judged("a", str(case), case * 0.5, repeat=n) for case in (0, 1) for n in range(10)]
    [summary] = Statistics.of(results).columns()
    assert summary.score_interval == wilson(0, 0) or (summary.score_interval and summary.score_interval.low == 0)
    assert summary.score_interval is not None
    assert summary.score_interval.high == 1


# is A better than B

TEN = [1.0] * 10
PAIRS: list[tuple[Sequence[float], Sequence[float], str]] = [
    (TEN, [0.0] * 10, "better"),
    ([0.0] * 10, TEN, "worse"),
    (TEN, TEN, "no difference seen"),
    ([1.0, 0.0] * 5, [0.0, 1.0] * 5, "no difference seen"),
    (TEN[:5], [0.0] * 5, "not enough data"),
    (TEN[:6], [0.0] * 6, "better"),
    ([], [], "not enough data"),
    ([0.9, 0.8, 0.7, 0.95, 0.85, 0.75], [0.1, 0.2, 0.3, 0.15, 0.25, 0.35], "better"),
    ([0.9, 0.8, 0.7, 0.95, 0.85], [0.1, 0.2, 0.3, 0.15, 0.25], "not enough data"),
    # The ranks lean to one side and the mean to the other: nothing is claimed.
    ([0.5] * 19 + [0.0], [0.44] * 19 + [1.0], "better"),
    ([0.5] * 19 + [0.0], [0.47] * 19 + [1.0], "no difference seen"),
    ([0.5, 0.6, 0.4, 0.5, 0.6, 0.4, 0.3], [0.6, 0.5, 0.5, 0.4, 0.5, 0.5, 0.4], "no difference seen"),
]


@pytest.mark.parametrize(("one", "other", "verdict"), PAIRS)
def test_a_verdict(one: Sequence[float], other: Sequence[float], verdict: str) -> None:
    found = compare(outcomes({"b": other, "a": one}), "a", "b")
    assert (found.verdict, found.pairs, found.needed) == (verdict, len(one), 6)
    assert found.wins + found.losses + found.ties == len(one)


def test_passes_by_mcnemar_and_scores_by_wilcoxon(scipy_stats: Any) -> None:
    generator = random.Random(3)
    a, b = ([float(generator.random() < rate) for _ in range(60)] for rate in (0.8, 0.5))
    found = compare(outcomes({"a": a, "b": b}), "a", "b")
    assert (found.by, found.test) == ("passed", "exact McNemar")
    assert found.p == pytest.approx(scipy_stats.binomtest(found.wins, found.wins + found.losses).pvalue)
    a, b = ([generator.random() for _ in range(30)] for _ in range(2))
    found = compare(outcomes({"a": a, "b": b}), "a", "b")
    assert found.by == "score"
    assert found.p == pytest.approx(scipy_stats.wilcoxon(a, b, method="exact").pvalue)
    assert found.difference == pytest.approx(sum(a) / 30 - sum(b) / 30)


def test_the_interval_of_the_difference_is_scipys_bootstrap_and_seeded(scipy_stats: Any) -> None:
    generator = random.Random(9)
    a, b = ([generator.random() for _ in range(40)] for _ in range(2))
    made = outcomes({"a": a, "b": b})
    found = compare(made, "a", "b")
    differences = [x - y for x, y in zip(a, b, strict=True)]
    numpy = pytest.importorskip("numpy")
    theirs = scipy_stats.bootstrap((differences,), numpy.mean, method="percentile", rng=numpy.random.default_rng(1))
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (theirs.confidence_interval.low, theirs.confidence_interval.high), abs=0.01
    )
    assert compare(made, "a", "b").interval == found.interval
    assert compare(outcomes({"a": [1.0], "b": [0.0]}), "a", "b").interval is None


def test_several_columns_are_corrected_together() -> None:
    base = [0.0] * 12
    made = outcomes({"base": base, "x": [1.0] * 7 + base[7:], "y": [1.0] * 8 + base[8:], "z": [1.0, *base[1:]]})
    x, y, z = compare_all(made, "base")
    assert [round(c.p * 2**12) for c in (x, y, z)] == [64, 32, 4096]
    assert y.adjusted == pytest.approx(3 * y.p)
    assert x.adjusted == pytest.approx(2 * x.p)
    assert z.adjusted == 1
    assert [c.verdict for c in (x, y, z)] == ["better", "better", "no difference seen"]
    assert compare(made, "x", "base").adjusted == x.p


def test_correction_can_make_data_not_enough() -> None:
    """Six pairs reach 0.031 at best: enough alone, not enough beside three others."""
    scores = {name: [float(name != "base")] * 6 for name in ("base", "a", "b", "c")}
    assert compare(outcomes(scores), "a", "base").verdict == "better"
    assert {c.verdict for c in compare_all(outcomes(scores), "base")} == {"not enough data"}


def test_only_what_both_answered_is_compared() -> None:
    results = [judged("a", str(i), 1.0) for i in range(8)] + [judged("b", str(i), 0.0) for i in range(2, 10)]
    results += [judged("b", "0", None, status="failed", error=Problem("no")), judged("b", "1", None)]
    assert compare(Outcomes.of(results), "a", "b").pairs == 6


def test_repeats_are_averaged_within_their_case() -> None:
    """A hundred repeats of one case are one pair: not enough to say anything of other cases."""
    results = [judged(name, "1", score, repeat=n) for n in range(100) for name, score in (("a", 1.0), ("b", 0.0))]
    found = compare(Outcomes.of(results), "a", "b")
    assert (found.pairs, found.wins, found.verdict) == (1, 1, "not enough data")
    thirds = [
        judged(name, "1", s, repeat=n)
        for name in "ab"
        for n, s in enumerate((0.1, 0.2, 0.7) if name == "a" else (0.7, 0.2, 0.1))
    ]
    assert compare(Outcomes.of(thirds), "a", "b").ties == 1


@pytest.mark.parametrize(("level", "needed"), [(0.05, 6), (0.01, 8), (0.5, 2), (0.001, 11)])
def test_how_many_cases_must_differ(level: float, needed: int) -> None:
    assert smallest_deciding(level) == needed
    assert sign_test(needed, 0) <= level < sign_test(needed - 1, 0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_a_comparison_turned_around_says_the_opposite(pairs: list[tuple[float, float]]) -> None:
    made = outcomes({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    there, back = compare(made, "a", "b", by="score"), compare(made, "b", "a", by="score")
    assert there.p == pytest.approx(back.p)
    assert 0 <= there.p <= 1
    opposite = {"better": "worse", "worse": "better"}
    assert back.verdict == opposite.get(there.verdict, there.verdict)


# votes


def test_votes() -> None:
    votes = Votes([Vote(str(i), "a", "b", "a") for i in range(9)])
    votes.add(Vote("x", "b", "a", "b"))
    votes.add(Vote("y", "b", "a", None))
    duel = votes.duel("a", "b")
    assert (duel.wins, duel.losses, duel.ties, duel.rate, duel.verdict) == (9, 1, 1, 0.9, "better")
    assert duel.interval == wilson(9, 10)
    assert duel.p == pytest.approx(22 / 1024)
    assert votes.duel("b", "a").verdict == "worse"
    assert votes.duel("a", "c").verdict == "not enough data"
    assert Votes(Vote(str(i), "a", "b", "ab"[i % 2]) for i in range(10)).duel("a", "b").verdict == "no difference seen"
    assert Vote.from_dict(Vote("1", "a", "b", None).to_dict()) == Vote("1", "a", "b", None)
    with pytest.raises(ValueError, match="between two columns"):
        Vote("1", "a", "b", "c")


def test_strengths_order_columns_that_never_met() -> None:
    votes = Votes(
        [Vote(str(i), "a", "b", "a" if i % 4 else "b") for i in range(40)]
        + [Vote(str(i), "b", "c", "b" if i % 4 else "c") for i in range(40)]
    )
    strengths = votes.strengths()
    assert strengths["a"] > strengths["b"] > strengths["c"]
    assert math.prod(strengths.values()) == pytest.approx(1)
    # Two columns: the odds are those of the votes, each side with a quarter of a win more.
    assert Votes([Vote("1", "a", "b", "a")] * 3 + [Vote("2", "a", "b", "b")]).strengths() == pytest.approx(
        {"a": math.sqrt(3.25 / 1.25), "b": math.sqrt(1.25 / 3.25)}
    )
    assert Votes().strengths() == {}
