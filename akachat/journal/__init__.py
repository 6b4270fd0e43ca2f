"""The journal: every run as a line, written by the side."""

from akachat.journal.journal import Journal
from akachat.journal.query import OUTCOMES, Query, summary
from akachat.journal.search import Found, Page

__all__ = ["OUTCOMES", "Found", "Journal", "Page", "Query", "summary"]
