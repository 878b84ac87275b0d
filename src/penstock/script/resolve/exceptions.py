"""Which error names an `except` clause takes: Python's own class hierarchy, written as the list of names ASL matches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

ALL: Final = "States.ALL"

STATES_ERRORS: Final = (
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "States.Permissions",
    "States.ResultPathMatchFailure",
    "States.ParameterPathFailure",
    "States.QueryEvaluationError",
    "States.BranchFailed",
    "States.NoChoiceMatched",
    "States.IntrinsicFailure",
    "States.ExceedToleratedFailureThreshold",
    "States.ItemReaderFailed",
    "States.ResultWriterFailed",
    "States.Http.Socket",
    "States.DataLimitExceeded",
    "States.Runtime",
)
"""facts §1. `States.Http.StatusCode.<n>` comes on top."""

SERVICES: Final = ("Batch", "CodeBuild", "DynamoDB", "ECS", "Lambda", "SQS", "StepFunctions")
"""What errors of AWS's services are called by: `Lambda.ServiceException`, `ECS.AmazonECSException` (facts §1)."""

# Direct bases of the built-in exceptions that a task can let out (Python 3.11 to 3.14, language reference).
_BASES: Final[dict[str, str]] = {
    **dict.fromkeys(("FloatingPointError", "OverflowError", "ZeroDivisionError"), "ArithmeticError"),
    "ModuleNotFoundError": "ImportError",
    **dict.fromkeys(("IndexError", "KeyError"), "LookupError"),
    "UnboundLocalError": "NameError",
    **dict.fromkeys(
        (
            "BlockingIOError",
            "ChildProcessError",
            "ConnectionError",
            "FileExistsError",
            "FileNotFoundError",
            "InterruptedError",
            "IsADirectoryError",
            "NotADirectoryError",
            "PermissionError",
            "ProcessLookupError",
            "TimeoutError",
        ),
        "OSError",
    ),
    **dict.fromkeys(
        ("BrokenPipeError", "ConnectionAbortedError", "ConnectionRefusedError", "ConnectionResetError"),
        "ConnectionError",
    ),
    **dict.fromkeys(("NotImplementedError", "RecursionError"), "RuntimeError"),
    "IndentationError": "SyntaxError",
    "TabError": "IndentationError",
    "UnicodeError": "ValueError",
    "JSONDecodeError": "ValueError",
    **dict.fromkeys(("UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError"), "UnicodeError"),
}
_EVERYTHING: Final = frozenset({"Exception", "BaseException", ALL})
_ALIASES: Final = {"IOError": "OSError", "EnvironmentError": "OSError"}

BUILTIN: Final = frozenset(
    {*_BASES, *_BASES.values(), *_EVERYTHING, *_ALIASES}
    | {
        "AssertionError",
        "AttributeError",
        "BufferError",
        "EOFError",
        "MemoryError",
        "ReferenceError",
        "StopIteration",
        "SystemError",
        "TypeError",
    }
) - {ALL}
"""Names of built-in exception classes."""


class Hierarchy:
    """The built-in exceptions and those the script defines (`bases` by class name)."""

    def __init__(self, bases: Mapping[str, tuple[str, ...]]) -> None:
        self._children: dict[str, list[str]] = {}
        self._everything = set(_EVERYTHING)
        for child, base in _BASES.items():
            self._children.setdefault(base, []).append(child)
        for child, parents in bases.items():
            for base in parents:
                self._children.setdefault(_ALIASES.get(base, base), []).append(child)

    def names(self, caught: Iterable[str]) -> tuple[str, ...]:
        """The ErrorEquals of `except (caught…)`: each class and every class below it; `States.ALL` alone when everything is
        caught, because ASL wants it alone."""
        result: dict[str, None] = {}
        todo = [_ALIASES.get(name, name) for name in caught]
        if self._everything.intersection(todo):
            return (ALL,)
        while todo:
            name = todo.pop(0)
            if name not in result:
                result[name] = None
                todo.extend(sorted(self._children.get(name, ())))
        return tuple(result)


def takes(names: Iterable[str], error: str) -> bool:
    """Whether ErrorEquals `names` matches an error raised by the script (never a timeout)."""
    return any(name in (ALL, error, "States.TaskFailed") for name in names)
