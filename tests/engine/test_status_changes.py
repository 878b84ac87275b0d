"""Status changes as EventBridge hears them. The recording is in the conformance suite; here what it leaves open."""

from __future__ import annotations

from typing import Any

import penstock

PASS: dict[str, Any] = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
FAIL: dict[str, Any] = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "because"}}}


def test_a_failure_can_be_redriven() -> None:
    first, last = penstock.run(FAIL, {"a": 1}, name="n").status_changes()
    assert (first["detail"]["status"], first["detail"]["stopDate"], first["detail"]["error"]) == ("RUNNING", None, None)
    detail = last["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("FAILED", "E", "because")
    assert (detail["redriveStatus"], detail["redriveStatusReason"]) == ("REDRIVABLE", None)
    assert (detail["input"], detail["output"], detail["outputDetails"]) == ('{"a":1}', None, None)
    assert first["id"] != last["id"]
    assert detail["stopDate"] >= detail["startDate"] > 1_600_000_000_000


def test_an_express_execution_says_nothing() -> None:
    assert penstock.run(PASS, {}, type="EXPRESS").status_changes() == []


def test_large_data_stays_out() -> None:
    half = penstock.run(PASS, {"a": "x" * 130_000}).status_changes()[1]["detail"]
    assert (half["inputDetails"], half["outputDetails"]) == ({"included": False}, {"included": True})
    whole = penstock.run(PASS, {"a": "x" * 260_000}).status_changes()[1]["detail"]
    assert (whole["input"], whole["output"], whole["outputDetails"]) == (None, None, {"included": False})
