"""What an encoder-decoder model reads and begins with: T5 and BART, and translation by NLLB, M2M100, mBART, MADLAD."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from akachat.backends.local.loading.encoding import Encoding
from akachat.backends.local.loading.languages import find_language
from akachat.backends.local.loading.source import Front
from akachat.backends.local.prompt import Prompt
from akachat.errors import ModelError
from akachat.messages import Message

if TYPE_CHECKING:
    from akachat.options import Options

__all__ = ["SourcePrompt", "answer_ids", "generate_arguments", "write_source"]

_SYSTEM = ("system", "developer")
_ONLY_NEWEST = "a translation model reads the newest input only: {left} left out."
_NO_LANGUAGES = "{name} was not used: this model has no language codes."

#: Messages and options to a prompt, as for every other model.
Write = Callable[[Sequence[Message], "Options"], Prompt]


@dataclass(frozen=True, slots=True)
class SourcePrompt(Prompt):
    """A prompt for the encoder.

    Attributes:
        decoder: what the answer begins with; the forced language is part of it.
        begun: how many of those are text that the answer continues.
    """

    decoder: tuple[int, ...] = ()
    begun: int = 0


def write_source(write: Write, front: Front, messages: Sequence[Message], options: Options) -> SourcePrompt:
    """Writes what the model reads: one plain text, unless the options give a form.

    Raises:
        ModelError: a language that the model does not know, or one that it needs and nobody named.
    """
    encoding = front.encoding
    assert encoding is not None
    spoken, begun = _split(messages)
    notes: list[str] = []
    translating = encoding.translates or (bool(options.target_language) and "_to_" in "".join(encoding.tasks))
    if options.template is None and not options.is_messages:
        spoken, left = _newest(spoken) if translating else (_joined(spoken), ())
        if left:
            notes.append(_ONLY_NEWEST.format(left=f"{' and '.join(left)} {'was' if len(left) == 1 else 'were'}"))
        options = options.merged({"is_messages": False})
    source, target, in_front, said = _languages(encoding, spoken, options)
    notes += said
    prompt = write(_with_prefix(spoken, in_front), options)
    ids, text = prompt.ids, prompt.text
    bos = front.tokenizer.bos_token_id
    if bos is not None and ids[:1] == (bos,):  # it belongs to the prefix, where there is one
        ids, text = ids[1:], text.removeprefix(front.tokenizer.bos_token)
    if encoding.style == "front" and target:
        ids, text = (encoding.codes[target], *ids), f"{encoding.tokens[target]} {text}"
    whole = encoding.around(ids, source)
    again = front.tokenizer(begun, add_special_tokens=False)["input_ids"] if begun else []
    written = {
        "ids": whole,
        "text": _shown(front.tokenizer, text, whole, len(encoding.prefix), len(encoding.suffix)),
        "notes": (*prompt.notes, *notes),
        "continued": bool(begun),
        "decoder": (*encoding.decoder(target if encoding.style == "around" else ""), *again),
        "begun": len(again),
    }
    return SourcePrompt(**{**{each.name: getattr(prompt, each.name) for each in fields(prompt)}, **written})


def _shown(tokenizer: Any, text: str, ids: Sequence[int], before: int, after: int) -> str:
    """The text with what stands around it, as the model has it."""
    tokens = tokenizer.convert_ids_to_tokens(list(ids))
    return "".join(tokens[:before]) + text + "".join(tokens[len(tokens) - after :] if after else [])


def answer_ids(prompt: Prompt) -> tuple[int, ...]:
    """The tokens that the answer goes on from: the prompt's, or what the decoder begins with."""
    return prompt.decoder if isinstance(prompt, SourcePrompt) else prompt.ids


def generate_arguments(prompt: Prompt, device: Any) -> tuple[dict[str, Any], int | None]:
    """What ``generate`` takes besides the prompt's tokens, and the token that its decoder begins with."""
    if not isinstance(prompt, SourcePrompt):
        return {}, None
    import torch

    return {"decoder_input_ids": torch.tensor([prompt.decoder], device=device)}, prompt.decoder[0]


def _split(messages: Sequence[Message]) -> tuple[tuple[Message, ...], str]:
    """The messages without an assistant's last turn, and that turn: the answer begins with it."""
    if messages and messages[-1].role == "assistant":
        return tuple(messages[:-1]), messages[-1].content
    return tuple(messages), ""


def _newest(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """The newest text of the user alone, and what was left out: all else would be translated with it."""
    newest = next((m for m in reversed(messages) if m.role not in (*_SYSTEM, "assistant")), None)
    if newest is None:
        return tuple(messages), ()
    others = [m for m in messages if m is not newest]
    left = ["the instruction"] if any(m.role in _SYSTEM for m in others) else []
    left += ["earlier turns"] if any(m.role not in _SYSTEM for m in others) else []
    return (newest,), tuple(left)


def _joined(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The instruction and a single input as one text; with a history, turns as they are."""
    said = [m for m in messages if m.role not in _SYSTEM]
    if len(said) != 1 or len(messages) == 1:
        return messages
    return (
        replace(said[0], content="\n".join([*(m.content for m in messages if m.role in _SYSTEM), said[0].content])),
    )


def _languages(
    encoding: Encoding, messages: Sequence[Message], options: Options
) -> tuple[str, str, str, tuple[str, ...]]:
    """Source and target as the model's codes, a task's prefix, and what is to be said of them."""
    source, target = options.source_language, options.target_language
    if not encoding.codes:
        return "", "", *_task(encoding, messages, options)
    if target is None and encoding.begin is None and encoding.start not in encoding.codes.values():
        raise ModelError(
            f"{options.model!r} translates, and target_language says into what",
            hint=f"Set it to a code such as {next(iter(encoding.codes))}, or to a plain one such as ja or en.",
        )
    into = "" if target is None else find_language(target, encoding.codes, options.model)
    if encoding.style == "front":
        note = ("source_language was not used: this model finds it out by itself.",) if source else ()
        return "", into, "", note
    if source is None:
        own = encoding.own
        note = (f"source_language is not set: the tokenizer's own, {own}, was taken.",) if own else ()
        return own, into, "", note
    return find_language(source, encoding.codes, options.model), into, "", ()


def _task(encoding: Encoding, messages: Sequence[Message], options: Options) -> tuple[str, tuple[str, ...]]:
    """The prefix of the task that is meant, and what is to be said of it."""
    source, target = options.source_language, options.target_language
    text = messages[-1].content if messages else ""
    named = (options.chat_template_kwargs or {}).get("task")
    found: tuple[str, str] | None = None
    if isinstance(named, str):
        if named not in encoding.tasks:
            raise ModelError(
                f"{options.model!r} has no task {named!r}",
                hint=f"It has {', '.join(encoding.tasks) or 'none'}.",
            )
        found = named, encoding.tasks[named]
    elif target is not None:
        found = encoding.find_task(source, target, options.model)
    elif len(encoding.tasks) == 1:
        found = next(iter(encoding.tasks.items()))
    if found is None:
        unused = [name for name in ("source_language", "target_language") if getattr(options, name) is not None]
        return "", tuple(_NO_LANGUAGES.format(name=name) for name in unused)
    if text.startswith(tuple(encoding.tasks.values())):
        return "", ()  # somebody wrote it already
    return found[1], (f"the prefix of the model's task {found[0]} was put first: {found[1].strip()!r}.",)


def _with_prefix(messages: Sequence[Message], prefix: str) -> tuple[Message, ...]:
    if not prefix or not messages:
        return tuple(messages)
    first, *rest = messages
    return (replace(first, content=prefix + first.content), *rest)
