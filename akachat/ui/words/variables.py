"""The words of the variables tab, and those that all tabs of kept things share, in English and Japanese."""

from __future__ import annotations

__all__ = ["VARIABLES_WORDS"]

#: Key -> English, Japanese.
VARIABLES_WORDS: dict[str, tuple[str, str]] = {
    # shared
    "rec_undo": ("Undo", "元に戻す"),
    "rec_close": ("Close", "閉じる"),
    "rec_export": ("Export", "書き出す"),
    "rec_restore": ("Bring back", "元に戻す"),
    "rec_deleted": ("Recently deleted", "最近削除したもの"),
    "rec_deleted_none": ("Nothing. The last 20 deletions are kept.", "ありません。直近の 20 件まで残ります。"),
    "rec_nothing": ("Nothing matches.", "あてはまるものがありません。"),
    # the tab
    "tab_variables": ("Variables", "変数"),
    "var_search": ("Search keys and values", "名前と内容を検索"),
    "var_new": ("New variable", "新しい変数"),
    "var_export": ("Export all as one JSON file", "すべてを 1 つの JSON ファイルに書き出す"),
    "var_used": ("used by {n}", "プロンプト {n} 件"),
    "var_empty_value": ("(empty)", "（空）"),
    "var_none": ("No variables yet.", "変数はまだありません。"),
    "var_more": (
        "{shown} of {of} are shown: search for the others.",
        "{of} 件のうち {shown} 件を表示しています。残りは検索してください。",
    ),
    "var_hole": (
        "A variable is a text with a name. Write `{var.name}` in an instruction, and its text stands there: change it "
        "once, and every prompt follows. Choose one on the left, or make one.",
        "変数は名前を付けたテキストです。指示文に `{var.name}` と書くと、そこに中身が入ります。1 か所を変えれば、"
        "使っているすべてのプロンプトに反映されます。一覧から選ぶか、新しく作ってください。",
    ),
    "var_sample": ("Make a sample", "見本を作る"),
    "var_sample_key": ("greeting", "あいさつ"),
    "var_sample_value": ("Nice to meet you! I am Momo.", "はじめまして、モモです。"),
    "var_key": ("Name, e.g. name or people/name", "名前（例: name、人物/名前）"),
    "var_value": ("Text", "内容"),
    "var_copy": ("Copy how it is written in an instruction", "指示文での書き方をコピー"),
    "var_used_by": ("Used by:", "使っているプロンプト:"),
    "var_open_prompt": ("Open {name} in the prompt tab", "{name} をプロンプトタブで開く"),
    "var_unused": (
        "No prompt uses it. Write `{code}` in an instruction.",
        "使っているプロンプトはありません。指示文に `{code}` と書くと使えます。",
    ),
    "var_length": ("{n} characters", "{n} 文字"),
    "var_rename": ("Rename…", "名前を変更…"),
    "var_rename_title": ("Rename the variable", "変数の名前を変更"),
    "var_renamed_used": (
        "Renamed. These prompts still say {key}: {prompts}",
        "名前を変更しました。次のプロンプトは {key} のままです: {prompts}",
    ),
    "var_delete": ("Delete this variable", "この変数を削除"),
    "var_exists": (
        "There is a variable {key} already: choose another name, or open it.",
        "変数 {key} はすでにあります。別の名前にするか、一覧から開いてください。",
    ),
    "var_draft_old": (
        "Your unsaved changes are back; the saved text has changed since",
        "保存前の編集内容を復元しました（保存済みの内容はその後変わっています）",
    ),
    # many at once
    "var_many": ("Many at once", "まとめて追加"),
    "var_drop": ("Drop a folder of .txt files, JSON or CSV here", "ここに .txt のフォルダー・JSON・CSV をドロップ"),
    "var_folder": ("Choose a folder", "フォルダーを選ぶ"),
    "var_many_text": (
        '{"name": "Momo", "mood": "cheerful"}\nor rows:\nname,Momo\nmood,cheerful',
        '{"name": "モモ", "mood": "明るい"}\nまたは 1 行に 1 つ:\nname,モモ\nmood,明るい',
    ),
    "var_look": ("See what changes", "変更点を確認"),
    "var_counts": (
        "New: {fresh}. Changed: {changed}. Same: {same}. Refused: {refused}.",
        "新規 {fresh} 件、変更 {changed} 件、同じ内容 {same} 件、使えない名前 {refused} 件",
    ),
    "var_kind_new": ("new", "新規"),
    "var_kind_changed": ("changed", "変更"),
    "var_kind_same": ("same", "同じ"),
    "var_kind_refused": ("refused", "不可"),
    "var_write": ("Write these", "書き込む"),
    "var_wrote": ("Variables written: {n}", "変数を {n} 件書き込みました"),
}
