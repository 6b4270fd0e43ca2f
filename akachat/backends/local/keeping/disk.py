"""The models on this disk: in the hub's cache, and in the workspace's own folder of models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from akachat.backends.base import ModelInfo

__all__ = ["find_folder", "models_on_disk"]

#: How a model of the workspace's folder is called in a prompt's options.
_PREFIX = "models/"


def find_folder(root: Path | None, name: str) -> Path | None:
    """The workspace's folder of a model that is called ``models/…``; None where there is none."""
    if root is None or not name.startswith(_PREFIX):
        return None
    folder = (root / name.removeprefix(_PREFIX)).resolve()
    return folder if folder.is_relative_to(root.resolve()) and (folder / "config.json").is_file() else None


def models_on_disk(root: Path | None) -> list[ModelInfo]:
    """All models that can be loaded without a download, by name. It looks at many files, so not for the event loop.

    Args:
        root: the workspace's folder of models.
    """
    return sorted([*_folders(root), *_cached()], key=lambda info: info.name.lower())


def _folders(root: Path | None) -> Iterator[ModelInfo]:
    if root is None or not root.is_dir():
        return
    for file in sorted([*root.glob("*/config.json"), *root.glob("*/*/config.json")]):
        size = sum(each.stat().st_size for each in file.parent.glob("*.safetensors"))
        if size:
            name = _PREFIX + file.parent.relative_to(root).as_posix()
            yield ModelInfo(name, "Local", False, {"place": "folder", "path": str(file.parent), "disk": size})


def _cached() -> Iterator[ModelInfo]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        cache = scan_cache_dir()
    except CacheNotFound:  # nothing was ever downloaded
        return
    for repo in cache.repos:
        if repo.repo_type != "model":
            continue
        revisions: list[dict[str, Any]] = [
            {"commit": revision.commit_hash, "names": sorted(revision.refs), "disk": revision.size_on_disk}
            for revision in sorted(repo.revisions, key=lambda one: -one.last_modified)
            if any(file.file_name.endswith(".safetensors") for file in revision.files)
        ]
        if revisions:  # else only a tokenizer, or a download that was given up
            detail = {"place": "cache", "path": str(repo.repo_path), "disk": repo.size_on_disk, "revisions": revisions}
            yield ModelInfo(repo.repo_id, "Local", False, detail)
