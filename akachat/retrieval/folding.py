"""Text as it is compared: one spelling for what is written in several ways, and where each character came from.

Full and half width, capitals, letters with their marks apart, the old forms of kanji (國, 會), small ヵ and ヶ, and a
minus or hyphen typed for a long vowel (コ−ヒ−) make no difference.
"""

from __future__ import annotations

import unicodedata

__all__ = ["SPELLING", "folded", "folded_with_places", "normalized"]

_NEW = (
    "亜悪圧囲医為壱隠栄営衛駅円塩応欧桜奥仮価画会絵壊懐拡覚学岳楽缶巻陥勧関観顔気帰亀偽戯犠旧拠挙峡挟暁区"
    "駆径恵経継茎蛍軽鶏芸撃欠県険圏検献権顕験広効恒黄鉱号国済砕斎剤雑参桟蚕惨賛残糸歯児辞湿実写釈寿収従渋"
    "獣縦粛処叙将称焼証条状乗浄剰畳縄壌嬢譲醸触嘱寝慎晋真尽図粋酔随髄枢数声斉静窃摂専浅戦践銭繊潜禅双壮争"
    "荘捜挿装総騒蔵臓属続堕対体帯滞台滝択沢担単胆団断弾遅痴昼虫鋳庁聴勅鎮逓鉄点転伝党盗灯当闘徳独読届弐悩"
    "脳覇拝廃売麦発髪抜蛮秘浜瓶払仏並変辺辺弁弁弁舗宝豊没翻毎万満黙訳薬予余与誉揺様謡来頼乱覧竜両猟塁励礼"
    "隷霊齢恋炉労楼録湾崎高カケーーー"
)
_OLD = (
    "亞惡壓圍醫爲壹隱榮營衞驛圓鹽應歐櫻奧假價畫會繪壞懷擴覺學嶽樂罐卷陷勸關觀顏氣歸龜僞戲犧舊據擧峽挾曉區"
    "驅徑惠經繼莖螢輕鷄藝擊缺縣險圈檢獻權顯驗廣效恆黃鑛號國濟碎齋劑雜參棧蠶慘贊殘絲齒兒辭濕實寫釋壽收從澁"
    "獸縱肅處敍將稱燒證條狀乘淨剩疊繩壤孃讓釀觸囑寢愼晉眞盡圖粹醉隨髓樞數聲齊靜竊攝專淺戰踐錢纖潛禪雙壯爭"
    "莊搜插裝總騷藏臟屬續墮對體帶滯臺瀧擇澤擔單膽團斷彈遲癡晝蟲鑄廳聽敕鎭遞鐵點轉傳黨盜燈當鬪德獨讀屆貳惱"
    "腦霸拜廢賣麥發髮拔蠻祕濱甁拂佛竝變邊邉辨瓣辯舖寶豐沒飜每萬滿默譯藥豫餘與譽搖樣謠來賴亂覽龍兩獵壘勵禮"
    "隸靈齡戀爐勞樓錄灣﨑髙ヵヶ−‐–"
)
#: From an old or other form to the one that stands for it.
SPELLING = {ord(old): ord(new) for old, new in zip(_OLD, _NEW, strict=True)}


def normalized(text: str) -> str:
    """A text without full and half width and capitals; the rest of its spelling as it is."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def folded(text: str) -> str:
    """A text in its one spelling; the number of characters may differ."""
    return normalized(text).translate(SPELLING)


def folded_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters the piece of the text that it came from, as (start, end)."""
    whole = folded(text)
    if len(whole) == len(text) and unicodedata.is_normalized("NFKC", text):
        return whole, [(place, place + 1) for place in range(len(text))]
    pieces, places = [], []
    start = 0
    while start < len(text):
        end = _cluster(text, start)
        pieces.append(folded(text[start:end]))
        places += [(start, end)] * len(pieces[-1])
        start = end
    return "".join(pieces), places


def _cluster(text: str, start: int) -> int:
    """Where what is normalised together ends: ｶ and ﾞ are one letter, か and a combining mark, the parts of a 각."""
    end = start + 1
    while end < len(text):
        before, after = text[start:end], text[end]
        # Nothing joins a letter from before U+0300 to what stands before it.
        if after < "\u0300":
            break
        together = unicodedata.normalize("NFKC", before + after)
        apart = unicodedata.normalize("NFKC", before) + unicodedata.normalize("NFKC", after)
        if together == apart and not unicodedata.combining(unicodedata.normalize("NFKC", after)[0]):
            break
        end += 1
    return end
