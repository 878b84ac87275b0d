"""What JSONPath texts, intrinsic functions, templates and choice rules ask of the values they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from penstock.asl import intrinsics
from penstock.asl.model import And, Comparison, Not, Or, Test
from penstock.asl.paths import syntax
from penstock.asl.samples.values import (
    ONE,
    TEXT,
    TRUE,
    Hole,
    Items,
    Kind,
    Known,
    Record,
    Value,
    decoded,
    differ,
    element,
    expect,
    leave_out,
    overlaid,
    part,
    settle,
)
from penstock.asl.scope import SyntaxProblem
from penstock.jsontools import Json


@dataclass(frozen=True, slots=True)
class Frame:
    """What `$`, `$$` and `$name` mean in one place."""

    data: Value
    context: Value
    variables: Mapping[str, Value]

    def at(self, data: Value) -> Frame:
        return replace(self, data=data)


def follow(text: str, frame: Frame, *, make: bool = True) -> Value | None:
    """What a path or an intrinsic function gives."""
    try:
        if intrinsics.is_intrinsic(text):
            return _call(intrinsics.read_intrinsic(text), frame)
        return _follow(syntax.parse(text), frame, frame.data, make=make)
    except SyntaxProblem:
        return None  # the check tells the author


def result_at(text: str, data: Value, result: Value) -> Value:
    """`data` after ResultPath."""
    try:
        path = syntax.parse(text)
    except SyntaxProblem:
        return data
    names = [name for step in path.steps if isinstance(step, syntax.Property) for name in step.names]
    return overlaid(data, tuple(names), result) if len(names) == len(path.steps) else data


def template(value: Json, frame: Frame) -> Value:
    """A payload with its `.$` fields."""
    if isinstance(value, dict):
        own: dict[str, Value] = {}
        for key, inner in value.items():
            if key.endswith(".$") and isinstance(inner, str):
                found = follow(inner, frame)
                if found is not None:
                    own[key[:-2]] = found
            else:
                own[key] = template(inner, frame)
        return Record(own)
    if isinstance(value, list):
        return Items(tuple(template(each, frame) for each in value))
    return Known(value)


def _follow(path: syntax.Path, frame: Frame, here: Value, *, make: bool = True) -> Value | None:
    value: Value | None
    if path.root == "$":
        value = frame.data
    elif path.root == "$$":
        value = frame.context
    elif path.root == "@":
        value = here
    else:
        value = frame.variables.get(path.root)
    many = False
    for step in path.steps:
        if value is None:
            return None
        if isinstance(step, syntax.Property):
            if len(step.names) == 1:
                value = part(value, step.names[0], make=make)
            else:
                parts = {name: part(value, name, make=make) for name in step.names}
                value = Record({name: each for name, each in parts.items() if each is not None})
        elif isinstance(step, syntax.Indexes):
            for index in step.indexes:
                found = element(value, index)
            value = found
        elif isinstance(step, syntax.LengthIndex):
            value = element(value, 0)
        elif isinstance(step, syntax.Slice):
            value, many = element(value, step.start or 0), True
        elif isinstance(step, syntax.Wildcard):
            value, many = element(value), True
        elif isinstance(step, syntax.Filter):
            value, many = element(value), True
            if value is not None:
                _filter(step.test, frame, value)
        elif isinstance(step, syntax.Scan):
            many = True
        else:
            return _function(step, value)
    return Items((value,)) if many and value is not None else value


def _function(call: syntax.Call, value: Value) -> Value:
    if call.name in ("length", "size"):
        expect(value, "array")
        return ONE
    if call.name in ("min", "max", "avg", "sum", "stddev"):
        expect(element(value), "number")
        return ONE
    if call.name in ("first", "last", "index"):
        return element(value) or TEXT
    return value if call.name == "append" else Items((TEXT,))


def _filter(test: syntax.Test, frame: Frame, here: Value) -> None:
    if isinstance(test, syntax.AllOf | syntax.AnyOf):
        for each in test.tests:
            _filter(each, frame, here)
    elif isinstance(test, syntax.Exists):
        _follow(test.path, frame, here)
    elif isinstance(test, syntax.Compare):
        sides = [_operand(side, frame, here) for side in (test.left, test.right)]
        for one, other in (sides, reversed(sides)):
            if isinstance(other, Known):
                if test.operator in ("==", "==="):
                    settle(one, other.value)
                elif test.operator in ("<", "<=", ">", ">=") and isinstance(other.value, int | float):
                    settle(one, other.value + (1 if (test.operator[0] == ">") == (one is sides[0]) else -1))


def _operand(operand: syntax.Operand, frame: Frame, here: Value) -> Value | None:
    if isinstance(operand, syntax.Path):
        return _follow(operand, frame, here)
    return Known(operand.value) if isinstance(operand, syntax.Literal) else None


# -- intrinsic functions -----------------------------------------------------------------------------------------------

_FIRST: dict[str, Kind] = {
    "ArrayPartition": "array",
    "ArrayContains": "array",
    "ArrayRange": "number",
    "ArrayGetItem": "array",
    "ArrayLength": "array",
    "ArrayUnique": "array",
    "Base64Encode": "text",
    "Hash": "text",
    "JsonMerge": "object",
    "MathRandom": "number",
    "MathAdd": "number",
    "StringSplit": "text",
}
_SECOND: dict[str, Kind] = {
    "ArrayPartition": "number",
    "ArrayRange": "number",
    "ArrayGetItem": "number",
    "JsonMerge": "object",
    "MathAdd": "number",
    "StringSplit": "text",
}


def _call(call: intrinsics.Call, frame: Frame) -> Value:
    name = call.name.removeprefix("States.")
    given = [_argument(each, frame) for each in call.arguments]
    if len(given) > 1 and name == "Hash":
        settle(given[1], "SHA-256")
    elif len(given) > 1 and name == "MathRandom":
        settle(given[1], 100)  # above the start
    for value, kind in zip(given, (_FIRST.get(name), _SECOND.get(name)), strict=False):
        if kind is not None:
            expect(value, kind)
    first = given[0] if given else None
    match name:
        case "Format":
            settle(first, " ".join(["{}"] * (len(given) - 1)))
            return TEXT
        case "StringToJson":
            return decoded(first, "json")
        case "Base64Decode":
            return decoded(first, "base64")
        case "Array":
            return Items(tuple(TEXT if each is None else each for each in given))
        case "ArrayGetItem":
            at = given[1].value if len(given) > 1 and isinstance(given[1], Known) else 1
            return element(first, at if isinstance(at, int) else 1) or TEXT
        case "ArrayUnique":
            return first or Items((TEXT,))
        case "ArrayPartition":
            return Items((Items((element(first) or TEXT,)),))
        case "ArrayRange":
            return Items((ONE,))
        case "JsonMerge":
            return Record({}, first) if len(given) < 2 else _merged(first, given[1])
        case "StringSplit":
            return Items((TEXT,))
        case "ArrayLength" | "MathAdd" | "MathRandom":
            return ONE
        case "ArrayContains":
            return TRUE
    return TEXT


def _merged(left: Value | None, right: Value | None) -> Value:
    if isinstance(right, Record) and right.base is None:
        return Record(right.own, left)
    return Record(left.own if isinstance(left, Record) else {}, right)


def _argument(argument: intrinsics.Argument, frame: Frame) -> Value | None:
    if isinstance(argument, intrinsics.Call):
        return _call(argument, frame)
    if isinstance(argument, syntax.Path):
        return _follow(argument, frame, frame.data)
    return Known(argument.raw if isinstance(argument, intrinsics.Text) else argument.value)


# -- choice rules ------------------------------------------------------------------------------------------------------


def _leave_out(text: str, frame: Frame) -> None:
    try:
        path = syntax.parse(text)
    except SyntaxProblem:
        return
    *before, last = path.steps or (None,)
    if isinstance(last, syntax.Property):
        owner = _follow(replace(path, steps=tuple(each for each in before if each is not None)), frame, frame.data)
        for name in last.names:
            leave_out(owner, name)


_KINDS: tuple[tuple[str, Kind], ...] = (
    ("String", "text"),
    ("Numeric", "number"),
    ("Boolean", "boolean"),
    ("Timestamp", "time"),
)


def want(test: Test, frame: Frame, outcome: bool) -> None:
    """Settles what `test` reads so that it comes out as `outcome`, as far as nothing settled it before."""
    if isinstance(test, Not):
        want(test.rule, frame, not outcome)
    elif isinstance(test, Comparison):
        _want(test, frame, outcome)
    elif isinstance(test, And) == outcome:
        for rule in test.rules:
            want(rule, frame, outcome)
    else:
        # One rule is enough, and it should be one that leaves data as data mostly is: there, and not null.
        rules = sorted(test.rules, key=lambda rule: {outcome: 0, None: 1}.get(_usually(rule), 2))
        want(rules[0], frame, outcome)
        for rule in rules[1:]:
            if _usually(rule) is not None:
                want(rule, frame, _usually(rule) is True)


def _usually(test: Test) -> bool | None:
    """How a test comes out for data that is there and is not null; None where that is not enough to know."""
    if isinstance(test, Not):
        usual = _usually(test.rule)
        return None if usual is None else not usual
    if isinstance(test, Comparison):
        if test.operator in ("IsPresent", "IsNull"):
            return (test.operator == "IsPresent") == test.operand
        return None
    found = {_usually(rule) for rule in test.rules}
    decisive = isinstance(test, Or)
    return decisive if decisive in found else None if None in found else not decisive


def _want(test: Comparison, frame: Frame, outcome: bool) -> None:
    operator, operand = test.operator, test.operand
    if operator == "IsPresent":
        if outcome == operand:
            follow(test.variable, frame)
        else:
            _leave_out(test.variable, frame)
        return
    holds = outcome if not operator.startswith("Is") else outcome == operand
    value = follow(test.variable, frame)
    if operator.startswith("Is"):
        kind: Kind | None = next((kind for word, kind in _KINDS if operator == f"Is{word}"), None)
        if kind is None and operator == "IsNull":
            kind = "null"
        if kind is not None:
            if holds:
                expect(value, kind)
            elif kind != "null":
                settle(value, 1 if kind != "number" else "text")
        return
    if operator.endswith("Path") and isinstance(operand, str):
        operator = operator.removesuffix("Path")
        other = follow(operand, frame)
        operand = _common(operator, value, other)
        settle(other, operand)
    if operator == "StringMatches":
        if holds:
            settle(value, _matching(str(operand)))
        else:
            differ(value, _matching(str(operand)))
        return
    if not holds and operator.endswith("Equals") and "Than" not in operator:
        differ(value, operand)
    else:
        settle(value, _beside(operator, operand, holds))


def _common(operator: str, value: Value | None, other: Value | None) -> Json:
    for each in (other, value):
        if isinstance(each, Known):
            return each.value
        if isinstance(each, Hole) and isinstance(each.constant, str | int | float | bool):
            return each.constant
    if operator.startswith("Numeric"):
        return 10
    if operator.startswith("Boolean"):
        return True
    return "2030-01-01T00:00:00Z" if operator.startswith("Timestamp") else "text"


def _beside(operator: str, operand: Json, holds: bool) -> Json:
    """A value for which `operator` with `operand` comes out so."""
    if "Equals" in operator and holds:
        return operand
    # Strictly less or greater: what the operator says, or its opposite.
    down = ("Less" in operator) == holds
    if isinstance(operand, int | float):
        return operand - 1 if down else operand + 1
    if operator.startswith("Timestamp"):
        return "2000-01-01T00:00:00Z" if down else "2099-01-01T00:00:00Z"
    return "" if down else f"{operand}z"


def _matching(pattern: str) -> str:
    text: list[str] = []
    characters = iter(pattern)
    for character in characters:
        text.append(next(characters, "") if character == "\\" else "x" if character == "*" else character)
    return "".join(text)
