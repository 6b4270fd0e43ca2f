"""What an instruction reaches outside the sandbox: variables, messages, libraries, other prompts, functions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from akachat.backends.formats import is_jinja
from akachat.backends.presets import Presets
from akachat.backends.prompt_types import prompt_types
from akachat.errors import NotAllowed
from akachat.functions import LayeredVariables, UserFunctions, llm_function, msg_function, rag_function
from akachat.live import Live
from akachat.options import Options
from akachat.retrieval import Libraries
from akachat.settings import Settings
from akachat.template import HostFunction, Outcome, Variables
from akachat.workspace import Workspace

__all__ = ["Host"]

Answer = Callable[[str, str, dict[str, Any]], Awaitable[Outcome]]


class Host:
    """Makes the functions that one run may call, and remembers their last results for the preview."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Callable[[], Settings],
        libraries: Libraries,
        user_functions: UserFunctions,
        presets: Presets,
    ) -> None:
        self._presets = presets
        self._workspace = workspace
        self._settings = settings
        self._libraries = libraries
        self._user = user_functions
        self._rag = rag_function(self._search)
        self._msg = msg_function(workspace.messages.list)
        self._last: OrderedDict[tuple[str, str], str] = OrderedDict()

    def variables(self, overrides: Mapping[str, str]) -> Variables:
        """The workspace's variables behind a run's own."""
        return LayeredVariables(overrides, self._workspace.variables) if overrides else self._workspace.variables

    def functions(self, live: Live, answer: Answer) -> dict[str, HostFunction]:
        """The functions of one run; ``answer`` runs another prompt. In a dry run nothing costly is called."""
        said = live.family.remembered
        msg = self._msg if said is None else msg_function(lambda limit: said[-limit:])
        functions = {"rag": self._rag, "msg": msg, "llm": llm_function(answer), **self._user.functions()}
        return {
            name: function if function.origin in ("rag", "msg") else self._remembering(live, function)
            for name, function in functions.items()
        }

    async def _search(self, names: list[str], query: str, k: int) -> Outcome:
        hits = await self._libraries.search(names, query, k)
        return Outcome("\n\n".join(hit.text for hit in hits), {"hits": [hit.to_dict() for hit in hits]})

    def _remembering(self, live: Live, function: HostFunction) -> HostFunction:
        """The function, its last results kept; in a dry run only those, or a marked placeholder."""

        async def call(*args: Any, **kwargs: Any) -> Any:
            written = ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in kwargs.items())])
            key = (function.name, written[:2_000])
            if live.dry:
                if key in self._last:
                    return Outcome(self._last[key], {"preview": "last result"})
                live.placeholders += 1
                return Outcome(f"⟦{function.name}({_short(written)})⟧", {"preview": "not run"})
            result = await function.call(*args, **kwargs)
            value = result.value if isinstance(result, Outcome) else result
            if isinstance(value, str) and len(value) <= 20_000:
                self._last[key] = value
                self._last.move_to_end(key)
                if len(self._last) > 200:
                    self._last.popitem(last=False)
            return result

        return HostFunction(function.name, call, function.origin, function.parallel, function.documentation)

    def check_known(self, changes: Mapping[str, Any], own: Options) -> None:
        """Refuses options that would lead a call somewhere the owner of this workspace never named.

        An instruction may pass on what a caller or a model wrote, so ``llm()`` may name only endpoints from the
        settings, and only models, LoRAs and chat templates that a saved prompt uses or the owner listed.

        Raises:
            NotAllowed: which option, and where to name it.
        """
        if not changes:
            return
        wanted, settings = own.merged(dict(changes)), self._settings()
        if wanted.endpoint != own.endpoint and not settings.knows_endpoint(wanted.endpoint):
            raise NotAllowed(
                f"the endpoint {wanted.endpoint!r} is not known here", hint="Name it in the settings first."
            )
        bounds = (("model", settings.models), ("lora", settings.loras), ("tokenizer", ()), ("revision", ()))
        for key, known in (*bounds, ("template", prompt_types())):
            value = getattr(wanted, key)
            if not value or value in (getattr(own, key), "embedded") or value in known:
                continue
            if key in ("model", "lora") and self._presets.knows(value):
                continue
            if key == "template" and not is_jinja(value):
                continue  # a format is text with slots; a chat template is a program
            if key == "model" and wanted.location == "OpenAI":
                continue  # names at an endpoint are the endpoint's matter: nothing is loaded here
            if all(getattr(options, key) != value for options in self._workspace.prompts.options()):
                raise NotAllowed(
                    f"the {key} {value!r} is not known here",
                    hint="Name it in the settings, or save a prompt that uses it.",
                )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
