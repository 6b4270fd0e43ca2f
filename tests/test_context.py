"""A history within its budget: what goes, what stands for it, what is reported, with real tokenizers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from akachat.errors import AkachatError, NotFound
from akachat.events import Finished, Rendered, RunRequest
from akachat.messages import Message
from akachat.playground import Playground
from tests.models import make_model

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_model(tmp_path_factory.mktemp("tiny"), context=4096))


@pytest.fixture
def write(workspace_folder: Path, stub: str) -> Any:
    """Writes a prompt that the stub answers by repeating the user's text."""

    def write(name: str, instruction: str, **options: Any) -> None:
        folder = workspace_folder / "prompt"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.txt").write_text(instruction, "utf-8")
        merged = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo", **options}
        (folder / f"{name}.json").write_text(json.dumps(merged), "utf-8")

    return write


def talk(pairs: int, size: int = 1) -> tuple[Message, ...]:
    return tuple(Message(r, f"{r[0]}{n} " * size) for n in range(pairs) for r in ("user", "assistant"))


@pytest.mark.parametrize("threshold", [120, 200, 300, 1000])
@pytest.mark.parametrize("target", [None, 100, 500])
async def test_the_budget_counts_the_whole_prompt_in_the_models_own_tokens(
    playground: Playground, tiny: str, threshold: int, target: int | None
) -> None:
    options = {"model": tiny, "history_threshold": threshold, "history_target": target}
    history = (Message("system", "The client's own rule."), *talk(12))
    run = RunRequest(instruction="Be brief.", input="now", messages=history, options=options)
    free = RunRequest(instruction="Be brief.", input="now", messages=history, options={"model": tiny})
    whole = await playground.render(free)
    rendered = await playground.render(run)
    assert whole.cut is None
    if whole.tokens <= threshold:
        assert rendered.cut is None
        return
    goal = min(threshold, target or threshold)
    assert rendered.tokens <= goal
    cut = rendered.cut
    assert cut is not None
    assert (cut.tokens_before, cut.tokens_after, cut.exact) == (whole.tokens, rendered.tokens, True)
    assert (cut.rules, cut.dropped, len(rendered.dropped)) == (("history_threshold",), cut.dropped, cut.dropped)
    assert "The client's own rule." in [m.content for m in rendered.messages], "a system message is no turn"
    kept = len(history) - cut.dropped
    more = (history[0], *history[1 + cut.dropped - 2 :])
    longer = await playground.render(RunRequest(instruction="Be brief.", input="now", messages=more, options=options))
    assert len(more) == kept + 2
    assert longer.tokens <= threshold or longer.cut is not None, "one pair more would not have fit"


@pytest.mark.parametrize("template", ["alpaca", "vicuna", None])
async def test_an_endpoints_budget_is_estimated_from_what_is_sent(
    playground: Playground, write: Any, template: str | None
) -> None:
    write("chat", "Be brief.", history_threshold=200, history_target=150, template=template)
    finished = await playground.run(RunRequest("chat", input="now", messages=talk(20, 5)))
    assert finished.cut is not None
    assert finished.cut.exact is False
    rendered = await playground.render(RunRequest("chat", input="now", messages=talk(20, 5)))
    assert rendered.tokens == finished.cut.tokens_after <= 150


async def test_both_rules_and_a_summary_within_the_budget(playground: Playground, tiny: str, write: Any) -> None:
    write("summary", "Shorten.", model="stub-0ms-4tok")
    options = {"model": tiny, "history_turns": 6, "history_threshold": 200, "history_summary": "summary"}
    run = RunRequest(instruction="Be brief.", input="now", messages=talk(8), options={**options, "max_new_tokens": 2})
    finished = await playground.run(run)
    cut = finished.cut
    assert cut is not None
    assert cut.rules == ("history_turns", "history_threshold")
    assert cut.tokens_after <= 200
    assert finished.usage.prompt_tokens == cut.tokens_after, "the summary counts"
    assert (cut.summary_by, cut.summary_known) == ("summary", False)
    assert finished.messages[1] == Message("system", cut.summary)
    runs = [entry["input"] for entry in playground.runs() if entry["prompt"] == "summary"]
    assert any(f"u{cut.dropped // 2 - 1} " in text for text in runs), "it tells of every turn that went"
    data = json.loads(json.dumps(finished.data()))
    assert data["cut"]["summary"] == cut.summary
    assert any("were cut by history_turns and history_threshold" in note for note in finished.notes)


async def test_a_summary_is_made_once_and_grows(playground: Playground, write: Any) -> None:
    write("summary", "Shorten.", model="stub-0ms")
    write("chat", "Be brief.", history_turns=1, history_summary="summary")

    async def ask(pairs: int) -> Finished:
        return await playground.run(RunRequest("chat", input="now", messages=talk(pairs)))

    def asked() -> list[dict[str, Any]]:
        return [entry for entry in playground.runs() if entry["prompt"] == "summary"]

    first, again = await ask(3), await ask(3)
    assert first.cut
    assert again.cut
    assert (first.cut.summary_known, again.cut.summary_known) == (False, True)
    assert first.cut.summary == again.cut.summary
    assert len(asked()) == 1
    preview = await playground.render(RunRequest("chat", input="now", messages=talk(3)), call=False)
    assert preview.messages == first.messages, "what is known costs the preview nothing"
    await ask(4)
    newest = max(asked(), key=lambda entry: entry["time"])
    assert newest["input"].startswith(f"system: {first.cut.summary}\nuser: u2"), newest["input"]
    assert "u0" not in newest["input"], "what is summarised is not read again"
    write("summary", "Shorten more.", model="stub-0ms")
    await ask(4)
    assert len(asked()) == 3, "another prompt gives another summary"


@pytest.mark.parametrize(
    ("summary", "note"),
    [({"model": "stub-0ms-err400"}, "failed"), ({"model": "stub-0ms-0tok"}, "was empty"), ({}, "too long")],
)
async def test_without_a_summary_the_turns_go_all_the_same(
    playground: Playground, write: Any, summary: dict[str, Any], note: str
) -> None:
    write("summary", "Repeat.", **summary)
    write("chat", "Be brief.", history_threshold=90, history_summary="summary")
    finished = await playground.run(RunRequest("chat", input="now", messages=talk(20, 9)))
    assert finished.cut is not None
    assert finished.cut.summary == ""
    assert finished.cut.tokens_after <= 90
    assert any(note in each for each in finished.notes), finished.notes


async def test_a_summary_by_nobody_is_an_error(playground: Playground, write: Any) -> None:
    write("chat", "Be brief.", history_turns=1, history_summary="sumary")
    write("summary", "Repeat.")
    with pytest.raises(NotFound, match="sumary"):
        await playground.run(RunRequest("chat", input="now", messages=talk(3)))
    write("wrong", "{1/0}")
    with pytest.raises(AkachatError, match="in the prompt 'wrong'"):
        await playground.run(RunRequest("chat", input="x", messages=talk(3), options={"history_summary": "wrong"}))


async def test_a_prompt_that_is_too_long_by_itself_says_so(playground: Playground, tiny: str) -> None:
    options = {"model": tiny, "history_threshold": 50}
    run = RunRequest(instruction="x" * 100, input="now", messages=talk(2), options=options)
    rendered = await playground.render(run)
    assert rendered.cut is not None
    assert rendered.messages[-1].content == "now"
    assert any("even without its history" in note for note in rendered.notes)


async def test_the_preview_says_that_a_summary_will_come(playground: Playground, write: Any) -> None:
    write("summary", "Repeat.")
    write("chat", "Be brief.", history_turns=1, history_summary="summary")
    rendered: Rendered = await playground.render(RunRequest("chat", input="x", messages=talk(3)), call=False)
    assert rendered.cut is not None
    assert any("is made when the prompt is run" in note for note in rendered.notes)


async def test_an_answer_that_is_continued_counts_too(playground: Playground, tiny: str) -> None:
    options = {"model": tiny, "history_threshold": 150}
    run = RunRequest(instruction="A", input="x", messages=talk(4), continues="y" * 60, options=options)
    rendered = await playground.render(run)
    assert rendered.tokens <= 150
    assert rendered.messages[-1] == Message("assistant", "y" * 60)
