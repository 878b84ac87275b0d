"""Requests and their outcomes, for the handlers' tests."""

from __future__ import annotations

import json
import threading
from typing import Any

from penstock.engine.tasks.handler import Cancel, Failed, Heartbeat, Report, Submitted, TaskHandler, TaskRequest
from penstock.jsontools import Json

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
INVOKE = "arn:aws:states:::lambda:invoke"


def request(resource: str, arguments: Json = None, *, state: str = "S", **fields: Any) -> TaskRequest:
    return TaskRequest(
        **{
            "resource": resource,
            "arguments": arguments,
            "state_name": state,
            "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:machine:run",
            "execution_name": "run",
            "machine_arn": "arn:aws:states:us-east-1:123456789012:stateMachine:machine",
            "machine_name": "machine",
            "entered_time": "2026-01-01T00:00:00.000Z",
            **fields,
        }
    )


class Attempt:
    """One attempt under way: `reports` so far, `cancel`, and `end()` to wait for the last."""

    def __init__(self, handler: TaskHandler, asked: TaskRequest) -> None:
        self.reports: list[Report] = []
        self._ended = threading.Event()
        self.cancel: Cancel = handler.start(asked, self._report)

    def _report(self, report: Report) -> None:
        assert not self._ended.is_set(), f"{report} after the end"
        self.reports.append(report)
        if not isinstance(report, Submitted | Heartbeat):
            self._ended.set()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def end(self, within: float = 10) -> Report:
        assert self._ended.wait(within), f"no end within {within} s; so far {self.reports}"
        return self.reports[-1]


def outcome(handler: TaskHandler, asked: TaskRequest) -> Report:
    return Attempt(handler, asked).end()


def fault_of(report: Any) -> Any:
    assert isinstance(report, Failed)
    assert report.cause is not None
    fault = json.loads(report.cause)
    assert fault["errorType"] == report.error
    return fault
