"""Small charts as SVG text, readable without anything else: score by temperature, latencies, cost against score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from akachat.batch.distributions import quantile
from akachat.batch.stats import Summary
from akachat.batch.values import Column

__all__ = ["cost_by_score", "latencies", "score_by_temperature"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 460, 240, 46, 12, 12, 34
#: Told apart also by those who see few colours (Okabe and Ito's), darkened for white paper.
_COLOURS = ("#b3261e", "#0060a8", "#00745a", "#8f5300", "#8a3b78", "#3a6ea5", "#5b6b00", "#444444")
_MOST_LATENCIES = 40


def _picture(title: str, inner: Sequence[str], height: int = _HEIGHT) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
        f' height="{height}" font-family="sans-serif" font-size="11" fill="#333"><title>{escape(title)}</title>'
        + "".join(inner)
        + "</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x: float, y: float, to_x: float, to_y: float, colour: str = "#ccc", width: float = 1) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{colour}" stroke-width="{width:g}" fill="none"/>'


def _nice(most: float) -> float:
    """The next round number."""
    if most <= 0 or not math.isfinite(most):
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if most <= step * power * (1 + 1e-9))


class _Axes:
    """A rectangle with both axes from 0, or from the least value of x."""

    def __init__(self, least_x: float, most_x: float, x_label: str, y_label: str) -> None:
        self.least, self.most = least_x, most_x if most_x > least_x else least_x + 1
        self.parts = [_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 4, x_label)]
        for share in (0, 0.25, 0.5, 0.75, 1):
            self.parts += [
                _line(_LEFT, self.y(share), _WIDTH - _RIGHT, self.y(share)),
                _text(_LEFT - 5, self.y(share) + 4, f"{share:g}", "end"),
                _text(self.x(self.least + share * (self.most - self.least)), _HEIGHT - _BOTTOM + 14,
                      f"{self.least + share * (self.most - self.least):.4g}"),
            ]  # fmt: skip
        middle = (_TOP + _HEIGHT - _BOTTOM) / 2
        self.parts.append(
            f'<text transform="translate(12 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'
        )

    def x(self, value: float) -> float:
        return _LEFT + (value - self.least) / (self.most - self.least) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, share: float) -> float:
        return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)

    def point(self, x: float, y: float, colour: str, title: str) -> str:
        return (
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="4" fill="{colour}">'
            f"<title>{escape(title)}</title></circle>"
        )


def _worth(summary: Summary) -> float | None:
    return summary.score if summary.score is not None else summary.pass_rate


def _legend(names: Sequence[str], top: float) -> list[str]:
    parts = []
    for index, name in enumerate(names):
        y, short = top + 14 * index, name if len(name) <= 70 else name[:69] + "…"
        parts += [
            f'<rect x="{_LEFT}" y="{y - 8:.0f}" width="9" height="9" fill="{_COLOURS[index % len(_COLOURS)]}"/>',
            _text(_LEFT + 14, y, short, "start"),
        ]
    return parts


def score_by_temperature(
    columns: Mapping[str, Column], summaries: Sequence[Summary], words: Mapping[str, str]
) -> str | None:
    """A line for each prompt and its other options; None where no line would have two points."""
    lines: dict[str, list[tuple[float, float, Summary]]] = {}
    for summary in summaries:
        column, worth = columns.get(summary.name), _worth(summary)
        temperature = column.options.get("temperature") if column else None
        if column is None or worth is None or isinstance(temperature, bool):
            continue
        if isinstance(temperature, (int, float)) and math.isfinite(temperature):
            others = {key: value for key, value in column.options.items() if key != "temperature"}
            name = Column(column.prompt, others).name
            lines.setdefault(name, []).append((float(temperature), worth, summary))
    lines = {name: sorted(points, key=lambda p: p[:2]) for name, points in lines.items()}
    if all(len(points) < 2 for points in lines.values()):
        return None
    temperatures = [point[0] for points in lines.values() for point in points]
    axes = _Axes(min(temperatures), max(temperatures), words["temperature"], words["score"])
    parts = axes.parts
    for index, points in enumerate(lines.values()):
        colour = _COLOURS[index % len(_COLOURS)]
        path = "L".join(f"{axes.x(x):.1f} {axes.y(y):.1f}" for x, y, _ in points)
        parts.append(f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>')
        for x, y, summary in points:
            interval = summary.score_interval if summary.score is not None else summary.pass_interval
            if interval is not None:
                parts.append(_line(axes.x(x), axes.y(interval.low), axes.x(x), axes.y(interval.high), colour))
            parts.append(axes.point(x, y, colour, f"{summary.name}: {y:.3f}"))
    parts += _legend(list(lines), _HEIGHT + 14)
    return _picture(words["score_by_temperature"], parts, _HEIGHT + 10 + 14 * len(lines))


def latencies(seconds: Mapping[str, Sequence[float]], words: Mapping[str, str]) -> str | None:
    """For each column the middle half of its times as a box, the 5th to the 95th hundredth as a line, the median."""
    known = [(name, values) for name, values in seconds.items() if values][:_MOST_LATENCIES]
    if not known:
        return None
    most = _nice(max(quantile(values, 0.95) or 0.0 for _, values in known))
    parts: list[str] = []

    def x(value: float) -> float:
        return 10 + min(value, most) / most * (_WIDTH - 20 - _RIGHT)

    height = 30 * len(known) + 34
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_line(x(share * most), 4, x(share * most), height - 30))
        parts.append(_text(x(share * most), height - 18, f"{share * most:.3g}", "middle" if share else "start"))
    for index, (name, values) in enumerate(known):
        low, quarter, middle, three, high = (quantile(values, q) or 0.0 for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        y, colour = 30 * index + 22, _COLOURS[index % len(_COLOURS)]
        told = f"{name}: {words['seconds_p50']} {middle:.3f}, {words['seconds_p95']} {high:.3f}, n={len(values)}"
        parts += [
            f"<g><title>{escape(told)}</title>",
            _text(10, y - 8, name if len(name) <= 70 else name[:69] + "…", "start"),
            _line(x(low), y, x(high), y, colour, 2),
            f'<rect x="{x(quarter):.1f}" y="{y - 5}" width="{max(1.0, x(three) - x(quarter)):.1f}" height="10"'
            f' fill="{colour}" fill-opacity="0.35"/>',
            _line(x(middle), y - 6, x(middle), y + 6, colour, 3),
            "</g>",
        ]
    parts.append(_text(_WIDTH / 2, height - 4, words["seconds"]))
    return _picture(words["latencies"], parts, height)


def cost_by_score(summaries: Sequence[Summary], words: Mapping[str, str]) -> str | None:
    """A point for each column: what a call costs, and what it is worth; None where no cost is known."""
    points = [(s.cost_per_cell, _worth(s), s.name) for s in summaries]
    known = [(cost, worth, name) for cost, worth, name in points if cost is not None and worth is not None]
    if not known:
        return None
    axes = _Axes(0, _nice(max(cost for cost, _, _ in known)), words["cost_per_cell"], words["score"])
    parts = axes.parts
    for index, (cost, worth, name) in enumerate(known):
        parts.append(axes.point(cost, worth, _COLOURS[index % len(_COLOURS)], f"{name}: {cost:.6g}, {worth:.3f}"))
    parts += _legend([name for _, _, name in known], _HEIGHT + 14)
    return _picture(words["cost_by_score"], parts, _HEIGHT + 10 + 14 * len(known))
