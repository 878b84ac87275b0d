"""Executions: start, start and wait, stop, redrive, describe, list, history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from penstock import failpoints
from penstock.asl.equality import equal
from penstock.engine import limits
from penstock.engine.children import TYPE_NOT_SUPPORTED, billing
from penstock.engine.driver import Driver, Running
from penstock.engine.execution import Execution
from penstock.engine.history import Record, events
from penstock.engine.journal import Closed
from penstock.engine.redriving import why_not
from penstock.engine.starting import new_execution
from penstock.errors import InvalidInput, JsonError, ServiceError
from penstock.jsontools import Json, loads
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.delivery import delivery
from penstock.services.stepfunctions.kept import Found
from penstock.services.stepfunctions.paging import DEFAULT, number_of, page, token
from penstock.services.stepfunctions.records import Started
from penstock.services.stepfunctions.state import Answer, Parameters, State, Target, instant, no_machine
from penstock.store.listing import Filter

_INCLUDED: Final = {"included": True}
_LEFT_OUT: Final = {"included": False}
_DATA: Final = frozenset({"input", "output", "inputDetails", "outputDetails", "parameters", "assignedVariables"})


def start_execution(state: State, given: Parameters) -> Answer:
    return _start(state, given, state.target(given["stateMachineArn"]), _begun).result()


def begin_execution(state: State, given: Parameters) -> Future[Answer] | None:
    """StartExecution for those who do not wait; None where compiling would take its time."""
    target = state.target(given["stateMachineArn"])
    return _start(state, given, target, _begun, here=True) if state.program.quick(target.revision.definition) else None


def _begun(running: Running) -> Answer:
    execution = running.execution
    return {"executionArn": execution.arn, "startDate": instant(execution.started)}


def start_sync_execution(state: State, given: Parameters) -> Answer:
    return _start_sync(state, given, _express(state, given)).result()


def begin_sync_execution(state: State, given: Parameters) -> Future[Answer] | None:
    """StartSyncExecution for those who do not wait: done when the execution has ended; None as of `begin_execution`."""
    target = _express(state, given)
    return _start_sync(state, given, target, here=True) if state.program.quick(target.revision.definition) else None


def _express(state: State, given: Parameters) -> Target:
    target = state.target(given["stateMachineArn"])
    if target.machine.type != "EXPRESS":
        raise _not_of_this_type()
    return target


def _start_sync(state: State, given: Parameters, target: Target, *, here: bool = False) -> Future[Answer]:
    machine = target.machine

    def ended(running: Running) -> Answer:
        execution = running.execution
        milliseconds, megabytes = billing(execution)
        answer: Answer = {
            "executionArn": execution.arn,
            "stateMachineArn": machine.arn,
            "name": execution.name,
            "startDate": instant(execution.started),
            "stopDate": instant(execution.stopped),
            "status": execution.status,
            **_data(execution, given),
            "billingDetails": {"billedMemoryUsedInMB": megabytes, "billedDurationInMilliseconds": milliseconds},
        }
        if "traceHeader" in given:
            answer["traceHeader"] = given["traceHeader"]
        return answer

    return _start(state, given, target, ended, sync=True, here=here)


def _start(
    state: State,
    given: Parameters,
    target: Target,
    answer: Callable[[Running], Answer],
    *,
    sync: bool = False,
    here: bool = False,
) -> Future[Answer]:
    machine, revision = target.machine, target.revision
    value = _input(given.get("input", "{}"))
    name = given.get("name")
    if name is None:
        name = state.entropy.uuid4()
    elif not limits.NAME_FORBIDDEN.isdisjoint(name):
        raise ServiceError(f"Invalid Name: '{name}'", code="InvalidName")
    program = state.program(revision.definition)
    arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
    log = delivery(state.logs, revision.logging)

    def start(driver: Driver) -> Running:
        # In the loop's thread: of two requests with one name, only one finds it free.
        if failpoints.ON:
            failpoints.hit("start.received")
        if machine.type == "STANDARD":
            known = None if "name" not in given else state.kept.find(arn)
            if known is not None:
                if known.running is None and known.execution.status == "RUNNING":
                    state.loop.check_written()  # else whether it still runs is not known
                if known.running is None or known.running.closed or not equal(known.execution.input, value):
                    raise ServiceError(f"Execution Already Exists: '{arn}'", code="ExecutionAlreadyExists")
                return known.running
        try:
            execution = new_execution(
                program,
                value,
                entropy=driver.entropy,
                name=name,
                type=machine.type,
                machine_arn=machine.arn,
                role_arn=revision.role_arn,
                sync=sync,
            )
        except InvalidInput as error:  # as it is written down it is longer: 1e22 becomes 1e+22
            raise _invalid_input(str(error)) from None
        return state.begin(target, execution, log, trace_header=given.get("traceHeader"))

    return state.loop.begin(start, answer, until_closed=sync, here=here and program.brief and log is None)


def _input(text: str) -> Json:
    if len(text.encode("utf-8", "surrogatepass")) > limits.PAYLOAD_BYTES:
        raise _invalid_input(f"The input has more than {limits.PAYLOAD_BYTES} bytes")
    try:
        return loads(text, what="The input")
    except JsonError as error:
        raise _invalid_input(str(error)) from None


def _invalid_input(why: str) -> ServiceError:
    return ServiceError(f"Invalid State Machine Execution Input: '{why}'", code="InvalidExecutionInput")


def stop_execution(state: State, given: Parameters) -> Answer:
    found = state.found(given["executionArn"])
    # Also one that the file says has ended or still runs, while its redrive or its end cannot be written down.
    running = found.running or state.loop.driver.find(found.record.arn)
    if running is not None and not state.loop.settled(running):
        state.loop.stop(running, given.get("error"), given.get("cause")).result()
        found = state.found(given["executionArn"])
    elif running is None and found.execution.status == "RUNNING":
        _stop_at_rest(state, given)
        found = state.found(given["executionArn"])
    return {"stopDate": instant(found.execution.stopped)}


def _stop_at_rest(state: State, given: Parameters) -> None:
    """Stops what this process does not run: what was left alone, and what `penstock run` began in the same file."""
    from penstock.engine.stopping import stop_at_rest

    def stop() -> None:
        state.loop.check_written()  # else it may be one whose end is not in the file yet
        driver = state.loop.driver
        assert driver.journal is not None  # in memory there is no such thing
        summary = driver.journal.store.find(given["executionArn"])
        if summary is not None and summary.status == "RUNNING" and driver.find(summary.arn) is None:
            stop_at_rest(driver, state.program, summary, given.get("error"), given.get("cause"))

    state.loop.call(stop, durable=True)


def redrive_execution(state: State, given: Parameters) -> Answer:
    found = state.found(given["executionArn"])
    if found.record.map_run_arn is not None:
        raise ServiceError(
            "A child execution of a Map Run is redriven with the execution that started the Map Run",
            code="ExecutionNotRedrivable",
        )
    arn, token = found.record.arn, given.get("clientToken")

    def redrive() -> float:
        if failpoints.ON:
            failpoints.hit("redrive.received")
        before = None if token is None else state.redrives.date(arn, token, state.now())
        if before is not None:
            return before  # when that is written down, if it could not be
        now = state.found(arn)  # of two requests at once, the second finds it running
        reason = why_not(now.execution, state.now())
        if reason is not None:
            raise ServiceError(reason, code="ExecutionNotRedrivable")
        state.loop.check_written()
        running = state.kept.revive(now)
        state.loop.driver.redrive(running)
        if token is not None:
            state.redrives.note(arn, token, running.execution.redriven)
        return running.execution.redriven

    return {"redriveDate": instant(state.loop.call(redrive, durable=True) or state.now())}


def describe_execution(state: State, given: Parameters) -> Answer:
    found = _describe(state, given)
    return found.result() if isinstance(found, Future) else found


def ask_execution(state: State, given: Parameters) -> Answer | Future[Answer]:
    """DescribeExecution for those who do not wait."""
    return _describe(state, given, here=True)


def _describe(state: State, given: Parameters, *, here: bool = False) -> Answer | Future[Answer]:
    found = state.found(given["executionArn"])
    running = found.running
    if running is None or state.loop.settled(running):
        # Nothing of it changes any more, unless it is redriven: then what was read may be half of either.
        count = found.execution.redrive_count
        answer = described(found.record, found.execution, given, state.now())
        if running is None or (state.loop.settled(running) and running.execution.redrive_count == count):
            return answer

    def describe() -> Answer:
        found = state.found(given["executionArn"])
        return described(found.record, found.execution, given, state.now())

    return state.loop.ask(describe, here=here)


def described(record: Started, execution: Execution | Closed, given: Parameters, now: float) -> Answer:
    """DescribeExecution's answer."""
    answer: Answer = {**entry(record, execution), **_data(execution, given)}
    answer.pop("itemCount", None)
    if record.trace_header is not None:
        answer["traceHeader"] = record.trace_header
    if execution.redriven:
        answer["redriveDate"] = instant(execution.redriven)
    reason = why_not(execution, now)
    if reason is not None:
        answer |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    else:
        answer["redriveStatus"] = "REDRIVABLE" if record.map_run_arn is None else "REDRIVABLE_BY_MAP_RUN"
    return answer


def _data(execution: Execution | Closed, given: Parameters) -> Answer:
    """Input, output, error and cause, as Describe and StartSync have them."""
    answer: Answer = {}
    if execution.error is not None:
        answer["error"] = execution.error
    if execution.cause is not None:
        answer["cause"] = execution.cause
    if given.get("includedData") == "METADATA_ONLY":
        answer["inputDetails"] = _LEFT_OUT
        if execution.output_text is not None:
            answer["outputDetails"] = _LEFT_OUT
        return answer
    answer |= {"input": execution.input_text.decode("utf-8", "surrogatepass"), "inputDetails": _INCLUDED}
    if execution.output_text is not None:
        answer |= {"output": execution.output_text.decode("utf-8", "surrogatepass"), "outputDetails": _INCLUDED}
    return answer


def entry(record: Started, execution: Execution | Closed) -> Answer:
    """What ListExecutions says of one."""
    answer: Answer = {
        "executionArn": record.arn,
        "stateMachineArn": record.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": instant(execution.started),
        "redriveCount": execution.redrive_count,
    }
    if execution.status != "RUNNING":
        answer["stopDate"] = instant(execution.stopped)
    if execution.redriven:
        answer["redriveDate"] = instant(execution.redriven)
    if record.version_arn is not None:
        answer["stateMachineVersionArn"] = record.version_arn
    if record.alias_arn is not None:
        answer["stateMachineAliasArn"] = record.alias_arn
    if record.map_run_arn is not None:
        answer |= {"mapRunArn": record.map_run_arn, "itemCount": record.items}
    return answer


def list_executions(state: State, given: Parameters) -> Answer:
    machine_arn, map_run_arn = given.get("stateMachineArn"), given.get("mapRunArn")
    if (machine_arn is None) == (map_run_arn is None):
        raise ServiceError("Must specify exactly one of stateMachineArn and mapRunArn", code="ValidationException")
    redriven = given.get("redriveFilter")
    last = number_of("ListExecutions", given)
    if machine_arn is not None:
        owner, after = _owner(state, machine_arn)
    else:
        parse(given["mapRunArn"], "mapRun")
        owner, after = given["mapRunArn"], 0

    which = Filter(
        after=after,
        status=given.get("statusFilter"),
        redriven=None if redriven is None else redriven == "REDRIVEN",
        by=machine_arn if machine_arn != owner else None,
    )

    def listed() -> Answer:
        found = state.kept.of(owner, which, before=last)
        return page(
            "ListExecutions",
            given,
            "executions",
            found,
            lambda each: each.record.number,
            lambda each: entry(each.record, each.execution),
            descending=True,
        )

    # Of a file without the loop's thread: looking through many executions would hold up all that run.
    return state.loop.call(listed) if state.stored is None else listed()


def _owner(state: State, text: str) -> tuple[str, int]:
    """The machine whose executions are meant, and the number of the last one that is of an earlier machine of its name."""
    arn = parse(text, "stateMachine")
    machine = state.repository.machines.get(arn.base.partition("/")[0])
    if machine is None or (
        arn.rest and state.repository.versions.get(text) is None and state.repository.aliases.get(text) is None
    ):
        raise no_machine(text)
    if machine.type != "STANDARD":
        raise _not_of_this_type()
    return arn.base, machine.after


def get_execution_history(state: State, given: Parameters) -> Answer:
    found = state.found(given["executionArn"])
    most = int(given.get("maxResults") or DEFAULT)
    last = number_of("GetExecutionHistory", given)
    reverse = bool(given.get("reverseOrder"))

    def cut(found: Found) -> tuple[Sequence[Record], int, int]:
        count = state.kept.events(found)
        if reverse:
            end = count if last is None else min(count, last - 1)
            start = max(0, end - most)
        else:
            start = 0 if last is None else last
            end = min(count, start + most)
        return state.kept.records(found, start, end), start, count

    if found.execution.status != "RUNNING" if found.running is None else state.loop.settled(found.running):
        # Nothing of it changes any more: a redrive adds to it, and what was kept long enough goes as a whole.
        records, start, count = cut(found)
        if len(records) < most:
            state.found(given["executionArn"])
    else:
        records, start, count = state.loop.call(lambda: cut(state.found(given["executionArn"])))
    listed = events(records, first=start + 1)
    if reverse:
        listed.reverse()
    if not given.get("includeExecutionData", True):
        listed = [_without_data(event) for event in listed]
    answer: Answer = {"events": listed}
    if listed and (start > 0 if reverse else start + len(listed) < count):
        answer["nextToken"] = token("GetExecutionHistory", given, listed[-1]["id"])
    return answer


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {name: held for name, held in value.items() if name not in _DATA} if isinstance(value, dict) else value
        for key, value in event.items()
    }


def _not_of_this_type() -> ServiceError:
    return ServiceError(TYPE_NOT_SUPPORTED, code="StateMachineTypeNotSupported")
