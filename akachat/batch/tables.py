"""Results as CSV, JSON lines and Excel workbooks, written while they pass by."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from akachat.batch.checks import Checks
from akachat.batch.comparing import Comparison, Outcomes, compare_all
from akachat.batch.distributions import Interval
from akachat.batch.judgements import Judged
from akachat.batch.stats import Statistics, Summary
from akachat.batch.values import Case, Column

__all__ = ["Headings", "csv_lines", "jsonl_lines", "write_xlsx"]

#: What a spreadsheet may take for the beginning of a formula; the wide ones are typed in Japanese.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_MOST_UNITS = 32_767  # of UTF-16, in one cell of Excel
_CUT = " […]"
_BOM = "\ufeff"
#: Characters that XML cannot hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

_FACTS = (
    *("status", "text", "error", "finish_reason", "answered_by", "prompt_tokens", "completion_tokens"),
    *("seconds", "first_seconds", "cost", "cached", "passed", "score"),
)


@dataclass(frozen=True, slots=True)
class Headings:
    """The names that make the columns of a table, known before the first result.

    Attributes:
        variables, fields: of the cases.
        options: that the batch's columns change.
        checks: names of the checks.
        own_checks: whether single cases have checks of their own, which come in one column together.
    """

    variables: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    own_checks: bool = False

    @classmethod
    def of(cls, cases: Iterable[Case], columns: Iterable[Column], checks: Checks) -> Headings:
        """The headings of a batch."""
        variables: dict[str, None] = {}
        fields: dict[str, None] = {}
        own_checks = False
        for case in cases:
            variables.update(dict.fromkeys(case.variables))
            fields.update(dict.fromkeys(case.fields))
            own_checks = own_checks or bool(case.checks)
        options = dict.fromkeys(name for column in columns for name in column.options)
        return cls(tuple(variables), tuple(fields), tuple(options), checks.names, own_checks)

    def names(self) -> list[str]:
        """The first row."""
        checks = [name for check in self.checks for name in (f"check: {check}", f"reason: {check}")]
        return [
            *("cell", "case", "input"),
            *(f"var.{name}" for name in self.variables),
            *self.fields,
            *("column", "prompt"),
            *(f"option: {name}" for name in self.options),
            *("repeat", *_FACTS, *checks),
            *(["other checks"] if self.own_checks else []),
        ]

    def values(self, judged: Judged) -> list[Any]:
        """The row of a result; None for what is not known."""
        result, cell = judged.result, judged.cell
        case, column = cell.case, cell.column
        said = {judgement.check: judgement for judgement in judged.judgements}
        checks: list[Any] = []
        for name in self.checks:
            judgement = said.pop(name, None)
            outcome = judgement and (judgement.score if judgement.passed is not None else "error")
            told = judgement and (judgement.reason or (judgement.error.message if judgement.error else ""))
            checks += [outcome, told]
        others = "\n".join(f"{j.check}: {'error' if j.passed is None else j.score}" for j in said.values())
        return [
            *(cell.index, case.id, case.input),
            *(case.variables.get(name) for name in self.variables),
            *(_plain(case.fields.get(name)) for name in self.fields),
            *(column.name, column.prompt),
            *(_plain(column.options.get(name)) for name in self.options),
            *(cell.repeat, result.status, result.text, result.error.message if result.error else None),
            *(result.finish_reason, result.model, result.prompt_tokens, result.completion_tokens),
            *(result.seconds, result.first_seconds, result.cost, result.cached, judged.passed, judged.score),
            *checks,
            *([others] if self.own_checks else []),
        ]


def _plain(value: Any) -> Any:
    """Lists and objects as JSON text; what a cell can hold as it is."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _guarded(value: Any) -> Any:
    """A text that a spreadsheet would compute gets an apostrophe before it; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = _SURROGATES.sub("\ufffd", value)
    return "'" + text if text.lstrip(" \n").startswith(_FORMULA) else text


def csv_lines(results: Iterable[Judged], headings: Headings) -> Iterator[str]:
    """The table as CSV, a line at a time; it begins with a byte order mark, by which Excel knows UTF-8.

    Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)

    def line(values: Iterable[Any]) -> str:
        writer.writerow([_guarded(value) for value in values])
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    yield _BOM + line(headings.names())
    for judged in results:
        yield line(headings.values(judged))


def jsonl_lines(results: Iterable[Judged]) -> Iterator[str]:
    """Everything that is known of each result, one JSON object a line; nothing is changed or left out."""
    for judged in results:
        cell = judged.cell
        whole = {
            **judged.result.to_dict(),
            "case": cell.case.to_dict(),
            "column": {"name": cell.column.name, **cell.column.to_dict()},
            "repeat": cell.repeat,
            "passed": judged.passed,
            "score": judged.score,
            "judgements": [judgement.to_dict() for judgement in judged.judgements],
        }
        try:
            yield orjson.dumps(whole, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n"
        except TypeError:  # half a surrogate pair, or a number beyond 64 bits
            yield json.dumps(whole, default=str) + "\n"


def write_xlsx(results: Iterable[Judged], headings: Headings, file: BinaryIO, *, base: str | None = None) -> None:
    """An Excel workbook: the results, the statistics by column, and the comparisons with a base column.

    Args:
        base: the name of the column that the others are compared with; None for the first.
    """
    import openpyxl  # when first needed: half a second
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    book = openpyxl.Workbook(write_only=True)
    top, bold = Alignment(vertical="top", wrap_text=True), Font(bold=True)

    def sheet(name: str, heads: Sequence[str]) -> Any:
        made = book.create_sheet(name)
        made.freeze_panes = "A2"
        for index, head in enumerate(heads):
            letters = openpyxl.utils.get_column_letter(index + 1)
            made.column_dimensions[letters].width = 60 if head in ("text", "input") else 16
        made.append([cell(made, head, is_head=True) for head in heads])
        return made

    def cell(of: Any, value: Any, *, is_head: bool = False) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(of, value=_fitting(value))
        made.data_type = "s"  # never a formula, nor an error such as #N/A
        made.alignment = top
        if is_head:
            made.font = bold
        return made

    statistics, outcomes = Statistics(by_case=False), Outcomes()
    table = sheet("results", headings.names())
    for judged in results:
        statistics.add(judged)
        outcomes.add(judged)
        table.append([cell(table, value) for value in headings.values(judged)])
    for name, kind, rows in (
        ("statistics", Summary, [summary.to_dict() for summary in statistics.columns()]),
        ("comparison", Comparison, [each.to_dict() for each in _comparisons(outcomes, base)]),
    ):
        heads = list(_spread(dict.fromkeys(kind.__dataclass_fields__), kind))
        page = sheet(name, heads)
        for row in rows:
            page.append([cell(page, value) for value in _spread(row, kind).values()])
    book.save(file)


def _comparisons(outcomes: Outcomes, base: str | None) -> list[Comparison]:
    names = outcomes.columns
    if len(names) < 2:
        return []
    return compare_all(outcomes, base if base in names else names[0])


def _spread(row: dict[str, Any], kind: type) -> dict[str, Any]:
    """A row whose intervals are two columns."""
    spread: dict[str, Any] = {}
    for name, value in row.items():
        if Interval.__name__ in str(kind.__dataclass_fields__[name].type):  # type: ignore[attr-defined]
            spread |= {f"{name} from": value and value["low"], f"{name} to": value and value["high"]}
        else:
            spread[name] = value
    return spread


def _fitting(text: str) -> str:
    """The text without what XML cannot hold, cut to what one cell of Excel can."""
    text = _NOT_XML.sub("\ufffd", text)
    if len(text) * 2 > _MOST_UNITS:
        units = text.encode("utf-16-le")
        if len(units) > _MOST_UNITS * 2:
            text = units[: (_MOST_UNITS - len(_CUT)) * 2].decode("utf-16-le", "ignore") + _CUT
    return text
