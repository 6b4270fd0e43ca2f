"""The words of the first steps, in English and Japanese."""

from __future__ import annotations

__all__ = ["TOUR_WORDS"]

#: Key -> English, Japanese.
TOUR_WORDS: dict[str, tuple[str, str]] = {
    "tour": ("First steps", "はじめての操作"),
    "tour_again": ("First steps", "はじめての操作"),
    "tour_close": ("Close; the menu ⋯ brings it back", "閉じる（メニュー ⋯ から再び開けます）"),
    "tour_step": ("{n} of {all}", "{n} / {all}"),
    "tour_next": ("Next", "次へ"),
    "tour_back": ("Back", "戻る"),
    "tour_end": ("Finish", "終わる"),
    "tour_working": ("Working…", "実行中…"),
    "tour_1": (
        "A prompt is a function: an instruction, with fields in braces. Give it an input and run it.",
        "プロンプトは関数です。指示文の波かっこの中が計算されます。入力を渡して実行してみましょう。",
    ),
    "tour_1_do": ("Ask the sample", "見本に尋ねる"),
    "tour_1_input": ("What is your name?", "お名前は？"),
    "tour_2": (
        "`{var['name_en']}` is a variable. Give it another value; every prompt that reads it follows.",
        "`{var.name}` は変数です。値を変えると、それを読むすべてのプロンプトに反映されます。",
    ),
    "tour_2_do": ("Change", "変更する"),
    "tour_2_label": ("Value of the variable", "変数の値"),
    "tour_3": (
        "“The model receives” shows the new text; its colour says where each part came from. Run it again.",
        "「モデルに渡る内容」に新しい値が入りました。色は出どころを表します。もう一度実行してみましょう。",
    ),
    "tour_3_do": ("Run again", "もう一度実行"),
    "tour_4": (
        "`rag('sample', input)` finds the passage of your documents that fits the input. This makes a library of one "
        "document and a prompt that asks it.",
        "`rag('見本', input)` は、入力に合う箇所を文書から探します。ライブラリと、それに尋ねるプロンプトを作ります。",
    ),
    "tour_4_do": ("Ask a document", "文書に尋ねる"),
    "tour_4_prompt": ("first_document", "はじめての文書"),
    "tour_4_instruction": (
        "Read the text and answer the question.\n\n{rag('sample', input)}\n",
        "次の文を読んで、質問に答えてください。\n\n{rag('見本', input)}\n",
    ),
    "tour_4_input": ("How long does the warranty last?", "保証期間はいつまでですか？"),
    "tour_5": (
        "The temperature decides how varied answers are. Here is the open prompt at 0 and at 1.5.",
        "温度は回答のばらつきを決めます。開いているプロンプトを 0 と 1.5 で比べます。",
    ),
    "tour_5_do": ("Compare", "比べる"),
    "tour_5_at": ("temperature {n}", "温度 {n}"),
    "tour_6": (
        "That is the way. Make your own with New; talk on the Chat tab; bring documents to the RAG tab; choose a model "
        "on the Models tab.",
        "以上です。「新規」で自分のプロンプトを作り、チャットで話し、RAG に文書を入れ、モデルを選んでみてください。",
    ),
}
