"""The words of the log tab, in English and Japanese."""

from __future__ import annotations

__all__ = ["LOG_WORDS"]

#: Key -> English, Japanese.
LOG_WORDS: dict[str, tuple[str, str]] = {
    "tab_log": ("Log", "ログ"),
    "log_text": ("Words in input, answer, instruction…", "入力・回答・指示文などの言葉"),
    "log_prompt": ("Prompt", "プロンプト"),
    "log_no_prompt": ("(no saved prompt)", "（保存名なし）"),
    "log_model": ("Model", "モデル"),
    "log_source": ("Asked by", "呼び出し元"),
    "log_source_": ("Asked by: all", "呼び出し元: すべて"),
    "log_source_page": ("page", "画面"),
    "log_source_api": ("API", "API"),
    "log_source_cli": ("command line", "コマンド"),
    "log_source_python": ("Python", "Python"),
    "log_source_llm": ("llm()", "llm()"),
    "log_outcome": ("Outcome", "結果"),
    "log_outcome_": ("Outcome: all", "結果: すべて"),
    "log_outcome_done": ("answered", "回答あり"),
    "log_outcome_stop": ("ended by itself", "自然終了"),
    "log_outcome_length": ("cut at the limit", "上限で打ち切り"),
    "log_outcome_tool_calls": ("asks for functions", "関数呼び出し待ち"),
    "log_outcome_content_filter": ("held back", "フィルターで中断"),
    "log_outcome_cancelled": ("stopped", "停止"),
    "log_outcome_error": ("failed", "失敗"),
    "log_since": ("From this day", "この日から"),
    "log_until": ("To this day", "この日まで"),
    "log_nested": ("also called by other runs", "呼び出された実行も"),
    "log_refresh": ("Look for new runs", "新しい実行を見る"),
    "log_none": (
        "Nothing has run yet. Press Run in the prompt tab, or call the Web API: `POST /api/llm/main`.",
        "まだ何も実行されていません。プロンプトタブで実行するか、Web API（`POST /api/llm/main`）を呼び出してください。",
    ),
    "log_far": (
        "{n} runs; searched {size} MB back to {to}.",
        "{n} 件。{size} MB を検索し、{to} までさかのぼりました。",
    ),
    "log_all": ("{n} runs; all of the log ({size} MB) is searched.", "{n} 件。ログ全体（{size} MB）を検索しました。"),
    "log_further": ("Search further", "さらにさかのぼる"),
    "log_off": (
        "Runs are not kept now: the setting journal.enabled is false.",
        "いまは実行を記録していません（設定の journal.enabled が false です）。",
    ),
    "log_dropped": (
        "{n} runs were too many or too large at once to be kept.",
        "{n} 件は一度に多すぎたか大きすぎたため、記録されていません。",
    ),
    "log_keeps": (
        "Kept in log/runs/ for {days} days, at most {size} MB. Keys are never written.",
        "log/runs/ に {days} 日間、合計 {size} MB まで残ります。キーは書き込まれません。",
    ),
    "log_hole": (
        "Choose a run: everything that went in and came out is shown here, and it can be asked again with another "
        "version of the prompt or another model.",
        "実行を選ぶと、入出力のすべてがここに表示されます。同じ質問を、別の版のプロンプトや別のモデルで試すこともできます。",
    ),
    "log_time": ("Time", "日時"),
    "log_tokens": ("Tokens", "トークン"),
    "log_tokens_value": ("{prompt} in, {answer} out", "入力 {prompt}、出力 {answer}"),
    "log_seconds": ("Duration", "所要時間"),
    "log_parent": ("Open the run that called it", "呼び出し元の実行を開く"),
    "log_child": ("Open the run that was called", "呼び出した先の実行を開く"),
    "log_to_prompt": ("Open in the prompt tab", "プロンプトタブで開く"),
    "log_to_prompt_help": (
        "Instruction, options, input and conversation as they were, as an unsaved edit",
        "このときの指示文・オプション・入力・会話を、未保存の編集として開く",
    ),
    "log_instruction": ("Instruction", "指示文"),
    "log_rendered": ("Rendered text", "評価後のテキスト"),
    "log_messages": ("Messages that the model received", "モデルに渡したメッセージ"),
    "log_variables": ("Variables of this call", "この呼び出しだけの変数"),
    "log_cut": ("What was trimmed", "削った履歴"),
    "log_whole": ("All that is kept, as JSON", "記録のすべて (JSON)"),
    "log_replay": ("Ask again", "もう一度たずねる"),
    "log_replay_help": (
        "The same input, conversation and variables of the call. Workspace variables, libraries and other prompts are "
        "as they are now.",
        "入力・会話・呼び出し時の変数は当時のままです。ワークスペースの変数、ライブラリ、ほかのプロンプトは現在の内容を使います。",
    ),
    "log_version": ("Version", "版"),
    "log_as_logged": ("as it was then", "当時の指示文とオプション"),
    "log_saved_now": ("{name}, as saved now", "{name}（現在の保存内容）"),
    "log_new_model": ("Another model (optional)", "別のモデル（省略可）"),
    "log_again": ("Ask again", "もう一度"),
    "log_again_help": ("Ask again (Ctrl+Enter)", "もう一度たずねる (Ctrl+Enter)"),
    "log_now": ("now", "今回"),
    "log_same": ("Both answers are the same.", "2 つの回答は同じです。"),
    "log_differs": ("The answers differ.", "回答に違いがあります。"),
    "log_masked": (
        "The log hides a key in this question, so that what was asked is not quite the same.",
        "この質問に含まれるキーはログで伏せられているため、まったく同じ質問ではありません。",
    ),
    "log_delete": ("Delete…", "削除…"),
    "log_delete_title": ("Delete the log?", "ログを削除しますか？"),
    "log_delete_which": ("Which part", "削除する範囲"),
    "log_every_day": ("all days", "すべての日"),
    "log_delete_text": (
        "Files of log/runs/ are removed from disk. This cannot be undone.",
        "log/runs/ のファイルをディスクから削除します。元に戻せません。",
    ),
    "log_deleted": ("{size} MB of the log are deleted", "ログを {size} MB 削除しました"),
    "open_draft_title": ("Replace the unsaved new prompt?", "未保存の新しいプロンプトを置き換えますか？"),
    "open_draft_text": (
        "The prompt tab holds a new prompt that was never saved. It would be replaced.",
        "プロンプトタブに、まだ保存していない新しいプロンプトがあります。開くと置き換わります。",
    ),
    "open_draft_now": ("Replace", "置き換える"),
}
