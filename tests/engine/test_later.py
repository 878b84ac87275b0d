"""Handlers that ask to be woken on the execution's clock: how jobs are followed."""

from __future__ import annotations

from typing import Any

from penstock.asl.read import read_document
from penstock.clock import VirtualClock
from penstock.engine.driver import Driver, ExecutionResult
from penstock.engine.program import compile_program
from penstock.engine.tasks.handler import Cancel, Failed, Later, Reporter, Submitted, Succeeded, TaskRequest

RESOURCE = "arn:aws:states:::batch:submitJob.sync"


class Polling:
    """Asks to be woken `times` times, `pause` seconds each, then succeeds."""

    def __init__(self, times: int, pause: float, *, outside: bool = False) -> None:
        self.times = times
        self.pause = pause
        self.outside = outside
        self.polls = 0
        self.cancelled = 0

    def handles(self, resource: str) -> bool:
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        report(Submitted({"JobId": "1"}))

        def poll() -> None:
            self.polls += 1
            if self.polls > self.times:
                report(Succeeded({"polls": self.polls}))
            else:
                report(Later(self.pause, poll, outside=self.outside))

        poll()

        def cancel() -> None:
            self.cancelled += 1

        return cancel

    def close(self) -> None:
        return None


def run(handler: Polling, **fields: Any) -> ExecutionResult:
    task = {"Type": "Task", "Resource": RESOURCE, "Parameters": {"JobName": "j"}, "End": True, **fields}
    reading = read_document({"StartAt": "T", "States": {"T": task}})
    assert reading.machine is not None
    driver = Driver(handlers=[handler], clock=VirtualClock(1_000_000.0), skip_time=True)
    return driver.run(driver.start(compile_program(reading.machine), {}))


def test_virtual_time_jumps_from_poll_to_poll() -> None:
    handler = Polling(10, 3600)
    result = run(handler)
    assert result.output == {"polls": 11}
    assert (result.stop_date - result.start_date).total_seconds() == 36_000


def test_a_timeout_between_polls_ends_the_attempt_and_the_polls() -> None:
    handler = Polling(10, 3600)
    result = run(handler, TimeoutSeconds=5000)
    assert (result.error, handler.polls, handler.cancelled) == ("States.Timeout", 2, 1)
    assert (result.stop_date - result.start_date).total_seconds() == 5000


def test_a_job_outside_takes_real_time() -> None:
    result = run(Polling(2, 0.05, outside=True))
    assert (result.stop_date - result.start_date).total_seconds() >= 0.1


def test_one_that_has_failed_is_not_woken() -> None:
    class Failing(Polling):
        def start(self, request: TaskRequest, report: Reporter) -> Cancel:
            cancel = super().start(request, report)
            report(Failed("Gone"))
            return cancel

    handler = Failing(10, 1)
    assert (run(handler).error, handler.polls) == ("Gone", 1)
