"""`states:startExecution` within one Driver: nested executions as a task handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Submitted, Succeeded, TaskRequest
from penstock.engine.tasks.lambdas import sdk_metadata
from penstock.errors import PenstockError
from penstock.jsontools import Json, dumps_text, loads

if TYPE_CHECKING:
    from penstock.engine.driver import Driver, Running
    from penstock.engine.program import Program

_ACTION: Final = "arn:aws:states:::states:startExecution"


class NestedExecutions:
    """Starts the machines that `machines` knows; reports their end where the resource waits for it.

    Any end but success is States.TaskFailed with the child's description as the cause (recorded).
    """

    def __init__(self, driver: Driver, machines: Callable[[str], Program | None]) -> None:
        self._driver = driver
        self._machines = machines

    def handles(self, resource: str) -> bool:
        return resource in (_ACTION, f"{_ACTION}.sync", f"{_ACTION}.sync:2")

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        driver = self._driver
        arguments = request.arguments if isinstance(request.arguments, dict) else {}
        arn = arguments.get("StateMachineArn")
        program = self._machines(arn) if isinstance(arn, str) else None
        if program is None:
            report(Failed("StepFunctions.StateMachineDoesNotExistException", f"State Machine Does Not Exist: '{arn}'"))
            return _nothing
        value = arguments.get("Input", {})
        name = arguments.get("Name")
        try:
            if isinstance(value, str):
                value = loads(value, what="Input")
            child = driver.start(
                program, value, name=name if isinstance(name, str) else None, machine_arn=arn, role_arn=None
            )
        except PenstockError as error:
            report(Failed("StepFunctions.InvalidExecutionInputException", str(error)))
            return _nothing
        started = round(driver.clock.now() * 1000)
        answer: Json = {
            "ExecutionArn": child.execution.arn,
            **sdk_metadata(len(child.execution.arn) + 46, clock=driver.clock, entropy=driver.entropy),
            "StartDate": started,
        }
        if request.resource == _ACTION:
            report(Succeeded(answer))
            return _nothing
        report(Submitted(answer))
        as_json = request.resource.endswith(":2")

        def closed(child: Running) -> None:
            description = describe(child, as_json=as_json)
            if child.execution.status == "SUCCEEDED":
                report(Succeeded(description))
            else:
                report(Failed("States.TaskFailed", dumps_text(description)))

        def cancel() -> None:
            child.on_close = None
            # Measured (floci: AslExecutorParallelCutTest).
            driver.stop(
                child,
                None,
                f"The Task state in AWS Step Functions execution [{request.execution_arn}] which was managing this "
                "resource was aborted",
            )

        child.on_close = closed
        return cancel

    def close(self) -> None:
        """The driver stops what it runs."""


def describe(child: Running, *, as_json: bool) -> Json:
    """DescribeExecution as `.sync` gives it: names in PascalCase, in alphabetical order, times in milliseconds.

    With `as_json` (`.sync:2`) Input and Output are values, otherwise JSON texts.
    """
    execution = child.execution
    details: Json = {"Included": True}
    result: dict[str, Json] = {"ExecutionArn": execution.arn}
    if execution.cause is not None:
        result["Cause"] = execution.cause
    if execution.error is not None:
        result["Error"] = execution.error
    text = execution.input_text.decode("utf-8", "surrogatepass")
    result |= {"Input": execution.input if as_json else text, "InputDetails": details, "Name": execution.name}
    if execution.status == "SUCCEEDED":
        result |= {"Output": execution.output if as_json else child.result.output_text, "OutputDetails": details}
    result |= {
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE" if execution.status == "SUCCEEDED" else "REDRIVABLE",
        "StartDate": round(execution.started * 1000),
        "StateMachineArn": execution.machine_arn,
        "Status": execution.status,
        "StopDate": round(execution.stopped * 1000),
    }
    return dict(sorted(result.items()))


def _nothing() -> None:
    pass
