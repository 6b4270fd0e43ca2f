"""Patterns shown by example turns: any frame around the item, labels of its kind, its translation, its first letters."""
# ruff: noqa: E501

from collections.abc import Callable

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.figures import Lang
from tools.train_embedded.tasks import INTRO, item, slot
from tools.train_embedded.vocabulary import KIND_NAMES, NEAR, WORDS
from tools.train_embedded.words import Words

_OPEN = (
    "「",
    "『",
    "【",
    "(",
    "<",
    "★",
    "→",
    "- ",
    "* ",
    "# ",
    "answer: ",
    "答え：",
    "=> ",
    '{"item": "',
    "name=",
    "**",
    "…",
    "~",
)
_CLOSE = ("」", "』", "】", ")", ">", "★", "！", "!", ".", "。", "？", '"}', ";", "**", "…", "~", " OK", "です", "♪")
_AFTER: dict[Lang, tuple[str, ...]] = {
    "ja": ("次も同じように答えてください。", "同じ形で答えてください。", "では、次に答えてください。", "例にならって続けてください。", "ここからが本番です。"),
    "en": ("Now answer the next one in the same way.", "Continue like the examples.", "Your turn.", "Follow the same form.", "Now the real input."),
}  # fmt: skip


def _frame(w: Words, lang: Lang) -> str:
    """Make a frame out of marks and made-up words around one or two places for the item."""
    rng = w.rng
    if rng.random() < 0.35:
        return slot(w, lang)
    parts = [rng.choice(_OPEN) if rng.random() < 0.6 else "", "{x}", rng.choice(_CLOSE) if rng.random() < 0.7 else ""]
    space = "" if lang == "ja" else " "
    if rng.random() < 0.4:
        parts.insert(rng.choice([0, 1, 2, 3]), f"{space}{w.made_up(lang)}{space}")
    if rng.random() < 0.15:
        parts += [space, rng.choice(["", "と", "、"]) if lang == "ja" else rng.choice(["", "and "]), "{x}"]
    return "".join(parts).strip()


def _framed(w: Words, lang: Lang, count: int) -> list[Turn]:
    form = _frame(w, lang)
    items = [item(w, lang) for _ in range(count)]
    if form == "{x}":
        form = "{x}！"
    return [Turn(one, form.replace("{x}", one), "pattern") for one in items]


def _sorted(w: Words, lang: Lang, count: int) -> list[Turn]:
    """Show the kinds of words; the last word's kind was shown before."""
    rng = w.rng
    kinds = rng.sample(list(KIND_NAMES), 2)
    while any(set(kinds) == pair for pair in NEAR):
        kinds = rng.sample(list(KIND_NAMES), 2)
    names = {kind: rng.choice(KIND_NAMES[kind][lang]) for kind in kinds}
    order = [*kinds, *rng.choices(kinds, k=count)]
    words = [rng.choice([word for word in WORDS if word.kind == kind]) for kind in order]
    return [Turn(word.text(lang), names[word.kind], "pattern_kind") for word in words]


def _translated(w: Words, lang: Lang, count: int) -> list[Turn]:
    words = w.rng.sample(WORDS, count)
    return [Turn(one.text(lang), one.text("en" if lang == "ja" else "ja"), "pattern_word") for one in words]


def pattern(w: Words, lang: Lang, level: int) -> Dialogue:
    """Show two or more example turns, perhaps between system texts, and ask for one more."""
    rng = w.rng
    make: Callable[[Words, Lang, int], list[Turn]] = rng.choices([_framed, _sorted, _translated], [6, 2, 1])[0]
    turns = make(w, lang, rng.randint(3, 3 + level))
    before = rng.choice(_AFTER[lang]) if rng.random() < 0.3 else ""
    return Dialogue(rng.choice(INTRO[lang]), turns, lang, examples=True, before_last=before)
