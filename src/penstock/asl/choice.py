"""Choice rules: a `Test` of the model as a function that says whether it holds.

A comparison whose value has the wrong type is false. A path that leads nowhere is an error (States.Runtime), except
for IsPresent; And and Or stop at the first rule that decides, so IsPresent can guard what follows it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from penstock.asl.model import And, Comparison, Not, Or, Test
from penstock.asl.paths import MISSING, compile_lookup, compile_path
from penstock.asl.scope import Compute, Scope, SyntaxProblem
from penstock.asl.timestamps import parse_timestamp
from penstock.jsontools import Json

Check: TypeAlias = Callable[[Json, Scope], bool]


def compile_test(test: Test) -> Check:
    """The test as a function of data and scope, which raises EvaluationError. Raises SyntaxProblem."""
    try:
        return _compile(test)
    except RecursionError:
        raise SyntaxProblem("The rule is nested too deeply.") from None


def _compile(test: Test) -> Check:
    if isinstance(test, Comparison):
        return _compile_comparison(test)
    if isinstance(test, Not):
        inner = _compile(test.rule)
        return lambda data, scope: not inner(data, scope)
    checks = [_compile(rule) for rule in test.rules]
    if isinstance(test, And):
        return _all(checks)
    assert isinstance(test, Or)
    return _any(checks)


def _all(checks: list[Check]) -> Check:
    if len(checks) == 2:
        first, second = checks
        return lambda data, scope: first(data, scope) and second(data, scope)

    def holds(data: Json, scope: Scope) -> bool:
        for check in checks:  # noqa: SIM110  (a generator costs twice as much, once per Choice rule)
            if not check(data, scope):
                return False
        return True

    return holds


def _any(checks: list[Check]) -> Check:
    def holds(data: Json, scope: Scope) -> bool:
        for check in checks:  # noqa: SIM110
            if check(data, scope):
                return True
        return False

    return holds


_RELATIONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}

_KINDS: Final = ("String", "Numeric", "Timestamp", "Boolean")

OPERATORS: Final = frozenset(
    {f"{kind}{relation}{form}" for kind in _KINDS[:3] for relation in _RELATIONS for form in ("", "Path")}
    | {"BooleanEquals", "BooleanEqualsPath", "StringMatches"}
    | {f"Is{what}" for what in ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp")}
)
"""The 39 comparison operators."""


def _compile_comparison(test: Comparison) -> Check:
    name, operand = test.operator, test.operand
    if name not in OPERATORS:
        raise SyntaxProblem(f"There is no comparison operator {name!r}.")
    if name == "IsPresent":
        lookup = compile_lookup(test.variable)
        wanted = operand is True
        return lambda data, scope: (lookup(data, scope) is not MISSING) is wanted
    get = compile_path(test.variable, field="Variable")
    if name.startswith("Is"):
        return _type_test(get, _TYPES[name], operand is True)
    if name == "StringMatches":
        return _string_matches(get, compile_pattern(operand if isinstance(operand, str) else ""))
    by_path = name.endswith("Path")
    plain = name.removesuffix("Path")
    kind = next(k for k in _KINDS if plain.startswith(k))
    relation = plain[len(kind) :]
    if by_path:
        if not isinstance(operand, str):
            raise SyntaxProblem(f"{name} needs a path.")
        return _against_path(kind, relation, get, compile_path(operand, field=name))
    return _against_constant(kind, relation, get, operand)


# -- comparisons --------------------------------------------------------------------------------------------------


def _against_constant(kind: str, relation: str, get: Compute, operand: Any) -> Check:
    other = _NORMAL[kind](operand)
    if other is None:
        # An operand of the wrong type is the checker's business; here nothing can compare with it.
        def never(data: Json, scope: Scope) -> bool:
            get(data, scope)
            return False

        return never
    if kind == "Numeric":
        return _NUMERIC[relation](get, other)
    if kind == "String" and relation == "Equals":
        return lambda data, scope: get(data, scope) == operand  # only a string equals a string
    if kind == "Boolean":
        return lambda data, scope: get(data, scope) is other
    normal, holds = _NORMAL[kind], _RELATIONS[relation]

    def check(data: Json, scope: Scope) -> bool:
        value = normal(get(data, scope))
        return value is not None and holds(value, other)

    return check


def _against_path(kind: str, relation: str, get: Compute, get_other: Compute) -> Check:
    normal, holds = _NORMAL[kind], _RELATIONS[relation]

    def check(data: Json, scope: Scope) -> bool:
        value, other = normal(get(data, scope)), normal(get_other(data, scope))
        return value is not None and other is not None and holds(value, other)

    return check


def _number(value: Any) -> int | float | None:
    return value if type(value) is int or type(value) is float else None


def _string(value: Any) -> str | bytes | None:
    """A key that orders as Java's compareTo does: by UTF-16 units."""
    if type(value) is not str:
        return None
    return value.encode("utf-16-be", "surrogatepass")


def _boolean(value: Any) -> bool | None:
    return value if type(value) is bool else None


def _timestamp(value: Any) -> int | None:
    return parse_timestamp(value) if type(value) is str else None


_NORMAL: Final[dict[str, Callable[[Any], Any]]] = {
    "Numeric": _number,
    "String": _string,
    "Boolean": _boolean,
    "Timestamp": _timestamp,
}


# Numeric tests guard most loops, so each relation has a closure of its own instead of a call through `operator`.


def _number_equals(get: Compute, other: Any) -> Check:
    def check(data: Json, scope: Scope) -> bool:
        value: Any = get(data, scope)
        return (type(value) is int or type(value) is float) and value == other

    return check


def _number_less(get: Compute, other: Any) -> Check:
    def check(data: Json, scope: Scope) -> bool:
        value: Any = get(data, scope)
        return (type(value) is int or type(value) is float) and value < other

    return check


def _number_less_equals(get: Compute, other: Any) -> Check:
    def check(data: Json, scope: Scope) -> bool:
        value: Any = get(data, scope)
        return (type(value) is int or type(value) is float) and value <= other

    return check


def _number_greater(get: Compute, other: Any) -> Check:
    def check(data: Json, scope: Scope) -> bool:
        value: Any = get(data, scope)
        return (type(value) is int or type(value) is float) and value > other

    return check


def _number_greater_equals(get: Compute, other: Any) -> Check:
    def check(data: Json, scope: Scope) -> bool:
        value: Any = get(data, scope)
        return (type(value) is int or type(value) is float) and value >= other

    return check


_NUMERIC: Final[dict[str, Callable[[Compute, Any], Check]]] = {
    "Equals": _number_equals,
    "LessThan": _number_less,
    "LessThanEquals": _number_less_equals,
    "GreaterThan": _number_greater,
    "GreaterThanEquals": _number_greater_equals,
}


# -- type tests ---------------------------------------------------------------------------------------------------

_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: type(value) is int or type(value) is float,
    "IsString": lambda value: type(value) is str,
    "IsBoolean": lambda value: type(value) is bool,
    "IsTimestamp": lambda value: type(value) is str and parse_timestamp(value) is not None,
}


def _type_test(get: Compute, has_type: Callable[[Any], bool], wanted: bool) -> Check:
    return lambda data, scope: has_type(get(data, scope)) is wanted


# -- StringMatches ------------------------------------------------------------------------------------------------


def _string_matches(get: Compute, pattern: Callable[[str], bool]) -> Check:
    def check(data: Json, scope: Scope) -> bool:
        value = get(data, scope)
        return type(value) is str and pattern(value)

    return check


def compile_pattern(text: str) -> Callable[[str], bool]:
    """A StringMatches pattern: `*` is any run of characters, `\\*` and `\\\\` are the characters themselves.

    The fixed parts are searched for one after the other, each at its leftmost place, which decides the match without
    ever going back.
    """
    pieces: list[str] = []
    current: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and text[position + 1 : position + 2] in ("*", "\\"):
            position += 1
            current.append(text[position])
        elif char == "*":
            pieces.append("".join(current))
            current = []
        else:
            current.append(char)
        position += 1
    pieces.append("".join(current))
    if len(pieces) == 1:
        exact = pieces[0]
        return lambda value: value == exact
    first, last = pieces[0], pieces[-1]
    middle = [piece for piece in pieces[1:-1] if piece]

    def matches(value: str) -> bool:
        if not value.startswith(first) or not value.endswith(last):
            return False
        start, end = len(first), len(value) - len(last)
        if end < start:
            return False
        for piece in middle:
            found = value.find(piece, start, end)
            if found < 0:
                return False
            start = found + len(piece)
        return True

    return matches
