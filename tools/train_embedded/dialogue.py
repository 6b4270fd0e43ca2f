"""A dialogue: a system text and turns, each of which shows a skill."""

from dataclasses import dataclass

from tools.train_embedded.figures import Lang


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user says, the answer, and which skill the answer shows."""

    user: str
    answer: str
    skill: str


@dataclass(slots=True)
class Dialogue:
    """A system text (or none) and turns; of examples only the last answer is learnt."""

    system: str
    turns: list[Turn]
    lang: Lang
    examples: bool = False
    suffix: str = ""
    crossed: bool = False
    before_last: str = ""  # a system text between the examples and the last question

    def messages(self) -> list[dict[str, str]]:
        """Give the chat messages, the last answer included."""
        out = [{"role": "system", "content": self.system}] if self.system else []
        for turn in self.turns:
            if self.before_last and turn is self.turns[-1]:
                out.append({"role": "system", "content": self.before_last})
            out += [{"role": "user", "content": turn.user}, {"role": "assistant", "content": turn.answer}]
        return out
