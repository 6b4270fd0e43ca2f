"""What an instruction may call: arguments, results and errors as an author meets them; files that change or break."""

from __future__ import annotations

import sys
import textwrap
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

import akachat
from akachat.errors import AkachatError, InstructionError, NotFound
from akachat.functions import (
    BUILTINS,
    LayeredVariables,
    UserFunctions,
    llm_function,
    msg_function,
    rag_function,
)
from akachat.messages import Message
from akachat.template.rendering import Outcome

# the functions of the language


async def echo_llm(name: str, input: str, options: dict[str, Any]) -> Outcome:
    return Outcome([name, input, options])


async def echo_rag(names: list[str], query: str, k: int) -> Outcome:
    return Outcome([names, query, k])


@dataclass(frozen=True)
class Case:
    id: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] | None = None
    expected: Any = None
    error: str = ""
    hint: str = ""


def ids(case: Case) -> str:
    return case.id


@pytest.mark.parametrize(
    "case",
    [
        Case("name", ("a",), expected=["a", "", {}]),
        Case("name and input", ("a", "hi"), expected=["a", "hi", {}]),
        Case("keywords", (), {"dir": "a", "input": "hi"}, ["a", "hi", {}]),
        Case("name for dir", (), {"name": "a", "input": "hi"}, ["a", "hi", {}]),
        Case("number as input", ("a", 12), expected=["a", "12", {}]),
        Case("nothing as input", ("a", None), expected=["a", "", {}]),
        Case("options", ("a", "x"), {"temperature": 0}, ["a", "x", {"temperature": 0}]),
        Case("falsy options stay", ("a",), {"seed": 0, "stop": []}, ["a", "", {"seed": 0, "stop": []}]),
        Case("other names", ("a",), {"max_tokens": 5}, ["a", "", {"max_new_tokens": 5}]),
        Case("no name", (), error="missing a required argument: 'dir'", hint="llm(dir, input='', **options)"),
        Case("three positions", ("a", "b", "c"), error="too many positional arguments"),
        Case("name twice", ("a",), {"dir": "b"}, error="multiple values for argument 'dir'"),
        Case("empty name", ("  ",), error="an empty text"),
        Case("number as name", (5,), error="takes a name as its first argument, not a value of type int"),
        Case("list as input", ("a", ["x"]), error="takes input as text", hint="json.dumps"),
        Case("misspelt option", ("a",), {"temprature": 0}, error="no option temprature", hint="temperature?"),
        Case("strange option", ("a",), {"zzz": 0}, error="no option zzz", hint="max_new_tokens"),
    ],
    ids=ids,
)
async def test_llm_takes(case: Case) -> None:
    await check(llm_function(echo_llm).call, case)


@pytest.mark.parametrize(
    "case",
    [
        Case("two", ("docs", "q"), expected=[["docs"], "q", 1]),
        Case("k", ("docs", "q", 3), expected=[["docs"], "q", 3]),
        Case("several", (["a", "b"], "q"), {"k": 2}, [["a", "b"], "q", 2]),
        Case("name for dir", (), {"name": "docs", "query": "q"}, [["docs"], "q", 1]),
        Case("no query", ("docs",), error="missing a required argument: 'query'", hint="rag(dir, query, k=1)"),
        Case("no library", ([], "q"), error="empty list"),
        Case("k of 0", ("docs", "q", 0), error="k from 1"),
        Case("k too large", ("docs", "q", 10**6), error="k from 1"),
        Case("k as text", ("docs", "q", "3"), error="k from 1"),
        Case("True as k", ("docs", "q", True), error="k from 1"),
        Case("unknown keyword", ("docs", "q"), {"top": 3}, error="unexpected keyword argument 'top'"),
    ],
    ids=ids,
)
async def test_rag_takes(case: Case) -> None:
    await check(rag_function(echo_rag).call, case)


async def check(call: Callable[..., Any], case: Case) -> None:
    if case.error:
        with pytest.raises(InstructionError) as caught:
            await call(*case.args, **(case.kwargs or {}))
        assert case.error in caught.value.message
        assert case.hint in caught.value.hint
    else:
        outcome = await call(*case.args, **(case.kwargs or {}))
        assert (outcome.value if isinstance(outcome, Outcome) else outcome) == case.expected


async def test_llm_and_rag_run_side_by_side_and_their_spans_are_theirs() -> None:
    assert [(f.origin, f.parallel) for f in (llm_function(echo_llm), rag_function(echo_rag))] == [
        ("llm", True),
        ("rag", True),
    ]


@pytest.mark.parametrize(("limit", "expected"), [(0, ["a", "b", "c"]), (2, ["b", "c"]), (9, ["a", "b", "c"])])
async def test_msg_gives_the_newest(limit: int, expected: list[str]) -> None:
    stored = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    msg = msg_function(lambda n: stored[-n:] if n else stored)
    assert [m["content"] for m in await msg.call(limit)] == expected


@pytest.mark.parametrize("limit", [-1, "2", 1.5, True, None])
async def test_msg_refuses_what_is_no_count(limit: Any) -> None:
    with pytest.raises(InstructionError, match="msg\\(\\) takes a number from 0"):
        await msg_function(lambda n: []).call(limit)


class Stored:
    """Variables as a workspace has them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def get(self, key: str) -> str:
        try:
            return self.values[key]
        except KeyError:
            raise NotFound(f"no variable {key!r}") from None

    def __iter__(self) -> Any:
        return iter(self.values)


def test_a_runs_own_variables_go_first_and_both_are_suggested() -> None:
    variables = LayeredVariables({"name": "own", "guest": "G"}, Stored({"name": "stored", "place": "Kyoto"}))
    assert [variables.get("name"), variables.get("place")] == ["own", "Kyoto"]
    assert sorted(variables) == ["guest", "name", "place"]
    for wrong, near in (("gest", "guest"), ("plaice", "place")):
        with pytest.raises(NotFound) as caught:
            variables.get(wrong)
        assert near in caught.value.hint


# the user's own functions


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, source in files.items():
        path = folder / f"{name}.py"
        path.write_text("import akachat\n" + textwrap.dedent(source), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "functions"


def user(folder: Path) -> UserFunctions:
    return UserFunctions(folder, entry_points=False)


TRIP = '''
    from dataclasses import dataclass

    @dataclass
    class Place:
        name: str
        days: int = 1

    @akachat.function
    def weather(city: str, days: int = 1) -> str:
        """The forecast for a city.

        Args:
            city: where it is
                looked for.
            days: how far.
        """
        return f"{city}: {days}"

    @akachat.function(parallel=True, name="天気")
    async def japanese(city: str):
        return f"{city}は晴れ"

    @akachat.function
    def value(what):
        class Text(str):
            def __str__(self): return "changed"
        return {"tuple": (1, [2.5, None]), "place": Place("京都"), "text": Text("kept"), "set": {1},
                "key": {1: 2}, "object": object(), "generator": (i for i in ())}[what]

    @akachat.function
    def loop():
        inner = []
        inner.append(inner)
        return inner

    @akachat.function
    def fails(how):
        if how == "exit":
            raise SystemExit("bye")
        if how == "stop":
            raise StopIteration
        if how == "ours":
            raise akachat.NotFound("no such city", hint="Try Kyoto.")
        return helper()

    def helper():
        raise KeyError("deep")

    @akachat.function
    def guess(places: list[Place]) -> str:
        return ",".join(p.name for p in places)

    def hidden():
        return "never"
'''


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("weather", Case("text", ("Kyoto",), expected="Kyoto: 1")),
        ("weather", Case("number from text", ("Kyoto", "3"), expected="Kyoto: 3")),
        ("天気", Case("async, Japanese", ("京都",), expected="京都は晴れ")),
        ("value", Case("tuples become lists", ("tuple",), expected=[1, [2.5, None]])),
        ("value", Case("dataclasses become dictionaries", ("place",), expected={"name": "京都", "days": 1})),
        ("value", Case("text is text", ("text",), expected="kept")),
        ("guess", Case("typed arguments are built", ([{"name": "a"}],), expected="a")),
        ("weather", Case("missing", (), error="missing a required argument: 'city'", hint="weather(city: str, days")),
        ("weather", Case("unknown", ("a",), {"dys": 1}, error="unexpected keyword argument 'dys'")),
        ("weather", Case("wrong type", ("a", "soon"), error="weather() got 'soon' for days: ")),
        ("weather", Case("wrong type by name", (), {"city": 1}, error="weather() got 1 for city: ")),
        ("value", Case("set", ("set",), error="value() returned a value of type set (functions/trip.py:25)")),
        ("value", Case("key", ("key",), error="a dictionary with a key of type int")),
        ("value", Case("object", ("object",), error="a value of type object")),
        ("value", Case("generator", ("generator",), error="a value of type generator")),
        ("loop", Case("itself", (), error="contains itself")),
        ("fails", Case("deep", ("deep",), error="fails() failed: KeyError: 'deep' (functions/trip.py:49)")),
        ("fails", Case("exit", ("exit",), error="fails() failed: SystemExit: bye")),
        ("fails", Case("stop", ("stop",), error="fails() failed: ")),
        ("value", Case("from the author's key", ("nothing",), error="KeyError: 'nothing'")),
    ],
    ids=lambda v: v.id if isinstance(v, Case) else v,
)
async def test_a_function_of_yours(folder: Path, name: str, case: Case) -> None:
    await check(user(write(folder, trip=TRIP)).functions()[name].call, case)


async def test_an_error_of_ours_passes_as_it_is(folder: Path) -> None:
    with pytest.raises(NotFound) as caught:
        await user(write(folder, trip=TRIP)).functions()["fails"].call("ours")
    assert (caught.value.message, caught.value.hint) == ("no such city", "Try Kyoto.")


def test_functions_are_described(folder: Path) -> None:
    functions = user(write(folder, trip=TRIP))
    weather = next(info for info in functions.infos() if info.name == "weather")
    assert weather.signature == "weather(city: str, days: int = 1) -> str"
    assert (weather.summary, weather.origin, weather.error) == ("The forecast for a city.", "functions/trip.py", "")
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "where it is looked for."},
            "days": {"type": "integer", "default": 1, "description": "how far."},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert functions.functions()["天気"].parallel
    assert not functions.functions()["weather"].parallel
    assert "hidden" not in functions.functions()


@pytest.mark.parametrize(
    ("source", "line", "error"),
    [
        ("@akachat.function\ndef lost():\n    return 1 +\n", 4, "SyntaxError"),
        ("import nothing_there\n@akachat.function\nasync def lost(): ...\n", 2, "No module named 'nothing_there'"),
        ("@akachat.function(name='lost')\ndef other(): ...\n1 / 0\n", 4, "ZeroDivisionError"),
        ("@akachat.function\ndef lost(): ...\nexit(1)\n", 4, "SystemExit"),
        ("@akachat.function\ndef lost(): ...\ndef helper():\n    oops\nhelper()\n", 5, "NameError"),
    ],
)
async def test_a_broken_file_says_where_and_the_others_work(folder: Path, source: str, line: int, error: str) -> None:
    functions = user(write(folder, broken=source, good="@akachat.function\ndef good(): return 'well'\n"))
    assert await functions.functions()["good"].call() == "well"
    info = next(info for info in functions.infos() if info.name == "lost")
    assert info.error.startswith(f"functions/broken.py:{line}: ")
    assert error in info.error
    with pytest.raises(InstructionError, match=f"functions/broken.py:{line}: "):
        await functions.functions()["lost"].call()


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("@akachat.function\ndef llm(): ...", "the name llm is taken"),
        ("@akachat.function\ndef len(x): ...", "the name len is taken"),
        ("@akachat.function(name='input')\ndef f(): ...", "the name input is taken"),
        ("@akachat.function(name='a b')\ndef f(): ...", "'a b' cannot be a function's name"),
        ('@akachat.function\ndef f(x: "Nothing"): ...', "its annotations cannot be read"),
        ("@akachat.function\nclass F: ...", "stands before a def"),
    ],
)
def test_what_cannot_be_a_function_is_reported(folder: Path, source: str, error: str) -> None:
    functions = user(write(folder, wrong=source))
    (info,) = functions.infos()
    assert error in info.error
    assert info.error.startswith("functions/wrong.py:2: ")
    assert not functions.functions()


async def test_of_two_with_one_name_the_first_file_wins_and_the_other_is_reported(folder: Path) -> None:
    source = "@akachat.function\ndef same(): return '{}'\n"
    functions = user(write(folder, a=source.format("a"), b=source.format("b")))
    assert await functions.functions()["same"].call() == "a"
    assert [i.error for i in functions.infos()] == ["", "functions/b.py:2: functions/a.py already defines same"]


async def test_files_are_read_anew_when_they_change(folder: Path) -> None:
    functions = user(folder)
    assert not functions.functions()
    source = "from ._unit import UNIT\n@akachat.function\ndef unit(): return UNIT\n"
    write(folder, unit=source, _unit="UNIT = 'C'")
    first = functions.functions()
    assert await first["unit"].call() == "C"
    # Of the same size and within the same second: a bytecode cache would not notice.
    write(folder, _unit="UNIT = 'F'")
    assert await functions.functions()["unit"].call() == "F"
    assert await first["unit"].call() == "C", "a run under way keeps what it began with"
    (folder / "unit.py").unlink()
    assert not functions.functions()
    assert [p.name for p in folder.iterdir()] == ["_unit.py"], "nothing is left in the user's folder"


async def test_two_playgrounds_share_nothing(tmp_path: Path) -> None:
    counter = "count = 0\n@akachat.function\ndef more():\n    global count\n    count += 1\n    return count\n"
    folder = write(tmp_path / "functions", a=counter)
    one, two = user(folder), user(folder)
    assert [await one.functions()["more"].call() for _ in range(2)] == [1, 2]
    assert await two.functions()["more"].call() == 1
    write(tmp_path / "functions", b="@akachat.function\ndef later(): ...")
    other = user(tmp_path / "elsewhere")
    assert not other.functions()


async def test_an_imported_function_belongs_to_its_own_file(folder: Path) -> None:
    write(folder, a="@akachat.function\ndef once(): return 1\n", b="from .a import once\nagain = once\n")
    functions = user(folder)
    assert [(i.name, i.origin, i.error) for i in functions.infos()] == [("once", "functions/a.py", "")]


async def test_a_stop_does_not_wait_for_a_blocking_function(folder: Path) -> None:
    let_go, ended = folder / "let go", folder / "ended"
    source = (
        "import pathlib, time\n@akachat.function\ndef slow():\n"
        f"    until = time.monotonic() + 60\n"
        f"    while time.monotonic() < until and not pathlib.Path({str(let_go)!r}).exists(): time.sleep(0.01)\n"
        f"    pathlib.Path({str(ended)!r}).touch()\n"
    )
    slow = user(write(folder, slow=source)).functions()["slow"]
    with anyio.move_on_after(0.1) as scope:
        await slow.call()
    assert scope.cancelled_caught
    assert not ended.exists()
    let_go.touch()


async def test_blocking_functions_leave_the_event_loop_free(folder: Path) -> None:
    source = "import threading\n@akachat.function\ndef where(): return threading.current_thread().name\n"
    assert await user(write(folder, where=source)).functions()["where"].call() != threading.current_thread().name


async def test_installed_packages_bring_functions(tmp_path: Path) -> None:
    package = write(tmp_path / "announced", __init__="@akachat.function\ndef announced_one(): return 'installed'\n")
    metadata = tmp_path / "announced-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[akachat.functions]\nall = announced\nlost = announced_nowhere\nplain = announced:akachat\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        functions = UserFunctions(tmp_path / "functions")
        assert await functions.functions()["announced_one"].call() == "installed"
        found = {info.name: info for info in functions.infos()}
        assert found["announced_one"].origin == "announced"
        assert "No module named 'announced_nowhere'" in found["lost"].error
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules[package.name]


def test_asking_again_costs_one_look_at_the_folder(folder: Path) -> None:
    functions = user(write(folder, trip=TRIP))
    first = functions.functions()
    assert functions.functions() is first


def test_the_languages_own_functions_are_documented() -> None:
    assert [info.name for info in BUILTINS] == ["comment", "test", "iif", "msgf", "msg", "var", "rag", "llm"]
    assert all(info.documentation and info.signature.startswith(info.name) for info in BUILTINS)


def test_a_decorated_function_stays_a_function() -> None:
    @akachat.function(name="other")
    def double(x: int) -> int:
        return 2 * x

    assert double(2) == 4
    with pytest.raises(TypeError, match="stands before a def"):
        akachat.function(3)  # type: ignore[call-overload]


def test_errors_of_functions_are_akachats_own() -> None:
    assert issubclass(InstructionError, AkachatError)
