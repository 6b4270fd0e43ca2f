"""One chat's parts together: asks, shows the answer as it comes, and says what is to be known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from akachat.cli.chat.player import Player
from akachat.cli.chat.session import Session
from akachat.cli.chat.terminal import Terminal
from akachat.cli.chat.words import Words
from akachat.cli.progress import describe
from akachat.errors import AkachatError
from akachat.events import Delta, Event, Failed, Loading, Rendered, RunRequest
from akachat.messages import format_messages
from akachat.options import DEFAULTS, Options

__all__ = ["Talk"]


@dataclass(slots=True)
class Talk:
    """What the loop and the commands work with.

    Attributes:
        show_prompt: whether what the model receives is shown every time.
        quiet: whether notes are left out.
        rendered: what the model received last.
        failures: how many questions got no answer.
    """

    player: Player
    session: Session
    terminal: Terminal
    words: Words
    show_prompt: bool = False
    quiet: bool = False
    rendered: Rendered | None = None
    failures: int = 0
    _told: set[str] = field(default_factory=set)
    _thinks: bool = False
    _context: int | None = None

    def play(self, request: RunRequest) -> None:
        """Asks, and shows the answer as it comes."""
        self._thinks = False
        ended = self.player.play(request, self._show)
        if ended.result and not ended.result.endswith("\n"):
            self.terminal.answer("\n")
        if isinstance(ended, Failed):
            self.failures += 1
            self.complain(ended.error)
            return
        self.session.answered(request, ended)
        reason = ended.finish_reason
        if not ended.result and reason == "stop":
            self.terminal.say(self.words("nothing"))
        if not self.quiet:
            always = request.raw or reason == "length"  # these are of this answer, the others of the whole chat
            for note in ended.notes if always else [n for n in ended.notes if n not in self._told]:
                self.terminal.say(f"{self.words('note')}: {self.words.message(note)}")
            self._told.update(ended.notes)
        if self.session.last and self.session.last.answer and self.terminal.is_interactive:
            if reason in ("length", "cancelled"):
                self.terminal.say(self.words("cut" if reason == "length" else "stopped"))
            self.terminal.say("")

    def load(self, options: Options) -> None:
        """Loads the model that the options name, and says how it runs.

        Raises:
            AkachatError: it cannot be loaded.
        """
        if options.location == "Local" and not self.quiet:
            self.terminal.say(self.words("loading"))
        info = self.player.load(options, lambda progress: self.terminal.pass_by(describe(progress)))
        self.terminal.pass_by("")
        if info is None:
            self.session.has_history = True
            self._context = None
            self.fit(options)
            return
        facts = info.detail
        shown = [f"{name} {facts[name]}" for name in ("device", "dtype", "context") if facts.get(name)]
        self.terminal.say(self.words("loaded", facts=" · ".join([info.name, *shown])))
        self._context = facts.get("context")
        self.fit(options)
        self.session.has_history = facts.get("task") not in ("seq2seq", "translation")
        for note in facts.get("notes") or ():
            self.terminal.say(f"{self.words('note')}: {self.words.message(note)}")
        if not self.session.has_history:
            self.terminal.say(self.words("alone"))

    def fit(self, options: Options) -> None:
        """Lets old turns go before the model's context is full, unless the options have a rule of their own."""
        own = options.history_threshold or options.history_target
        room = (self._context or 0) - (options.max_new_tokens or DEFAULTS["max_new_tokens"])
        self.session.defaults = {"history_threshold": room} if room > 0 and not own else {}

    def complain(self, error: AkachatError) -> None:
        """Says what went wrong and what to do."""
        place = f" ({error.line}:{error.column})" if error.line is not None else ""
        self.terminal.say(f"{self.words('error')}: {self.words.message(error.message)}{place}")
        if error.hint:
            self.terminal.say(f"{self.words('hint')}: {self.words.message(error.hint)}")

    def sent(self) -> str | None:
        """What the model received last, as one text or as its messages; None where nothing was sent yet."""
        if self.rendered is None:
            return None
        prompt = self.rendered.prompt
        return format_messages(self.rendered.messages) if prompt is None else prompt

    def _show(self, event: Event) -> None:
        if isinstance(event, Rendered):
            self.rendered = event
            if self.show_prompt:
                self.terminal.say(self.sent() or "")
        elif isinstance(event, Loading):
            self.terminal.pass_by(describe(event.progress))
        elif isinstance(event, Delta):
            self.terminal.pass_by("")
            if event.reasoning and not self._thinks:
                self._thinks = True
                self.terminal.say(self.words("thinking"))
            if event.text:
                self.terminal.answer(event.text)
