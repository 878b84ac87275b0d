"""Running real machines on generated data: their substitutions are filled in, `penstock.asl.samples` makes the rest."""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.data import Case
from tests.conformance.running import ACCOUNT, Kind

import penstock
from penstock.asl.samples import CASE, Way, samples
from penstock.results import RunResult

WAYS: tuple[Way, ...] = ("full", "end", "first", "default")

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_NUMBERS = frozenset(
    (
        "Seconds",
        "TimeoutSeconds",
        "HeartbeatSeconds",
        "MaxConcurrency",
        "MaxItems",
        "MaxItemsPerBatch",
        "MaxAttempts",
        "IntervalSeconds",
        "ToleratedFailurePercentage",
        "ToleratedFailureCount",
    )
)
_TEXTS = {
    "LambdaParameters": '{"a": 1}',  # the machine parses it
    "GetCurrentCommittedOpportunities": "SELECT '{}'",  # and formats this with one argument
}


def filled(value: Any, key: str = "") -> Any:
    """A definition with its `${…}` as a deployment might have them."""
    if isinstance(value, dict):
        return {_in_text(name): filled(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(each, key) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole and key in _NUMBERS:
        return 5
    if whole and key == "Resource":
        name = _plain(whole[1])
        if "activity" in whole[1].lower():
            return f"arn:aws:states:us-east-1:{ACCOUNT}:activity:{name}"
        if name.startswith("DDB"):  # a SAM template maps these to calls of DynamoDB
            return f"arn:aws:states:::aws-sdk:dynamodb:{name[3].lower()}{name[4:]}"
        return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    return _in_text(value)


def _in_text(text: str) -> str:
    return _PLACEHOLDER.sub(lambda found: _value(found[1]), text)


def _value(name: str) -> str:
    lowered = name.lower()
    for word, value in (("partition", "aws"), ("region", "us-east-1"), ("account", ACCOUNT)):
        if word in lowered and "lambda" not in lowered:
            return value
    return _TEXTS.get(name, _plain(name))


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def run_all_ways(case: Case) -> list[RunResult]:
    """One execution for each way that choices can lead; raises what the engine raises."""
    definition = filled(case["definition"])
    kind: Kind = "EXPRESS" if case["machine_type"] == "EXPRESS" else "STANDARD"
    machine = penstock.load(definition)
    results = []
    for way in WAYS:
        made = samples(machine.definition, way=way)
        mocks = {"config": made.mock_config("machine"), "state_machine": "machine", "case": CASE}
        results.append(penstock.run(machine, made.input, mocks=mocks, objects=made.objects, time="skip", type=kind))
    return results
