"""Log events of executions. The recordings are in the conformance suite; here what they leave open."""

from __future__ import annotations

import pytest

import penstock
from penstock.errors import UsageError

MACHINE = {
    "StartAt": "P",
    "States": {
        "P": {"Type": "Pass", "Assign": {"x": 1}, "Next": "W"},
        "W": {"Type": "Wait", "Seconds": 3, "Next": "F"},
        "F": {"Type": "Fail", "Error": "E", "Cause": "secret"},
    },
}


def test_levels() -> None:
    result = penstock.run(MACHINE, {"a": 1}, time="skip")
    types = {level: [e["type"] for e in result.log_events(level)] for level in ("ALL", "ERROR", "FATAL", "OFF")}
    assert types["ALL"] == [e["type"] for e in result.history]
    assert types["ERROR"] == ["FailStateEntered", "ExecutionFailed"]
    assert types["FATAL"] == ["ExecutionFailed"]
    assert types["OFF"] == []


def test_without_execution_data_no_value_is_logged() -> None:
    result = penstock.run(MACHINE, {"a": "hidden"}, time="skip")
    events = result.log_events(include_execution_data=False)
    assert "hidden" not in str(events)
    assert all(not {"assignedVariables", "input", "output"} & set(e["details"]) for e in events)
    assert events[-1]["details"] == {"error": "E", "cause": "secret"}
    assert events[-1]["event_timestamp"].isdigit()


def test_a_level_that_is_none() -> None:
    result = penstock.run(MACHINE, {}, time="skip")
    with pytest.raises(UsageError, match="DEBUG"):
        result.log_events("DEBUG")  # type: ignore[arg-type]  # on purpose


def test_sync_is_for_express() -> None:
    with pytest.raises(UsageError, match="EXPRESS"):
        penstock.run(MACHINE, {}, sync=True)
    shown = {"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$$.Execution", "End": True}}}
    assert "RedriveCount" not in penstock.run(shown, {}, type="EXPRESS", sync=True).output
    assert penstock.run(shown, {}, type="EXPRESS").output["RedriveCount"] == 0
