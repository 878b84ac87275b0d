"""History events: compact tuples while they are made, AWS's dicts when somebody looks.

A record is `(kind, previous, timestamp, *details)`. Its id is its place in the history, counting from 1. `kind` indexes
KINDS, which knows the event's type, the key of its details and how they are built (for entering and leaving a state,
nearly all events, `events` does it). JSON texts in records are bytes.
Shapes: botocore's service model `stepfunctions` (HistoryEvent), checked against recordings.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

Record: TypeAlias = tuple[Any, ...]
HistoryEvent: TypeAlias = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Builder: TypeAlias = Callable[[Record], dict[str, Any]]


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as AWS's timestamps come: UTC, milliseconds."""
    return _EPOCH + timedelta(milliseconds=round(seconds * 1000))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogatepass")


def _details() -> dict[str, bool]:
    return {"truncated": False}


def _execution_started(record: Record) -> dict[str, Any]:
    return {"input": _text(record[3]), "inputDetails": _details(), "roleArn": record[4]}


def _output(record: Record) -> dict[str, Any]:
    return {"output": _text(record[3]), "outputDetails": _details()}


def _failure(record: Record) -> dict[str, Any]:
    # Absent when there is none: a Fail state with neither gives ExecutionFailed with empty details (recorded).
    details = {}
    if record[3] is not None:
        details["error"] = record[3]
    if record[4] is not None:
        details["cause"] = record[4]
    return details


def _iteration(record: Record) -> dict[str, Any]:
    return {"name": record[3], "index": record[4]}


def _length(record: Record) -> dict[str, Any]:
    return {"length": record[3]}


def _map_run(record: Record) -> dict[str, Any]:
    return {"mapRunArn": record[3]}


def _map_run_redriven(record: Record) -> dict[str, Any]:
    return {"mapRunArn": record[3], "redriveCount": record[4]}


def _waits(details: dict[str, Any], timeout: int | None, heartbeat: int | None, role: str | None) -> dict[str, Any]:
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None:
        details["heartbeatInSeconds"] = heartbeat
    if role is not None:
        details["taskCredentials"] = {"roleArn": role}
    return details


def _task_scheduled(record: Record) -> dict[str, Any]:
    resource_type, resource, region, parameters, timeout, heartbeat, role = record[3:]
    details = {"resourceType": resource_type, "resource": resource, "region": region, "parameters": _text(parameters)}
    return _waits(details, timeout, heartbeat, role)


def _lambda_scheduled(record: Record) -> dict[str, Any]:
    resource, value, timeout, role = record[3:]
    return _waits({"resource": resource, "input": _text(value), "inputDetails": _details()}, timeout, None, role)


def _activity_scheduled(record: Record) -> dict[str, Any]:
    resource, value, timeout, heartbeat = record[3:]
    return _waits({"resource": resource, "input": _text(value), "inputDetails": _details()}, timeout, heartbeat, None)


def _activity_started(record: Record) -> dict[str, Any]:
    return {} if record[3] is None else {"workerName": record[3]}


def _resource(record: Record) -> dict[str, Any]:
    return {"resourceType": record[3], "resource": record[4]}


def _resource_output(record: Record) -> dict[str, Any]:
    return {**_resource(record), "output": _text(record[5]), "outputDetails": _details()}


def _resource_failure(record: Record) -> dict[str, Any]:
    details = _resource(record)
    if record[5] is not None:
        details["error"] = record[5]
    if record[6] is not None:
        details["cause"] = record[6]
    return details


def _evaluation_failed(record: Record) -> dict[str, Any]:
    error, cause, location, state = record[3:]
    details = {"error": error, "cause": cause, "state": state}
    if location is not None:
        details["location"] = location
    return details


def _redriven(record: Record) -> dict[str, Any]:
    return {"redriveCount": record[3]}


def _kinds() -> list[tuple[str, str | None, Builder | None]]:
    kinds: list[tuple[str, str | None, Builder | None]] = [
        ("ExecutionStarted", "executionStartedEventDetails", _execution_started),
        ("ExecutionSucceeded", "executionSucceededEventDetails", _output),
        ("ExecutionFailed", "executionFailedEventDetails", _failure),
        ("ExecutionTimedOut", "executionTimedOutEventDetails", _failure),
        ("ExecutionAborted", "executionAbortedEventDetails", _failure),
        ("ExecutionRedriven", "executionRedrivenEventDetails", _redriven),
    ]
    for state in ("Pass", "Task", "Choice", "Wait", "Succeed", "Parallel", "Map"):
        kinds.append((f"{state}StateEntered", "stateEnteredEventDetails", None))
        kinds.append((f"{state}StateExited", "stateExitedEventDetails", None))
    kinds.append(("FailStateEntered", "stateEnteredEventDetails", None))
    kinds += [(f"{state}StateAborted", None, None) for state in ("Task", "Wait", "Parallel", "Map")]
    for state in ("Parallel", "Map"):
        kinds.append((f"{state}StateSucceeded", None, None))
        kinds.append((f"{state}StateFailed", None, None))
    kinds += [
        ("ParallelStateStarted", None, None),
        ("MapStateStarted", "mapStateStartedEventDetails", _length),
        ("MapIterationStarted", "mapIterationStartedEventDetails", _iteration),
        ("MapIterationSucceeded", "mapIterationSucceededEventDetails", _iteration),
        ("MapIterationFailed", "mapIterationFailedEventDetails", _iteration),
        ("MapIterationAborted", "mapIterationAbortedEventDetails", _iteration),
        ("MapRunStarted", "mapRunStartedEventDetails", _map_run),
        ("MapRunSucceeded", None, None),
        ("MapRunFailed", "mapRunFailedEventDetails", _failure),
        ("MapRunAborted", None, None),
        ("MapRunRedriven", "mapRunRedrivenEventDetails", _map_run_redriven),
        ("TaskScheduled", "taskScheduledEventDetails", _task_scheduled),
        ("TaskStarted", "taskStartedEventDetails", _resource),
        ("TaskSubmitted", "taskSubmittedEventDetails", _resource_output),
        ("TaskSucceeded", "taskSucceededEventDetails", _resource_output),
        ("TaskFailed", "taskFailedEventDetails", _resource_failure),
        ("TaskTimedOut", "taskTimedOutEventDetails", _resource_failure),
        ("TaskStartFailed", "taskStartFailedEventDetails", _resource_failure),
        ("LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", _lambda_scheduled),
        ("LambdaFunctionStarted", None, None),
        ("LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails", _output),
        ("LambdaFunctionFailed", "lambdaFunctionFailedEventDetails", _failure),
        ("LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails", _failure),
        ("ActivityScheduled", "activityScheduledEventDetails", _activity_scheduled),
        ("ActivityScheduleFailed", "activityScheduleFailedEventDetails", _failure),
        ("ActivityStarted", "activityStartedEventDetails", _activity_started),
        ("ActivitySucceeded", "activitySucceededEventDetails", _output),
        ("ActivityFailed", "activityFailedEventDetails", _failure),
        ("ActivityTimedOut", "activityTimedOutEventDetails", _failure),
        ("EvaluationFailed", "evaluationFailedEventDetails", _evaluation_failed),
    ]
    return kinds


KINDS: Final = tuple(_kinds())
KIND: Final[Mapping[str, int]] = {kind[0]: index for index, kind in enumerate(KINDS)}
"""Event type → index into KINDS."""


def events(records: Iterable[Record], *, first: int = 1) -> list[HistoryEvent]:
    """`records` as boto3's GetExecutionHistory returns `events`; `first` is the id of the first."""
    # An event is several dicts and none of them is garbage, but their number makes the collector walk all that there
    # are, again and again: an event of 80,000 cost three times an event of 8,000.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _events(records, first)
    finally:
        if collecting:
            gc.enable()


def _events(records: Iterable[Record], first: int) -> list[HistoryEvent]:
    result: list[HistoryEvent] = []
    kinds = KINDS
    seconds: float | None = None
    timestamp = _EPOCH
    # What a state puts out is what the next takes in: one text, decoded once.
    last: bytes | None = None
    text = ""
    for number, record in enumerate(records, first):
        if record[2] != seconds:
            seconds = record[2]
            timestamp = instant(record[2])
        name, key, build = kinds[record[0]]
        event: HistoryEvent = {
            "timestamp": timestamp,
            "type": name,
            "id": number,
            "previousEventId": record[1],
        }
        if key is None:
            pass
        elif build is not None:
            event[key] = build(record)
        else:
            value = record[4]
            if value is not last:
                last = value
                text = value.decode("utf-8", "surrogatepass")
            if key == "stateEnteredEventDetails":
                event[key] = {"name": record[3], "input": text, "inputDetails": {"truncated": False}}
            else:
                event[key] = {"name": record[3], "output": text, "outputDetails": {"truncated": False}}
                if len(record) > 5:
                    event[key].update(_assigned(record[5]))
        result.append(event)
    return result


def _assigned(texts: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "assignedVariables": {name: _text(value) for name, value in texts.items()},
        "assignedVariablesDetails": {"truncated": False},
    }
