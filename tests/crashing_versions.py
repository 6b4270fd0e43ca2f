"""A process that changes a prompt with versions and is killed before every step of it; run by test_versions."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from akachat.workspace import Past, Workspace
from tests.crashing import dying, fork

CHANGES: dict[str, Callable[[Workspace], object]] = {
    "save": lambda w: w.prompts.save("p", "new", {"seed": 9}),
    "edited": lambda w: w.prompts.save("edited", "new", {}),
    "rename": lambda w: w.prompts.rename("p", "サブ/q"),
    "delete": lambda w: w.prompts.delete("p"),
}


def texts(workspace: Workspace, name: str) -> list[str]:
    """What a prompt said, the newest first."""
    return [version.content.instruction for version in workspace.prompts.versions.all(name)]


def prepare(root: Path) -> None:
    """Two prompts with versions, one edited by hand since, and a deleted one."""
    (root / "prompt").mkdir(parents=True)
    (root / "prompt" / "edited.txt").write_text("first", encoding="utf-8")  # no samples where there is a prompt
    workspace = Workspace(root)
    workspace.open()
    for n in range(3):
        workspace.prompts.save("p", f"old {n}", {"seed": n})
    for n in range(2):
        workspace.prompts.save("gone", f"gone {n}", {})
    workspace.prompts.delete("gone")
    workspace.prompts.save("edited", "by akachat", {})
    (root / "prompt" / "edited.txt").write_text("by hand", encoding="utf-8")


def check(workspace: Workspace, change: str) -> None:
    """Nothing that was ever saved is lost, and nothing is half done."""
    prompts = workspace.prompts
    names = prompts.list()
    old = ["old 2", "old 1", "old 0"]
    if change == "rename":
        here, there = texts(workspace, "p"), texts(workspace, "サブ/q")
        assert (here, there) == ((old, []) if "p" in names else ([], old)), (here, there)
        assert ("サブ/q" in names) != ("p" in names)
        return
    assert texts(workspace, "p")[-3:] == old
    assert texts(workspace, "gone") == ["gone 1", "gone 0"]
    if "p" in names:
        assert prompts.load("p").instruction in texts(workspace, "p")
    assert [each.name for each in Past(prompts).deleted()] == [n for n in ("gone", "p") if n not in names]
    assert "by akachat" in texts(workspace, "edited")
    assert "by hand" in (*texts(workspace, "edited"), prompts.load("edited").instruction)
    assert prompts.load("edited").instruction in ("by hand", "new")


def main(root: Path) -> dict[str, int]:
    """How many steps each change has: it was killed before every one of them."""
    steps = {}
    prepare(root / "prepared")
    for name, change in CHANGES.items():
        for step in range(1, 400):
            folder = root / f"{name}-{step}"
            shutil.copytree(root / "prepared", folder)
            code = os.waitpid(fork(lambda: dying(folder, change, step)), 0)[1]  # noqa: B023
            check(Workspace(folder), name)
            workspace = Workspace(folder)
            workspace.open()
            check(workspace, name)
            assert not list(folder.rglob("*.tmp"))
            shutil.rmtree(folder)
            if not os.WIFSIGNALED(code):
                assert code == 0, "it failed by itself"
                break
        steps[name] = step
    return steps


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
