"""The words of the report, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["words_in"]

_WORDS: dict[str, tuple[str, str]] = {
    "language": ("en", "ja"),
    "report": ("Batch", "バッチ"),
    "results": ("Results", "結果"),
    "statistics": ("Statistics", "統計"),
    "comparison": ("Compared with {base}", "{base} との比較"),
    "charts": ("Charts", "グラフ"),
    "case": ("Case", "ケース"),
    "column": ("Column", "列"),
    "all": ("All", "すべて"),
    "failed_only": ("Failed", "失敗のみ"),
    "different": ("Different", "差があるもの"),
    "search": ("Search", "検索"),
    "before": ("Previous", "前へ"),
    "after": ("Next", "次へ"),
    "open": ("Double click or Enter: all of it", "ダブルクリックか Enter で全文"),
    "passed": ("passed", "合格"),
    "not_passed": ("not passed", "不合格"),
    "failed": ("failed", "失敗"),
    "cancelled": ("cancelled", "中止"),
    "second": ("s", "秒"),
    "tokens": ("tokens", "トークン"),
    "cells": ("Cells", "セル数"),
    "pass_rate": ("Pass rate (95 %)", "合格率 (95 %)"),
    "score": ("Score", "スコア"),
    "score_interval": ("Mean score (95 %)", "平均スコア (95 %)"),
    "score_sd": ("SD", "標準偏差"),
    "repeat_sd": ("SD over repeats", "反復の標準偏差"),
    "seconds": ("seconds", "秒"),
    "seconds_p50": ("Seconds, median", "秒 (中央値)"),
    "seconds_p95": ("Seconds, 95th percentile", "秒 (95 パーセンタイル)"),
    "first_p50": ("First token, median", "最初のトークンまでの秒 (中央値)"),
    "tokens_per_second": ("Tokens/s", "トークン/秒"),
    "cost": ("Cost", "費用"),
    "cost_per_cell": ("Cost per call", "1 回の費用"),
    "temperature": ("Temperature", "温度 (temperature)"),
    "score_by_temperature": ("Score by temperature", "温度とスコア"),
    "latencies": ("Seconds per call", "1 回の秒数"),
    "cost_by_score": ("Cost and score", "費用とスコア"),
    "pairs": ("Pairs", "組数"),
    "outcome": ("Better / worse / same", "勝ち / 負け / 同じ"),
    "difference": ("Difference (95 %)", "差 (95 %)"),
    "p": ("p (Holm)", "p (Holm)"),
    "test": ("Test", "検定"),
    "verdict": ("Verdict", "判定"),
    "better": ("better", "良い"),
    "worse": ("worse", "悪い"),
    "no difference seen": ("no difference seen", "差は見られない"),
    "not enough data": (
        "not enough data: at least {needed} cases must differ",
        "データ不足: 少なくとも {needed} ケースに差が必要",
    ),
    "exact McNemar": ("exact McNemar", "マクネマー検定 (正確)"),
    "Wilcoxon signed-rank, exact": ("Wilcoxon signed-rank, exact", "ウィルコクソンの符号順位検定 (正確)"),
    "Wilcoxon signed-rank, normal approximation": (
        "Wilcoxon signed-rank, normal approximation",
        "ウィルコクソンの符号順位検定 (正規近似)",
    ),
    "needs_script": ("The table of results needs JavaScript.", "結果の表には JavaScript が必要です。"),
}


def words_in(language: str) -> Mapping[str, str]:
    """The words in a language, ``ja`` or else English."""
    return {name: both[language == "ja"] for name, both in _WORDS.items()}
