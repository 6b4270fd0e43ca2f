"""The program that writes a model's int8 form: a process of its own, which gives its memory back and may be ended.

python -m akachat.retrieval.embedding.export FOLDER FILE
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]

#: Lengths that differ, so that no length is taken for a constant.
_EXAMPLES = ("short", "a text that is a good deal longer than the other one")


def main(argv: Sequence[str]) -> None:
    """Writes the model of a folder, as ONNX with weights of 8 bits, to a file that is not there yet."""
    folder, target = argv
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        folder, device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True, "dtype": "float32"}
    ).eval()
    with tempfile.TemporaryDirectory(dir=Path(target).parent) as place:
        whole = Path(place) / "whole.onnx"
        _write(model, whole)
        _quantize(whole, Path(target))


def _write(model: Any, path: Path) -> None:
    import torch

    transformer = model[0]
    features = transformer.preprocess(list(_EXAMPLES))
    names = [name for name, value in features.items() if isinstance(value, torch.Tensor)]

    class Plain(torch.nn.Module):
        """The transformer with tensors in and one tensor out."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = transformer

        def forward(self, *values: Any) -> Any:
            return self.inner(dict(zip(names, values, strict=True)))[transformer.module_output_name]

    # By tracing: it needs no package besides and 1 s for 12 layers of 384; torch.export took 11 s and two packages
    # more, and what it wrote was up to 1.6 times as slow once it was int8. Whether the result is right at other
    # lengths is not taken on trust: it is checked each time it is loaded.
    torch.onnx.export(
        Plain().eval(), tuple(features[name] for name in names), str(path), dynamo=False, opset_version=17,
        input_names=names, output_names=["tokens"],
        dynamic_axes={name: {0: "texts", 1: "length"} for name in [*names, "tokens"]},
    )  # fmt: skip


def _quantize(whole: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The matrices only: rounding the embedding table saves no time. Seven bits: processors without VNNI add two
    # products of eight in 16 bits, which overflows; so all of them make the same vectors.
    quantize_dynamic(
        whole, target, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8, per_channel=True,
        reduce_range=True,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
