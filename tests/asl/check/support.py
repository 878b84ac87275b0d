"""Small definitions for tables: one state with what the row is about, and what check says of it."""

from __future__ import annotations

from typing import Any, Literal

from penstock.asl.check import check
from penstock.diagnostics import Severity

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"

Found = list[tuple[str, str, str | None]]


def found(
    definition: dict[str, Any],
    *,
    type: Literal["STANDARD", "EXPRESS"] = "STANDARD",  # noqa: A002
    severity: Severity = Severity.ERROR,
    aws_resources: bool = False,
) -> Found:
    """Code, message and location of each problem."""
    problems = check(definition, type=type, severity=severity, aws_resources=aws_resources)
    return [(one.code, one.message, one.location) for one in problems]


def schema(definition: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Message and location where all problems are the schema's."""
    result = found(definition)
    assert {code for code, _, _ in result} <= {SCHEMA}, result
    return [(message, location) for _, message, location in result]


def one(state: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A machine of the state X, with an F that it may go to."""
    states: dict[str, Any] = {"X": state}
    if '"F"' in str(state).replace("'", '"'):
        states["F"] = {"Type": "Succeed"}
    return {"StartAt": "X", "States": states, **top}


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "local:x", "End": True, **fields}


def choice(rule: Any, **fields: Any) -> dict[str, Any]:
    return one({"Type": "Choice", "Choices": [rule], "Default": "F", **fields})


def mapped(*, distributed: bool = True, **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if distributed else {"Mode": "INLINE"}
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}, "ProcessorConfig": config}
    return {"Type": "Map", "ItemProcessor": inner, "End": True, **fields}
