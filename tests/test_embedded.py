"""The embedded model answers through plain transformers: fixed questions, the shipped samples, the chat template."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from akachat.backends.embedded import folder

SAMPLES = Path(__file__).parents[1] / "akachat" / "samples"
Chat = list[dict[str, str]]
Answer = Callable[[Chat], str]


@pytest.fixture(scope="module")
def parts() -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder())
    return tokenizer, AutoModelForCausalLM.from_pretrained(folder())


@pytest.fixture(scope="module")
def answer(parts: tuple[Any, Any]) -> Answer:
    tokenizer, model = parts

    def ask(chat: Chat) -> str:
        batch = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        out = model.generate(**batch)
        return str(tokenizer.decode(out[0, batch["input_ids"].shape[1] :], skip_special_tokens=True))

    return ask


def chat_of(system: str, *turns: str) -> Chat:
    head = [{"role": "system", "content": system}] if system else []
    return head + [{"role": ("user", "assistant")[at % 2], "content": turn} for at, turn in enumerate(turns)]


CAFE = "喫茶つばめの案内\n営業時間は午前8時から午後5時までです。定休日は木曜日です。場所は港の前です。店長は香取です。"
SHOP = (
    "Notice of the Green Kettle\nThe opening hours are 8 am to 5 pm. The closing day is Thursday. "
    "The address is 7 Hill Road. The owner is Bridget."
)
CASES = [
    (chat_of("", "こんにちは"), "こんにちは"),
    (chat_of("", "おはようございます"), "おはよう"),
    (chat_of("", "ありがとう"), "どういたしまして"),
    (chat_of("", "何ができるの？"), "見本"),
    (chat_of("あなたの名前はミナです。", "こんにちは"), "ミナ"),
    (chat_of("あなたの名前はミナです。", "お名前は？"), "ミナ"),
    (chat_of("あなたは花屋の店員のつむぎです。明るく話してください。", "あなたは誰ですか？"), "つむぎ"),
    (chat_of("あなたの名前はサトシです。", "What is your name?"), "サトシ"),
    (chat_of("", "私は長谷川です。", "長谷川さん、よろしくお願いします。", "私の名前は？"), "長谷川"),
    (chat_of(CAFE, "何時に開きますか？"), "午前8時から午後5時"),
    (chat_of("次のお知らせを読んで、質問に答えてください。\n\n" + CAFE, "休みはいつですか？"), "木曜日"),
    (chat_of(CAFE, "店長は誰ですか？"), "香取"),
    (chat_of(CAFE, "電話番号は？"), "書かれていません"),
    (chat_of("", CAFE + "\n\n場所はどこですか？"), "港の前"),
    (chat_of("語尾に「にゃ」をつけて話してください。", "こんにちは"), "にゃ"),
    (chat_of("", "Hello"), "Hello"),
    (chat_of("", "Good morning"), "Good morning"),
    (chat_of("", "Thank you"), "welcome"),
    (chat_of("", "What can you do?"), "demo model"),
    (chat_of("Your name is Oscar.", "Hi"), "Oscar"),
    (chat_of("You are Emily, a cheerful librarian.", "What is your name?"), "Emily"),
    (chat_of("You are Matthew.", "お名前は？"), "Matthew"),
    (chat_of("", "My name is Victoria.", "Nice to meet you, Victoria.", "What is my name?"), "Victoria"),
    (chat_of(SHOP, "When do you open?"), "8 am to 5 pm"),
    (chat_of("Read the notice and answer the question.\n\n" + SHOP, "Where is the shop?"), "7 Hill Road"),
    (chat_of(SHOP, "Who is the owner?"), "Bridget"),
    (chat_of(SHOP, "What is the phone number?"), "not written"),
    (chat_of('End every sentence with "beep".', "Hello"), "beep"),
]


@pytest.mark.parametrize(
    ("chat", "holds"), CASES, ids=[f"{at}-{chat[-1]['content'][:20]}" for at, (chat, _) in enumerate(CASES)]
)
def test_answers(answer: Answer, chat: Chat, holds: str) -> None:
    assert holds in answer(chat)


def sample(name: str, answer: Answer) -> Chat:
    """Write out a sample's few kinds of fields; the template room has its own tests."""
    text = (SAMPLES / "prompt" / f"{name}.txt").read_text(encoding="utf-8")
    value = lambda key: (SAMPLES / "var" / f"{key}.txt").read_text(encoding="utf-8")  # noqa: E731
    text = re.sub(r"\{comment\('.*?'\)\}", "", text)
    text = re.sub(r"\{var\.(\w+)\}|\{var\['(\w+)'\]\}", lambda found: value(found[1] or found[2]), text)
    text = re.sub(
        r"\{llm\('(\w+)', '(.*?)'\)\}",
        lambda found: answer([*sample(found[1], answer), {"role": "user", "content": found[2]}]),
        text,
    )
    system, _, rest = text.partition("{msgf('''")
    chat: Chat = [{"role": "system", "content": system.strip()}]
    for line in filter(None, rest.partition("'''")[0].splitlines()):
        role, _, content = line.partition(": ")
        chat.append({"role": {"ai": "assistant"}.get(role, role), "content": content})
    for message in chat:
        assert not re.search(r"(?<!\{)\{(?!\{)", message["content"]), "a field is left"
        message["content"] = message["content"].replace("{{", "{").replace("}}", "}")
    return chat


SAID = [
    ("sample", "こんにちは", "あか"),
    ("sample", "お名前は？", "あか"),
    ("sample", "元気ですか？", "元気"),
    ("sample_en", "Hello", "Aka"),
    ("sample_en", "What is your name?", "Aka"),
    ("document", "何時に開きますか？", "午前9時から午後6時"),
    ("document", "定休日はいつですか？", "水曜日"),
    ("document", "コーヒーはいくらですか？", "450円"),
    ("document", "駐車場はありますか？", "書かれていません"),
    ("document_en", "When do you open?", "9 am to 6 pm"),
    ("document_en", "What do you recommend?", "apple cake"),
    ("document_en", "Is there parking?", "not written"),
    ("chain", "何時に開きますか？", "午前9時から午後6時"),
    ("chain", "どこにありますか？", "駅の東口"),
    ("fewshot", "うさぎ", "うさぎ、だいすき！"),
    ("fewshot", "チョコレート", "チョコレート、だいすき！"),
    ("persona", "お名前は？", "ぼくはあか"),
    ("persona", "好きな食べ物は何ですか？", "カレー"),
    ("persona", "趣味は何ですか？", "ぼくの趣味は散歩"),
    ("persona_en", "What is your name?", "Aka"),
    ("persona_en", "What is your hobby?", "chess"),
    ("passages", "休館日はいつですか？", "月曜日"),
    ("passages", "会議室の担当者は誰ですか？", "梶原"),
    ("passages", "電話番号は？", "書かれていません"),
    ("passages_en", "What are the opening hours?", "9 am to 8 pm"),
    ("passages_en", "Who is the swimming teacher?", "Dominic"),
    ("passages_en", "What is the phone number?", "not written"),
    ("style", "こんにちは", "にゃ"),
    ("style", "お名前は？", "あかですにゃ"),
    ("style_en", "What is your name?", "Aka meow"),
    ("translate", "犬", "dog"),
    ("translate", "これは赤い車です。", "This is a red car."),
    ("translate", "駅はどこですか？", "Where is the station?"),
    ("translate_en", "cat", "猫"),
    ("translate_en", "I like dogs.", "犬が好きです。"),
    ("translate_en", "Where is the station?", "駅はどこですか？"),
    ("classify", "ライオン", "動物"),
    ("classify", "バス", "乗り物"),
    ("classify", "りんご", "果物"),
    ("classify_en", "apple", "fruit"),
    ("classify_en", "bus", "vehicle"),
    ("extract", "田中は東京に住んでいます。", '{"名前": "田中", "場所": "東京"}'),
    ("extract_en", "Alice lives in London.", '{"name": "Alice", "place": "London"}'),
]


@pytest.mark.parametrize(("name", "ask", "holds"), SAID, ids=[f"{name}-{ask}" for name, ask, _ in SAID])
def test_samples(answer: Answer, name: str, ask: str, holds: str) -> None:
    assert holds in answer([*sample(name, answer), {"role": "user", "content": ask}])


def test_every_sample_is_asked_something() -> None:
    assert {name for name, _, _ in SAID} == {path.stem for path in (SAMPLES / "prompt").glob("*.txt")}


def test_every_sample_has_valid_options_for_this_model() -> None:
    texts = sorted(path.stem for path in (SAMPLES / "prompt").glob("*.txt"))
    assert texts == sorted(path.stem for path in (SAMPLES / "prompt").glob("*.json"))
    for path in (SAMPLES / "prompt").glob("*.json"):
        options = json.loads(path.read_text(encoding="utf-8"))
        assert (options["location"], options["model"]) == ("Local", "embedded")


def test_the_folder_is_small_and_whole() -> None:
    assert sum(path.stat().st_size for path in folder().iterdir()) < 12_000_000
    names = "config.json generation_config.json model.safetensors tokenizer.json tokenizer_config.json"
    for name in [*names.split(), "chat_template.jinja", "README.md"]:
        assert (folder() / name).is_file(), name


def test_the_card_says_what_was_measured() -> None:
    card = (folder() / "README.md").read_text(encoding="utf-8")
    for skill in ("name", "real_name", "fact"):
        scores = json.loads((folder() / "scores.json").read_text(encoding="utf-8"))["scores"][skill]
        assert f"| {scores['ja']:.2f} | {scores['en']:.2f} |" in card


def test_chat_template(parts: tuple[Any, Any]) -> None:
    tokenizer, _ = parts
    chat = chat_of(" Be kind.\n", "Hi", "Hello", "Bye")
    assert tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\nBye<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_loads_ready_to_answer(parts: tuple[Any, Any]) -> None:
    tokenizer, model = parts
    assert str(model.dtype) == "torch.float32"
    assert tokenizer.eos_token == "<|im_end|>"
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id
    assert not model.generation_config.do_sample


@pytest.mark.parametrize(
    "text", ["営業時間は午前10時から。", "麒麟と鬱蒼", "Naïve café — 12:30!", "😀 𠮷", "a\n\nb  c"]
)
def test_tokens_give_the_text_back(parts: tuple[Any, Any], text: str) -> None:
    tokenizer, _ = parts
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
