"""The chat's arguments, its settings on the screen, and its loop."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from akachat.cli import start
from akachat.cli.chat.commands import Commands
from akachat.cli.chat.player import Player
from akachat.cli.chat.session import Session
from akachat.cli.chat.talk import Talk
from akachat.cli.chat.terminal import Terminal
from akachat.cli.chat.words import Words, find_language
from akachat.cli.flags import add_option_flags, options_of
from akachat.errors import NotFound
from akachat.messages import Message
from akachat.options import Options
from akachat.workspace import Sessions

__all__ = ["configure", "main"]

_ENDS = ("exit", "/exit", "/quit")
_FLAGS = {
    "model": ("-m", "--model-name"),
    "source_language": ("-S", "--language-source"),
    "target_language": ("-T", "--language-target"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--prompt", metavar="NAME", help="talk with a saved prompt")
    parser.add_argument("--system", metavar="TEXT", help="a system text, taken as it stands")
    parser.add_argument(
        "-t", "--access-token", metavar="TOKEN", help="token of huggingface.co; others cannot see one in $HF_TOKEN"
    )
    parser.add_argument("--language", choices=("ja", "en"), help="the chat's own words (default: the terminal's)")
    parser.add_argument("--show-prompt", action="store_true", help="show what the model receives every time")
    parser.add_argument("--session", metavar="NAME", default="", help="continue a stored conversation, or begin one")
    parser.add_argument("--keep", action="store_true", help="add the conversation to log/messages.jsonl")
    add_option_flags(parser, _FLAGS)


def main(given: argparse.Namespace | Sequence[str] | None = None) -> int:
    """Talks until ``exit``, or the end of the input.

    Args:
        given: the words of a command line, such as ``["-m", "embedded"]``; none for the defaults.

    Returns:
        0; 1 where something kept it from starting, or where a question that was piped in got no answer; 2 for words
        that are wrong.
    """
    if not isinstance(given, argparse.Namespace):
        return start.main(["chat", *(given or ())])
    environ = dict(os.environ)
    if given.access_token:
        environ["AKACHAT_HF_TOKEN"] = given.access_token  # of this playground alone; other processes inherit none
    session = Session(given.prompt, given.system, options_of(given), keep=given.keep)
    with Player(given.workspace, environ) as player:
        playground = player.playground
        if given.session:
            stored = playground.workspace.sessions
            session.go_on_from(
                given.session, stored.messages(given.session), lambda said: _save(stored, given.session, said)
            )
        words = Words(find_language(given.language, playground.settings.language))
        secrets = [secret.reveal() for secret in playground.settings.secrets()]
        terminal = Terminal(
            Path(playground.workspace.log_dir) / "chat_history", lambda line: any(s in line for s in secrets)
        )
        talk = Talk(player, session, terminal, words, show_prompt=given.show_prompt, quiet=given.quiet)
        try:
            options = player.options_of(session.prompt, session.options)
            if not given.quiet:
                _show_settings(talk, options)
            talk.load(options)
            if not given.quiet:
                terminal.say(f"\n{words('welcome')}\n{words('how')}\n")
            _loop(talk)
            if not given.quiet:
                terminal.say(words("bye"))
        finally:
            terminal.close()
    return 1 if talk.failures and not terminal.is_interactive else 0


def _save(stored: Sessions, name: str, said: Sequence[Message]) -> None:
    """Puts other messages in the place of all; a conversation that has not begun needs none."""
    with suppress(NotFound):
        stored.edit(name, said)


def _show_settings(talk: Talk, options: Options) -> None:
    words, none = talk.words, talk.words("none")
    token = talk.player.playground.settings.hf_token
    rows = [("model", options.model), ("token", "***" if token else none)]
    rows += [("source", options.source_language or none), ("target", options.target_language or none)]
    if talk.session.prompt:
        rows.insert(0, ("prompt", talk.session.prompt))
    for key, value in rows:
        talk.terminal.say(f"{words(key)}: {value}")
    shown = {"model", "source_language", "target_language"}
    others = {name: value for name, value in talk.session.options.items() if name not in shown}
    if others:
        talk.terminal.say(f"{words('options')}: " + ", ".join(f"{name}={value}" for name, value in others.items()))
    talk.terminal.say("")


def _loop(talk: Talk) -> None:
    terminal, commands = talk.terminal, Commands(talk)
    interrupted = False
    while True:
        try:
            typed = terminal.read()
        except KeyboardInterrupt:
            if interrupted or not terminal.is_interactive or terminal.is_notebook:
                terminal.say("")
                return
            interrupted = True
            terminal.say("\n" + talk.words("again"))
            continue
        interrupted = False
        if typed is None:
            if terminal.is_interactive:
                terminal.say("")
            return
        text, is_block = typed
        bare = text.strip()
        if not bare:
            continue
        if is_block:
            talk.play(talk.session.ask(text))
        elif bare.lower() in _ENDS:
            return
        elif not commands.run(text):
            # A space before a backslash says that it is a backslash, and one at the end of a raw text is meant.
            talk.play(talk.session.ask(text if bare.startswith("\\") else bare))
