"""Statements: sentences that are not of the form "the x is y", with the questions that each answers.

"{k}" is what the sentence is about, "{v}" its news. The answer is the sentence itself.
"""
# ruff: noqa: E501

from dataclasses import dataclass

from tools.train_embedded.figures import Lang


@dataclass(frozen=True, slots=True)
class Statement:
    """A form of sentence, the kinds of its two words, and the questions it answers."""

    about: str  # a kind of value: person, place or thing
    kind: str
    form: str
    asks: tuple[str, ...]


def _all(rows: str) -> tuple[Statement, ...]:
    out = []
    for row in rows.strip().splitlines():
        about, kind, form, *asks = row.strip().split("|")
        out.append(Statement(about, kind, form, tuple(asks)))
    return tuple(out)


STATEMENTS: dict[Lang, tuple[Statement, ...]] = {
    "ja": _all(
        """
        thing|place|{k}は{v}にあります。|{k}はどこにありますか？|{k}はどこですか？|{k}はどこ？|{k}の場所は？
        place|place|{k}は{v}にあります。|{k}はどこにありますか？|{k}はどこですか？|{k}はどこ？
        person|place|{k}は{v}に住んでいます。|{k}はどこに住んでいますか？|{k}の家はどこですか？|{k}はどこに住んでるの？
        person|place|{k}は{v}で働いています。|{k}はどこで働いていますか？|{k}の職場はどこ？
        person|place|{k}は{v}へ行きます。|{k}はどこへ行きますか？|{k}はどこに行くの？
        person|thing|{k}は{v}が好きです。|{k}は何が好きですか？|{k}の好きなものは？|{k}が好きなものは何ですか？
        person|thing|{k}は{v}が嫌いです。|{k}は何が嫌いですか？|{k}の嫌いなものは？
        person|thing|{k}は{v}を飼っています。|{k}は何を飼っていますか？|{k}のペットは何ですか？
        person|thing|{k}は{v}を持っています。|{k}は何を持っていますか？|{k}が持っているものは？
        person|number|{k}は{v}です。|{k}は何歳ですか？|{k}は？|{k}はいくつ？
        person|job|{k}は{v}です。|{k}の仕事は何ですか？|{k}は何をしている人ですか？|{k}の職業は？|{k}は誰ですか？
        thing|time|{k}は{v}に始まります。|{k}は何時に始まりますか？|{k}はいつ始まりますか？|{k}は何時から？
        thing|date|{k}は{v}に届きます。|{k}はいつ届きますか？|{k}はいつ来ますか？
        thing|person|{k}は{v}が作りました。|{k}は誰が作りましたか？|{k}を作ったのは誰ですか？|{k}の作者は？
        thing|thing|{k}は{v}でできています。|{k}は何でできていますか？|{k}の材料は？
        thing|colour|{k}は{v}です。|{k}は何色ですか？|{k}の色は？|{k}はどんな色？
        thing|person|{k}は{v}のものです。|{k}は誰のものですか？|{k}の持ち主は？
        """
    ),
    "en": _all(
        """
        thing|place|The {k} is at {v}.|Where is the {k}?|where is the {k}|Where can I find the {k}?
        place|place|{k} is near {v}.|Where is {k}?|How do I find {k}?
        person|place|{k} lives in {v}.|Where does {k} live?|Where is {k}'s home?
        person|place|{k} works at {v}.|Where does {k} work?
        person|place|{k} comes from {v}.|Where does {k} come from?|Where is {k} from?
        person|place|{k} went to {v}.|Where did {k} go?
        person|thing|{k} likes {v}.|What does {k} like?|What is {k} fond of?
        person|thing|{k} has a {v}.|What does {k} have?
        person|thing|{k} wants a {v}.|What does {k} want?
        person|number|{k} is {v} years old.|How old is {k}?|What is {k}'s age?
        person|job|{k} is a {v}.|What is {k}'s job?|Who is {k}?|What does {k} do?
        thing|time|The {k} starts at {v}.|When does the {k} start?|What time does the {k} start?|When does the {k} begin?
        thing|date|The {k} arrives on {v}.|When does the {k} arrive?|When will the {k} come?
        thing|person|The {k} was made by {v}.|Who made the {k}?|By whom was the {k} made?
        thing|thing|The {k} is made of {v}.|What is the {k} made of?
        thing|colour|The {k} is {v}.|What colour is the {k}?|What color is the {k}?
        thing|person|The {k} belongs to {v}.|Whose {k} is it?|Who owns the {k}?|Who does the {k} belong to?
        """
    ),
}
# What a notice may be about; it stands for "お店" and "shop" in topics.
VENUES: dict[Lang, tuple[str, ...]] = {
    "ja": ("お店", "お店", "店", "図書館", "カフェ", "美術館", "レストラン", "ホテル", "動物園", "食堂", "会社", "そちら", "ここ"),
    "en": ("shop", "shop", "store", "museum", "library", "cafe", "restaurant", "hotel", "zoo", "market", "office", "gallery", "bakery"),
}  # fmt: skip
