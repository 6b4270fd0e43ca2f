"""A run from its request to its last event, by the real sandbox, a real HTTP upstream and real files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from akachat.errors import (
    AkachatError,
    BackendError,
    BackendUnavailable,
    Cancelled,
    Conflict,
    InstructionError,
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
)
from akachat.events import Called, Delta, Event, Failed, Finished, Rendered, RunRequest
from akachat.messages import Message
from akachat.playground import Playground

pytestmark = pytest.mark.anyio


@pytest.fixture
def write(workspace_folder: Path, stub: str) -> Any:
    """Writes a prompt by hand, as a user may; it is answered by the stub, which repeats the last user message."""

    def write(name: str, instruction: str, **options: Any) -> None:
        path = workspace_folder / "prompt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".txt").write_text(instruction, "utf-8")
        merged = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo", **options}
        path.with_suffix(".json").write_text(json.dumps(merged), "utf-8")

    return write


async def collect(playground: Playground, request: RunRequest) -> list[Event]:
    return [event async for event in playground.stream(request)]


async def test_events_come_in_order_and_say_everything(playground: Playground, write: Any) -> None:
    await playground.set_variable("name", "あか")
    write("hello", "You are {var.name}.")
    events = await collect(playground, RunRequest("hello", input="a b c", id="mine"))
    kinds = [e.kind for e in events]
    assert kinds == ["call", "rendered", *["delta"] * (len(events) - 3), "done"]
    assert [e.seq for e in events] == list(range(len(events)))
    assert {e.id for e in events} == {"mine"}
    called, rendered, done = events[0], events[1], events[-1]
    assert isinstance(called, Called)
    assert called.call.name == "var"
    assert called.call.result == "あか"
    assert isinstance(rendered, Rendered)
    assert isinstance(done, Finished)
    assert rendered.text == "You are あか."
    assert [m.to_dict() for m in rendered.messages] == [
        {"role": "system", "content": "You are あか."},
        {"role": "user", "content": "a b c"},
    ]
    assert [(rendered.text[s.start : s.end], s.origin) for s in rendered.spans] == [
        ("You are ", "literal"),
        ("あか", "var"),
        (".", "literal"),
    ]
    assert done.result == "a b c" == "".join(e.text for e in events if isinstance(e, Delta))
    assert done.finish_reason == "stop"
    assert done.usage.completion_tokens == 3
    assert done.timings.first_token is not None
    assert 0 < done.timings.render <= done.timings.first_token <= done.timings.total


async def test_plain_and_streamed_agree(playground: Playground, write: Any) -> None:
    write("echo", "Repeat.")
    request = RunRequest("echo", input="同じ 答え")
    events = await collect(playground, request)
    finished = await playground.run(request)
    assert isinstance(events[-1], Finished)
    assert (finished.result, finished.messages) == (events[-1].result, events[-1].messages)


async def test_options_of_the_call_go_before_the_prompts_own(playground: Playground, write: Any) -> None:
    write("cut", "Repeat.", model="stub-0ms", max_new_tokens=9)
    finished = await playground.run(RunRequest("cut", input="x", options={"max_new_tokens": 2}))
    assert finished.usage.completion_tokens == 2


async def test_unknown_options_are_reported_and_kept(playground: Playground, write: Any) -> None:
    write("typo", "Repeat.", temperatur=0.1)
    finished = await playground.run(RunRequest("typo", input="x"))
    assert any("temperatur" in note and "temperature" in note for note in finished.notes)


async def test_llm_answers_and_its_run_is_the_trace(playground: Playground, write: Any) -> None:
    write("inner", "Repeat.")
    write("outer", "Facts: {llm('inner', 'one')} {llm('inner', 'two')}")
    finished = await playground.run(RunRequest("outer", input="go"))
    assert finished.messages[0] == Message("system", "Facts: one two")
    assert [(c.name, c.result) for c in finished.calls] == [("llm", "one"), ("llm", "two")]
    assert finished.calls[0].detail["model"] == "stub-0ms-echo"


async def test_a_chain_of_eight_works_and_nine_is_an_error_that_shows_it(playground: Playground, write: Any) -> None:
    write("p0", "Say {input}.")
    for n in range(1, 10):
        write(f"p{n}", f"{{llm('p{n - 1}', input)}}")
    assert (await playground.run(RunRequest("p8", input="x"))).result == "x"
    with pytest.raises(LimitExceeded, match="p9 → p8 → p7 → p6 → p5 → p4 → p3 → p2 → p1 → p0"):
        await playground.run(RunRequest("p9", input="x"))


async def test_a_cycle_is_an_error_that_shows_it(playground: Playground, write: Any) -> None:
    write("a", "{llm('b')}")
    write("b", "\n {llm('a')}")
    with pytest.raises(InstructionError, match="a → b → a") as caught:
        await playground.run(RunRequest("a", input="x"))
    assert (caught.value.line, caught.value.column) == (1, 2)
    assert "'b', line 2, column 3" in caught.value.message


@pytest.mark.parametrize(
    ("instruction", "error", "message"),
    [
        ("{llm('nobody')}", AkachatError, "nobody"),
        ("{rag('nothing', 'q')}", AkachatError, "no library `nothing`"),
        ("{var.unset}", AkachatError, "unset"),
        ("one\n{1/0}", InstructionError, "division"),
        ("{nam}", InstructionError, "nam"),
    ],
)
async def test_errors_of_an_instruction(
    playground: Playground, write: Any, instruction: str, error: type[AkachatError], message: str
) -> None:
    write("bad", instruction)
    with pytest.raises(error, match=message) as caught:
        await playground.run(RunRequest("bad", input="x"))
    assert caught.value.line == (2 if "\n" in instruction else 1)
    assert "Traceback" not in str(caught.value)
    events = await collect(playground, RunRequest("bad", input="x"))
    assert isinstance(events[-1], Failed)
    assert events[-1].error.message == caught.value.message


async def test_no_such_prompt_names_the_nearest(playground: Playground, write: Any) -> None:
    write("greeting", "Hello.")
    with pytest.raises(NotFound) as caught:
        await playground.run(RunRequest("greting"))
    assert "greeting" in caught.value.hint


async def test_test_shows_nothing_to_the_api(playground: Playground, write: Any) -> None:
    write("t", "A{test('B')}")
    playground.update_settings(is_test=True)
    for source, text in (("page", "AB"), ("api", "A")):
        rendered = await playground.render(RunRequest("t", input="x", source=source))  # type: ignore[arg-type]
        assert rendered.text == text
    playground.update_settings(is_test=False)
    assert (await playground.render(RunRequest("t", input="x", source="page"))).text == "A"


async def test_the_upstreams_error_is_told_without_a_key(playground: Playground, write: Any, stub: str) -> None:
    playground.update_settings(endpoints={"here": {"url": stub, "key": "sk-secret-secret"}})
    write("err", "x", model="stub-0ms-err401", endpoint="here")
    with pytest.raises(BackendError) as caught:
        await playground.run(RunRequest("err", input="x"))
    assert "sk-secret-secret" not in str(caught.value)


async def test_stop_gives_what_had_come(playground: Playground, write: Any) -> None:
    write("slow", "Talk.", model="stream-64tok-50ms")
    events: list[Event] = []
    async for event in playground.stream(RunRequest("slow", input="x", id="s1")):
        events.append(event)
        if isinstance(event, Delta):
            playground.stop("s1")
    done = events[-1]
    assert isinstance(done, Finished)
    assert done.finish_reason == "cancelled"
    assert done.result
    assert done.result == "".join(e.text for e in events if isinstance(e, Delta))
    assert playground.stop("s1") is False


async def test_closing_the_stream_stops_the_run(playground: Playground, write: Any) -> None:
    write("slow", "Talk.", model="stream-64tok-50ms")
    stream = playground.stream(RunRequest("slow", input="x", id="s2"))
    async for event in stream:
        if isinstance(event, Delta):
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert playground.stop("s2") is False
    await asyncio.to_thread(playground._journal.flush)
    assert playground.runs(1)[0]["finish_reason"] == "cancelled"


async def test_a_run_that_takes_too_long_is_given_up(playground: Playground, write: Any) -> None:
    write("slow", "Talk.", model="stub-5000ms", timeout=0.2)
    with pytest.raises(BackendUnavailable) as caught:
        await playground.run(RunRequest("slow", input="x"))
    assert "`timeout`" in str(caught.value)


async def test_nothing_can_be_rendered_but_not_run(playground: Playground, write: Any) -> None:
    write("nothing", "{comment('x')} {''}")
    rendered = await playground.render(RunRequest("nothing"))
    assert (rendered.text, rendered.messages, rendered.tokens) == (" ", (), 0)
    assert "nothing to send" in rendered.notes[0]
    with pytest.raises(InvalidInput, match="nothing to send") as caught:
        await playground.run(RunRequest("nothing"))
    assert "instruction" in caught.value.hint


async def test_a_rendering_is_stopped_and_bounded_like_a_run(playground: Playground, write: Any) -> None:
    write("slow", "Talk.", model="stub-5000ms")
    write("outer", "{llm('slow', 'x')}", timeout=0.2)
    with pytest.raises(BackendUnavailable, match=r"0\.2 seconds"):
        await playground.render(RunRequest("outer", input="x"))
    write("outer", "{llm('slow', 'x')}")
    task = asyncio.create_task(playground.render(RunRequest("outer", input="x", id="mine")))
    await asyncio.sleep(0.2)
    assert playground.stop("mine")
    with pytest.raises(Cancelled):
        await task
    assert not playground.stop("mine")


async def test_a_stopped_run_says_about_what_it_used(playground: Playground, write: Any) -> None:
    write("slow", "Talk.", model="stream-200tok-20ms")
    events: list[Event] = []
    async for event in playground.stream(RunRequest("slow", input="x", id="mine")):
        events.append(event)
        if len(events) == 5:
            playground.stop("mine")
    done = events[-1]
    assert isinstance(done, Finished)
    assert done.finish_reason == "cancelled"
    assert done.usage.prompt_tokens > 0
    assert 0 < done.usage.completion_tokens < 20
    assert not done.usage.exact


async def test_two_runs_of_one_id_are_refused(playground: Playground, write: Any) -> None:
    write("slow", "Talk.", model="stub-400ms")
    first = playground.stream(RunRequest("slow", input="x", id="same"))
    await anext(first)
    with pytest.raises(Conflict, match="same"):
        await playground.run(RunRequest("slow", input="x", id="same"))
    *_, last = [event async for event in first]
    assert isinstance(last, Finished)
    assert last.result


async def test_a_history_is_trimmed_in_pairs(playground: Playground, write: Any) -> None:
    write("chat", "Be brief.", history_turns=1)
    history = tuple(Message(r, f"{r} {n}") for n in range(3) for r in ("user", "assistant"))
    rendered = await playground.render(RunRequest("chat", input="now", messages=history))
    assert [m.content for m in rendered.messages] == ["Be brief.", "user 2", "assistant 2", "now"]
    assert len(rendered.dropped) == 4


async def test_what_is_cut_can_be_summarised(playground: Playground, write: Any) -> None:
    write("summary", "Repeat.")
    write("chat", "Be brief.", history_turns=1, history_summary="summary")
    history = tuple(Message(r, f"{r} {n}") for n in range(2) for r in ("user", "assistant"))
    finished = await playground.run(RunRequest("chat", input="now", messages=history))
    assert finished.messages[1].role == "system"
    assert "user 0" in finished.messages[1].content


async def test_a_history_is_cut_to_a_token_budget(playground: Playground, write: Any) -> None:
    write("chat", "Be brief.", history_threshold=200, history_target=100)
    history = tuple(Message(r, f"{r} {n} " * 20) for n in range(10) for r in ("user", "assistant"))
    rendered = await playground.render(RunRequest("chat", input="now", messages=history))
    assert rendered.tokens <= 100
    assert rendered.messages[1].role == "user" or len(rendered.messages) == 2


async def test_the_preview_runs_no_prompt_and_no_function(
    playground: Playground, write: Any, workspace_folder: Path
) -> None:
    (workspace_folder / "functions").mkdir(exist_ok=True)
    (workspace_folder / "functions" / "mine.py").write_text(
        "import akachat, pathlib\n\n@akachat.function\ndef touch() -> str:\n"
        "    pathlib.Path(__file__).with_name('ran').touch()\n    return 'done'\n"
    )
    write("inner", "Repeat.")
    write("outer", "{llm('inner', 'one')}|{touch()}")
    before = await playground.render(RunRequest("outer", input="x"), call=False)
    assert before.text == "⟦llm('inner', 'one')⟧|⟦touch()⟧"
    assert not (workspace_folder / "functions" / "ran").exists()
    await playground.run(RunRequest("outer", input="x"))
    assert (workspace_folder / "functions" / "ran").exists()
    assert (await playground.render(RunRequest("outer", input="x"), call=False)).text == "one|done"


async def test_llm_may_not_lead_to_an_unknown_endpoint_or_model(playground: Playground, write: Any) -> None:
    write("inner", "Repeat.")
    write("away", "{llm('inner', input, endpoint='http://127.0.0.1:9/v1')}")
    write("strange", "{llm('inner', input, location='Local', model='somebody/else')}")
    for name, word in (("away", "endpoint"), ("strange", "model")):
        with pytest.raises(AkachatError, match=word) as caught:
            await playground.run(RunRequest(name, input="x"))
        assert isinstance(caught.value, (NotAllowed, InvalidInput))


async def test_the_journal_holds_enough_to_replay(playground: Playground, write: Any, workspace_folder: Path) -> None:
    write("hello", "You are {var.name}.", temperature=0.5)
    request = RunRequest("hello", input="hi", variables={"name": "A"}, messages=(Message("user", "q"),))
    first = await playground.run(request)
    await asyncio.to_thread(playground._journal.flush)
    (line,) = playground.runs(1)
    assert line["id"] == first.id
    again = RunRequest(
        line["prompt"],
        instruction=line["instruction"],
        options=line["options"],
        input=line["input"],
        messages=tuple(Message(m["role"], m["content"]) for m in line["history"]),
        variables=line["variables"],
    )
    (workspace_folder / "prompt" / "hello.txt").write_text("changed")
    assert (await playground.run(again)).messages == first.messages


async def test_messages_are_kept_when_asked_to(playground: Playground, write: Any) -> None:
    write("echo", "Repeat.")
    await playground.run(RunRequest("echo", input="one"))
    assert playground.list_messages() == ()
    await playground.run(RunRequest("echo", input="two", keep=True))
    assert playground.list_messages() == (Message("user", "two"), Message("assistant", "two"))


async def test_a_draft_is_run_as_the_editor_has_it(playground: Playground, write: Any, stub: str) -> None:
    write("saved", "Repeat.", model="stub-0ms", max_new_tokens=1)
    options = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    for name in ("saved", "not saved yet"):
        request = RunRequest(name, instruction="New.", options=options, is_draft=True, input="a b")
        finished = await playground.run(request)
        assert (finished.result, finished.messages[0].content) == ("a b", "New.")
    edited = RunRequest("saved", instruction="New.", input="a b")
    assert (await playground.run(edited)).usage.completion_tokens == 1


@pytest.mark.parametrize(
    ("limit", "request_"),
    [
        ("input_characters", RunRequest("echo", input="x" * 11)),
        ("messages_count", RunRequest("echo", messages=(Message("user", "x"),) * 3)),
        ("message_characters", RunRequest("echo", messages=(Message("user", "x" * 8),))),
    ],
)
async def test_a_request_that_is_too_large_is_refused_by_the_limits_name(
    playground: Playground, write: Any, limit: str, request_: RunRequest
) -> None:
    write("echo", "Repeat.")
    playground.update_settings(limits={"input_characters": 10, "messages_count": 2, "message_characters": 7})
    with pytest.raises(InvalidInput) as caught:
        await playground.run(request_)
    assert f"limits.{limit}" in caught.value.hint


async def test_the_preview_of_a_hub_model_asks_nobody(playground: Playground) -> None:
    """Each letter of a model's name is one preview; the network is not asked for any of them."""
    history = (Message("user", "q"), Message("assistant", "a"))
    request = RunRequest(
        instruction="A", options={"model": "some/model", "history_threshold": 50}, input="x", messages=history
    )
    rendered = await playground.render(request, call=False)
    assert [m.content for m in rendered.messages] == ["A", "q", "a", "x"]
    assert (rendered.exact, rendered.prompt) == (False, None)
    assert any("some/model" in note for note in rendered.notes)


async def test_the_preview_tells_what_is_wrong_in_a_part_that_was_not_evaluated(playground: Playground) -> None:
    request = RunRequest(instruction="{iif(False, nam, 'x')}", input="x")
    rendered = await playground.render(request, call=False)
    assert rendered.text == "x"
    assert any("nam" in note and "line 1, column 13" in note for note in rendered.notes)


async def test_warming_loads_the_model_of_the_default_prompt(playground: Playground) -> None:
    await playground.warm()
    assert [model.loaded for model in await playground.models() if model.name == "embedded"] == [True]
