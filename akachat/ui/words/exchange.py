"""The words of import and export, in English and Japanese."""

from __future__ import annotations

__all__ = ["EXCHANGE_WORDS"]

#: Key -> English, Japanese.
EXCHANGE_WORDS: dict[str, tuple[str, str]] = {
    "import": ("Import…", "読み込み…"),
    "import_help": ("Make prompts from files of other programs", "ほかのアプリのファイルからプロンプトを作る"),
    "import_title": ("Import prompts", "プロンプトの読み込み"),
    "import_drop": ("Drop files or a zip here", "ここにファイルや zip をドロップ"),
    "import_choose": ("Choose files", "ファイルを選ぶ"),
    "import_kinds": (
        "akachat (.txt, .json, zip), Prompty, dotprompt, promptfoo, llm, Ollama Modelfile, character cards (PNG, "
        "JSON), OpenAI messages, GenerationConfig",
        "akachat（.txt・.json・zip）、Prompty、dotprompt、promptfoo、llm、Ollama の Modelfile、"
        "キャラクターカード（PNG・JSON）、OpenAI のメッセージ、GenerationConfig",
    ),
    "import_paste": ("Paste text instead", "文章を貼り付ける"),
    "import_text": ("Text of the file", "ファイルの中身"),
    "import_example": (
        "For example:\nFROM llama3.2\nSYSTEM You are a pirate.",
        "例:\nFROM llama3.2\nSYSTEM あなたは海賊です。",
    ),
    "import_format": ("Format", "形式"),
    "import_format_auto": ("Find out", "自動で見分ける"),
    "import_name": ("Prompt name", "プロンプトの名前"),
    "import_folder": ("Folder (optional)", "フォルダー（省略可）"),
    "import_replace": ("Replace the prompt of that name", "同じ名前のプロンプトを置きかえる"),
    "import_again": ("Other files", "別のファイル"),
    "import_reading": ("Reading…", "読んでいます…"),
    "import_kind_several_files": ("several files", "複数のファイル"),
    "import_kind_prompt": ("akachat's instruction", "akachat の指示文"),
    "import_kind_options": ("akachat's options", "akachat のオプション"),
    "import_kind_llm_template": ("llm template", "llm のテンプレート"),
    "import_kind_character_card": ("character card", "キャラクターカード"),
    "import_kind_character": ("character", "キャラクター"),
    "import_kind_messages": ("messages", "メッセージ"),
    "import_taken": ("There is a prompt `{name}` already.", "`{name}` というプロンプトがすでにあります。"),
    "import_blank": ("(empty)", "（空）"),
    "import_made": ("What will be made", "作られるもの"),
    "import_as": ("Read as: {kind}", "読み取った形式: {kind}"),
    "import_new": ("new", "新規"),
    "import_changes": ("replaces", "置きかえ"),
    "import_options": ("Options", "オプション"),
    "import_variables": ("Variables that are set with it", "一緒に設定する変数"),
    "import_reads": ("Still to be set as variables: {names}", "あとで設定が必要な変数: {names}"),
    "import_messages": ("{n} messages go to the stored conversation", "会話の履歴に {n} 件を追加します"),
    "import_inputs": ("Inputs stored in the file: {n}", "ファイルにある入力: {n} 件"),
    "import_left_out": ("Not carried over", "取り込めないもの"),
    "import_all": ("Everything is carried over.", "すべて取り込めます。"),
    "import_more": ("… and more", "… 以下略"),
    "import_empty": ("(no text of its own)", "（本文なし）"),
    "import_save": ("Import", "読み込む"),
    "import_large": ("The files are larger than 16 MB together.", "ファイルの合計が 16 MB を超えています。"),
    "imported": ("Imported: {names}", "読み込みました: {names}"),
    "export": ("Export…", "書き出し…"),
    "export_help": ("Save this prompt as a file for other programs", "このプロンプトをほかのアプリ用のファイルにする"),
    "export_title": ("Export {name}", "{name} の書き出し"),
    "export_format": ("Format", "形式"),
    "export_zip": ("zip", "zip"),
    "export_zip_help": (
        "Its two files, .txt and .json: for another akachat. Nothing is lost.",
        ".txt と .json の 2 つのファイル。ほかの akachat で、そのまま使えます。",
    ),
    "export_prompty": ("Prompty", "Prompty"),
    "export_prompty_help": (
        "One file with the instruction as a template.",
        "指示文をテンプレートにした 1 つのファイルです。",
    ),
    "export_promptfoo": ("promptfoo", "promptfoo"),
    "export_promptfoo_help": (
        "A configuration that asks this server for the prompt, so that all it can do works.",
        "このサーバーのプロンプトを呼ぶ設定です。プロンプトの機能がすべて働きます。",
    ),
    "export_left_out": ("Not in the file", "ファイルに入らないもの"),
    "export_all": ("The file says the same as the prompt.", "ファイルの内容はプロンプトと同じです。"),
    "export_dirty": ("The saved state is exported, without the unsaved changes.", "未保存の変更は含まれません。"),
    "export_unsaved": ("Save the prompt first.", "先にプロンプトを保存してください。"),
    "export_save": ("Download", "ダウンロード"),
    "exported": ("Exported: {name}", "書き出しました: {name}"),
}
