"""Translation within the closed vocabulary: words, and sentences of a few patterns, both ways."""
# ruff: noqa: E501

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.figures import Lang
from tools.train_embedded.vocabulary import ADJECTIVES_BOTH, PATTERNS, PHRASES_BOTH, WORDS, Word
from tools.train_embedded.words import Words, is_held_out

# By the language of the instruction, then the language translated into.
_TASK: dict[Lang, dict[Lang, tuple[str, ...]]] = {
    "ja": {
        "en": (
            "次の文を英語に訳してください。", "英語に翻訳してください。", "日本語を英語に翻訳してください。", "あなたは翻訳者です。入力を英語に訳してください。", "ユーザーの文を英語にしてください。",
            "入力された日本語を英語に訳します。訳だけを答えてください。", "英訳してください。", "英語で言いかえてください。",
        ),
        "ja": (
            "次の文を日本語に訳してください。", "日本語に翻訳してください。", "英語を日本語に翻訳してください。", "あなたは翻訳者です。入力を日本語に訳してください。", "ユーザーの文を日本語にしてください。",
            "入力された英語を日本語に訳します。訳だけを答えてください。", "和訳してください。", "日本語で言いかえてください。",
        ),
    },
    "en": {
        "en": (
            "Translate into English.", "Translate the input into English.", "Translate Japanese into English.", "You are a translator. Translate what the user says into English.",
            "Put the sentence into English.", "Give only the English translation.", "Translate the text to English.",
        ),
        "ja": (
            "Translate into Japanese.", "Translate the input into Japanese.", "Translate English into Japanese.", "You are a translator. Translate what the user says into Japanese.",
            "Put the sentence into Japanese.", "Give only the Japanese translation.", "Translate the text to Japanese.",
        ),
    },
}  # fmt: skip
_BOTH: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "日本語は英語に、英語は日本語に訳してください。",
        "あなたは日本語と英語の通訳です。",
        "日本語と英語を翻訳してください。",
    ),
    "en": (
        "Translate Japanese into English and English into Japanese.",
        "You are an interpreter between Japanese and English.",
        "Translate between English and Japanese.",
    ),
}
_ASK: dict[Lang, dict[Lang, tuple[str, ...]]] = {
    "ja": {
        "en": ("「{x}」を英語に訳してください。", "「{x}」は英語で何と言いますか？", "「{x}」を英語にして", "「{x}」は英語で何？", "{x}を英語に訳してください。", "{x}を英語で言うと？", "英語に訳して：{x}"),
        "ja": ("「{x}」を日本語に訳してください。", "「{x}」は日本語で何と言いますか？", "「{x}」を日本語にして", "「{x}」は日本語で何？", "{x}を日本語に訳してください。", "日本語に訳して：{x}"),
    },
    "en": {
        "en": ('Translate "{x}" into English.', 'How do you say "{x}" in English?', 'What is "{x}" in English?', "Translate into English: {x}", "{x} in English?"),
        "ja": ('Translate "{x}" into Japanese.', 'How do you say "{x}" in Japanese?', 'What is "{x}" in Japanese?', "Translate into Japanese: {x}", "{x} in Japanese?"),
    },
}  # fmt: skip
_NOT_KNOWN: dict[Lang, str] = {
    "ja": "すみません、その言葉は知りません。",
    "en": "Sorry, I do not know that word.",
}


def _article(adjective: str, word: Word) -> str:
    if word.bare:
        return f"{adjective} {word.en}"
    return f"{'an' if adjective[0] in 'aeiou' else 'a'} {adjective} {word.en}"


def pair(w: Words) -> tuple[str, str]:
    """Give a Japanese text and its English: a phrase, a word, or mostly a sentence."""
    rng, kind = w.rng, w.rng.random()
    if kind < 0.08:
        return rng.choice(PHRASES_BOTH)
    word, other = rng.sample(WORDS, 2)
    if kind < 0.45:
        return word.ja, word.en
    ja, en = rng.choice(PATTERNS)
    adjective, quality = rng.choice(ADJECTIVES_BOTH)
    if "{a" in en and word.kind == "colour":
        return word.ja, word.en
    name = w.real_name("en") if rng.random() < 0.4 else w.latin()
    return (
        ja.format(x=word.ja, y=other.ja, a=adjective, n=name),
        en.format(
            x=word.en,
            one=word.one(),
            two=other.one(),
            many=word.many(),
            others=other.many(),
            a=quality,
            a_one=_article(quality, word),
            n=name,
        ),
    )


def _pair(w: Words) -> tuple[str, str]:
    """Give a pair of this source's side: training has all single words, the held-out side only unseen sentences."""
    while True:
        found = pair(w)
        if (" " not in found[1] and not w.held_out) or (is_held_out(found[1]) == w.held_out and " " in found[1]):
            return found


def _vary(w: Words, text: str, lang: Lang) -> str:
    kind = w.rng.random()
    if kind < 0.15:
        return text.rstrip("。.")
    return text[0].upper() + text[1:] if lang == "en" and kind < 0.3 else text


def translate(w: Words, lang: Lang) -> Dialogue:
    """Translate out of `lang`; the instruction, or the user, says so in either language."""
    rng = w.rng
    into: Lang = "en" if lang == "ja" else "ja"
    spoken: Lang = "ja" if rng.random() < 0.5 else "en"
    turns: list[Turn] = []
    asked = rng.random() < 0.3
    system = "" if asked else rng.choice(_BOTH[spoken] if rng.random() < 0.15 else _TASK[spoken][into])
    for _ in range(rng.randint(2, 7)):
        if rng.random() < 0.1:
            word = w.made_up(lang) if lang == "ja" else w.latin().lower()
            text, answer, skill = word, _NOT_KNOWN[spoken], "translate_none"
        else:
            texts = _pair(w)
            text, answer, skill = texts[lang == "en"], texts[into == "en"], "translate"
        said = rng.choice(_ASK[spoken][into]).format(x=text) if asked else _vary(w, text, lang)
        turns.append(Turn(said, answer, skill))
    return Dialogue(system, turns, lang)
