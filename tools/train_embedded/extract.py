"""Taking named things out of a text: one of them bare, or several as JSON in the shape that the instruction gives."""
# ruff: noqa: E501

import json

from tools.train_embedded.dialogue import Dialogue, Turn
from tools.train_embedded.figures import Lang
from tools.train_embedded.words import Words

# The kinds in a sentence, and the sentence.
_TEXTS: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{person}は{place}に住んでいます。", "{person}は{place}で{thing}を買いました。", "{person}は{date}に{place}へ行きました。", "{thing}は{price}です。", "{person}が{place}で{thing}を見つけました。", "{date}に{person}が{thing}を届けます。",
        "{person}は{thing}を{price}で売りました。", "{place}で{date}に会いましょう。{person}も来ます。", "{thing}を注文したいです。{person}です。{date}にお願いします。", "私は{person}です。{place}から来ました。{thing}が好きです。",
        "{person}さんの{thing}は{place}にあります。", "昨日、{place}で{person}さんに会いました。", "{person}様、{thing}の代金は{price}です。",
    ),
    "en": (
        "{person} lives in {place}.", "{person} bought the {thing} at {place}.", "{person} went to {place} on {date}.", "The {thing} costs {price}.", "{person} found the {thing} at {place}.", "{person} will bring the {thing} on {date}.",
        "{person} sold the {thing} for {price}.", "Let us meet at {place} on {date}. {person} will come too.", "I want to order the {thing}. I am {person}. I need it on {date}.", "I am {person}. I come from {place}. I like the {thing}.",
        "{person} left the {thing} at {place}.", "Yesterday I met {person} at {place}.", "Dear {person}, the {thing} costs {price}.",
    ),
}  # fmt: skip
_KEYS: dict[Lang, dict[str, tuple[str, ...]]] = {
    "ja": {"person": ("名前", "人名", "人", "name"), "place": ("場所", "地名", "place"), "thing": ("物", "品物", "商品", "item"), "date": ("日付", "日", "date"), "price": ("値段", "金額", "price")},
    "en": {"person": ("name", "person"), "place": ("place", "location", "where"), "thing": ("thing", "item", "object"), "date": ("date", "day", "when"), "price": ("price", "amount", "cost")},
}  # fmt: skip
_ONE: dict[Lang, tuple[str, ...]] = {
    "ja": ("次の文から{k}だけを抜き出してください。", "入力から{k}を取り出してください。", "文の中の{k}だけを答えてください。", "{k}を抜き出してください。", "ユーザーの文にある{k}を、そのまま答えてください。"),
    "en": ("Extract the {k} from the text.", "Give only the {k} in the sentence.", "Take the {k} out of the input.", "Output the {k} only.", "Find the {k} in what the user says."),
}  # fmt: skip
_JSON: dict[Lang, tuple[str, ...]] = {
    "ja": ("次の文から{k}を取り出して、JSONで答えてください。", "入力の{k}をJSONで出力してください。", "{k}をJSON形式で抜き出してください。", "文から{k}を抜き出し、JSONだけを返してください。", "次の形のJSONで答えてください：{shape}", "入力から情報を取り出し、{shape} の形で出力してください。"),
    "en": ("Extract the {k} as JSON.", "Give the {k} of the text as JSON.", "Output {k} in JSON.", "Take {k} from the sentence and return only JSON.", "Answer as JSON of this shape: {shape}", "Extract the facts in the form {shape}."),
}  # fmt: skip
_NONE: dict[Lang, str] = {"ja": "なし", "en": "none"}


def _sentence(w: Words, lang: Lang, form: str) -> tuple[str, dict[str, str]]:
    kinds = [kind for kind in _KEYS[lang] if f"{{{kind}}}" in form]
    values = {kind: w.value(kind, lang) for kind in kinds}
    return form.format(**values), values


def extract(w: Words, lang: Lang) -> Dialogue:
    """Give one value, or the values of several keys as JSON; what the text lacks is null."""
    rng, as_json = w.rng, w.rng.random() < 0.65
    forms = rng.choices(_TEXTS[lang], k=rng.randint(1, 3))
    kinds = [kind for kind in _KEYS[lang] if f"{{{kind}}}" in forms[0]]
    rng.shuffle(kinds)
    kinds = kinds[: rng.randint(1, len(kinds))]
    if rng.random() < 0.15:
        kinds.append(rng.choice([kind for kind in _KEYS[lang] if kind not in kinds]))
    if not as_json:
        kinds = kinds[:1]
    names = {kind: rng.choice(_KEYS[lang][kind]) for kind in kinds}
    if as_json:
        glue = rng.choice(["と", "、"]) if lang == "ja" else rng.choice([", ", " and "])
        shape = json.dumps({name: rng.choice(["...", ""]) for name in names.values()}, ensure_ascii=False)
        task = rng.choice(_JSON[lang]).replace("{k}", glue.join(names.values())).replace("{shape}", shape)
    else:
        task = rng.choice(_ONE[lang]).replace("{k}", names[kinds[0]])
    turns = []
    for form in forms:
        text, values = _sentence(w, lang, form)
        found = {names[kind]: values.get(kind) for kind in kinds}
        answer = json.dumps(found, ensure_ascii=False) if as_json else found[names[kinds[0]]] or _NONE[lang]
        turns.append(Turn(text, answer, "json" if as_json else "extract"))
    if rng.random() < 0.12:
        return Dialogue("", [Turn(f"{task}\n\n{turns[0].user}", turns[0].answer, turns[0].skill)], lang)
    return Dialogue(task, turns, lang)
