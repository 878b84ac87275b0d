"""Map Runs: describe, list, update."""

from __future__ import annotations

from penstock.engine import limits
from penstock.engine.execution import RunJoin
from penstock.engine.mapruns import UNBOUNDED, MapRun
from penstock.engine.running import Running
from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.paging import page
from penstock.services.stepfunctions.state import Answer, Parameters, State


def list_map_runs(state: State, given: Parameters) -> Answer:
    """Newest first, as ListExecutions has them."""
    _, running = state.started(given["executionArn"])

    def listed() -> Answer:
        numbered = list(enumerate(running.result.map_runs))
        return page(
            "ListMapRuns",
            given,
            "mapRuns",
            reversed(numbered),
            lambda pair: pair[0],
            lambda pair: pair[1].summary(),
            descending=True,
        )

    return state.loop.call(listed)


def describe_map_run(state: State, given: Parameters) -> Answer:
    run = _find(state, given["mapRunArn"])
    return state.loop.call(run.describe)


def update_map_run(state: State, given: Parameters) -> Answer:
    """The new figures count from the next time one of the run's children ends."""
    text = given["mapRunArn"]
    run = _find(state, text)
    if not given.keys() - {"mapRunArn"}:
        raise ServiceError(
            "One of maxConcurrency, toleratedFailurePercentage and toleratedFailureCount must be specified",
            code="ValidationException",
        )

    def update() -> None:
        join = _join_of(state.running[run.execution_arn], text)
        if join is None:
            raise ServiceError(
                f"The Map Run is {run.status} and cannot be updated: '{text}'", code="ValidationException"
            )
        if "maxConcurrency" in given:
            run.max_concurrency = given["maxConcurrency"] or UNBOUNDED
            join.limit = min(run.max_concurrency, limits.DISTRIBUTED_CONCURRENCY)
        if "toleratedFailureCount" in given:
            run.tolerated_count = given["toleratedFailureCount"]
            join.tolerated = run.tolerated_count
        if "toleratedFailurePercentage" in given:
            run.tolerated_percentage = join.percentage = float(given["toleratedFailurePercentage"])

    state.loop.call(update)
    return {}


def _join_of(running: Running, arn: str) -> RunJoin | None:
    """The Map state that has a Map Run going."""
    number = next((number for number, active in running.map_runs.items() if active.record.arn == arn), None)
    pending = [running.execution.root]
    while pending:
        join = pending.pop().join
        if isinstance(join, RunJoin) and join.run == number:
            return join
        if join is not None:
            pending += join.running.values()
    return None


def _find(state: State, text: str) -> MapRun:
    parse(text, "mapRun")
    run = state.loop.call(lambda: _map_run(state, text))
    if run is None:
        raise ServiceError(f"Map Run Does Not Exist: '{text}'", code="ResourceNotFound")
    return run


def _map_run(state: State, text: str) -> MapRun | None:
    prefix, _, rest = text.partition(":mapRun:")
    owner = f"{prefix}:stateMachine:{rest.partition('/')[0]}"
    for record in state.repository.executions.of(owner, newest_first=True):
        for run in state.running[record.arn].result.map_runs:
            if run.arn == text:
                return run
    return None
