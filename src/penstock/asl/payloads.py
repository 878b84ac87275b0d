"""What stands in payloads: the `.$` fields of JSONPath templates, the `{% %}` strings of JSONata, and what only looks
like either. All walks are loops: payloads nest as deep as JSON may.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from penstock.asl.problems import Place
from penstock.asl.syntax import value_fault
from penstock.jsontools import Json

_CALL = re.compile(r"States\.[A-Za-z0-9]+\(")

JSONATA_DELIMITERS = "JSONata string must start with {% and end with %}"


class Report(Protocol):
    def fault(
        self, message: str, place: Place, *, code: str = ..., at: Place = None, hint: str | None = None
    ) -> None: ...

    def warn(self, code: str, message: str, place: Place, hint: str) -> None: ...


def is_expression(value: Json) -> bool:
    """Whether a value is a JSONata expression: a string within `{%` and `%}`, without blanks outside."""
    return type(value) is str and value[:2] == "{%" and value[-2:] == "%}" and len(value) >= 4


def looks_dynamic(text: str) -> bool:
    """Whether a text that is not evaluated looks as if its author thought it were."""
    if text[:1] == "$":
        return text[:2] in ("$.", "$[") or text[:3] == "$$."
    return text[:7] == "States." and _CALL.match(text) is not None


def check_template(report: Report, value: Json, place: Place) -> None:
    """A JSONPath payload: values of `.$` fields must compile, a name may stand once, with `.$` or without."""
    if type(value) is str:
        if looks_dynamic(value):
            _no_dollar(report, value, place)
        return
    stack: list[tuple[Any, Place]] = [(value, place)]
    while stack:
        value, place = stack.pop()
        deeper: list[tuple[Any, Place]] = []
        if type(value) is dict:
            for key, inner in value.items():
                if key[-2:] == ".$":
                    problem = value_fault(inner) if type(inner) is str else "It is not a string."
                    if problem is not None and not (type(inner) is str and "${" in inner):
                        words = "must be a valid JSONPath or a valid intrinsic function call"
                        report.fault(f"The value for the field '{key}' {words}", place, at=(place, key), hint=problem)
                    if key[:-2] in value:
                        report.fault(
                            f"The field '{key[:-2]}' is set twice, with and without '.$'", place, at=(place, key)
                        )
                elif type(inner) is str:
                    if inner[:1] in "$S" and looks_dynamic(inner):
                        _no_dollar(report, key, (place, key))
                elif type(inner) is dict or type(inner) is list:
                    deeper.append((inner, (place, key)))
        elif type(value) is list:
            for index, inner in enumerate(value):
                if type(inner) is dict or type(inner) is list:
                    deeper.append((inner, (place, index)))
        if deeper:
            deeper.reverse()
            stack += deeper


def _no_dollar(report: Report, name: str, place: Place) -> None:
    words = (
        f"The value of '{name}' looks like a path or an intrinsic function, but the field's name does not end in '.$'"
    )
    report.warn("NO_DOLLAR", words, place, "Add .$ to the field's name to have it evaluated.")


def check_static(report: Report, value: Json, place: Place) -> None:
    """Pass's Result: nothing in it is evaluated."""
    stack: list[tuple[Any, Place]] = [(value, place)]
    while stack:
        value, place = stack.pop()
        if type(value) is str:
            if looks_dynamic(value):
                _result_is_static(report, place)
                return
        elif type(value) is dict:
            for key, inner in value.items():
                if key[-2:] == ".$":
                    _result_is_static(report, (place, key))
                    return
                if type(inner) in (str, dict, list):
                    stack.append((inner, (place, key)))
        elif type(value) is list:
            stack += [(inner, (place, index)) for index, inner in enumerate(value) if type(inner) in (str, dict, list)]


def _result_is_static(report: Report, place: Place) -> None:
    words = "Result is taken as it stands: paths and intrinsic functions in it are not evaluated"
    report.warn("PASS_RESULT_IS_STATIC", words, place, "Use Parameters to compute a value.")


PLAIN: Final = frozenset({"input", "context"})
"""What `$states` has everywhere."""
WITH_RESULT: Final = PLAIN | {"result"}
"""In the Output and Assign of a Task, Parallel or Map."""
WITH_ERROR: Final = PLAIN | {"errorOutput"}
"""In the Output and Assign of a catcher."""


def check_expressions(report: Report, value: Json, place: Place, fields: frozenset[str] = PLAIN) -> None:
    """A JSONata payload: every string that opens or closes an expression must do both, and the expression must compile.

    `fields` are those that `$states` has in this place.
    """
    stack: list[tuple[Any, Place]] = [(value, place)]
    while stack:
        value, place = stack.pop()
        if type(value) is str:
            opens, closes = value[:2] == "{%", value[-2:] == "%}"
            if opens != closes or (opens and len(value) < 4):
                report.fault(JSONATA_DELIMITERS, place)
            elif opens:
                from penstock.asl.jsonata import check_expression  # half of asl's size, and JSONPath needs none of it

                for problem in check_expression(value[2:-2].strip(), fields=fields):
                    report.fault(problem.message, place, code=problem.code)
        elif type(value) is dict:
            stack += [
                (inner, (place, key)) for key, inner in reversed(value.items()) if type(inner) in (str, dict, list)
            ]
        elif type(value) is list:
            stack += [
                (value[index], (place, index))
                for index in range(len(value) - 1, -1, -1)
                if type(value[index]) in (str, dict, list)
            ]
