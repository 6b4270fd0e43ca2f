"""GGUF files of huggingface.co: what a repository holds, and one of its models on this machine."""

from __future__ import annotations

import logging
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from akachat.errors import AkachatError, ModelError

__all__ = ["Hub"]

_log = logging.getLogger(__name__)
#: Seconds until the hub counts as unreachable; its own client would try for many more.
_PROBE = 3.0
_OFFLINE = ("LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError", "ConnectError", "ConnectTimeout")


class Hub:
    """One repository.

    Args:
        repository: its name, ``owner/repo``.
        revision: a branch, a tag or a commit.
        token: shown to the hub only.
    """

    def __init__(self, repository: str, revision: str | None, token: str | None) -> None:
        self._repository = repository
        self._revision = revision
        self._token = token

    def files(self) -> Mapping[str, int]:
        """The files with their sizes; without a network those that have been downloaded.

        Raises:
            ModelError: there is no such repository, it is gated, or the hub cannot be reached.
        """
        if not _is_reachable():
            folder = self._downloaded()
            return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*.gguf")}
        from huggingface_hub import HfApi

        with self._explained():
            info = HfApi(token=self._token).model_info(
                self._repository, revision=self._revision, files_metadata=True, timeout=30
            )
        return {file.rfilename: file.size or 0 for file in info.siblings or ()}

    def fetch(self, name: str, *, force: bool = False) -> Path:
        """A file on this machine, downloaded where it is not there yet; with ``force`` in any case.

        Raises:
            ModelError: it cannot be fetched.
        """
        from huggingface_hub import hf_hub_download

        offline = not _is_reachable()
        with self._explained():
            return Path(
                hf_hub_download(
                    self._repository,
                    name,
                    revision=self._revision,
                    token=self._token,
                    local_files_only=offline,
                    force_download=force,
                )
            )

    def _downloaded(self) -> Path:
        from huggingface_hub import snapshot_download

        with self._explained():
            return Path(snapshot_download(self._repository, revision=self._revision, local_files_only=True))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except AkachatError:
            raise
        except Exception as error:
            raise _explain(error, self._repository) from error


def _explain(error: Exception, name: str) -> ModelError:
    """The hub client's errors by the names of their classes; a gated repository also counts as not found."""
    classes = {each.__name__ for each in type(error).__mro__}
    if "GatedRepoError" in classes:
        return ModelError(
            f"{name!r} is gated",
            hint=f"Accept its licence on huggingface.co/{name}, and put a token of that account into the setting "
            "hf_token.",
        )
    if "RevisionNotFoundError" in classes:
        return ModelError(
            f"{name!r} has no such revision", hint="Check the option revision: a branch, a tag or a commit."
        )
    if classes & {"RepositoryNotFoundError", "HFValidationError"}:
        return ModelError(
            f"there is no model {name!r} on Hugging Face",
            hint="Check the spelling (owner/model). A private model needs the setting hf_token; a folder needs its "
            "full path.",
        )
    if classes.intersection(_OFFLINE):
        return ModelError(
            f"{name!r} is not on this machine, and Hugging Face cannot be reached",
            hint="Check the network, or give the path of a file that ends in .gguf.",
        )
    _log.warning("a GGUF could not be fetched", exc_info=error)
    lines = str(error).strip().splitlines()
    return ModelError(
        f"{name!r} cannot be fetched: {type(error).__name__}: {lines[0][:200] if lines else ''}",
        hint="See the server's log.",
    )


def _is_reachable() -> bool:
    from huggingface_hub import constants

    if urllib.request.getproxies():
        return True  # the proxy knows, not this machine
    parts = urlsplit(constants.ENDPOINT)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_PROBE):
            return True
    except OSError:
        return False
