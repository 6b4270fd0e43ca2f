"""The words of the instruction editor and of the tokens in the preview, in English and Japanese."""

from __future__ import annotations

__all__ = ["EDITOR_WORDS"]

#: Key -> English, Japanese. Those that begin with ``cm_`` are CodeMirror's own words; ``$`` is what it puts in.
EDITOR_WORDS: dict[str, tuple[str, str]] = {
    "value_empty": ("(empty)", "（空）"),
    # the tokens in the preview
    "view_tokens": ("Tokens", "トークン"),
    "tokens_ids": ("Show ids", "ID を表示"),
    "tokens_rest": ("… and {n} more", "…ほか {n} トークン"),
    "tokens_unknown": (
        "Which tokens the model makes of this is not known here.",
        "モデルがどのトークンに分けるかは、ここではわかりません。",
    ),
    # search, list of errors, announcements
    "cm_Completions": ("Completions", "入力候補"),
    "cm_Control_character": ("Control character", "制御文字"),
    "cm_Diagnostics": ("Errors", "エラー"),
    "cm_Find": ("Find", "検索"),
    "cm_Go_to_line": ("Go to line", "行へ移動"),
    "cm_No_diagnostics": ("No errors", "エラーはありません"),
    "cm_Replace": ("Replace", "置き換え"),
    "cm_Selection_deleted": ("Selection deleted", "選択範囲を削除しました"),
    "cm_all": ("all", "すべて選択"),
    "cm_by_word": ("by word", "単語単位"),
    "cm_close": ("close", "閉じる"),
    "cm_current_match": ("current match", "現在の一致"),
    "cm_go": ("go", "移動"),
    "cm_match_case": ("match case", "大文字と小文字を区別"),
    "cm_next": ("next", "次へ"),
    "cm_on_line": ("on line", "行:"),
    "cm_previous": ("previous", "前へ"),
    "cm_regexp": ("regexp", "正規表現"),
    "cm_replace": ("replace", "置き換える"),
    "cm_replace_all": ("replace all", "すべて置き換える"),
    "cm_replaced_matches": ("replaced $ matches", "$ 件を置き換えました"),
    "cm_replaced_match_on_line": ("replaced match on line $", "$ 行目を置き換えました"),
}
