"""The closed vocabulary: words with their kind, in Japanese and English, that are translated, sorted and judged."""
# ruff: noqa: E501

from dataclasses import dataclass

from tools.train_embedded.figures import Lang


@dataclass(frozen=True, slots=True)
class Word:
    """One meaning in two languages; `bare` English takes neither article nor plural."""

    ja: str
    en: str
    kind: str
    bare: bool = False

    def text(self, lang: Lang) -> str:
        """Give the word itself."""
        return self.ja if lang == "ja" else self.en

    def one(self) -> str:
        """Give the English word as one of its kind ("a dog", "an apple", "water")."""
        return self.en if self.bare else f"{'an' if self.en[0] in 'aeiou' else 'a'} {self.en}"

    def many(self) -> str:
        """Give the English word as all of its kind ("dogs", "water")."""
        if self.bare or self.en in ("fish", "sheep"):
            return self.en
        if self.en in _PLURALS:
            return _PLURALS[self.en]
        if self.en.endswith("y") and self.en[-2] not in "aeiou":
            return self.en[:-1] + "ies"
        return self.en + ("es" if self.en.endswith(("s", "x", "ch", "sh")) else "s")


_PLURALS = {"mouse": "mice", "knife": "knives", "tomato": "tomatoes", "potato": "potatoes", "policeman": "policemen"}
_TABLE = {
    "animal": "犬=dog 猫=cat 鳥=bird 魚=fish 馬=horse 牛=cow 羊=sheep 豚=pig うさぎ=rabbit 亀=turtle ねずみ=mouse ライオン=lion 象=elephant 猿=monkey 熊=bear パンダ=panda きつね=fox",
    "fruit": "りんご=apple みかん=orange ぶどう=grape いちご=strawberry もも=peach バナナ=banana メロン=melon レモン=lemon さくらんぼ=cherry 梨=pear",
    "food": "パン=bread~ 米=rice~ 肉=meat~ 卵=egg ケーキ=cake スープ=soup~ サラダ=salad ピザ=pizza カレー=curry~ チーズ=cheese~ クッキー=cookie チョコレート=chocolate~ トマト=tomato じゃがいも=potato",
    "drink": "水=water~ 牛乳=milk~ コーヒー=coffee~ お茶=tea~ ジュース=juice~ ビール=beer~",
    "vehicle": "車=car 電車=train 自転車=bicycle 船=ship 飛行機=plane バス=bus トラック=truck タクシー=taxi ヘリコプター=helicopter",
    "colour": "赤=red~ 青=blue~ 緑=green~ 白=white~ 黒=black~ 黄色=yellow~ 紫=purple~ 茶色=brown~",
    "clothes": "帽子=hat 靴=shoe 手袋=glove 上着=jacket シャツ=shirt スカート=skirt コート=coat セーター=sweater",
    "job": "先生=teacher 医者=doctor 歌手=singer 警官=policeman 看護師=nurse 農家=farmer 画家=painter 学生=student",
    "place": "学校=school 駅=station 病院=hospital 図書館=library 公園=park 空港=airport 銀行=bank ホテル=hotel 美術館=museum 市場=market",
    "tool": "鉛筆=pencil はさみ=scissors~ ナイフ=knife 鍵=key 傘=umbrella 時計=clock 机=desk 椅子=chair 本=book 箱=box かばん=bag カメラ=camera 電話=phone 窓=window 新聞=newspaper 地図=map",
    "nature": "山=mountain 川=river 海=sea 月=moon 星=star 空=sky 花=flower 木=tree 雨=rain~ 雪=snow~ 風=wind 石=stone",
}
WORDS: tuple[Word, ...] = tuple(
    Word(ja, en.rstrip("~"), kind, en.endswith("~"))
    for kind, row in _TABLE.items()
    for ja, en in (pair.split("=") for pair in row.split())
)
ADJECTIVES_BOTH: tuple[tuple[str, str], ...] = tuple(
    (ja, en)
    for ja, en in (
        pair.split("=")
        for pair in [
            "赤い=red",
            "青い=blue",
            "白い=white",
            "黒い=black",
            "大きい=big",
            "小さい=small",
            "新しい=new",
            "古い=old",
            "かわいい=cute",
            "長い=long",
            "丸い=round",
            "重い=heavy",
            "軽い=light",
            "美しい=beautiful",
            "高い=expensive",
            "安い=cheap",
        ]
    )
)
# Ways to name a kind; those of one line may not stand in one list with those of `NEAR`.
KIND_NAMES: dict[str, dict[Lang, tuple[str, ...]]] = {
    "animal": {"ja": ("動物", "動物", "生き物"), "en": ("animal", "animal", "animals")},
    "fruit": {"ja": ("果物", "果物", "フルーツ"), "en": ("fruit", "fruit", "fruits")},
    "food": {"ja": ("食べ物", "食べ物", "料理"), "en": ("food", "food", "meal")},
    "drink": {"ja": ("飲み物", "飲み物", "ドリンク"), "en": ("drink", "drink", "drinks")},
    "vehicle": {"ja": ("乗り物", "乗り物", "交通"), "en": ("vehicle", "vehicle", "transport")},
    "colour": {"ja": ("色", "色"), "en": ("colour", "color")},
    "clothes": {"ja": ("服", "衣類", "着る物"), "en": ("clothes", "clothes", "clothing")},
    "job": {"ja": ("仕事", "職業", "職業"), "en": ("job", "job", "profession")},
    "place": {"ja": ("場所", "場所", "建物"), "en": ("place", "place", "building")},
    "tool": {"ja": ("道具", "物", "道具"), "en": ("tool", "thing", "object")},
    "nature": {"ja": ("自然", "自然"), "en": ("nature", "nature")},
}
NEAR = (
    frozenset({"fruit", "food"}),
    frozenset({"animal", "nature"}),
    frozenset({"tool", "clothes"}),
    frozenset({"tool", "vehicle"}),
)
# Sentences of the closed vocabulary: {x} and {y} are words, {one} "a dog", {many} "dogs", {a} an adjective, {n} a name.
PATTERNS: tuple[tuple[str, str], ...] = (
    ("これは{x}です。", "This is {one}."),
    ("あれは{x}です。", "That is {one}."),
    ("{x}が好きです。", "I like {many}."),
    ("{x}は好きではありません。", "I do not like {many}."),
    ("{x}はどこですか？", "Where is the {x}?"),
    ("{x}を見ました。", "I saw {one}."),
    ("{x}が欲しいです。", "I want {one}."),
    ("{x}をください。", "Please give me {one}."),
    ("{x}はありますか？", "Is there {one}?"),
    ("{x}は{a}です。", "The {x} is {a}."),
    ("これは{a}{x}です。", "This is {a_one}."),
    ("{a}{x}", "{a_one}"),
    ("{x}と{y}", "{one} and {two}"),
    ("{x}と{y}が好きです。", "I like {many} and {others}."),
    ("{n}は{x}が好きです。", "{n} likes {many}."),
    ("{n}は{x}を持っています。", "{n} has {one}."),
    ("私は{n}です。", "I am {n}."),
)
PHRASES_BOTH: tuple[tuple[str, str], ...] = (
    ("こんにちは", "Hello"), ("ありがとう", "Thank you"), ("おはようございます", "Good morning"), ("さようなら", "Goodbye"), ("はい", "Yes"), ("いいえ", "No"),
    ("ごめんなさい", "I am sorry"), ("おやすみなさい", "Good night"), ("お元気ですか？", "How are you?"), ("お名前は何ですか？", "What is your name?"),
    ("はじめまして", "Nice to meet you"), ("今何時ですか？", "What time is it?"), ("いくらですか？", "How much is it?"), ("わかりません", "I do not know"),
)  # fmt: skip
