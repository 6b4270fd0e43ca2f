"""The instruction language: an instruction and a scope become a rendering. It knows no model and no file."""

from akachat.template.limits import RenderLimits
from akachat.template.parts import Field, Literal
from akachat.template.references import References, first_reads, references
from akachat.template.rendering import Call, HostFunction, Outcome, Rendering, Scope, Span, Variables
from akachat.template.sandbox import Sandbox
from akachat.template.scanner import scan

__all__ = [
    "Call",
    "Field",
    "HostFunction",
    "Literal",
    "Outcome",
    "References",
    "RenderLimits",
    "Rendering",
    "Sandbox",
    "Scope",
    "Span",
    "Variables",
    "first_reads",
    "references",
    "scan",
]
