"""The few distributions that the statistics need, in plain Python: binomial, Student's t, and intervals by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

__all__ = ["Interval", "mean_interval", "normal_quantile", "quantile", "sign_test", "t_quantile", "wilson"]


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where a value may lie."""

    low: float
    high: float


def normal_quantile(share: float) -> float:
    """Where the standard normal distribution has this share below it."""
    return NormalDist().inv_cdf(share)


def wilson(passed: int, count: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval of a rate (1927), without correction for continuity; None for no observations."""
    if count == 0:
        return None
    z, rate = normal_quantile((1 + level) / 2), passed / count
    middle = rate + z * z / (2 * count)
    spread = z * math.sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    # At the ends rounding would leave 1e-17 where the formula gives 0 exactly.
    low = 0.0 if passed == 0 else (middle - spread) / scale
    high = 1.0 if passed == count else (middle + spread) / scale
    return Interval(max(0.0, low), min(1.0, high))


def quantile(values: Sequence[float], share: float) -> float | None:
    """A quantile of sorted values, linear between neighbours (numpy's default; Hyndman and Fan's type 7)."""
    if not values:
        return None
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """The interval of a mean by Student's t; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = fmean(values)
    half = t_quantile((1 + level) / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(mean - half, mean + half)


def t_quantile(share: float, freedom: int) -> float:
    """Where Student's t distribution has this share below it, for a share above one half."""
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < share:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _t_below(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def _t_below(t: float, freedom: int) -> float:
    return 1 - _beta_share(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz's way)."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    tiny = 1e-300
    numerator, denominator, value = 1.0, 0.0, 1.0
    for step in range(400):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        denominator = 1 / (1 + term * denominator or tiny)
        numerator = 1 + term / numerator or tiny
        value *= numerator * denominator
        if abs(1 - numerator * denominator) < 1e-15:
            break
    return front * (value - 1) / a


def sign_test(wins: int, losses: int) -> float:
    """The two-sided exact probability of such a split or a more one-sided one, if both sides were equally likely."""
    count, less = wins + losses, min(wins, losses)
    if count == 0:
        return 1.0
    # Logarithms: the coefficients of 20,000 pairs are no floats.
    logs = [
        math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) - count * math.log(2)
        for k in range(less + 1)
    ]
    return min(1.0, 2 * math.fsum(map(math.exp, logs)))
