"""The words of the chat tab, in English and Japanese."""

from __future__ import annotations

__all__ = ["CHAT_WORDS"]

#: Key -> English, Japanese.
CHAT_WORDS: dict[str, tuple[str, str]] = {
    "tab_chat": ("Chat", "チャット"),
    # the list
    "chat_list": ("Conversations", "会話"),
    "chat_new_help": ("A new conversation", "新しい会話"),
    "chat_search": ("Search titles and messages", "題名と発言を検索"),
    "chat_none": ("None yet.", "まだありません。"),
    "chat_found_none": ("No conversation holds these words.", "あてはまる会話がありません。"),
    "chat_more": ("Show more", "さらに表示"),
    "chat_untitled": ("New conversation", "新しい会話"),
    "chat_rename": ("Rename", "名前を変える"),
    "chat_delete": ("Delete", "削除"),
    "chat_deleted": ("Deleted: {name}", "「{name}」を削除しました"),
    "chat_undo": ("Undo", "元に戻す"),
    "chat_is_branch": ("Branched off another conversation", "ほかの会話から分かれたもの"),
    # the conversation
    "chat_mode": ("Kind of chat", "チャットの種類"),
    "chat_talk": ("Talk", "会話"),
    "chat_single": ("Single question", "一問一答"),
    "chat_looks": ("How answers look", "回答の表示"),
    "chat_markdown": ("Formatted", "整形"),
    "chat_plain": ("Plain", "そのまま"),
    "chat_clear": ("Clear", "消去"),
    "chat_clear_help": ("Forget all turns of this conversation", "この会話の発言をすべて消します"),
    "chat_cleared": ("All turns were removed", "発言をすべて消しました"),
    "chat_turn_removed": ("The turn was removed", "やり取りを消しました"),
    "chat_turns": ("Turns of the conversation", "会話の発言"),
    "chat_earlier": ("Show earlier turns", "前の発言を表示"),
    "chat_changed": (
        "The conversation has gone on elsewhere; this is how it stands now.",
        "この会話はほかの場所で続いていました。いまの内容を表示しています。",
    ),
    "chat_you": ("You", "あなた"),
    "chat_hello": ("Talk with a prompt or a model", "プロンプトやモデルと話す"),
    "chat_help": (
        "Choose on the right what you talk with, and write below. What was said is sent again with each question; "
        "conversations are kept in `log/sessions`, and the Web API continues them by their `session`.",
        "話す相手は右の「設定」で選び、下に書いて送ります。それまでの発言も毎回いっしょに送られます。"
        "会話は `log/sessions` に残り、Web API からも `session` で続けられます。",
    ),
    "chat_single_help": (
        "Each question stands alone: nothing said before is sent with it, and nothing is kept.",
        "質問ごとに独立しています。前の発言は送られず、何も保存されません。",
    ),
    "chat_example": ("Try an example", "例を入れてみる"),
    "chat_example_text": ("My name is Taro. What is my name?", "私の名前は太郎です。私の名前は何ですか？"),
    "chat_unsent": ("not sent", "未送信"),
    "chat_unsent_help": (
        "Trimmed from the history: the newest answer was made without it",
        "履歴から削られたため、最新の回答には使われていません",
    ),
    "chat_unsent_line": (
        "The {n} messages above were not sent: the history was trimmed",
        "ここより上の {n} 件は、履歴が長いため送られていません",
    ),
    "chat_edit": ("Edit, and ask again", "書き直して聞く"),
    "chat_edit_help": (
        "What was said after it is kept as a branch.",
        "これより後のやり取りは、別の会話として残ります。",
    ),
    "chat_ask_again": ("Ask again", "聞き直す"),
    "chat_again": ("Answer anew", "回答を作り直す"),
    "chat_was_again": ("The answer is being replaced", "回答を作り直しています"),
    "chat_kept_branch": ("What came after is kept as a branch", "元の続きは別の会話として残しました"),
    "chat_open_branch": ("Open", "開く"),
    "chat_branch": ("Branch off here", "ここから枝分かれ"),
    "chat_remove": ("Remove this question and its answer", "この質問と回答を消す"),
    "chat_retry": ("Try again", "もう一度"),
    "chat_back": ("Edit the question", "質問を書き直す"),
    "chat_raw_aside": ("stands outside the conversation", "会話には含まれません"),
    # asking
    "chat_input": ("Write a message", "メッセージを書く"),
    "chat_send": ("Send", "送信"),
    "chat_send_help": ("Send (Enter; Shift+Enter breaks the line)", "送信（Enter。改行は Shift+Enter）"),
    # taking it elsewhere
    "chat_export": ("Export", "書き出し"),
    "chat_kind_markdown": ("Markdown", "Markdown"),
    "chat_kind_jsonl": ("JSON lines (OpenAI)", "JSON Lines（OpenAI 形式）"),
    "chat_kind_text": ("Text (user: / ai:)", "テキスト（user: / ai:）"),
    "chat_download": ("Download", "保存"),
    # settings
    "chat_settings": ("Settings", "設定"),
    "chat_close": ("Close", "閉じる"),
    "chat_with": ("Talk with", "話す相手"),
    "chat_bare": ("(a model alone)", "（モデルだけ）"),
    "chat_prompt_help": (
        "Its instruction is the system text. What is unset here is as the prompt has it.",
        "指示文がシステム文になります。未指定の項目はプロンプトの設定どおりです。",
    ),
    "chat_system": ("System text", "システム文"),
    "chat_system_empty": ("How the model should behave", "モデルのふるまい"),
    "chat_location_Local": ("This machine", "このマシン"),
    "chat_location_OpenAI": ("OpenAI-compatible server", "OpenAI 互換サーバー"),
}
