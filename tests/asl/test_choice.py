"""Choice rules: comparisons, missing values, short circuits, patterns."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.asl.choice import OPERATORS, compile_pattern, compile_test
from penstock.asl.model import And, Comparison, Not, Or, Test
from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.clock import Entropy


class Here:
    context: dict[str, Any] = {}
    variables = {"guess": 5}
    entropy = Entropy(1)


def rule(operator: str, operand: Any, variable: str = "$.v") -> Comparison:
    return Comparison(variable=variable, operator=operator, operand=operand)


def holds(test: Test, data: Any) -> bool:
    return compile_test(test)(data, Here())


TRUE = [
    ("NumericEquals", 1, 1.0),
    ("NumericLessThan", 10, -1),
    ("NumericLessThanEquals", 10, 10),
    ("NumericGreaterThan", 1.5, 2),
    ("NumericGreaterThanEquals", 2, 2),
    ("StringEquals", "x", "x"),
    ("StringLessThan", "b", "a"),
    ("StringLessThanEquals", "b", "b"),
    ("StringGreaterThan", "a", "b"),
    ("StringGreaterThanEquals", "a", "a"),
    ("StringLessThan", "\ue000", "😀"),  # Java orders by UTF-16 units
    ("BooleanEquals", False, False),
    ("TimestampEquals", "2016-08-18T17:33:00Z", "2016-08-18T19:33:00.000+02:00"),
    ("TimestampLessThan", "2016-08-18T17:33:00Z", "2016-08-18T17:32:59.999Z"),
    ("TimestampLessThanEquals", "2016-08-18T17:33:00Z", "2016-08-18T17:33:00Z"),
    ("TimestampGreaterThan", "2016-08-18T17:33:00Z", "2016-08-18T17:33:00.000000001Z"),
    ("TimestampGreaterThanEquals", "2016-08-18T17:33:00Z", "2016-08-18T17:33:00Z"),
    ("StringMatches", "log-*.txt", "log-2020.txt"),
    ("IsNull", True, None),
    ("IsNull", False, 0),
    ("IsNumeric", True, 1.5),
    ("IsNumeric", False, True),
    ("IsString", True, ""),
    ("IsBoolean", True, False),
    ("IsTimestamp", True, "2016-08-18T17:33:00Z"),
    ("IsTimestamp", False, "2016-08-18 17:33:00Z"),
    ("IsPresent", True, None),
]


@pytest.mark.parametrize(("operator", "operand", "value"), TRUE)
def test_holds(operator: str, operand: Any, value: Any) -> None:
    assert holds(rule(operator, operand), {"v": value})
    if operator + "Path" in OPERATORS:
        assert holds(rule(operator + "Path", "$.other"), {"v": value, "other": operand})


@pytest.mark.parametrize(
    "operator", sorted(op for op in OPERATORS if not op.startswith("Is") and not op.endswith("Path"))
)
@pytest.mark.parametrize("value", [None, {}, [], [1], {"a": 1}])
def test_the_wrong_type_never_holds(operator: str, value: Any) -> None:
    kind = operator.split("Equals")[0]
    operand: Any = 1 if kind.startswith("Num") else True if kind == "Boolean" else "2016-08-18T17:33:00Z"
    assert not holds(rule(operator, operand), {"v": value})
    if operator + "Path" in OPERATORS:
        assert not holds(rule(operator + "Path", "$.other"), {"v": operand, "other": value})


def test_true_is_no_number_and_one_no_boolean() -> None:
    assert not holds(rule("NumericEquals", 1), {"v": True})
    assert not holds(rule("BooleanEquals", True), {"v": 1})


def test_there_are_39_operators() -> None:
    assert len(OPERATORS) == 39


@pytest.mark.parametrize("operator", sorted(OPERATORS - {"IsPresent"}))
def test_a_missing_variable_is_an_error(operator: str) -> None:
    operand: Any = "$.other" if operator.endswith("Path") else True if operator.startswith("Is") else "x"
    with pytest.raises(EvaluationError) as caught:
        holds(rule(operator, operand), {"other": 1})
    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == "Invalid path '$.v': The choice state's condition path references an invalid value."


def test_a_missing_operand_is_an_error_too() -> None:
    with pytest.raises(EvaluationError, match=r"Invalid path '\$\.other'"):
        holds(rule("NumericEqualsPath", "$.other"), {"v": 1})


def test_is_present_guards_what_follows() -> None:
    guarded = And(rules=(rule("IsPresent", True), rule("NumericGreaterThan", 1)))
    assert not holds(guarded, {})
    assert holds(guarded, {"v": 2})
    assert holds(Or(rules=(rule("IsPresent", False), rule("NumericGreaterThan", 1))), {})
    assert not holds(rule("IsPresent", False), {"v": None})
    three = And(rules=(rule("IsPresent", True), rule("NumericGreaterThan", 1), Not(rule=rule("NumericEquals", 7))))
    assert [holds(three, {"v": v}) for v in (0, 2, 7)] == [False, True, False]


def test_variables_can_be_tested() -> None:
    assert holds(rule("NumericEquals", 5, variable="$guess"), {})


@pytest.mark.parametrize("test", [rule("NumericIs", 1), rule("NumericEquals", 1, "v"), rule("NumericEqualsPath", 1)])
def test_refuses(test: Test) -> None:
    with pytest.raises(SyntaxProblem):
        compile_test(test)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True), ("a*", "a", True), ("a*b*c", "a123b45c", True), ("a*b*c", "acb", False), ("*.log", "zebra.log", True),
        ("foo*.log", "foo.log", True), ("a*a", "a", False), ("ab*ba", "aba", False), (r"\*", "*", True), (r"\*", "x", False),
        (r"a\\*", "a\\x", True), (r"a\x", "a\\x", True), ("", "", True), ("", "x", False), ("**", "x", True), ("a[b]?", "a[b]?", True),
    ],
)  # fmt: skip
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern)(text) is expected


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=10))
def test_patterns_match_what_globs_match(pattern: str, text: str) -> None:
    assert compile_pattern(pattern)(text) is fnmatch.fnmatchcase(text, pattern)


def test_a_hostile_pattern_is_linear() -> None:
    assert not compile_pattern("a*" * 2_000 + "b")("a" * 200_000)


def test_rules_nested_too_deeply_are_refused() -> None:
    test: Test = rule("IsPresent", True)
    for _ in range(2_000):
        test = And(rules=(Not(rule=test),))
    with pytest.raises(SyntaxProblem):
        compile_test(test)
