"""A prompt's options: one model whose fields make the JSON file, the page's form, the API's schema and the flags."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from akachat.defaults import DEFAULTS
from akachat.errors import InvalidInput

__all__ = ["DEFAULTS", "Options"]

_MODEL, _SAMPLING, _HISTORY, _FORM = "model", "sampling", "history", "form"


def _field(group: str, description: str, **constraints: Any) -> Any:
    """A field that is unset by default; ``group`` is the part of the page's form where it stands."""
    return Field(default=None, description=description, json_schema_extra={"group": group}, **constraints)


class Options(BaseModel):
    """Where and how a prompt runs. A field that is None is unset: the model's own value, else ``DEFAULTS``.

    Unknown keys are kept (``unknown`` names them), so that a file written by a newer version loses nothing.
    """

    model_config = ConfigDict(extra="allow", validate_assignment=True, frozen=True, protected_namespaces=())

    location: Literal["Local", "OpenAI"] = Field(
        default="Local",
        description="Local: a model on this machine. OpenAI: any OpenAI-compatible server.",
        json_schema_extra={"group": _MODEL},
    )
    model: str = Field(
        default="embedded",
        description="A Hugging Face name, a folder, `embedded`, or the name that the endpoint knows.",
        json_schema_extra={"group": _MODEL},
    )
    endpoint: str | None = _field(_MODEL, "URL of the OpenAI-compatible server, or a name from the settings.")
    tokenizer: str | None = _field(_MODEL, "The tokenizer's name where it is not the model's.")
    dtype: Literal["int4", "int8", "fp16", "bf16", "fp32", ""] | None = _field(
        _MODEL, "Number format; empty: what this machine does best."
    )
    lora: str | None = _field(_MODEL, "A LoRA adapter's folder or name.")
    revision: str | None = _field(_MODEL, "The model's revision: a branch, a tag or a commit.")

    template: str | None = _field(
        _FORM, "A prompt type's name, a format with {instruction} and {input}, or a Jinja chat template."
    )
    chat_template_kwargs: dict[str, Any] | None = _field(_FORM, "Further values for the chat template.")
    is_messages: bool | None = _field(_FORM, "true: chat messages; false: one text; unset: what the model has.")

    max_new_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = _field(_SAMPLING, "Most tokens to generate.")
    temperature: Annotated[float, Field(ge=0, le=5)] | None = _field(_SAMPLING, "0 is greedy; higher is more varied.")
    top_p: Annotated[float, Field(ge=0, le=1)] | None = _field(_SAMPLING, "Nucleus sampling (Holtzman et al., 2019).")
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] | None = _field(_SAMPLING, "Keep the k likeliest tokens; 0: all.")
    min_p: Annotated[float, Field(ge=0, le=1)] | None = _field(
        _SAMPLING, "Drop tokens less likely than this share of the likeliest (Nguyen et al., 2024)."
    )
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = _field(
        _SAMPLING, "Above 1 makes repeating less likely (Keskar et al., 2019)."
    )
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = _field(
        _SAMPLING, "Penalty per earlier occurrence of a token, as OpenAI's."
    )
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = _field(
        _SAMPLING, "Penalty for tokens that occurred, as OpenAI's."
    )
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = _field(_SAMPLING, "Same seed, same answer.")
    stop: list[str] | None = _field(_SAMPLING, "Texts that end the answer; they are not part of it.")

    history_threshold: Annotated[int, Field(ge=1)] | None = _field(
        _HISTORY, "Above this many prompt tokens the oldest pairs of the history go."
    )
    history_target: Annotated[int, Field(ge=1)] | None = _field(_HISTORY, "…until the prompt has at most this many.")
    history_turns: Annotated[int, Field(ge=0)] | None = _field(_HISTORY, "Keep at most this many pairs.")
    history_summary: str | None = _field(_HISTORY, "A prompt that summarises the turns that go.")

    source_language: str | None = _field(_FORM, "Language code of the input, for translation models.")
    target_language: str | None = _field(_FORM, "Language code of the answer, for translation models.")
    response_format: dict[str, Any] | None = _field(_FORM, "The answer's form, e.g. a JSON schema, as OpenAI's.")
    tools: list[Any] | None = _field(_FORM, "Functions that the model may call: names, or OpenAI's objects.")
    timeout: Annotated[float, Field(gt=0, le=86_400)] | None = _field(_MODEL, "Seconds until a run is given up.")

    #: Names that other programs use for the same option.
    ALIASES: ClassVar[dict[str, str]] = {
        "max_tokens": "max_new_tokens",
        "max_completion_tokens": "max_new_tokens",
        "repeat_penalty": "repetition_penalty",
        "base_url": "endpoint",
    }

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator(
        "template",
        "endpoint",
        "lora",
        "tokenizer",
        "revision",
        "history_summary",
        "source_language",
        "target_language",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("location", mode="before")
    @classmethod
    def _empty_location(cls, value: Any) -> Any:
        return "Local" if value in ("", None) else value

    @field_validator("model", mode="before")
    @classmethod
    def _empty_model(cls, value: Any) -> Any:
        return "embedded" if value in ("", None) else value

    @classmethod
    def parse(cls, values: object) -> Options:
        """Reads options from a JSON object; other programs' names (``max_tokens``) are understood.

        Raises:
            InvalidInput: which option is wrong, and what it takes.
        """
        if not isinstance(values, Mapping):
            raise InvalidInput(
                f"options are an object, not {type(values).__name__}", hint='They look like {"seed": 1}.'
            )
        try:
            return cls.model_validate(cls._named(values))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(p) for p in first["loc"])
            name = str(first["loc"][0]) if first["loc"] else "options"
            info = cls.model_fields.get(name)
            raise InvalidInput(
                f"option {place}: {first['msg']}, not {first['input']!r}"[:500],
                hint=(info.description or "") if info else "",
            ) from None

    @classmethod
    def _named(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same values under our own names; where both are given, ours wins."""
        named: dict[str, Any] = {}
        for key, value in values.items():
            own = cls.ALIASES.get(key, key)
            if own == key or own not in values:
                named[own] = value
        return named

    @property
    def unknown(self) -> dict[str, str]:
        """Keys that no field knows, each with the field that may have been meant (or an empty text)."""
        names = list(type(self).model_fields)
        found = {}
        for key in self.__pydantic_extra__ or {}:
            near = difflib.get_close_matches(key, names, n=1)
            found[key] = near[0] if near else ""
        return found

    def merged(self, changes: Mapping[str, Any]) -> Options:
        """These options with some replaced; a None unsets one."""
        named = self._named(changes)
        gone = [key for key, value in named.items() if value is None]
        return Options.parse({key: value for key, value in {**self.to_dict(), **named}.items() if key not in gone})

    def to_dict(self) -> dict[str, Any]:
        """The options as the JSON file has them: only what is set, unknown keys included."""
        extra = self.__pydantic_extra__ or {}
        values = self.model_dump(exclude=set(extra))
        return {**{name: value for name, value in values.items() if value is not None}, **extra}
