"""The mixtures: which dialogues training sees in which phase and at which level, and the held-out ones."""

import random

from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.extract import extract
from tools.train_embedded.figures import Lang
from tools.train_embedded.labels import label, yes_no
from tools.train_embedded.passages import rag_dialogue
from tools.train_embedded.patterns import pattern
from tools.train_embedded.personas import persona
from tools.train_embedded.rules import bare, kana, ruled
from tools.train_embedded.scenes import long_chat, scene_dialogue
from tools.train_embedded.tasks import echo, few_shot
from tools.train_embedded.translate import translate
from tools.train_embedded.words import Words

# Shares of dialogues. Tasks that need copying are most of the first phase, since copying is what has to be learnt.
BASE: dict[str, float] = {
    "name": 0.24,
    "fact": 0.32,
    "persona_fact": 0.06,
    "plain": 0.13,
    "user": 0.08,
    "few_shot": 0.08,
    "echo": 0.09,
}
# The second phase keeps what was learnt and adds the other kinds of dialogue.
ALL: dict[str, float] = {
    "name": 0.06,
    "fact": 0.11,
    "persona_fact": 0.03,
    "plain": 0.05,
    "user": 0.04,
    "few_shot": 0.02,
    "echo": 0.03,
    "persona": 0.07,
    "rag": 0.14,
    "ruled": 0.08,
    "bare": 0.04,
    "kana": 0.015,
    "pattern": 0.07,
    "translate": 0.11,
    "label": 0.09,
    "yes_no": 0.065,
    "extract": 0.06,
}
# At the end, more of what is learnt last.
LAST: dict[str, float] = ALL | {"pattern": 0.1, "extract": 0.1, "yes_no": 0.08, "bare": 0.07, "translate": 0.09}
LANGS: tuple[Lang, ...] = ("ja", "en")
LEVELS = 4


def dialogue(
    w: Words, level: int, kind: str | None = None, lang: Lang | None = None, mix: dict[str, float] = BASE
) -> Dialogue:
    """Write one dialogue: at levels 1 to 3 a passage holds that many facts, at level 4 two to eight."""
    rng = w.rng
    language: Lang = lang if lang else LANGS[rng.random() < 0.53]
    kind = kind or rng.choices(list(mix), list(mix.values()))[0]
    match kind:
        case "few_shot":
            return few_shot(w, language, level)
        case "echo":
            return echo(w, language, level)
        case "persona":
            return persona(w, language, level)
        case "rag":
            return rag_dialogue(w, language, rng.randint(2, 3 * level), 6)
        case "ruled":
            return ruled(w, language, level)
        case "bare":
            return bare(w, language, level)
        case "kana":
            return kana(w)
        case "pattern":
            return pattern(w, language, level)
        case "translate":
            return translate(w, language)
        case "label":
            return label(w, language)
        case "yes_no":
            return yes_no(w, language, level)
        case "extract":
            return extract(w, language)
        case _:
            return scene_dialogue(w, language, level, kind)


def long_dialogue(w: Words, lang: Lang | None = None) -> Dialogue:
    """Write a dialogue of about 400 to 4,000 tokens: mostly found passages, now and then a long conversation."""
    rng = w.rng
    language: Lang = lang if lang else LANGS[rng.random() < 0.5]
    if rng.random() < 0.15:
        return long_chat(w, language, rng.randint(10, 90))
    count = int(2 ** rng.uniform(4, 7.5))
    return rag_dialogue(w, language, count, min(16, count // 2))


def training_words(seed: int) -> Words:
    """Give the word source of training."""
    return Words(random.Random(seed))


def held_out_words(seed: int) -> Words:
    """Give a word source whose words and relations training never sees."""
    return Words(random.Random(seed), held_out=True)
