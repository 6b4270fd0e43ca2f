"""Tiny embedding models, made on the spot."""

from __future__ import annotations

from pathlib import Path

__all__ = ["make_embedder"]


def make_embedder(folder: Path, *, width: int = 32, layers: int = 2, length: int = 64) -> Path:
    """Writes a random model that reads characters, and gives its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    base = folder.parent / (folder.name + "-base")
    base.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)] + [chr(code) for code in range(0x3041, 0x30FF)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    (base / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(base / "vocab.txt"), model_max_length=length).save_pretrained(base)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=width, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=2 * width, max_position_embeddings=length,
    )  # fmt: skip
    BertModel(config).save_pretrained(base)
    SentenceTransformer(
        modules=[Transformer(str(base), max_seq_length=length), Pooling(width), Normalize()], device="cpu"
    ).save_pretrained(str(folder))
    return folder
