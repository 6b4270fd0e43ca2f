"""The words of the VarN tab, in English and Japanese."""

from __future__ import annotations

__all__ = ["PAD_WORDS"]

#: Key -> English, Japanese.
PAD_WORDS: dict[str, tuple[str, str]] = {
    "tab_pad": ("VarN", "VarN"),
    "pad_about": (
        "A scratch pad. Each field is an instruction and may hold the others: `{var2}` inside var1.",
        "下書き帳です。各欄は指示文で、ほかの欄を埋め込めます。var1 の中に `{var2}` と書きます。",
    ),
    "pad_example": ("Try an example", "例を入れてみる"),
    "pad_example_1": ("Translate into {var2}: {input}", "{var2}で挨拶してください。相手: {input}"),
    "pad_example_2": (
        "{iif(len(input) > 20, 'simple words', 'polite words')}",
        "{iif(len(input) > 20, '短い言葉', '丁寧な言葉')}",
    ),
    "pad_example_input": ("Good morning", "山田さん"),
    "pad_save": ("Save", "保存"),
    "pad_save_help": ("Save all fields to var/varn.json (Ctrl+S)", "すべての欄を var/varn.json に保存 (Ctrl+S)"),
    "pad_saved": ("Saved", "保存しました"),
    "pad_load": ("Load JSON…", "JSON を読み込む…"),
    "pad_download": ("Download JSON", "JSON をダウンロード"),
    "pad_revert": ("Revert", "元に戻す"),
    "pad_input": ("Input, read as {input}", "入力（{input} で読めます）"),
    "pad_options": ("Run with the options of", "実行に使うオプション"),
    "pad_options_none": ("the embedded model", "同梱モデル"),
    "pad_run": ("Run", "実行"),
    "pad_run_help": ("Ask the model this field (Ctrl+Enter)", "この欄でモデルに尋ねる (Ctrl+Enter)"),
    "pad_stop": ("Stop", "停止"),
    "pad_result": ("becomes", "展開結果"),
    "pad_answer": ("answer", "回答"),
    "pad_answer_facts": ("{model}, {s} s", "{model}・{s} 秒"),
    "pad_running": ("Running…", "実行中…"),
    "pad_wrong_file": (
        "This file is no JSON object of var1 to var10.",
        "このファイルは var1〜var10 の JSON オブジェクトではありません。",
    ),
}
