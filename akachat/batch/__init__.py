"""Batches: what is compared, how answers are judged, and which column is better; and the results as files."""

from akachat.batch.checks import Checks, parse_checks
from akachat.batch.comparing import Comparison, Outcomes, compare, compare_all
from akachat.batch.judgements import Judged, Judgement
from akachat.batch.judging import Ask, Embed, Judge
from akachat.batch.promptfoo_export import Exported, export_config
from akachat.batch.promptfoo_import import Imported, import_config
from akachat.batch.report import html_parts
from akachat.batch.stats import Statistics, Summary
from akachat.batch.tables import Headings, csv_lines, jsonl_lines, write_xlsx
from akachat.batch.values import Case, Cell, Column, Problem, Result
from akachat.batch.votes import Duel, Vote, Votes

__all__ = [
    "Ask",
    "Case",
    "Cell",
    "Checks",
    "Column",
    "Comparison",
    "Duel",
    "Embed",
    "Exported",
    "Headings",
    "Imported",
    "Judge",
    "Judged",
    "Judgement",
    "Outcomes",
    "Problem",
    "Result",
    "Statistics",
    "Summary",
    "Vote",
    "Votes",
    "compare",
    "compare_all",
    "csv_lines",
    "export_config",
    "html_parts",
    "import_config",
    "jsonl_lines",
    "parse_checks",
    "write_xlsx",
]
