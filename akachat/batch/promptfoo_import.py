"""Reads a promptfoo config: its prompts, providers, tests and assertions as ours; what stays behind is listed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akachat.batch.assertions import NotCarried, assertion_to_check
from akachat.batch.nunjucks import expression_from, instruction_from, is_template
from akachat.batch.reading import read_data
from akachat.batch.values import Case, Column
from akachat.errors import InvalidInput
from akachat.messages import ROLES
from akachat.options import Options

__all__ = ["Imported", "import_config"]

_MOST_CASES = 100_000
_OPENAI = "https://api.openai.com/v1"
_OPTIONS = {
    **dict.fromkeys(("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop")),
    **{"response_format": None, "max_tokens": "max_new_tokens", "max_completion_tokens": "max_new_tokens"},
}
_FILE = "it reads a file or runs code"
_TEMPLATE = "it uses more of the template language than names"
_UNKNOWN = "this field has no counterpart"


@dataclass(frozen=True, slots=True)
class Imported:
    """What a promptfoo config becomes.

    Attributes:
        prompts: instructions by name.
        columns: every prompt with every provider.
        cases: the tests; lists of values in ``vars`` are taken one by one, as promptfoo does.
        checks: of all cases, as data.
        threshold: of all cases; None where every check must pass.
        repeat, concurrency: how often and how many at once; None where it does not say.
        lost: what could not be carried over, one sentence each.
    """

    prompts: Mapping[str, str]
    columns: tuple[Column, ...]
    cases: tuple[Case, ...]
    checks: tuple[Mapping[str, Any], ...]
    threshold: float | None = None
    repeat: int | None = None
    concurrency: int | None = None
    lost: tuple[str, ...] = ()


def import_config(text: str) -> Imported:
    """Reads a config in YAML or JSON.

    Raises:
        InvalidInput: it cannot be read, is no config, or has more than 100,000 cases.
    """
    data = read_data(text, "the promptfoo config")
    if not isinstance(data, Mapping) or not {"prompts", "providers", "targets", "tests"} & data.keys():
        raise InvalidInput("this is no promptfoo config", hint="It is an object with prompts, providers and tests.")
    return _Reading().read(data)


@dataclass(slots=True)
class _Reading:
    """One config being read."""

    lost: list[str] = field(default_factory=list)

    def lose(self, where: str, why: str) -> None:
        self.lost.append(f"{where} was not carried over: {why}")

    def rest(self, where: str, value: Mapping[str, Any], known: set[str]) -> None:
        for key in value:
            if key not in known and value[key] not in (None, "", [], {}):
                self.lose(f"{where}{key}", _UNKNOWN)

    def read(self, data: Mapping[str, Any]) -> Imported:
        known = {"description", "prompts", "providers", "targets", "tests", "defaultTest", "evaluateOptions"}
        self.rest("", data, known)
        prompts = self.prompts(data.get("prompts"))
        columns = [
            Column(prompt, options, f"{prompt} · {label}")
            for prompt in prompts
            for label, options in self.providers(data.get("providers", data.get("targets")))
        ]
        default, options = (self.object(name, data.get(name)) for name in ("defaultTest", "evaluateOptions"))
        self.rest("defaultTest.", default, {"vars", "assert", "threshold", "description"})
        checks = self.checks("defaultTest", default.get("assert"))
        self.rest("evaluateOptions.", options, {"repeat", "maxConcurrency"})
        cases = self.cases(data.get("tests"), default.get("vars") or {})
        return Imported(
            prompts,
            tuple({column.name: column for column in columns}.values()),
            tuple(cases),
            tuple(checks),
            self.number("defaultTest.threshold", default.get("threshold"), 0, 1),
            _whole(self.number("evaluateOptions.repeat", options.get("repeat"), 1, 10_000)),
            _whole(self.number("evaluateOptions.maxConcurrency", options.get("maxConcurrency"), 1, 10_000)),
            tuple(dict.fromkeys(self.lost)),
        )

    def object(self, where: str, value: Any) -> Mapping[str, Any]:
        if value and not isinstance(value, Mapping):
            self.lose(where, _FILE)
        return value if isinstance(value, Mapping) else {}

    def number(self, where: str, value: Any, least: float, most: float) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            self.lose(where, f"it is no number from {least:g} to {most:g}")
            return None
        return value

    # prompts

    def prompts(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for index, each in enumerate(value if isinstance(value, list) else [value] if value else []):
            where = f"prompts[{index}]"
            text, label = each, f"prompt{index + 1}"
            if isinstance(each, Mapping):
                self.rest(f"{where}.", each, {"id", "raw", "label", "display"})
                text, label = each.get("raw") or each.get("id"), str(each.get("label") or label)
            if not isinstance(text, str) or not text:
                self.lose(where, _UNKNOWN)
            elif text.startswith(("file://", "exec:")) or text.endswith((".txt", ".json", ".js", ".py", ".md")):
                self.lose(where, _FILE)
            elif (instruction := _instruction(text)) is None:
                self.lose(where, _TEMPLATE)
            else:
                found[_free(_safe(label), found)] = instruction
        return found

    # providers

    def providers(self, value: Any) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for index, each in enumerate(value if isinstance(value, list) else [value] if value else []):
            where = f"providers[{index}]"
            config: Any = {}
            label = ""
            name = each
            if isinstance(each, Mapping) and "id" not in each and len(each) == 1:
                [(name, inner)] = each.items()
                each = {"id": name, **(inner if isinstance(inner, Mapping) else {})}
            if isinstance(each, Mapping):
                self.rest(f"{where}.", each, {"id", "label", "config"})
                name, label, config = each.get("id"), str(each.get("label") or ""), each.get("config") or {}
            options = self.options(where, str(name), config if isinstance(config, Mapping) else {})
            if options is not None:
                found.append((label or str(name), options))
        return found

    def options(self, where: str, name: str, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """Our options of an OpenAI-compatible provider."""
        kind, _, model = name.partition(":")
        if model.startswith("chat:"):
            model = model.removeprefix("chat:")
        elif ":" in model and model.split(":")[0] in ("completion", "responses", "embedding", "assistant", "image"):
            model = ""
        if kind != "openai" or not model:
            self.lose(where, "only OpenAI-compatible chat providers are known here")
            return None
        options: dict[str, Any] = {
            "location": "OpenAI",
            "model": model,
            "endpoint": config.get("apiBaseUrl") or _OPENAI,
        }
        for key, value in config.items():
            if key in _OPTIONS:
                options[_OPTIONS[key] or key] = value
            elif key in ("apiKey", "apiKeyEnvar"):
                self.lose(f"{where}.config.{key}", "keys belong into the settings")
            elif key != "apiBaseUrl":
                self.lose(f"{where}.config.{key}", _UNKNOWN)
        try:
            Options.parse(options)
        except InvalidInput as error:
            self.lose(where, error.message)
            return None
        return options

    # tests

    def checks(self, where: str, value: Any) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for index, each in enumerate(value if isinstance(value, list) else []):
            try:
                if not isinstance(each, Mapping):
                    raise NotCarried(_UNKNOWN)
                found.append(assertion_to_check(each))
            except NotCarried as error:
                kind = f" ({each.get('type')})" if isinstance(each, Mapping) else ""
                self.lose(f"{where}.assert[{index}]{kind}", str(error))
        return found

    def cases(self, value: Any, default: Any) -> list[Case]:
        if value is not None and not isinstance(value, list):
            self.lose("tests", _FILE)
        cases: list[Case] = []
        for index, test in enumerate(value if isinstance(value, list) else [{}]):
            where = f"tests[{index}]"
            if not isinstance(test, Mapping):
                self.lose(where, _FILE)
                continue
            self.rest(f"{where}.", test, {"vars", "assert", "description"})
            own = test.get("vars") or {}
            if not isinstance(own, Mapping) or not isinstance(default, Mapping):
                self.lose(f"{where}.vars", _FILE)
                continue
            checks = tuple(self.checks(where, test.get("assert")))
            fields = {"description": str(test["description"])} if test.get("description") else {}
            for variables in self.expanded(where, {**default, **own}):
                if len(cases) >= _MOST_CASES:
                    raise InvalidInput(
                        f"the promptfoo config has more than {_MOST_CASES:,} cases", hint="Split its tests."
                    )
                cases.append(Case(str(len(cases) + 1), variables=variables, fields=fields, checks=checks))
        return cases

    def expanded(self, where: str, variables: Mapping[Any, Any]) -> list[dict[str, str]]:
        """Every combination of the values of lists."""
        choices: dict[str, list[str]] = {}
        for name, value in variables.items():
            values = [_text(each) for each in (value if isinstance(value, list) else [value])]
            if any(each.startswith("file://") for each in values):
                self.lose(f"{where}.vars.{name}", _FILE)
            elif any(is_template(each) for each in values):
                self.lose(f"{where}.vars.{name}", _TEMPLATE)
            else:
                choices[str(name)] = values
        if math.prod(map(len, choices.values())) > _MOST_CASES:
            raise InvalidInput(f"the promptfoo config has more than {_MOST_CASES:,} cases", hint="Split its tests.")
        return [dict(zip(choices, each, strict=True)) for each in itertools.product(*choices.values())]


def _text(value: Any) -> str:
    """A value as promptfoo puts it into a prompt: it takes one line feed off its end."""
    if isinstance(value, str):
        return value.removesuffix("\n")
    return json.dumps(value, ensure_ascii=False, default=str)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _instruction(text: str) -> str | None:
    """A prompt as an instruction; one that is a list of messages in JSON keeps them as messages."""
    try:
        turns = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        turns = None
    if not isinstance(turns, Sequence) or not turns:
        return instruction_from(text)
    parts: list[str | None] = []
    for turn in turns:
        if not isinstance(turn, Mapping) or turn.keys() != {"role", "content"} or turn["role"] not in ROLES:
            return None
        if not isinstance(turn["content"], str):
            return None
        if turn["role"] == "system":
            parts.append(instruction_from(turn["content"]))
        else:
            content = expression_from(turn["content"])
            parts.append(content and f'{{msgf([{{"role": "{turn["role"]}", "content": {content}}}])}}')
    return None if None in parts else "".join(part or "" for part in parts)


def _safe(label: str) -> str:
    """A label as a prompt's name: no signs that names of files cannot hold."""
    name = "".join(" " if sign in '\\/:*?"<>|.{}' or ord(sign) < 32 else sign for sign in label)
    return "_".join(name.split())[:60] or "prompt"


def _free(name: str, taken: Mapping[str, str]) -> str:
    return next(each for n in itertools.count(1) if (each := name if n == 1 else f"{name}_{n}") not in taken)
