"""What a Choice decides by."""

from __future__ import annotations

from penstock.asl.model import And, Comparison, Not, Or, Test
from penstock.jsontools import Json
from penstock.sfn.problems import Wrong
from penstock.sfn.values import JSONATA, JSONPATH, expression, path_text, shown, told


class Condition:
    """A comparison, or several joined; a JSONata expression."""

    def __init__(self, test: Test | None = None, jsonata: str | bool | None = None) -> None:
        self._test = test
        self._jsonata = jsonata

    @property
    def language(self) -> str:
        return JSONATA if self._test is None else JSONPATH

    def render_condition(self) -> dict[str, Json]:
        """The rule as the States Language writes it, without its Next."""
        from penstock.asl.model import ChoiceRule
        from penstock.asl.write import rule_to_document

        if self._test is None:
            return {"Condition": self._jsonata}
        return rule_to_document(ChoiceRule(test=self._test))

    @staticmethod
    def jsonata(condition: str) -> Condition:
        """An expression that gives true or false."""
        return Condition(jsonata=expression(condition))

    # -- joined

    @staticmethod
    def and_(*conditions: Condition) -> Condition:
        return Condition(And(rules=_tests(conditions, "and_")))

    @staticmethod
    def or_(*conditions: Condition) -> Condition:
        return Condition(Or(rules=_tests(conditions, "or_")))

    @staticmethod
    def not_(condition: Condition) -> Condition:
        return Condition(Not(rule=_tests((condition,), "not_")[0]))

    def __and__(self, other: Condition) -> Condition:
        return Condition.and_(self, other)

    def __or__(self, other: Condition) -> Condition:
        return Condition.or_(self, other)

    def __invert__(self) -> Condition:
        return Condition.not_(self)

    def __bool__(self) -> bool:
        raise told(
            Wrong(
                "PS720",
                "a Condition is neither true nor false before the machine runs",
                help="join conditions with & and |, or with Condition.and_ and Condition.or_",
            )
        )

    # -- what is there

    @staticmethod
    def is_present(variable: str) -> Condition:
        return _flag(variable, "IsPresent", True)

    @staticmethod
    def is_not_present(variable: str) -> Condition:
        return _flag(variable, "IsPresent", False)

    @staticmethod
    def is_null(variable: str) -> Condition:
        return _flag(variable, "IsNull", True)

    @staticmethod
    def is_not_null(variable: str) -> Condition:
        return _flag(variable, "IsNull", False)

    @staticmethod
    def is_string(variable: str) -> Condition:
        return _flag(variable, "IsString", True)

    @staticmethod
    def is_not_string(variable: str) -> Condition:
        return _flag(variable, "IsString", False)

    @staticmethod
    def is_numeric(variable: str) -> Condition:
        return _flag(variable, "IsNumeric", True)

    @staticmethod
    def is_not_numeric(variable: str) -> Condition:
        return _flag(variable, "IsNumeric", False)

    @staticmethod
    def is_boolean(variable: str) -> Condition:
        return _flag(variable, "IsBoolean", True)

    @staticmethod
    def is_not_boolean(variable: str) -> Condition:
        return _flag(variable, "IsBoolean", False)

    @staticmethod
    def is_timestamp(variable: str) -> Condition:
        return _flag(variable, "IsTimestamp", True)

    @staticmethod
    def is_not_timestamp(variable: str) -> Condition:
        return _flag(variable, "IsTimestamp", False)

    # -- booleans

    @staticmethod
    def boolean_equals(variable: str, value: bool) -> Condition:
        return _compare(variable, "BooleanEquals", value, bool)

    @staticmethod
    def boolean_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "BooleanEqualsPath", value)

    # -- texts

    @staticmethod
    def string_equals(variable: str, value: str) -> Condition:
        return _compare(variable, "StringEquals", value, str)

    @staticmethod
    def string_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "StringEqualsPath", value)

    @staticmethod
    def string_less_than(variable: str, value: str) -> Condition:
        return _compare(variable, "StringLessThan", value, str)

    @staticmethod
    def string_less_than_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "StringLessThanPath", value)

    @staticmethod
    def string_less_than_equals(variable: str, value: str) -> Condition:
        return _compare(variable, "StringLessThanEquals", value, str)

    @staticmethod
    def string_less_than_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "StringLessThanEqualsPath", value)

    @staticmethod
    def string_greater_than(variable: str, value: str) -> Condition:
        return _compare(variable, "StringGreaterThan", value, str)

    @staticmethod
    def string_greater_than_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "StringGreaterThanPath", value)

    @staticmethod
    def string_greater_than_equals(variable: str, value: str) -> Condition:
        return _compare(variable, "StringGreaterThanEquals", value, str)

    @staticmethod
    def string_greater_than_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "StringGreaterThanEqualsPath", value)

    @staticmethod
    def string_matches(variable: str, value: str) -> Condition:
        """`*` stands for any text; `\\*` is a star."""
        return _compare(variable, "StringMatches", value, str)

    # -- numbers

    @staticmethod
    def number_equals(variable: str, value: float) -> Condition:
        return _compare(variable, "NumericEquals", value, (int, float))

    @staticmethod
    def number_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "NumericEqualsPath", value)

    @staticmethod
    def number_less_than(variable: str, value: float) -> Condition:
        return _compare(variable, "NumericLessThan", value, (int, float))

    @staticmethod
    def number_less_than_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "NumericLessThanPath", value)

    @staticmethod
    def number_less_than_equals(variable: str, value: float) -> Condition:
        return _compare(variable, "NumericLessThanEquals", value, (int, float))

    @staticmethod
    def number_less_than_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "NumericLessThanEqualsPath", value)

    @staticmethod
    def number_greater_than(variable: str, value: float) -> Condition:
        return _compare(variable, "NumericGreaterThan", value, (int, float))

    @staticmethod
    def number_greater_than_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "NumericGreaterThanPath", value)

    @staticmethod
    def number_greater_than_equals(variable: str, value: float) -> Condition:
        return _compare(variable, "NumericGreaterThanEquals", value, (int, float))

    @staticmethod
    def number_greater_than_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "NumericGreaterThanEqualsPath", value)

    # -- instants, as RFC 3339 texts

    @staticmethod
    def timestamp_equals(variable: str, value: str) -> Condition:
        return _compare(variable, "TimestampEquals", value, str)

    @staticmethod
    def timestamp_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "TimestampEqualsPath", value)

    @staticmethod
    def timestamp_less_than(variable: str, value: str) -> Condition:
        return _compare(variable, "TimestampLessThan", value, str)

    @staticmethod
    def timestamp_less_than_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "TimestampLessThanPath", value)

    @staticmethod
    def timestamp_less_than_equals(variable: str, value: str) -> Condition:
        return _compare(variable, "TimestampLessThanEquals", value, str)

    @staticmethod
    def timestamp_less_than_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "TimestampLessThanEqualsPath", value)

    @staticmethod
    def timestamp_greater_than(variable: str, value: str) -> Condition:
        return _compare(variable, "TimestampGreaterThan", value, str)

    @staticmethod
    def timestamp_greater_than_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "TimestampGreaterThanPath", value)

    @staticmethod
    def timestamp_greater_than_equals(variable: str, value: str) -> Condition:
        return _compare(variable, "TimestampGreaterThanEquals", value, str)

    @staticmethod
    def timestamp_greater_than_equals_json_path(variable: str, value: str) -> Condition:
        return _with_path(variable, "TimestampGreaterThanEqualsPath", value)


def _variable(variable: object) -> str:
    try:
        return path_text(variable, "variable")
    except Wrong as wrong:
        raise told(wrong) from None


def _flag(variable: str, operator: str, value: bool) -> Condition:
    return Condition(Comparison(variable=_variable(variable), operator=operator, operand=value))


def _with_path(variable: str, operator: str, value: str) -> Condition:
    return Condition(Comparison(variable=_variable(variable), operator=operator, operand=_variable(value)))


def _compare(variable: str, operator: str, value: Json, kind: type | tuple[type, ...]) -> Condition:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {bool: "true or false", str: "a text"}.get(kind, "a number") if isinstance(kind, type) else "a number"
        raise told(Wrong("PS720", f"{operator} compares with {words}, not with {shown(value)}", help=f"give {words}"))
    if getattr(value, "text", None) is not None:
        raise told(
            Wrong(
                "PS720",
                f"{operator} compares with a fixed value, and {shown(value)} is known only when the machine runs",
                help="use the form that ends in _json_path",
            )
        )
    return Condition(Comparison(variable=_variable(variable), operator=operator, operand=value))


def _tests(conditions: tuple[Condition, ...], what: str) -> tuple[Test, ...]:
    found: list[Test] = []
    for each in conditions:
        if not isinstance(each, Condition):
            raise told(Wrong("PS720", f"{what} joins Conditions, not {shown(each)}", help="Condition.string_equals(…)"))
        if each._test is None:
            raise told(
                Wrong(
                    "PS725",
                    "a JSONata condition cannot be joined with others",
                    help="write one expression: '{% $states.input.a and $states.input.b %}'",
                )
            )
        found.append(each._test)
    return tuple(found)
