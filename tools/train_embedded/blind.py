"""A second set of questions written by hand, for the kinds that the first lacks; written before training, never tuned on."""
# ruff: noqa: E501

from tools.train_embedded.byhand import Case

_STAFF = "川辺ホテルの案内\nチェックインは午後3時からです。朝食は一階の食堂で午前7時からです。大浴場は地下一階にあります。支配人は神崎です。"
_DOCS_JA = (
    "青葉図書館は市役所の隣にあります。開館時間は午前9時から午後8時までです。休館日は月曜日です。\n\n"
    "本を借りるには利用カードが必要です。一度に借りられる本は10冊です。貸し出しの期間は二週間です。\n\n"
    "会議室の料金は一時間300円です。担当者は梶原です。"
)
_DOCS_EN = (
    "The Harbour Pool is on Quay Road. The opening hours are 6 am to 9 pm. The closing day is Sunday.\n\n"
    "The swimming lesson starts at 4:30 pm. The teacher is Dominic. The lesson fee is 12 euros.\n\n"
    "The lockers are blue. The locker deposit is 2 euros."
)
_NOT_JA = "次の資料だけを使って質問に答えてください。資料にないときは「資料にありません」と答えてください。\n\n"
_NOT_EN = 'Use only these documents. If the answer is not there, say "I cannot find it".\n\n'
_IN_JA = "次の参考情報をもとに質問に答えてください。\n\n"
_IN_EN = "Answer the question using the context.\n\nContext:\n"
_PIRATE = "あなたは海賊船の船長ガルドです。一人称は「俺様」です。好きな食べ物は干し肉です。年齢は45歳です。"
_CAT = "名前：ミケ\n役割：喫茶店の看板猫\n一人称：あたい\n好きな食べ物：かつおぶし\n誕生日：3月9日"
_ROBOT = "You are Beacon, a robot that works in a lighthouse. Your favourite colour is amber. Your age is 73. Your best friend is Pip."
_FRUIT_JA = "次の言葉を「動物」「乗り物」「食べ物」のどれかに分類してください。"
_FRUIT_EN = "Classify the word as one of: animal, vehicle, food."
_MOOD_JA = "次の感想が「良い」か「悪い」かを答えてください。"
_MOOD_EN = "Say whether the review is positive or negative. Answer with one word."

CASES: tuple[Case, ...] = (
    Case("ja", _PIRATE, ("名前は？",), ("俺様", "ガルド")),
    Case("ja", _PIRATE, ("好きな食べ物は何？",), ("干し肉",)),
    Case("ja", _PIRATE, ("何歳なの？",), ("45歳",)),
    Case("ja", _PIRATE, ("誕生日はいつ？",), ("書かれていません",)),
    Case("ja", _CAT, ("自己紹介して",), ("ミケ",)),
    Case("ja", _CAT, ("お誕生日はいつですか",), ("3月9日",)),
    Case("ja", _CAT, ("何が好物？",), ("かつおぶし",)),
    Case("ja", _IN_JA + _DOCS_JA, ("図書館は何曜日が休みですか？",), ("月曜日",)),
    Case("ja", _IN_JA + _DOCS_JA, ("図書館はどこにありますか？",), ("市役所の隣",)),
    Case("ja", _IN_JA + _DOCS_JA, ("会議室はいくらですか？",), ("300円",)),
    Case("ja", _IN_JA + _DOCS_JA, ("本は何冊借りられますか？",), ("10冊",)),
    Case("ja", _IN_JA + _DOCS_JA, ("担当者は誰？",), ("梶原",)),
    Case("ja", _IN_JA + _DOCS_JA, ("駐車場はありますか？",), ("書かれていません",)),
    Case("ja", _NOT_JA + _DOCS_JA, ("電話番号を教えて",), ("資料にありません",)),
    Case("ja", _NOT_JA + _DOCS_JA, ("館長は誰ですか？",), ("資料にありません",)),
    Case("ja", _NOT_JA + _DOCS_JA, ("開館時間を教えて",), ("午前9時から午後8時",)),
    Case("ja", _STAFF, ("朝食は何時から？",), ("7時",)),
    Case("ja", _STAFF, ("大浴場はどこ？",), ("地下一階",)),
    Case("ja", _STAFF, ("支配人のお名前は？",), ("神崎",)),
    Case("ja", _STAFF, ("プールはありますか？",), ("書かれていません",)),
    Case("ja", "単語だけで答えてください。\n" + _STAFF, ("支配人は誰？",), ("神崎",), ("です",)),
    Case("ja", "である調で答えてください。\n" + _STAFF, ("支配人は誰ですか？",), ("神崎",), ("です", "ます")),
    Case("ja", "答えの最初に「ほいさ、」をつけてください。\n" + _STAFF, ("支配人は誰ですか？",), ("ほいさ、", "神崎")),
    Case("ja", "語尾に「もん」をつけてください。", ("ありがとう",), ("もん",)),
    Case("ja", "英語に訳してください。", ("猫",), ("cat",)),
    Case("ja", "英語に訳してください。", ("犬が好きです。",), ("I like dogs",)),
    Case("ja", "日本語を英語に翻訳して。", ("これは大きい箱です。",), ("This is a big box",)),
    Case("ja", "", ("「病院」は英語で何ですか？",), ("hospital",)),
    Case("ja", _FRUIT_JA, ("ライオン",), ("動物",)),
    Case("ja", _FRUIT_JA, ("バス",), ("乗り物",)),
    Case("ja", _FRUIT_JA, ("カレー",), ("食べ物",)),
    Case("ja", _MOOD_JA, ("この宿はとてもすばらしかったです。",), ("良い",)),
    Case("ja", _MOOD_JA, ("店員が不親切でがっかりしました。",), ("悪い",)),
    Case("ja", "はい、いいえで答えてください。", ("馬は動物ですか？",), ("はい",)),
    Case("ja", "はい、いいえで答えてください。", ("船は果物ですか？",), ("いいえ",)),
    Case("ja", "「はい」か「いいえ」で答えてください。\n" + _STAFF, ("支配人は神崎ですか？",), ("はい",)),
    Case("ja", "「はい」か「いいえ」で答えてください。\n" + _STAFF, ("支配人は山下ですか？",), ("いいえ",)),
    Case("ja", "文から人の名前だけを抜き出してください。", ("神崎は京都で傘を買いました。",), ("神崎",), ("京都",)),
    Case("ja", "次の文から名前と場所を取り出してJSONで答えてください。", ("水野は札幌に住んでいます。",), ('"名前": "水野"', '"場所": "札幌"')),
    Case("ja", "", ("カナ", "カナさん、よろしくお願いします。", "明日は雨かな？"), ("。",), ("カナさん",)),
    Case("en", _ROBOT, ("What is your name?",), ("Beacon",)),
    Case("en", _ROBOT, ("How old are you?",), ("73",)),
    Case("en", _ROBOT, ("Which colour do you like?",), ("amber",)),
    Case("en", _ROBOT, ("Who is your best friend?",), ("Pip",)),
    Case("en", _ROBOT, ("What is your phone number?",), ("not written",)),
    Case("en", _IN_EN + _DOCS_EN, ("When does the swimming lesson start?",), ("4:30",)),
    Case("en", _IN_EN + _DOCS_EN, ("Who is the teacher?",), ("Dominic",)),
    Case("en", _IN_EN + _DOCS_EN, ("How much is the lesson fee?",), ("12 euros",)),
    Case("en", _IN_EN + _DOCS_EN, ("When is the pool closed?",), ("Sunday",)),
    Case("en", _IN_EN + _DOCS_EN, ("What colour are the lockers?",), ("blue",)),
    Case("en", _IN_EN + _DOCS_EN, ("Who is the manager?",), ("not written",)),
    Case("en", _NOT_EN + _DOCS_EN, ("What is the phone number?",), ("I cannot find it",)),
    Case("en", _NOT_EN + _DOCS_EN, ("Is there parking?",), ("I cannot find it",)),
    Case("en", _NOT_EN + _DOCS_EN, ("What are the opening hours?",), ("6 am to 9 pm",)),
    Case("en", "Answer with one word only.\n\n" + _DOCS_EN, ("Who is the teacher?",), ("Dominic",), ("is",)),
    Case("en", 'Always start with "Ahem,".\n\n' + _DOCS_EN, ("Who is the teacher?",), ("Ahem,", "Dominic")),
    Case("en", 'Finish every sentence with "nya".', ("Thanks!",), ("nya",)),
    Case("en", "Translate to Japanese.", ("cat",), ("猫",)),
    Case("en", "Translate to Japanese.", ("I like apples.",), ("りんごが好きです",)),
    Case("en", "Translate English to Japanese.", ("This is a new car.",), ("これは新しい車です",)),
    Case("en", "", ('What is "hospital" in Japanese?',), ("病院",)),
    Case("en", "", ('What is "傘" in English?',), ("umbrella",)),
    Case("en", _FRUIT_EN, ("lion",), ("animal",)),
    Case("en", _FRUIT_EN, ("bus",), ("vehicle",)),
    Case("en", _FRUIT_EN, ("bread",), ("food",)),
    Case("en", _MOOD_EN, ("The hotel was wonderful.",), ("positive",)),
    Case("en", _MOOD_EN, ("What an awful meal. I regret it.",), ("negative",)),
    Case("en", "Answer yes or no only.", ("Is a horse an animal?",), ("yes",)),
    Case("en", "Answer yes or no only.", ("Is a ship a fruit?",), ("no",)),
    Case("en", "Answer yes or no.\n\n" + _DOCS_EN, ("Is the teacher Dominic?",), ("yes",)),
    Case("en", "Answer yes or no.\n\n" + _DOCS_EN, ("Is the teacher Harold?",), ("no",)),
    Case("en", "Extract only the person's name.", ("Winifred bought a lamp in Bristol.",), ("Winifred",), ("Bristol",)),
    Case("en", "Extract the name and place as JSON.", ("Winifred lives in Bristol.",), ('"name": "Winifred"', '"place": "Bristol"')),
)  # fmt: skip
