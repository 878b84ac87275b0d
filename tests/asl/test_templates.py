"""Payload templates: computed fields, shared constants, AWS's field names in causes."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.asl.templates import compile_template, is_constant
from penstock.clock import Entropy


class Here:
    context = {"Execution": {"Name": "run-1"}}
    variables = {"v": 4}
    entropy = Entropy(1)


def build(template: Any, data: Any) -> Any:
    return compile_template(template, field="Parameters")(data, Here())


def test_fields_are_computed_at_any_depth_in_order() -> None:
    template = {
        "z": 1,
        "a.$": "$.x",
        "deep": {"list": [{"b.$": "$.y[0]"}, {"c": "$.x"}], "n.$": "$$.Execution.Name"},
        "sum.$": "States.MathAdd($.x, 1)",
        "v.$": "$v",
    }
    found = build(template, {"x": 2, "y": [3]})
    assert found == {
        "z": 1,
        "a": 2,
        "deep": {"list": [{"b": 3}, {"c": "$.x"}], "n": "run-1"},
        "sum": 3,
        "v": 4,
    }
    assert list(found) == ["z", "a", "deep", "sum", "v"]


def test_what_does_not_change_is_shared() -> None:
    template = {"constant": {"big": [1, 2, 3]}, "x.$": "$.x"}
    compute = compile_template(template, field="Parameters")
    first: Any = compute({"x": 1}, Here())
    second: Any = compute({"x": 2}, Here())
    assert first["constant"] is second["constant"] is template["constant"]
    assert (first["x"], second["x"]) == (1, 2)


@pytest.mark.parametrize("template", [{}, [], "$.x", 1, None, {"a": {"b": ["$.x"]}}])
def test_a_template_without_computed_fields_is_its_own_value(template: Any) -> None:
    assert build(template, {"x": 1}) is template
    assert is_constant(template)


@pytest.mark.parametrize("count", range(1, 6))
def test_every_number_of_computed_fields(count: int) -> None:
    template = {f"k{i}.$": f"$.v{i}" for i in range(count)}
    assert build(template, {f"v{i}": i for i in range(count)}) == {f"k{i}": i for i in range(count)}


def test_a_miss_names_the_inner_field() -> None:
    with pytest.raises(EvaluationError) as caught:
        build({"outer": {"value.$": "$.x"}}, {"a": "é"})
    assert caught.value.error == "States.Runtime"
    assert (
        caught.value.cause
        == "The JSONPath '$.x' specified for the field 'value.$' could not be found in the input '{\"a\":\"é\"}'"
    )


@pytest.mark.parametrize(
    "template",
    [{"a.$": "x"}, {"a.$": 1}, {"a.$": None}, {"a.$": "States.Nope()"}, {"a": 1, "a.$": "$.x"}, [{"b": {"a.$": ""}}]],
)
def test_refuses(template: Any) -> None:
    with pytest.raises(SyntaxProblem):
        compile_template(template, field="Parameters")
