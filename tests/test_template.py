"""The instruction language as its authors see it: values, functions, messages, places, what runs side by side."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from akachat.errors import AkachatError, Cancelled, InstructionError, LimitExceeded, NotFound
from akachat.messages import Message
from akachat.template import Call, HostFunction, Outcome, RenderLimits, Sandbox, Scope, references

JST = timezone(timedelta(hours=9), "JST")


class Variables:
    def __init__(self, **values: str) -> None:
        self.values = {**values, "any key": "ANY", "あか": "赤"}
        self.read: list[str] = []

    def get(self, key: str) -> str:
        self.read.append(key)
        if key not in self.values:
            raise NotFound(f"There is no variable {key!r}", hint="Did you mean key?")
        return self.values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for it, however slow the machine is."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        await asyncio.sleep(0.005)


@dataclass
class World:
    """Functions that note when they begin and end."""

    log: list[str] = field(default_factory=list)
    delay: float = 0.0
    meet: int = 0  # calls end once this many run at the same time, however slow the machine; or never
    running: int = 0
    most: int = 0

    async def llm(self, dir: str, input: str = "", **options: Any) -> Outcome:
        self.log.append(f"+{dir}")
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for _ in range(1_000 if self.meet else 0):
                if self.most >= self.meet:
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(options.get("delay", self.delay))
        except asyncio.CancelledError:
            self.log.append(f"!{dir}")
            raise
        finally:
            self.running -= 1
        self.log.append(f"-{dir}")
        if dir.startswith("bad"):
            raise NotFound(f"There is no prompt {dir}", hint="Did you mean good?")
        return Outcome(f"<{dir}{':' + input if input else ''}>", {"tokens": 3})

    async def rag(self, dir: Any, query: str, k: int = 1) -> str:
        return f"[{dir} {query} {k}]"

    async def msg(self, limit: int = 0) -> list[dict[str, str]]:
        stored = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]
        return stored[-limit:] if limit else stored

    async def save(self, text: str) -> str:
        self.log.append(f"+{text}")
        await asyncio.sleep(0.01)
        self.log.append(f"-{text}")
        return text

    async def broken(self) -> str:
        raise ZeroDivisionError("in the function")

    def scope(self, **changes: Any) -> Scope:
        functions = [
            HostFunction("llm", self.llm, "llm", True, "The answer of another prompt."),
            HostFunction("rag", self.rag, "rag", True),
            HostFunction("msg", self.msg, "msg"),
            HostFunction("save", self.save),
            HostFunction("broken", self.broken),
            HostFunction("天気", self.save),
        ]
        scope = Scope(
            input="hello",
            messages=[Message("user", "before"), Message("assistant", "after")],
            variables=Variables(key="K", html="{1+1} <b>"),
            functions={f.name: f for f in functions},
            now=datetime(2026, 11, 20, 3, 4, 5, tzinfo=JST),
        )
        return replace(scope, **changes)


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(RenderLimits(seconds=2), workers=2) as made:
        yield made


TEXTS = [
    ("", ""),
    ("no fields {{here}} \\n", "no fields {here} \\n"),
    ("{input}", "hello"),
    ("{ input !r:>10}|", "   'hello'|"),
    ("{input=}", "input='hello'"),
    ("{1 + 1 = :>3}", "1 + 1 =   2"),
    ("{input.upper()} {len(input)}", "HELLO 5"),
    ("{messages[-1]['content']} {len(messages)}", "after 2"),
    ("{var.key}{var['any key']}{var.あか}", "KANY赤"),
    ("{var['k' + 'ey']} {var.key.lower()}", "K k"),
    ("{var.html}", "{1+1} <b>"),
    ("{getattr(var, 'key')}", "K"),
    ("{[var[k] for k in ('key', 'any key')]}", "['K', 'ANY']"),
    ("{f'{var.key=} {f'{input}'}'}", "var.key='K' hello"),
    ("{datetime.now():%Y年%m月%d日 %H:%M} {date.today()}", "2026年11月20日 03:04 2026-11-20"),
    ("{datetime.now().astimezone().isoformat()}", "2026-11-20T03:04:05+09:00"),
    ("{datetime.now() == datetime.now()}", "True"),
    ("{(date.today() + timedelta(days=1)).isoformat()}", "2026-11-21"),
    ("{re.sub('l+', 'L', input)} {json.dumps({'あ': 1}, ensure_ascii=False)} {math.floor(2.5)}", 'heLo {"あ": 1} 2'),
    ("{0 <= random.random() < 1}", "True"),
    ("{ascii('é')}{'é'!a}", "'\\xe9''\\xe9'"),
    ("{sorted('bA', key=str.lower)} {list(map(str.upper, 'ab'))} {str.join('-', 'ab')}", "['A', 'b'] ['A', 'B'] a-b"),
    ("{dict.fromkeys('a', 1)} {[f(' x ') for f in [str.strip]]}", "{'a': 1} ['x']"),
    ("{next(x for x in [1, 2, 3] if x > 1)}", "2"),
    ("{(lambda x, *y, **z: (x, y, z))(1, 2, a=3)}", "(1, (2,), {'a': 3})"),
    ("{(x := 3)}{x + 1}", "34"),
    ("{[y := 1, y + 1]}{y}", "[1, 2]1"),
    ("{1, 2}", "(1, 2)"),
    ("{1 # one\n}", "1"),
    ("{'a'\n'b'}", "ab"),
    ("{input:{'>'}{4 + 4}}", "   hello"),
    ("{print('x')}", "None"),
    ("a\r\nb{1}", "a\nb1"),
    ("{comment('note')}{comment(s=1/0)}{comment(nowhere)}", ""),
    ("{test('shown')}{test(1/0)}", ""),
    ("{iif(input, 'a', 'b')}{iif('', 'a', 'b')}{iif(0, 'a')}", "ab"),
    ("{iif(True, 'a', 1/0)}{iif(False, nowhere(), 'b')}{iif(expr=1, t='c', f=nowhere)}", "abc"),
    ("{iif(input == 'hello', var.key, var.missing)}", "K"),
    ("{[iif(i, 'y', 'n') for i in (0, 1)]}", "['n', 'y']"),
    ("{iif(*[1, 'a', 'b'])}{list(map(comment, 'ab'))}", "a['', '']"),
    ("{llm('a')}", "<a>"),
    ("{llm('a', input)} {llm(dir='b', input='x')}", "<a:hello> <b:x>"),
    ("{llm('a', llm('b', llm('c')))}", "<a:<b:<c>>>"),
    ("{llm('a').upper()!r:>8}", "   '<A>'"),
    ("{rag('d', input, k=2)} {rag(['d', 'e'], 'q')}", "[d hello 2] [['d', 'e'] q 1]"),
    ("{', '.join(llm(x) for x in 'abc')}", "<a>, <b>, <c>"),
    ("{[llm(x + y) for x in 'ab' for y in 'cd' if x + y != 'ad']}", "['<ac>', '<bc>', '<bd>']"),
    ("{ {x: llm(x) for x in 'ab'} }", "{'a': '<a>', 'b': '<b>'}"),
    ("{len({llm(x) for x in 'aab'})}", "2"),
    ("{[[llm(x + y) for x in 'ab'] for y in 'c']}", "[['<ac>', '<bc>']]"),
    ("{[(llm(x), i) for i, x in enumerate(['a', 'b'])]}", "[('<a>', 0), ('<b>', 1)]"),
    ("{llm('a') if llm('b') else llm('bad')}", "<a>"),
    ("{llm('') and 'x' or llm('bad')}", "x"),
    ("{(lambda x: llm(x))('a')} {list(map(lambda x: llm(x), 'bc'))}", "<a> ['<b>', '<c>']"),
    ("{list(map(llm, 'ab'))} {sorted('ba', key=lambda x: llm(x))}", "['<a>', '<b>'] ['a', 'b']"),
    ("{list(filter(lambda x: llm(x) == '<b>', 'abc'))} {max('abc', key=llm)}", "['b'] c"),
    ("{[(lambda v: llm(v) + var.key)(x) for x in 'ab']}", "['<a>K', '<b>K']"),
    ("{f'{llm('a')}-{llm('b')=}'}", "<a>-llm('b')='<b>'"),
    ("{llm('a')=}{llm('b')!s:>5}", "llm('a')='<a>'  <b>"),
    ("{'x':{llm('a')!r:.1}>5}", "''''x"),
    ("{(x := llm('a'))}{llm('b', x)}{(x := 'z')}{x}", "<a><b:<a>>zz"),
    ("{[y := llm('a'), llm('b', y)]}{y}", "['<a>', '<b:<a>>']<a>"),
    ("{save('1')}{天気('2')}", "12"),
    (
        "{msg(1)[0]['content']} {len(msg())} {len(msgf(''))} {[m['role'] for m in msg()]}",
        "yo 2 0 ['user', 'assistant']",
    ),
    ("{str(msgf('user: a\\nai: b'))!r}", r"'user: a\nai: b'"),
    ("{msgf('') or 'none'}", "none"),
]


@pytest.mark.parametrize(("instruction", "text"), TEXTS)
async def test_text(sandbox: Sandbox, instruction: str, text: str) -> None:
    rendering = await sandbox.render(instruction, World().scope())
    assert rendering.text == text
    assert "".join(text[s.start : s.end] for s in rendering.spans) == text
    assert [s.start for s in rendering.spans][1:] == [s.end for s in rendering.spans][:-1]


async def test_test_is_shown_only_when_it_is_on(sandbox: Sandbox) -> None:
    scope = World().scope(is_test=True)
    assert (await sandbox.render("{test('a')}{test(input.upper())}{list(map(test, 'b'))}", scope)).text == "aHELLO['b']"


# Instruction, type, part of the message, part of the hint, line, column.
ERRORS = [
    ("a\n {inputt}", InstructionError, "'inputt' is not defined", "Did you mean input?", 2, 3),
    ("{key}", InstructionError, "'key' is not defined", "Did you mean var.key?", 1, 2),
    ("{lllm('a')}", InstructionError, "'lllm' is not defined", "Did you mean llm?", 1, 2),
    ("{y}{(y := 1)}", InstructionError, "'y' is not defined", "", 1, 2),
    ("{input.uper()}", InstructionError, "no attribute 'uper'", "Did you mean upper?", 1, 2),
    ("一{1}\n{  1 / 0}", InstructionError, "division by zero", "", 2, 4),
    ("{[x for x in [1, 2] if x.y]}", InstructionError, "no attribute 'y'", "", 1, 24),
    ("{f'{1 +\n  nope}'}", InstructionError, "'nope' is not defined", "", 2, 3),
    ("{1 +}", InstructionError, "cannot be read", "", 1, 5),
    ("{a b}", InstructionError, "invalid syntax", "", 1, 2),
    ("{lambda x: 1}", InstructionError, "lambda needs brackets", "", 1, 2),
    ("{x for x in 'a'}", InstructionError, "generator needs brackets", "", 1, 2),
    ("{await llm('a')}", InstructionError, "await", "side by side", 1, 2),
    ("{(llm := 1)}", InstructionError, "llm already means", "another name", 1, 3),
    ("{var.missing}", NotFound, "no variable 'missing'", "Did you mean key?", 1, 2),
    ("{1}{\nvar['missing']}", NotFound, "no variable 'missing'", "Did you mean key?", 2, 1),
    ("{var[1]}", InstructionError, "key is text", "", 1, 2),
    (" {llm('bad')}", NotFound, "no prompt bad", "Did you mean good?", 1, 3),
    ("{llm()}", InstructionError, "missing a required argument: 'dir'", "another prompt", 1, 2),
    ("{rag('a', 'b', 1, 2)}", InstructionError, "too many positional", "", 1, 2),
    ("{broken()}", InstructionError, "broken() failed: in the function", "", 1, 2),
    ("{llm('a', len)}", InstructionError, "argument of llm()", "", 1, 2),
    ("{msgf(1)}", InstructionError, "msgf() takes text or a list", "", 1, 2),
    ("{input:d}", InstructionError, "format", "", 1, None),
    ("{['b', 'a'].sort(key=lambda v: llm(v))}", InstructionError, "inside this function", "comprehension", 1, None),
    ("{ {}['k'] }", InstructionError, "no key", "", 1, 3),
]


@pytest.mark.parametrize(("instruction", "kind", "message", "hint", "line", "column"), ERRORS)
async def test_errors_say_what_and_where(
    sandbox: Sandbox, instruction: str, kind: type[AkachatError], message: str, hint: str, line: int, column: int | None
) -> None:
    with pytest.raises(AkachatError) as caught:
        await sandbox.render(instruction, World().scope())
    error = caught.value
    assert type(error) is kind
    assert message in error.message
    assert hint in error.hint
    assert error.line == line
    if column is not None:
        assert error.column == column
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("instruction", "problem"),
    [
        ("{input} {var.anything} {llm('a')} {[x for x in 'a']} {(y := 1)}{y}", None),
        ("{inputt}", "'inputt' is not defined"),
        ("{iif(0, nowhere)}", "'nowhere' is not defined"),
        ("{comment(nowhere)}", None),
        ("{save('x')}", "'save' is not defined"),
        ("{1 +}", "cannot be read"),
        ("{", "never closed"),
    ],
)
def test_check_runs_nothing(instruction: str, problem: str | None) -> None:
    error = Sandbox().check(instruction)
    assert (error is None) if problem is None else (error is not None and problem in error.message)


def test_check_knows_the_functions_of_a_scope() -> None:
    assert Sandbox().check("{save('x')}", World().scope()) is None


def test_references() -> None:
    found = references(
        "{var.a}{var['b c']}{llm('p', rag(['d', 'e'], input))}{llm(name='q')}{f'{var.z}'}{mine(1)}{len('')}"
    )
    assert found.variables == ("a", "b c", "z")
    assert found.functions == ("llm", "rag", "mine")
    assert found.prompts == ("p", "q")
    assert found.libraries == ("d", "e")
    assert found.reads_input
    assert not references("{{input}}").reads_input


# Messages


async def test_messages_are_structure(sandbox: Sandbox) -> None:
    user, ai = Message("user", "a"), Message("assistant", "b")
    cases: list[tuple[str, list[str | tuple[Message, ...]]]] = [
        ("x{msgf('user: a\\nai: b')}y", ["x", (user, ai), "y"]),
        ("{iif(1, msgf('user: a'), 'x')}{iif(0, msgf('user: a'), 'x')}", [(user,), "x"]),
        ("{msgf('user: a') if input else ''}", [(user,)]),
        ("{(m := msgf('user: a'))}{len(input)}{m}", [(user,), "5", (user,)]),
        ("{msgf(messages)}", [(Message("user", "before"), Message("assistant", "after"))]),
        ("{msgf([{'role': 'user', 'content': 'a'}, 'ai：b'])}{1}", [(user, ai), "1"]),
        ("{msgf('user: ' + input)}", [(Message("user", "hello"),)]),
        ("{msg(1)}{msgf(msg(1))}", [(Message("assistant", "yo"),)] * 2),
        ("{msgf('')}{msgf([])}a", ["a"]),
        ("{msgf('user: a')!s}", ["user: a"]),
        ("{test(msgf('user: a'))}", []),
    ]
    for instruction, parts in cases:
        rendering = await sandbox.render(instruction, World().scope())
        assert list(rendering.parts) == parts, instruction
        assert rendering.called_msg == ("msg(" in instruction)


async def test_extra_keys_of_messages_are_kept(sandbox: Sandbox) -> None:
    called = Message("assistant", "", {"tool_calls": [{"id": "1"}]})
    rendering = await sandbox.render("{msgf(messages)}{1}", World().scope(messages=[called]))
    assert rendering.parts[0] == (called,)


# Side by side, and in order


async def test_independent_calls_run_side_by_side(sandbox: Sandbox) -> None:
    four = [
        "{llm('a')} {llm('b')} {llm('c')} {llm('d')}",
        "{llm('a') + llm('b') + llm('c') + llm('d')}",
        "{[llm(x).upper() for x in 'abcd']}",
        "{', '.join(llm(x) for x in 'abcd')}",
        "{llm('a')}{', '.join(llm(x) for x in 'bc') + llm('d')}",
        "{(llm('a'), [llm('b'), {'c': llm('c')}], llm('d'))}",
        "{f'{llm('a')} {llm('b')}'} {llm('c')} {llm('d')}",
        "{iif(1, llm('a') + llm('b'), 0)} {llm('c')} {llm('d')}",
        "{ {x: llm(x) for x in 'abcd'} }",
        "{[[llm(x) for x in y] for y in ('ab', 'cd')]}",
        "{[x for x in (llm('a'), llm('b'), llm('c'), llm('d'))]}",
    ]
    for instruction in four:
        world = World(meet=4)
        await sandbox.render(instruction, world.scope())
        assert world.most == 4, instruction
        assert sorted(world.log[:4]) == ["+a", "+b", "+c", "+d"], instruction


async def test_fields_that_need_no_sandbox_change_nothing_beside_those_that_do(sandbox: Sandbox) -> None:
    seen: list[str] = []
    scope = World().scope(variables=Variables(a="A", b="B"), input="x y", on_call=lambda c: seen.append(c.arguments))
    rendering = await sandbox.render("{var.a}|{len(input)}|{input}|{var.b.lower()}|{msgf('ai: hi')}|{var['b']}", scope)
    assert rendering.text == "A|3|x y|b|ai: hi|B"
    assert [s.origin for s in rendering.spans if s.origin != "literal"] == [
        "var",
        "input",
        "input",
        "var",
        "msg",
        "var",
    ]
    assert [c.result for c in rendering.calls] == ["A", "B", "B"]
    assert sorted(seen) == ["'a'", "'b'", "'b'"]
    assert rendering.parts[1] == (Message("assistant", "hi"),)
    for instruction, column in (("{1/0}{var.none}", 1), ("{var.none}{1/0}", 1), ("{len(input)}{var.none}", 13)):
        with pytest.raises(AkachatError) as caught:
            await sandbox.render(instruction, scope)
        assert abs((caught.value.column or 0) - column) <= 1, instruction


async def test_dependent_calls_wait_only_for_what_they_need(sandbox: Sandbox) -> None:
    world = World(delay=0.05)
    text = (
        await sandbox.render("{(x := llm('a'))}{llm('b', x)}{llm('c', x)}{llm('slow', delay=0.2)}", world.scope())
    ).text
    assert text == "<a><b:<a>><c:<a>><slow>"
    assert world.log == ["+a", "+slow", "-a", "+b", "+c", "-b", "-c", "-slow"]
    world = World(delay=0.05)
    await sandbox.render("{llm('x', llm('a') + llm('b')) + llm('y', llm('c'))}", world.scope())
    assert set(world.log[:3]) == {"+a", "+b", "+c"}
    assert set(world.log[6:8]) == {"+x", "+y"}


async def test_user_functions_keep_the_order_of_the_text(sandbox: Sandbox) -> None:
    for instruction in (
        "{save('1')}{llm('a')}{save('2')}{save('3')}",
        "{save('1') + save('2')}{[save(x) for x in '3']}",
        "{llm('a')}{[save(x) for x in '123']}",
        "{save('1')}{(lambda: save('2'))()}{save('3')}",
        "{list(map(save, '12'))}{save('3')}",
    ):
        world = World()
        await sandbox.render(instruction, world.scope())
        assert [e for e in world.log if e[1:] in "123"] == ["+1", "-1", "+2", "-2", "+3", "-3"], instruction


async def test_the_leftmost_error_is_told_and_the_rest_is_cancelled(sandbox: Sandbox) -> None:
    world = World()
    with pytest.raises(NotFound, match="bad1"):
        await sandbox.render("{llm('slow', delay=9)}{llm('bad1')}{llm('bad2')}{1/0}", world.scope())
    assert "!slow" in world.log
    began = time.perf_counter()
    with pytest.raises(NotFound, match="bad"):
        await sandbox.render("{llm('bad', delay=0.05)}{(lambda: llm('slow', delay=9))()}", world.scope())
    assert time.perf_counter() - began < 8
    began = time.perf_counter()
    world = World()
    with pytest.raises(InstructionError, match="division"):
        await sandbox.render("{llm('slow', delay=9)}{1/0}{llm('bad', delay=1)}", world.scope())
    assert time.perf_counter() - began < 8
    assert world.log.count("-slow") == 0


async def test_a_stop_cancels_calls_and_computing(sandbox: Sandbox) -> None:
    world = World(delay=9)
    for instruction, calls in (
        ("{llm('a')}{llm('b')}", 2),
        ("{(lambda: llm('a'))()}", 1),
        ("{sum([0 for x in range(10**6) for y in range(10**6) if 0])}", 0),
    ):
        running = asyncio.ensure_future(sandbox.render(instruction, world.scope()))
        await asyncio.sleep(0.1)
        await until(lambda calls=calls: world.running == calls)  # type: ignore[misc]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(running, 8)
    assert world.running == 0
    assert world.log == ["+a", "+b", "!a", "!b", "+a", "!a"]
    assert (await sandbox.render("{1 + 1}", world.scope())).text == "2"


async def test_a_stop_at_any_moment_gives_the_process_back() -> None:
    chance = random.Random(1)

    async def slow(x: str) -> str:
        await asyncio.sleep(chance.choice([0, 0.001, 0.01]))
        return x

    scope = Scope(input="abc", functions={"rag": HostFunction("rag", slow, "rag", parallel=True)})
    instructions = ["{len(input)}", "{rag('a')} {rag('b')}", "{len(rag('c'))}", "{sum(range(9999))}"]
    async with Sandbox(RenderLimits(checkout_seconds=5), workers=2) as sandbox:
        await sandbox.start()

        async def stopped(number: int) -> None:
            await asyncio.sleep(chance.random() * 0.2)
            work = asyncio.ensure_future(sandbox.render(chance.choice(instructions), scope))
            await asyncio.sleep(chance.random() * 0.02)
            work.cancel()
            await asyncio.wait([work])

        await asyncio.gather(*(stopped(number) for number in range(150)))
        done = await asyncio.gather(*(sandbox.render("{len(input)}", scope) for _ in range(20)))
    assert [r.text for r in done] == ["3"] * 20


async def test_a_call_that_was_stopped_says_so(sandbox: Sandbox) -> None:
    async def stopped() -> str:
        raise asyncio.CancelledError

    with pytest.raises(Cancelled):
        await sandbox.render("{stopped()}", Scope(functions={"stopped": HostFunction("stopped", stopped)}))


async def test_a_hundred_waiting_renderings_hold_no_process(sandbox: Sandbox) -> None:
    world = World(meet=1_000)
    waiting = [
        asyncio.ensure_future(sandbox.render("{llm('a')} {len(input)} {llm('b')}", world.scope())) for _ in range(100)
    ]
    await until(lambda: world.running == 200)
    assert (await sandbox.render("{1 + 1}", world.scope())).text == "2"
    assert world.running == 200
    world.meet = 1
    assert [r.text for r in await asyncio.gather(*waiting)] == ["<a> 5 <b>"] * 100


async def test_chains_of_prompts_are_deeper_than_there_are_processes(sandbox: Sandbox) -> None:
    async def chain(depth: int) -> str:
        if depth == 0:
            return "end"
        scope = Scope(input=str(depth), functions={"llm": HostFunction("llm", chain, "llm", True)})
        return (await sandbox.render("{input}{llm(int(input) - 1)}{(lambda: llm(0))()}", scope)).text

    assert await chain(8) == "87654321" + "end" * 9


# The trace


async def test_the_trace_is_in_the_order_of_the_text(sandbox: Sandbox) -> None:
    live: list[Call] = []
    scope = World().scope(on_call=live.append)
    rendering = await sandbox.render(
        "{llm('slow', delay=0.05)}\n {llm('a', input)} {var.key}{rag('d', 'q', k=2)}", scope
    )
    assert [(c.name, c.arguments, c.result, c.line, c.column) for c in rendering.calls] == [
        ("llm", "'slow', delay=0.05", "<slow>", 1, 2),
        ("llm", "'a', 'hello'", "<a:hello>", 2, 3),
        ("var", "'key'", "K", 2, 21),
        ("rag", "'d', 'q', k=2", "[d q 2]", 2, 30),
    ]
    assert rendering.calls[0].detail == {"tokens": 3}
    assert rendering.calls[0].seconds >= 0.05
    assert all(call.started <= rendering.seconds for call in rendering.calls)
    assert [c.arguments for c in live][-1] == "'slow', delay=0.05"
    assert sorted(live, key=id) == sorted(rendering.calls, key=id)


async def test_failed_calls_are_told_too(sandbox: Sandbox) -> None:
    live: list[Call] = []
    with pytest.raises(NotFound):
        await sandbox.render("{llm('bad')}", World().scope(on_call=live.append))
    assert [(c.name, c.result, c.error) for c in live] == [("llm", "", "There is no prompt bad")]


async def test_long_values_are_shown_short(sandbox: Sandbox) -> None:
    rendering = await sandbox.render("{llm('a', 'x' * 5000)}", World().scope())
    assert len(rendering.calls[0].arguments) < 250
    assert len(rendering.calls[0].result) <= 200


async def test_origins(sandbox: Sandbox) -> None:
    cases = {
        "x": "literal",
        "{input}": "input",
        "{input.upper()}": "input",
        "{messages}": "messages",
        "{var.key}": "var",
        "{rag('d', input)}": "rag",
        "{llm('a', rag('d', var.key))}": "llm",
        "{', '.join(llm(x) for x in 'ab')}": "llm",
        "{msg()}": "msg",
        "{msgf('user: ' + input)}": "msg",
        "{test(input)}": "test",
        "{iif(var.key, input, 'x')}": "input",
        "{save('x')}": "function",
        "{1 + 1}": "expression",
    }
    for instruction, origin in cases.items():
        rendering = await sandbox.render(instruction, World().scope(is_test=True))
        assert [s.origin for s in rendering.spans] == [origin], instruction


async def test_whether_the_input_is_read(sandbox: Sandbox) -> None:
    for instruction, is_read in (("x", False), ("{input}", True), ("{f'{input}'}", True), ("{comment(input)}", False)):
        assert (await sandbox.render(instruction, World().scope())).read_input is is_read


async def test_variables_are_read_when_they_are_needed_and_once_a_mention(sandbox: Sandbox) -> None:
    variables = Variables(key="K")
    await sandbox.render("{iif(0, var.missing)}{var.key}{len(var.key)}", Scope(variables=variables))
    assert variables.read == ["key", "key"]


# Limits


@pytest.mark.parametrize(
    ("limits", "instruction", "setting"),
    [
        (RenderLimits(seconds=0.1), "{sum([0 for x in range(10**6) for y in range(10**6) if 0])}", "render_seconds"),
        (RenderLimits(memory=2**20), "{'a' * 10**7}", "render_memory_bytes"),
        (RenderLimits(recursion=20), "{(lambda f, n: f(f, n + 1))(lambda f, n: f(f, n + 1), 0)}", "render_recursion"),
        (RenderLimits(host_calls=3), "{[llm(x) for x in 'abcd']}", "render_host_calls"),
        (RenderLimits(host_calls=3), "{var.key}{var.key}{var.key}{var.key}", "render_host_calls"),
        (RenderLimits(text_length=4), "{input}", "render_text_characters"),
        (RenderLimits(text_length=4), "{input + ''}", "render_text_characters"),
        (RenderLimits(instruction_length=4), "hello", "instruction_characters"),
    ],
)
async def test_limits_are_named(limits: RenderLimits, instruction: str, setting: str) -> None:
    async with Sandbox(limits, workers=1) as sandbox:
        with pytest.raises(LimitExceeded) as caught:
            await sandbox.render(instruction, World().scope())
        assert setting in caught.value.hint


async def test_it_starts_when_needed_and_again_after_closing() -> None:
    sandbox = Sandbox(workers=1)
    for _ in range(2):
        texts = await asyncio.gather(*[sandbox.render("{1 + 1}", Scope()) for _ in range(5)])
        assert {r.text for r in texts} == {"2"}
        await sandbox.aclose()
        await sandbox.aclose()


@pytest.mark.parametrize(
    ("instruction", "said", "hint", "column"),
    [
        ("{iif()}", "iif() takes other arguments", "iif(expr, t, f='')", 2),
        ("a {iif(1)}", "iif() takes other arguments", "iif(expr, t, f='')", 4),
        ("{comment()}", "comment() takes other arguments", "comment(s)", 2),
        ("{test('a', 'b')}", "test() takes other arguments", "test(s)", 2),
        ("{iif(1, 2, x=3)}", "iif() takes other arguments", "iif(expr, t, f='')", 2),
        ("{msgf('user: a') + msgf('ai: b')}", "'messages' and 'messages'", "", 2),
    ],
)
async def test_a_wrong_use_of_the_languages_own_functions_names_no_inner_part(
    sandbox: Sandbox, instruction: str, said: str, hint: str, column: int
) -> None:
    with pytest.raises(InstructionError) as caught:
        await sandbox.render(instruction, World().scope())
    error = caught.value
    assert said in error.message
    assert hint in error.hint
    assert "_k_" not in str(error)
    assert error.line == 1
    assert abs((error.column or 0) - column) <= 16
