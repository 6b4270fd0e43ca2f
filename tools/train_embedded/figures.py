"""Values written with figures: times, dates, prices, numbers, codes, in Japanese and English."""
# ruff: noqa: SIM905

import random
from collections.abc import Callable
from typing import Literal

Lang = Literal["ja", "en"]

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December".split("|")
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday".split("|")
_YOUBI = "月火水木金土日"
_UNITS = "人|個|分|歳|台|冊|メートル|キロ|枚|本|席|度|匹|回".split("|")


def _clock(rng: random.Random, lang: Lang) -> str:
    hour, minute = rng.randint(0, 23), rng.choice([0, 0, 0, 30, 15, 45, rng.randint(1, 59)])
    if lang == "en":
        tail = f":{minute:02d}" if minute else ""
        half = rng.choice([" am", " pm", "am", "pm"])
        return rng.choice([f"{hour % 12 or 12}{tail}{half}", f"{hour % 12 or 12}{tail}{half}", f"{hour}:{minute:02d}"])
    tail = "" if not minute else "半" if minute == 30 and rng.random() < 0.6 else f"{minute}分"
    half = "午前" if hour < 12 else "午後"
    return rng.choice([f"{half}{hour % 12}時{tail}", f"{hour}時{tail}", f"{hour}:{minute:02d}"])


def _hours(rng: random.Random, lang: Lang) -> str:
    start, end = _clock(rng, lang), _clock(rng, lang)
    if lang == "ja":
        return rng.choice([f"{start}から{end}", f"{start}から{end}まで", f"{start}〜{end}", f"{start}-{end}"])
    return rng.choice([f"{start} to {end}", f"from {start} to {end}", f"{start} - {end}"])


def _date(rng: random.Random, lang: Lang) -> str:
    month, day, year = rng.randint(1, 12), rng.randint(1, 28), rng.randint(1900, 2040)
    if lang == "ja":
        return rng.choice([f"{month}月{day}日", f"{year}年{month}月{day}日", f"{year}年", f"来月の{day}日"])
    name = _MONTHS[month - 1]
    return rng.choice([f"{name} {day}", f"{day} {name}", f"{name} {day}, {year}", f"{year}"])


def _weekday(rng: random.Random, lang: Lang) -> str:
    if lang == "ja":
        day, other = rng.choice(_YOUBI) + "曜日", rng.choice(_YOUBI) + "曜日"
        return rng.choice([day, day, f"毎週{day}", f"第{rng.randint(1, 4)}{day}", f"{day}と{other}", "年末年始"])
    return rng.choice([rng.choice(_DAYS), f"{rng.choice(_DAYS)} and {rng.choice(_DAYS)}", f"every {rng.choice(_DAYS)}"])


def _price(rng: random.Random, lang: Lang) -> str:
    total = rng.choice([rng.randint(1, 99) * 10, rng.randint(1, 99) * 100, rng.randint(1, 9999)])
    if lang == "ja":
        return rng.choice(["無料", f"{total:,}円"]) if rng.random() < 0.15 else f"{total}円"
    return rng.choice([f"{total} yen", f"${total}", f"{total} dollars", f"{total} euros", f"{total} pounds", "free"])


def _phone(rng: random.Random, lang: Lang) -> str:
    return f"0{rng.randint(1, 99)}-{rng.randint(100, 9999)}-{rng.randint(1000, 9999)}"


def _code(rng: random.Random, lang: Lang) -> str:
    letters = "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=rng.randint(1, 3)))
    numbers = [f"{letters}-{rng.randint(1, 9999)}", f"{letters}{rng.randint(1, 999)}", f"{rng.randint(100, 99999)}"]
    return rng.choice(numbers)


def _number(rng: random.Random, lang: Lang) -> str:
    amount = rng.choice([rng.randint(1, 20), rng.randint(1, 999)])
    return f"{amount}{rng.choice(_UNITS)}" if lang == "ja" else f"{amount}"


_KINDS: dict[str, Callable[[random.Random, Lang], str]] = {
    "time": _clock,
    "hours": _hours,
    "date": _date,
    "weekday": _weekday,
    "price": _price,
    "phone": _phone,
    "code": _code,
    "number": _number,
}


def figure(rng: random.Random, kind: str, lang: Lang) -> str:
    """Write a value of a kind that is written with figures."""
    return _KINDS[kind](rng, lang)
