"""The mixture: which dialogues training sees at which level of the curriculum, and the held-out ones."""

import random

from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.figures import Lang
from tools.train_embedded.scenes import scene_dialogue
from tools.train_embedded.tasks import echo, few_shot
from tools.train_embedded.words import Words

# Shares of dialogues; tasks that need copying are most of it, since copying is what has to be learnt.
_MIX: dict[str, float] = {
    "name": 0.24,
    "fact": 0.32,
    "persona_fact": 0.06,
    "plain": 0.13,
    "user": 0.08,
    "few_shot": 0.08,
    "echo": 0.09,
}
LANGS: tuple[Lang, ...] = ("ja", "en")
LEVELS = 4


def dialogue(w: Words, level: int, kind: str | None = None, lang: Lang | None = None) -> Dialogue:
    """Write one dialogue: at levels 1 to 3 a passage holds that many facts, at level 4 two to eight."""
    rng = w.rng
    language: Lang = lang if lang else LANGS[rng.random() < 0.53]
    kind = kind or rng.choices(list(_MIX), list(_MIX.values()))[0]
    if kind == "few_shot":
        return few_shot(w, language, level)
    if kind == "echo":
        return echo(w, language, level)
    return scene_dialogue(w, language, level, kind)


def training_words(seed: int) -> Words:
    """Give the word source of training."""
    return Words(random.Random(seed))


def held_out_words(seed: int) -> Words:
    """Give a word source whose words and relations training never sees."""
    return Words(random.Random(seed), held_out=True)
