"""A process that saves without end, and is killed at a random moment or at every step of a save; run by test_crash."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from akachat.messages import Message
from akachat.settings import SettingsFile
from akachat.workspace import Workspace

LENGTH = 20_000


def text(n: int) -> str:
    """A long text in which every line names its save, so that a mixture shows."""
    return f"{n} あ\n" * (LENGTH // 8 + n % 500)


def number(value: str) -> int:
    """The save that a text is from; an error where it is not one text of one save."""
    n = int(value.split(" ", 1)[0])
    assert value == text(n), f"torn: {value[:40]!r}… of {len(value)}"
    return n


def fork(work: Callable[[], None]) -> int:
    """Starts a child; it never returns to the caller's code."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return pid


def save_all(root: Path, acknowledge: Callable[[int], None], start: int) -> None:
    """Saves everything again and again; says when number ``n`` is done."""
    workspace = Workspace(root)
    settings = SettingsFile(workspace.settings_path, {})
    for n in range(start, start + 10_000):
        workspace.prompts.save("サブ/p", text(n), {"seed": n, "model": "m" * 5_000})
        workspace.variables.set("v", text(n))
        workspace.messages.append([Message("user", text(n))])
        settings.update(title=str(n), openai_key=f"sk-{n}" * 500)
        acknowledge(n)


def check(workspace: Workspace, done: int, *, live: bool) -> None:
    """Everything is from the last acknowledged save or the one under way, whole, and nothing is lost."""
    prompt = workspace.prompts.load("サブ/p")
    assert prompt.options.seed == number(prompt.instruction), "the two files are from one save"
    settings = SettingsFile(workspace.settings_path, {}).current()
    assert settings.openai_key is not None
    assert settings.openai_key.reveal() == f"sk-{settings.title}" * 500
    stored = [number(m.content) for m in workspace.messages.list()]
    assert stored == list(range(stored[-1] + 1)), "no message is lost or doubled"
    found = [prompt.options.seed, number(workspace.variables.get("v")), stored[-1], int(settings.title)]
    assert all(done <= n <= done + 1 for n in found), f"{found} after {done}"
    if not live:
        left = [p.name for p in workspace.root.rglob("*") if p.name.endswith(".tmp") or "pending" in p.name]
        assert left == []


def at_random_moments(root: Path, tries: int) -> dict[str, Any]:
    """Kills a saving process at random moments; what it left is looked at by one that lives on, and by a new one."""
    rng = random.Random(7)
    living = Workspace(root)
    living.open()
    living.prompts.save("サブ/p", text(0), {"seed": 0, "model": "m" * 5_000})
    living.variables.set("v", text(0))
    living.messages.append([Message("user", text(0))])
    SettingsFile(living.settings_path, {}).update(title="0", openai_key="sk-0" * 500)
    done, unfinished, torn = 0, 0, 0
    for _ in range(tries):
        reading, writing = os.pipe()
        start = int(SettingsFile(living.settings_path, {}).current().title) + 1

        def work(writing: int = writing, start: int = start) -> None:
            save_all(root, lambda n: (os.write(writing, f"{n}\n".encode()), None)[1], start)

        pid = fork(work)
        os.close(writing)
        time.sleep(rng.uniform(0.0, 0.12))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with os.fdopen(reading) as pipe:
            done = max([done, *(int(line) for line in pipe)])
        unfinished += (root / ".akachat" / "pending.json").exists()
        torn += any(root.rglob("*.tmp"))
        check(living, done, live=True)
        fresh = Workspace(root)
        fresh.open()
        check(fresh, done, live=False)
        catch_up(fresh)
        done = int(SettingsFile(living.settings_path, {}).current().title)
    return {"tries": tries, "saves": done, "unfinished": unfinished, "torn": torn}


def catch_up(workspace: Workspace) -> None:
    """Brings all four to the newest number, so that the next try begins with equal ones."""
    stored = [number(m.content) for m in workspace.messages.list()]
    settings = SettingsFile(workspace.settings_path, {})
    found = (number(workspace.prompts.load("サブ/p").instruction), stored[-1], int(settings.current().title))
    n = max(*found, number(workspace.variables.get("v")))
    workspace.prompts.save("サブ/p", text(n), {"seed": n, "model": "m" * 5_000})
    workspace.variables.set("v", text(n))
    if stored[-1] < n:
        workspace.messages.append([Message("user", text(n))])
    settings.update(title=str(n), openai_key=f"sk-{n}" * 500)


def at_every_step(root: Path) -> dict[str, Any]:
    """Kills each kind of change before its first, second, … access to the file system, until it gets through."""
    workspace = Workspace(root)
    workspace.open()
    outcomes: dict[str, Any] = {}
    changes: dict[str, tuple[Callable[[Workspace], object], Callable[[Workspace], Any]]] = {
        "save": (lambda w: w.prompts.save("p", "new", {"seed": 2}), state),
        "create": (lambda w: w.prompts.save("サブ/new", "new", {"seed": 2}), state),
        "rename": (lambda w: w.prompts.rename("p", "サブ/q"), state),
        "delete": (lambda w: w.prompts.delete("p"), state),
        "set": (lambda w: w.variables.set("v", "new"), state),
        "replace": (lambda w: w.messages.replace([Message("user", "new")]), state),
        "samples": (lambda w: w.open(), state),
    }
    for name, (change, look) in changes.items():
        seen: list[Any] = []
        for step in range(1, 400):
            reset(workspace, empty=name == "samples")
            before = look(workspace)
            code = os.waitpid(fork(lambda change=change, step=step: dying(root, change, step)), 0)[1]  # type: ignore[misc]
            living = look(workspace)
            fresh = Workspace(root)
            if name != "samples":
                fresh.open()
                assert not list((root / "prompt").rglob("*.tmp"))
            assert look(fresh) == living == look(workspace)
            if living not in seen:
                seen.append(living)
            if not os.WIFSIGNALED(code):
                assert code == 0
                break
        wanted = [before, living]
        assert all(each in wanted for each in seen), (name, seen)
        outcomes[name] = step
    return outcomes


def dying(root: Path, change: Callable[[Workspace], object], step: int) -> None:
    """Makes a change and dies before its ``step``-th access to the file system."""
    workspace = Workspace(root)
    left = step

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    change(workspace)
    os._exit(0)


def state(workspace: Workspace) -> dict[str, Any]:
    """Everything that a user would see."""
    return {
        "prompts": {
            name: (workspace.prompts.load(name).instruction, workspace.prompts.load(name).options.to_dict())
            for name in workspace.prompts.list()
        },
        "variables": {key: workspace.variables.get(key) for key in workspace.variables},
        "messages": [m.content for m in workspace.messages.list()],
        "problems": [str(e) for e in workspace.prompts.problems()],
    }


def reset(workspace: Workspace, *, empty: bool) -> None:
    """The same content before every step."""
    for name in workspace.prompts.list():
        workspace.prompts.delete(name)
    for key in workspace.variables:
        workspace.variables.delete(key)
    workspace.messages.replace([Message("user", "old")])
    if not empty:
        workspace.prompts.save("p", "old", {"seed": 1})
        workspace.prompts.save("other", "old", {})
        workspace.variables.set("v", "old")


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    result = at_every_step(folder) if sys.argv[1] == "steps" else at_random_moments(folder, int(sys.argv[3]))
    print(json.dumps(result))
