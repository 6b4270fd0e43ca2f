"""Why a model could not be loaded, in plain words and with the next step."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from akachat.errors import AkachatError, ModelError

__all__ = ["explained"]

_log = logging.getLogger(__name__)

#: Classes of huggingface_hub and others by name, so that nothing is imported to tell them apart. Order matters: a
#: gated model is also "not found".
_BY_CLASS = (
    (
        ("GatedRepoError",),
        "{name!r} is gated",
        "Accept its licence on huggingface.co/{name}, and put a token of that account into the setting hf_token.",
    ),
    (
        ("RevisionNotFoundError",),
        "{name!r} has no such revision",
        "Check the option revision: a branch, a tag or a commit.",
    ),
    (
        ("RepositoryNotFoundError", "HFValidationError"),
        "there is no model {name!r} on Hugging Face",
        "Check the spelling (owner/model). A private model needs the setting hf_token; a folder needs its full path.",
    ),
    (
        ("LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError", "ConnectError", "ConnectTimeout"),
        "{name!r} is not on this machine, and Hugging Face cannot be reached",
        "Check the network, or give the path of a folder that holds the model.",
    ),
    (("MemoryError", "OutOfMemoryError"), "there is not enough memory for {name!r}", "Take a smaller model or dtype."),
    (
        ("SafetensorError",),
        "the weights of {name!r} are damaged",
        "Download them again: the file is incomplete or no safetensors file.",
    ),
)
#: Packages that some tokenizers and quantised weights need, and which libraries name in an ImportError.
_PACKAGES = (
    "sentencepiece", "protobuf", "tiktoken", "fugashi", "unidic_lite", "unidic", "ipadic", "rhoknp", "sudachitra",
    "sudachipy", "mecab-python3", "sacremoses", "jieba", "mistral-common", "bitsandbytes", "autoawq", "gptqmodel",
    "optimum", "compressed-tensors", "hqq", "kernels", "einops", "blobfile",
)  # fmt: skip
#: What transformers says only in words.
_BY_WORDS = (
    (
        ("does not recognize this architecture", "Unrecognized model", "Unrecognized configuration class"),
        "{name!r} is a kind of model that cannot generate text here",
        "Take a language model that transformers knows. A newer kind may need a newer transformers.",
    ),
    (
        ("trust_remote_code", "contains custom code"),
        "{name!r} brings Python code of its own, which is not run",
        "If you trust it, add its name to the setting trust_remote_code.",
    ),
    (
        ("gated repo", "401 Client Error", "restricted"),
        "{name!r} is gated or private",
        "Accept its licence on huggingface.co, and put a token into the setting hf_token.",
    ),
    (
        ("not a valid model identifier", "is not a local folder"),
        "there is no model {name!r}",
        "Check the spelling (owner/model), or give the path of a folder. A private model needs the setting hf_token.",
    ),
    (
        ("We couldn't connect", "offline mode", "Connection error", "Max retries", "Name or service not known",
         "Temporary failure in name resolution", "Cannot reach", "Network is unreachable"),
        "{name!r} is not on this machine, and Hugging Face cannot be reached",
        "Check the network, or give the path of a folder that holds the model.",
    ),
    (
        ("safetensors", "no file named model"),
        "{name!r} has no weights in the safetensors format",
        "Other formats can hold code and are not loaded: convert it, or take a model that has safetensors.",
    ),
    (("out of memory", "can't allocate memory", "not enough memory"), "there is not enough memory for {name!r}",
     "Take a smaller model, or set dtype to int4."),
)  # fmt: skip


@contextmanager
def explained(name: str, part: str) -> Iterator[None]:
    """Turns whatever the libraries raise while loading into a ModelError."""
    try:
        yield
    except AkachatError:
        raise
    except Exception as error:
        raise _explain(error, name, part) from error


def _explain(error: Exception, name: str, part: str) -> ModelError:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    classes = {base.__name__ for each in chain for base in type(each).__mro__}
    for names, message, hint in _BY_CLASS:
        if classes.intersection(names):
            return ModelError(message.format(name=name), hint=hint.format(name=name))
    words = " ".join(str(each) for each in chain)
    package = _package(chain)
    if package is not None:
        return ModelError(
            f"the {part} of {name!r} needs the package {package}, which is not installed",
            hint=f"Install it by: venv/bin/pip install {package}",
        )
    if part == "tokenizer" and not any(word in words for word in _BY_WORDS[4][0]):
        return ModelError(
            f"{name!r} has no tokenizer that can be loaded",
            hint="Set the option tokenizer to a model that has one. " + _first_line(error),
        )
    for needles, message, hint in _BY_WORDS:
        if any(needle in words for needle in needles):
            return ModelError(message.format(name=name), hint=hint.format(name=name))
    _log.warning("a model could not be loaded", exc_info=error)
    return ModelError(f"the {part} of {name!r} cannot be loaded: {_first_line(error)}", hint="See the server's log.")


def _package(chain: list[BaseException]) -> str | None:
    """The package that an ImportError asks for."""
    for error in chain:
        if isinstance(error, ImportError):
            words = re.sub(r"[-_]", "-", str(error).lower())
            for package in _PACKAGES:
                if re.search(rf"\b{re.sub('[-_]', '-', package)}\b", words):
                    return package
    return None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
