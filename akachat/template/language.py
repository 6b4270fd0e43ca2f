"""The names of the instruction language: what is in scope, what the sandbox is told first, and who is nearest.

Expressions mean what they mean in CPython, except for what the sandbox's interpreter lacks or does otherwise:

- ``callable``, ``object()``, ``bytearray``, dunder attributes (``value.__len__()``), ``__class__``;
- a method as a value, but for ``map``, ``filter`` and ``key=``: write ``lambda x: text.count(x)``;
- ``map``, ``zip``, ``enumerate`` and ``filter`` give lists, which shows only where one is printed or given to ``next``;
- ``str.format_map``, ``int.bit_length``, ``float.hex``, ``bytes([65])``, codecs other than utf-8, utf-16, utf-32 and
  ascii; ``int('１２')``, which takes ASCII digits only;
- ``timedelta`` of fractions, ``toordinal``, ``timetuple``, ``ctime``; ``fromtimestamp`` by the run's UTC offset;
- ``json.dumps(default=…)``; ``sub`` of a compiled pattern takes no function (``re.sub`` does); a pattern that can match
  nothing, like ``x*``, does so less often: not right behind another match.

``standins`` mends what prompts would use most.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Set
from types import MethodDescriptorType

from akachat.errors import InstructionError

__all__ = [
    "BUILTINS",
    "HIDDEN",
    "IMPORTS",
    "LAZY",
    "NAMES",
    "STANDARD_FUNCTIONS",
    "TYPE_METHODS",
    "attribute_hint",
    "did_you_mean",
    "is_method",
    "unknown_name",
]

#: Names of ours inside the sandbox begin so; an instruction may not use such names.
HIDDEN = "_k_"

#: Python's harmless builtins, those that the sandbox's interpreter has. Not among them: eval, exec, open, …
BUILTINS = frozenset(
    re.findall(
        r"\w+",
        """
    abs all any ascii bin bool bytes chr complex dict divmod enumerate filter float format frozenset getattr hasattr
    hash hex id int isinstance iter len list map max min next object oct ord pow print range repr reversed round set
    slice sorted str sum tuple type zip Ellipsis NotImplemented
    Exception ArithmeticError AttributeError IndexError KeyError LookupError RuntimeError StopIteration TypeError
    ValueError ZeroDivisionError
    """,
    )
)

#: How each name that is not built in comes into the sandbox.
IMPORTS = {
    "datetime": "from datetime import datetime",
    "date": "from datetime import date",
    "timedelta": "from datetime import timedelta",
    "re": "import re",
    "json": "import json",
    "math": "import math",
    "random": "import random",
}

#: The functions whose arguments are evaluated only where they are shown, and how each is called.
LAZY = {"comment": "comment(s)", "test": "test(s)", "iif": "iif(expr, t, f='')"}

#: Functions of the language that the host answers.
STANDARD_FUNCTIONS = frozenset({"rag", "llm", "msg"})

#: Everything that an instruction can name without binding it first.
NAMES = BUILTINS | frozenset(IMPORTS) | frozenset(LAZY) | {"msgf", "input", "messages", "var"}

_TYPES: dict[str, type] = {t.__name__: t for t in (str, int, float, list, dict, tuple, set, bytes, bool)}


#: The methods of built-in types.
TYPE_METHODS = frozenset(n for t in _TYPES.values() for n, v in vars(t).items() if isinstance(v, MethodDescriptorType))


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """The hint for a misspelt name; empty where none is near."""
    near = difflib.get_close_matches(name, sorted(set(candidates)), n=1)
    return f"Did you mean {near[0]}?" if near else ""


def is_method(type_name: str, name: str) -> bool:
    """Whether a built-in type has a method of a name, as in ``str.upper``; class methods are none."""
    kind = _TYPES.get(type_name)
    return kind is not None and isinstance(vars(kind).get(name), MethodDescriptorType)


def attribute_hint(type_name: str, attribute: str) -> str:
    """The hint for a misspelt attribute of a value of a built-in type."""
    kind = _TYPES.get(type_name)
    if kind and hasattr(kind, attribute):
        return f"The sandbox's Python lacks it or can only call it, as in value.{attribute}()."
    return did_you_mean(attribute, (n for n in dir(kind) if not n.startswith("_"))) if kind else ""


def unknown_name(name: str, known: Set[str], line: int | None, column: int | None) -> InstructionError:
    """The error for a name that has no meaning."""
    hint = did_you_mean(name, known) or "Text in braces is evaluated; write {{ and }} for braces in the text."
    return InstructionError(f"The name {name!r} is not defined", hint=hint, line=line, column=column)
