"""The world outside a recorded execution: who sends task tokens back, works at activities, stops it, and the machines it
starts. What they did is in the recording; when they do it here is when the history says that they can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.conformance.data import Case

import penstock

ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:activity_arn"
_MACHINE = re.compile(r"arn:aws:states:us-east-1:\d{12}:stateMachine:[^\"\\]+")
_ENDS = {"TaskSucceeded", "TaskFailed", "TaskTimedOut", "ActivitySucceeded", "ActivityFailed"}


def with_activity(case: Case) -> Case:
    """The recorder wrote `activity_arn` for the activity's ARN; a definition needs a real one."""
    if "resource:activity_arn" not in case["needs"]:
        return case
    result: Case = json.loads(json.dumps(case).replace('"activity_arn"', f'"{ACTIVITY}"'))
    return result


def machines_of(case: Case) -> dict[str, Any]:
    """Every machine that a case names and does not define: the recorder's, which passes one constant."""
    target = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True}}}
    named = _MACHINE.findall(json.dumps([case["input"], case["definition"]]))
    return dict.fromkeys(named, target)


class Workers:
    """`observe` is the execution's observer: it acts as soon as an event lets the recorded worker act."""

    def __init__(self, case: Case, account: str) -> None:
        self.callbacks = penstock.Callbacks(account=account)
        self._ends = _ends(case)
        self._tokens: list[str] = []
        if "resource:activity_arn" in case["needs"]:
            self.callbacks.create_activity(ACTIVITY.rpartition(":")[2])

    def observe(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "TaskScheduled":
            token = _token(json.loads(event["taskScheduledEventDetails"]["parameters"]))
            if token is not None:
                self._tokens.append(token)
        elif kind == "TaskSubmitted":
            resource = event["taskSubmittedEventDetails"]["resource"]
            if resource.endswith(".waitForTaskToken"):
                self._send(self._tokens.pop(0), next(self._ends))
        elif kind == "ActivityScheduled":
            end = next(self._ends)
            task = self.callbacks.get_activity_task(ACTIVITY, worker=end["worker"], wait=0)
            assert task is not None
            self._send(task.token, end)

    def _send(self, token: str, end: dict[str, Any]) -> None:
        details = end["details"]
        if end["type"].endswith("Succeeded"):
            self.callbacks.send_task_success(token, details["output"]["$json"])
        elif end["type"].endswith("Failed"):
            cause = details.get("cause")
            self.callbacks.send_task_failure(
                token, details.get("error"), json.dumps(cause["$json"]) if isinstance(cause, dict) else cause
            )


def _ends(case: Case) -> Iterator[dict[str, Any]]:
    """How the recorded tasks that outsiders work at ended, in order."""
    worker = None
    for event in case["expect"].get("events", ()):
        if event["type"] == "ActivityStarted":
            worker = event["details"].get("workerName")
        if event["type"] in _ENDS:
            resource = event["details"].get("resource", ".waitForTaskToken")
            if resource.endswith(".waitForTaskToken"):
                yield {**event, "worker": worker}


def _token(parameters: Any) -> str | None:
    """The first member TaskToken, wherever it is."""
    if isinstance(parameters, dict):
        if isinstance(parameters.get("TaskToken"), str):
            return str(parameters["TaskToken"])
        parameters = list(parameters.values())
    if isinstance(parameters, list):
        return next((found for value in parameters if (found := _token(value)) is not None), None)
    return None
