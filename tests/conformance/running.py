"""Running a definition through the public seam, as a user of the library does."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.conformance.functions import Function

ACCOUNT = "111111111111"
"""The recordings' account; the region is us-east-1."""
MACHINE = "machine"


@dataclass(frozen=True)
class Ran:
    status: str
    output: Any
    error: str | None
    cause: str | None
    events: list[dict[str, Any]]


def execute(
    definition: dict[str, Any],
    given: Any,
    *,
    kind: str = "STANDARD",
    functions: dict[str, Function] | None = None,
    mock: dict[str, Any] | None = None,
    name: str | None = None,
) -> Ran:
    """Runs to the end in virtual time. `mock` is a case's own: config, test_case, state_machine_name."""
    from penstock.asl.read import read_document
    from penstock.engine.driver import run
    from penstock.engine.program import compile_program
    from penstock.engine.tasks.functions import FunctionHandler

    reading = read_document(definition)
    if reading.machine is None:
        raise AssertionError(f"does not read: {[d.message for d in reading.diagnostics]}")
    program = compile_program(reading.machine)
    handlers: list[Any] = []
    machine = MACHINE
    if mock is not None:
        from penstock.engine.tasks.mocks import MockHandler

        machine = mock_machine(mock)
        handlers.append(MockHandler.from_config(mock["config"], machine, mock["test_case"]))
    handlers.append(FunctionHandler(functions or {}))
    try:
        result = run(
            program,
            given,
            handlers=handlers,
            skip_time=True,
            name=name,
            type=kind,
            machine_arn=f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{MACHINE}",
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/StepFunctions",
        )
        return Ran(result.status, result.output, result.error, result.cause, list(result.history))
    finally:
        for handler in handlers:
            handler.close()


def mock_machine(mock: dict[str, Any]) -> str:
    """The machine's name in the mock configuration: named by the case, else the only one."""
    return str(mock.get("state_machine_name") or next(iter(mock["config"]["StateMachines"])))


@cache
def jsonata_missing() -> str | None:
    """Why JSONata cannot be asked for yet, found out by trying; None once it works."""
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Output": "{% $states.input.x + 1 %}", "End": True}},
    }
    try:
        importlib.import_module("penstock.asl.jsonata")
    except ModuleNotFoundError:
        return "JSONata: Part 2"
    ran = execute(definition, {"x": 1})
    return None if ran.output == 2 else "JSONata: Part 2"


def uses_jsonata(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("QueryLanguage") == "JSONata" or any(uses_jsonata(v) for v in value.values())
    return isinstance(value, list) and any(uses_jsonata(v) for v in value)
