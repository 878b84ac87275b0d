"""The recorded Lambdas as Python functions, from their declarations in lambda_behaviours.json."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.conformance import data
from tests.conformance.data import Case

Function = Callable[[Any, Any], Any]


def functions_of(case: Case) -> dict[str, Function]:
    """By ARN; only these exist."""
    declared = case.get("resources", {}).get("lambda", {})
    return {arn: function(data.behaviours()[one["behaviour_ref"]]) for arn, one in declared.items()}


def function(behaviour: dict[str, Any]) -> Function:
    match behaviour["behaviour"]:
        case "echo":
            return lambda event, context: event
        case "return":
            return lambda event, context: behaviour["value"]
        case "return_text_repeat":
            return lambda event, context: behaviour["char"] * behaviour["count"]
        case "format":
            return lambda event, context: behaviour["template"].format(event=event)
        case "raise":
            return _raising(behaviour["error_type"], behaviour["message"])
        case "sleep":
            return _sleeping(behaviour["seconds"], function(behaviour["then"]))
        case other:
            raise ValueError(f"no such behaviour: {other}")


def _raising(error_type: str, message: str) -> Function:
    known = {"Exception": Exception}
    cls = known.get(error_type) or type(error_type, (Exception,), {})

    def raises(event: Any, context: Any) -> Any:
        raise cls(message)

    return raises


def _sleeping(seconds: float, then: Function) -> Function:
    def sleeps(event: Any, context: Any) -> Any:
        time.sleep(seconds)
        return then(event, context)

    return sleeps
