"""Rules of style: plain or polite endings, the bare value only, a set opening or ending, kana written the other way."""
# ruff: noqa: E501

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.facts import missing, relation_fact, state
from tools.train_embedded.figures import Lang
from tools.train_embedded.instructions import Scene, identity, joined, passage, plain_facts
from tools.train_embedded.phrases import STYLE
from tools.train_embedded.scenes import decorate, identity_answer, scene_suffix, styled
from tools.train_embedded.talk import ASK_IDENTITY, GREETINGS, TALKS
from tools.train_embedded.words import HIRAGANA, KATAKANA, Words

_PLAIN = (
    "「だ・である」調で答えてください。", "だ・である調で書いてください。", "常体で答えてください。", "敬語を使わずに答えてください。", "です・ますを使わないでください。", "ため口で話してください。", "タメ口で答えて。", "文の終わりは「だ」にしてください。",
)  # fmt: skip
_BARE: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "一語で答えてください。", "単語だけで答えてください。", "答えだけを書いてください。", "答えの言葉だけを返してください。", "文にせず、単語で答えてください。", "余計な言葉をつけず、答えだけを出力してください。", "値だけを答えてください。",
        "ひとことで答えてください。",
    ),
    "en": (
        "Answer in one word.", "Answer with the value only.", "Give only the answer.", "Output only the answer, not a sentence.", "Reply with a single word or value.", "Just the answer, nothing else.", "Answer in as few words as possible.",
    ),
}  # fmt: skip
_BARE_NONE: dict[Lang, str] = {"ja": "なし", "en": "none"}
_OPEN: dict[Lang, tuple[str, ...]] = {
    "ja": ("答えは必ず「{s}」で始めてください。", "最初に「{s}」と言ってから答えてください。", "文の初めに「{s}」をつけてください。", "「{s}」で始めて答えてください。", "返事の前に「{s}」とつけてください。"),
    "en": ('Begin every answer with "{s}".', 'Start your answers with "{s}".', 'Say "{s}" first, then answer.', 'Put "{s}" before every answer.', 'Every answer starts with "{s}".'),
}  # fmt: skip
_OPENINGS: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "答え：",
        "はい、",
        "えっと、",
        "回答：",
        "A: ",
        "やあ！",
        "了解です。",
        "なるほど、",
        "★",
        "【回答】",
        "お答えします。",
        "ふむふむ、",
    ),
    "en": (
        "Answer: ",
        "Well, ",
        "Sure! ",
        "A: ",
        "OK: ",
        "Aha! ",
        "Ahoy! ",
        "Reply: ",
        "* ",
        "Dear guest, ",
        "My answer: ",
    ),
}
_KANA: tuple[tuple[str, ...], tuple[str, ...]] = (
    (
        "カタカナにしてください。",
        "ひらがなをカタカナに直してください。",
        "入力をカタカナで書いてください。",
        "カタカナで答えてください。",
    ),
    (
        "ひらがなにしてください。",
        "カタカナをひらがなに直してください。",
        "入力をひらがなで書いてください。",
        "ひらがなで答えてください。",
    ),
)


def plain(text: str) -> str:
    """Turn polite Japanese endings of our answers into plain ones."""
    return text.replace("です。", "だ。").replace("ません。", "ない。")


def _opening(w: Words, lang: Lang) -> str:
    if w.rng.random() < 0.5:
        return w.pick(_OPENINGS[lang])
    word = w.made_up(lang)
    return word + w.rng.choice(["、", "！", "："] if lang == "ja" else [", ", "! ", ": "])


def _values(w: Words, scene: Scene, most: int) -> list[tuple[str, str, str, bool]]:
    """Ask for facts, some of them absent: question, key, value, known."""
    rng, out = w.rng, []
    for at in range(rng.randint(1, most)):
        known = rng.random() < 0.72
        fact = scene.facts[at % len(scene.facts)] if known else rng.choice(scene.absent)
        if not known and rng.random() < 0.3:
            other = relation_fact(w, scene.lang, line=False)
            if not any(one.key in other.key or other.key in one.key for one in scene.facts):
                fact = other
        out.append((decorate(w, fact.ask, scene.lang, case=False), fact.key, fact.value, known))
    return out


def bare(w: Words, lang: Lang, level: int) -> Dialogue:
    """Answer with nothing but the value."""
    scene, rng = Scene(lang, lang), w.rng
    plain_facts(w, scene, rng.randint(1, level + 1))
    body, rule = passage(w, scene), rng.choice(_BARE[lang])
    turns = [Turn(ask, value if known else _BARE_NONE[lang], "bare") for ask, _, value, known in _values(w, scene, 8)]
    return Dialogue(f"{rule}\n{body}" if rng.random() < 0.5 else f"{body}\n\n{rule}", turns, lang)


def ruled(w: Words, lang: Lang, level: int) -> Dialogue:
    """Answer from a name and a passage, in plain style, or with a set opening, or with a suffix."""
    rng = w.rng
    scene = Scene(lang, lang)
    kind = rng.choice(["plain", "open", "open", "suffix"] if lang == "ja" else ["open", "open", "suffix"])
    opening = _opening(w, lang) if kind == "open" else ""
    if kind == "suffix":
        scene.suffix = scene_suffix(w, lang)
        rule = rng.choice(STYLE[lang]).replace("{s}", scene.suffix)
    else:
        rule = rng.choice(_PLAIN) if kind == "plain" else rng.choice(_OPEN[lang]).replace("{s}", opening.strip())
    if rng.random() < 0.6:
        scene.identity, scene.me = identity(w, lang)
    body = ""
    if not scene.me or rng.random() < 0.5:
        plain_facts(w, scene, rng.randint(1, level))
        body = passage(w, scene)
    parts = [one for one in (scene.identity, rule) if one]
    rng.shuffle(parts)
    head = joined(parts, rng.choice(["\n", ""] if lang == "ja" else ["\n", " "]))
    system = "\n".join(rng.sample([head, body], 2)) if body else head
    said = [
        (ask, state(key, value, lang) if known else missing(key, lang))
        for ask, key, value, known in (_values(w, scene, 4) if body else [])
    ]
    if scene.me:
        said.append((decorate(w, rng.choice(ASK_IDENTITY[lang]), lang), identity_answer(scene)))
    if kind != "plain":
        talk = rng.choice(GREETINGS + TALKS)
        me = "" if not scene.me else f"私は{scene.me}です。" if lang == "ja" else f"I am {scene.me}. "
        said.append((decorate(w, rng.choice(talk.says[lang]), lang), talk.answer[lang].replace("{me}", me)))
    rng.shuffle(said)
    turns = []
    for ask, answer in said:
        text = plain(answer) if kind == "plain" else styled(opening + answer, scene.suffix, lang)
        turns.append(Turn(ask, text, {"plain": "plain", "open": "opener", "suffix": "style"}[kind]))
    return Dialogue(system, turns, lang, suffix=scene.suffix)


def kana(w: Words) -> Dialogue:
    """Write hiragana as katakana, or the other way."""
    rng, way = w.rng, w.rng.randrange(2)
    source, target = (HIRAGANA, KATAKANA) if way == 0 else (KATAKANA[:-1], HIRAGANA)
    table = str.maketrans(source, target[: len(source)])
    words = [w.letters(source, 1, 6) for _ in range(rng.randint(2, 6))]
    return Dialogue(rng.choice(_KANA[way]), [Turn(one, one.translate(table), "kana") for one in words], "ja")
