"""Search terms: one spelling for many, marks where the text has them, and the questions that measure the search."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from akachat.retrieval.grams import index_texts, marks, query_terms
from bench.recall import __main__ as recall
from bench.recall.questions import DOCUMENTS, questions
from tests.embedders import make_embedder

FIELDS = ("appliances", "company", "region", "health")
#: What makes folding hard: voiced marks of both kinds, parts of one syllable, letters that become several or fewer.
HARD = st.text("かハｶﾊﾞﾟ\u3099\u309a㍻ßée\u0301ᄀ\u1161\u11a8각國−ﬁＡa 漢字何ー・\U00020bb7\n", max_size=30)
TEXTS = HARD | st.text(max_size=30)


def sections(path):
    return [part for part in re.split(r"(?m)^#{1,6} ", path.read_text("utf-8")) if part]


def terms(query):
    return dict(query_terms(query))


# The questions -------------------------------------------------------------------------------------------------------


def test_every_answer_stands_in_one_section_of_its_file():
    parts = {path.relative_to(DOCUMENTS).as_posix(): sections(path) for path in DOCUMENTS.rglob("*.md")}
    wrong = [
        each
        for each in questions()
        if sum(each.answer in part for part in parts[each.name]) != 1 or each.answer in parts[each.name][0]
    ]
    assert wrong == []


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_large_enough_and_its_passages_are_of_one_piece(field):
    passages = [
        part.split("\n", 1)[1].strip() for path in (DOCUMENTS / field).glob("*.md") for part in sections(path)[1:]
    ]
    assert len(passages) >= 45
    assert all(120 <= len(passage) <= 350 for passage in passages)
    assert sum(each.field == field for each in questions()) >= 32


def test_both_halves_have_questions_of_all_levels_and_none_twice():
    assert len({each.question for each in questions()}) == len(questions())
    for half in (questions()[::2], questions()[1::2]):
        assert all(count >= 3 for count in Counter((each.field, each.level) for each in half).values())
        levels = Counter(each.level for each in half)
        assert 0.45 < levels[3] / len(half) < 0.55
        assert 0.3 < levels[2] / len(half) < 0.4


def test_the_measurement_prints_both_halves_of_every_field_and_level(capsys):
    recall.main([])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{len(questions())} questions, 239 passages")
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in lines}
    assert {(field, level) for field in (*FIELDS, "english", "Japanese") for level in ("1", "2", "3", "all")} <= set(
        rows
    )
    odd, first, found, reciprocal, even, *_ = map(float, rows["Japanese", "all"])
    assert odd + even == sum(each.field != "english" for each in questions())
    assert 0.5 < first < reciprocal < found < 0.9
    # Nearly the text's own words are always found.
    assert rows["Japanese", "1"][1] == rows["Japanese", "1"][5] == "1.00"


@pytest.mark.slow
def test_the_measurement_takes_a_model_by_its_path(tmp_path, capsys):
    recall.main(["--model", str(make_embedder(tmp_path / "tiny"))])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line in ("keyword", "semantic", "hybrid")] == ["keyword", "semantic", "hybrid"]


# Terms ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("ﾊﾞﾅﾅの皮", "バナナの皮"),
        (unicodedata.normalize("NFD", "ガラスがわれる"), "ガラスがわれる"),
        ("ＵＳＢ２", "usb2"),
        ("國會の學生", "国会の学生"),
        ("渡邊さん", "渡辺さん"),
        ("渡邉さん", "渡辺さん"),
        ("コ−ヒ−豆", "コーヒー豆"),
        ("ｺｰﾋｰ豆", "コーヒー豆"),
        ("1ヵ月", "1カ月"),
        ("鬼ヶ島", "鬼ケ島"),
        ("㍻の時代", "平成の時代"),
        ("planned", "plans"),
        ("burning fires", "burned fire"),
        ("cities", "city"),
    ],
)
def test_one_word_in_two_spellings_has_the_same_terms(written, same):
    assert terms(written) == terms(same) != {}


@pytest.mark.parametrize(
    "word", ["king", "ring", "string", "red", "seed", "bed", "glass", "bus", "2026s", "sss", "ings"]
)
def test_what_only_looks_like_an_ending_leaves_a_word(word):
    assert all(len(term) >= min(3, len(word) - 1) for term in terms(word))


def test_katakana_finds_the_same_word_in_hiragana():
    assert set(index_texts(["ひざがずきずき痛む"])[0].split()) & set(terms("ズキズキする"))


def test_one_or_two_hiragana_and_one_katakana_are_no_terms():
    assert index_texts(["これ、ア・イ、の"])[0].split() == []
    assert set(terms("りんご")) == {"りんご"}


@pytest.mark.parametrize(
    ("query", "more", "less"),
    [
        ("何分かかる", "分", "何"),
        ("何分かかる", "分", "何分"),
        ("製氷", "製", "製氷"),
        ("台所の窓", "台所", "の窓"),
        ("台所のカギ", "台所", "カギ"),
        ("how do i burn it", "burn", "how"),
        ("is the USB port on", "usb", "the"),
        ("電源 on", "on", "電源"),
    ],
)
def test_what_says_more_counts_more(query, more, less):
    assert terms(query)[more] > terms(query)[less]


def test_a_question_of_nothing_but_a_question_word_still_has_its_terms():
    assert set(terms("何")) == {"何"}


def test_of_too_many_terms_single_characters_go_first():
    query = "report " + "、".join(chr(0x4E00 + 2 * n) + chr(0x4E01 + 2 * n) for n in range(200)) + " USB"
    kept = terms(query)
    assert len(kept) == 256
    assert sum(len(term) == 2 for term in kept) == 200
    assert {"report", "usb"} <= set(kept)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_texts_together_have_the_terms_of_each_alone(texts):
    assert index_texts(texts) == [index_texts([text])[0] for text in texts]


@given(TEXTS)
@example("ß\u0301")
def test_a_text_asks_for_every_term_that_it_has(text):
    assert set(index_texts([text])[0].split()) <= set(terms(text))


# Marks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("冷蔵庫の扉", "冷蔵庫", ["冷蔵庫"]),
        ("古いｶﾞﾗｽの扉", "ガラス", ["ｶﾞﾗｽ"]),
        ("新しいﾊﾟｿｺﾝとﾌﾟﾘﾝﾀ、机", "プリンタ", ["ﾌﾟﾘﾝﾀ"]),
        (unicodedata.normalize("NFD", "これはガラスです。"), "ガラス", [unicodedata.normalize("NFD", "ガラス")]),
        ("㍻のｶﾞﾗｽ工場", "工場", ["工場"]),
        ("㍻のｶﾞﾗｽ工場", "平成", ["㍻"]),
        ("Straße 12", "strasse", ["Straße"]),
        ("舊國鐵の駅", "国鉄", ["國鐵"]),
        ("two plans, one planned", "planning", ["plans", "planned"]),
        ("窓と戸", "戸", []),
        ("a\u0301b 工場", "工場", ["工場"]),
    ],
)
def test_marks_are_places_in_the_text_as_it_is(text, query, marked):
    assert [text[start:end] for start, end in marks(text, query)] == marked


@given(TEXTS, TEXTS)
@example("ﾞか", "か")
def test_marks_are_in_order_apart_and_within_the_text(text, query):
    for asked in (query, text):
        places = [place for mark in marks(text, asked) for place in mark]
        assert places == sorted(set(places))
        assert all(0 <= place <= len(text) for place in places)


@given(HARD, HARD)
def test_a_word_is_marked_wherever_it_stands(before, after):
    text = f"{before}。冷蔵庫。{after}"
    start = len(before) + 1
    assert any(left <= start and start + 3 <= right for left, right in marks(text, "冷蔵庫"))
