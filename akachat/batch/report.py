"""A report as one HTML file that opens offline: the grid with filters, statistics, comparisons and charts.

Results are written as blocks of JSON while they pass by, and the page's own script shows them a page at a time: a
table of 20,000 cells would stall a browser. Statistics are known only at the end; style sheets put them on top.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import orjson

from akachat.batch.charts import cost_by_score, latencies, score_by_temperature
from akachat.batch.comparing import Comparison, Outcomes, compare_all
from akachat.batch.distributions import Interval
from akachat.batch.judgements import Judged
from akachat.batch.stats import Statistics, Summary
from akachat.batch.values import Column
from akachat.batch.words import words_in

__all__ = ["html_parts"]

_ASSETS = Path(__file__).parent / "assets"
_BLOCK = 100

Say = Callable[[str], str]


def html_parts(
    results: Iterable[Judged],
    *,
    title: str = "",
    language: str = "en",
    base: str | None = None,
    say: Say = str,
) -> Iterator[str]:
    """The report, a piece at a time.

    Args:
        title: stands on top; empty for a plain word.
        language: ``ja`` or ``en``.
        base: the column that the others are compared with; None for the first.
        say: what a message of ours becomes in the report's language.
    """
    words = words_in(language)
    style, script = ((_ASSETS / name).read_text("utf-8") for name in ("report.css", "report.js"))
    # Whatever the answers hold, only this very script may run, and nothing is fetched.
    policy = f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; base-uri 'none'"
    yield (
        f'<!doctype html>\n<html lang="{words["language"]}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title or words['report'])}</title><style>{style}</style></head><body>"
        f"<h1>{escape(title or words['report'])}</h1>\n{_grid(words)}"
    )
    statistics, outcomes, columns = Statistics(by_case=False), Outcomes(), dict[str, Column]()
    yield from _blocks(_watched(results, statistics, outcomes, columns), say)
    summaries = statistics.columns()
    pictures = [
        score_by_temperature(columns, summaries, words),
        latencies(statistics.seconds(), words),
        cost_by_score(summaries, words),
    ]
    yield '<section id="findings">' + _statistics(summaries, words)
    yield _comparisons(outcomes, base, words)
    yield f'<h2>{words["charts"]}</h2><div class="charts">{"".join(filter(None, pictures))}</div></section>\n'
    yield f'<script type="application/json" id="words">{_json(dict(words))}</script>'
    yield f"<script>{script}</script></body></html>\n"


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """JSON that can stand in a script element: no ``</script>`` and no ``<!--`` may be in it."""
    text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _grid(words: Mapping[str, str]) -> str:
    filters = (("all", "all"), ("failed", "failed_only"), ("different", "different"))
    buttons = "".join(f'<button data-filter="{key}">{words[word]}</button>' for key, word in filters)
    return (
        f'<section id="grid"><h2>{words["results"]}</h2><div class="tools">{buttons}'
        f'<input id="search" type="search" placeholder="{words["search"]}" aria-label="{words["search"]}">'
        f'<button id="before">{words["before"]}</button><button id="after">{words["after"]}</button>'
        f'<span id="count" role="status"></span></div><div class="wide"><table id="cells"></table></div>'
        f"<noscript>{words['needs_script']}</noscript></section>\n"
    )


def _watched(
    results: Iterable[Judged], statistics: Statistics, outcomes: Outcomes, columns: dict[str, Column]
) -> Iterator[Judged]:
    for judged in results:
        statistics.add(judged)
        outcomes.add(judged)
        columns.setdefault(judged.cell.column.name, judged.cell.column)
        yield judged


def _blocks(results: Iterable[Judged], say: Say) -> Iterator[str]:
    """Blocks of cases that were not seen before, and of results, as the script reads them."""
    seen: set[str] = set()
    cases: list[list[Any]] = []
    rows: list[list[Any]] = []

    def block() -> str:
        text = _json({"cases": cases, "rows": rows})
        cases.clear()
        rows.clear()
        return f'<script type="application/json" class="results">{text}</script>\n'

    for judged in results:
        case = judged.cell.case
        if case.id not in seen:
            seen.add(case.id)
            fields = {**{f"var.{name}": value for name, value in case.variables.items()}, **case.fields}
            cases.append([_whole(case.id), _whole(case.input), [[_whole(n), _whole(v)] for n, v in fields.items()]])
        rows.append(_row(judged, say))
        if len(rows) >= _BLOCK:
            yield block()
    if rows:
        yield block()


def _row(judged: Judged, say: Say) -> list[Any]:
    result, cell = judged.result, judged.cell
    known = [count for count in (result.prompt_tokens, result.completion_tokens) if count is not None]
    reasons = [
        [_whole(j.check), j.passed, _whole(say(j.error.message if j.error else j.reason))] for j in judged.judgements
    ]
    return [
        *(_whole(cell.case.id), _whole(cell.column.name), cell.repeat, result.status, _whole(result.text)),
        *(_whole(say(result.error.message)) if result.error else None, judged.passed, judged.score),
        *(result.seconds, sum(known) if known else None, result.cost, reasons),
    ]


def _whole(value: Any) -> str:
    """A value as text; half a surrogate pair, which no file can hold, as the sign for it."""
    text = value if isinstance(value, str) else _json_text(value)
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _json_text(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


# tables of numbers


def _number(value: float | None, form: str = ".3f") -> str:
    return "" if value is None else format(value, form)


def _range(value: float | None, interval: Interval | None, form: str = ".3f") -> str:
    if value is None:
        return ""
    return format(value, form) + (f" [{interval.low:{form}}, {interval.high:{form}}]" if interval else "")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is a name, and whose others are numbers."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    lines = (
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f'<td class="number">{escape(value)}</td>' for value in values)
        + "</tr>"
        for name, *values in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _statistics(summaries: Sequence[Summary], words: Mapping[str, str]) -> str:
    names = (
        *("column", "cells", "failed", "pass_rate", "score_interval", "score_sd", "repeat_sd", "seconds_p50"),
        *("seconds_p95", "first_p50", "tokens_per_second", "tokens", "cost"),
    )
    rows = (
        [
            *(s.name, str(s.cells), str(s.failed), _range(s.pass_rate, s.pass_interval)),
            *(_range(s.score, s.score_interval), _number(s.score_sd), _number(s.repeat_sd)),
            *(_number(s.seconds_p50), _number(s.seconds_p95), _number(s.first_p50)),
            *(_number(s.tokens_per_second, ".1f"), f"{s.tokens:,}", _number(s.cost, ".6g")),
        ]
        for s in summaries
    )
    return f"<h2>{words['statistics']}</h2>" + _table([words[name] for name in names], rows)


def _comparisons(outcomes: Outcomes, base: str | None, words: Mapping[str, str]) -> str:
    names = outcomes.columns
    if len(names) < 2:
        return ""
    chosen = base if base in names else names[0]
    heads = [words[name] for name in ("column", "verdict", "difference", "p", "pairs", "outcome", "test")]
    rows = (_compared(each, words) for each in compare_all(outcomes, chosen))
    return f"<h2>{escape(words['comparison'].replace('{base}', chosen))}</h2>" + _table(heads, rows)


def _compared(found: Comparison, words: Mapping[str, str]) -> list[str]:
    return [
        found.column,
        words[found.verdict].replace("{needed}", str(found.needed)),
        _range(found.difference, found.interval, "+.3f"),
        _number(found.adjusted, ".4g"),
        str(found.pairs),
        f"{found.wins} / {found.losses} / {found.ties}",
        words[found.test],
    ]
