"""The facade and the only constructor: everything that a door needs, built from one workspace folder."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio

from akachat.backends import Backends
from akachat.backends.base import ModelInfo
from akachat.backends.presets import Preset, Presets
from akachat.backends.prompt_types import PromptType, prompt_types
from akachat.errors import AkachatError
from akachat.events import Event, Finished, Rendered, RunRequest
from akachat.exchange import Exchange
from akachat.functions import BUILTINS, FunctionInfo, UserFunctions
from akachat.host import Host
from akachat.journal import Journal
from akachat.messages import Message
from akachat.options import Options
from akachat.pad import Pad
from akachat.records.runs import RunLog
from akachat.records.variables import VariableBook
from akachat.retrieval import Libraries
from akachat.run import Runner
from akachat.sessions import SessionRoom
from akachat.settings import Limits, Settings, SettingsFile, refuse_owners_only, settings_view
from akachat.template import RenderLimits, Sandbox
from akachat.workspace import Prompt, Workspace
from akachat.workspace.prompt_versions import PromptVersions

__all__ = ["Playground"]

#: The options of a prompt that are the model's rather than the prompt's own.
_REACHES_A_MODEL = (
    "location",
    "model",
    "endpoint",
    "tokenizer",
    "dtype",
    "lora",
    "revision",
    "template",
    "chat_template_kwargs",
    "is_messages",
)

#: The options that say where a model is and how it is spoken to; not what one prompt wants of it.
_WHERE = (
    "location",
    "endpoint",
    "model",
    "tokenizer",
    "dtype",
    "revision",
    "template",
    "chat_template_kwargs",
    "is_messages",
)


class Playground:
    """A workspace and everything that runs in it. Two may live in one process; they share nothing.

    ``libraries`` are its documents, ``variables`` its variables as a list to work on, ``versions`` what its prompts
    were, ``log`` its runs, ``sessions`` its conversations, ``pad`` its scratch pad; ``exchange`` brings prompts in from
    other programs and out to them.

    ::

        async with Playground("my-folder") as playground:
            finished = await playground.run(RunRequest("sample", input="こんにちは"))
            print(finished.result)
    """

    def __init__(self, root: Path | str | None = None, *, environ: Mapping[str, str] | None = None) -> None:
        """Opens a workspace: makes its folders, ends half-done writes, copies the samples into an empty one.

        Args:
            root: the folder; None for ``$AKACHAT_WORKSPACE``, else the current one.
            environ: where settings come from besides ``settings.json``; None for the process's own environment.

        Raises:
            AkachatError: the folder or its settings cannot be used.
        """
        environ = os.environ if environ is None else environ
        folder = Path(root or environ.get("AKACHAT_WORKSPACE") or Path.cwd()).expanduser()
        self._settings = SettingsFile(folder / "settings.json", environ)
        settings = self._settings.current()
        self.workspace = Workspace(folder, lambda: self._settings.recent().limits)
        self.workspace.open()
        self.versions = PromptVersions(self.workspace.prompts)
        self.exchange = Exchange(self.workspace)
        self.sessions = SessionRoom(self.workspace)
        self._journal = Journal(self.workspace.log_dir, self._settings.recent)
        self._user_functions = UserFunctions(self.workspace.functions_dir)
        self.pad = Pad(self.workspace.root, lambda request, call: self.render(request, call=call))
        self.libraries = Libraries(self.workspace.root / "rag", self._settings.recent, self.workspace.models_dir)
        self._sandbox = Sandbox(_render_limits(settings.limits), settings.limits.sandbox_workers or None)
        self._presets = Presets(self.workspace.root / "models.json")
        self._backends = Backends(self._settings.recent, self._presets, self.workspace.models_dir)
        self._host = Host(self.workspace, self._settings.recent, self.libraries, self._user_functions, self._presets)
        self._runner = Runner(
            self.workspace, self._settings.recent, self._sandbox, self._backends, self._journal, self._host
        )
        self.log = RunLog(self._journal, self._settings.recent, self._runner.run, self.find_model)
        self.variables = VariableBook(self.workspace)

    async def start(self) -> None:
        """Warms what the first run would wait for; calling it is optional."""
        await self._sandbox.start()

    async def warm(self) -> None:
        """Loads the model of the default prompt, if it ships with akachat: the first answer need not wait for torch.

        Other models are loaded when they are first asked, since they may take all the memory there is.
        """
        try:
            options = self.load_prompt(self.settings.default_prompt).options
        except AkachatError:
            return  # whoever opens that prompt is told
        if options.location == "Local" and options.model == "embedded":
            await self._backends.load(options)

    async def aclose(self) -> None:
        """Ends the sandbox, the backends and the journal."""
        await self._sandbox.aclose()
        await self._backends.aclose()
        await self.libraries.aclose()
        await anyio.to_thread.run_sync(self._journal.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # settings

    @property
    def settings(self) -> Settings:
        """The settings as they are now; ``settings.json`` is read again when it changes."""
        return self._settings.current()

    def update_settings(self, **changes: Any) -> Settings:
        """Changes single settings and writes ``settings.json``."""
        return self._settings.update(**changes)

    def settings_view(self) -> dict[str, Any]:
        """Every setting with its value, default and description; keys are masked."""
        return settings_view(self.settings)

    async def change_settings(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Changes settings as a page or a caller may, and gives the view of all.

        Raises:
            NotAllowed: only the owner of ``settings.json`` may change it.
            InvalidInput, FileError: as ``update_settings``.
        """
        refuse_owners_only(changes)
        await anyio.to_thread.run_sync(lambda: self.update_settings(**changes))
        return self.settings_view()

    async def test_endpoint(self, name: str = "") -> dict[str, Any]:
        """Asks an endpoint of the settings for its models: ``url``, ``models``, and ``seconds`` that it took.

        Raises:
            AkachatError: what is wrong with it.
        """
        url, _ = self.settings.resolve_endpoint(name)
        began = time.perf_counter()
        found = await self._backends.listed(name)
        return {"url": url, "models": [each.name for each in found], "seconds": time.perf_counter() - began}

    # running

    async def run(self, request: RunRequest) -> Finished:
        """Runs a prompt to its end.

        Raises:
            AkachatError: whatever went wrong.
        """
        return await self._runner.run(request)

    def stream(self, request: RunRequest) -> AsyncIterator[Event]:
        """Runs a prompt and yields its events; the last is ``Finished`` or ``Failed``. Closing it stops the run."""
        return self._runner.stream(request)

    async def render(self, request: RunRequest, *, call: bool = True, tokens: bool = False) -> Rendered:
        """What the model would receive. With ``call`` false neither ``llm()`` nor the user's functions are run.

        With ``tokens`` its ``token_list`` has the first 4,096 tokens, where the tokenizer is on this machine.
        """
        return await self._runner.render(request, call=call, tokens=tokens)

    def stop(self, id: str, heard: str | None = None) -> bool:
        """Stops a run; True where one of that id was under way. ``heard`` is all that its session then remembers."""
        return self._runner.stop(id, heard)

    # prompts

    def list_prompts(self) -> list[str]:
        """The names of the saved prompts, sorted."""
        return self.workspace.prompts.list()

    def load_prompt(self, name: str) -> Prompt:
        """A saved prompt.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
        """
        return self.workspace.prompts.load(name)

    async def save_prompt(self, name: str, instruction: str, options: Mapping[str, Any]) -> Prompt:
        """Saves a prompt's text and options, both or neither."""
        return await anyio.to_thread.run_sync(self.workspace.prompts.save, name, instruction, options)

    async def delete_prompt(self, name: str) -> None:
        """Deletes a prompt; ``versions.restore`` brings it back."""
        await anyio.to_thread.run_sync(self.workspace.prompts.delete, name)

    # variables

    def list_variables(self) -> list[str]:
        """The keys of the saved variables, sorted."""
        return self.workspace.variables.list()

    def get_variable(self, key: str) -> str:
        """The value of a variable.

        Raises:
            NotFound: there is none of that key.
        """
        return self.workspace.variables.get(key)

    async def set_variable(self, key: str, value: str) -> None:
        """Saves a variable."""
        await anyio.to_thread.run_sync(self.workspace.variables.set, key, value)

    async def delete_variable(self, key: str) -> None:
        """Deletes a variable."""
        await anyio.to_thread.run_sync(self.workspace.variables.delete, key)

    # messages

    def list_messages(self, limit: int = 0) -> tuple[Message, ...]:
        """The newest stored messages, oldest of them first; 0 for all."""
        return self.workspace.messages.list(limit)

    async def append_messages(self, messages: Sequence[Message]) -> None:
        """Adds to ``log/messages.jsonl``."""
        await anyio.to_thread.run_sync(self.workspace.messages.append, messages)

    async def replace_messages(self, messages: Sequence[Message]) -> None:
        """Replaces all of ``log/messages.jsonl``."""
        await anyio.to_thread.run_sync(self.workspace.messages.replace, messages)

    async def clear_messages(self) -> str:
        """Forgets all messages; gives the name by which ``workspace.transcript.restore`` brings them back."""
        return await anyio.to_thread.run_sync(self.workspace.transcript.clear)

    # models and functions

    async def models(self, *, disk: bool = False) -> list[ModelInfo]:
        """The models that are loaded, on their way, or ship; with ``disk`` also those that only lie on this disk."""
        return await self._backends.models(disk=disk)

    def watch_models(self) -> AsyncIterator[list[ModelInfo]]:
        """``models()`` now, and again whenever one of them has come, gone, or come further."""
        return self._backends.watch()

    def model_memory(self) -> Mapping[str, int]:
        """Bytes: ``used`` by local models, ``free`` for more of them, and the ``budget`` of all together."""
        return self._backends.memory()

    def model_key(self, options: Options) -> str:
        """Which model a prompt with these options needs; whoever runs many groups them by it."""
        return self._backends.model_key(options)

    async def load_model(self, options: Options, *, wait: bool = True) -> ModelInfo | None:
        """Loads a local model; without ``wait`` it only begins, and ``models`` tells how far it is."""
        if wait:
            return await self._backends.load(options)
        self._backends.start(options)
        return None

    async def unload_model(self, name: str) -> bool:
        """Frees a local model after what it is answering, or gives its load up; False where there is none."""
        return await self._backends.unload(name)

    async def download_model(self, options: Options, *, force: bool = False) -> Path:
        """Fetches a model's files into the hub's cache, those that are there already only with ``force``."""
        return await self._backends.download(options, force=force)

    def find_model(self, name: str) -> dict[str, Any] | None:
        """The options that reach a model which callers may name as it is; None where there is none of that name.

        Those are the embedded model, those that the settings name, those of the saved prompts, with the endpoint,
        dtype and form that they have there, and those of the workspace's ``models.json``; of the list that ships only
        what lies on this machine already.
        """
        if name == "embedded" or name in self.settings.models:
            return {"location": "Local", "model": name}
        for options in self.workspace.prompts.options():
            if options.model == name:
                values = options.to_dict()
                return {key: values[key] for key in _REACHES_A_MODEL if key in values}
        return {"location": "Local", "model": name} if self._presets.knows(name) else None

    def presets(self) -> list[Preset]:
        """The models of which something is known, the smaller ones first: what ships, and ``models.json``.

        Raises:
            FileError: ``models.json`` is broken, and where.
        """
        return self._presets.list()

    def prompt_types(self) -> list[PromptType]:
        """The prompt types that the option ``template`` takes by name."""
        return list(prompt_types().values())

    def check_known(self, request: RunRequest) -> None:
        """Refuses a request whose options lead somewhere that the owner of this workspace never named.

        Raises:
            NotAllowed: which option, and where to name it.
        """
        own = self.load_prompt(request.prompt).options if request.prompt else Options()
        self._host.check_known(request.options, own)

    def functions(self) -> list[FunctionInfo]:
        """What an instruction may call: the language's own functions, then the user's; a broken file with its error."""
        return [*BUILTINS, *self._user_functions.infos()]

    def runs(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest runs from the journal."""
        return self._journal.read(limit)


def _render_limits(limits: Limits) -> RenderLimits:
    return RenderLimits(
        seconds=limits.render_seconds,
        memory=limits.render_memory_bytes,
        recursion=limits.render_recursion,
        host_calls=limits.render_host_calls,
        text_length=limits.render_text_characters,
        instruction_length=limits.instruction_characters,
        checkout_seconds=limits.render_wait_seconds,
    )
