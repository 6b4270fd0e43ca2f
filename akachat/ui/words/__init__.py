"""Every word of the page, in both languages, a file for each part of it."""

from akachat.ui.words.table import LANGUAGES, TEXTS

__all__ = ["LANGUAGES", "TEXTS"]
