"""GGUF files made on the spot from models of transformers, so that both can be asked the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.models import make_tokenizer

#: A merge that no text meets: the format wants at least one.
_IDLE_MERGE = "\u0119 \u0119"


def write_gguf(model: Path, path: Path, form: str = "F32", **values: Any) -> Path:
    """Writes a saved Llama or LFM2 with a byte-level tokenizer as one file.

    Args:
        model: its folder.
        path: the file to write.
        form: the number format of the matrices: ``F32``, ``F16``, ``Q8_0``, …
        values: texts and numbers for the metadata; dots in their names are written as two underscores.
    """
    import gguf

    config = json.loads((model / "config.json").read_text("utf-8"))
    kind = {"llama": gguf.MODEL_ARCH.LLAMA, "lfm2": gguf.MODEL_ARCH.LFM2}[config["model_type"]]
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[kind])
    _add_shape(writer, config)
    _add_tokenizer(writer, model, config)
    for name, value in values.items():
        _add(writer, name.replace("__", "."), value)
    _add_weights(writer, model, config, kind, getattr(gguf.GGMLQuantizationType, form))
    return _written(writer, path)


def write_lora(folder: Path, path: Path, base: Path) -> Path:
    """Writes a LoRA adapter that peft has saved; ``base`` is the folder of its model."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((base / "config.json").read_text("utf-8"))
    settings = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(settings["lora_alpha"]))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, data in sorted(load_file(folder / "adapter_model.safetensors").items()):
        layer, _, part = name.removeprefix("base_model.model.").rpartition(".lora_")
        own = names.get_name(layer)
        assert own is not None, name
        if part.startswith("B"):
            data = _permuted(layer, data, config)
        writer.add_tensor(f"{own}.weight.lora_{part[0].lower()}", data)
    return _written(writer, path)


def _written(writer: Any, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: Any, name: str, value: Any) -> None:
    adders = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
    adders[type(value)](name, value)


def _add_shape(writer: Any, config: Mapping[str, Any]) -> None:
    heads = config["num_attention_heads"]
    attention = [kind == "full_attention" for kind in config.get("layer_types") or []]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_vocab_size(config["vocab_size"])
    if config["model_type"] == "lfm2":
        writer.add_head_count_kv([config["num_key_value_heads"] if each else 0 for each in attention])
        writer.add_shortconv_l_cache(config["conv_L_cache"])
        writer.add_layer_norm_rms_eps(config["norm_eps"])
    else:
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def _add_tokenizer(writer: Any, model: Path, config: Mapping[str, Any]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    raw = json.loads(tokenizer._tokenizer.to_str())
    known = {**raw["model"]["vocab"], **{each["content"]: each["id"] for each in raw["added_tokens"]}}
    special = {each["id"] for each in raw["added_tokens"]}
    tokens = {id: token for token, id in known.items()}
    ids = range(config["vocab_size"])
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in raw["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([tokens.get(id, f"[unused{id}]") for id in ids])
    writer.add_token_types([3 if id in special else 1 if id in tokens else 5 for id in ids])
    writer.add_token_merges(merges or [_IDLE_MERGE])
    for name in ("bos", "eos", "pad"):
        id = getattr(tokenizer, f"{name}_token_id")
        if id is not None:
            getattr(writer, f"add_{name}_token_id")(id)
    writer.add_add_bos_token(bool(tokenizer("")["input_ids"]))
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _add_weights(writer: Any, model: Path, config: Mapping[str, Any], kind: Any, form: Any) -> None:
    import gguf
    from safetensors.torch import load_file

    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    for name, tensor in sorted(load_file(model / "model.safetensors").items()):
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        own = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert own is not None, name
        data = _permuted(name, tensor.float().numpy(), config)
        if "conv.conv" in name:
            data = data.squeeze(1)
        if data.ndim > 1 and "conv.conv" not in name and form is not gguf.GGMLQuantizationType.F32:
            writer.add_tensor(own, gguf.quants.quantize(data, form), raw_dtype=form)
        else:
            writer.add_tensor(own, data)


def _permuted(name: str, data: Any, config: Mapping[str, Any]) -> Any:
    """Llama's queries and keys in llama.cpp's order: the two halves of a head's rotation lie side by side."""
    import numpy

    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    part = next((count for part, count in heads.items() if part in name), None)
    if part is None or config["model_type"] != "llama":
        return data
    halves = data.reshape(part, 2, data.shape[0] // part // 2, *data.shape[1:])
    return numpy.ascontiguousarray(halves.swapaxes(1, 2).reshape(data.shape))


def make_lively(folder: Path) -> Path:
    """Saves a Llama whose weights are large enough that its answers wander, always among ASCII characters."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=3,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = LlamaForCausalLM(config)
    printable = [
        id for id in range(len(tokenizer)) if (text := tokenizer.decode([id])).isascii() and text.isprintable()
    ]
    printable = [id for id in printable if id not in tokenizer.all_special_ids]
    with torch.no_grad():
        for id in set(range(len(tokenizer))) - set(printable):
            model.lm_head.weight[id] = model.lm_head.weight[printable[id % len(printable)]] / 2  # never the largest
    model.generation_config = GenerationConfig(eos_token_id=1, pad_token_id=3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
