"""TestState: one state, run alone by the engine, with its data on the way.

The state is compiled as in any machine, its context and its mock put in, and a Driver runs it until it is left; what AWS
would answer is read off. Differences from an execution, all recorded: it is always named `StateName`, causes do not say
where they happened, nothing is retried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn

from penstock.asl import model
from penstock.asl.check import check, invalid_definition
from penstock.asl.model import UNSET
from penstock.asl.read import Reading, read, read_document
from penstock.asl.scope import EvaluationError
from penstock.clock import Clock, Entropy, SystemClock, VirtualClock, iso8601
from penstock.diagnostics import Diagnostic, Severity
from penstock.engine import limits
from penstock.engine.core import Turn
from penstock.engine.driver import ACCOUNT, REGION, Driver, Machines
from penstock.engine.execution import RESULT, RETRY, Execution, Failure, Frame
from penstock.engine.program import Program, compile_state
from penstock.engine.resources import Kind, Pattern, parse_resource
from penstock.engine.states.base import RecoveringState
from penstock.engine.states.ending import Beyond
from penstock.engine.states.joining import JoiningState
from penstock.engine.tasks.handler import TaskHandler
from penstock.engine.teststate.exchanges import watched_http
from penstock.engine.teststate.mocking import TOO_MANY, MockedJoin, MockedTask, Outcome
from penstock.engine.teststate.request import Mock, Request, read_request, refusal
from penstock.engine.teststate.watching import WatchedRecovery, watch
from penstock.errors import InvalidDefinition, JsonError
from penstock.jsontools import Json, dumps_text, loads

NAME: Final = "StateName"
"""What AWS calls the state, in its own messages and in the context object, whatever its name is."""

_AS_THEY_ARE: Final = frozenset(("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"))
"""Members of inspectionData that are numbers; all others are JSON text."""
_BEHIND: Final = frozenset(("MISSING_TRANSITION_TARGET", "MISSING_END_STATE"))
"""Problems that a state without its machine always has."""

HandlersFor = Callable[[model.State], Sequence[TaskHandler]]
"""Gives the handlers that answer the tested state's task; they stay the caller's, who closes them."""


def run_state(
    given: Mapping[str, Any],
    *,
    handlers: HandlersFor | None = None,
    machines: Machines | None = None,
    clock: Clock | None = None,
    skip_time: bool = False,
    entropy: Entropy | None = None,
    region: str = REGION,
    account: str = ACCOUNT,
    require_role: bool = False,
) -> dict[str, Any]:
    """AWS's TestState: members of the request by the API's names in, its response out.

    `require_role` asks for the roleArn that AWS wants for an unmocked Task; otherwise a role stands in for Task, Map and
    Parallel. With `skip_time` waits take no real time. Raises ServiceError and InvalidDefinition with AWS's sentences,
    MissingRequirement where a mock is to be held against models that are not installed.
    """
    request = read_request(given)
    state, language = _find(request)
    _check_request(request, state)
    outcome = None if request.mock is None else _outcome(request, request.mock, state)
    role = request.role
    if role is None and isinstance(state, model.Task | model.Map | model.Parallel):
        if require_role and isinstance(state, model.Task) and outcome is None:
            raise refusal("RoleArn must be specified when testing a Task state")
        role = f"arn:aws:iam::{account}:role/StepFunctionsRole"
    # The checker has accepted it; what is refused now is what this engine cannot run.
    program = compile_state(replace(state, name=NAME), language)
    inspection = _Inspection(request, program.states[NAME].type)
    used = _prepare(program, request, outcome, inspection)
    own: list[TaskHandler] = []
    if outcome is not None:
        own = [MockedTask(outcome)]
    elif handlers is not None:
        own = list(handlers(state))
    if clock is None:
        clock = VirtualClock() if skip_time else SystemClock()
    driver = Driver(
        handlers=own,
        clock=clock,
        skip_time=skip_time,
        entropy=entropy,
        machines=None if outcome is not None else machines,
    )
    execution = _execution(program, request, driver, f"arn:aws:states:{region}:{account}", role)
    execution.root.retry_count = used
    execution.turn = lambda execution, now: _Observed(execution, now, inspection)
    watched = own if request.level == "TRACE" else []
    try:
        with watched_http(watched, execution.arn, inspection.http, reveal=request.reveal_secrets):
            driver.run(driver.begin(execution))
    finally:
        driver.close()
    return _response(request, execution, inspection)


# ---- the definition


def _find(request: Request) -> tuple[model.State, str]:
    """The state to test and its machine's query language."""
    reading = _read(request)
    if request.state_name is None:
        alone = _wrapped(reading)
        found = [each for each in _errors(alone) if not _is_behind(each)]
        if found:
            _refuse(found)
        assert alone.machine is not None
        return alone.machine.states[NAME], "JSONPath"
    found = _errors(reading)
    if found:
        _refuse(found)
    machine = reading.machine
    assert machine is not None
    for _, state in machine.walk():
        if state.name == request.state_name:
            return state, "JSONPath" if machine.query_language is UNSET else machine.query_language
    raise refusal("State not found in definition")


def _read(request: Request) -> Reading:
    definition = request.definition
    return read_document(definition) if isinstance(definition, dict) else read(definition, format="json")


def _wrapped(reading: Reading) -> Reading:
    """A state as the only one of a machine, which is how AWS's messages speak of it."""
    if not isinstance(reading.document, dict):
        _refuse(reading.diagnostics)
    document: dict[str, Any] = {"StartAt": NAME, "States": {NAME: reading.document}}
    return read_document(document)


def _errors(reading: Reading) -> list[Diagnostic]:
    found = [each for each in check(reading, severity=Severity.ERROR) if each.is_error]
    if not found and reading.machine is None:
        found = list(reading.diagnostics)
    return found


def _is_behind(found: Diagnostic) -> bool:
    return found.code in _BEHIND and (found.location is None or found.location.count("/States/") < 2)


def _refuse(found: Sequence[Diagnostic]) -> NoReturn:
    raise InvalidDefinition(invalid_definition(found), found)


# ---- the request


def _check_request(request: Request, state: model.State) -> None:
    """What AWS refuses of a request once it knows the state, in the order that is recorded where it is."""
    mock = request.mock
    if mock is None:
        given = (
            ("RetrierRetryCount", request.retries),
            ("ErrorCausedByState", request.caused_by),
            ("MapIterationFailureCount", request.failed_iterations),
            ("MapItemReaderData", request.reader_data),
            ("Context", request.context),
        )
        for name, value in given:
            if value is not None:
                raise refusal(f"TestState does not support {name} when a mock is not specified.")
        _check_alone(state)
        return
    if not isinstance(state, model.Task | model.Map | model.Parallel):
        raise refusal(f"State type '{state.type}' is not supported when a mock is specified")
    if request.reveal_secrets:
        raise refusal("TestState does not support RevealSecrets when a mock is specified.")
    if not isinstance(state, model.Map):
        for name, value in (
            ("MapIterationFailureCount", request.failed_iterations),
            ("MapItemReaderData", request.reader_data),
        ):
            if value is not None:
                raise refusal(f"{name} is only supported when testing a Map state.")  # ours
    if request.caused_by is not None:
        if not isinstance(state, model.Map | model.Parallel):
            raise refusal("ErrorCausedByState is only supported when testing a Map or Parallel state.")  # ours
        if request.caused_by not in _inner_names(state):
            raise refusal("The state specified in ErrorCausedByState was not found in the tested state.")  # ours


def _check_alone(state: model.State) -> None:
    if isinstance(state, model.Map | model.Parallel):
        raise InvalidDefinition(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, "
            "Succeed, Fail, Choice]"
        )
    if isinstance(state, model.Task) and isinstance(state.resource, str):
        resource = parse_resource(state.resource)
        activity = resource.kind is Kind.ACTIVITY and ":activity:" in resource.text
        if activity or resource.pattern is not Pattern.REQUEST:
            what = "Activity tasks" if activity else f"the resource {resource.text}"
            raise InvalidDefinition(f"TestState API does not support {what} unless a mock is specified.")  # ours


def _inner_names(state: model.Map | model.Parallel) -> set[str]:
    inner: list[model.StateMachine] = []
    if isinstance(state, model.Map):
        inner = [] if state.processor is None else [state.processor]
    elif state.branches is not UNSET:
        inner = list(state.branches)
    return {each.name for machine in inner for _, each in machine.walk()}


def _outcome(request: Request, mock: Mock, state: model.State) -> Outcome:
    """The mock, read, and held against what the state can give."""
    tolerates: list[str] = []
    if isinstance(state, model.Map):
        given = (
            ("count", state.tolerated_failure_count, state.tolerated_failure_count_path),
            ("percentage", state.tolerated_failure_percentage, state.tolerated_failure_percentage_path),
        )
        tolerates = [name for name, value, path in given if value is not UNSET or path is not UNSET]
    common: dict[str, Any] = {
        "failed": request.failed_iterations,
        "tolerates": tuple(tolerates),
        "data": request.reader_data,
    }
    if mock.result is None:
        return Outcome(error=mock.error, cause=mock.cause, fails=True, **common)
    try:
        result = loads(mock.result)
    except JsonError:
        raise refusal("Mocked result must be valid JSON") from None
    if isinstance(state, model.Map):
        if state.result_writer is not UNSET:
            if not isinstance(result, dict):
                raise refusal("Mocked result must be a JSON object.")
        elif not isinstance(result, list):
            raise refusal("Mocked result must be an array.")
        elif (request.failed_iterations or 0) > len(result):
            raise refusal(TOO_MANY)
    elif isinstance(state, model.Parallel):
        if not isinstance(result, list):
            raise refusal("Mocked result must be an array.")
        if state.branches is not UNSET and len(result) != len(state.branches):
            raise refusal("Mocked result must contain the same number of items as number of Parallel branches.")
    elif isinstance(state, model.Task) and isinstance(state.resource, str) and mock.mode != "NONE":
        from penstock.engine.tasks.aws.mocked import check_result

        check_result(parse_resource(state.resource), result, strict=mock.mode == "STRICT")
    return Outcome(result=result, **common)


# ---- the run


@dataclass(slots=True)
class _Inspection:
    """What is seen of the state while it runs."""

    request: Request
    type: str
    data: dict[str, Json] = field(default_factory=dict)
    details: dict[str, int] = field(default_factory=dict)
    failure: Failure | None = None
    retriable: bool = False
    http: dict[str, Any] = field(default_factory=dict)

    def note(self, name: str, value: Json) -> None:
        self.data[name] = value


class _Observed(Turn):
    """A turn of the tested state's execution: tells what happens, and ends where AWS would put the state off."""

    __slots__ = ("inspection",)

    def __init__(self, execution: Execution, now: float, inspection: _Inspection) -> None:
        super().__init__(execution, now)
        self.inspection = inspection

    @property
    def context(self) -> Mapping[str, Json]:
        given = self.inspection.request.context
        if given is None:
            return super().context
        # The item that ItemSelector looks at is always the engine's.
        own = super().context.get("Map") if self.frame.item is not None else None
        return given if own is None else {**given, "Map": own}

    def told(self, frame: Frame, problem: EvaluationError) -> str:
        return problem.cause

    def wake(self, frame: Frame, phase: int) -> None:
        if phase == RESULT and self.inspection.type == "Task":
            self.inspection.note("result", frame.result)
        super().wake(frame, phase)

    def fail(self, frame: Frame, failure: Failure) -> None:
        self.inspection.failure = failure
        super().fail(frame, failure)

    def doomed(self, frame: Frame, failure: Failure) -> None:
        self.inspection.failure = failure
        super().doomed(frame, failure)

    def broken(self, frame: Frame, failure: Failure) -> None:
        self.inspection.failure = failure
        super().broken(frame, failure)

    def set_timer(self, frame: Frame | None, purpose: str, at: float) -> int:
        if purpose == RETRY and frame is not None and self.inspection.failure is not None:
            self.inspection.retriable = True
            self.broken(frame, self.inspection.failure)
            return 0
        return super().set_timer(frame, purpose, at)


def _prepare(program: Program, request: Request, outcome: Outcome | None, inspection: _Inspection) -> int:
    """Makes the state tell of its data and take its mock; how often it is said to have been retried."""
    state = program.states[NAME]
    watch(state, request.input, inspection.note)
    if isinstance(state, RecoveringState):
        state.recovery = WatchedRecovery(state.recovery, request.retries or 0, inspection.details)
    if outcome is not None and isinstance(state, JoiningState):
        program.start = MockedJoin(state, outcome, inspection.note)
    return request.retries or 0


def _execution(program: Program, request: Request, driver: Driver, prefix: str, role: str | None) -> Execution:
    """An EXPRESS execution, which is what AWS makes of it (recorded: its ARN), with the five minutes that it has."""
    entropy = driver.entropy
    machine, name = entropy.uuid4(), entropy.uuid4()
    execution = Execution(
        program,
        request.input,
        arn=f"{prefix}:express:{machine}:{name}",
        name=name,
        machine_arn=f"{prefix}:stateMachine:{machine}",
        machine_name=machine,
        role_arn=role or "",
        type="EXPRESS",
        seed=entropy.hex(32),
        limit=limits.EXPRESS_EVENTS,
        variables=dict(request.variables),
    )
    execution.context = {
        "Execution": {
            "Id": execution.arn,
            "Input": request.input,
            "StartTime": iso8601(driver.clock.now()),
            "Name": name,
            "RoleArn": role,
        },
        "StateMachine": {"Id": execution.machine_arn, "Name": machine},
    }
    return execution


# ---- the response


def _response(request: Request, execution: Execution, inspection: _Inspection) -> dict[str, Any]:
    failure = inspection.failure
    response: dict[str, Any] = {}
    root = execution.root
    if execution.status == "SUCCEEDED":
        response["output"] = dumps_text(execution.output)
        if isinstance(root.state, Beyond):
            response["nextState"] = root.state.name
        response["status"] = "SUCCEEDED" if failure is None else "CAUGHT_ERROR"
    else:
        response["status"] = "RETRIABLE" if inspection.retriable else "FAILED"
    error, cause = execution.error, execution.cause
    if execution.status == "TIMED_OUT":
        error, cause = "States.Timeout", "The state was stopped after the five minutes that TestState gives it."
    elif failure is not None:
        error, cause = failure.error, failure.cause
    if response["status"] != "SUCCEEDED":
        if error is not None:
            response["error"] = error[: limits.ERROR_CHARACTERS]
        if cause is not None:
            response["cause"] = cause[: limits.CAUSE_CHARACTERS]
    if request.level != "INFO":
        response["inspectionData"] = _inspection_data(request, root, inspection)
    return response


def _inspection_data(request: Request, root: Frame, inspection: _Inspection) -> dict[str, Any]:
    data: dict[str, Any] = {"input": dumps_text(request.input)}
    for name, value in inspection.data.items():
        data[name] = value if name in _AS_THEY_ARE else dumps_text(value)
    if root.variables:
        data["variables"] = dumps_text(root.variables)
    data.update(inspection.http)
    if inspection.details:
        data["errorDetails"] = dict(inspection.details)
    return data
