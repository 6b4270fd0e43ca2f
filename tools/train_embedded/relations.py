"""What passages state: relations by the kind of their value, and topics that people ask for in other words."""
# ruff: noqa: E501, SIM905

from dataclasses import dataclass

from tools.train_embedded.figures import Lang

# kind of value -> relations. Pairs of similar ones (受付番号 / 電話番号) are wanted: they must be told apart.
RELATIONS: dict[Lang, dict[str, tuple[str, ...]]] = {
    "ja": {
        "time": tuple("集合時間 出発時刻 到着時刻 開始時刻 終了時刻 起床時間 消灯時間 昼食の時間 受付開始 発車時刻 門限".split()),
        "date": tuple("開催日 発売日 誕生日 創立 出発日 提出日 試験の日 入学式 引っ越しの日 公開日 有効期限 遠足の日".split()),
        "weekday": tuple("ごみの日 練習日 会議の曜日 配達日 水泳の日 当番の日".split()),
        "price": tuple("参加費 入場料 会費 値段 価格 料金 送料 家賃 年会費 予算 バス代 大人の料金 子供の料金".split()),
        "number": tuple("人数 年齢 ページ数 部屋の数 身長 体重 気温 参加者 重さ 長さ 高さ 所要時間 定員".split()),
        "phone": tuple("電話番号 問い合わせ先 連絡先 ファックス番号 緊急連絡先".split()),
        "code": tuple("部屋番号 会員番号 受付番号 型番 注文番号 座席番号 番号 暗証番号 整理番号 製品番号 教室".split()),
        "place": tuple("場所 会場 住所 集合場所 出身 出身地 行き先 所在地 避難場所 受付の場所 宿泊先 保管場所 勤務先".split()),
        "person": tuple("名前 作者 店長 担当者 責任者 司会 先生 部長 友達 社長 発明者 著者 主人公 監督 運転手 班長 犬の名前 猫の名前".split()),
        "colour": tuple("色 好きな色 壁の色 屋根の色 目の色 制服の色 車の色 旗の色 帽子の色".split()),
        "thing": tuple(
            "好きな食べ物 嫌いな食べ物 好きな飲み物 好きな本 好きな花 おみやげ 名物 人気の商品 持ち物 材料 プレゼント 趣味 特技 "
            "題名 朝食 夕食 宝物 商品名 好きな動物 今日の献立 賞品".split()
        ),
        "any": tuple("答え 秘密 目印 正解 話題 目的 記号 件名 備考 結果 種類 順番".split()),
    },
    "en": {
        "time": ("meeting time", "departure time", "arrival time", "start time", "end time", "lunch time", "check-in time", "curfew"),
        "date": ("release date", "birthday", "date", "founding year", "exam date", "due date", "opening day", "expiry date", "trip date"),
        "weekday": ("training day", "delivery day", "meeting day", "cleaning day", "market day"),
        "price": ("entry fee", "price", "cost", "rent", "shipping fee", "membership fee", "budget", "fare", "adult price", "child price"),
        "number": ("age", "height", "weight", "number of guests", "number of rooms", "page count", "length", "temperature", "capacity"),
        "phone": ("phone number", "contact number", "fax number", "emergency number"),
        "code": ("room number", "member number", "order number", "model number", "seat number", "ticket number", "door code", "flight number"),
        "place": ("address", "venue", "place", "location", "hometown", "destination", "meeting place", "hotel", "workplace", "shelter"),
        "person": (
            "name", "author", "manager", "teacher", "leader", "owner", "boss", "friend", "inventor", "hero", "director", "driver",
            "captain", "dog's name", "cat's name", "host", "winner",
        ),
        "colour": ("colour", "color", "favourite colour", "favorite color", "wall colour", "roof color", "flag colour", "car colour"),
        "thing": (
            "favourite food", "favorite food", "favorite drink", "favourite book", "hobby", "gift", "speciality", "best seller",
            "title", "breakfast", "dinner", "treasure", "product", "favorite animal", "prize", "main ingredient", "souvenir",
        ),
        "any": ("answer", "secret", "landmark", "topic", "purpose", "symbol", "subject", "note", "result", "type", "goal"),
    },
}  # fmt: skip
RELATIONS_HELD_OUT: dict[Lang, dict[str, tuple[str, ...]]] = {
    "ja": {
        "time": ("閉会の時刻", "搭乗時刻"),
        "date": ("締め切り", "納品日"),
        "price": ("手数料", "修理代"),
        "number": ("面積", "階数"),
        "code": ("合言葉", "会議室"),
        "place": ("最寄り駅", "目的地"),
        "person": ("校長", "編集長", "弟の名前"),
        "colour": ("扉の色",),
        "thing": ("得意料理", "夕飯", "忘れ物"),
    },
    "en": {
        "time": ("boarding time", "bedtime"),
        "date": ("deadline", "wedding day"),
        "price": ("repair cost", "deposit"),
        "number": ("width", "floor count"),
        "code": ("password", "gate"),
        "place": ("nearest station", "birthplace"),
        "person": ("editor", "landlord", "sister's name"),
        "colour": ("door colour",),
        "thing": ("lost item", "supper", "signature dish"),
    },
}
# The question words that fit a kind; "{r}" is the relation.
ASK_ANY: dict[Lang, tuple[str, ...]] = {
    "ja": tuple(
        "{r}は？ {r}は {r}は何ですか？ {r}は何？ {r}って何？ {r}を教えてください。 {r}を教えて {r}を教えて。 {r}について教えてください。 {r}が知りたいです。 "
        "{r}は何でしょうか？ {r}を答えてください。 {r} {r}はなんですか {r}を知っていますか？ {r}はわかりますか？ {r}って？ {r}を教えてくれる？".split()
    ),
    "en": (
        "What is the {r}?", "What's the {r}?", "what is the {r}", "Tell me the {r}.", "Please tell me the {r}.", "{R}?", "The {r}?",
        "Can you tell me the {r}?", "Do you know the {r}?", "I want to know the {r}.", "Give me the {r}.", "the {r}?", "What about the {r}?",
    ),
}  # fmt: skip
ASK_KIND: dict[Lang, dict[str, tuple[str, ...]]] = {
    "ja": {
        "time": ("{r}は何時ですか？", "{r}はいつですか？", "{r}は何時？", "{r}は何時から？"),
        "date": ("{r}はいつですか？", "{r}はいつ？", "{r}は何日ですか？", "{r}はいつでしょうか？"),
        "weekday": ("{r}は何曜日ですか？", "{r}はいつですか？", "{r}はいつ？"),
        "price": ("{r}はいくらですか？", "{r}はいくら？", "{r}はおいくらですか？", "{r}はいくらでしょうか"),
        "number": ("{r}はいくつですか？", "{r}はどのくらいですか？", "{r}はどれくらい？"),
        "phone": ("{r}は何番ですか？", "{r}は何番？"),
        "code": ("{r}は何番ですか？", "{r}はどれですか？", "{r}は何番？"),
        "place": ("{r}はどこですか？", "{r}はどこ？", "{r}はどちらですか？", "{r}はどこにありますか？"),
        "person": ("{r}は誰ですか？", "{r}はだれ？", "{r}は誰？", "{r}はどなたですか？"),
        "colour": ("{r}は何色ですか？", "{r}は何色？", "{r}はどんな色ですか？"),
    },
    "en": {
        "time": ("When is the {r}?", "What time is the {r}?"),
        "date": ("When is the {r}?", "when is the {r}"),
        "weekday": ("When is the {r}?", "What day is the {r}?"),
        "price": ("How much is the {r}?", "how much is the {r}"),
        "number": ("How much is the {r}?",),
        "place": ("Where is the {r}?", "where is the {r}"),
        "person": ("Who is the {r}?", "who is the {r}"),
    },
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One matter that passages name by several words and that people ask for in others."""

    kind: str
    keys: dict[Lang, tuple[str, ...]]  # the first is the answer's own word where the passage has none
    asks: dict[Lang, tuple[str, ...]]
    forms: dict[Lang, tuple[str, ...]]  # sentences without a key


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


def _topic(kind: str, ja: str, ask_ja: str, form_ja: str, en: str, ask_en: str, form_en: str) -> Topic:
    return Topic(
        kind,
        {"ja": _words(ja), "en": _words(en)},
        {"ja": _words(ask_ja), "en": _words(ask_en)},
        {"ja": _words(form_ja) if form_ja else (), "en": _words(form_en) if form_en else ()},
    )


# English keys that take "are".
PLURAL = frozenset(
    "opening hours|business hours|visiting hours|hours|payment methods|seats|parking spaces|directions|days off".split(
        "|"
    )
)

TOPICS: tuple[Topic, ...] = (
    _topic(
        "hours", "営業時間|開館時間|利用時間|受付時間",
        "何時に開きますか？|何時から開いていますか？|何時まで開いていますか？|何時まで？|何時からですか？|いつ開いていますか？|何時に閉まりますか？|"
        "営業は何時からですか？|朝は何時に開く？|何時まで営業していますか？|開いている時間を教えてください。|営業時間は何時からですか？|お店は何時に開きますか？|開店は何時ですか？|閉店は何時？|お店は何時まで？|開店は？",
        "{v}に開いています。|{v}に営業しています。",
        "opening hours|business hours|visiting hours|hours",
        "When are you open?|What time do you open?|When do you open?|When does it open?|What time does it close?|"
        "How late are you open?|When does the shop open?|what time do you close|When do you close?|Opening time?|closing time?|How long are you open?|Until when are you open?|"
        "What time does the shop open?",
        "We are open {v}.|It is open {v}.|The shop is open {v}.",
    ),
    _topic(
        "weekday", "定休日|休館日|休み|お休み",
        "休みはいつですか？|いつ休みですか？|何曜日が休みですか？|お休みの日はありますか？|定休日は何曜日ですか？|休みの日は？|休業日はいつ？|いつ閉まっていますか？",
        "{v}はお休みです。|{v}は休みです。",
        "closing day|days off|day off|holiday",
        "When are you closed?|Which day are you closed?|When is it closed?|What day are you closed?|Are you closed on any day?|"
        "When is the shop closed?",
        "We are closed on {v}.|It is closed on {v}.|The shop is closed on {v}.",
    ),
    _topic(
        "place", "場所|住所|所在地",
        "どこにありますか？|どこですか？|お店はどこですか？|場所を教えてください。|どうやって行けばいいですか？|どこにあるの？|お店はどこ？|住所はどこですか？|"
        "どこへ行けばいいですか？|店はどこにありますか？|どこ？",
        "{v}にあります。|お店は{v}にあります。",
        "address|location|place",
        "Where are you?|Where is it?|Where is the shop?|How do I get there?|Where can I find you?|Where is the store located?|"
        "where are you located",
        "We are at {v}.|It is at {v}.|The shop is at {v}.|You find us at {v}.",
    ),
    _topic(
        "price", "入場料|料金|値段|価格|参加費",
        "いくらですか？|おいくらですか？|いくらかかりますか？|入るのにいくらですか？|料金はいくら？|お金はいくら必要ですか？|いくら？|値段はいくらですか？",
        "{v}で入れます。|お一人{v}です。",
        "price|entry fee|fee|cost|admission",
        "How much is it?|How much does it cost?|How much do I pay?|what does it cost|How much is a ticket?|How much is the entry?",
        "It costs {v}.|You pay {v}.",
    ),
    _topic(
        "phone", "電話番号|電話|連絡先",
        "電話番号を教えてください。|何番に電話すればいいですか？|どこに連絡すればいいですか？|電話したいです。|連絡先を教えて|電話は？|どうやって連絡できますか？",
        "",
        "phone number|phone|contact",
        "How can I call you?|What number should I call?|How can I contact you?|I want to call you.|Can I have your number?",
        "You can call us at {v}.|Call {v}.",
    ),
    _topic(
        "person", "店長|店主|館長|責任者|担当者",
        "店長は誰ですか？|店長の名前は？|お店の人は誰ですか？|誰がやっていますか？|店主の名前を教えてください。|責任者は誰？|担当者は誰ですか？",
        "{v}が店長です。",
        "owner|manager|shopkeeper|person in charge",
        "Who runs the shop?|Who is in charge?|Who owns it?|Who is the manager?|What is the name of the owner?|who is the owner",
        "{v} is the owner.|{v} runs the shop.",
    ),
    _topic(
        "thing", "おすすめ|人気商品|名物|一番人気|看板メニュー",
        "おすすめは何ですか？|何がおいしいですか？|人気のメニューは？|何が人気ですか？|何を買えばいいですか？|一番人気は何ですか？|おすすめを教えて|何がおすすめ？",
        "{v}が人気です。|{v}がおすすめです。",
        "speciality|best seller|recommendation|special",
        "What do you recommend?|What is popular?|What should I order?|What is good here?|What should I buy?|what is your best seller",
        "{v} is popular.|We recommend {v}.",
    ),
    _topic(
        "number", "席|席数|定員|座席",
        "何人入れますか？|席はいくつありますか？|何席ありますか？|席はありますか？|定員は何人ですか？",
        "",
        "seats|capacity",
        "How many people fit?|How many seats are there?|How many people can come?|how many seats do you have",
        "There is room for {v} people.",
    ),
    _topic(
        "place", "駐車場|駐車場の場所",
        "駐車場はありますか？|車はどこに止められますか？|車で行けますか？|車を止める場所は？|駐車場はどこですか？|駐車できますか？",
        "車は{v}に止められます。",
        "parking|car park",
        "Is there parking?|Where can I park?|Can I park there?|Where is the car park?|can i come by car",
        "You can park at {v}.",
    ),
    _topic(
        "date", "開催日|日時|日程|日付",
        "いつですか？|いつありますか？|何日ですか？|いつやりますか？|日にちはいつですか？|いつ？|何月何日ですか？|いつ行われますか？",
        "{v}に行われます。|{v}に開かれます。",
        "date|day",
        "When is it?|When does it take place?|What day is it held?|when will it be|When is the event?",
        "It takes place on {v}.|It will be held on {v}.",
    ),
    _topic(
        "thing", "支払い|支払い方法|お支払い",
        "カードは使えますか？|どうやって払いますか？|支払いは何でできますか？|何で払えますか？|現金だけですか？",
        "",
        "payment methods|payment",
        "How can I pay?|Can I pay by card?|Do you take cards?|Is it cash only?",
        "",
    ),
    _topic(
        "phone", "予約|予約の電話|予約先",
        "予約できますか？|予約はできますか？|どうやって予約しますか？|予約したいです。|予約は必要ですか？|予約を取りたいのですが",
        "",
        "reservation|booking",
        "Can I book a table?|How can I make a reservation?|Do I need a reservation?|I want to book.|Can I reserve?",
        "",
    ),
    _topic(
        "person", "店名|お店の名前|店の名前",
        "お店の名前は？|お店の名前は何ですか？|何というお店ですか？|店の名前を教えて|店名は？|お店は何という名前ですか？",
        "",
        "shop name|name of the shop",
        "What is the name of the shop?|What is the shop called?|What's the shop's name?|name of the shop?",
        "",
    ),
    _topic(
        "code", "Wi-Fiのパスワード|パスワード|Wi-Fi",
        "Wi-Fiはありますか？|Wi-Fiは使えますか？|パスワードは？|Wi-Fiのパスワードを教えてください。|パスワードは何ですか？",
        "",
        "Wi-Fi password|password|Wi-Fi",
        "Is there Wi-Fi?|Do you have Wi-Fi?|What is the Wi-Fi password?|how do i use the wifi",
        "",
    ),
    _topic(
        "person", "作者|著者|書いた人",
        "誰が書きましたか？|書いたのは誰ですか？|これを書いた人は？|作者は誰ですか？|誰の作品ですか？",
        "{v}が書きました。",
        "author|writer",
        "Who wrote it?|Who wrote this?|Who is it by?|Who is the author?",
        "{v} wrote it.|It was written by {v}.",
    ),
    _topic(
        "number", "年齢|年",
        "何歳ですか？|いくつですか？|おいくつですか？|年はいくつ？",
        "",
        "age",
        "How old are you?|How old is it?|What is your age?|how old are you",
        "",
    ),
    _topic(
        "place", "出身|出身地|生まれ",
        "どこから来ましたか？|出身はどこですか？|どこの出身ですか？|どこで生まれましたか？|生まれはどこ？",
        "{v}から来ました。|{v}で生まれました。",
        "hometown|birthplace",
        "Where are you from?|Where do you come from?|Where were you born?",
        "",
    ),
    _topic(
        "thing", "好きな食べ物",
        "好きな食べ物は何ですか？|何を食べるのが好きですか？|好きな食べ物は？|何が好きですか？|どんな食べ物が好き？",
        "",
        "favourite food|favorite food",
        "What do you like to eat?|What food do you like?|What is your favourite food?|What's your favorite food?",
        "",
    ),
    _topic(
        "colour", "好きな色",
        "好きな色は何ですか？|何色が好きですか？|どの色が好き？|好きな色は？",
        "",
        "favourite colour|favorite color",
        "What colour do you like?|Which color do you like?|What is your favorite color?|What's your favourite colour?",
        "",
    ),
    _topic(
        "thing", "趣味|特技",
        "趣味は何ですか？|ひまなときは何をしますか？|休みの日は何をしますか？|何をするのが好きですか？|趣味は？",
        "",
        "hobby",
        "What do you do for fun?|What is your hobby?|What are your hobbies?|Do you have a hobby?",
        "",
    ),
)  # fmt: skip
