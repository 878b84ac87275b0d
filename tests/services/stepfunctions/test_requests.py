"""Requests made from the service's own model, most of them nonsense: each gets an answer or a refusal, never a fault."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

import pytest

from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions
from penstock.services.stepfunctions.model import input_shape, operations

PREFIX = "arn:aws:states:us-east-1:123456789012"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
MACHINE = {"name": "m", "definition": PASS, "roleArn": "arn:r", "publish": True}
ARNS = [
    *(f"{PREFIX}:{rest}" for rest in ("stateMachine:m", "stateMachine:m:1", "stateMachine:m:a", "stateMachine:m/L")),
    *(f"{PREFIX}:{rest}" for rest in ("execution:m:e", "activity:a", "mapRun:m/L:x")),
    *("arn:", "arn:a:b:c:d:e:f", "arn:aws:states:::stateMachine:", "arn:aws:states:::mapRun:m"),
]
ODD: list[Any] = [None, 1, -1, 1.5, float("inf"), float("nan"), "", [], {}, True, "\ud800", "x" * 3000]
TEXTS = {
    "definition": [PASS, PASS, "{}", "[]", "1", '{"Type":"Pass","End":true}', '{"StartAt":1,"States":[]}', '"x"'],
    "name": ["m", "e", "a", "1", "x y", "é", "\x00"],
    "json": ["{}", "1", "{", '"\\ud800"', "[[[[]]]]", "1e999"],
}


def value_of(draw: random.Random, shape: Any, name: str) -> Any:
    if draw.random() < 0.04:
        return draw.choice(ODD)
    kind = shape.type_name
    if kind == "structure":
        members = shape.members.items()
        return {n: value_of(draw, m, n) for n, m in members if n in shape.required_members or draw.random() < 0.4}
    if kind == "list":
        return [value_of(draw, shape.member, name) for _ in range(draw.randrange(3))]
    if kind == "boolean":
        return draw.random() < 0.5
    if kind != "string":
        return draw.choice([0, 1, 2, 50, 100, 1000])
    if "enum" in shape.metadata:
        return draw.choice(shape.metadata["enum"])
    if name.endswith(("rn", "Arn")):
        return draw.choice(ARNS)
    known = "json" if name in ("input", "output", "variables", "context", "result") else name
    return draw.choice(TEXTS.get(known, ["", "a", "m", "\ud800", "é" * 90]))


@pytest.mark.parametrize("operation", sorted(operations()))
def test_nonsense_is_answered_or_refused(operation: str) -> None:
    draw = random.Random(operation)
    service = StepFunctions(poll_seconds=0.0)
    try:
        service.call("CreateActivity", {"name": "a"})
        for _ in range(500):
            with suppress(ServiceError):
                service.call("CreateStateMachine", MACHINE)
            with suppress(ServiceError):
                service.call(operation, value_of(draw, input_shape(operation), ""))
    finally:
        service.close()
