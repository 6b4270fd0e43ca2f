"""The chat's words in English and Japanese."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping

from akachat.ui.japanese import load_catalog

__all__ = ["HELP", "Words", "find_language"]

_WORDS: dict[str, tuple[str, str]] = {
    "model": ("Model Name", "モデル名"),
    "prompt": ("Prompt", "プロンプト"),
    "token": ("Access Token", "アクセストークン"),
    "source": ("Source Language", "入力の言語"),
    "target": ("Target Language", "出力の言語"),
    "options": ("Options", "オプション"),
    "none": ("None", "なし"),
    "loading": ("Loading model...", "モデルを読み込んでいます..."),
    "loaded": ("Loaded: {facts}", "読み込みました: {facts}"),
    "welcome": ("It's time to talk!", "さあ、話しましょう！"),
    "how": (
        "Type 'exit' to end the conversation, /help for what else there is.",
        "「exit」で終わります。/help でほかにできることを表示します。",
    ),
    "alone": (
        "This model takes each text by itself: it does not see the conversation.",
        "このモデルは入力を 1 つずつ処理します（会話の流れは見ません）。",
    ),
    "bye": ("See you!", "またね！"),
    "stopped": ("(stopped; /continue goes on)", "（停止しました。/continue で続きを書かせます）"),
    "cut": ("(/continue goes on)", "（/continue で続きを書かせます）"),
    "again": ("(Ctrl+C once more ends the chat)", "（もう一度 Ctrl+C で終わります）"),
    "thinking": ("(thinking…)", "（考えています…）"),
    "nothing": ("(no answer)", "（回答なし）"),
    "note": ("note", "メモ"),
    "error": ("error", "エラー"),
    "hint": ("hint", "ヒント"),
    "system": ("System text: {text}", "システム文: {text}"),
    "no_system": ("There is no system text.", "システム文はありません。"),
    "no_history": ("Nothing has been said yet.", "まだ何も話していません。"),
    "no_prompt": ("Nothing has been sent yet.", "まだ何も送っていません。"),
    "no_options": ("All options are at their defaults.", "オプションはすべて既定のままです。"),
    "cleared": ("The conversation is forgotten.", "会話を消しました。"),
    "undone": ("Taken back: {text}", "取り消しました: {text}"),
    "set": ("{name} = {value}", "{name} = {value}"),
    "unset": ("{name} is at its default again.", "{name} を既定に戻しました。"),
    "saved": ("Saved: {path}", "保存しました: {path}"),
    "unknown": (
        "There is no command {name}. To send it as a text, begin with a space.",
        "{name} というコマンドはありません。文として送るには先頭に空白を入れてください。",
    ),
    "meant": ("Did you mean {name}?", "{name} のことですか？"),
}

#: Command -> what may follow it, and what it does.
HELP: dict[str, tuple[str, str, str]] = {
    "/help": ("", "shows this", "この説明を表示"),
    "/history": ("", "shows the conversation", "会話を表示"),
    "/clear": ("", "forgets the conversation", "会話を消す"),
    "/undo": ("", "takes the last turn back", "最後のやりとりを取り消す"),
    "/retry": ("", "asks the last question again", "最後の質問をもう一度する"),
    "/continue": ("", "lets the model go on with its last answer", "最後の回答の続きを書かせる"),
    "/prompt": ("", "shows what the model received last", "最後にモデルに渡した内容を表示"),
    "/system": ("[TEXT|off]", "shows, sets or removes the system text", "システム文の表示・設定・削除（off）"),
    "/set": ("[OPTION [VALUE|null]]", "shows or changes options", "オプションの表示・変更"),
    "/model": ("NAME", "changes the model", "モデルを変える"),
    "/save": ("FILE", "saves the conversation (.json, or text)", "会話を保存（.json またはテキスト）"),
    "/exit": ("", "ends the chat, as exit and Ctrl+D do", "終了（exit、Ctrl+D でも）"),
}

_MORE = (
    (
        '"""      begins and ends a text of several lines',
        "\\       first character: raw. The text goes to the model as it stands, \\n is a line break",
        "Ctrl+C  stops an answer",
    ),
    (
        '"""      で始めて """ で終えると、複数行の文になります',
        "\\       で始めると生入力: そのままモデルに渡します（\\n は改行）",
        "Ctrl+C  で回答を止めます",
    ),
)


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self._index = 1 if language == "ja" else 0

    def __call__(self, key: str, **values: object) -> str:
        """A word or sentence, its holes filled."""
        word = _WORDS[key][self._index]
        return word.format(**values) if values else word

    def message(self, message: str) -> str:
        """What the core says, in the chat's language where that is known."""
        return load_catalog().japanese(message) if self._index else message

    def help(self) -> str:
        """What can be typed."""
        rows = [(f"{name} {what[0]}".rstrip(), what[1 + self._index]) for name, what in HELP.items()]
        width = max(len(left) for left, _ in rows)
        return "\n".join([*(f"{left:<{width}}  {right}" for left, right in rows), *_MORE[self._index]])


def find_language(chosen: str | None, settings: str, environ: Mapping[str, str] = os.environ) -> str:
    """``ja`` or ``en``: what was chosen, else the settings' language, else the terminal's."""
    if chosen or settings:
        return chosen or settings
    named = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "ja" if (named or locale.getlocale()[0] or "").lower().startswith("ja") else "en"
