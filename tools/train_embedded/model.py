"""The model's shape: LFM2, that is short convolutions and attention in turn, small enough to train on a CPU."""

from transformers import GenerationConfig, Lfm2Config, Lfm2ForCausalLM, PreTrainedTokenizerFast

LAYERS = ("conv", "full_attention", "conv", "full_attention")
CONTEXT = 4096


def new_model(tokenizer: PreTrainedTokenizerFast) -> Lfm2ForCausalLM:
    """Make an untrained model for this tokenizer."""
    config = Lfm2Config(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=640,
        block_auto_adjust_ff_dim=False,
        num_hidden_layers=len(LAYERS),
        num_attention_heads=4,
        num_key_value_heads=2,
        layer_types=list(LAYERS),
        # One token more than the customary three: a rare kanji is two or three tokens.
        conv_L_cache=4,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Lfm2ForCausalLM(config)


def generation_config(tokenizer: PreTrainedTokenizerFast) -> GenerationConfig:
    """Say how the model answers best: greedily, and briefly."""
    return GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        max_new_tokens=200,
    )
