"""What begins with a slash: the commands of a chat."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from pathlib import Path

from akachat.cli.chat.talk import Talk
from akachat.cli.chat.words import HELP
from akachat.cli.flags import option_value
from akachat.errors import AkachatError, FileError, InvalidInput
from akachat.messages import format_messages
from akachat.options import Options

__all__ = ["Commands"]

#: A command, and not a path such as /etc/hosts.
_COMMAND = re.compile(r"(/[A-Za-z_]+)(?:\s+(.*))?\s*", re.DOTALL)
#: What leads to another model, which is then loaded.
_MODEL = {"location", "model", "endpoint", "dtype", "lora", "revision", "tokenizer"}


class Commands:
    """The commands of one chat."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._saved: set[Path] = set()
        self._run: dict[str, Callable[[str], None]] = {
            "/help": lambda _: self._say(talk.words.help()),
            "/history": lambda _: self._say(format_messages(talk.session.history()) or talk.words("no_history")),
            "/clear": self._clear,
            "/undo": lambda _: self._say(talk.words("undone", text=talk.session.undo().input)),
            "/retry": lambda _: talk.play(talk.session.retry()),
            "/continue": lambda _: talk.play(talk.session.go_on()),
            "/prompt": lambda _: self._say(talk.sent() or talk.words("no_prompt")),
            "/system": self._system,
            "/set": self._set,
            "/model": self._model,
            "/save": self._save,
        }

    def run(self, line: str) -> bool:
        """Runs a command; False where the line is none."""
        found = _COMMAND.fullmatch(line.rstrip())
        if found is None:
            return False
        name, rest = found[1].lower(), (found[2] or "").strip()
        command = self._run.get(name)
        try:
            if command is not None:
                command(rest)
            else:
                self._unknown(name)
        except AkachatError as error:
            self._talk.complain(error)
        return True

    def _say(self, text: str) -> None:
        self._talk.terminal.say(text)

    def _unknown(self, name: str) -> None:
        near = difflib.get_close_matches(name, HELP, n=1)
        self._say(self._talk.words("unknown", name=name))
        if near:
            self._say(self._talk.words("meant", name=near[0]))

    def _clear(self, rest: str) -> None:
        self._talk.session.clear()
        self._say(self._talk.words("cleared"))

    def _system(self, text: str) -> None:
        session, words = self._talk.session, self._talk.words
        if text:
            session.system = None if text.lower() == "off" else text
        self._say(words("no_system") if session.system is None else words("system", text=session.system))

    def _set(self, rest: str) -> None:
        session, words = self._talk.session, self._talk.words
        name, _, value = rest.partition(" ")
        name = Options.ALIASES.get(name.replace("-", "_"), name.replace("-", "_"))
        if not name:
            given = {key: each for key, each in session.options.items() if each is not None}
            lines = [words("set", name=key, value=_shown(each)) for key, each in given.items()]
            self._say("\n".join(lines) or words("no_options"))
            return
        if name not in Options.model_fields:
            near = difflib.get_close_matches(name, list(Options.model_fields), n=1)
            raise InvalidInput(f"there is no option {name!r}", hint=words("meant", name=near[0]) if near else "")
        if value.strip():
            self._change({name: option_value(name, value.strip())})
        now = getattr(self._talk.player.options_of(session.prompt, session.options), name)
        self._say(words("unset", name=name) if now is None else words("set", name=name, value=_shown(now)))

    def _model(self, name: str) -> None:
        if not name:
            raise InvalidInput("no model is named", hint="/model NAME")
        local = {"location": "Local"} if name == "embedded" else {}
        # They were of the model before.
        self._change({**dict.fromkeys(("lora", "tokenizer", "revision", "template")), **local, "model": name})

    def _change(self, options: dict[str, object]) -> None:
        """Changes options; a model that they lead to is loaded, and where that fails all stays as it was."""
        session = self._talk.session
        Options.parse({name: value for name, value in options.items() if value is not None})
        before = dict(session.options)
        session.options.update(options)
        try:
            now = self._talk.player.options_of(session.prompt, session.options)
            if _MODEL & options.keys():
                self._talk.load(now)
            else:
                self._talk.fit(now)
        except AkachatError:
            session.options = before
            raise

    def _save(self, name: str) -> None:
        if not name:
            raise InvalidInput("no file is named", hint="/save FILE")
        path = Path(name).expanduser()
        history = self._talk.session.history()
        if path.suffix == ".json":
            text = json.dumps([message.to_dict() for message in history], ensure_ascii=False, indent=2)
        else:
            text = format_messages(history)
        try:
            with path.open("w" if path in self._saved else "x", encoding="utf-8") as file:
                file.write(text + "\n")
        except FileExistsError:
            raise FileError(f"{name} is there already", path=name, hint="Take another name.") from None
        except OSError as error:
            raise FileError(f"{name} cannot be written: {error.strerror}", path=name) from None
        self._saved.add(path)
        self._say(self._talk.words("saved", path=name))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
