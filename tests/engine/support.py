"""What the engine's tests share: machines from plain documents, and task handlers that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from penstock.asl.read import read_document
from penstock.clock import Entropy, VirtualClock
from penstock.engine.driver import ExecutionResult, run
from penstock.engine.program import Program, compile_program
from penstock.engine.starting import Machines, NestedMachine
from penstock.engine.tasks.handler import Cancel, Failed, Report, Reporter, Succeeded, TaskRequest

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
INVOKE = "arn:aws:states:::lambda:invoke"
START = 1_700_000_000.0

Answer = Callable[[TaskRequest], Report | None]


def machine(states: Mapping[str, Any], **more: Any) -> Program:
    """A machine that starts at its first state."""
    document = {"StartAt": next(iter(states)), "States": dict(states), **more}
    reading = read_document(document)
    assert reading.machine is not None, reading.diagnostics
    return compile_program(reading.machine)


def known(**machines: Program) -> Machines:
    """Standard machines that a state may start, by their names."""

    def find(arn: str) -> NestedMachine | None:
        program = machines.get(arn.rpartition(":")[2])
        return None if program is None else NestedMachine(program, arn)

    return find


class Scripted:
    """Answers every resource at once with what `answer` says; None is an attempt that never ends by itself."""

    def __init__(self, answer: Answer | None = None, reports: Mapping[int, list[Report]] | None = None) -> None:
        self.requests: list[TaskRequest] = []
        self.cancelled: list[str] = []
        self.reporters: list[Reporter] = []
        self._answer = answer or (lambda request: Succeeded(request.arguments))

    def handles(self, resource: str) -> bool:
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        self.requests.append(request)
        self.reporters.append(report)
        answer = self._answer(request)
        if answer is not None:
            report(answer)
        return lambda: self.cancelled.append(request.state_name)

    def close(self) -> None:
        pass


class Later(Scripted):
    """As Scripted, but answers from another thread, `seconds` later."""

    def __init__(self, seconds: float, answer: Answer | None = None) -> None:
        super().__init__(answer)
        self._seconds = seconds

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        self.requests.append(request)
        answer = self._answer(request)
        timer = threading.Timer(self._seconds, lambda: None if answer is None else report(answer))
        timer.daemon = True
        timer.start()

        def cancel() -> None:
            self.cancelled.append(request.state_name)
            timer.cancel()

        return cancel


def failing(times: int, error: str = "Oops", cause: str | None = "it broke") -> Answer:
    """Fails the first `times` attempts."""
    left = [times]

    def answer(request: TaskRequest) -> Report:
        if left[0] > 0:
            left[0] -= 1
            return Failed(error, cause)
        return Succeeded(request.arguments)

    return answer


def go(program: Program, value: Any = None, *handlers: Any, **more: Any) -> ExecutionResult:
    """Runs in virtual time, the same way every time."""
    more.setdefault("clock", VirtualClock(START))
    more.setdefault("entropy", Entropy(1))
    return run(program, {} if value is None else value, handlers=handlers, skip_time=True, **more)


def types(result: ExecutionResult) -> list[str]:
    return [event["type"] for event in result.history]


def chain(result: ExecutionResult) -> list[tuple[int, str, int]]:
    """(id, type, previousEventId)."""
    return [(e["id"], e["type"], e["previousEventId"]) for e in result.history]


def seconds(result: ExecutionResult) -> list[float]:
    """When each event was recorded, from the start."""
    start = result.history[0]["timestamp"]
    return [(e["timestamp"] - start).total_seconds() for e in result.history]
