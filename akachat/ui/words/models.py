"""The words of the models tab, in English and Japanese."""

from __future__ import annotations

__all__ = ["MODELS_WORDS"]

#: Key -> English, Japanese.
MODELS_WORDS: dict[str, tuple[str, str]] = {
    "tab_models": ("Models", "モデル"),
    "models_memory": ("In memory", "メモリー上"),
    "models_disk": ("On this disk", "このディスク上"),
    "models_disk_none": (
        "Nothing has been downloaded yet. Pick one below, or name any model of Hugging Face.",
        "まだ何もダウンロードしていません。下の一覧から選ぶか、Hugging Face のモデル名を書いてください。",
    ),
    "models_any": ("Any other model", "そのほかのモデル"),
    "models_any_about": (
        "A name of Hugging Face such as `Qwen/Qwen3-0.6B`, a folder, or a file in the workspace's `models/`.",
        "`Qwen/Qwen3-0.6B` のような Hugging Face の名前、フォルダー、またはワークスペースの `models/` の中のファイル。",
    ),
    "models_name": ("Name or folder", "名前またはフォルダー"),
    "models_revision": ("Revision (optional)", "リビジョン（省略可）"),
    "models_dtype": ("Number format", "数値の形式"),
    "models_dtype_auto": ("best for this machine", "このマシンに最適"),
    "models_known": ("Known models", "知っているモデル"),
    "models_filter": ("Filter, e.g. japanese 1B lora", "絞り込み（例: 日本語 1B lora）"),
    "models_only_japanese": ("Japanese only", "日本語のみ"),
    "models_shown": ("{n} of {all}", "{n} / {all} 件"),
    "models_more": ("Show all", "すべて表示"),
    "models_fit_none": (
        "No known model matches; any name can be tried above.",
        "一致するモデルがありません。上の欄に名前を書いて試せます。",
    ),
    "models_download": ("Download", "ダウンロード"),
    "models_load": ("Load", "読み込む"),
    "models_use": ("Use in the prompt", "プロンプトで使う"),
    "models_free": ("{free} free", "空き {free}"),
    "models_parameters": ("{n} parameters", "パラメーター {n}"),
    "models_context": ("context {n}", "文脈長 {n}"),
    "models_adapters": ("LoRA: {names}", "LoRA: {names}"),
}
