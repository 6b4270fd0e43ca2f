"""The journal: every run as a line, written by the side."""

from akachat.journal.journal import Journal

__all__ = ["Journal"]
