"""Sixty programs, each for two libraries: what a function gets is aws-cdk-lib's modules, or ours.

`lib.sf`, `lib.tasks` and `lib.core` are what a program would import; `lib.scope` is the scope it would give, `self`. So the text
of a program is the same for both, and only the imports differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Program = Callable[[Any], Any]

PROGRAMS: dict[str, Program] = {}
MACHINES: dict[str, Callable[[Any], dict[str, Any]]] = {}
"""What a program gives its StateMachine beside the definition."""


def program(function: Program) -> Program:
    PROGRAMS[function.__name__] = function
    return function


def passes(lib: Any, *names: str) -> list[Any]:
    return [lib.sf.Pass(lib.scope, name) for name in names]


from tests.sfn.differential import programs_flow, programs_jsonata, programs_tasks  # noqa: E402, F401 -- they add theirs
