"""Step Functions as a service that machines call, within one Driver: nested executions, task tokens sent by a state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from penstock.asl.equality import equal
from penstock.clock import iso8601
from penstock.engine.running import Running
from penstock.engine.starting import Machines, new_execution
from penstock.engine.tasks.handler import Cancel, Failed, Report, Reporter, Submitted, Succeeded, Taken, TaskRequest
from penstock.engine.tasks.lambdas import sdk_metadata
from penstock.errors import PenstockError, ServiceError
from penstock.jsontools import Json, dumps_text, loads

if TYPE_CHECKING:
    from penstock.engine.driver import Driver
    from penstock.engine.execution import Execution
    from penstock.engine.journal import Closed

_START: Final = "arn:aws:states:::states:startExecution"
_SDK: Final = "arn:aws:states:::aws-sdk:sfn:"
SDK_START: Final = f"{_SDK}startExecution"
_SDK_START_SYNC: Final = f"{_SDK}startSyncExecution"
TYPE_NOT_SUPPORTED: Final = "This operation is not supported by this type of state machine"
"""Recorded: sfn_api.json, test_start_sync_execution."""
_SENDS: Final = frozenset(f"{_SDK}sendTask{what}" for what in ("Success", "Failure", "Heartbeat"))

_AT_ONCE: Final = 64
"""Ours: how many ended executions are held for their names before they are let go of."""


Child: TypeAlias = "Running | Closed"
"""An execution that was started: one that runs or has ended here, or one that ended in an earlier process."""


class StopChild:
    """A Cancel: stops an execution of the same driver, where its turns are written down in one transaction with the turn that
    asks for it. Else a process that dies between the two leaves an execution that nobody waits for."""

    __slots__ = ("_cause", "_child", "_driver", "called")

    def __init__(self, driver: Driver, child: Running, cause: str) -> None:
        self._driver = driver
        self._child = child
        self._cause = cause
        self.called = False

    def __call__(self) -> None:
        self.called = True
        self._driver.stop_with(self._child, None, self._cause)


class NestedExecutions:
    """Starts the machines that `machines` knows; reports their end where the resource waits for it.

    Any end but success is States.TaskFailed with the child's description as the cause (recorded). Of `aws-sdk:sfn` it
    takes the sending of task tokens, and startExecution and startSyncExecution of machines it knows; the rest is AWS's.

    An Express machine that startExecution begins runs on its own: nobody can ask how it stands, so the task that would wait
    for its end fails with what DescribeExecution says of its ARN. startSyncExecution is answered when it ends, however.
    """

    def __init__(self, driver: Driver, machines: Machines) -> None:
        self._driver = driver
        self._machines = machines
        self._started: dict[str, Running] = {}
        """By ARN, of those that were given names, where no file has them; those that have ended go when there are many."""
        self._over: set[str] = set()
        """Those of them that have ended: their names are taken."""
        self._most = _AT_ONCE

    def handles(self, resource: str) -> bool:
        if resource.startswith(_START):
            return resource[len(_START) :] in ("", ".sync", ".sync:2", ".waitForTaskToken")
        return resource in (SDK_START, _SDK_START_SYNC) or resource in _SENDS

    def answers(self, request: TaskRequest) -> bool:
        if request.resource not in (SDK_START, _SDK_START_SYNC):
            return True
        arn = _arguments(request).get("StateMachineArn")
        return isinstance(arn, str) and self._machines(arn) is not None

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        return self.start_for(None, request, report)

    def start_for(
        self, parent: Running | None, request: TaskRequest, report: Reporter, taken: Taken | None = None
    ) -> Cancel:
        """`start`, for an execution whose journal knows what it started: with `taken`, in an earlier process."""
        if request.resource in _SENDS:
            report(self._send(request))
            return _nothing
        if request.resource == _SDK_START_SYNC:
            return self._start_sync(request, report)
        child = None if taken is None or parent is None else self._started_by(parent, request.number, taken)
        try:
            if child is None:
                child = self._child(_arguments(request), parent, request.number)
        except ServiceError as error:
            report(self._refused(request, error))
            return _nothing
        driver = self._driver
        if isinstance(child, Running) and child.entry is not None and not (child.entry.durable or child.linked):
            report = self._when_begun(child, request, report)
        at = driver.clock.now()
        arn = _execution(child).arn
        if request.resource == SDK_START:
            report(Succeeded({"ExecutionArn": arn, "StartDate": iso8601(at)}))
            return _nothing
        answer: Json = {
            "ExecutionArn": arn,
            **sdk_metadata(len(arn) + 46, clock=driver.clock, entropy=driver.entropy),
            "StartDate": round(at * 1000),
        }
        if request.resource == _START:
            report(Succeeded(answer))
            return _nothing
        report(Submitted(answer))
        if request.token is not None:
            return _nothing
        if _is_express(arn):  # one round hears both reports, so a file has both or none
            report(self._not_described(request))
            return _nothing
        as_json = request.resource.endswith(":2")

        def closed(child: Child) -> None:
            execution = _execution(child)
            description = describe(execution, as_json=as_json)
            if execution.status == "SUCCEEDED":
                report(Succeeded(description))
            else:
                report(Failed("States.TaskFailed", dumps_text(description)))

        # An earlier attempt started it under this name, or an earlier process, and it is over.
        if not isinstance(child, Running) or child.closed:
            closed(child)
            return _nothing
        others = child.on_close
        # Measured (floci: AslExecutorParallelCutTest).
        cancel = StopChild(
            driver,
            child,
            f"The Task state in AWS Step Functions execution [{request.execution_arn}] which was managing this resource was "
            "aborted",
        )

        def on_close(child: Running) -> None:
            if others is not None:  # another task started it, under the same name and with the same input
                others(child)
            if not cancel.called:
                closed(child)

        child.on_close = on_close
        return cancel

    def _when_begun(self, child: Running, request: TaskRequest, report: Reporter) -> Reporter:
        """For an execution that does not wait for its turns to be written down: what it started may never have been."""

        def news(report_: Report) -> None:
            why = "What was to be started could not be written down."
            report(
                self._refused(request, ServiceError(why, code="ServiceUnavailable"), 503)
                if child.withdrawn
                else report_
            )

        return lambda given: self._driver.hold(partial(news, given))

    def _start_sync(self, request: TaskRequest, report: Reporter) -> Cancel:
        """What an earlier process did of it is lost, as StartSyncExecution's executions are: at most once for each attempt."""
        try:
            child = self._child(_arguments(request), None, request.number, sync=True)
        except ServiceError as error:
            report(self._refused(request, error))
            return _nothing
        assert isinstance(child, Running)  # no name of an Express one is known

        def closed(child: Running) -> None:
            report(Succeeded(_answered(child.execution, _arguments(request).get("TraceHeader"))))

        child.on_close = closed
        return _nothing  # whoever does not wait any more does not end it

    def close(self) -> None:
        """The driver stops what it runs."""

    def _started_by(self, parent: Running, number: int, taken: Taken) -> Child | None:
        journal = self._driver.journal
        if journal is None or parent.entry is None:
            return None
        summary = journal.store.child(parent.entry.id, number)
        if summary is not None:
            return self._written(summary.arn)
        if taken.submitted and isinstance(taken.answer, dict):  # somebody else had started it
            return self._written(str(taken.answer["ExecutionArn"]))
        return None

    def _written(self, arn: str) -> Child | None:
        """An execution that the journal has."""
        journal = self._driver.journal
        assert journal is not None
        return self._driver.find(arn) or journal.find(arn)

    def _note(self, child: Running, *, kept: bool) -> None:
        """`kept`: whoever began it knows its name also when it has ended."""
        if len(self._started) >= self._most:
            over = [arn for arn, each in self._started.items() if each.closed]
            for arn in over:
                del self._started[arn]
            if not kept:
                self._over.update(over)
            self._most = 2 * len(self._started) + _AT_ONCE
        self._started[child.execution.arn] = child

    def _child(self, arguments: dict[str, Any], parent: Running | None, number: int, *, sync: bool = False) -> Child:
        arn = arguments.get("StateMachineArn")
        machine = self._machines(arn) if isinstance(arn, str) else None
        if machine is None:
            raise ServiceError(f"State Machine Does Not Exist: '{arn}'", code="StateMachineDoesNotExist")
        if sync and machine.type != "EXPRESS":
            raise ServiceError(TYPE_NOT_SUPPORTED, code="StateMachineTypeNotSupported")
        value = arguments.get("Input")
        name = arguments.get("Name")
        try:
            # Without an Input, or with null, the child gets {} (recorded: callback.json).
            value = {} if value is None else loads(value, what="Input") if isinstance(value, str) else value
        except PenstockError as error:
            raise ServiceError(
                f"Invalid State Machine Execution Input: '{error}'", code="InvalidExecutionInput"
            ) from None
        if not isinstance(name, str):
            name = None
        # An Express machine runs a name as often as it is asked to (API reference, StartExecution).
        taken = name if machine.type == "STANDARD" else None
        if taken is not None:
            arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{taken}"
            if arn in self._over:
                raise ServiceError(f"Execution Already Exists: '{arn}'", code="ExecutionAlreadyExists")
            known = self._started.get(arn) if self._driver.journal is None else self._written(arn)
            if known is not None:
                # API reference, StartExecution: the same name and input again while it runs is the same execution.
                execution = _execution(known)
                if execution.status != "RUNNING" or not equal(execution.input, value):
                    raise ServiceError(f"Execution Already Exists: '{execution.arn}'", code="ExecutionAlreadyExists")
                return known
        driver = self._driver
        try:
            execution = new_execution(
                machine.program,
                value,
                entropy=driver.entropy,
                name=name,
                type=machine.type,
                machine_arn=machine.arn,
                role_arn=machine.role_arn,
                sync=sync,
            )
        except PenstockError as error:
            raise ServiceError(f"Invalid Name: '{name}'" if name else str(error), code="InvalidName") from None
        link = None
        # What an Express execution starts goes on by itself: begun anew, that one does not know of it.
        if parent is not None and parent.entry is not None and parent.entry.turns:
            from penstock.engine.journal import Link

            link = Link(parent, number)
        child = driver.begin(execution, link=link) if machine.begin is None else machine.begin(execution, link)
        if taken is not None and driver.journal is None:
            self._note(child, kept=machine.begin is not None)
        return child

    def _send(self, request: TaskRequest) -> Succeeded | Failed:
        arguments = _arguments(request)
        callbacks = self._driver.callbacks
        token = str(arguments.get("TaskToken"))
        try:
            if request.resource.endswith("Success"):
                output = arguments.get("Output")
                try:
                    value = loads(output, what="Output") if isinstance(output, str) else output
                except PenstockError:
                    if callbacks.waits_for(token):
                        raise ServiceError(f"Invalid Output: '{output}'", code="InvalidOutput") from None
                    value = None
                callbacks.send_task_success(token, value)
            elif request.resource.endswith("Failure"):
                callbacks.send_task_failure(token, arguments.get("Error"), arguments.get("Cause"))
            else:
                callbacks.send_task_heartbeat(token)
        except ServiceError as error:
            return self._refused(request, error)
        return Succeeded({})

    def _not_described(self, request: TaskRequest) -> Failed:
        # Ours, made of what is recorded: `.sync` gives what DescribeExecution says, and of an Express execution's ARN that
        # says this (sfn_api_express.json, test_start_async_describe_history_execution). The child runs all the same.
        why = "Invalid Arn: 'Resource type not valid in this context: express'"
        return self._refused(request, ServiceError(why, code="InvalidArn"))

    def _refused(self, request: TaskRequest, error: ServiceError, status: int = 400) -> Failed:
        request_id = self._driver.entropy.uuid4()
        if request.resource.startswith(_SDK):
            # Recorded: services.json, test_sfn_send_task_outcome_with_no_such_token.
            details = f"(Service: Sfn, Status Code: {status}, Request ID: {request_id}) (SDK Attempt Count: 1)"
            return Failed(f"Sfn.{error.code}Exception", f"{error} {details}")
        details = (
            f"(Service: AWSStepFunctions; Status Code: {status}; Error Code: {error.code}; Request ID: {request_id}; "
            "Proxy: null)"
        )
        return Failed(f"StepFunctions.{error.code}Exception", f"{error} {details}")


def _is_express(arn: str) -> bool:
    return arn.split(":", 6)[5] == "express"


def _execution(child: Child) -> Execution | Closed:
    return child.execution if isinstance(child, Running) else child


def describe(execution: Execution | Closed, *, as_json: bool) -> Json:
    """DescribeExecution as `.sync` gives it: names in PascalCase, in alphabetical order, times in milliseconds.

    With `as_json` (`.sync:2`) Input and Output are values, otherwise JSON texts.
    """
    details: Json = {"Included": True}
    result: dict[str, Json] = {"ExecutionArn": execution.arn}
    if execution.cause is not None:
        result["Cause"] = execution.cause
    if execution.error is not None:
        result["Error"] = execution.error
    text = execution.input_text.decode("utf-8", "surrogatepass")
    result |= {"Input": execution.input if as_json else text, "InputDetails": details, "Name": execution.name}
    if execution.status == "SUCCEEDED":
        output = execution.output_text
        shown = None if output is None else output.decode("utf-8", "surrogatepass")
        result |= {"Output": execution.output if as_json else shown, "OutputDetails": details}
        result["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    result |= {
        "RedriveCount": execution.redrive_count,
        "RedriveStatus": "NOT_REDRIVABLE" if execution.status == "SUCCEEDED" else "REDRIVABLE",
        "StartDate": round(execution.started * 1000),
        "StateMachineArn": execution.machine_arn,
        "Status": execution.status,
        "StopDate": round(execution.stopped * 1000),
    }
    return dict(sorted(result.items()))


def billing(execution: Execution) -> tuple[int, int]:
    """What a synchronous Express execution costs: milliseconds and MB (recorded: in steps of 100 ms and 64 MB)."""
    milliseconds = max(1, round((execution.stopped - execution.started) * 1000))
    return -(-milliseconds // 100) * 100, 64


def _answered(execution: Execution, trace_header: Json) -> Json:
    """StartSyncExecution's answer as an SDK integration gives it: whatever came of the execution, the call succeeded."""
    details: Json = {"Included": True}
    milliseconds, megabytes = billing(execution)
    output = execution.output_text
    answer: dict[str, Json] = {
        "BillingDetails": {"BilledDurationInMilliseconds": milliseconds, "BilledMemoryUsedInMb": megabytes},
        "Cause": execution.cause,
        "Error": execution.error,
        "ExecutionArn": execution.arn,
        "Input": execution.input_text.decode("utf-8", "surrogatepass"),
        "InputDetails": details,
        "Name": execution.name,
        "Output": None if output is None else output.decode("utf-8", "surrogatepass"),
        "OutputDetails": None if output is None else details,
        "StartDate": iso8601(execution.started),
        "StateMachineArn": execution.machine_arn,
        "Status": execution.status,
        "StopDate": iso8601(execution.stopped),
        "TraceHeader": trace_header,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _arguments(request: TaskRequest) -> dict[str, Any]:
    return request.arguments if isinstance(request.arguments, dict) else {}


def _nothing() -> None:
    pass
