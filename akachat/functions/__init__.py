"""What an instruction may call: the language's own functions, those of the workspace, and how to write one."""

from akachat.functions.calls import llm_function, rag_function
from akachat.functions.memory import LayeredVariables, msg_function
from akachat.functions.registry import BUILTINS, FunctionInfo, function
from akachat.functions.user import UserFunctions

__all__ = [
    "BUILTINS",
    "FunctionInfo",
    "LayeredVariables",
    "UserFunctions",
    "function",
    "llm_function",
    "msg_function",
    "rag_function",
]
