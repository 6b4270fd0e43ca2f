"""A loaded model computes in int8 on a CPU: by onnxruntime, from a file that is made once, and only where it is right.

On one core of an EPYC with VNNI, a model of e5-small's size embeds a query about 4 times as fast as by torch in fp32,
and passages of 200 tokens twice as fast (``bench/embedding.py``). A text's vector differs a little with what is
embedded beside it, as all numbers of a batch are rounded together: cosine .9999. Each time a model is loaded its int8
vectors are held against those of fp32; so a file that is torn, or made for another processor, is never used.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["Int8", "is_installed"]

_LOG = logging.getLogger(__name__)
#: Least cosine between a text's vectors of int8 and fp32.
_ALIKE = 0.99
#: Fewest weights, the tables of words aside, for which it pays; and most bytes in fp32: beyond, ONNX is several files.
_FEWEST, _MOST_BYTES = 3_000_000, 2_000_000_000
#: Seconds that the making may take, and days that a file is kept after its last use.
_PATIENCE, _KEPT_DAYS = 900, 60
#: What both are asked: short and long, two languages, together and so with padding.
_PROBES = (
    "猫",
    "What is the capital of France?",
    "営業時間は平日の午前九時から午後五時までです。土曜日と日曜日、祝日は休みです。",
    "The library opens at nine. Books are lent for two weeks, and a reader may take five of them home at once. " * 3,
    "返品は商品が届いてから三十日以内に、領収書を添えてお申し込みください。送料はお客様の負担になります。" * 4,
)
#: A file that another way of making it wrote counts as none.
_FORM = "1"


def is_installed() -> bool:
    """Whether the packages are there that make the file and compute from it."""
    return find_spec("onnx") is not None and find_spec("onnxruntime") is not None


class Int8:
    """Makes int8 forms and keeps their files.

    Args:
        cache: the folder of the files; it is made when it is needed.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def put_into(self, model: Any, folder: Path, weights: str) -> str:
        """Lets a loaded fp32 model compute in int8 from now on; blocks, the first time for some ten seconds.

        Args:
            model: a sentence-transformers model on the CPU.
            folder: where it was loaded from.
            weights: what tells this state of its files from another.

        Returns:
            Why it stays as it is, as one sentence; empty where it is int8 now.
        """
        if why := _unfit(model):
            return why
        path = self._cache / f"{_digest(folder, weights)}.onnx"
        for _ in range(2):
            if not path.is_file() and (why := self._make(folder, path)):
                return why
            try:
                session = _session(path)
                os.utime(path)  # it is in use
                return _exchange(model, session)
            except Exception as error:  # onnxruntime's own classes of errors have no common one
                _LOG.warning("the int8 file %s cannot be used: %s", path.name, error)
                path.unlink(missing_ok=True)
        return "its int8 file cannot be read"

    def stop(self) -> None:
        """Ends the making of files, also of later ones."""
        self._stopped = True
        for process in list(self._running):
            process.kill()

    def _make(self, folder: Path, path: Path) -> str:
        """Writes the file, all or nothing; why that failed, or nothing."""
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            (self._cache / ".gitignore").write_text("*\n", encoding="utf-8")
            self._clear()
            with tempfile.TemporaryDirectory(dir=self._cache, prefix="making-", ignore_cleanup_errors=True) as place:
                made = Path(place) / "int8.onnx"
                if why := self._run(folder, made):
                    return why
                with open(made, "rb+") as file:
                    os.fsync(file.fileno())
                os.replace(made, path)
        except OSError as error:
            return f"its int8 file cannot be written: {error.strerror or error}"
        return ""

    def _run(self, folder: Path, made: Path) -> str:
        root = str(Path(__file__).resolve().parents[3])
        environ = {
            **os.environ, "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")])),
        }  # fmt: skip
        command = [sys.executable, "-m", "akachat.retrieval.embedding.export", str(folder), str(made)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ)
        self._running.add(process)
        try:
            if self._stopped:
                process.kill()
            _, said = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return f"its int8 form was not ready after {_PATIENCE} seconds"
        finally:
            self._running.discard(process)
        if process.returncode == 0 and made.is_file():
            return ""
        last = (said.decode(errors="replace").strip().splitlines() or ["no word of why"])[-1]
        return f"its int8 form cannot be made: {last[:200]}"

    def _clear(self) -> None:
        """Takes away what a crash left, and files of models that nobody has used for long."""
        now = time.time()
        for each in self._cache.iterdir():
            age = now - each.stat().st_mtime
            if each.is_dir() and age > 2 * _PATIENCE:
                shutil.rmtree(each, ignore_errors=True)
            elif each.suffix == ".onnx" and age > _KEPT_DAYS * 86_400:
                each.unlink(missing_ok=True)


def _unfit(model: Any) -> str:
    """Why a model cannot be int8, as far as that is known without trying."""
    first = model[0]
    way = getattr(first, "modality_config", {}).get("text", {})
    output = way.get("method_output_name")
    if way.get("method") != "forward" or output not in ("last_hidden_state", ("last_hidden_state",)):
        return "its first part is no plain transformer"
    if type(first.model).__module__.partition(".")[0] != "transformers":
        return "it brings Python code or adapters of its own"
    weights = sum(each.numel() for each in first.model.parameters())
    tables = sum(each.num_embeddings * each.embedding_dim for each in first.model.modules() if _is_table(each))
    if weights - tables < _FEWEST:
        return "it is so small that int8 would save nothing"
    if 4 * weights > _MOST_BYTES:
        return "it is too large to be one ONNX file"
    return ""


def _is_table(module: Any) -> bool:
    return hasattr(module, "num_embeddings") and hasattr(module, "embedding_dim")


def _digest(folder: Path, weights: str) -> str:
    told = (_FORM, str(folder.resolve()), weights, *map(version, ("onnxruntime", "torch", "transformers")))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:24]


def _session(path: Path) -> Any:
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait for the next piece of work would take the cores from everything else that the server does.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _exchange(model: Any, session: Any) -> str:
    """Puts the session in the place of the transformer, unless their vectors differ; then says so."""
    import numpy as np

    def vectors() -> Any:
        together = model.encode(list(_PROBES), batch_size=len(_PROBES), prompt="", show_progress_bar=False)
        alone = model.encode([_PROBES[0]], prompt="", show_progress_bar=False)
        return np.concatenate([together, alone]).astype(np.float32)

    first = model[0]
    before, exact = first.model, vectors()
    first.model = _stand_in(session, before.config)
    rounded = vectors()
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    least = float(((exact * rounded).sum(axis=1) / np.maximum(lengths, 1e-12)).min())
    if not least >= _ALIKE:
        first.model = before
        return f"its int8 vectors are too far from those of fp32 (cosine {least:.3f})"
    return ""


def _stand_in(session: Any, config: Any) -> Any:
    """A module that answers as the transformer does, by onnxruntime."""
    import torch

    names = [each.name for each in session.get_inputs()]

    class StandIn(torch.nn.Module):
        """Keeps the configuration, which the modules around it ask; the weights are onnxruntime's."""

        def __init__(self) -> None:
            super().__init__()
            self.config = config
            self.device = torch.device("cpu")

        def forward(self, **features: Any) -> dict[str, Any]:
            (tokens,) = session.run(None, {name: features[name].numpy() for name in names})
            return {"last_hidden_state": torch.from_numpy(tokens)}

    return StandIn()
