"""What an execution writes to its log group, from its history.

A log event is `{"id", "type", "details", "previous_event_id", "event_timestamp", "execution_arn", "redrive_count"}`, all
numbers as texts (recorded: logs.json). Which level has which types: Developer Guide, "Log levels for Step Functions
execution events".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

Level: TypeAlias = Literal["ALL", "ERROR", "FATAL", "OFF"]

FATAL: Final = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
ERROR: Final = FATAL | {
    "ActivityFailed",
    "ActivityScheduleFailed",
    "ActivityTimedOut",
    "EvaluationFailed",
    "FailStateEntered",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "LambdaFunctionTimedOut",
    "MapIterationAborted",
    "MapIterationFailed",
    "MapRunAborted",
    "MapRunFailed",
    "MapStateAborted",
    "MapStateFailed",
    "ParallelStateAborted",
    "ParallelStateFailed",
    "TaskFailed",
    "TaskStartFailed",
    "TaskStateAborted",
    "TaskSubmitFailed",
    "TaskTimedOut",
    "WaitStateAborted",
}
_DATA: Final = frozenset(
    {
        "assignedVariables",
        "assignedVariablesDetails",
        "input",
        "inputDetails",
        "output",
        "outputDetails",
        "parameters",
    }
)
"""Details that are execution data. Error and cause are not: they are logged in any case (recorded)."""


def log_events(
    history: Iterable[Mapping[str, Any]],
    execution_arn: str,
    *,
    level: Level = "ALL",
    include_execution_data: bool = True,
    redrives: int = 0,
) -> Iterator[dict[str, Any]]:
    """The log events of GetExecutionHistory's `events`; inputs and outputs stay JSON texts. `redrives` is how often the
    execution was redriven before the first of them."""
    wanted = FATAL if level == "FATAL" else ERROR if level == "ERROR" else None
    for event in history:
        kind = event["type"]
        if kind == "ExecutionRedriven":
            redrives += 1
        if level == "OFF" or (wanted is not None and kind not in wanted):
            continue
        details: Mapping[str, Any] = next((event[key] for key in event if key.endswith("EventDetails")), {})
        if not include_execution_data:
            details = {key: value for key, value in details.items() if key not in _DATA}
        yield {
            "id": str(event["id"]),
            "type": kind,
            "details": dict(details),
            "previous_event_id": str(event.get("previousEventId", 0)),
            "event_timestamp": str(round(event["timestamp"].timestamp() * 1000)),
            "execution_arn": execution_arn,
            "redrive_count": str(redrives),
        }
