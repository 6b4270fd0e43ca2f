"""The words of the RAG tab, in English and Japanese."""

from __future__ import annotations

__all__ = ["RAG_WORDS"]

#: Key -> English, Japanese.
RAG_WORDS: dict[str, tuple[str, str]] = {
    "tab_rag": ("RAG", "RAG"),
    "rag_libraries": ("Libraries", "ライブラリ"),
    "rag_new": ("New library", "新しいライブラリ"),
    "rag_new_name": ("Name, e.g. manual", "名前（例: 説明書）"),
    "rag_create": ("Create", "作成"),
    "rag_none": (
        "A library is a set of documents that `{rag('name', input)}` searches in an instruction.",
        "ライブラリは文書の集まりです。プロンプトの `{rag('名前', input)}` で検索できます。",
    ),
    "rag_sample": ("Make a sample and try it", "見本を作って試す"),
    "rag_sample_name": ("sample", "見本"),
    "rag_sample_query": ("How long is the warranty?", "保証はいつまで？"),
    "rag_sample_text": (
        "# AW-10 washing machine\n\n## Care\n\nWash the filter once a month in warm water.\n\n## Warranty\n\n"
        "The warranty lasts two years from the day of purchase.\n\n## Noise\n\nIt makes 38 decibels at night.\n",
        "# 洗濯機 AW-10\n\n## お手入れ\n\nフィルターは月に一度、ぬるま湯で洗ってください。\n\n## 保証\n\n"
        "保証期間はお買い上げの日から二年間です。\n\n## 運転音\n\n夜間の運転音は 38 デシベルです。\n",
    ),
    "rag_drop": ("Drop files, folders or a zip here", "ここにファイル・フォルダー・zip をドロップ"),
    "rag_choose": ("Choose files", "ファイルを選ぶ"),
    "rag_kinds": (
        "Text, Markdown, HTML, CSV, JSON, PDF, Word, PowerPoint, Excel, RTF, OpenDocument, EPUB, mail, notebooks,"
        " subtitles, source code",
        "テキスト、Markdown、HTML、CSV、JSON、PDF、Word、PowerPoint、Excel、RTF、OpenDocument、EPUB、メール、"
        "ノートブック、字幕、ソースコード",
    ),
    "rag_paste": ("Paste text", "文章を貼り付け"),
    "rag_paste_name": ("Name (optional)", "名前（省略可）"),
    "rag_text": ("Text", "文章"),
    "rag_url": ("https:// address of a page, a file or a zip", "ページ・ファイル・zip の https:// アドレス"),
    "rag_add": ("Add", "追加"),
    "rag_documents": ("Documents", "文書"),
    "rag_empty": ("No documents yet.", "文書はまだありません。"),
    "rag_counts": (
        "{files} documents, {passages} passages, {characters} characters",
        "文書 {files} 件、断片 {passages} 件、{characters} 文字",
    ),
    "rag_all": ("All", "すべて"),
    "rag_failed": ("Not readable", "読めないもの"),
    "rag_state_empty": ("empty", "空"),
    "rag_state_ready": ("ready", "検索できます"),
    "rag_state_indexing": ("indexing", "索引を作成中"),
    "rag_state_stale": ("work is left", "作業が残っています"),
    "rag_state_broken": ("broken", "壊れています"),
    "rag_status_ok": ("searchable", "検索可"),
    "rag_status_refused": ("refused", "拒否"),
    "rag_status_unreadable": ("unreadable", "読めません"),
    "rag_stage_upload": ("Uploading", "送信中"),
    "rag_stage_fetch": ("Fetching", "取得中"),
    "rag_stage_unpack": ("Unpacking", "展開中"),
    "rag_stage_read": ("Reading", "読み込み中"),
    "rag_stage_index": ("Indexing", "索引を作成中"),
    "rag_stage_load": ("Loading the model", "モデルを読み込み中"),
    "rag_stage_embed": ("Making vectors", "ベクトルを作成中"),
    "rag_stage_": ("Waiting", "待機中"),
    "rag_done": (
        "New or changed, and searchable: {good}.",
        "新しく、または変わって検索できるようになった文書: {good} 件",
    ),
    "rag_done_failed": (
        "New or changed, and searchable: {good}. Not taken: {failed}.",
        "新しく、または変わって検索できるようになった文書: {good} 件。取りこめなかったもの: {failed} 件。",
    ),
    "rag_cancelled": ("Cancelled. What was there before is unchanged.", "取り消しました。以前の内容はそのままです。"),
    "rag_charset": ("Charset", "文字コード"),
    "rag_charset_auto": ("auto", "自動"),
    "rag_characters": ("{count} characters", "{count} 文字"),
    "rag_delete_file": ("Delete this document", "この文書を削除"),
    "rag_delete": ("Delete the library", "ライブラリを削除"),
    "rag_passages": ("Passages of {file}", "{file} の断片"),
    "rag_previous": ("Previous", "前へ"),
    "rag_next": ("Next", "次へ"),
    "rag_try": ("Try a query", "検索を試す"),
    "rag_query": ("What are you looking for?", "何を探しますか？"),
    "rag_search": ("Search", "検索"),
    "rag_k": ("Passages", "件数"),
    "rag_mode": ("Search by", "検索方法"),
    "rag_mode_": ("as set", "設定どおり"),
    "rag_mode_auto": ("auto", "自動"),
    "rag_mode_keyword": ("keywords", "キーワード"),
    "rag_mode_semantic": ("meaning", "意味"),
    "rag_mode_hybrid": ("both", "両方"),
    "rag_no_hits": ("Nothing in it has to do with the query.", "あてはまるものがありません。"),
    "rag_hit_keyword": ("keywords: no. {rank}", "キーワード {rank} 位"),
    "rag_hit_semantic": ("meaning: no. {rank}", "意味 {rank} 位"),
    "rag_score": ("score {score}", "スコア {score}"),
    "rag_took": ("{ms} ms", "{ms} ミリ秒"),
    "rag_copy": ("Copy the call", "呼び出しをコピー"),
    "rag_copied": ("Copied", "コピーしました"),
    "rag_settings": ("Settings", "設定"),
    "rag_model": ("Embedding model", "埋め込みモデル"),
    "rag_model_help": (
        "Keywords find words, not other words for the same. With a sentence-transformers model, such as "
        "intfloat/multilingual-e5-small, meanings are found too; it is downloaded once.",
        "キーワード検索は言葉そのものを探すので、言い換えは見つかりません。sentence-transformers のモデル"
        "（intfloat/multilingual-e5-small など）を指定すると意味でも探せます。最初に一度だけダウンロードします。",
    ),
    "rag_size": ("Characters of a passage", "断片の文字数"),
    "rag_overlap": ("Overlap", "重なり"),
    "rag_apply": ("Save and update", "保存して更新"),
}
