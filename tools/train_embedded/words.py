"""Words for the dialogues: lists and made-up ones, in Japanese and English, each either for training or held out.
# ruff: noqa: E501, SIM905

A word is held out when the checksum of its text falls into one tenth, so the split needs no lists and never leaks:
training cannot draw a held-out word, and evaluation draws nothing else. Real names for evaluation are listed apart.
"""
# ruff: noqa: E501, SIM905

import random
import zlib
from collections.abc import Callable, Sequence

from tools.train_embedded.figures import Lang, figure

HIRAGANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわがぎぐげござじずぜぞだでどばびぶべぼぱぴぷぺぽ"
KATAKANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワガギグゲゴザジズゼゾダデドバビブベボパピプペポヴ"
NAME_KANJI = (
    "田中山本村木林森川石井上下小大野原藤佐伊渡辺高橋松竹梅清水青赤白黒金銀鈴岡島崎谷池沢坂橋口西東南北"
    "太郎一二三四五子美香奈恵里沙真由紀優花菜乃陽翔蓮湊樹悠斗大和健介直人誠亮翼光明正義和雄勇次平助吉之"
    "千春夏秋冬桜葵凛結愛莉音羽心咲彩楓琴詩希望未来空海星月雪雨風虹朝夕夜"
)


def jis_kanji() -> str:
    """Return the 2,965 kanji of JIS level 1, rare ones too, so that copying does not depend on frequency."""
    rows = (bytes([0xA0 + row, 0xA0 + cell]) for row in range(16, 48) for cell in range(1, 95))
    return "".join(pair.decode("euc_jp", "ignore") for pair in rows)


KANJI = jis_kanji()

REAL_NAMES: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "さくら はな ひなた ゆい りん めい あおい こはる みお ゆうき けんた たろう はると そうた りく "
        "ミカ リサ ケン ユウ ナナ アヤ レイ タクミ ハルカ ジュン サクラ ソラ モモ ルナ コタロウ "
        "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 山田太郎 佐々木 松本 井上花子 木村拓 林 清水 山崎 森 池田 "
        "健太 美咲 翔太 陽菜 結衣 大輔 直樹 真由美 由美子 一郎 花子 明日香 悠人 美穂 誠 愛 彩花 亮介 千尋 拓也 "
        "マイケル エミリー トム アリス ボブ メアリー ジョン リリー オスカー ルーシー".split()
    ),
    "en": tuple(
        "James Mary John Linda Robert Susan Michael Karen David Lisa Thomas Nancy Daniel Betty Mark Helen Paul Sandra "
        "Steven Donna Andrew Carol Kevin Ruth Brian Sharon George Laura Edward Sarah Ronald Anna Tim Amy Jason Rachel "
        "Jeff Emma Ryan Olivia Jacob Sophia Gary Mia Nick Chloe Eric Grace Jonathan Ella Stephen Lily Larry Zoe Justin "
        "Ivy Scott Ruby Brandon Alice Ben Kate Sam Rose Peter Julia Jack Holly Hiroshi Yuki Kenji Naoko Takeshi Mei "
        "Wei Ling Priya Arjun Omar Fatima Carlos Sofia Luis Elena Hans Greta Pierre Marie Ivan Olga".split()
    ),
}
# Never in training: the names that the model card scores as "real names".
REAL_NAMES_HELD_OUT: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "あか みさき つむぎ いろは なぎ かえで ひろし ゆりこ たけし あきら さつき まこと "
        "ミナ カレン ヒカリ レン マリ ツバサ アンナ ノエル サトシ チアキ エリカ ダイキ "
        "吉田 斎藤 長谷川 藤原 近藤 石川 前田 小川 岡田 後藤 阿部 遠藤 坂本龍馬 夏目漱石 紫式部 "
        "裕子 幸子 和也 達也 舞 智子 陽子 隆 浩 恵美 詩織 颯太 蒼 大翔 莉子 "
        "ロバート ハンナ デイビッド ソフィア ベンジャミン シャーロット".split()
    ),
    "en": tuple(
        "Aka William Patricia Jennifer Elizabeth Charles Barbara Christopher Jessica Matthew Margaret Anthony Ashley "
        "Donald Kimberly Joshua Emily Kenneth Michelle Amanda Melissa Deborah Stephanie Rebecca Cynthia Kathleen "
        "Victoria Benjamin Samuel Gregory Alexander Patrick Dennis Nathan Henry Zachary Haruto Sakura Akira Keiko Mina "
        "Nora Felix Oscar Luna Theo Isla Hugo Clara Leo Maya Finn".split()
    ),
}
_NEVER = frozenset(name for names in REAL_NAMES_HELD_OUT.values() for name in names)

PLACES: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "東京 大阪 京都 札幌 福岡 名古屋 横浜 神戸 仙台 広島 奈良 金沢 長野 沖縄 鎌倉 駅前 公園 図書館 学校 病院 市役所 "
        "美術館 映画館 体育館 海岸 山の上 川沿い 港 空港 商店街 地下街 一階 二階 三階 地下一階 屋上 会議室 食堂 教室 台所 庭 "
        "玄関 駅の東口 駅の西口 駅の南口 橋のそば 神社の隣 郵便局の向かい 広場 市場 動物園 水族館 博物館 遊園地 温泉 湖 森 畑".split()
    ),
    "en": tuple(
        "Tokyo|London|Paris|Rome|Osaka|Boston|Berlin|Madrid|Sydney|Cairo|the park|the library|the school|the station|"
        "the museum|the town hall|the market|the harbour|the airport|the kitchen|the garden|the second floor|"
        "the third floor|the basement|the roof|room 12|room 305|the main hall|the old bridge|Green Street|King Street|"
        "the hospital|the cinema|the beach|the lake|the forest|the post office|the corner shop|the north gate|"
        "the east exit".split("|")
    ),
}
THINGS: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "りんご みかん ぶどう いちご もも バナナ メロン カレー ラーメン うどん そば 寿司 天ぷら おにぎり パン ケーキ クッキー "
        "プリン 緑茶 紅茶 コーヒー 牛乳 ジュース 水 本 辞書 新聞 手紙 ノート 鉛筆 消しゴム 時計 かばん 帽子 傘 靴 くつ下 眼鏡 "
        "鍵 財布 電話 カメラ ラジオ ピアノ ギター 太鼓 自転車 車 電車 船 飛行機 犬 猫 鳥 魚 うさぎ 亀 馬 花 木 草 石 貝 星 月 "
        "机 椅子 窓 箱 皿 茶碗 箸 鍋 包丁 布団 枕 人形 地図 切符 写真 絵 歌 映画 ゲーム 将棋 野球 サッカー 水泳 散歩 料理 読書".split()
    ),
    "en": tuple(
        "apple|orange|grape|melon|banana|curry|noodles|soup|rice|bread|cake|cookie|pudding|green tea|coffee|milk|juice|"
        "water|book|dictionary|newspaper|letter|notebook|pencil|clock|bag|hat|umbrella|shoe|sock|key|wallet|phone|"
        "camera|radio|piano|guitar|drum|bicycle|car|train|boat|plane|dog|cat|bird|fish|rabbit|turtle|horse|flower|tree|"
        "stone|shell|star|moon|desk|chair|window|box|plate|bowl|pan|knife|pillow|doll|map|ticket|photo|picture|song|"
        "film|game|chess|baseball|football|swimming|cooking|reading|music|painting|chocolate|pizza|salad".split("|")
    ),
}
COLOURS: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "赤 青 黄色 緑 白 黒 紫 桃色 茶色 灰色 水色 金色 銀色 オレンジ色 紺色 空色 深緑 真っ赤 薄紫 朱色".split()
    ),
    "en": tuple(
        "red blue yellow green white black purple pink brown grey gold silver orange navy violet cream teal beige".split()
    ),
}
ADJECTIVES: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "赤い 青い 白い 黒い 大きな 小さな 古い 新しい 丸い 長い 甘い かわいい 重い 軽い きれいな 不思議な 静かな 特別な".split()
    ),
    "en": tuple(
        "red blue white black big small old new round long sweet cute heavy light pretty strange plain".split()
    ),
}
TRAITS: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "明るい 優しい 元気な 親切な 静かな 賢い 陽気な 丁寧な のんびりした まじめな おしゃべりな 頼れる 小さな かわいい 勇敢な".split()
    ),
    "en": tuple(
        "cheerful kind lively polite quiet clever friendly gentle calm honest talkative brave tiny helpful patient".split()
    ),
}
JOBS: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "アシスタント 案内係 店員 先生 医者 料理人 司書 ロボット 猫 犬 魔法使い 探偵 花屋の店員 パン屋の店員 図書館の司書 "
        "受付係 AIアシスタント 旅行ガイド 通訳 庭師 船長 パイロット 編集者 歌手 画家 博士 チャットボット 忍者 侍 妖精 係員 秘書".split()
    ),
    "en": tuple(
        "assistant|guide|shop clerk|teacher|doctor|cook|librarian|robot|cat|dog|wizard|detective|florist|baker|"
        "receptionist|AI assistant|travel guide|interpreter|gardener|captain|pilot|editor|singer|painter|professor|"
        "chatbot|ninja|fairy|secretary|helper".split("|")
    ),
}
_EN_ONSETS = "b c d f g h j k l m n p r s t v w y z br ch cl dr fl gr kl pr sh st th tr".split()
_EN_VOWELS = "a e i o u ai ea ee ia oo ou y".split()
_EN_CODAS = ["", "", "", "n", "l", "r", "s", "k", "x", "th", "nd", "rt", "m", "ck"]


def is_held_out(word: str) -> bool:
    """Tell whether this word belongs to the tenth that training never sees."""
    return word in _NEVER or zlib.crc32(word.encode()) % 10 == 0


class Words:
    """A seeded source of words, either all for training or all held out."""

    def __init__(self, rng: random.Random, *, held_out: bool = False) -> None:
        self.rng = rng
        self.held_out = held_out

    def draw(self, make: Callable[[], str]) -> str:
        """Call `make` until it gives a word of this source's side."""
        for _ in range(400):
            word = make()
            if is_held_out(word) == self.held_out:
                return word
        return make()

    def pick(self, words: Sequence[str]) -> str:
        """Pick a listed word of this source's side."""
        return self.draw(lambda: self.rng.choice(words))

    def letters(self, alphabet: str, low: int, high: int) -> str:
        """Make up a word from an alphabet."""
        return self.draw(lambda: "".join(self.rng.choices(alphabet, k=self.rng.randint(low, high))))

    def katakana(self) -> str:
        """Make up a katakana word, sometimes with a long vowel, ン or ッ."""

        def make() -> str:
            word = "".join(self.rng.choices(KATAKANA, k=self.rng.randint(2, 5)))
            at = self.rng.randint(1, len(word))
            return word[:at] + self.rng.choice(["", "", "ー", "ン", "ッ", "ャ", "ュ", "ィ"]) + word[at:]

        return self.draw(make)

    def latin(self) -> str:
        """Make up a word in Latin letters, capitalised."""

        def make() -> str:
            pick = self.rng.choice
            count = pick([1, 2, 2, 2, 3])
            return "".join(pick(_EN_ONSETS) + pick(_EN_VOWELS) + pick(_EN_CODAS) for _ in range(count)).capitalize()

        return self.draw(make)

    def real_name(self, lang: Lang) -> str:
        """Pick a listed real name; held-out sources have their own list."""
        return self.rng.choice(REAL_NAMES_HELD_OUT[lang] if self.held_out else REAL_NAMES[lang])

    def made_up(self, lang: Lang) -> str:
        """Make up a word as a name might look in this language."""
        rng = self.rng
        if lang == "en":
            kind = rng.random()
            if kind < 0.72:
                return self.latin()
            if kind < 0.86:
                return f"{self.latin()} {self.latin()}"
            if kind < 0.93:
                return f"{self.latin()}-{rng.randint(1, 99)}"
            return self.draw(lambda: "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=rng.randint(2, 4))))
        kind = rng.random()
        if kind < 0.25:
            return self.letters(HIRAGANA, 2, 5)
        if kind < 0.5:
            return self.katakana()
        if kind < 0.68:
            return self.letters(NAME_KANJI, 2, 4)
        if kind < 0.84:
            return self.letters(KANJI, 1, 4)
        if kind < 0.92:
            return self.latin()
        return f"{self.katakana()}{rng.choice(['号', 'ちゃん', '博士', '太', '2号', '姫'])}"

    def name(self, lang: Lang) -> str:
        """Give a name: mostly made up, sometimes real (never when held out)."""
        if not self.held_out and self.rng.random() < 0.2:
            return self.real_name(lang)
        return self.made_up(lang)

    def place(self, lang: Lang) -> str:
        """Give a place, sometimes with a made-up proper name."""
        rng = self.rng
        if rng.random() < (0.2 if self.held_out else 0.5):
            return self.pick(PLACES[lang])
        if lang == "ja":
            return self.made_up("ja") + rng.choice(
                ["町", "駅", "通り", "ビル", "公園", "市", "山", "カフェ", "駅前", "の隣"]
            )
        return f"{self.latin()} {rng.choice(['Street', 'Station', 'Park', 'Tower', 'Road', 'Town', 'Hall', 'Bay'])}"

    def thing(self, lang: Lang) -> str:
        """Give a thing, sometimes with an adjective, sometimes made up."""
        # Hardly a tenth of the lists is held out, so held-out words are mostly made up.
        kind = self.rng.random() if not self.held_out else self.rng.uniform(0.35, 1)
        if kind < 0.5:
            return self.pick(THINGS[lang])
        if kind < 0.7:
            return self.pick(ADJECTIVES[lang]) + ("" if lang == "ja" else " ") + self.pick(THINGS[lang])
        if kind < 0.8 and lang == "ja":
            return self.made_up("ja") + self.pick(THINGS["ja"])
        return self.made_up("ja") if lang == "ja" else self.latin().lower()

    def value(self, kind: str, lang: Lang) -> str:
        """Give a value of a kind: time, hours, date, weekday, price, number, phone, person, place, colour, thing, code."""
        rng = self.rng
        match kind:
            case "person":
                return self.name(lang)
            case "place":
                return self.place(lang)
            case "thing":
                return self.thing(lang)
            case "colour":
                return self.pick(COLOURS[lang]) if rng.random() < 0.7 else self.thing(lang)
            case "any":
                return self.value(rng.choice(["person", "place", "thing", "number", "code", "date"]), lang)
            case "weekday":  # seven words: too few to hold any out
                return figure(rng, kind, lang)
            case _:
                return self.draw(lambda: figure(rng, kind, lang))
