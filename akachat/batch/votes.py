"""Votes by hand between two answers whose columns are hidden: who wins, how surely, and the strength of each column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from akachat.batch.comparing import smallest_deciding
from akachat.batch.distributions import Interval, sign_test, wilson

__all__ = ["Duel", "Vote", "Votes"]

_ROUNDS = 2_000


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote on a case: which of two columns answered better; ``winner`` is None for neither."""

    case: str
    one: str
    other: str
    winner: str | None

    def __post_init__(self) -> None:
        if self.one == self.other or self.winner not in (self.one, self.other, None):
            raise ValueError("a vote is between two columns, and one of them or neither wins")

    def to_dict(self) -> dict[str, Any]:
        """The vote as a JSON object."""
        return {"case": self.case, "one": self.one, "other": self.other, "winner": self.winner}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Vote:
        """Reads what ``to_dict`` wrote.

        Raises:
            ValueError: the winner is none of the two.
        """
        winner = value["winner"]
        return cls(str(value["case"]), str(value["one"]), str(value["other"]), None if winner is None else str(winner))


@dataclass(frozen=True, slots=True)
class Duel:
    """What the votes between two columns come to.

    Attributes:
        wins, losses, ties: of ``column`` against ``base``.
        rate, interval: the share of wins among votes that chose one, with Wilson's interval at 95 %.
        p: the exact sign test's two-sided probability.
        verdict: as a comparison's.
    """

    column: str
    base: str
    wins: int
    losses: int
    ties: int
    rate: float | None
    interval: Interval | None
    p: float
    verdict: str
    needed: int


class Votes:
    """Votes, counted by pairs of columns."""

    def __init__(self, votes: Iterable[Vote] = ()) -> None:
        self._wins: dict[tuple[str, str], int] = {}
        self._ties: dict[frozenset[str], int] = {}
        self._names: dict[str, None] = {}
        for vote in votes:
            self.add(vote)

    def add(self, vote: Vote) -> None:
        """Counts one more vote."""
        self._names.update({vote.one: None, vote.other: None})
        if vote.winner is None:
            pair = frozenset((vote.one, vote.other))
            self._ties[pair] = self._ties.get(pair, 0) + 1
            return
        loser = vote.other if vote.winner == vote.one else vote.one
        self._wins[vote.winner, loser] = self._wins.get((vote.winner, loser), 0) + 1

    def duel(self, column: str, base: str, *, level: float = 0.05) -> Duel:
        """The votes between two columns; those for neither do not decide."""
        wins, losses = self._wins.get((column, base), 0), self._wins.get((base, column), 0)
        count, p = wins + losses, sign_test(wins, losses)
        ties = self._ties.get(frozenset((column, base)), 0)
        needed = smallest_deciding(level)
        if count + ties < needed:
            verdict = "not enough data"
        elif p > level:
            verdict = "no difference seen"
        else:
            verdict = "better" if wins > losses else "worse"
        rate = wins / count if count else None
        return Duel(column, base, wins, losses, ties, rate, wilson(wins, count, 1 - level), p, verdict, needed)

    def strengths(self) -> dict[str, float]:
        """Bradley–Terry strengths (1952), whose logarithms have the mean 0; a tie is half a win for each.

        Every pair that met is given half a tie more, so that a column without a loss stays finite. By Hunter's steps
        (2004), until they stand still.
        """
        names = list(self._names)
        met: dict[tuple[str, str], float] = {}
        won = dict.fromkeys(names, 0.0)
        for one in names:
            for other in names:
                pair = frozenset((one, other))
                wins, losses = self._wins.get((one, other), 0), self._wins.get((other, one), 0)
                ties = self._ties.get(pair, 0)
                if one != other and wins + losses + ties:
                    met[one, other] = wins + losses + ties + 0.5
                    won[one] += wins + ties / 2 + 0.25
        strength = dict.fromkeys(names, 1.0)
        for _ in range(_ROUNDS):
            new = {
                name: won[name]
                / sum(count / (strength[name] + strength[other]) for (one, other), count in met.items() if one == name)
                for name in names
            }
            scale = math.exp(sum(map(math.log, new.values())) / len(new)) if new else 1.0
            new = {name: value / scale for name, value in new.items()}
            still = all(abs(new[name] - strength[name]) < 1e-12 * new[name] for name in names)
            strength = new
            if still:
                break
        return strength
