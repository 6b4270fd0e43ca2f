"""Dialogues of one scene: an instruction that gives a name, a style and a passage, and turns that use them."""
# ruff: noqa: E501, SIM905

from collections.abc import Iterator

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.facts import ask_key, missing
from tools.train_embedded.figures import Lang
from tools.train_embedded.instructions import Scene, facts, identity, instruction
from tools.train_embedded.phrases import (
    ASK_USER,
    FILLERS,
    TELL_USER,
    UNKNOWN_ASKS,
)
from tools.train_embedded.talk import ABOUT_SELF, ASK_IDENTITY, GREETINGS, NO_IDENTITY, TALKS, UNKNOWN, Talk
from tools.train_embedded.words import ADJECTIVES, HIRAGANA, KATAKANA, Words


def styled(answer: str, suffix: str, lang: Lang) -> str:
    """End each sentence of an answer with the suffix."""
    if not suffix:
        return answer
    for mark in "。！？" if lang == "ja" else ".!?":
        answer = answer.replace(mark, f"{'' if lang == 'ja' else ' '}{suffix}{mark}")
    return answer


def decorate(w: Words, text: str, lang: Lang, *, case: bool = True) -> str:
    """Vary the punctuation, the opening and (where no name stands in it) the case of what a user says."""
    rng = w.rng
    if rng.random() < 0.12:
        text = rng.choice(FILLERS[lang]) + text
    kind = rng.random()
    if kind < 0.12:
        text = text.rstrip("？?。.!！")
    elif kind < 0.22:
        text = text.replace("？", "?") if lang == "ja" else text.lower() if case else text
    elif kind < 0.27 and lang == "ja":
        text = text.replace("？", "。") if "？" in text else text + rng.choice(["。", "！", "ね", "!"])
    elif kind < 0.3:
        text += rng.choice(["!!", " :)", "〜", "^^", "♪", "…", "♡", " ", "😊"])
    elif kind < 0.34 and lang == "en":
        text = text.rstrip(".?!") + rng.choice(["!", ".", "?", "??"])
    return text


def identity_answer(scene: Scene) -> str:
    """Say who one is, in the user's language."""
    return f"私は{scene.me}です。" if scene.ask_lang == "ja" else f"I am {scene.me}."


def _talk_turn(w: Words, scene: Scene, talk: Talk, skill: str) -> Turn:
    lang = scene.ask_lang
    me = ""
    if scene.me and "{me}" in talk.answer[lang]:
        me = f"私は{scene.me}です。" if lang == "ja" else f"I am {scene.me}. "
    return Turn(decorate(w, w.rng.choice(talk.says[lang]), lang), talk.answer[lang].replace("{me}", me), skill)


def unknown_ask(w: Words, lang: Lang) -> str:
    """Ask something that only a larger model could answer."""
    rng = w.rng
    return rng.choice(UNKNOWN_ASKS[lang]).format(
        t=w.thing(lang), u=w.thing(lang), p=w.place(lang), n=w.name(lang), i=rng.randint(1, 999), j=rng.randint(1, 99), a=w.pick(ADJECTIVES[lang])
    )  # fmt: skip


def _fact_turn(w: Words, scene: Scene) -> Turn:
    rng, lang = w.rng, scene.ask_lang
    if rng.random() < 0.28:
        if rng.random() < 0.15:
            key = f"{w.place(lang)}の{w.thing(lang)}" if lang == "ja" else w.thing(lang)
            return Turn(decorate(w, ask_key(w, key, "any", lang), lang, case=False), missing(key, lang), "absent")
        fact = rng.choice(scene.absent)
        return Turn(decorate(w, fact.ask, lang, case=False), fact.missing, "absent")
    # Each fact is asked for once before any is asked for again.
    fact = scene.facts[scene.asked % len(scene.facts)]
    scene.asked += 1
    return Turn(decorate(w, fact.ask, lang, case=False), fact.answer, "fact")


def turn(w: Words, scene: Scene) -> Turn:
    """Make one turn that fits the scene."""
    rng, lang = w.rng, scene.ask_lang
    kind = rng.random()
    if scene.facts and kind < 0.75:
        return _fact_turn(w, scene)
    kind = rng.random()
    if kind < 0.38 and (scene.me or not scene.facts or rng.random() < 0.2):
        ask = decorate(w, rng.choice(ASK_IDENTITY[lang]), lang)
        if not scene.me:
            return Turn(ask, NO_IDENTITY[lang], "name_none")
        return Turn(ask, identity_answer(scene), "name")
    if kind < 0.6:
        return _talk_turn(w, scene, rng.choice(GREETINGS), "greeting")
    if kind < 0.8 or (scene.facts and kind < 0.95):
        return _talk_turn(w, scene, rng.choice(TALKS), "talk")
    if kind < 0.85 and not scene.facts:
        return _talk_turn(w, scene, rng.choice(ABOUT_SELF), "talk")
    return Turn(decorate(w, unknown_ask(w, lang), lang), UNKNOWN[lang], "unknown")


def user_turns(w: Words, scene: Scene, between: int | None = None) -> Iterator[Turn]:
    """Tell one's name (or not), and ask for it later, after `between` turns about other things."""
    rng, lang = w.rng, scene.ask_lang
    told = scene.user_name
    if not told and rng.random() < 0.8:
        told = w.name(lang)
        hello = rng.choice(FILLERS[lang]) if rng.random() < 0.3 else ""
        reply = f"{told}さん、よろしくお願いします。" if lang == "ja" else f"Nice to meet you, {told}."
        yield Turn(hello + rng.choice(TELL_USER[lang]).format(n=told), reply, "user_told")
    for _ in range(rng.choice([0, 0, 1, 2]) if between is None else between):
        yield turn(w, scene)
    ask = decorate(w, rng.choice(ASK_USER[lang]), lang)
    if told:
        yield Turn(ask, f"あなたは{told}さんです。" if lang == "ja" else f"You are {told}.", "user_name")
    else:
        yield Turn(
            ask, "お名前はまだ聞いていません。" if lang == "ja" else "You have not told me your name yet.", "user_none"
        )


def scene_suffix(w: Words, lang: Lang) -> str:
    """Give a suffix: a customary one, or a made-up one."""
    if lang == "en":
        return (
            w.pick("meow woof arr beep sir ho yay zap buzz indeed matey honk boop yo".split())
            if w.rng.random() < 0.5
            else w.latin().lower()
        )
    if w.rng.random() < 0.4:
        return w.pick(
            "にゃ にゃん わん ぴょん のだ でござる ですわ なのです だよ ワン ニャ っす じゃ ぽん だぜ ごわす ピヨ でやんす".split()
        )
    return w.letters(HIRAGANA if w.rng.random() < 0.6 else KATAKANA, 1, 4)


def scene_dialogue(w: Words, lang: Lang, level: int, kind: str) -> Dialogue:
    """Write a dialogue of one scene. Kinds: name, fact, persona_fact, plain, user."""
    rng = w.rng
    crossed = rng.random() < 0.1
    ask_lang: Lang = ("en" if lang == "ja" else "ja") if crossed else lang
    scene = Scene(lang, ask_lang)
    if kind in ("name", "persona_fact") or (kind == "user" and rng.random() < 0.5):
        scene.identity, scene.me = identity(w, lang)
    if kind in ("fact", "persona_fact"):
        count = level if level < 4 else rng.randint(2, 8)
        facts(w, scene, count)
    if not crossed and rng.random() < 0.14:
        scene.suffix = scene_suffix(w, lang)
    if kind == "user" and rng.random() < 0.15:
        scene.user_name = w.name(lang)
    bare = (kind == "plain" and not scene.suffix and rng.random() < 0.7) or (
        kind == "user" and not scene.me and not scene.suffix and not scene.user_name
    )
    system = "" if bare else instruction(w, scene, level=level)
    turns = list(user_turns(w, scene)) if kind == "user" else []
    if not turns:
        turns = [turn(w, scene) for _ in range(rng.randint(1, 4 if scene.facts else 3))]
    if kind == "fact":
        turns[0] = _fact_turn(w, scene)
    turns = [Turn(one.user, styled(one.answer, scene.suffix, ask_lang), one.skill) for one in turns]
    if system and rng.random() < 0.08:
        system, turns = "", _inline(w, scene, system, turns)
    return Dialogue(system, turns, ask_lang, suffix=scene.suffix, crossed=crossed)


def _inline(w: Words, scene: Scene, text: str, turns: list[Turn]) -> list[Turn]:
    """Send the instruction as the user's message, with or without the question."""
    rng, lang, first = w.rng, scene.lang, turns[0]
    if rng.random() < 0.7:
        label = rng.choice(
            ["", "", "質問：", "ユーザー：", "入力："] if lang == "ja" else ["", "", "Question: ", "User: ", "Input: "]
        )
        return [
            Turn(f"{text}{rng.choice([chr(10), chr(10) * 2])}{label}{first.user}", first.answer, first.skill),
            *turns[1:],
        ]
    if scene.ask_lang == "ja":
        answer = f"私は{scene.me}です。何をお手伝いしましょうか？" if scene.me else "はい。何でも聞いてください。"
        lang = "ja"
    else:
        answer = f"I am {scene.me}. How can I help you?" if scene.me else "Yes. Please ask me a question."
        lang = "en"
    if scene.ask_lang != scene.lang:
        return turns
    return [Turn(text, styled(answer, scene.suffix, lang), "opening"), *turns]


def long_chat(w: Words, lang: Lang, turns: int) -> Dialogue:
    """Write a conversation of many turns, whose names were told at its beginning."""
    scene = Scene(lang, lang)
    scene.identity, scene.me = identity(w, lang)
    return Dialogue(instruction(w, scene, level=2), list(user_turns(w, scene, turns)), lang)
