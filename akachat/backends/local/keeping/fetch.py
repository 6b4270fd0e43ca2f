"""A model's files from the hub into its cache, each once however many ask, with all bytes counted beforehand."""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from akachat.backends.base import Progress
from akachat.backends.local.loading.failures import explained
from akachat.backends.local.progress import Reporter
from akachat.errors import Cancelled, ModelError

__all__ = ["Fetcher", "Wanted"]

_SMALL = (".json", ".model", ".txt", ".jinja", ".tiktoken", ".vocab", ".spm")
_GB = 2**30
#: Files that one download fetches at the same time.
_FILES = 4
#: Seconds that the end waits for downloads to notice it.
_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which model's files.

    Attributes:
        name: on the hub.
        revision: a branch, a tag or a commit; None for the main one.
        token: for the hub; never shown.
        code: whether its own Python code is wanted too.
        force: whether files that are here already are fetched again.
    """

    name: str
    revision: str | None = None
    token: str | None = field(default=None, repr=False, compare=False)
    code: bool = False
    force: bool = False


class _Fetch:
    """One download under way, and all who follow it."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporters = [reporter]
        self.future: Future[Path] = Future()

    def tell(self, progress: Progress) -> None:
        """Tells everybody; gives up once none of them wants it any more."""
        wanting = [reporter for reporter in list(self.reporters) if not reporter.cancelled]
        if not wanting:
            self.reporters[0].check()
        for reporter in wanting:
            with suppress(Cancelled):  # just now; the others still want it
                reporter.tell(progress)

    def end(self, result: Path | Exception | None) -> None:
        """Tells the result to whoever waits, once."""
        with suppress(InvalidStateError):
            if isinstance(result, Path):
                self.future.set_result(result)
            else:
                self.future.set_exception(result or RuntimeError("a download gave nothing"))


class Fetcher:
    """Downloads models.

    Its threads are daemons: one that a silent network holds notices nothing for a minute, and no program should have
    to wait for it at its end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Wanted, _Fetch] = {}

    def fetch(self, wanted: Wanted, reporter: Reporter) -> Future[Path]:
        """The folder of the files, once they are all there. Whoever asks for what is on its way follows that.

        The future raises ModelError (gated, not found, no network, no room on the disk) and Cancelled.
        """
        with self._lock:
            running = self._running.get(wanted)
            if running is not None:
                running.reporters.append(reporter)
                return running.future
            fetch = self._running[wanted] = _Fetch(reporter)
        threading.Thread(target=self._run, args=(wanted, fetch), name="akachat-fetch", daemon=True).start()
        return fetch.future

    def close(self) -> None:
        """Gives up whatever is under way, and waits a little for its half-written files to be removed."""
        with self._lock:
            running = list(self._running.values())
        for fetch in running:
            for reporter in fetch.reporters:
                reporter.cancel()
        wait([fetch.future for fetch in running], _PATIENCE)
        for fetch in running:
            fetch.end(Cancelled("the download was stopped"))

    def _run(self, wanted: Wanted, fetch: _Fetch) -> None:
        while True:
            try:
                folder, error = _download(wanted, fetch.tell), None
            except Exception as raised:
                folder, error = None, raised
            with self._lock:
                if isinstance(error, Cancelled) and any(not each.cancelled for each in fetch.reporters):
                    continue  # somebody asked for it again while it was being given up
                del self._running[wanted]
            break
        fetch.end(error if folder is None else folder)


def _download(wanted: Wanted, tell: Callable[[Progress], None]) -> Path:
    """Fetches what is missing.

    File by file, and not by the hub's own download of a whole snapshot: that notes the list of all files there are,
    and without a network it then refuses a folder that lacks one of them, also one that nobody needs.
    """
    from huggingface_hub import HfApi, hf_hub_download

    tell(Progress("download"))
    with explained(wanted.name, "files"):
        try:
            api = HfApi(token=wanted.token)
            info = api.model_info(wanted.name, revision=wanted.revision, files_metadata=True, timeout=20)
        except Exception:
            folder = None if wanted.force else _local(wanted)
            if folder is None:
                raise
            return folder
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        names = _needed(list(sizes), wanted.code)
        if not any(name.endswith(".safetensors") for name in names):
            raise _no_weights(wanted.name)
        missing = [name for name in names if wanted.force or not _is_here(wanted.name, name, info.sha)]
        total = sum(sizes[name] for name in missing)
        _check_room(wanted.name, total)
        bar = _bar_class(total, tell)

        def fetch(name: str) -> Path:
            tell(Progress("download", bar.done, total, "bytes" if total else ""))
            return Path(
                hf_hub_download(
                    wanted.name,
                    name,
                    revision=wanted.revision,
                    token=wanted.token,
                    force_download=wanted.force,
                    tqdm_class=bar,
                )
            )

        # The first one also if it is here: that notes the revision's commit, and is found without a network.
        first = next(name for name in names if "/" not in name)
        return _side_by_side(fetch, list(dict.fromkeys((first, *missing))))[first].parent


def _side_by_side(fetch: Callable[[str], Path], names: Sequence[str]) -> dict[str, Path]:
    """A few files at a time; with the first that fails no further one is begun."""
    waiting, paths = deque(names), dict[str, Path]()
    errors: list[Exception] = []

    def work() -> None:
        while waiting and not errors:
            try:
                name = waiting.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                paths[name] = fetch(name)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=work, name="akachat-file", daemon=True) for _ in names[:_FILES]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return paths


def _local(wanted: Wanted) -> Path | None:
    """What has been downloaded before, if weights are among it."""
    from huggingface_hub import snapshot_download

    with suppress(Exception):  # it is not here
        folder = Path(snapshot_download(wanted.name, revision=wanted.revision, local_files_only=True))
        return folder if any(folder.glob("*.safetensors")) else None
    return None


def _no_weights(name: str) -> ModelError:
    return ModelError(
        f"{name!r} has no weights in the safetensors format",
        hint="Other formats can hold code and are not loaded: convert it, or take a model that has safetensors.",
    )


def _needed(files: Sequence[str], code: bool) -> list[str]:
    """The files that loading reads: many models keep their weights in several formats beside each other."""
    top = [name for name in files if "/" not in name or name.startswith("additional_chat_templates/")]
    small = [name for name in top if name.endswith(_SMALL) or (code and name.endswith(".py"))]
    weights = [name for name in top if name.endswith(".safetensors")]
    whole = [name for name in weights if name == "model.safetensors"]
    parts = [name for name in weights if name.startswith("model-") and "-of-" in name]
    return [*small, *(whole or parts or weights)]


def _is_here(model: str, file: str, commit: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(model, file, revision=commit), str)


def _check_room(model: str, total: int) -> None:
    """Refuses what the disk cannot hold before it is full."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if total > free:
        raise ModelError(
            f"the files of {model!r} take {total / _GB:.1f} GiB, and {free / _GB:.1f} GiB are free on the disk",
            hint="Make room, or set HF_HOME to a folder on another disk.",
        )


def _bar_class(total: int, tell: Callable[[Progress], None]) -> type[Any]:
    """A class that the hub's client takes for tqdm, one object a file; together they count the bytes of all."""

    lock = threading.RLock()

    class Bar:
        """One file's bar."""

        done = 0
        format_dict: ClassVar[dict[str, Any]] = {}

        def __init__(self, *_: Any, **options: Any) -> None:
            self.total = options.get("total")
            self.n = 0

        def update(self, count: float | None = 1) -> None:
            """So many more bytes; raises where the download is given up."""
            with lock:
                self.n += int(count or 0)
                Bar.done += int(count or 0)
            if total:
                tell(Progress("download", min(Bar.done, total), total, "bytes"))

        def update_transfer(self, count: float | None = 1) -> None:
            """So many more have come over the network; what is written is counted, so that none counts twice."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return lambda *_, **__: None  # what else a bar can do concerns only how it looks

    return Bar
