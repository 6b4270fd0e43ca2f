"""The words for what is done with a prompt as a whole, and for its versions, in English and Japanese."""

from __future__ import annotations

__all__ = ["VERSIONS_WORDS"]

#: Key -> English, Japanese.
VERSIONS_WORDS: dict[str, tuple[str, str]] = {
    "more": ("More", "その他"),
    "close": ("Close", "閉じる"),
    "undo": ("Undo", "取り消す"),
    # the prompt as a whole
    "duplicate": ("Duplicate…", "複製…"),
    "duplicate_title": ("Duplicate {name}", "{name} を複製"),
    "duplicate_now": ("Duplicate", "複製する"),
    "duplicated": ("This is the duplicate, {name}", "複製した {name} を開きました"),
    "rename": ("Rename…", "名前を変更…"),
    "rename_title": ("Rename {name}", "{name} の名前を変更"),
    "rename_now": ("Rename", "変更する"),
    "renamed": ("It is now called {name}.", "名前を {name} に変えました。"),
    "renamed_used": (
        "It is now called {name}. The old name is still used in: {users}",
        "名前を {name} に変えました。前の名前を使っているプロンプト: {users}",
    ),
    "deleted_prompts": ("Deleted prompts…", "削除したプロンプト…"),
    "deleted_title": ("Deleted prompts", "削除したプロンプト"),
    "deleted_help": (
        "A prompt comes back as it last was, with all its versions.",
        "削除する直前の内容に、履歴ごと戻ります。",
    ),
    "deleted_about": ("{time}, {characters} characters", "{time}、{characters} 文字"),
    "deleted_back": ("Bring back", "戻す"),
    "deleted_none": ("None was deleted.", "削除したプロンプトはありません。"),
    "deleted_forget": ("Delete its versions for good", "履歴ごと完全に削除"),
    "deleted_forget_now": ("Delete for good", "完全に削除する"),
    "undeleted": ("{name} is back", "{name} を戻しました"),
    # its versions
    "versions": ("Versions…", "履歴…"),
    "versions_title": ("Versions of {name}", "{name} の履歴"),
    "versions_list": ("Versions, the newest first", "版の一覧（新しい順）"),
    "versions_loading": ("Reading…", "読み込み中…"),
    "versions_none": (
        "There are no versions yet. From now on every save keeps one, and you can come back to each.",
        "まだ履歴はありません。これからは保存のたびに残り、いつでもその内容に戻れます。",
    ),
    "versions_now": ("current", "現在"),
    "versions_editor": ("In the editor now", "いまの編集内容"),
    "versions_found": ("edited outside", "直接編集"),
    "versions_found_help": (
        "It stood in the file when it was about to be written over: edited by hand, or older than the versions",
        "上書きする前にファイルにあった内容です（直接編集されたもの、または履歴より前のもの）",
    ),
    "versions_view": ("What to show", "表示"),
    "versions_difference": ("Differences", "違い"),
    "versions_text": ("Whole text", "全文"),
    "versions_against": ("compared with", "比べる相手"),
    "versions_before": ("The one before, {time}", "一つ前（{time}）"),
    "versions_put": ("Restore", "この版に戻す"),
    "versions_put_help": (
        "Put this version into the editor; it counts when you save it",
        "この版を編集欄に入れます。保存するまで確定しません",
    ),
    "versions_done": ("The version of {time} is in the editor.", "{time} の版を編集欄に入れました。"),
    "versions_equal": ("Both say the same.", "違いはありません。"),
    "versions_older": ("Before", "前"),
    "versions_newer": ("After", "後"),
    "versions_unset": ("not set", "未設定"),
    "versions_gap": ("{count} lines that are the same", "同じ {count} 行"),
    "versions_gap_one": ("{count} line that is the same", "同じ {count} 行"),
    "versions_left_out": ("{count} more lines", "ほか {count} 行"),
}
