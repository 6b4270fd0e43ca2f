"""The dialogues that train the embedded model: each kind says what it should, and held-out words stay held out."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from akachat.backends.embedded import folder
from tools.train_embedded.blind import CASES as BLIND
from tools.train_embedded.byhand import CASES, Case
from tools.train_embedded.data import ALL, BASE, LANGS, LAST, LEVELS, dialogue, long_dialogue
from tools.train_embedded.dialogue import Dialogue
from tools.train_embedded.figures import Lang
from tools.train_embedded.model import new_model
from tools.train_embedded.passages import rag_dialogue
from tools.train_embedded.rules import plain
from tools.train_embedded.tokenizer import load_tokenizer
from tools.train_embedded.train import Phase, Recipe, phases, train
from tools.train_embedded.translate import translate
from tools.train_embedded.vocabulary import WORDS
from tools.train_embedded.words import Words, is_held_out


def words(seed: int = 1, *, held_out: bool = False) -> Words:
    return Words(random.Random(seed), held_out=held_out)


def many(kind: str, lang: Lang, count: int = 60) -> list[Dialogue]:
    source = words()
    return [dialogue(source, source.rng.randint(1, LEVELS), kind, lang) for _ in range(count)]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", ALL)
def test_every_kind_writes_whole_dialogues(kind: str, lang: Lang) -> None:
    for talk in many(kind, lang):
        messages = talk.messages()
        assert messages[-1]["role"] == "assistant"
        assert all(message["content"].strip() for message in messages)
        # No place of a template was left empty.
        assert not re.search(r"\{[a-z]+\}", "".join(message["content"] for message in messages)), messages


def test_the_same_seed_writes_the_same_dialogues() -> None:
    one, two = words(5), words(5)
    for _ in range(50):
        assert dialogue(one, 4, mix=ALL).messages() == dialogue(two, 4, mix=ALL).messages()


@pytest.mark.parametrize("lang", LANGS)
def test_training_and_scoring_share_no_translated_sentence(lang: Lang) -> None:
    seen, asked = words(), words(held_out=True)
    taught = {turn.answer for _ in range(300) for turn in translate(seen, lang).turns if turn.skill == "translate"}
    scored = {turn.answer for _ in range(300) for turn in translate(asked, lang).turns if turn.skill == "translate"}
    assert taught
    assert scored
    assert not taught & scored


def test_the_vocabulary_translates_both_ways() -> None:
    assert len({word.ja for word in WORDS}) == len({word.en for word in WORDS}) == len(WORDS)
    assert [word.one() for word in WORDS if word.en in ("apple", "water", "dog")] == ["a dog", "an apple", "water"]
    assert {word.many() for word in WORDS} >= {"mice", "cherries", "boxes", "fish", "rice", "tomatoes", "buses"}


@pytest.mark.parametrize("lang", LANGS)
def test_taken_out_as_json_it_is_json(lang: Lang) -> None:
    answers = [turn.answer for talk in many("extract", lang) for turn in talk.turns if turn.skill == "json"]
    assert answers
    assert all(isinstance(json.loads(answer), dict) for answer in answers)


@pytest.mark.parametrize("lang", LANGS)
def test_a_label_is_one_of_those_listed(lang: Lang) -> None:
    for talk in many("label", lang):
        text = talk.system or talk.turns[0].user
        assert all(turn.answer in text for turn in talk.turns)


@pytest.mark.parametrize("lang", LANGS)
def test_found_answers_stand_in_the_passages(lang: Lang) -> None:
    source = words()
    for _ in range(40):
        talk = rag_dialogue(source, lang, 6, 5)
        text = talk.system or talk.turns[0].user
        for turn in talk.turns:
            value = re.sub(r".*?(は| is | are )|(です)?[。.]$", "", turn.answer)
            assert turn.skill != "rag" or value in text, (turn, text)


def test_long_dialogues_are_long() -> None:
    source = words()
    sizes = sorted(sum(len(one["content"]) for one in long_dialogue(source).messages()) for _ in range(30))
    assert sizes[0] < 2000
    assert sizes[-1] > 4000


def test_held_out_words_are_a_tenth() -> None:
    source = words()
    share = sum(is_held_out("".join(source.rng.choices("abcdefgh", k=8))) for _ in range(5000)) / 5000
    assert 0.07 < share < 0.13


def test_plain_endings() -> None:
    assert plain("色は赤です。") == "色は赤だ。"
    assert plain("色は書かれていません。") == "色は書かれていない。"


def test_the_phases_go_on_where_the_one_before_ends() -> None:
    base, more, last = phases(Recipe())
    assert (base.mix, more.mix, last.mix) == (BASE, ALL, LAST)
    assert more.rate(more.steps - 1) * more.muon_rate == pytest.approx(last.muon_rate, rel=0.1)
    assert last.rate(last.steps - 1) < 0.05


@pytest.mark.parametrize("cases", [CASES, BLIND], ids=["by hand", "blind"])
def test_hand_written_questions_end_with_the_user(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert case.messages()[-1]["role"] == "user"
        assert case.must


def test_a_phase_that_broke_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.train_embedded.train.ASKED", 4)
    monkeypatch.setattr("tools.train_embedded.train.POOL", 30)
    tokenizer = load_tokenizer(folder())
    phase = Phase("all", 2, 0.01, 1e-3, ("fact",), ALL, tokens_per_step=600, check_every=2)
    saved = tmp_path / "work" / "all.pt"
    broken_off = train(new_model(tokenizer), tokenizer, Recipe(), phase, saved)
    whole = train(new_model(tokenizer), tokenizer, Recipe(), replace(phase, steps=4), saved)
    assert (broken_off["steps"], whole["steps"]) == (2, 4)
    assert whole["tokens"] > broken_off["tokens"] > 0
    assert [path.name for path in saved.parent.iterdir()] == ["all.pt"]
