"""Several models in one memory: whose turn it is, who makes room, and that nobody loses the model that it uses."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from akachat.backends.base import Chunk, End, Progress, Request, Status
from akachat.backends.limits import BackendLimits
from akachat.backends.local import LocalBackend
from akachat.backends.local.keeping.entry import Entry, State
from akachat.backends.local.keeping.turns import next_step
from akachat.backends.local.loading.source import Source
from akachat.errors import BackendUnavailable, Cancelled, ModelError
from akachat.messages import Message
from akachat.options import Options
from tests.models import make_model, make_parrot

SAYS = "あ日語今元飲秋😀abc!"

# the rule, at a clock that stands at 100 seconds


@dataclass(frozen=True)
class Case:
    """Models in their states, and what is to be done."""

    name: str
    models: dict[str, dict[str, Any]]
    wanted: tuple[str, str] | float
    limits: dict[str, Any] = field(default_factory=dict)


def one(state: State, *, users: int = 0, since: float = 100, quiet: float = 0, at: float = 0, cost: float = 0) -> Any:
    return {"state": state, "users": users, "since": since, "quiet": quiet, "loaded_at": at, "cost": cost}


CASES = [
    Case("nothing", {}, math.inf),
    Case("room", {"b": one("waiting", users=1)}, ("load", "b")),
    Case("nobody waits for it any more", {"b": one("waiting")}, ("drop", "b")),
    Case("the first one first", {"b": one("waiting", users=1, since=9), "c": one("waiting", users=1, since=8)},
         ("load", "c")),
    Case("the one unused for longest", {"a": one("loaded", quiet=50), "b": one("loaded", quiet=40),
         "c": one("waiting", users=1)}, ("close", "b"), {"most": 2}),
    Case("unused, but loading it again would take longer", {"a": one("loaded", quiet=99, cost=3),
         "b": one("waiting", users=1)}, 2.0),
    Case("but no longer than a turn", {"a": one("loaded", quiet=94, cost=60), "b": one("waiting", users=1)},
         ("close", "a")),
    Case("in use, within its turn", {"a": one("loaded", users=1), "b": one("waiting", users=1, since=97)}, 2.0),
    Case("in use, its turn is over", {"a": one("loaded", users=1), "b": one("waiting", users=1, since=95)},
         ("leave", "a")),
    Case("its turn began when it was loaded", {"a": one("loaded", users=1, at=98),
         "b": one("waiting", users=1, since=10)}, 3.0),
    Case("leaving and in use: all wait", {"a": one("leaving", users=1), "b": one("waiting", users=1)}, math.inf),
    Case("leaving and done", {"a": one("leaving"), "b": one("waiting", users=1)}, ("close", "a")),
    Case("the unused one goes before the one in use", {"a": one("loaded", users=1), "b": one("loaded"),
         "c": one("waiting", users=1, since=0)}, ("close", "b"), {"most": 2}),
    Case("no memory: another makes room", {"a": one("loaded"), "b": one("waiting", users=1)}, ("close", "a"),
         {"most": 9, "fits": lambda _: False}),
    Case("no memory and nothing to make room", {"b": one("waiting", users=1)}, ("refuse", "b"),
         {"fits": lambda _: False}),
    Case("unused for long", {"a": one("loaded", quiet=30)}, ("close", "a"), {"idle": 60}),
    Case("not long enough", {"a": one("loaded", quiet=70)}, 30.0, {"idle": 60}),
    Case("in use is never idle", {"a": one("loaded", users=1, quiet=0)}, math.inf, {"idle": 60}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whose_turn_it_is(case: Case) -> None:
    entries = []
    for name, values in case.models.items():
        entry = Entry(Source(name, name), lambda: None)
        for key, value in values.items():
            setattr(entry, key, value)
        entries.append(entry)
    step = next_step(entries, 100.0, **{"most": 1, "idle": 0, "turn": 5, "fits": lambda _: True, **case.limits})
    if step.entry is None:
        assert step.seconds == case.wanted
    else:
        assert (step.do, step.entry.source.name) == case.wanted


def test_a_model_does_not_come_back_before_it_has_gone() -> None:
    leaving, again = Entry(Source("a", "a"), lambda: None), Entry(Source("a", "a"), lambda: None)
    leaving.state, leaving.users, again.state, again.users = "leaving", 1, "waiting", 1
    assert next_step([leaving, again], 0, most=9, idle=0, turn=5, fits=lambda _: True).entry is None


# with real models


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_parrot(folder / "a", "あ")
    make_parrot(folder / "b", "日")
    make_parrot(folder / "ships", "語")
    make_parrot(folder / "endless", SAYS, again=True)
    make_model(folder / "llama")
    return folder


@asynccontextmanager
async def backend(folder: Path, **limits: Any) -> AsyncIterator[LocalBackend]:
    made = LocalBackend(folders={"embedded": lambda: folder / "ships"}, limits=BackendLimits(**limits))
    try:
        yield made
    finally:
        await made.aclose()


def ask(model: Path | str, **options: Any) -> Request:
    return Request("run", (Message("user", "hi"),), Options.parse({"model": str(model), **options}))


async def text(made: LocalBackend, request: Request) -> str:
    return "".join([item.text async for item in made.generate(request) if isinstance(item, Chunk)])


async def states(made: LocalBackend) -> dict[str, str]:
    return {Path(info.name).name: info.state for info in await made.models()}


async def until(made: LocalBackend, fits: Callable[[dict[str, str]], bool]) -> None:
    """Waits until the models' states are as they should be."""
    changed, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    end = made.listen(tell)
    while not fits(await states(made)):
        await asyncio.wait_for(changed.wait(), 30)
        changed.clear()
    end()


def loads(log: pytest.LogCaptureFixture) -> int:
    return sum(record.getMessage().startswith("loaded ") for record in log.records)


async def test_two_models_in_one_place_are_not_loaded_for_every_request(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "akachat.backends.local")
    async with backend(models, models=1, model_turn_seconds=30) as made:

        async def many(name: str) -> set[str]:
            return {await text(made, ask(models / name)) for _ in range(12)}

        assert list(await asyncio.gather(many("a"), many("b"))) == [{"あ"}, {"日"}]
        assert loads(caplog) == 2
        at_once = [text(made, ask(models / name)) for name in "ab" * 12]
        assert await asyncio.gather(*at_once) == ["あ", "日"] * 12
        assert loads(caplog) <= 4


async def test_a_busy_model_gives_way_after_its_turn(models: Path) -> None:
    async with backend(models, models=1, model_turn_seconds=0.2) as made:
        stop = asyncio.Event()

        async def forever() -> int:
            answers = 0
            while not stop.is_set():
                assert await text(made, ask(models / "a")) == "あ"
                answers += 1
            return answers

        callers = [asyncio.create_task(forever()) for _ in range(3)]
        assert await text(made, ask(models / "b")) == "日"
        stop.set()
        assert min(await asyncio.gather(*callers)) >= 1


async def test_a_model_in_use_finishes_first(models: Path) -> None:
    async with backend(models, models=1, model_turn_seconds=0) as made:
        long = ask(models / "endless", max_new_tokens=200)
        async with aclosing(made.generate(long)) as items:  # type: ignore[type-var]
            while isinstance(await anext(items), Status):
                pass
            other = asyncio.create_task(text(made, ask(models / "b")))
            rest = [item async for item in items]
            assert isinstance(rest[-1], End)
            assert (rest[-1].finish_reason, rest[-1].usage.completion_tokens) == ("length", 200)
        assert await other == "日"
        assert await states(made) == {"b": "loaded", "embedded": "ready"}


async def test_number_formats_and_names_are_models_of_their_own(models: Path) -> None:
    async with backend(models, models=3) as made:
        for dtype in ("fp32", "bf16"):
            await made.load(ask(models / "llama", dtype=dtype).options)
        assert [info.detail["dtype"] for info in await made.models() if info.loaded] == ["fp32", "bf16"]
        options = [ask(models / "llama", **given).options for given in ({}, {"seed": 1}, {"dtype": "bf16"})]
        keys = [made.model_key(each) for each in options]
        assert keys[0] == keys[1] != keys[2]
        assert await made.unload(str(models / "llama"))
        assert await states(made) == {"embedded": "ready"}


async def test_memory_decides_too(models: Path) -> None:
    size = 4 * 260 * 272 * 4  # at least what one of them takes
    async with backend(models, models=9, model_memory_bytes=int(3.2 * size)) as made:
        for name in ("a", "b", "embedded"):
            await text(made, ask("embedded" if name == "embedded" else models / name))
        assert await states(made) == {"b": "loaded", "embedded": "loaded"}
        assert made.memory().used <= made.memory().budget == int(3.2 * size)


async def test_what_cannot_fit_says_so_and_takes_nobodys_place(models: Path) -> None:
    async with backend(models, models=1, model_memory_bytes=200_000) as made:
        await made.load(ask(models / "llama").options)
        with pytest.raises(ModelError, match=r"needs about .* are free, and all models together") as raised:
            await text(made, ask(models / "a"))
        assert "limits.model_memory_bytes" in raised.value.hint
        assert await states(made) == {"llama": "loaded", "a": "failed", "embedded": "ready"}
        assert await made.unload(str(models / "a"))  # the failure is forgotten
        assert await states(made) == {"llama": "loaded", "embedded": "ready"}


async def test_an_unused_model_goes_by_itself_and_what_ships_stays(models: Path) -> None:
    async with backend(models, model_idle_seconds=0.05) as made:
        await text(made, ask("embedded"))
        await text(made, ask(models / "a"))
        await until(made, lambda now: now == {"embedded": "loaded"})
        for thread in threading.enumerate():
            if thread.name == "akachat-keeper":  # with nothing to unload nobody keeps watch
                await asyncio.to_thread(thread.join, 30)
                assert not thread.is_alive()
        assert await text(made, ask(models / "a")) == "あ"


async def test_how_far_a_load_is_comes_before_the_answer(models: Path) -> None:
    async with backend(models) as made:
        watched = [asyncio.create_task(_items(made, ask(models / "llama", max_new_tokens=2))) for _ in range(3)]
        for items in await asyncio.gather(*watched):
            kinds = [type(item) for item in items]
            first = next(i for i, kind in enumerate(kinds) if kind is not Status)
            assert first > 0
            assert Status not in kinds[first:]
            assert items[0].model == str(models / "llama")
        assert Status not in [type(item) for item in await _items(made, ask(models / "llama", max_new_tokens=2))]


async def _items(made: LocalBackend, request: Request) -> list[Any]:
    return [item async for item in made.generate(request)]


async def test_every_tensor_is_counted(models: Path) -> None:
    seen: list[Progress] = []
    async with backend(models) as made:
        infos: list[Any] = []
        made.listen(lambda: infos.extend(entry.reporter.now for entry in made._shelf.entries()))
        await made.load(ask(models / "llama").options)
        seen = [progress for progress in infos if progress.stage == "read" and progress.total]
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total > 10
    assert seen[-1].unit == "tensors"
    assert seen[-1].percent == 100


async def test_who_leaves_while_waiting_takes_nobodys_place(models: Path) -> None:
    async with backend(models, models=1, model_turn_seconds=30) as made:
        endless = made.generate(ask(models / "endless", max_new_tokens=8000))
        async with aclosing(endless) as items:  # type: ignore[type-var]
            while isinstance(await anext(items), Status):
                pass
            other = asyncio.create_task(text(made, ask(models / "b")))
            await until(made, lambda now: "b" in now)
            other.cancel()
            await asyncio.wait({other})
            await until(made, lambda now: "b" not in now)
        assert await states(made) == {"endless": "loaded", "embedded": "ready"}


@pytest.mark.parametrize("how", ["unload", "close"])
async def test_a_load_that_waits_can_be_given_up(models: Path, how: str) -> None:
    async with backend(models, models=1, model_turn_seconds=30) as made:
        endless = asyncio.create_task(text(made, ask(models / "endless", max_new_tokens=8000)))
        await until(made, lambda now: now.get("endless") == "loaded")
        other = asyncio.create_task(text(made, ask(models / "b")))
        await until(made, lambda now: now.get("b") == "loading")
        if how == "unload":
            assert await made.unload(str(models / "b"))
        else:
            await made.aclose()
        with pytest.raises(Cancelled if how == "unload" else BackendUnavailable):
            await other
        endless.cancel()
        await asyncio.wait({endless})
