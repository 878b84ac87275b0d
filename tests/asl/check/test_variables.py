"""Variables: names, scopes, and what a distributed Map's children cannot see."""

from typing import Any

import pytest
from tests.asl.check.support import SCHEMA, found, mapped, one, schema


def assigning(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Assign": {name: 1}, "End": True, **fields}


@pytest.mark.parametrize("name", ["a", "_a", "größe", "變數", "A1_b", "x" * 80])
def test_names_that_are_identifiers(name: str) -> None:
    assert found(one(assigning(name))) == []


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("states", "RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'."),
        ("states.$", "RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'."),
        ("a-b", "INVALID_VARIABLE_NAME", "Invalid variable name 'a-b': the variable name contains invalid characters."),
        ("1a", "INVALID_VARIABLE_NAME", "Invalid variable name '1a': the variable name contains invalid characters."),
        ("", "INVALID_VARIABLE_NAME", "Invalid variable name '': the variable name is empty."),
        (
            "x" * 81,
            "INVALID_VARIABLE_NAME",
            f"Invalid variable name '{'x' * 81}': the variable name exceeds the 80-character limit.",
        ),
    ],
)
def test_names_that_are_not(name: str, code: str, message: str) -> None:
    value = "$.x" if name.endswith(".$") else 1
    definition = one({"Type": "Pass", "Assign": {name: value}, "End": True})
    assert found(definition) == [(code, message, f"/States/X/Assign/{name}")]


def inside(state: dict[str, Any], *, distributed: bool = False) -> dict[str, Any]:
    """A machine that assigns `v`, then maps over `state`."""
    inner = mapped(distributed=distributed)
    inner["ItemProcessor"]["States"] = {"I": state}
    first = {"Type": "Pass", "Assign": {"v": 1}, "Next": "M"}
    return {"StartAt": "A", "States": {"A": first, "M": inner}}


def test_an_inner_scope_leaves_outer_names_alone() -> None:
    words = "Variable 'v' is assigned in an outer scope, and cannot be assigned in an inner one"
    assert found(inside(assigning("v"))) == [(SCHEMA, words, "/States/M/ItemProcessor/States/I/Assign/v")]
    assert found(inside(assigning("w"))) == []


def test_sides_may_use_the_same_name() -> None:
    branches = [{"StartAt": n, "States": {n: assigning("v")}} for n in ("B", "C")]
    assert found(one({"Type": "Parallel", "Branches": branches, "Assign": {"w": 1}, "End": True})) == []


def test_an_inner_scope_reads_outer_names() -> None:
    assert found(inside({"Type": "Pass", "InputPath": "$v.x", "End": True})) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"InputPath": "$v"},
        {"Parameters": {"a": {"b.$": "$v.c"}}},
        {"Parameters": {"a.$": "States.Format('{}', $v)"}},
    ],
)
def test_children_of_a_distributed_map_do_not(fields: dict[str, Any]) -> None:
    problems = found(inside({"Type": "Pass", "End": True, **fields}, distributed=True))
    assert [message for _, message, _ in problems] == [
        "Variable 'v' of the parent execution cannot be referenced inside a distributed Map"
    ]


def test_children_of_a_distributed_map_have_names_of_their_own() -> None:
    assert found(inside({**assigning("v"), "OutputPath": "$v"}, distributed=True)) == []
    assert found(inside({"Type": "Pass", "Parameters": {"a": "$v"}, "End": True}, distributed=True)) == []


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
@pytest.mark.parametrize("value", ["{% {'v': 1} %}", [], None])
def test_names_are_not_computed(language: str, value: Any) -> None:
    # Developer Guide, "Passing data between states with variables": Assign is a JSON object.
    state = {"Type": "Pass", "QueryLanguage": language, "Assign": value, "End": True}
    assert schema(one(state)) == [("Expected value of type [OBJECT]", "/States/X/Assign")]
