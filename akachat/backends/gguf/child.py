"""The program that holds one GGUF model: started by ``process``, it ends with whoever started it.

It is a program of its own because llama.cpp is one: its asserts end the process that it runs in, it takes over Ctrl+C,
and its memory is freed for certain only with the process. It knows nothing of akachat, so that it starts in 60 ms.
"""

import json
import os
import sys
import threading
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Reads what to do as one line of JSON, answers with one, and serves until standard input ends."""
    # The library prints to standard output; ours is for the one answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    wanted = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    kept: list[Any] = []
    try:
        answer = _devices() if wanted.get("only_devices") else _serve(wanted, kept)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
    threading.Event().wait()


def _end_with_parent() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(0)


def _devices() -> dict[str, Any]:
    import xllamacpp

    cpu = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU
    found = [each for each in xllamacpp.get_device_info() if each["type"] != cpu]
    return {"devices": [{"name": str(each["description"]), "free": int(each["memory_free"])} for each in found]}


def _serve(wanted: dict[str, Any], kept: list[Any]) -> dict[str, Any]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted["path"]
    params.api_keys = [wanted["key"]]
    params.cors_origins = "null"
    params.ui = False
    params.verbosity = 1
    params.n_ctx = wanted["context"]
    params.n_parallel = wanted["slots"]
    params.kv_unified = True
    params.n_batch = params.n_ubatch = wanted["batch"]
    params.cache_ram_mib = wanted["cache_mib"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    if wanted["exact"]:
        # Weights of 32 bits are for who wants the numbers: 30 of 30 greedy texts were those of transformers, else 27.
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    # On a GPU it counts what fits there; on a CPU that would only read the file twice.
    params.fit_params = wanted["gpu"]
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 1.0) for path in wanted["adapters"]]
    params.lora_init_without_apply = True
    kept.append(xllamacpp.Server(params))
    return {"address": kept[0].listening_address}


if __name__ == "__main__":
    main()
