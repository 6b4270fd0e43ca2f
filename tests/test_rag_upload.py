"""The pieces of an upload where they arrive: put together in order, dropped as a whole, never half a file."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

import pytest

from akachat.playground import Playground
from akachat.ui.tabs.rag import RagTab


async def test_pieces_of_an_upload(playground: Playground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    calls = {call.__name__: call for call in RagTab(playground).server_functions()}

    async def send(name: str, data: bytes, *, first: bool = False, begin: bool = False) -> dict[str, Any]:
        piece = {"upload": "x", "name": name, "first": first, "begin": begin, "data": base64.b64encode(data).decode()}
        answer: dict[str, Any] = await calls["rag_upload"](piece)
        return answer

    behind = await send("一.txt", "後の文".encode())
    assert behind["error"]["message"]["en"] == "The upload was cancelled, or paused too long"
    assert await send("一.txt", "猫の名前は".encode(), first=True, begin=True) == {"bytes": 15}
    assert await calls["rag_drop"]({"upload": "x"}) == {}
    assert list((tmp_path / "temporary").iterdir()) == []
    assert "error" in await send("二.txt", "別の文".encode(), begin=True)
    # two files, the second one empty, and the first one in two pieces
    await send("一.txt", "猫の名前は".encode(), first=True, begin=True)
    await send("一.txt", "タマです。".encode())
    await send("空.txt", b"", begin=True)
    begun = await calls["rag_add"]({"upload": "x", "name": "猫"})
    await playground.libraries.job(begun["job"]["id"]).over()
    assert {file.file: file.code for file in await playground.libraries.files("猫")} == {
        "一.txt": "",
        "空.txt": "empty",
    }
    assert (await playground.libraries.search(["猫"], "猫の名前"))[0].text == "猫の名前はタマです。"
