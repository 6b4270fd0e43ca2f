"""An instruction as turns of Jinja templates: what a program without our language needs to say the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from akachat.errors import AkachatError
from akachat.messages import parse_messages
from akachat.template import Field, Literal, scan
from akachat.template.expressions import Expression, called_name, read
from akachat.template.parts import Part, Places

__all__ = ["Conversion", "convert", "escaped"]

_JINJA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_JINJA_WORDS = frozenset(
    re.findall(
        r"\w+", "and or not in is if else elif for true false none True False None loop self super input block set"
    )
)
_COMPARISONS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in"}
_BRACE = re.compile(r"\{(?=[{%#]|\Z)")
_STRING = re.compile(r"([fFrR]{1,2})('''|\"\"\"|'|\")")
_MOST_SHOWN = 200


class _NoEqual(Exception):
    """Jinja has no word for it."""


@dataclass(slots=True)
class Conversion:
    """What became of an instruction.

    Attributes:
        turns: role and template, in order; texts of the instruction are the system's.
        variables: the names that the templates read besides ``input``.
        notes: what has no equal.
    """

    turns: list[tuple[str, str]] = field(default_factory=list)
    variables: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def convert(instruction: str) -> Conversion:
    """An instruction as templates. What has no equal becomes a comment there, and a note.

    Raises:
        InstructionError: it cannot be read.
    """
    return _Converter(instruction).conversion()


def escaped(text: str) -> str:
    """A text as a template that gives it back."""
    return _BRACE.sub("{{ '{' }}", text)


class _Converter:
    def __init__(self, instruction: str) -> None:
        self.instruction = instruction
        self.places = Places(instruction)
        self.result = Conversion()
        self.text: list[str] = []

    def conversion(self) -> Conversion:
        for part in scan(self.instruction):
            if isinstance(part, Literal):
                self.text.append(escaped(part.text))
                continue
            try:
                self.field(part)
            except _NoEqual:
                self.unknown(part)
        self.flush()
        return self.result

    def flush(self) -> None:
        """Ends the system's turn that is being written."""
        if text := "".join(self.text).strip():
            self.result.turns.append(("system", text))
        self.text = []

    def field(self, part: Field) -> None:
        expression = self.expression(part)
        node = expression.tree
        if called_name(node) == "msgf" and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            turns = self.messages(node.args[0], expression)
            self.flush()
            self.result.turns += turns
            return
        if called_name(node) == "comment" and isinstance(node, ast.Call):
            self.comment(node)
            return
        self.text.append(self.template(node, expression))

    def expression(self, part: Field) -> Expression:
        if part.debug or part.spec or part.conversion not in ("", "s"):
            raise _NoEqual
        try:
            return read(part, self.places)
        except AkachatError:
            raise _NoEqual from None

    def comment(self, node: ast.Call) -> None:
        text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if isinstance(text, str) and "#}" not in text and text.strip() == text and text:
            self.text.append(f"{{# {text} #}}")
        else:
            self.note("a comment was left out: it is no plain text.")

    def messages(self, node: ast.expr, expression: Expression) -> list[tuple[str, str]]:
        """The turns of ``msgf('…')``, or of a list of messages that are written out."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [(each.role, escaped(each.content)) for each in parse_messages(node.value)]
        if not isinstance(node, ast.List):
            raise _NoEqual
        turns = []
        for item in node.elts:
            if not isinstance(item, ast.Dict):
                raise _NoEqual
            keys = [key.value if isinstance(key, ast.Constant) else None for key in item.keys]
            if keys != ["role", "content"]:
                raise _NoEqual
            role = item.values[0].value if isinstance(item.values[0], ast.Constant) else ""
            if role not in ("user", "assistant", "ai", "system"):
                raise _NoEqual
            turns.append(("assistant" if role == "ai" else str(role), self.template(item.values[1], expression)))
        return turns

    def template(self, node: ast.expr, expression: Expression) -> str:
        """An expression as a piece of a template."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return escaped(node.value)
        if isinstance(node, ast.Tuple):
            return self.formatted(node, expression)
        if called_name(node) == "iif" and isinstance(node, ast.Call) and not node.keywords and len(node.args) in (2, 3):
            test = self.value(node.args[0], expression)
            then, *other = (self.template(each, expression) for each in node.args[1:])
            otherwise = f"{{% else %}}{other[0]}" if other and other[0] else ""
            return f"{{% if {test} %}}{then}{otherwise}{{% endif %}}"
        return f"{{{{{self.value(node, expression)}}}}}"

    def formatted(self, node: ast.Tuple, expression: Expression) -> str:
        """A nested f-string, which ``ast`` sees as a tuple of its fields."""
        source = self.instruction[expression.start(node) : expression.end(node)]
        found = _STRING.match(source)
        if found is None or not source.endswith(found[2]) or "\\{" in source or "\\N" in source:
            raise _NoEqual
        is_raw = "r" in found[1].lower()
        inner = _Converter(source[found.end() : -len(found[2])])
        out: list[str] = []
        try:
            parts: Sequence[Part] = scan(inner.instruction)
        except AkachatError:
            raise _NoEqual from None
        for part in parts:
            if isinstance(part, Literal):
                out.append(escaped(part.text if is_raw else _unescaped(part.text, found[2])))
            else:
                nested = inner.expression(part)
                out.append(inner.template(nested.tree, nested))
        self.result.variables |= inner.result.variables
        return "".join(out)

    def value(self, node: ast.expr, expression: Expression) -> str:
        """An expression inside a tag."""
        match node:
            case ast.Name(id="input"):
                return "input"
            case ast.Constant(value=str(text)) if "\\" not in text and "\n" not in text and not {"'", '"'} <= set(text):
                quote = '"' if "'" in text else "'"
                if not any(sign in text for sign in ("{", "}", "%", "#")):
                    return f"{quote}{text}{quote}"
            case ast.Attribute(value=ast.Name(id="var")):
                return self.variable(expression.attribute(node))
            case ast.Subscript(value=ast.Name(id="var"), slice=ast.Constant(value=str(key))):
                return self.variable(key)
            case ast.UnaryOp(op=ast.Not()):
                return f"(not {self.value(node.operand, expression)})"
            case ast.BoolOp():
                word = " and " if isinstance(node.op, ast.And) else " or "
                return f"({word.join(self.value(each, expression) for each in node.values)})"
            case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _COMPARISONS:
                left = self.value(node.left, expression)
                return f"({left} {_COMPARISONS[type(operator)]} {self.value(right, expression)})"
        raise _NoEqual

    def variable(self, key: str) -> str:
        if not _JINJA_NAME.fullmatch(key) or key in _JINJA_WORDS:
            raise _NoEqual
        self.result.variables[key] = None
        return key

    def unknown(self, part: Field) -> None:
        source = self.instruction[part.start : part.end]
        shown = " ".join(source.split())
        shown = shown if len(shown) <= _MOST_SHOWN else shown[: _MOST_SHOWN - 1] + "…"
        self.text.append(f"{{# akachat: {shown.replace('#}', '# }').replace('{#', '{ #')} #}}")
        self.note(f"{shown} was left out: it has no equal there.")

    def note(self, text: str) -> None:
        if text not in self.result.notes:
            self.result.notes.append(text)


def _unescaped(text: str, quote: str) -> str:
    try:
        value = ast.literal_eval(f"{quote}{text}{quote}") if "\\" in text else text
    except (SyntaxError, ValueError):
        raise _NoEqual from None
    if not isinstance(value, str):
        raise _NoEqual
    return value
