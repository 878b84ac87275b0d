"""Which machines a server's request thread may run: nothing that could keep it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.asl.read import read
from penstock.engine.brief import CHARACTERS, STATES, is_brief
from penstock.engine.program import compile_text

END: dict[str, Any] = {"Type": "Pass", "End": True}


def brief(states: dict[str, Any], start: str = "A", **more: Any) -> bool:
    text = json.dumps({"StartAt": start, "States": states, **more})
    machine = read(text, format="json").machine
    assert machine is not None
    assert compile_text(text).brief == is_brief(machine, text)
    return is_brief(machine, text)


def choice(*targets: str, default: str) -> dict[str, Any]:
    rules = [{"Variable": "$.x", "NumericEquals": i, "Next": name} for i, name in enumerate(targets)]
    return {"Type": "Choice", "Choices": rules, "Default": default}


def test_what_is_plainly_short() -> None:
    assert brief({"A": END})
    assert brief({"A": {"Type": "Wait", "Seconds": 5, "Next": "B"}, "B": {"Type": "Succeed"}})
    assert brief({"A": choice("B", "C", default="C"), "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Fail"}})
    assert brief({"A": {"Type": "Pass", "Parameters": {"a.$": "$.b[0].c"}, "ResultPath": "$.d", "End": True}})


@pytest.mark.parametrize(
    "states",
    [
        {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {}, "End": True}},
        {"A": {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": END}}, "End": True}},
        {"A": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": END}}], "End": True}},
        {"A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $sum([1..1000]) %}", "End": True}},
        {"A": {"Type": "Pass", "Parameters": {"a.$": "States.ArrayRange(0, 900, 1)"}, "End": True}},
        {"A": {"Type": "Pass", "InputPath": "$..a", "End": True}},
        {"A": {"Type": "Pass", "InputPath": "$.a[*]", "End": True}},
        {"A": {"Type": "Pass", "InputPath": "$.a[?(@.b > 1)]", "End": True}},
    ],
)
def test_what_could_take_long(states: dict[str, Any]) -> None:
    assert not brief(states)


def test_many_references_and_long_texts() -> None:
    assert not brief({"A": {"Type": "Pass", "Parameters": {f"{i}.$": "$" for i in range(STATES + 1)}, "End": True}})
    assert not brief({"A": {"Type": "Pass", "Result": "x" * CHARACTERS, "End": True}})


def test_an_escape_hides_nothing() -> None:
    text = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.a[?(@.b > 1)]", "End": True}}})
    text = text.replace("?", "\\u003f")
    machine = read(text, format="json").machine
    assert machine is not None
    assert not is_brief(machine, text)


def test_loops_and_many_states() -> None:
    assert not brief({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Wait", "Seconds": 0, "Next": "A"}})
    assert not brief({"A": choice("A", default="B"), "B": END})
    assert not brief({"A": choice("B", default="A"), "B": END})
    chain = {f"S{i}": {"Type": "Pass", "Next": f"S{i + 1}"} for i in range(STATES - 1)}
    assert brief({**chain, f"S{STATES - 1}": END}, "S0")
    assert not brief({**chain, f"S{STATES - 1}": {"Type": "Pass", "Next": "Z"}, "Z": END}, "S0")
