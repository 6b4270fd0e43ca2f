"""The words of the messages tab, in English and Japanese."""

from __future__ import annotations

__all__ = ["MESSAGES_WORDS"]

#: Key -> English, Japanese.
MESSAGES_WORDS: dict[str, tuple[str, str]] = {
    "tab_messages": ("Messages", "メッセージ"),
    "msg_view": ("How they are shown", "表示のしかた"),
    "msg_table": ("Table", "表"),
    "msg_raw": ("Raw lines", "生の行"),
    "msg_counts": ("log/messages.jsonl: {n} lines, {size} MB", "log/messages.jsonl: {n} 行、{size} MB"),
    "msg_counts_broken": (
        "log/messages.jsonl: {n} lines, {size} MB; broken lines here: {broken}",
        "log/messages.jsonl: {n} 行、{size} MB。この中に壊れた行が {broken} 行あります",
    ),
    "msg_hole": (
        "These are the messages that `{msg(10)}` puts into an instruction. The prompt tab adds to them where “Add to "
        "the stored messages” is on.",
        "指示文の `{msg(10)}` で入る会話の記録です。プロンプトタブの「messages に記録する」をオンにすると、実行のたびに"
        "追加されます。",
    ),
    "msg_sample": ("Add a sample", "見本を追加"),
    "msg_sample_user": ("What is your name?", "お名前は？"),
    "msg_sample_assistant": ("I am Momo. Nice to meet you!", "モモです。よろしくね！"),
    "msg_older": ("Older", "前のメッセージ"),
    "msg_newer": ("Newer", "次のメッセージ"),
    "msg_newest": ("Newest", "最新"),
    "msg_role": ("Role", "役割"),
    "msg_content": ("What is said", "発言の内容"),
    "msg_line": ("The line as it stands", "行の内容"),
    "msg_broken": ("broken", "壊れた行"),
    "msg_extra": ("also holds {keys}", "ほかに {keys} があります"),
    "msg_edit": ("Edit", "編集"),
    "msg_edited": ("Line {n} is changed", "{n} 行目を変更しました"),
    "msg_deleted": ("Line {n} is deleted", "{n} 行目を削除しました"),
    "msg_add": ("Add a message", "メッセージを追加"),
    "msg_add_help": ("Add (Ctrl+Enter)", "追加 (Ctrl+Enter)"),
    "msg_lines": ("Newest lines", "最新の行数"),
    "msg_look": ("Show", "表示"),
    "msg_line_n": ("Line {n}", "{n} 行目"),
    "msg_raw_state": ("Lines {from} to {to}", "{from}〜{to} 行目"),
    "msg_raw_changed": ("Lines {from} to {to}, changed and not saved", "{from}〜{to} 行目（未保存の変更あり）"),
    "msg_raw_saved": ("Lines saved: {n}", "{n} 行を保存しました"),
    "msg_given": ("What msg(n) gives", "msg(n) で得られる内容"),
    "msg_given_limit": ("How many; 0 for all", "件数（0 はすべて）"),
    "msg_none": ("No messages.", "メッセージはありません。"),
    "msg_import": ("Import", "取り込む"),
    "msg_drop": ("Drop a .jsonl, .json or .txt file here", "ここに .jsonl・.json・.txt をドロップ"),
    "msg_import_text": (
        '{"role": "user", "content": "Hello"}\nor:\nuser: Hello\nai: Hi!',
        '{"role": "user", "content": "こんにちは"}\nまたは:\nuser: こんにちは\nai: こんにちは！',
    ),
    "msg_read": ("Messages found: {n}. The first ones:", "{n} 件のメッセージがあります。はじめの部分:"),
    "msg_import_append": ("Add at the end", "末尾に追加"),
    "msg_import_replace": ("Replace all", "すべて置き換える"),
    "msg_imported": ("Messages added: {n}", "{n} 件を追加しました"),
    "msg_replaced": (
        "Replaced by {n} messages. The old ones are kept under “Cleared before”.",
        "{n} 件に置き換えました。以前の内容は「以前に消去したもの」に残っています。",
    ),
    "msg_export": ("Save all as a .jsonl file", "すべてを .jsonl ファイルに保存"),
    "msg_clear": ("Clear…", "すべて消去…"),
    "msg_clear_title": ("Clear all messages?", "すべてのメッセージを消去しますか？"),
    "msg_clear_text": (
        "The file is kept beside (the last 20 are), and can be brought back.",
        "ファイルは横に残るので（直近 20 件まで）、あとから元に戻せます。",
    ),
    "msg_clear_now": ("Clear", "消去する"),
    "msg_cleared": ("All messages are cleared", "すべてのメッセージを消去しました"),
    "msg_kept": ("Cleared before", "以前に消去したもの"),
    "msg_kept_help": (
        "Brought back, they stand before what has been added since.",
        "元に戻すと、その後に追加したものの前に入ります。",
    ),
}
