"""Files of other programs, one or many or in a zip, as prompts of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from akachat.errors import InvalidInput
from akachat.importers.archive import SIGNATURES, unpacked
from akachat.importers.bounds import as_object, decoded, read_json
from akachat.importers.imported import Given, Imported, ImportedPrompt
from akachat.importers.matter import shown
from akachat.importers.naming import safe_name
from akachat.importers.own import read_options
from akachat.importers.recognising import read_file
from akachat.messages import Message

__all__ = ["read_import"]

_MOST_FILES, _MOST_NOTES = 4_000, 100


def read_import(files: Sequence[Given], format: str = "") -> Imported:
    """What files hold. An instruction and options of the same name are one prompt.

    Args:
        files: as they came; a zip stands for what is in it.
        format: one of ``FORMATS``, or empty to find it out file by file.

    Raises:
        InvalidInput: nothing in them is known here, or a file that stands alone is broken, with the place.
    """
    notes: list[str] = []
    every: list[Given] = []
    for given in files:
        every += unpacked(given.data, notes) if given.data.startswith(SIGNATURES) else [given]
    if not every:
        raise InvalidInput("there is nothing to import", hint="Give a file, or paste its text.")
    if len(every) > _MOST_FILES:
        raise InvalidInput(f"there are over {_MOST_FILES:,} files", hint="Import them in parts.")
    if len(every) == 1 and len(files) == 1:
        imported = _with_notes(_named(every[0], read_file(every[0], format)), notes)
        if not imported.prompts and not imported.messages:
            raise InvalidInput("there is no prompt in this file", hint=" ".join(imported.notes[:3]))
        return imported
    return _together(every, format, notes)


def _together(every: Sequence[Given], format: str, notes: list[str]) -> Imported:
    found: list[Imported] = []
    variables: dict[str, str] = {}
    options = {each.name.rpartition(".")[0]: each for each in every if each.name.casefold().endswith(".json")}
    instructions = {each.name.rpartition(".")[0] for each in every if each.name.casefold().endswith(".txt")}
    for each in every:
        stem = each.name.rpartition(".")[0]
        try:
            if _folder(each.name, "var") is not None and each.name.casefold().endswith(".txt"):
                variables[safe_name(_folder(stem, "var") or stem)] = decoded(each.data, each.name)
            elif each.name.casefold().endswith(".txt") and not format:
                found.append(_pair(each, options.get(stem)))
            elif stem not in instructions or each is not options.get(stem):
                found.append(_named(each, read_file(each, format)))
        except InvalidInput as error:
            notes.append(f"{shown(each.name)} was left out: {error.message}.")
    found = [_without_options(each, notes) for each in found]
    found = [each for each in found if each.prompts or each.messages]
    if not found and not variables:
        raise InvalidInput(
            "nothing in these files is known here",
            hint=notes[0] if notes else "Give prompts of akachat or of another program.",
        )
    return _one(found, variables, notes)


def _without_options(imported: Imported, notes: list[str]) -> Imported:
    """Options among other files belong to no prompt: nobody says whose they are."""
    alone = [each for each in imported.prompts if each.instruction is None]
    notes += [f"{shown(each.name)} was left out: it holds options alone." for each in alone]
    return (
        replace(imported, prompts=tuple(each for each in imported.prompts if each not in alone)) if alone else imported
    )


def _pair(text: Given, options: Given | None) -> Imported:
    imported = _named(text, read_file(text))
    if options is None:
        return imported
    own = read_options(as_object(read_json(decoded(options.data, options.name))), "")
    return replace(imported, prompts=(replace(imported.prompts[0], options=own.prompts[0].options),))


def _named(given: Given, imported: Imported) -> Imported:
    """A prompt of a file in a folder keeps the folder in its name, where the file itself says no name."""
    folder, _, file = given.name.replace("\\", "/").rpartition("/")
    if not folder or len(imported.prompts) != 1 or imported.kind not in ("prompt", "options"):
        return imported
    path = f"{folder}/{file.rpartition('.')[0] or file}"
    prompt: ImportedPrompt = replace(imported.prompts[0], name=_folder(path, "prompt") or path)
    return replace(imported, prompts=(prompt,))


def _folder(path: str, folder: str) -> str | None:
    """What of a path lies behind a folder of that name; None where it is in none."""
    parts = path.replace("\\", "/").split("/")
    if folder not in parts[:-1]:
        return None
    return "/".join(parts[parts.index(folder) + 1 :])


def _one(found: Sequence[Imported], variables: dict[str, str], notes: list[str]) -> Imported:
    kinds = dict.fromkeys(each.kind for each in found)
    messages: list[Message] = []
    values: dict[str, str] = {}
    for each in found:
        messages += each.messages
        values |= each.variables
        notes += each.notes
    return Imported(
        next(iter(kinds)) if len(kinds) == 1 else "several files",
        tuple(prompt for each in found for prompt in each.prompts),
        {**values, **variables},
        tuple(example for each in found for example in each.examples),
        tuple(messages),
        _few(notes),
    )


def _with_notes(imported: Imported, notes: Sequence[str]) -> Imported:
    return replace(imported, notes=_few([*notes, *imported.notes]))


def _few(notes: Sequence[str]) -> tuple[str, ...]:
    """Each note once, and no more than anyone reads."""
    every = list(dict.fromkeys(notes))
    more = (
        [f"there is more of this kind: {len(every) - _MOST_NOTES} further notes."] if len(every) > _MOST_NOTES else []
    )
    return (*every[:_MOST_NOTES], *more)
