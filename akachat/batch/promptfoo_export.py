"""Writes a batch as a promptfoo config; what it could not say the same way is listed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from akachat.batch.assertions import NotCarried, check_to_assertion
from akachat.batch.checks import Checks, parse_checks
from akachat.batch.nunjucks import instruction_to, is_template, raw
from akachat.batch.values import Case, Column
from akachat.options import Options

__all__ = ["Exported", "export_config"]

_NAMES = {"max_new_tokens": "max_tokens"}
_SAME = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop", "response_format", "tools")


@dataclass(frozen=True, slots=True)
class Exported:
    """A promptfoo config as YAML, and what could not be carried over, one sentence each."""

    text: str
    lost: tuple[str, ...]


def export_config(
    prompts: Mapping[str, tuple[str, Mapping[str, Any]]],
    columns: Sequence[Column],
    cases: Iterable[Case],
    checks: Checks,
    *,
    repeat: int = 1,
    concurrency: int | None = None,
) -> Exported:
    """The config of a batch.

    Args:
        prompts: the instruction and the saved options of every prompt that the columns name.

    Raises:
        akachat.errors.InvalidInput: an option of a column, or a check of a case, is wrong.
    """
    lost: dict[str, None] = {}
    tests, used = _tests(cases, lost)
    asserts = _asserts("checks", checks, lost)
    default = {
        **({"assert": asserts} if asserts else {}),
        **({"threshold": checks.threshold} if checks.threshold is not None else {}),
    }
    options = {
        **({"repeat": repeat} if repeat != 1 else {}),
        **({"maxConcurrency": concurrency} if concurrency else {}),
    }
    named = {column.prompt: prompts[column.prompt] for column in columns}
    config = {
        "prompts": [{"raw": _prompt(name, text, used, lost), "label": name} for name, (text, _) in named.items()],
        "providers": [_provider(column, prompts[column.prompt][1], lost) for column in columns],
        **({"defaultTest": default} if default else {}),
        "tests": tests,
        **({"evaluateOptions": options} if options else {}),
    }
    text = yaml.dump(config, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    return Exported(text, tuple(lost))


class _Dumper(yaml.SafeDumper):
    """Writes every value where it stands: references to earlier ones are hard to edit."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class _Used:
    """What the cases have: names in all of them, and whether some or all have an input."""

    everywhere: frozenset[str]
    some_input: bool
    all_input: bool


def _lose(lost: dict[str, None], where: str, why: str) -> None:
    lost[f"{where} was not carried over: {why}"] = None


def _prompt(name: str, instruction: str, used: _Used, lost: dict[str, None]) -> str:
    """One text, which promptfoo sends as the user's; or messages, where the input follows the instruction."""
    text, names, fields = instruction_to(instruction)
    for each in fields:
        _lose(lost, f"prompt {name}: {each}", "only {input} and {var.name} have a counterpart")
    for each in dict.fromkeys(names):
        if each not in used.everywhere:
            _lose(lost, f"prompt {name}: var.{each}", "not every case has this variable")
    if not used.some_input:
        return text
    if not used.all_input:
        _lose(lost, f"prompt {name}", "some cases have an input and others none, and one form must fit all")
    turns = [{"role": "system", "content": text}] if text.strip() else []
    return json.dumps([*turns, {"role": "user", "content": "{{ input }}"}], ensure_ascii=False)


def _provider(column: Column, saved: Mapping[str, Any], lost: dict[str, None]) -> dict[str, Any]:
    options = Options.parse(saved).merged(column.options)
    config: dict[str, Any] = {}
    if options.location != "OpenAI":
        _lose(lost, f"column {column.name}", "its model runs here; give apiBaseUrl a server that answers for it")
    elif options.endpoint and options.endpoint.startswith(("http://", "https://")):
        config["apiBaseUrl"] = options.endpoint
    elif options.endpoint:
        _lose(lost, f"column {column.name}: endpoint", "it is a name from the settings; give apiBaseUrl its address")
    for key, value in options.to_dict().items():
        if key in _SAME or key in _NAMES:
            config[_NAMES.get(key, key)] = value
        elif key not in ("location", "model", "endpoint"):
            _lose(lost, f"column {column.name}: {key}", "this field has no counterpart")
    return {
        "id": f"openai:chat:{options.model}",
        "label": column.name,
        "prompts": [column.prompt],
        "config": config,
    }


def _tests(cases: Iterable[Case], lost: dict[str, None]) -> tuple[list[dict[str, Any]], _Used]:
    tests: list[dict[str, Any]] = []
    everywhere: set[str] | None = None
    some_input, all_input = False, True
    for case in cases:
        some_input, all_input = some_input or bool(case.input), all_input and bool(case.input)
        variables = {name: _value(value) for name, value in case.named().items()}
        everywhere = set(variables) if everywhere is None else everywhere & set(variables)
        for name, value in variables.items():
            if is_template(value):
                variables[name] = raw(value)
            elif value.startswith("file://"):
                _lose(lost, f"case {case.id}: {name}", "promptfoo would read it as a file")
        if case.messages:
            _lose(lost, f"case {case.id}: messages", "this field has no counterpart")
        own = _asserts(f"case {case.id}", parse_checks(list(case.checks)), lost)
        tests.append({"description": case.id, "vars": variables, **({"assert": own} if own else {})})
    return tests, _Used(frozenset(everywhere or ()), some_input, all_input)


def _value(value: Any) -> str:
    """Text: promptfoo would take a list as several tests."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _asserts(where: str, checks: Checks, lost: dict[str, None]) -> list[dict[str, Any]]:
    made = []
    for name, check in checks:
        try:
            made.append(check_to_assertion(check))
        except NotCarried as error:
            _lose(lost, f"{where}: {name}", str(error))
    return made
