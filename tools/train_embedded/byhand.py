"""Questions written by hand, mostly in wordings that no template holds, and what the answer must hold."""
# ruff: noqa: E501

from dataclasses import dataclass

from tools.train_embedded.figures import Lang


@dataclass(frozen=True, slots=True)
class Case:
    """A system text (or none), the user's turns with the answers between, and what the last answer must hold."""

    lang: Lang
    system: str
    turns: tuple[str, ...]
    must: tuple[str, ...]
    never: tuple[str, ...] = ()

    def messages(self) -> list[dict[str, str]]:
        """Give the chat; odd turns are the assistant's."""
        chat = [{"role": "system", "content": self.system}] if self.system else []
        return chat + [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(self.turns)]

    def holds(self, answer: str) -> bool:
        """Tell whether an answer holds all that it must and nothing that it must not."""
        return all(text in answer for text in self.must) and not any(text in answer for text in self.never)


_CAFE = (
    "喫茶みなもは駅の東口から歩いて三分です。営業時間は午前8時から午後7時までです。定休日は火曜日です。"
    "名物はくるみのパンです。コーヒーは480円です。店長は小野寺です。"
)
_TRIP = "明日の遠足のお知らせ\n集合時間：午前7時45分\n集合場所：校門の前\n持ち物：弁当と雨具\n行き先：ひつじが丘\n引率の先生：宮川"
_MUSEUM = (
    "The Clock Museum is in Harper Lane. The opening hours are 10 am to 5 pm. It is closed on Tuesday. "
    "The entry fee is 8 pounds. The director is Agnes Wilde. The oldest clock is the Brass Owl."
)
_MEMO = "Meeting notes\nRoom: Cedar\nStart time: 2:15 pm\nLeader: Yolanda\nTopic: the new logo\nSnack: ginger biscuits"

CASES: tuple[Case, ...] = (
    Case("ja", "あなたは「あか」という名前の、明るく元気なアシスタントです。", ("こんにちは！",), ("こんにちは", "あか")),
    Case("ja", "あなたは「あか」という名前の、明るく元気なアシスタントです。", ("きみの名前、なんていうの？",), ("あか",)),
    Case("ja", "あなたの名前は茜です。いつも笑顔で、ていねいに話してください。", ("自己紹介をお願いします",), ("茜",)),
    Case("ja", "あなたは黒猫のクロエです。魚屋の看板猫として、お客さんとおしゃべりします。", ("あなた、だあれ？",), ("クロエ",)),
    Case("ja", "あなたは宿の受付をしている鶴見さんです。", ("お名前うかがえますか",), ("鶴見",)),
    Case("ja", "名前：ポルカ\n性格：のんびり\n好きなもの：ひなたぼっこ", ("名前を教えてよ",), ("ポルカ",)),
    Case("ja", "You are Poppy, a gardener.", ("お名前は？",), ("Poppy",)),
    Case("ja", "あなたはルネです。語尾に「ぴこ」をつけて話してください。", ("お名前は何ですか",), ("ルネ", "ぴこ")),
    Case("ja", "語尾に「にゃ」をつけて答えてください。", ("おはよう！",), ("おはよう", "にゃ")),
    Case("ja", "", ("おはようございます！",), ("おはよう",)),
    Case("ja", "", ("やあ、こんにちは",), ("こんにちは",)),
    Case("ja", "", ("ありがとう、またね！",), ("。",), ("わかりません", "書かれて")),
    Case("ja", "", ("あなたは何ができるんですか？",), ("見本",)),
    Case("ja", "", ("量子力学をわかりやすく説明して",), ("見本", "わかりません")),
    Case("ja", "", ("フランスの大統領は誰？",), ("わかりません",)),
    Case("ja", "", ("私は森下です。", "森下さん、よろしくお願いします。", "さて、私の名前は何でしたか？"), ("森下",)),
    Case("ja", "あなたはユズです。", ("ぼくはハヤトだよ", "ハヤトさん、よろしくお願いします。", "ぼくの名前おぼえてる？"), ("ハヤト",), ("ユズ",)),
    Case("ja", _CAFE, ("何時に開店しますか？",), ("8時",)),
    Case("ja", _CAFE, ("営業時間を教えていただけますか？",), ("午前8時から午後7時",)),
    Case("ja", _CAFE, ("何曜日に休みますか？",), ("火曜日",)),
    Case("ja", _CAFE, ("コーヒーはいくら？",), ("480円",)),
    Case("ja", _CAFE, ("店長さんのお名前は？",), ("小野寺",)),
    Case("ja", _CAFE, ("名物は？",), ("くるみのパン",)),
    Case("ja", _CAFE, ("電話番号はわかりますか？",), ("書かれていません",)),
    Case("ja", "次のお知らせを読んで質問に答えてください。\n\n" + _TRIP, ("何時に集まればいいですか？",), ("7時45分",)),
    Case("ja", "次のお知らせを読んで質問に答えてください。\n\n" + _TRIP, ("どこに集まりますか？",), ("校門の前",)),
    Case("ja", "次のお知らせを読んで質問に答えてください。\n\n" + _TRIP, ("行き先はどちらですか",), ("ひつじが丘",)),
    Case("ja", "次のお知らせを読んで質問に答えてください。\n\n" + _TRIP, ("持ち物は何がいりますか？",), ("弁当と雨具",)),
    Case("ja", "次のお知らせを読んで質問に答えてください。\n\n" + _TRIP, ("参加費はいくらですか？",), ("書かれていません",)),
    Case("ja", _MUSEUM, ("何時に開きますか？",), ("10 am",)),
    Case("ja", "", ("次の文を読んで答えてください。\n" + _CAFE + "\n質問：定休日はいつですか？",), ("火曜日",)),
    Case("ja", "", ("あなたはミロです。お名前は？",), ("ミロ",)),
    Case("en", "You are Aka, a bright and cheerful assistant.", ("Hello!",), ("Hello", "Aka")),
    Case("en", "You are Aka, a bright and cheerful assistant.", ("hey, what do they call you?",), ("Aka",)),
    Case("en", "Your name is Marigold. Always smile and speak gently.", ("Would you introduce yourself?",), ("Marigold",)),
    Case(
        "en",
        "You are Barnaby, an old sailor who runs a small bookshop by the sea. You love storms, strong tea and long stories, "
        "and you call everyone friend. Answer in one short sentence.",
        ("So who might you be?",),
        ("Barnaby",),
    ),
    Case("en", "You're Tilda, the night porter of a hotel.", ("Your name, if I may ask?",), ("Tilda",)),
    Case("en", "Name: Quill\nCharacter: shy\nLikes: rain", ("what's your name then?",), ("Quill",)),
    Case("en", "あなたの名前はナオミです。", ("What is your name?",), ("ナオミ",)),
    Case("en", 'You are Rufus. End every sentence with "woof".', ("What is your name?",), ("Rufus", "woof")),
    Case("en", "", ("Good morning to you!",), ("Good morning",)),
    Case("en", "", ("hello there :)",), ("Hello",)),
    Case("en", "", ("thanks, bye!",), ("!",), ("do not know", "not written")),
    Case("en", "", ("What kind of things can you do?",), ("demo model",)),
    Case("en", "", ("Explain quantum mechanics in simple words",), ("demo model",)),
    Case("en", "", ("Who is the president of France?",), ("do not know",)),
    Case("en", "", ("My name is Winston.", "Nice to meet you, Winston.", "Now, what was my name?"), ("Winston",)),
    Case("en", "You are Ida.", ("Hi, I'm Casper", "Nice to meet you, Casper.", "Do you still know my name?"), ("Casper",), ("Ida",)),
    Case("en", _MUSEUM, ("When does the museum open?",), ("10 am",)),
    Case("en", _MUSEUM, ("Could you tell me the opening hours?",), ("10 am to 5 pm",)),
    Case("en", _MUSEUM, ("On which day are you closed?",), ("Tuesday",)),
    Case("en", _MUSEUM, ("How much is the entry fee?",), ("8 pounds",)),
    Case("en", _MUSEUM, ("What's the name of the director?",), ("Agnes Wilde",)),
    Case("en", _MUSEUM, ("What is the oldest clock?",), ("Brass Owl",)),
    Case("en", _MUSEUM, ("Is there a phone number?",), ("not written",)),
    Case("en", "Answer the question from these notes.\n\n" + _MEMO, ("When do we start?",), ("2:15",)),
    Case("en", "Answer the question from these notes.\n\n" + _MEMO, ("Which room is it?",), ("Cedar",)),
    Case("en", "Answer the question from these notes.\n\n" + _MEMO, ("Who leads the meeting?",), ("Yolanda",)),
    Case("en", "Answer the question from these notes.\n\n" + _MEMO, ("What is the topic?",), ("the new logo",)),
    Case("en", "Answer the question from these notes.\n\n" + _MEMO, ("What is the budget?",), ("not written",)),
    Case("en", _CAFE, ("What are the opening hours?",), ("午前8時から午後7時",)),
    Case("en", "", ("Read the text and answer.\n" + _MUSEUM + "\nQuestion: When are you closed?",), ("Tuesday",)),
    Case("en", "", ("You are Fenella. What is your name?",), ("Fenella",)),
)  # fmt: skip
