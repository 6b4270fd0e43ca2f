"""Dialogues of small tasks: go on like the examples, say it again, always answer the same."""
# ruff: noqa: E501

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.figures import Lang
from tools.train_embedded.scenes import decorate, scene_dialogue
from tools.train_embedded.words import Words

_SLOTS: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{x}、だいすき！", "{x}が好きです。", "「{x}」", "{x}{x}", "それは{x}です。", "{x}は{t}です。", "{t}と{x}", "{x}！", "{x}さん、こんにちは。", "{x}を{t}に入れます。", "答え：{x}", "{r}{x}", "{x}{r}", "{x}の{t}",
        "{x}はおいしい！", "{t}より{x}がいい。", "{r}、{x}だ。", "今日は{x}の日です。", "{x}を見ました。", "きれいな{x}ですね。",
    ),
    "en": (
        "I like {x}.", "I love {x}!", '"{x}"', "{x} {x}", "It is {x}.", "The {x} is {t}.", "{t} and {x}", "{x}!", "Hello, {x}.", "Answer: {x}", "{r} {x}", "{x} {r}", "a {t} for {x}", "{x} is good!",
        "I want {x}, not {t}.", "We saw {x} today.", "What a nice {x}!", "This is the {x} of {r}.",
    ),
}  # fmt: skip
INTRO: dict[Lang, tuple[str, ...]] = {
    "ja": ("", "", "例のとおりに答えてください。", "例と同じように答えてください。", "同じ形で続けてください。", "例にならって返事をしてください。", "次の会話と同じ調子で答えてください。"),
    "en": ("", "", "Answer like the examples.", "Follow the examples.", "Continue in the same way.", "Reply in the same form as the examples."),
}  # fmt: skip


def item(w: Words, lang: Lang) -> str:
    """Give something that a pattern may be about: a thing, a name, a place."""
    kind = w.rng.random()
    if kind < 0.6:
        return w.thing(lang)
    return w.name(lang) if kind < 0.85 else w.place(lang)


def slot(w: Words, lang: Lang) -> str:
    """Give the answer's form, with "{x}" for the item."""
    form = w.rng.choice(_SLOTS[lang])
    return form.replace("{t}", w.thing(lang)).replace("{r}", w.made_up(lang))


def few_shot(w: Words, lang: Lang, level: int) -> Dialogue:
    """Show a pattern in two or more turns and ask for one more."""
    rng = w.rng
    form = slot(w, lang)
    items = [item(w, lang) for _ in range(rng.randint(3, 3 + min(level, 2)))]
    turns = [Turn(item, form.replace("{x}", item), "few_shot") for item in items]
    return Dialogue(rng.choice(INTRO[lang]), turns, lang, examples=True)


_ECHO: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "「{x}」と言ってください。", "「{x}」と言って", "「{x}」を繰り返してください。", "次の言葉をそのまま返してください：{x}", "「{x}」とだけ答えてください。", "{x}と言ってください。", "「{x}」と答えて", "「{x}」と返事して", "復唱してください：{x}",
    ),
    "en": (
        'Say "{x}".', 'Please say "{x}".', 'Repeat "{x}".', "Repeat after me: {x}", 'Just answer "{x}".', 'Reply with "{x}".', "Say: {x}", 'say "{x}"', "Repeat this: {x}", 'Answer with "{x}" only.',
    ),
}  # fmt: skip
_PARROT: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "ユーザーの言葉をそのまま返してください。",
        "入力をそのまま繰り返してください。",
        "おうむ返しをしてください。",
        "言われたことをそのまま言ってください。",
    ),
    "en": (
        "Repeat what the user says.",
        "Echo the user's words.",
        "Say back exactly what you hear.",
        "Repeat the input as it is.",
    ),
}
_ALWAYS: dict[Lang, tuple[str, ...]] = {
    "ja": ("どんな質問にも「{x}」と答えてください。", "必ず「{x}」とだけ答えてください。", "何を聞かれても「{x}」と言ってください。", "返事はいつも「{x}」です。", "「{x}」とだけ返してください。"),
    "en": ('Always answer "{x}".', 'Whatever is asked, say "{x}".', 'Reply only with "{x}".', 'Your only answer is "{x}".', 'Answer "{x}" to every question.'),
}  # fmt: skip


def _phrase(w: Words, lang: Lang) -> str:
    space = "" if lang == "ja" else " "
    if lang == "en":
        text = space.join(item(w, lang) for _ in range(w.rng.randint(1, 3)))
        return text[0].upper() + text[1:] if w.rng.random() < 0.5 else text
    glue = ["", "の", "は", "と", "が好き"]
    return "".join(item(w, lang) + w.rng.choice(glue) for _ in range(w.rng.randint(0, 2))) + item(w, lang)


def echo(w: Words, lang: Lang, level: int) -> Dialogue:
    """Say a given text, asked for by the user or by the instruction."""
    rng, text = w.rng, _phrase(w, lang)
    kind = rng.random()
    if kind < 0.45:
        base = scene_dialogue(w, lang, 1, "name") if rng.random() < 0.3 else Dialogue("", [], lang)
        system = (
            base.system if base.lang == lang and "語尾" not in base.system and "sentence" not in base.system else ""
        )
        return Dialogue(system, [Turn(rng.choice(_ECHO[lang]).replace("{x}", text), text, "echo")], lang)
    if kind < 0.72:
        texts = [text] + [_phrase(w, lang) for _ in range(rng.randint(0, 1))]
        return Dialogue(rng.choice(_PARROT[lang]), [Turn(one, one, "parrot") for one in texts], lang)
    other = scene_dialogue(w, lang, 1, "plain")
    asks = [one.user for one in other.turns[:2]] if other.lang == lang else [decorate(w, _phrase(w, lang), lang)]
    return Dialogue(rng.choice(_ALWAYS[lang]).replace("{x}", text), [Turn(ask, text, "always") for ask in asks], lang)
