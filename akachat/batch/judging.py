"""Judges results by checks: those of one result side by side, each with its own error, none stops the rest."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from akachat.batch import measuring, schema
from akachat.batch.checks import Checks, parse_checks
from akachat.batch.filling import fill
from akachat.batch.judgements import Judged, Judgement
from akachat.batch.kinds import (
    Between,
    Check,
    Contains,
    Equals,
    Group,
    Json,
    Language,
    Llm,
    Not,
    Python,
    Regex,
    Similarity,
)
from akachat.batch.measuring import Verdict
from akachat.batch.opinions import judge_request, read_opinion
from akachat.batch.values import Problem, Result
from akachat.errors import AkachatError, InvalidInput
from akachat.events import Finished, RunRequest
from akachat.template import Sandbox

__all__ = ["Ask", "Embed", "Judge"]

#: Runs a prompt to its end, as ``Playground.run`` does.
Ask = Callable[[RunRequest], Awaitable[Finished]]
#: Vectors of texts, one each.
Embed = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]

#: A pattern's rounds: each may make the schema ask for patterns that it did not come to before.
_ROUNDS = 20
_SPECIAL = frozenset("\\.^$*+?{}[]()|-/ #&~\t\n\r\v\f")


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What an inner check says; an error keeps it from saying anything."""

    verdict: Verdict | None
    error: Problem | None = None


class Judge:
    """Checks, and what they need to look at a result.

    Args:
        checks: what every result is asked.
        sandbox: where patterns and expressions are evaluated.
        ask: runs a judging prompt; None where checks of the type ``llm`` cannot be used.
        embed: an embedding model; None where similarity ``by: embedding`` cannot be used.
        parallel: how many checks are looked at at the same time.
        seconds: how long one check may take.
    """

    def __init__(
        self,
        checks: Checks,
        *,
        sandbox: Sandbox,
        ask: Ask | None = None,
        embed: Embed | None = None,
        parallel: int = 8,
        seconds: float = 300.0,
    ) -> None:
        self._checks = checks
        self._sandbox = sandbox
        self._ask = ask
        self._embed = embed
        self._seconds = seconds
        self._slots = asyncio.Semaphore(parallel)

    async def judge(self, result: Result) -> Judged:
        """What the checks say of a result, in their order; the case's own checks follow those of the batch.

        A result that is not ``ok`` is asked nothing.
        """
        if result.status != "ok":
            return Judged(result, (), self._checks.threshold)
        asked = list(self._checks)
        broken: list[Judgement] = []
        if result.cell.case.checks:
            try:
                asked += parse_checks(list(result.cell.case.checks))
            except InvalidInput as error:
                broken.append(Judgement("checks", None, None, error=Problem.of(error)))
        said = await asyncio.gather(*(self._look(name, check, result) for name, check in asked))
        return Judged(result, (*said, *broken), self._checks.threshold)

    async def _look(self, name: str, check: Check, result: Result) -> Judgement:
        opinion = await self._opinion(check, result)
        verdict = opinion.verdict
        if verdict is None:
            return Judgement(name, None, None, "", opinion.error, check.weight)
        return Judgement(name, verdict.passed, verdict.score, verdict.reason, None, check.weight)

    async def _opinion(self, check: Check, result: Result) -> _Opinion:
        if isinstance(check, Group):
            return await self._group(check, result)
        if isinstance(check, Not):
            return await self._not(check, result)
        try:
            async with self._slots:
                with anyio.fail_after(self._seconds):
                    return _Opinion(await self._verdict(check, result))
        except TimeoutError:
            message = f"the check took longer than {self._seconds:g} seconds"
            return _Opinion(None, Problem(message, "Ask less of it, or take a faster model for it."))
        except AkachatError as error:
            return _Opinion(None, Problem.of(error))
        except Exception as error:  # an embedding model's own; it may not end the batch
            message = f"the check failed: {str(error)[:200] or 'without a message'} ({type(error).__name__})"
            return _Opinion(None, Problem(message))

    async def _verdict(self, check: Check, result: Result) -> Verdict:
        text, named = result.text, result.cell.case.named()
        if isinstance(check, Between):
            return measuring.within(check, result)
        if isinstance(check, Contains):
            values = [fill(v, named) for v in check.value] if check.placeholders else check.value
            return measuring.contains(check, values, text)
        if isinstance(check, Equals):
            return measuring.equals(check, fill(check.value, named) if check.placeholders else check.value, text)
        if isinstance(check, Language):
            share = measuring.script_share(text, check.value)
            return Verdict.scored(share, check.threshold, f"the share of {_LANGUAGES[check.value]}")
        if isinstance(check, Regex):
            return await self._regex(check, result)
        if isinstance(check, Json):
            return await self._json(check, text)
        if isinstance(check, Similarity):
            return await self._similarity(check, result)
        if isinstance(check, Python):
            return await self._python(check, result)
        if isinstance(check, Llm):
            return await self._llm(check, result)
        raise InvalidInput(f"checks of the type {check.type} cannot be judged")

    # checks of checks

    async def _not(self, check: Not, result: Result) -> _Opinion:
        inner = await self._opinion(check.check, result)
        if inner.verdict is None:
            return inner
        passed, score, reason = inner.verdict.passed, inner.verdict.score, inner.verdict.reason
        return _Opinion(Verdict(not passed, 1 - score, reason))

    async def _group(self, check: Group, result: Result) -> _Opinion:
        """A check that could not say leaves the whole open, unless the others settle it."""
        inner = await asyncio.gather(*(self._opinion(each, result) for each in check.checks))
        verdicts = [opinion.verdict for opinion in inner if opinion.verdict is not None]
        error = next((opinion.error for opinion in inner if opinion.verdict is None), None)
        passed = [verdict for verdict in verdicts if verdict.passed]
        failed = [verdict for verdict in verdicts if not verdict.passed]
        if check.type == "any":
            if passed:
                return _Opinion(max(passed, key=lambda v: v.score))
            if error is not None:
                return _Opinion(None, error)
            return _Opinion(max(failed, key=lambda v: v.score))
        if error is not None and (check.threshold is not None or not failed):
            return _Opinion(None, error)
        weights = [each.weight for each, opinion in zip(check.checks, inner, strict=True) if opinion.verdict]
        total = sum(weights)
        score = sum(v.score * w for v, w in zip(verdicts, weights, strict=True)) / total if total else 0.0
        if check.threshold is not None:
            return _Opinion(Verdict.scored(score, check.threshold, "the mean score"))
        return _Opinion(Verdict(not failed, score, (failed or passed)[0].reason))

    # checks that ask somebody else

    async def _regex(self, check: Regex, result: Result) -> Verdict:
        pattern = fill(check.value, result.cell.case.named(), _literally) if check.placeholders else check.value
        [found] = await self._sandbox.search([(f"(?i){pattern}" if check.ignore_case else pattern, result.text)])
        words = "it matches" if found else "it does not match"
        return Verdict.of(found, f"{words} {measuring.shown(check.value)}")

    async def _json(self, check: Json, text: str) -> Verdict:
        try:
            value = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            place = f" in line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            return Verdict.of(False, f"it is no JSON{place}")
        if check.schema_ is None:
            return Verdict.of(True, "it is JSON")
        wrong = await self._problems(value, check.schema_)
        return Verdict.of(not wrong, f"it does not fit the schema: {wrong[0]}" if wrong else "it fits the schema")

    async def _problems(self, value: Any, rules: Any) -> list[str]:
        """The first problem; patterns that the walk asks for are searched together, and then it walks again."""
        known: dict[tuple[str, str], bool] = {}
        for _ in range(_ROUNDS):
            wanted: dict[tuple[str, str], None] = {}

            def found(pattern: str, text: str, wanted: dict[tuple[str, str], None] = wanted) -> bool:
                if (pattern, text) not in known:
                    wanted[pattern, text] = None
                return known.get((pattern, text), True)

            problem = next(schema.problems(value, rules, found), None)
            if not wanted:
                return [problem] if problem else []
            known.update(zip(wanted, await self._sandbox.search(list(wanted)), strict=True))
        raise InvalidInput("the JSON schema needs too many patterns", hint="Simplify the schema of this check.")

    async def _similarity(self, check: Similarity, result: Result) -> Verdict:
        reference = fill(check.value, result.cell.case.named()) if check.placeholders else check.value
        if check.by == "characters":
            score = await anyio.to_thread.run_sync(measuring.character_similarity, result.text, reference)
        elif self._embed is None:
            raise InvalidInput(
                "there is no embedding model for similarity", hint="Leave `by` out to compare the characters."
            )
        else:
            one, other = await self._embed([result.text, reference])
            score = measuring.cosine(one, other)
        return Verdict.scored(score, check.threshold, "the similarity")

    async def _python(self, check: Python, result: Result) -> Verdict:
        case = result.cell.case
        names = {
            "output": result.text,
            "input": case.input,
            "expected": case.expected,
            "latency": result.seconds,
            "tokens": result.completion_tokens,
            "var": {**case.variables, **case.fields},
        }
        value = await self._sandbox.evaluate(check.value, names)
        if isinstance(value, bool):
            return Verdict.of(value, f"{measuring.shown(check.value)} is {'true' if value else 'false'}")
        if not math.isfinite(value) or not 0 <= value <= 1:
            raise InvalidInput(
                f"the expression gives {'a huge number' if abs(value) > 1e300 else value}",
                hint="A number from 0 to 1 is a score; compare others, as in len(output) < 100.",
            )
        return Verdict.scored(float(value), check.threshold, "the score")

    async def _llm(self, check: Llm, result: Result) -> Verdict:
        if self._ask is None:
            raise InvalidInput("no prompt can be asked to judge here", hint="Leave checks of the type llm out.")
        finished = await self._ask(judge_request(check.prompt, result))
        score, reason = read_opinion(finished.result)
        return Verdict(score >= check.threshold, score, reason)


_LANGUAGES = {"ja": "Japanese", "en": "English"}


def _literally(text: str) -> str:
    return "".join("\\" + sign if sign in _SPECIAL else sign for sign in text)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
