"""Judgments in one word: which of the listed labels fits, yes or no, in the labels that the instruction gives."""
# ruff: noqa: E501

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.facts import Fact, state
from tools.train_embedded.figures import Lang
from tools.train_embedded.instructions import Scene, passage, plain_facts
from tools.train_embedded.talk import GREETINGS, TALKS
from tools.train_embedded.vocabulary import KIND_NAMES, NEAR, WORDS
from tools.train_embedded.words import Words

_TASK: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "入力を次のどれかに分類してください：{labels}", "次の言葉を{labels}のどれかに分類してください。", "ラベル：{labels}\n入力に合うラベルを一つだけ答えてください。", "{labels}の中から、合うものを一つ選んでください。",
        "ユーザーの入力を分類します。選択肢は{labels}です。", "分類してください。\n選択肢：{labels}", "次の文は{labels}のどれですか？ 一つだけ答えてください。", "入力を分類し、ラベルだけを答えてください。\nラベル：{labels}",
        "あなたは分類器です。{labels}のいずれかだけを出力してください。",
    ),
    "en": (
        "Classify the input as one of: {labels}.", "Choose one label: {labels}.", "Labels: {labels}\nAnswer with one label only.", "Pick the label that fits: {labels}.", "Which of these is it: {labels}? Answer with one only.",
        "Sort the user's input into one of these classes: {labels}.", "You are a classifier. Output only one of {labels}.", "Classify. Options: {labels}", "Answer with the class of the text.\nClasses: {labels}",
    ),
}  # fmt: skip
_OTHER: dict[Lang, tuple[str, ...]] = {
    "ja": ("その他", "その他", "不明", "該当なし"),
    "en": ("other", "other", "unknown", "none"),
}
_FEELINGS: dict[Lang, tuple[tuple[str, str, str], ...]] = {
    "ja": (("良い", "悪い", "普通"), ("ポジティブ", "ネガティブ", "中立"), ("肯定", "否定", "中立"), ("満足", "不満", "どちらでもない"), ("好評", "不評", "普通")),
    "en": (("good", "bad", "neutral"), ("positive", "negative", "neutral"), ("happy", "unhappy", "neither"), ("praise", "complaint", "neutral")),
}  # fmt: skip
_SAID: dict[Lang, tuple[tuple[str, ...], ...]] = {
    "ja": (
        ("{x}はとてもおいしかったです。", "{x}が大好きです。", "{x}は最高でした。", "{x}を買ってよかったです。", "{x}に感動しました。", "{x}はすばらしいです。", "また{x}に来たいです。", "{x}のおかげで楽しい一日でした。", "{x}はとても便利です。", "{x}はきれいで気に入りました。", "{x}が親切で、うれしかったです。", "{x}はおすすめです。"),
        ("{x}はまずかったです。", "{x}が嫌いです。", "{x}は最悪でした。", "{x}を買って後悔しています。", "{x}にがっかりしました。", "{x}はひどいです。", "もう{x}には行きません。", "{x}のせいで疲れました。", "{x}はすぐに壊れました。", "{x}は汚くて嫌でした。", "{x}が不親切で、悲しかったです。", "{x}は高すぎます。"),
        ("{x}は火曜日に届きました。", "{x}は箱に入っています。", "{x}は三つあります。", "{x}は駅の前にあります。", "{x}を見ました。", "{x}は来月からです。"),
    ),
    "en": (
        ("The {x} was delicious.", "I love the {x}.", "The {x} is the best.", "I am glad that I bought the {x}.", "The {x} made me happy.", "What a wonderful {x}!", "I want to see the {x} again.", "The {x} is great.", "The {x} works very well.", "I really enjoyed the {x}.", "The {x} is beautiful.", "I recommend the {x}."),
        ("The {x} was terrible.", "I hate the {x}.", "The {x} is the worst.", "I regret that I bought the {x}.", "The {x} made me sad.", "What an awful {x}!", "I never want to see the {x} again.", "The {x} is bad.", "The {x} broke at once.", "I did not enjoy the {x}.", "The {x} is ugly.", "The {x} is too expensive."),
        ("The {x} arrived on Tuesday.", "The {x} is in the box.", "There are three of the {x}.", "The {x} is near the station.", "I saw the {x}.", "The {x} starts next month."),
    ),
}  # fmt: skip
_INTENTS: dict[Lang, tuple[tuple[str, ...], ...]] = {
    "ja": (("挨拶", "あいさつ"), ("別れ", "さよなら"), ("感謝", "お礼"), ("謝罪", "おわび"), ("天気", "天気の話"), ("時刻", "日時")),
    "en": (("greeting",), ("farewell", "goodbye"), ("thanks", "gratitude"), ("apology",), ("weather",), ("time", "clock")),
}  # fmt: skip


def _intent_texts(lang: Lang) -> tuple[tuple[str, ...], ...]:
    """Give the sentences of each of `_INTENTS`, found among the small talk by their answers."""
    starts = ("Goodbye", "You are welcome", "No problem", "I cannot see outside", "I have no clock")
    rest = tuple(next(talk for talk in TALKS if talk.answer["en"].startswith(start)) for start in starts)
    greet = tuple(text for talk in GREETINGS[:3] for text in talk.says[lang])
    return (greet, *(talk.says[lang] for talk in rest))


def _listed(w: Words, labels: list[str], lang: Lang) -> str:
    marks = [", ", " / ", " | ", "quote"] if lang == "en" else ["、", "、", " / ", "・", "「"]
    mark = w.rng.choice(marks)
    if mark == "「":
        return "".join(f"「{one}」" for one in labels)
    if mark == "quote":
        return ", ".join(f'"{one}"' for one in labels)
    return mark.join(labels)


def _kinds(w: Words, lang: Lang) -> tuple[list[str], list[tuple[str, int]]]:
    """Choose kinds of words and items: (label list, [(item, index of its label, -1 for none)])."""
    kinds: list[str] = []
    wanted = w.rng.randint(2, 5)
    while len(kinds) < wanted:
        one = w.rng.choice(list(KIND_NAMES))
        if one not in kinds and not any(pair <= {one, *kinds} for pair in NEAR):
            kinds.append(one)
    inside = [word for word in WORDS if word.kind in kinds]
    unsafe = {other for kind in kinds for near in NEAR if kind in near for other in near}
    outside = [word for word in WORDS if word.kind not in kinds and word.kind not in unsafe]
    items = [(one.text(lang), kinds.index(one.kind)) for one in w.rng.choices(inside, k=6)]
    if outside:
        items += [(one.text(lang), -1) for one in w.rng.choices(outside, k=1)]
    return [w.rng.choice(KIND_NAMES[kind][lang]) for kind in kinds], items


def _feelings(w: Words, lang: Lang) -> tuple[list[str], list[tuple[str, int]]]:
    labels = list(w.rng.choice(_FEELINGS[lang]))[: w.rng.choice([2, 3])]
    items = []
    for _ in range(6):
        which = w.rng.randrange(len(labels))
        items.append((w.rng.choice(_SAID[lang][which]).replace("{x}", w.thing(lang)), which))
    return labels, items


def _intents(w: Words, lang: Lang) -> tuple[list[str], list[tuple[str, int]]]:
    chosen = w.rng.sample(range(len(_INTENTS[lang])), w.rng.randint(2, 4))
    texts = _intent_texts(lang)
    outside = [one for one in range(len(texts)) if one not in chosen]
    items = [(w.rng.choice(texts[chosen[at]]), at) for at in w.rng.choices(range(len(chosen)), k=5)]
    items.append((w.rng.choice(texts[w.rng.choice(outside)]), -1))
    return [w.rng.choice(_INTENTS[lang][one]) for one in chosen], items


def label(w: Words, lang: Lang) -> Dialogue:
    """Answer with the one of the listed labels that fits."""
    rng = w.rng
    labels, items = rng.choices([_kinds, _feelings, _intents], [5, 3, 2])[0](w, lang)
    order = list(range(len(labels)))
    rng.shuffle(order)
    shown = [labels[at] for at in order]
    other = rng.choice(_OTHER[lang]) if rng.random() < 0.3 else ""
    if other and other not in shown:
        shown.append(other)
    else:
        items = [item for item in items if item[1] >= 0]
    rng.shuffle(items)
    task = rng.choice(_TASK[lang]).replace("{labels}", _listed(w, shown, lang))
    turns = [Turn(text, labels[at] if at >= 0 else other, "label") for text, at in items[: rng.randint(2, 6)]]
    if rng.random() < 0.12:
        first = turns[0]
        return Dialogue("", [Turn(f"{task}\n\n{first.user}", first.answer, "label")], lang)
    return Dialogue(task, turns, lang)


_JUDGE: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "「{y}」か「{n}」だけで答えてください。", "{y}か{n}で答えてください。", "質問に「{y}」または「{n}」で答えてください。", "正しければ「{y}」、間違っていれば「{n}」と答えてください。", "{y}／{n}のどちらかで答えてください。",
        "答えは「{y}」か「{n}」のどちらかです。",
    ),
    "en": (
        'Answer only "{y}" or "{n}".', "Answer with {y} or {n}.", 'Answer the question with "{y}" or "{n}".', 'If it is right, say "{y}", otherwise say "{n}".', "{y} or {n}?", 'The answer is either "{y}" or "{n}".',
    ),
}  # fmt: skip
_YES_NO: dict[Lang, tuple[tuple[str, str], ...]] = {
    "ja": (("はい", "いいえ"), ("はい", "いいえ"), ("はい", "いいえ"), ("○", "×"), ("正しい", "間違い"), ("Yes", "No")),
    "en": (("yes", "no"), ("Yes", "No"), ("yes", "no"), ("true", "false"), ("right", "wrong"), ("Yes", "No")),
}
_IS_IT: dict[Lang, tuple[str, ...]] = {
    "ja": ("{x}は{k}ですか？", "{x}は{k}ですか？", "{x}は{k}？", "{x}って{k}ですか？", "{x}は{k}です。"),
    "en": ("Is {x} a kind of {k}?", "Is {x} {k}?", "{x}: {k}?", "{x} is {k}."),
}


def _of_kind(w: Words, lang: Lang) -> tuple[str, bool]:
    word, right = w.rng.choice(WORDS), w.rng.random() < 0.5
    near = {other for pair in NEAR if word.kind in pair for other in pair}
    kind = word.kind if right else w.rng.choice([one for one in KIND_NAMES if one != word.kind and one not in near])
    name = KIND_NAMES[kind][lang][0]
    form = w.rng.choice(_IS_IT[lang])
    return form.format(x=word.text(lang) if lang == "ja" else word.one(), k=name), right


def _of_fact(w: Words, fact: Fact, lang: Lang) -> tuple[str, bool]:
    """Ask whether a fact holds, with its own value or another of the kind."""
    right = w.rng.random() < 0.5
    value = fact.value
    while not right and value == fact.value:
        value = w.value(fact.kind or "thing", lang)
    if lang == "ja":
        return w.rng.choice(["{}は{}ですか？", "{}は{}ですか？", "{}は{}？", "{}は{}です。"]).format(
            fact.key, value
        ), right
    claim = state(fact.key, value, lang)
    return claim if w.rng.random() < 0.3 else f"{claim.rstrip('.')}?", right


def yes_no(w: Words, lang: Lang, level: int) -> Dialogue:
    """Answer yes or no, in the words that the instruction gives, about words or a passage."""
    rng = w.rng
    words = rng.choice(_YES_NO[lang])
    task = rng.choice(_JUDGE[lang]).format(y=words[0], n=words[1])
    turns = []
    if rng.random() < 0.4:
        for _ in range(rng.randint(2, 8)):
            text, right = _of_kind(w, lang)
            turns.append(Turn(text, words[not right], "yes_no"))
        return Dialogue(task, turns, lang)
    scene = Scene(lang, lang)
    plain_facts(w, scene, rng.randint(1, level))
    body = passage(w, scene)
    for fact in rng.choices(scene.facts, k=rng.randint(3, 8)):
        text, right = _of_fact(w, fact, lang)
        turns.append(Turn(text, words[not right], "judge"))
    return Dialogue(f"{task}\n{body}" if rng.random() < 0.6 else f"{body}\n\n{task}", turns, lang)
