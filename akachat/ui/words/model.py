"""The page's words about models: in memory, on their way, and how far."""

from __future__ import annotations

__all__ = ["MODEL_WORDS"]

#: key: (English, Japanese), as in ``text``.
MODEL_WORDS: dict[str, tuple[str, str]] = {
    "model_facts": ("{device} · {dtype} · {memory}", "{device}・{dtype}・{memory}"),
    "model_unloading": ("unloading…", "解放中…"),
    "model_failed": ("could not be loaded", "読み込めませんでした"),
    "model_details": ("Models in memory", "メモリー上のモデル"),
    "model_none": ("None yet.", "まだありません。"),
    "model_load": ("Load now", "読み込む"),
    "model_unload": ("Unload", "解放"),
    "model_unload_help": ("Unload {name}: frees its memory", "{name} を解放してメモリーを空けます"),
    "model_cancel": ("Cancel", "中止"),
    "model_cancel_help": ("Stop loading {name}", "{name} の読み込みを中止します"),
    "model_queue": ("{n} waiting", "待ち {n} 件"),
    "model_memory": ("{used} of {budget} in use", "使用中 {used} / {budget}"),
    "phase_loading": ("Loading the model…", "モデルの準備中…"),
    "stage_open": ("opening…", "準備中…"),
    "stage_download": ("downloading…", "ダウンロード中…"),
    "stage_download_part": ("downloading {n} %", "ダウンロード中 {n} %"),
    "stage_wait": ("waiting for room…", "空き待ち…"),
    "stage_read": ("loading…", "読み込み中…"),
    "stage_read_part": ("loading {n} %", "読み込み中 {n} %"),
    "stage_quantise": ("quantising…", "量子化中…"),
    "stage_quantise_part": ("quantising {n} %", "量子化中 {n} %"),
    "stage_move": ("moving to the device…", "デバイスへ転送中…"),
    "stage_bytes": ("{done} of {total}", "{done} / {total}"),
}
