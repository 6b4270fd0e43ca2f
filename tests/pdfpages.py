"""Pages for the tests of reading PDFs, and the facts on them that must come out whole."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from tests.officefiles import VERTICAL, pdf_file, write

__all__ = ["FACTS", "english", "letter", "prose"]

#: Two pages that Chromium printed: they are the ones whose glyphs have no font box and whose ruby is real.
BROWSER = zipfile.ZipFile(Path(__file__).parent / "data" / "browser_pdfs.zip")


def prose(canvas: Any) -> None:
    write(canvas, ["⼭⽥町の⽔道"], 60, 60, size=18)
    write(
        canvas,
        [
            "　⽔源は北の沢にあり、雪解けの四月に最も水量が多い。浄水場は二十四時間動き、",
            "夜は二人で番をする。濁りが基準を超えたときは、取り入れ口を自動で閉じる。",
            "　料金は二か月ごとに集める。口座から引くときは、毎回五十五円を差し引く。支",
            "払いが遅れた家には、三十日の後に書面を送る。",
        ],
        60,
        100,
    )
    write(canvas, ["品名　　　　　　数量　　　　　　単価"], 60, 200)
    for at, row in enumerate([("水栓", "12", "¥1,500"), ("止水弁", "3", "¥8,200")]):
        for x, cell in zip((60, 180, 300), row, strict=True):
            write(canvas, [cell], x, 217 + at * 17)


def english(canvas: Any) -> None:
    write(
        canvas,
        [
            "The harbour office keeps the tide tables for ten years and lends them to any",
            "sailor who asks for one. A table that is lost has to be reported to the har-",
            "bour master within three days. The fee for a new one is twelve euros.",
        ],
        60,
        80,
        font="Times-Roman",
    )


def downwards(canvas: Any) -> None:
    canvas.setFont(VERTICAL, 11)
    lines = [
        "　冬の市場では鰤と蕪が並ぶ。仲買人は朝の五時に",
        "集まり、手の合図で値を決める。雨の朝は市が一時",
        "間おくれて始まる。",
    ]
    for at, line in enumerate(lines):
        canvas.drawString(500 - at * 20, 780, line)


def two_columns(canvas: Any) -> None:
    left = [
        "　蔵書は約三万冊あり、そのうち",
        "地図が四百枚を占める。古い地図",
        "は手袋をして扱う。写しは一枚に",
        "つき三十円で受け付ける。閲覧室",
        "の席は四十二あり、窓側の十席は",
        "予約ができる。予約は前の週の月",
    ]
    right = [
        "曜日から受け付ける。",
        "　児童の部屋は一階の南にあり、",
        "読み聞かせは毎週土曜の午後二時",
        "に始まる。飲み物は蓋のあるもの",
        "に限って持ち込める。雷の日は屋",
        "上の庭を閉める。",
    ]
    write(canvas, ["図書館だより　第十二号　利用のしおり"], 60, 60, size=16)
    # Line by line across both columns, as some programs write them.
    for at, (one, two) in enumerate(zip(left, right, strict=True)):
        write(canvas, [one], 60, 100 + at * 17)
        write(canvas, [two], 230, 100 + at * 17)


def ruby(canvas: Any) -> None:
    write(canvas, ["春の祭りでは神楽が舞われる。", "笛の音は隣の村まで届く。"], 60, 100, size=12)
    write(canvas, ["かぐら"], 60 + 6 * 12, 100 - 12, size=6)


def turned(canvas: Any) -> None:
    canvas.setPageRotation(90)
    canvas.rotate(90)
    canvas.setFont("HeiseiMin-W3", 12)
    canvas.drawString(60, -80, "横に寝かせた表の説明は、回した向きで読める。")


def tiers(canvas: Any) -> None:
    canvas.setFont(VERTICAL, 10)
    upper = [
        "　港の朝は早い。船は四時に",
        "出て、六時には戻る。獲れた",
        "魚は氷の箱に並べ、七時の競",
        "りにかける。冬は風が乾いて",
    ]
    lower = [
        "いるので、二日で仕上がる。",
        "　市場の食堂は競りの後に開",
        "く。席は十二しかなく、八時",
        "には並ばないと座れない。",
    ]
    for top, lines in ((760, upper), (590, lower)):
        for at, line in enumerate(lines):
            canvas.drawString(500 - at * 18, top, line)
    write(canvas, ["港だより　秋の号"], 60, 40, size=9)


def vertical_ruby(canvas: Any) -> None:
    canvas.setFont(VERTICAL, 12)
    canvas.drawString(500, 760, "山の寺では毎朝鐘を撞き、町の人はそれで起きる。")
    canvas.drawString(476, 760, "鐘は江戸の末に作られた。")
    canvas.setFont(VERTICAL, 6)
    canvas.drawString(509, 760 - 7 * 12, "かね")


def three_columns(canvas: Any) -> None:
    lines = [LONG[at : at + 13] for at in range(0, len(LONG), 13)]
    count = -(-len(lines) // 3)
    for column in range(3):
        write(canvas, lines[column * count : (column + 1) * count], 50 + column * 165, 100)


def letter(canvas: Any) -> None:
    write(canvas, ["令和八年十一月二十五日"], 420, 60)
    write(canvas, ["北浜町役場　御中"], 60, 77)
    write(canvas, ["道路の補修について"], 240, 130, size=14)
    write(
        canvas, ["　役場の前の道に大きな穴があり、雨の日には水がたまって、杖をつく人や子供が歩", "けません。"], 60, 180
    )
    write(canvas, ["１．場所　役場の正面", "２．大きさ　直径およそ四十センチ"], 80, 265)


def wrapped_cells(canvas: Any) -> None:
    rows = [
        ("部品", "説明", "数"),
        ("軸", "鋼の丸棒を削って作る。両端に", "2"),
        ("", "ねじを切り、油を塗って納める。", ""),
        ("歯車", "真鍮の板を打ち抜いて作る。", "14"),
    ]
    for at, row in enumerate(rows):
        for x, text in zip((60, 130, 400), row, strict=True):
            if text:
                write(canvas, [text], x, 105 + at * 16)


LONG = (
    "灯台の光は二十海里先まで届き、霧の夜は笛を鳴らす。番人は三人で、八時間ごとに代わる。油の缶は毎月の初めに船で運ばれ、"
    "崖の道を馬が引く。嵐の後は硝子を磨き、傷があれば帳面に書く。夏の終わりには町の子が見学に来て、階段の数を数える。"
)

FACTS = {
    "prose": (
        pdf_file(prose),
        [
            "水源は北の沢にあり、雪解けの四月に最も水量が多い。",
            "浄水場は二十四時間動き、夜は二人で番をする。",
            "濁りが基準を超えたときは、取り入れ口を自動で閉じる。",
            "料金は二か月ごとに集める。",
            "口座から引くときは、毎回五十五円を差し引く。",
            "支払いが遅れた家には、三十日の後に書面を送る。",
            "水栓 12 ¥1,500",
            "止水弁 3 ¥8,200",
        ],
    ),
    "english": (
        pdf_file(english),
        [
            "The harbour office keeps the tide tables for ten years and lends them to any sailor who asks for one.",
            "A table that is lost has to be reported to the harbour master within three days.",
            "The fee for a new one is twelve euros.",
        ],
    ),
    "vertical": (
        pdf_file(downwards),
        [
            "冬の市場では鰤と蕪が並ぶ。",
            "仲買人は朝の五時に集まり、手の合図で値を決める。",
            "雨の朝は市が一時間おくれて始まる。",
        ],
    ),
    "two columns": (
        pdf_file(two_columns),
        [
            "蔵書は約三万冊あり、そのうち地図が四百枚を占める。",
            "古い地図は手袋をして扱う。",
            "写しは一枚につき三十円で受け付ける。",
            "閲覧室の席は四十二あり、窓側の十席は予約ができる。",
            "予約は前の週の月曜日から受け付ける。",
            "児童の部屋は一階の南にあり、読み聞かせは毎週土曜の午後二時に始まる。",
            "飲み物は蓋のあるものに限って持ち込める。",
            "雷の日は屋上の庭を閉める。",
        ],
    ),
    "ruby": (pdf_file(ruby), ["春の祭りでは神楽(かぐら)が舞われる。", "笛の音は隣の村まで届く。"]),
    "two tiers of vertical lines": (
        pdf_file(tiers),
        [
            "船は四時に出て、六時には戻る。",
            "獲れた魚は氷の箱に並べ、七時の競りにかける。",
            "冬は風が乾いているので、二日で仕上がる。",
            "席は十二しかなく、八時には並ばないと座れない。",
        ],
    ),
    "vertical ruby": (
        pdf_file(vertical_ruby),
        ["山の寺では毎朝鐘(かね)を撞き、町の人はそれで起きる。", "鐘は江戸の末に作られた。"],
    ),
    "three columns": (pdf_file(three_columns), [LONG]),
    "letter": (
        pdf_file(letter),
        [
            "令和八年十一月二十五日",
            "役場の前の道に大きな穴があり、雨の日には水がたまって、杖をつく人や子供が歩けません。",
            "１．場所　役場の正面",
            "２．大きさ　直径およそ四十センチ",
        ],
    ),
    "wrapped cells": (
        pdf_file(wrapped_cells),
        ["軸 鋼の丸棒を削って作る。両端にねじを切り、油を塗って納める。 2", "歯車 真鍮の板を打ち抜いて作る。 14"],
    ),
    "turned page": (pdf_file(turned), ["横に寝かせた表の説明は、回した向きで読める。"]),
    "a browser's vertical page": (
        BROWSER.read("vertical.pdf"),
        [
            "北浜の図書館は毎週火曜日に休館します。",
            "貸出の期限は二週間で、一度だけ延長できます。",
            "雨の日の紫陽花(あじさい)は庭の東側に咲いています。",
            "岬の灯台は明治32年に建てられました。",
            "灯台守の伊藤(いとう)氏は毎朝四時に灯を消しました。",
            "海霧の濃い夜には霧笛を三回鳴らすのが決まりでした。",
            "町の名物は干した鰯(いわし)と柚子の味噌です。",
        ],
    ),
    "a browser's two columns": (
        BROWSER.read("columns.pdf"),
        [
            "倉庫の鍵は総務課の金庫で保管し、持ち出すときは台帳に氏名と時刻を記入します。",
            "夜間に持ち出すときは警備室の許可が必要です。",
            "校正の証明書は五年間保存してください。",
            "表示が剥がれたときはその日のうちに貼り直します。",
            "延長を希望する人は返却日の前日の正午までに申し出てください。",
            "返却が遅れた人は次の一か月は借りられません。",
            "録音機 7 会議室の棚",
        ],
    ),
}
