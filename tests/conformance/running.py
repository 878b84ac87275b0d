"""Running a definition through the public seam, as a user of the library does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from tests.conformance.functions import Function
from tests.conformance.workers import Workers

import penstock
from penstock.config import AwsSettings, Settings
from penstock.errors import InvalidDefinition
from penstock.results import RunResult

ACCOUNT = "111111111111"
"""The recordings' account; the region is us-east-1."""


Kind = Literal["STANDARD", "EXPRESS"]


@dataclass(frozen=True)
class Ran:
    status: str
    output: Any
    error: str | None
    cause: str | None
    events: list[dict[str, Any]]
    result: RunResult


def execute(
    definition: dict[str, Any],
    given: Any,
    *,
    kind: Kind = "STANDARD",
    functions: dict[str, Function] | None = None,
    mock: dict[str, Any] | None = None,
    name: str | None = None,
    sync: bool = False,
    workers: Workers | None = None,
    machines: dict[str, Any] | None = None,
    endpoint_url: str | None = None,
) -> Ran:
    """Runs to the end in virtual time, by the call of the Python API. `mock` is a case's own: config, test_case,
    state_machine_name."""
    mocks: Any = None
    if mock is not None:
        mocks = {"config": mock["config"], "state_machine": mock_machine(mock), "case": mock["test_case"]}
        mocks["complete"] = True  # the recordings are AWS's own answers, their mocks are not whole
    result = penstock.run(
        definition,
        given,
        functions=functions or {},
        mocks=mocks,
        time="skip",
        type=kind,
        name=name,
        sync=sync,
        machines=machines,
        callbacks=None if workers is None else workers.callbacks,
        observer=None if workers is None else workers.observe,
        settings=Settings(aws=AwsSettings(account=ACCOUNT, endpoint_url=endpoint_url)),
    )
    return Ran(result.status, result.output, result.error, result.cause, result.history, result)


def execute_and_stop(definition: dict[str, Any], given: Any) -> Ran:
    """Runs in real time and stops as soon as the first state has been entered."""
    entered = threading.Event()

    def observe(event: Mapping[str, Any]) -> None:
        if event["type"].endswith("StateEntered"):
            entered.set()

    with penstock.start(definition, given, observer=observe) as handle:
        entered.wait(10)
        handle.stop()
        result = handle.result()
    return Ran(result.status, result.output, result.error, result.cause, result.history, result)


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
        ran = execute(definition, {"x": 1})
    except InvalidDefinition:
        return "JSONata: Part 2"
    return None if ran.output == 2 else "JSONata: Part 2"


def uses_jsonata(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("QueryLanguage") == "JSONata" or any(uses_jsonata(v) for v in value.values())
    return isinstance(value, list) and any(uses_jsonata(v) for v in value)
