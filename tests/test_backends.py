"""The backends of a playground: who answers which options, with whose key, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from akachat.backends import Backends
from akachat.backends.base import Chunk, Request
from akachat.errors import InvalidInput, NotFound
from akachat.messages import Message
from akachat.options import Options
from akachat.settings import Settings
from tests.lying import GOOD, Script, lying
from tests.models import make_parrot


def said(options: Options) -> Request:
    return Request("run", (Message("user", "hi"),), options)


async def text(backends: Backends, options: Options) -> str:
    chunks = backends.for_options(options).generate(said(options))
    return "".join([chunk.text async for chunk in chunks if isinstance(chunk, Chunk)])


async def test_options_choose_who_answers(tmp_path: Path, stub: str) -> None:
    backends = Backends(lambda: Settings.build({"endpoints": {"up": {"url": stub}}}, {}))
    try:
        parrot = str(make_parrot(tmp_path / "parrot", "yes"))
        assert await text(backends, Options(model=parrot)) == "yes"
        assert await text(backends, Options(location="OpenAI", endpoint="up", model="stub-0ms-2tok")) == "the quick"
        with pytest.raises(NotFound):
            await text(backends, Options(location="OpenAI", endpoint="upp", model="stub-0ms"))
        listed = {(info.name, info.loaded) for info in await backends.models()}
        assert listed == {(parrot, True), ("embedded", False)}
        assert ("stub-0ms", True) in {(info.name, info.loaded) for info in await backends.models(remote=True)}
        assert await backends.unload(parrot)
        assert (await backends.load(Options(model=parrot))).loaded
        with pytest.raises(InvalidInput):
            await backends.load(Options(location="OpenAI", endpoint="up", model="x"))
    finally:
        await backends.aclose()


async def test_settings_are_read_at_each_call_and_a_key_goes_only_to_its_endpoint() -> None:
    keys = {"mine": "sk-mine-000000000000"}
    own, other = Script([GOOD]), Script([GOOD])
    async with lying(own) as url, lying(other) as elsewhere:

        def settings() -> Settings:
            return Settings.build(
                {"openai_key": "sk-openai-0000000000", "endpoints": {"up": {"url": url, "key": keys["mine"]}}}, {}
            )

        backends = Backends(settings)
        try:
            for endpoint in ("up", url, elsewhere):
                assert await text(backends, Options(location="OpenAI", endpoint=endpoint, model="m")) == "yes"
            keys["mine"] = "sk-new-000000000000"
            await text(backends, Options(location="OpenAI", endpoint="up", model="m"))
        finally:
            await backends.aclose()
    sent = [next(line for line in head.split("\r\n") if line.startswith("Authorization")) for head, _ in own.seen]
    assert [line.split()[-1] for line in sent] == ["sk-mine-000000000000"] * 2 + ["sk-new-000000000000"]
    assert "Bearer none" in other.seen[0][0]


def test_importing_the_backends_loads_nothing_heavy() -> None:
    code = (
        "import sys, akachat.backends; "
        "print([m for m in ('torch', 'transformers', 'openai', 'aiohttp', 'tokenizers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.strip() == "[]"
