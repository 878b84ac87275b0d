"""Task: asks the world for an attempt, and takes what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from penstock.asl.errors import HEARTBEAT_TIMEOUT, QUERY_EVALUATION_ERROR, TIMEOUT
from penstock.asl.scope import Compute, EvaluationError, TooLarge
from penstock.clock import iso8601
from penstock.engine import execution as at
from penstock.engine import limits
from penstock.engine.execution import RESULT, STARTED, WAITING, Attempt, Failure, Frame
from penstock.engine.history import KIND, Record
from penstock.engine.messages import StartTask
from penstock.engine.resources import Kind, Pattern, Resource, fields_of
from penstock.engine.states.base import DATA_LIMIT, RUNTIME, RecoveringState, State, runtime, too_large
from penstock.engine.states.waiting import shown
from penstock.engine.tasks.handler import (
    Failed,
    Heartbeat,
    NotStarted,
    Report,
    Started,
    Submitted,
    Succeeded,
    TaskRequest,
)
from penstock.errors import JsonError
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.core import Turn

_PREFIX: Final = {Kind.LAMBDA: "LambdaFunction", Kind.ACTIVITY: "Activity", Kind.SERVICE: "Task"}


class Seconds:
    """TimeoutSeconds or HeartbeatSeconds, given as a number or as a path."""

    __slots__ = ("field", "jsonata", "path", "path_text", "value")

    def __init__(
        self, field: str, value: float | None = None, path: Compute | None = None, path_text: str = ""
    ) -> None:
        self.field = field
        self.value = value
        self.path = path
        self.path_text = path_text
        self.jsonata = False

    def of(self, turn: Turn, value: Json) -> int | None:
        if self.path is None:
            return None if self.value is None else int(self.value)
        found = self.path(value, turn)
        if self.jsonata:
            if isinstance(found, bool) or not isinstance(found, int) or found <= 0:
                text = f"The {self.field} field must be a whole number above 0: {shown(found)}"
                raise at.FieldError(QUERY_EVALUATION_ERROR, text, self.field)
            return found
        if isinstance(found, bool) or not isinstance(found, int):
            raise runtime(
                f"The {self.field} parameter cannot be parsed as a long value: {self.path_text} == {shown(found)}"
            )
        if found <= 0:
            raise runtime(f"The {self.field} parameter references a negative value: {self.path_text} == {found}")
        return found


class Task(RecoveringState):
    __slots__ = (
        "credentials",
        "failed_kind",
        "fields",
        "heartbeat",
        "parameters",
        "resource",
        "scheduled_kind",
        "started_kind",
        "succeeded_kind",
        "timed_out_kind",
        "timeout",
    )

    type = "Task"

    def __init__(self, name: str, resource: Resource) -> None:
        super().__init__(name)
        self.resource = resource
        self.fields = fields_of(resource)
        self.parameters: Compute | None = None
        self.credentials: Compute | None = None
        self.timeout = Seconds("TimeoutSecondsPath")
        self.heartbeat = Seconds("HeartbeatSecondsPath")
        prefix = _PREFIX[resource.kind]
        self.scheduled_kind = KIND[f"{prefix}Scheduled"]
        self.started_kind = KIND[f"{prefix}Started"]
        self.succeeded_kind = KIND[f"{prefix}Succeeded"]
        self.failed_kind = KIND[f"{prefix}Failed"]
        self.timed_out_kind = KIND[f"{prefix}TimedOut"]

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        self.begin(turn, frame)
        self._schedule(turn, frame)
        return None

    def resume(self, turn: Turn, frame: Frame, phase: int) -> State | None:
        if phase == STARTED:
            self._started(turn, frame, None)
            return None
        if phase == RESULT:
            return self._succeeded(turn, frame, frame.result)
        self._schedule(turn, frame)  # AGAIN: the whole attempt anew, Parameters included (recorded: RetryCount in them)
        return None

    def _schedule(self, turn: Turn, frame: Frame) -> None:
        resource = self.resource
        attempt = Attempt(turn.id())
        if resource.pattern is Pattern.CALLBACK:
            attempt.token = turn.token(attempt.id)
        frame.attempt = attempt
        # An activity's worker gets a token too, but the context object does not show it.
        token = turn.token(attempt.id) if resource.kind is Kind.ACTIVITY else attempt.token
        value = frame.value if self.input_path is None else self.input_path(frame.value, turn)
        try:
            arguments = value if self.parameters is None else self.parameters(value, turn)
        except TooLarge:
            raise self._too_large() from None
        if arguments is frame.value:
            text = frame.text
        else:
            text = dumps(arguments)
            if len(text) > limits.PAYLOAD_BYTES:
                raise self._too_large()
        timeout = self.timeout.of(turn, value)
        heartbeat = self.heartbeat.of(turn, value)
        credentials = None if self.credentials is None else self.credentials(value, turn)
        role = credentials.get("RoleArn") if isinstance(credentials, dict) else None
        records = turn.records
        record: Record
        if resource.kind is Kind.SERVICE:
            record = (self.scheduled_kind, frame.last, turn.now, resource.type, resource.name, turn.execution.region)
            record += (text, timeout, heartbeat, role)
        elif resource.kind is Kind.LAMBDA:
            record = (self.scheduled_kind, frame.last, turn.now, resource.name, text, timeout, role)
        else:
            record = (self.scheduled_kind, frame.last, turn.now, resource.name, text, timeout, heartbeat)
        records.append(record)
        frame.last = turn.base + len(records)
        if self.fields is not None and isinstance(arguments, dict) and not arguments.keys() <= self.fields:
            raise runtime(self._unsupported(arguments, text, self.fields))
        execution = turn.execution
        execution.attempts[attempt.id] = frame
        turn.commands.append(
            StartTask(
                attempt.id,
                TaskRequest(
                    resource=resource.text,
                    arguments=arguments,
                    state_name=self.name,
                    execution_arn=execution.arn,
                    execution_name=execution.name,
                    machine_arn=execution.machine_arn,
                    machine_name=execution.machine_name,
                    entered_time=iso8601(frame.entered_at),
                    attempt=frame.retry_count,
                    token=token,
                    timeout=timeout,
                    heartbeat=heartbeat,
                    credentials=credentials,
                    region=execution.region,
                    number=attempt.id,
                ),
            )
        )
        if timeout is not None:
            attempt.timeout = timeout
            attempt.timeout_timer = turn.set_timer(frame, at.TIMEOUT, turn.now + timeout)
        if heartbeat is not None:
            attempt.heartbeat = heartbeat
            attempt.heartbeat_timer = turn.set_timer(frame, at.HEARTBEAT, turn.now + heartbeat)
        if resource.kind is Kind.ACTIVITY:
            frame.phase = WAITING  # an activity has started when a worker has taken it
        else:
            # After the other frames have had their turn: recorded, the attempts of all iterations are scheduled first.
            turn.wake(frame, STARTED)

    def _unsupported(self, arguments: dict[str, Json], text: bytes, fields: frozenset[str]) -> str:
        name = next(name for name in arguments if name not in fields)
        parameters = text.decode("utf-8", "surrogatepass")
        return (
            f"The Parameters '{parameters}' could not be used to start the Task: "
            f'[The field "{name}" is not supported by Step Functions]'
        )

    def _started(self, turn: Turn, frame: Frame, worker: str | None) -> None:
        attempt = frame.attempt
        if attempt is None or attempt.started:
            return
        attempt.started = True
        frame.phase = WAITING
        resource = self.resource
        record: Record = (self.started_kind, frame.last, turn.now)
        if resource.kind is Kind.SERVICE:
            record += (resource.type, resource.name)
        elif resource.kind is Kind.ACTIVITY:
            record += (worker,)
            # Measured (floci-io/floci#2782): an activity's timeout counts from ActivityStarted.
            if attempt.timeout is not None:
                turn.cancel_timer(attempt.timeout_timer)
                attempt.timeout_timer = turn.set_timer(frame, at.TIMEOUT, turn.now + attempt.timeout)
            self._beat(turn, frame, attempt)
        frame.last = turn.record(record)

    def _beat(self, turn: Turn, frame: Frame, attempt: Attempt) -> None:
        if attempt.heartbeat is not None:
            turn.cancel_timer(attempt.heartbeat_timer)
            attempt.heartbeat_timer = turn.set_timer(frame, at.HEARTBEAT, turn.now + attempt.heartbeat)

    def reported(self, turn: Turn, frame: Frame, report: Report) -> None:
        attempt = frame.attempt
        if attempt is None:
            return
        if isinstance(report, Heartbeat):
            self._beat(turn, frame, attempt)
            return
        if self.resource.kind is Kind.ACTIVITY and isinstance(report, Failed) and report.error == RUNTIME:
            turn.end_attempt(frame, cancel=False)  # there is no such activity: nobody can have started it
            self._failed(turn, frame, KIND["ActivityScheduleFailed"], Failure(report.error, report.cause))
            return
        if isinstance(report, NotStarted):
            turn.end_attempt(frame, cancel=False)
            turn.doomed(frame, Failure(RUNTIME, turn.told(frame, runtime(report.cause))))
            return
        self._started(turn, frame, report.worker if isinstance(report, Started) else None)
        if isinstance(report, Submitted):
            self._submitted(turn, frame, attempt, report.output)
        elif isinstance(report, Succeeded):
            turn.end_attempt(frame, cancel=False)
            frame.result = report.output
            turn.wake(frame, RESULT)
        elif isinstance(report, Failed):
            turn.end_attempt(frame, cancel=False)
            error = None if report.error is None else report.error[: limits.ERROR_CHARACTERS]
            cause = None if report.cause is None else report.cause[: limits.CAUSE_CHARACTERS]
            self._failed(turn, frame, self.failed_kind, Failure(error, cause))

    def _too_large(self) -> EvaluationError:
        resource = self.resource
        at_fault = resource.name if resource.kind is Kind.LAMBDA else resource.type
        return at.PlainError(
            DATA_LIMIT,
            f"The state/task '{at_fault}' provided parameters with a size exceeding the maximum number of bytes service "
            "limit.",
        )

    def _submitted(self, turn: Turn, frame: Frame, attempt: Attempt, output: Json) -> None:
        resource = self.resource
        if attempt.submitted or resource.kind is not Kind.SERVICE or resource.pattern is Pattern.REQUEST:
            return
        attempt.submitted = True
        self._beat(turn, frame, attempt)
        kind = KIND["TaskSubmitted"]
        frame.last = turn.record((kind, frame.last, turn.now, resource.type, resource.name, dumps(output)))

    def _succeeded(self, turn: Turn, frame: Frame, result: Json) -> State | None:
        resource = self.resource
        try:
            text = dumps(result)
        except JsonError as error:
            self._failed(turn, frame, self.failed_kind, Failure("States.TaskFailed", str(error)))
            return None
        if len(text) > limits.PAYLOAD_BYTES:
            # Recorded: for lambda:invoke the sentence names the service, 'lambda'.
            problem = too_large(resource.type if resource.kind is Kind.SERVICE else resource.name)
            self._failed(turn, frame, self.failed_kind, Failure(problem.error, problem.cause))
            return None
        record: Record = (self.succeeded_kind, frame.last, turn.now)
        record += (resource.type, resource.name, text) if resource.kind is Kind.SERVICE else (text,)
        frame.last = turn.record(record)
        return self.complete(turn, frame, result, text)

    def _failed(self, turn: Turn, frame: Frame, kind: int, failure: Failure) -> None:
        resource = self.resource
        record: Record = (kind, frame.last, turn.now)
        record += (resource.type, resource.name) if resource.kind is Kind.SERVICE else ()
        frame.last = turn.record((*record, failure.error, failure.cause))
        if failure.known_as == "States.Runtime":
            turn.doomed(frame, failure)
        else:
            turn.fail(frame, failure)

    def timed_out(self, turn: Turn, frame: Frame, purpose: str) -> None:
        if frame.attempt is None:
            return
        turn.end_attempt(frame, cancel=True)
        known_as = HEARTBEAT_TIMEOUT if purpose == at.HEARTBEAT else TIMEOUT
        self._failed(turn, frame, self.timed_out_kind, Failure(TIMEOUT, None, known_as))
