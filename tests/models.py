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


# encoder-decoder models

#: What the tiny translators can say, a character a token.
LETTERS = "abcdefghijklmnopqrstuvwxyzあいうえお今日は猫 .,:?!"


def make_t5(folder: Path, *, context: int = 512, **config: Any) -> Path:
    """Saves a tiny T5 whose vocabulary is characters; ``config`` may hold ``task_specific_params``."""
    import torch
    from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration, T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(letter, -3.0) for letter in LETTERS if letter != " "] + [("to", -2.5), ("▁the", -2.5)]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=4)
    made = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        n_positions=context,
        decoder_start_token_id=0,
        **config,
    )
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = T5ForConditionalGeneration(made)
        torch.nn.init.normal_(model.shared.weight, std=1.0)
    silent = [0, 1, 2, *tokenizer.convert_tokens_to_ids([f"<extra_id_{i}>" for i in range(4)])]
    model.generation_config = GenerationConfig(
        decoder_start_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
        bad_words_ids=[[id] for id in silent],
        no_repeat_ngram_size=2,
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_nllb(folder: Path, *, seed: int = 3, **generation: Any) -> Path:
    """Saves a tiny M2M100 with NLLB's tokenizer: every language is a token."""
    from transformers import NllbTokenizer

    letters = ["▁", *(letter for letter in LETTERS if letter != " ")]
    names = ("<s>", "<pad>", "</s>", "<unk>", *letters)
    tokenizer = NllbTokenizer(vocab={token: id for id, token in enumerate(names)}, merges=[])
    return _save_translator(folder, tokenizer, seed, **generation)


def make_m2m(folder: Path) -> Path:
    """Saves a tiny M2M100 with its own tokenizer, which is written in Python around sentencepiece."""
    import json

    from transformers import M2M100Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    spm = _make_sentencepiece(folder)
    letters = ["▁", *(letter for letter in LETTERS if letter != " ")]
    vocabulary = {token: id for id, token in enumerate(("<s>", "<pad>", "</s>", "<unk>", *letters))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    tokenizer = M2M100Tokenizer(str(folder / "vocab.json"), str(spm))
    return _save_translator(folder, tokenizer, 4)


def _make_sentencepiece(folder: Path, name: str = "sentencepiece.bpe.model") -> Path:
    import io

    import sentencepiece

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([LETTERS, *(f"{a} {b}" for a, b in pairwise(LETTERS))] * 3),
        model_writer=out,
        model_type="char",
        vocab_size=len(set(LETTERS)) + 3,
        character_coverage=1.0,
        pad_id=-1,
        hard_vocab_limit=False,
        minloglevel=9,
    )
    (folder / name).write_bytes(out.getvalue())
    return folder / name


def _save_translator(folder: Path, tokenizer: Any, seed: int, **generation: Any) -> Path:
    import torch
    from transformers import GenerationConfig, M2M100Config, M2M100ForConditionalGeneration

    size = max(len(tokenizer), max(getattr(tokenizer, "lang_token_to_id", {"": 0}).values()) + 1)
    config = M2M100Config(
        vocab_size=size,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=128,
        decoder_start_token_id=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = M2M100ForConditionalGeneration(config)
        torch.nn.init.normal_(model.model.shared.weight, std=1.0)
    spoken = {*range(4, 4 + len(LETTERS))}
    values = {
        "decoder_start_token_id": 2,
        "eos_token_id": 2,
        "pad_token_id": 1,
        "max_length": 40,
        "bad_words_ids": [[id] for id in range(size) if id not in spoken],
        "no_repeat_ngram_size": 2,
        **generation,
    }
    model.generation_config = GenerationConfig(**values)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


# other shapes of causal models


def make_neox(folder: Path) -> Path:
    """Saves a tiny GPT-NeoX."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return _save_causal(folder, GPTNeoXForCausalLM, GPTNeoXConfig)


def make_qwen(folder: Path) -> Path:
    """Saves a tiny Qwen3."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return _save_causal(folder, Qwen3ForCausalLM, Qwen3Config, num_key_value_heads=2, head_dim=8)


def _save_causal(folder: Path, model: Any, config: Any, tokenizer: Any = None, **values: Any) -> Path:
    import torch

    tokenizer = tokenizer or make_tokenizer()
    made = config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=3,
        **values,
    )
    with torch.random.fork_rng():
        torch.manual_seed(9)
        model(made).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_llama_spm(folder: Path) -> Path:
    """Saves a tiny Llama whose tokenizer is a sentencepiece model, as those of Llama 2 and rinna are."""
    import json

    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    _make_sentencepiece(folder, "tokenizer.model")
    tokens = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "LlamaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    _save_causal(folder, LlamaForCausalLM, LlamaConfig, tokenizer)
    return folder


def make_lora(folder: Path, model: Path) -> Path:
    """Saves a LoRA adapter with random weights for a causal model's attention."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(5)
        config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
        get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(str(folder))
    return folder
