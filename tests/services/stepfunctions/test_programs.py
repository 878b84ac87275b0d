"""Which definitions stay compiled, and which a thread that others wait for may compile."""

from __future__ import annotations

import json

import pytest

from penstock.engine.program import Program, compile_text
from penstock.services.stepfunctions import programs
from penstock.services.stepfunctions.programs import QUICK, Programs
from penstock.services.stepfunctions.service import StepFunctions

ROLE = "arn:aws:iam::123456789012:role/r"


def definition(comment: str) -> str:
    return json.dumps({"Comment": comment, "StartAt": "A", "States": {"A": {"Type": "Succeed"}}})


def test_those_that_were_used_last_are_kept() -> None:
    compiled: list[str] = []

    def compile_one(text: str) -> Program:
        compiled.append(text)
        return compile_text(text)

    kept = Programs(2, compile_one)
    a, b, c = map(definition, "abc")
    assert kept(a) is kept(a)
    for each in (b, a, c, a, c, b):
        kept(each)
    assert compiled == [a, b, c, b]


def test_long_ones_are_kept_as_long_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "CHARACTERS", 1000)
    compiled: list[str] = []

    def compile_one(text: str) -> Program:
        compiled.append(text)
        return compile_text(text)

    kept = Programs(10, compile_one)
    a, b, c, huge = (definition(letter * size) for letter, size in zip("abcd", (300, 300, 300, 2000), strict=True))
    for each in (a, b, a, c, b, huge, huge, a):
        kept(each)
    assert compiled == [a, b, c, b, huge, a]


def test_a_long_definition_is_compiled_where_nobody_waits() -> None:
    service = StepFunctions()
    long = definition("x" * QUICK)
    made = {"name": "m", "definition": long, "roleArn": ROLE}
    arn = service.call("CreateStateMachine", made)["stateMachineArn"]
    started = {"stateMachineArn": arn, "name": "n"}
    assert service.ask("StartExecution", started) is None  # a thread is to make the call
    assert service.call("StartExecution", started)["executionArn"].endswith(":m:n")
    assert service.ask("StartExecution", {**started, "name": "o"}) is not None  # now it is there
    service.close()
