"""The table of all words, put together from the files of this folder; a test holds that neither language misses one."""

from __future__ import annotations

from akachat.ui.words.chat import CHAT_WORDS
from akachat.ui.words.editor import EDITOR_WORDS
from akachat.ui.words.exchange import EXCHANGE_WORDS
from akachat.ui.words.log import LOG_WORDS
from akachat.ui.words.messages import MESSAGES_WORDS
from akachat.ui.words.model import MODEL_WORDS
from akachat.ui.words.models import MODELS_WORDS
from akachat.ui.words.pad import PAD_WORDS
from akachat.ui.words.page import PAGE_WORDS
from akachat.ui.words.rag import RAG_WORDS
from akachat.ui.words.settings import SETTINGS_WORDS
from akachat.ui.words.variables import VARIABLES_WORDS
from akachat.ui.words.versions import VERSIONS_WORDS

__all__ = ["LANGUAGES", "TEXTS"]

LANGUAGES = ("en", "ja")

_ALL = (
    PAGE_WORDS,
    CHAT_WORDS,
    EDITOR_WORDS,
    EXCHANGE_WORDS,
    LOG_WORDS,
    MESSAGES_WORDS,
    MODEL_WORDS,
    MODELS_WORDS,
    PAD_WORDS,
    RAG_WORDS,
    SETTINGS_WORDS,
    VARIABLES_WORDS,
    VERSIONS_WORDS,
)

#: The words of each language by key, as the page's script takes them.
TEXTS: dict[str, dict[str, str]] = {
    language: {key: pair[index] for words in _ALL for key, pair in words.items()}
    for index, language in enumerate(LANGUAGES)
}
