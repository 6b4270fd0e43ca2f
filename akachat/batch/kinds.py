"""The kinds of checks, one model each: their fields, and what they mean."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "KINDS",
    "Between",
    "Check",
    "Contains",
    "Equals",
    "Group",
    "Json",
    "Language",
    "Length",
    "Limit",
    "Llm",
    "Not",
    "Python",
    "Regex",
    "Similarity",
]


class Check(BaseModel):
    """What all checks have: a name, a weight, and the score from which they pass where scores are not 0 or 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, populate_by_name=True)

    type: str
    name: str = Field(default="", max_length=200)
    weight: float = Field(default=1.0, ge=0, le=1_000, allow_inf_nan=False)

    #: The field that says the most about the check, for its name where it has none.
    told_by: ClassVar[str] = "value"

    @property
    def label(self) -> str:
        """The name, or else the type with its most telling value."""
        told = getattr(self, self.told_by, None)
        shown = ", ".join(told) if isinstance(told, tuple) else "" if told is None else str(told)
        shown = " ".join(shown.split())
        return self.name or f"{self.type} {shown if len(shown) <= 40 else shown[:39] + '…'}".strip()


class _Filled(Check):
    """A check whose texts may hold ``{column}`` of the case; ``placeholders: false`` takes braces as they stand."""

    placeholders: bool = True


class Contains(_Filled):
    """Texts that must be in the answer (all of them, any, or none); those with an ``i`` ignore upper and lower case."""

    type: Literal["contains", "icontains", "contains-any", "icontains-any", "not-contains", "not-icontains"]
    value: tuple[str, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: Any) -> Any:
        if isinstance(data, dict) and "value" in data and not isinstance(data["value"], (list, tuple)):
            return {**data, "value": [data["value"]]}
        return data


class Equals(_Filled):
    """The answer is a text, or begins or ends with it; ``strip`` leaves the white space around the answer out."""

    type: Literal["equals", "starts-with", "ends-with"]
    value: str = "{expected}"
    ignore_case: bool = False
    strip: bool = False


class Regex(_Filled):
    """A regular expression is found in the answer; what stands in ``{column}`` is taken literally."""

    type: Literal["regex"]
    value: str = Field(max_length=10_000)
    ignore_case: bool = False


class Json(Check):
    """The answer is JSON, and fits the JSON schema where one is given."""

    type: Literal["json"]
    schema_: dict[str, Any] | bool | None = Field(default=None, alias="schema")

    told_by: ClassVar[str] = ""


class Between(Check):
    """A check of a number that has a least value, a greatest one, or both."""

    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)

    told_by: ClassVar[str] = "bounds"

    @property
    def bounds(self) -> str:
        """The bounds as a name shows them, e.g. ``≤ 3``."""
        least = "" if self.min is None else f"≥ {self.min:g}"
        most = "" if self.max is None else f"≤ {self.max:g}"
        return " ".join(filter(None, (least, most)))

    @model_validator(mode="after")
    def _some_bound(self) -> Between:
        if self.min is None and self.max is None:
            raise ValueError("give min or max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self


class Length(Between):
    """How long the answer is, in characters or in the model's tokens."""

    type: Literal["length"]
    unit: Literal["characters", "tokens"] = "characters"


class Limit(Between):
    """What the call took: seconds, seconds to the first piece, tokens of prompt and answer, money."""

    type: Literal["latency_seconds", "first_seconds", "tokens", "cost"]


class Language(Check):
    """The answer is Japanese or English, as told by its script; the score is that script's share."""

    type: Literal["language"]
    value: Literal["ja", "en"]
    threshold: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)


class Similarity(_Filled):
    """How alike the answer and a text are: by their characters, or by the meaning as an embedding model sees it."""

    type: Literal["similarity"]
    value: str = "{expected}"
    by: Literal["characters", "embedding"] = "characters"
    threshold: float = Field(default=0.75, ge=0, le=1, allow_inf_nan=False)


class Python(Check):
    """An expression in the sandbox, of ``output``, ``input``, ``expected``, ``var``, ``latency`` and ``tokens``.

    True and False pass and fail; a number from 0 to 1 is a score.
    """

    type: Literal["python"]
    value: str = Field(min_length=1, max_length=10_000)
    threshold: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)


class Llm(Check):
    """A saved prompt judges: it reads ``var.output``, ``var.input``, ``var.expected``, answers score and reason."""

    type: Literal["llm"]
    prompt: str = Field(min_length=1, max_length=500)
    threshold: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)

    told_by: ClassVar[str] = "prompt"


class Not(Check):
    """Passes where the inner check fails."""

    type: Literal["not"]
    check: Check

    told_by: ClassVar[str] = "inner"

    @property
    def inner(self) -> str:
        """The inner check's label."""
        return self.check.label


class Group(Check):
    """Any or all of several checks; ``all`` with a threshold passes by the weighted mean of their scores."""

    type: Literal["any", "all"]
    checks: tuple[Check, ...] = Field(min_length=1, max_length=200)
    threshold: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)

    told_by: ClassVar[str] = "inner"

    @property
    def inner(self) -> str:
        """The inner checks' labels."""
        return "(" + ", ".join(check.label for check in self.checks) + ")"


#: By the type that the data names.
KINDS: dict[str, type[Check]] = {
    **dict.fromkeys(
        ("contains", "icontains", "contains-any", "icontains-any", "not-contains", "not-icontains"), Contains
    ),
    **dict.fromkeys(("equals", "starts-with", "ends-with"), Equals),
    **dict.fromkeys(("latency_seconds", "first_seconds", "tokens", "cost"), Limit),
    **{"regex": Regex, "json": Json, "length": Length, "language": Language, "similarity": Similarity},
    **{"python": Python, "llm": Llm, "not": Not, "any": Group, "all": Group},
}
