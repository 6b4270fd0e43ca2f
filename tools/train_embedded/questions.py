"""The questions of the model card: held-out words, of every skill, in both languages, and at every length."""

import random
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from tools.train_embedded.data import ALL, BASE, LANGS, dialogue, held_out_words
from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.instructions import Scene
from tools.train_embedded.passages import rag_dialogue
from tools.train_embedded.phrases import IDENTITY
from tools.train_embedded.scenes import identity_answer
from tools.train_embedded.talk import ASK_IDENTITY
from tools.train_embedded.words import REAL_NAMES_HELD_OUT

# Skills of the first phase's dialogues, and those of the kinds that the second adds.
BASE_SKILLS = (
    "name", "fact", "absent", "crossed", "style", "user_name", "user_none", "name_none", "few_shot", "echo", "parrot",
    "always", "greeting", "talk", "unknown",
)  # fmt: skip
NEW_SKILLS: dict[str, tuple[str, ...]] = {
    "persona": ("persona",),
    "rag": ("rag", "rag_none", "fallback"),
    "ruled": ("plain", "opener"),
    "bare": ("bare",),
    "kana": ("kana",),
    "pattern": ("pattern", "pattern_kind", "pattern_word"),
    "translate": ("translate", "translate_none"),
    "label": ("label",),
    "yes_no": ("yes_no", "judge"),
    "extract": ("extract", "json"),
}
ONLY_JAPANESE = frozenset({"plain", "kana"})
LENGTHS = (512, 1024, 2048, 3072, 4096)


@dataclass(frozen=True, slots=True)
class Question:
    """Chat messages that end with the user's, and the exact answer."""

    messages: list[dict[str, str]]
    answer: str


Asked = dict[str, dict[str, list[Question]]]


def _question(talk: Dialogue) -> Question:
    messages = talk.messages()
    return Question(messages[:-1], messages[-1]["content"])


def _skill(talk: Dialogue) -> str:
    """Name the row that a dialogue's last answer counts for."""
    if talk.crossed:
        return "crossed" if talk.turns[-1].skill in ("fact", "absent", "name") else ""
    if talk.suffix:
        return "style"
    return talk.turns[-1].skill


def base_questions(seed: int, count: int) -> Asked:
    """Write held-out questions until every skill of the first phase has `count` in both languages."""
    words = held_out_words(seed)
    found: Asked = {skill: {lang: [] for lang in LANGS} for skill in BASE_SKILLS}
    for _ in range(200_000):
        talk = dialogue(words, words.rng.randint(1, 4), mix=BASE)
        bucket = found.get(_skill(talk), {}).get(talk.lang)
        if bucket is not None and len(bucket) < count:
            bucket.append(_question(talk))
        if all(len(one) >= count for langs in found.values() for one in langs.values()):
            break
    return found


def new_questions(seed: int, count: int) -> Asked:
    """Write held-out questions of the kinds that the second phase adds."""
    assert set(NEW_SKILLS) <= set(ALL)
    words = held_out_words(seed)
    found: Asked = {}
    for kind, skills in NEW_SKILLS.items():
        for lang in LANGS:
            wanted = [skill for skill in skills if lang == "ja" or skill not in ONLY_JAPANESE]
            for skill in wanted:
                found.setdefault(skill, {})[lang] = []
            while any(len(found[skill][lang]) < count for skill in wanted):
                talk = dialogue(words, words.rng.randint(1, 4), kind, lang)
                bucket = found.get(talk.turns[-1].skill, {}).get(lang)
                if bucket is not None and len(bucket) < count:
                    bucket.append(_question(talk))
    return found


def real_names(seed: int) -> dict[str, list[Question]]:
    """Ask for every held-out real name, given in three wordings each."""
    rng = random.Random(seed)
    out: dict[str, list[Question]] = {}
    for lang in LANGS:
        out[lang] = []
        for name in REAL_NAMES_HELD_OUT[lang]:
            for form in rng.sample(IDENTITY[lang], 3):
                chat = [
                    {"role": "system", "content": form.format(n=name)},
                    {"role": "user", "content": rng.choice(ASK_IDENTITY[lang])},
                ]
                out[lang].append(Question(chat, identity_answer(Scene(lang, lang, me=name))))
    return out


def long_questions(tokenizer: PreTrainedTokenizerBase, seed: int, count: int) -> Asked:
    """Write one question each about passages that fill a prompt to 80 to 100 % of a length: found, and not there."""
    words = held_out_words(seed)
    out: Asked = {}
    for length in LENGTHS:
        for skill, name in (("rag", f"found_{length}"), ("rag_none", f"missing_{length}")):
            for lang in LANGS:
                bucket = out.setdefault(name, {}).setdefault(lang, [])
                facts = length // 24
                while len(bucket) < count:
                    talk = rag_dialogue(words, lang, facts, 1)
                    if talk.turns[-1].skill != skill:
                        continue
                    one = _question(talk)
                    text = tokenizer.apply_chat_template(one.messages, tokenize=False, add_generation_prompt=True)
                    tokens = len(tokenizer(text)["input_ids"])
                    # Room for the answer is left.
                    if 0.8 * length <= tokens <= length - 60:
                        bucket.append(one)
                    elif tokens > length - 60:
                        facts = max(2, int(facts * 0.95))
                    else:
                        facts += max(1, facts // 20)
    return out
