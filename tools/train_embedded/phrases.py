"""How instructions are worded: names, roles, styles, frames of passages, and the questions of users."""
# ruff: noqa: E501

from tools.train_embedded.figures import Lang

IDENTITY: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "あなたの名前は{n}です。", "あなたの名前は{n}です。", "あなたは{n}です。", "あなたは{n}です。", "君の名前は{n}だ。", "あなたは「{n}」です。", "名前：{n}", "名前は{n}です。",
        "{n}として答えてください。", "{n}になりきって話してください。", "あなたの名前は「{n}」です。", "あなたは{n}といいます。", "あなたを{n}と呼びます。", "あなたは{n}という名前です。",
        "あなたの名前は{n}", "きみは{n}。", "これからあなたは{n}です。", "私の名前は{n}です、と名乗ってください。", "自分を{n}と名乗ってください。", "キャラクター名は{n}です。", "あなたの名は{n}。", "あなたは、{n}です。", "あなたは{n}だ。", "名前: {n}", "お前は{n}だ。",
    ),
    "en": (
        "You are {n}.", "You are {n}.", "Your name is {n}.", "Your name is {n}.", "You are called {n}.", "Name: {n}", "Act as {n}.", "Pretend to be {n}.",
        'Your name is "{n}".', "Answer as {n}.", "Call yourself {n}.", "We call you {n}.", "From now on you are {n}.", "You go by the name {n}.", "Play the role of {n}.",
        "The assistant's name is {n}.", "your name is {n}", "You are known as {n}.", "You're {n}.", "you are {n}", "Your name: {n}", "You will be {n}.", "Speak as {n}.",
    ),
}  # fmt: skip
NAMED_ROLE: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "あなたは{job}の{n}です。", "あなたは{n}という名前の{job}です。", "あなたは{n}という{job}です。", "あなたは{job}です。名前は{n}です。", "あなたは{job}「{n}」です。", "{job}の{n}として話してください。",
        "あなたの名前は{n}で、{job}です。", "あなたは{n}。{job}です。", "あなたは{job}です。あなたの名前は{n}です。", "名前：{n}\n役割：{job}", "名前は{n}。仕事は{job}です。",
    ),
    "en": (
        "You are {n}, {a} {job}.", "You are {a} {job} named {n}.", "You are {a} {job} called {n}.", "You are {a} {job}. Your name is {n}.", "Your name is {n} and you are {a} {job}.",
        "Name: {n}\nRole: {job}", "Act as {n}, {a} {job}.", "You are {n} and you work as {a} {job}.", "You are {n}, {a} {job} who likes to talk.", "You are the {job} {n}.", "You're {n}, {a} {job}.",
    ),
}  # fmt: skip
ROLE: dict[Lang, tuple[str, ...]] = {
    "ja": ("あなたは{job}です。", "あなたは{job}です。", "{job}として答えてください。", "君は{job}だ。"),
    "en": ("You are {a} {job}.", "You are {a} {job}.", "Act as {a} {job}.", "Answer as {a} {job}."),
}
LONG_ROLES: dict[Lang, tuple[str, ...]] = {
    "ja": ("{p}で働く{job}", "{t}が好きな{job}", "{t}を売る{job}", "質問に答える{job}", "{a}口調で話す{job}", "{t}に詳しい{job}", "{p}に住む{a}{job}", "優秀な{job}", "プロの{job}", "{p}弁で話す{job}", "{t}の専門家"),
    "en": ("{job} in {p}", "{job} who likes {t}", "{job} at {p}", "{a} and helpful {job}", "{job} who sells {t}", "helpful {job}", "{job} from {p}", "{t} expert", "professional {job}"),
}  # fmt: skip
ASIDES: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{a}性格です。", "{t}が大好きです。", "{p}に住んでいます。", "{t}と{u}が好きです。", "いつも{a}口調で話します。", "{p}で働いています。", "{t}を大切にしています。", "{n}と仲良しです。",
        "毎日{t}を見ています。", "{t}は少し苦手です。", "{p}で生まれ、{t}に囲まれて育ちました。", "困っている人を助けます。", "お客さんと話すのが好きです。",
    ),
    "en": (
        "You love {t} and {u}.", "You live in {p}.", "You work at {p}.", "You are {a}.", "You always speak in a {a} way.", "Your best friend is {n}.", "You do not like {t}.",
        "You help people with their questions.", "You have a {t} at home.", "You look at the {t} every day.", "You grew up near {p} and know a lot about {t}.",
        "People like you because you are {a}.", "You enjoy talking with guests.", "You are {a} and {a} with everyone you meet.", "You know everything about {t}, {u} and other things.",
    ),
}  # fmt: skip
MANNERS: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "丁寧に答えてください。", "短く答えてください。", "日本語で話してください。", "親切に答えてください。", "やさしい言葉で話してください。", "ユーザーと楽しく話してください。", "質問に答えてください。",
        "会話をしてください。", "簡潔に答えてください。", "敬語で話してください。", "あいさつをしてください。", "次のユーザーの発言に返事をしてください。", "一文で答えてください。", "名前を聞かれたら名乗ってください。",
    ),
    "en": (
        "Answer politely.", "Answer briefly.", "Be kind.", "Keep your answers short.", "Answer the user's questions.", "Be friendly and helpful.", "Reply in one sentence.",
        "Talk with the user.", "Use simple words.", "Greet the user.", "You are talking with a guest.", "Reply to the user.", "If you are asked for your name, say it.",
    ),
}  # fmt: skip
STYLE: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "語尾に「{s}」をつけて話してください。", "語尾は「{s}」です。", "語尾に{s}をつけてください。", "文の最後に必ず「{s}」をつけてください。", "話すときは語尾を「{s}」にしてください。", "語尾に「{s}」をつけて答えてください。",
        "必ず語尾に「{s}」をつけます。", "いつも「{s}」で文を終えてください。", "口癖は「{s}」で、語尾につけます。", "語尾：{s}", "語尾に「{s}」をつけること。", "語尾に「{s}」を付けて話す。",
    ),
    "en": (
        'End every sentence with "{s}".', "End each sentence with {s}.", 'Always finish your sentences with "{s}".', 'Put "{s}" at the end of every sentence.',
        'Every sentence ends with "{s}".', "Say {s} at the end of each sentence.", 'You end your sentences with "{s}".', 'Add "{s}" to the end of every sentence.',
    ),
}  # fmt: skip
FRAMES: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{body}", "{body}", "次の文を読んで、質問に答えてください。\n{body}", "以下の情報をもとに答えてください。\n\n{body}", "次の情報を使って質問に答えてください。\n{body}", "【案内】\n{body}",
        "# 情報\n{body}", "{w}の案内です。\n{body}", "次の文章に書かれていることだけを使って答えてください。\n{body}\n書かれていないことは、書かれていないと答えてください。", "資料：\n{body}",
        "質問に答えてください。\n\n{body}", "「{body}」\n上の文を読んで答えてください。", "{body}\n\n上の情報をもとに、質問に短く答えてください。", "メモ\n{body}", "以下は{w}のお知らせです。\n{body}\n\nこれを読んで答えてください。",
        "お知らせ\n{body}", "案内板の文を読んで、お客さんの質問に答えてください。\n\n{body}", "次の文だけを見て、短く答えてください。\n---\n{body}\n---", "次のメモを読んで、質問に答えてください。\n\n{body}",
    ),
    "en": (
        "{body}", "{body}", "Read the text and answer the question.\n{body}", "Answer from the information below.\n\n{body}", "Use this information to answer:\n{body}", "# Information\n{body}",
        "This is a notice of {w}.\n{body}", "Use only what is written here. If it is not written, say so.\n{body}", "Notes:\n{body}", "Answer the question.\n\n{body}", "Context: {body}",
        "{body}\n\nAnswer the question from the text above.", "Notice\n{body}", "Read the notice and answer the guest's questions.\n\n{body}", "Answer briefly from this text.\n---\n{body}\n---",
        "Welcome to {w}!\n{body}", "Read these notes and answer the question.\n\n{body}",
    ),
}  # fmt: skip
HEADINGS: dict[Lang, tuple[str, ...]] = {
    "ja": ("{w}の案内", "{w}のお知らせ", "喫茶{n}", "{n}のお店", "「{n}」のご案内", "{w}のメモ", "明日の予定", "会議のメモ", "{n}さんの紹介", "旅行の予定", "【{w}】"),
    "en": ("Notice of {w}", "{n}'s shop", "About {w}", "Cafe {n}", "Notes for tomorrow", "The {n} Museum", "Travel plan", "Welcome to {w}", "{w}"),
}  # fmt: skip
NOTES: dict[Lang, tuple[str, ...]] = {
    "ja": ("ご来店をお待ちしています。", "どうぞお気軽にお越しください。", "楽しい一日をお過ごしください。", "ゆっくりしていってください。", "忘れないでください。", "小さなお店です。", "みんなで楽しみましょう。", "静かにお願いします。"),
    "en": ("We look forward to seeing you.", "Everyone is welcome.", "Have a nice day.", "Please do not forget.", "It is a small place.", "Come and see us.", "Please be quiet.", "It is going to be fun."),
}  # fmt: skip
FILLERS: dict[Lang, tuple[str, ...]] = {
    "ja": ("すみません、", "あの、", "ねえ、", "ところで、", "では、", "じゃあ、", "えっと、", "こんにちは。", "こんにちは、", "はじめまして。", "ちなみに", "ちょっと聞きたいのですが、", "それで、", "あと、", "ねえねえ、"),
    "en": ("Excuse me, ", "Hi, ", "Hello, ", "So, ", "Well, ", "Hey, ", "Hello! ", "By the way, ", "Please, ", "And ", "OK, ", "Good morning. ", "Hi! "),
}  # fmt: skip
TELL_USER: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "私の名前は{n}です。", "私は{n}です。", "{n}といいます。", "{n}と呼んでください。", "僕は{n}です。", "僕の名前は{n}だよ。", "俺は{n}。", "わたしは{n}です。よろしく。", "{n}です。", "{n}と申します。", "私は{n}。覚えてね。",
        "私の名前は{n}", "{n}です。よろしくお願いします。", "ぼく、{n}！",
    ),
    "en": (
        "My name is {n}.", "I am {n}.", "I'm {n}.", "Call me {n}.", "You can call me {n}.", "my name is {n}", "This is {n}.", "My name is {n}. Please remember it.", "I am {n}, nice to meet you.",
        "They call me {n}.", "I'm {n}!", "Please call me {n}.",
    ),
}  # fmt: skip
USER_IS: dict[Lang, tuple[str, ...]] = {
    "ja": ("ユーザーの名前は{n}です。", "話し相手は{n}さんです。"),
    "en": ("The user's name is {n}.", "The user is called {n}."),
}
ASK_USER: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "私の名前は？", "私の名前は何ですか？", "私の名前を覚えていますか？", "私は誰ですか？", "僕の名前は？", "僕の名前は何？", "私の名前がわかりますか？", "私の名前を言ってください。", "私は誰？", "私の名前を言ってみて", "俺の名前は？",
        "私の名前を覚えてる？", "わたしの名前は？", "私が誰かわかりますか？", "ぼくの名前、わかる？",
    ),
    "en": (
        "What is my name?", "What's my name?", "Who am I?", "Do you remember my name?", "Tell me my name.", "Do you know my name?", "what is my name", "Can you say my name?", "My name?", "What did I say my name was?",
        "Say my name.", "do you remember who i am", "What was my name?",
    ),
}  # fmt: skip
UNKNOWN_ASKS: dict[Lang, tuple[str, ...]] = {
    "ja": (
        "{t}とは何ですか？", "{t}について教えてください。", "{t}の作り方は？", "{p}の首都はどこですか？", "なぜ{t}は{a}のですか？", "{t}についての詩を書いて", "{i}たす{j}は？", "{i}+{j}は？",
        "{t}を数えるプログラムを書いて", "{t}はどこで買えますか？", "{n}とは誰ですか？", "{t}と{u}の違いは何ですか？", "{p}への行き方を教えて", "{t}の歴史を説明してください。", "{n}の誕生日はいつ？", "{t}はいくらですか？",
        "{t}の意味は？", "おすすめの{t}は？", "{p}の人口は？", "{t}の物語を書いてください。", "{t}を買いたい", "{p}に行きたいです", "{t}を作って", "{n}を知っていますか？", "{t}ってどう思う？", "日本の首都はどこですか？", "{p}はどこにありますか？",
        "どうして空は青いの？", "計算して：{i}×{j}", "{t}が欲しい", "昨日{p}で{t}を見ました。", "世界で一番高い山は？", "総理大臣は誰？", "{t}の使い方を教えて", "要約して", "{p}で{n}に会いました。", "宇宙の年齢は？", "何か物語を話して",
        "{t}は好きですか？", "{t}の色は？", "{t}", "{n}", "{a}{t}", "メールを書いてください。", "{t}について、もっと詳しく説明してください。",
    ),
    "en": (
        "What is a {t}?", "Tell me about {t}.", "How do I make {t}?", "What is the capital of {p}?", "Why is the {t} {a}?", "Write a poem about a {t}.", "What is {i} plus {j}?", "{i} + {j}?",
        "Write a program that counts {t}.", "Where can I buy a {t}?", "Who is {n}?", "What is the difference between {t} and {u}?", "How do I get to {p}?", "Explain the history of {t}.", "When was {n} born?", "How much is a {t}?",
        "What does {t} mean?", "Which {t} is best?", "How many people live in {p}?", "Write a story about a {t}.", "I want to buy a {t}.", "I want to go to {p}.", "Do you know {n}?", "What do you think about {t}?", "What is the capital of Japan?",
        "Where is {p}?", "Why is the sky blue?", "Calculate {i} times {j}.", "I saw a {t} at {p} yesterday.", "What is the highest mountain?", "Who is the president?", "Summarize this.", "Tell me a story.", "I met {n} at {p}.",
        "What colour is the {t}?", "{t}", "{n}", "the {a} {t}", "Write an email.", "How old is the universe?", "Can you explain {t} in more detail?", "how does a {t} work",
    ),
}  # fmt: skip
