"""How the embedded model is made: dialogues, tokenizer, training, scores, card."""
