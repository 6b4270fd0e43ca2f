"""Facts: a sentence for a passage, the questions it answers, and the answer, which restates the passage's own words.

Restating ("営業時間は…です。", never a bare value) lets a tiny model find the value by following the words it has just written.
"""
# ruff: noqa: E501, SIM905

from dataclasses import dataclass

from tools.train_embedded.figures import Lang
from tools.train_embedded.relations import (
    ASK_ANY,
    ASK_KIND,
    PLURAL,
    RELATIONS,
    RELATIONS_HELD_OUT,
    TOPICS,
    Topic,
)
from tools.train_embedded.statements import STATEMENTS, VENUES
from tools.train_embedded.words import JOBS, THINGS, Words


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a passage states."""

    key: str  # what it is about; two facts of one passage differ in it
    text: str  # as it stands in the passage
    ask: str
    answer: str
    missing: str  # the answer where the passage does not hold it
    kind: str = ""
    topic: Topic | None = None
    line: bool = False  # a "key: value" line rather than a sentence
    value: str = ""


def be(key: str) -> str:
    """Give the English verb for a key."""
    return "are" if key in PLURAL else "is"


def state(key: str, value: str, lang: Lang) -> str:
    """Write the answer that states a value."""
    if lang == "ja":
        return f"{key}は{value}です。"
    return f"{_the(key)} {be(key)} {value}."


def missing(key: str, lang: Lang) -> str:
    """Write the answer that the passage does not hold this."""
    if lang == "ja":
        return f"{key}は書かれていません。"
    return f"{_the(key)} {be(key)} not written here."


def _the(key: str) -> str:
    return key if "'s " in key and key[0].isupper() else f"The {key}"


def _sentence(w: Words, key: str, value: str, lang: Lang) -> str:
    pick = w.rng.choice
    if lang == "ja":
        if w.rng.random() < 0.7:
            return f"{key}は{value}です。"
        return pick(
            [
                f"{key}は{value}。",
                f"{key}は{value}だ。",
                f"{key}は{value}になります。",
                f"{key}は、{value}です。",
                f"{key}は{value}である。",
            ]
        )
    return f"{_the(key)} {be(key)} {value}."


def _line(w: Words, key: str, value: str, lang: Lang) -> str:
    if lang == "ja":
        mark = w.rng.choice(["：", "：", ":", ": ", " "])
        return f"{w.rng.choice(['', '', '・', '- ', '■'])}{key}{mark}{value}"
    head = key[0].upper() + key[1:]
    return f"{w.rng.choice(['', '', '- ', '* '])}{head}: {value}"


def _value(w: Words, kind: str, lang: Lang, *, line: bool) -> tuple[str, str]:
    """Give a value as the passage writes it and as the answer says it."""
    value = w.value(kind, lang)
    if w.rng.random() < 0.08:
        value = f"「{value}」" if lang == "ja" else f'"{value}"'
    if line and lang == "ja" and w.rng.random() < 0.15:
        return f"{value}です。", value
    return value, value


def _compound_key(w: Words, lang: Lang) -> tuple[str, str]:
    """Give a relation and its kind, often with an owner, sometimes a made-up one."""
    rng = w.rng
    table = RELATIONS_HELD_OUT if w.held_out else RELATIONS
    kind = rng.choice(list(table[lang]))
    relation = rng.choice(table[lang][kind])
    made_up = rng.random()
    if made_up < 0.25 and not w.held_out:
        # A thing as a key is mostly a price list ("コーヒーは480円です。").
        kind = rng.choice(["time", "price", "number", "code", "place", "person", "thing", "any"])
        kind = "price" if made_up < 0.1 else kind
        relation = w.thing(lang) if made_up < 0.14 else w.made_up(lang)
        if lang == "en":
            relation = relation.lower()
    if rng.random() < 0.35:
        owner = w.name(lang) if rng.random() < 0.7 else w.thing(lang)
        if lang == "ja":
            return f"{owner}の{relation}", kind
        owner = owner[0].upper() + owner[1:]
        return f"{owner}'s {relation}", kind
    return relation, kind


_ASK_PRICE: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{r}はいくらですか？",
        "{r}はいくら？",
        "{r}の値段は？",
        "{r}は何円ですか？",
        "{r}の料金はいくら？",
        "{r}をください。",
    ),
    "en": (
        "How much is the {r}?",
        "How much is a {r}?",
        "How much is {r}?",
        "What does the {r} cost?",
        "price of {r}?",
    ),
}


def ask_key(w: Words, key: str, kind: str, lang: Lang) -> str:
    """Ask for a relation."""
    if kind == "price" and (key in THINGS[lang] or w.rng.random() < 0.15):
        return w.rng.choice(_ASK_PRICE[lang]).replace("{r}", key)
    forms = ASK_KIND[lang].get(kind, ())
    form = w.rng.choice(forms) if forms and w.rng.random() < 0.5 else w.rng.choice(ASK_ANY[lang])
    if lang == "en" and "'s " in key and key[0].isupper():
        form = form.replace("the {r}", "{r}").replace("The {r}", "{r}")
    if key in PLURAL:
        form = form.replace(" is the", " are the").replace("What's", "What are")
    return form.replace("{r}", key).replace("{R}", key[0].upper() + key[1:])


def topic_of(key: str) -> Topic | None:
    """Find the topic that a relation's own name belongs to."""
    return next((topic for topic in TOPICS if key in topic.keys["ja"] or key in topic.keys["en"]), None)


_VAGUE = {
    "time": "time",
    "hours": "time",
    "date": "date",
    "weekday": "date",
    "place": "place",
    "price": "price",
    "phone": "phone",
}


def clash(one: Fact, two: Fact) -> bool:
    """Tell whether a question for one fact could as well mean the other ("いくらですか？" with two prices)."""
    if one.key in two.key or two.key in one.key or (one.topic and one.topic is two.topic):
        return True
    vague = _VAGUE.get(one.kind)
    return bool(vague and vague == _VAGUE.get(two.kind) and (one.topic is None) != (two.topic is None))


def own_fact(w: Words, lang: Lang) -> Fact:
    """Make a fact about the persona itself: "your hobby is", asked with "your", answered with "my"."""
    table = RELATIONS_HELD_OUT if w.held_out else RELATIONS
    kind = w.rng.choice(["number", "date", "place", "person", "colour", "thing", "code"])
    key = w.rng.choice([one for one in table[lang][kind] if "'s " not in one])
    _, value = _value(w, kind, lang, line=False)
    ask = ask_key(w, key, kind, lang)
    if lang == "ja":
        ask = f"あなたの{ask}" if w.rng.random() < 0.6 else ask
        return Fact(
            key,
            f"あなたの{key}は{value}です。",
            ask,
            state(key, value, lang),
            missing(key, lang),
            kind,
            topic_of(key),
            value=value,
        )
    ask = ask.replace("the " + key, "your " + key).replace("The " + key, "Your " + key)
    return Fact(
        key,
        f"Your {key} is {value}.",
        ask,
        f"My {key} is {value}.",
        f"My {key} is not written here.",
        kind,
        topic_of(key),
        value=value,
    )


def relation_fact(w: Words, lang: Lang, *, line: bool) -> Fact:
    """Make a fact about a relation that the question names."""
    key, kind = _compound_key(w, lang)
    text, value = _value(w, kind, lang, line=line)
    sentence = _line(w, key, text, lang) if line else _sentence(w, key, value, lang)
    return Fact(
        key,
        sentence,
        ask_key(w, key, kind, lang),
        state(key, value, lang),
        missing(key, lang),
        kind,
        topic_of(key),
        line,
        value,
    )


_OFTEN = TOPICS[:6]  # what notices of shops say most


def topic_fact(w: Words, lang: Lang, *, line: bool, ask_lang: Lang | None = None) -> Fact:
    """Make a fact about a topic, asked for in other words than the passage's, perhaps in the other language."""
    rng = w.rng
    topic = rng.choice(_OFTEN if rng.random() < 0.5 else TOPICS)
    ask_lang = ask_lang or lang
    text, value = _value(w, topic.kind, lang, line=line)
    ask = rng.choice(topic.asks[ask_lang])
    own, forms = topic.keys[ask_lang][0], topic.forms[lang]
    venue = rng.choice(VENUES[ask_lang])
    ask = ask.replace("お店", venue) if ask_lang == "ja" else ask.replace("the shop", f"the {venue}")
    if forms and not line and rng.random() < 0.35:
        sentence = rng.choice(forms).replace("{v}", value)
        sentence = sentence.replace("お店", venue) if lang == "ja" else sentence.replace("The shop", f"The {venue}")
        answer = sentence if ask_lang == lang else state(own, value, ask_lang)
    else:
        key = rng.choice(topic.keys[lang])
        if ask_lang == lang and rng.random() < 0.25:
            ask, own = ask_key(w, key, topic.kind, lang), key
        sentence = _line(w, key, text, lang) if line else _sentence(w, key, value, lang)
        answer = state(key if ask_lang == lang else own, value, ask_lang)
    return Fact(topic.keys["ja"][0], sentence, ask, answer, missing(own, ask_lang), topic.kind, topic, line, value)


def statement_fact(w: Words, lang: Lang) -> Fact:
    """Make a sentence of some other form; the answer is the sentence itself."""
    one = w.rng.choice(STATEMENTS[lang])
    key = w.value(one.about, lang)
    value = w.pick(JOBS[lang]) if one.kind == "job" else w.value(one.kind, lang)
    if lang == "en" and one.about != "thing":
        key = key[0].upper() + key[1:]
    sentence = one.form.replace("{k}", key).replace("{v}", value)
    gone = missing(key, lang) if one.about == "thing" or lang == "ja" else f"{key} is not mentioned here."
    return Fact(key, sentence, w.rng.choice(one.asks).replace("{k}", key), sentence, gone, value=value)


_DEEDS: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "買い 見つけ 落とし 拾い 食べ 作り 売り 洗い 運び もらい 隠し 借り なくし 描き 飼い 植え 直し 届け 選び 集め".split()
    ),
    "en": tuple(
        "bought found lost sold made painted hid cleaned carried borrowed dropped saw fixed drew chose".split()
    ),
}
_BASE = {
    "bought": "buy", "found": "find", "lost": "lose", "sold": "sell", "made": "make", "painted": "paint", "hid": "hide", "cleaned": "clean",
    "carried": "carry", "borrowed": "borrow", "dropped": "drop", "saw": "see", "fixed": "fix", "drew": "draw", "chose": "choose",
}  # fmt: skip


def deed_fact(w: Words, lang: Lang) -> Fact:
    """Make a sentence of a story: who did what to which thing, and where. The answer is the sentence itself."""
    rng, who, thing, deed = w.rng, w.name(lang), w.thing(lang), w.pick(_DEEDS[lang])
    if lang == "ja":
        place = f"{w.place('ja')}で" if rng.random() < 0.5 else ""
        sentence = f"{who}は{place}{thing}を{deed}ました。"
        asks = [
            f"{who}は何を{deed}ましたか？",
            f"{who}は何を{deed}ましたか？",
            f"{who}は何をしましたか？",
            f"{who}は何をしたの？",
        ]
        asks.append(f"誰が{thing}を{deed}ましたか？")
        if place:
            asks.append(f"{who}はどこで{thing}を{deed}ましたか？")
        return Fact(who, sentence, rng.choice(asks), sentence, missing(who, lang))
    place = rng.choice(["", f" at {w.place('en')}"])
    sentence = f"{who} {deed} the {thing}{place}."
    asks = [
        f"What did {who} {_BASE[deed]}?",
        f"What did {who} {_BASE[deed]}?",
        f"What did {who} do?",
        f"Who {deed} the {thing}?",
    ]
    if place:
        asks.append(f"Where did {who} {_BASE[deed]} the {thing}?")
    return Fact(who, sentence, rng.choice(asks), sentence, f"{who} is not mentioned here.")
