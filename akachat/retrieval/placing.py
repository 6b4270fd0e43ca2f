"""Where an index is searched: a copy of it on a GPU where faiss and the machine have one, else where it is.

What is saved, changed and searched with a choice of ids is always the form on the CPU: the copy only answers.
"""

from __future__ import annotations

import logging
import threading
from types import ModuleType
from typing import Any

__all__ = ["GpuCopy", "gpu_copy", "has_gpu"]

_LOG = logging.getLogger(__name__)
#: Fewest vectors for which a copy is made: a few are found sooner than the question has reached the GPU.
_FEWEST = 20_000
#: Bytes that faiss may take on the GPU for its work on top of the copy; its own choice would be up to 1.5 GB an index.
_WORKING_BYTES = 64 * 2**20


class GpuCopy:
    """An index on a GPU, made when it is first asked; used by one thread at a time, and never waited for.

    Args:
        faiss: the module.
        index: the form on the CPU, which does not change.
    """

    def __init__(self, faiss: ModuleType, index: Any) -> None:
        self._faiss = faiss
        self._index = index
        self._copy: tuple[Any, Any] | None = None
        self._turn = threading.Lock()
        self._given_up = not has_gpu(faiss) or index.ntotal < _FEWEST

    def search(self, row: Any, k: int) -> tuple[Any, Any] | None:
        """Scores and ids as the index gives them; None where it has to be asked itself."""
        if self._given_up or not self._turn.acquire(blocking=False):
            return None
        try:
            if self._copy is None:
                self._copy = gpu_copy(self._faiss, self._index)
            found: tuple[Any, Any] = self._copy[1].search(row, k)
            return found
        except Exception as error:  # faiss knows RuntimeError only, its bindings others
            self._given_up, self._copy = True, None
            _LOG.warning("the vectors are searched on the CPU, as the GPU refused: %s", str(error).strip()[:300])
            return None
        finally:
            self._turn.release()


def has_gpu(faiss: ModuleType) -> bool:
    """Whether this faiss can use a GPU, and there is one; builds for CPUs lack the class, or count none."""
    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


def gpu_copy(faiss: ModuleType, index: Any) -> tuple[Any, Any]:
    """What must live as long as the copy, and the copy: exact stays exact, lists stay lists.

    Raises:
        RuntimeError: the GPU has no room, or this kind of index has no form there.
    """
    resources = faiss.StandardGpuResources()
    resources.setTempMemory(_WORKING_BYTES)
    options = faiss.GpuClonerOptions()
    options.useFloat16 = False  # the scores would differ from those of the CPU
    return resources, faiss.index_cpu_to_gpu(resources, 0, index, options)
