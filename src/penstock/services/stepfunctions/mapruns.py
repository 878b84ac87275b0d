"""Map Runs: describe, list, update."""

from __future__ import annotations

from penstock.engine.maprunning import ActiveRun
from penstock.engine.mapruns import UNBOUNDED, MapRun
from penstock.engine.messages import MapRunUpdated
from penstock.engine.running import Running
from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.kept import Found
from penstock.services.stepfunctions.paging import page
from penstock.services.stepfunctions.state import Answer, Parameters, State


def list_map_runs(state: State, given: Parameters) -> Answer:
    """Newest first, as ListExecutions has them."""

    def listed() -> Answer:
        found = state.found(given["executionArn"])
        numbered = list(enumerate(state.kept.map_runs(found)))
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
    text = given["mapRunArn"]
    parse(text, "mapRun")
    return state.loop.call(lambda: _find(state, text)[0].describe())


def update_map_run(state: State, given: Parameters) -> Answer:
    """The new figures count from the next time one of the run's children ends."""
    text = given["mapRunArn"]
    parse(text, "mapRun")
    state.loop.call(lambda: _find(state, text))
    if not given.keys() - {"mapRunArn"}:
        raise ServiceError(
            "One of maxConcurrency, toleratedFailurePercentage and toleratedFailureCount must be specified",
            code="ValidationException",
        )

    def update() -> None:
        state.loop.check_written()
        run, found = _find(state, text)
        running = found.running
        active = None if running is None else _active(running, text)
        if running is None or active is None:
            raise ServiceError(
                f"The Map Run is {run.status} and cannot be updated: '{text}'", code="ValidationException"
            )
        if "maxConcurrency" in given:
            run.max_concurrency = given["maxConcurrency"] or UNBOUNDED
        if "toleratedFailureCount" in given:
            run.tolerated_count = given["toleratedFailureCount"]
        if "toleratedFailurePercentage" in given:
            run.tolerated_percentage = float(given["toleratedFailurePercentage"])
        concurrency = 0 if run.max_concurrency == UNBOUNDED else run.max_concurrency
        event = MapRunUpdated(active.number, concurrency, run.tolerated_count, run.tolerated_percentage)
        state.loop.driver.commands.update_map_run(running, active, event)

    state.loop.call(update, durable=True)
    return {}


def _active(running: Running, arn: str) -> ActiveRun | None:
    return next((active for active in running.map_runs.values() if active.record.arn == arn), None)


def _find(state: State, text: str) -> tuple[MapRun, Found]:
    """In the loop's thread."""
    found = state.kept.map_run(text)
    if found is None:
        raise ServiceError(f"Map Run Does Not Exist: '{text}'", code="ResourceNotFound")
    return found
