"""Sentence-transformers models made on the spot for measurements: real shapes, random weights, no download."""

from __future__ import annotations

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

__all__ = ["sentence_model"]


def sentence_model(folder: Path, *, width: int, layers: int, length: int = 512, vocabulary: int = 0) -> Path:
    """Writes a BERT that reads characters and takes the mean, the same each time, and gives its folder.

    A larger vocabulary is filled up with words that no text has: they cost what they cost to load.
    """
    base = folder.parent / f".{folder.name}-base"
    base.mkdir(parents=True)
    letters = [chr(code) for span in ((33, 127), (0x3001, 0x30FF), (0x4E00, 0x9FA0)) for code in range(*span)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters[:350])]
    words += [f"word{number}" for number in range(vocabulary - len(words))]
    (base / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(base / "vocab.txt"), model_max_length=length).save_pretrained(base)
    config = BertConfig(
        vocab_size=len(words), hidden_size=width, num_hidden_layers=layers, num_attention_heads=width // 32,
        intermediate_size=4 * width, max_position_embeddings=length,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(7)
        BertModel(config).save_pretrained(base)
    modules = [Transformer(str(base), max_seq_length=length), Pooling(width), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder))
    return folder
