"""What is said of definitions without keeping them: ValidateStateMachineDefinition, TestState."""

from __future__ import annotations

from typing import Final

from penstock.asl.check import check
from penstock.diagnostics import Diagnostic, Severity
from penstock.engine.teststate import run_state
from penstock.errors import InvalidDefinition, ServiceError
from penstock.services.stepfunctions.state import Answer, Parameters, State, read_definition

MOST: Final = 100
"""Problems that are told at once (API reference)."""


def validate_state_machine_definition(state: State, given: Parameters) -> Answer:
    found = check(
        read_definition(given["definition"]),
        type=given.get("type", "STANDARD"),
        severity=Severity(given.get("severity", "ERROR")),
    )
    most = int(given.get("maxResults") or MOST)
    return {
        "result": "FAIL" if any(one.is_error for one in found) else "OK",
        "diagnostics": [_entry(one) for one in found[:most]],
        "truncated": len(found) > most,
    }


def _entry(problem: Diagnostic) -> Answer:
    answer: Answer = {"severity": str(problem.severity), "code": problem.code, "message": problem.message}
    if problem.location is not None:
        answer["location"] = problem.location
    return answer


def test_state(state: State, given: Parameters) -> Answer:
    """Waits take no time."""
    try:
        return run_state(
            dict(given),
            handlers=lambda _: state.handlers,
            machines=state.nested_elsewhere,
            skip_time=True,
            entropy=state.entropy,
            region=state.region,
            account=state.account,
            require_role=True,
        )
    except InvalidDefinition as error:
        raise ServiceError(str(error), code=error.code) from None
