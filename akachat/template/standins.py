"""What the sandbox's interpreter lacks of Python's own library, or does otherwise, written in Python.

A stand-in is put into a program only where the instruction writes its name.
"""

from __future__ import annotations

__all__ = ["FUNCTIONS", "METHODS", "STANDINS"]

_TIME = "from datetime import datetime as _k_dt, timedelta as _k_td, timezone as _k_tz\n"
_AT = "_k_dt(1970, 1, 1, tzinfo=_k_tz.utc) + _k_td(seconds=int(t), microseconds=round((t - int(t)) * 1000000))"

#: Functions of a class or a module, as they are written.
FUNCTIONS = {
    "datetime.today": _TIME + "def _k_datetime_today():\n return _k_dt.now()\n",
    "datetime.utcnow": _TIME + "def _k_datetime_utcnow():\n return _k_dt.now(_k_tz.utc).replace(tzinfo=None)\n",
    "datetime.fromtimestamp": (
        _TIME + "def _k_datetime_fromtimestamp(t, tz=None):\n"
        f" v = {_AT}\n"
        " return v.astimezone().replace(tzinfo=None) if tz is None else v.astimezone(tz)\n"
    ),
    "date.fromtimestamp": _TIME + f"def _k_date_fromtimestamp(t):\n return ({_AT}).astimezone().date()\n",
    "re.sub": (
        "import re as _k_re\n"
        "def _k_re_sub(pattern, repl, string, count=0, flags=0):\n"
        " if isinstance(repl, str):\n  return _k_re.sub(pattern, repl, string, count=count, flags=flags)\n"
        " out, at, done = [], 0, 0\n"
        " for m in _k_re.finditer(pattern, string, flags):\n"
        "  if count and done >= count:\n   break\n"
        "  out += [string[at:m.start()], repl(m)]\n"
        "  at, done = m.end(), done + 1\n"
        " return ''.join([*out, string[at:]])\n"
    ),
    "str.maketrans": (
        "def _k_str_maketrans(x, y=None, z=''):\n"
        " if y is None:\n  return {ord(k) if isinstance(k, str) else k: v for k, v in x.items()}\n"
        " if len(x) != len(y):\n"
        "  raise ValueError('the first two maketrans arguments must have equal length')\n"
        " return {**{ord(a): ord(b) for a, b in zip(x, y)}, **{ord(c): None for c in z}}\n"
    ),
}

#: Methods of values, each as a function that gives the bound method.
METHODS = {
    "isocalendar": (
        "class _k_I:\n"
        " def __init__(self, v):\n  self.year, self.week, self.weekday = v\n"
        " def __iter__(self):\n  return iter((self.year, self.week, self.weekday))\n"
        " def __getitem__(self, key):\n  return (self.year, self.week, self.weekday)[key]\n"
        " def __repr__(self):\n"
        "  return f'datetime.IsoCalendarDate(year={self.year}, week={self.week}, weekday={self.weekday})'\n"
        "def _k_m_isocalendar(v):\n return lambda: _k_I([int(n) for n in v.strftime('%G %V %u').split()])\n"
    ),
    "translate": (
        "def _k_translated(s, table):\n"
        " found = [table.get(ord(c), c) for c in s]\n"
        " return ''.join(['' if v is None else chr(v) if isinstance(v, int) else v for v in found])\n"
        "def _k_m_translate(s):\n return lambda table: _k_translated(s, table)\n"
    ),
}

#: Builtins that take their name's place: the interpreter rounds half up where CPython looks at the exact value.
_BUILTINS = {
    "round": (
        "_k_round = round\n_k_float = float\n"
        "def round(number, ndigits=None):\n"
        " if ndigits is None:\n  return _k_round(number)\n"
        " if isinstance(number, _k_float) and 0 <= ndigits < 300:\n  return _k_float(f'{number:.{ndigits}f}')\n"
        " return _k_round(number, ndigits)\n"
    ),
    "ascii": "def ascii(v):\n return f'{v!a}'\n",
}

#: All by name.
STANDINS = {**FUNCTIONS, **METHODS, **_BUILTINS}
