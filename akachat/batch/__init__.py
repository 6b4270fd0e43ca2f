"""Batches: what is compared, how answers are judged, and which column is better; and the results as files."""

from akachat.batch.checks import Checks, parse_checks
from akachat.batch.judgements import Judged, Judgement
from akachat.batch.judging import Ask, Embed, Judge
from akachat.batch.values import Case, Cell, Column, Problem, Result

__all__ = [
    "Ask",
    "Case",
    "Cell",
    "Checks",
    "Column",
    "Embed",
    "Judge",
    "Judged",
    "Judgement",
    "Problem",
    "Result",
    "parse_checks",
]
