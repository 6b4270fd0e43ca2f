"""What the sandbox runs before and after an instruction's own expressions."""

from __future__ import annotations

from akachat.template.fragments import Helpers
from akachat.template.language import BUILTINS, IMPORTS
from akachat.template.standins import STANDINS

__all__ = ["ending", "prelude"]

_PARTS = {
    "iter": "_k_iter = iter\n",
    # As CPython, and not as the interpreter: most types have no format of their own.
    "format": (
        "_k_kinds = ('str', 'int', 'float', 'bool', 'complex', 'datetime', 'date', 'time')\n"
        "def _k_format(v, s):\n"
        " if s and _k_type(v).__name__ not in _k_kinds:\n"
        "  raise TypeError(f'unsupported format string passed to {_k_type(v).__name__}.__format__')\n"
        " return f'{v:{s}}'\n"
    ),
    "lazy": (
        "def _k_v_comment(s):\n return ''\n"
        "def _k_v_test(s):\n return s if _k_test else ''\n"
        "def _k_v_iif(expr, t, f=''):\n return t if expr else f\n"
    ),
    "messages": (
        "class _k_M:\n"
        " def __init__(self, index, text, items):\n  self.index = index\n  self.text = text\n  self.items = items\n"
        " def __str__(self):\n  return self.text\n"
        " def __repr__(self):\n  return repr(self.items)\n"
        " def __iter__(self):\n  return iter(self.items)\n"
        " def __getitem__(self, key):\n  return self.items[key]\n"
        "def _k_w(a):\n return _k_M(a[0], a[1], a[2]) if a[2] else ''\n"
        "def _k_o(v):\n return v.index if _k_type(v) is _k_M else f'{v}'\n"
        "def _k_v_msgf(v):\n return _k_w(_k_msgf(v))\n"
        "def len(v):\n return _k_len(v.items) if _k_type(v) is _k_M else _k_len(v)\n"
    ),
    # The interpreter's own cannot wait for the host while they call a lambda.
    "sync": (
        "_k_sorted = sorted\n_k_min = min\n_k_max = max\n"
        "def map(f, *a):\n return [f(*v) for v in zip(*a)]\n"
        "def filter(f, a):\n return [v for v in a if (v if f is None else f(v))]\n"
        "def sorted(a, *, key=None, reverse=False):\n"
        " if key is None:\n  return _k_sorted(a, reverse=reverse)\n"
        " v = list(a)\n k = [key(x) for x in v]\n"
        " return [v[i] for i in _k_sorted(range(len(v)), key=lambda i: k[i], reverse=reverse)]\n"
        "def min(*a, key=None, **q):\n"
        " if key is None:\n  return _k_min(*a, **q)\n"
        " v = list(a[0] if len(a) == 1 else a)\n k = [key(x) for x in v]\n"
        " return v[_k_min(range(len(v)), key=lambda i: k[i])] if v else _k_min(v, **q)\n"
        "def max(*a, key=None, **q):\n"
        " if key is None:\n  return _k_max(*a, **q)\n"
        " v = list(a[0] if len(a) == 1 else a)\n k = [key(x) for x in v]\n"
        " return v[_k_max(range(len(v)), key=lambda i: k[i])] if v else _k_max(v, **q)\n"
    ),
}
#: Before anything of the author's runs, who may bind these names.
_OWN = "_k_len = len\n_k_sum = sum\n_k_type = type\n_k_str = str\n"

#: Builtins of the interpreter that no instruction can name.
_UNREACHABLE = frozenset({"eval", "exec", "locals", "open", "property", "setattr"})

_MIXED = "_k_all if _k_sum([_k_len(_k_p) for _k_p in _k_all if _k_type(_k_p) is _k_str]) <= _k_most else _k_too_long"
#: Where all results are texts: half of what the other costs, which is a tenth of a short program.
_TEXTS = "_k_all if len(''.join(_k_all)) <= _k_most else _k_too_long"


def prelude(helpers: Helpers) -> str:
    """The definitions that a program needs."""
    features, mentioned = helpers.features, helpers.mentioned
    return (
        (_OWN if helpers.walrus or features & {"format", "messages"} else "")
        # Outside of functions the interpreter takes a comprehension's variable for the builtin of its name,
        # `[id for id in ids]`, unless that is bound before.
        + "".join(f"{name} = {name}\n" for name in sorted(helpers.shadowed & BUILTINS - {"ascii"}))
        + "".join(f"{name} = None\n" for name in sorted(helpers.shadowed & _UNREACHABLE))
        + "".join(IMPORTS[name] + "\n" for name in sorted(mentioned & IMPORTS.keys()))
        + "".join(text for name, text in STANDINS.items() if name in mentioned)
        + "".join(text for name, text in _PARTS.items() if name in features)
    )


def ending(helpers: Helpers) -> str:
    """The last line of a program: all results, or a name that the host takes for a text over its limit."""
    return _MIXED if helpers.walrus or "messages" in helpers.features else _TEXTS
