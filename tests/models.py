"""Tiny models made on the spot: real weights, tokenizer and chat template, in under a second and without a download."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
#: As Gemma's: no system, strict turns.
NO_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
#: As many older ones: a system text is read in the first place only, and silently dropped elsewhere.
SYSTEM_FIRST = (
    "{% if messages[0].role == 'system' %}<|im_start|>system\n{{ messages[0].content }}<|im_end|>\n{% endif %}"
    "{% for m in messages if m.role != 'system' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|bos|>", "<|im_end|>", "<|im_start|>", "<|pad|>")


def make_tokenizer(template: str | None = CHATML) -> Any:
    """A byte-level tokenizer whose 260 tokens are the bytes and the special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: id for id, token in enumerate([*SPECIAL, *alphabet])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    # As most: a text by itself begins with the begin token, unless special tokens are not asked for.
    raw.post_processor = processors.TemplateProcessing(single="<|bos|> $A", special_tokens=[("<|bos|>", 0)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|bos|>",
        eos_token="<|im_end|>",
        pad_token="<|pad|>",
        additional_special_tokens=["<|im_start|>"],
    )
    tokenizer.chat_template = template
    return tokenizer


def make_model(
    folder: Path, *, template: str | None = CHATML, context: int = 512, layers: int = 2, **generation: Any
) -> Path:
    """Saves a tiny Llama with random weights that are the same each time; ``generation`` is its generation_config."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(template)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=3,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=1, pad_token_id=3, **generation)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_parrot(folder: Path, text: str, *, again: bool = False, context: int = 8192, start: str = "\n") -> Path:
    """Saves a model that answers every chatml prompt with ``text``, byte by byte, and then ends (or begins again).

    What makes it speak is that the prompt ends with ``start``.

    Attention and feed-forward are zero, so each token alone decides the next: no byte may occur twice in the text.
    """
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    line, said = (tokenizer(part, add_special_tokens=False)["input_ids"] for part in (start, text))
    assert len(set(said)) == len(said), "a byte occurs twice"
    path = [*line, *said, said[0] if again else tokenizer.eos_token_id]
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=272,
        intermediate_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=context,
        eos_token_id=1,
        pad_token_id=3,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(tokenizer), 272))
        model.lm_head.weight.zero_()
        for token, following in pairwise(path):
            model.lm_head.weight[following, token] = 10.0
    model.generation_config = GenerationConfig(eos_token_id=1, pad_token_id=3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
