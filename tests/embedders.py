"""Tiny embedding models, made on the spot."""

from __future__ import annotations

from pathlib import Path

__all__ = ["make_embedder"]


def make_embedder(folder: Path) -> Path:
    """Writes a random model of two layers that reads characters, and gives its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    base = folder.parent / (folder.name + "-base")
    base.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)] + [chr(code) for code in range(0x3041, 0x30FF)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    (base / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(base / "vocab.txt"), model_max_length=64).save_pretrained(base)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(base)
    SentenceTransformer(
        modules=[Transformer(str(base), max_seq_length=64), Pooling(32), Normalize()], device="cpu"
    ).save_pretrained(str(folder))
    return folder
