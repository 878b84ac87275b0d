"""Reading Choice rules: the one part of the language whose objects are told apart by the fields they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.asl import schema
from penstock.asl.model import UNSET, And, ChoiceRule, Comparison, Not, Or
from penstock.asl.payloads import check_expressions, is_expression, looks_dynamic
from penstock.asl.problems import SCHEMA, Place, Problem
from penstock.asl.schema import JSONATA, JSONPATH
from penstock.asl.syntax import reference_fault
from penstock.asl.timestamps import parse_timestamp

if TYPE_CHECKING:
    from penstock.asl.shape import Walk

MAX_RULE_DEPTH = 100

Part: TypeAlias = tuple[str | None, Callable[..., Any], str | None, type | None]

_SELECTORS = ("And", "Or", "Not", "Variable", "Condition")
_TOP = frozenset({*_SELECTORS, "Next", "Assign", "Output", "Comment", *schema.OPERATORS})
_INNER = frozenset({*_SELECTORS, "Comment", *schema.OPERATORS})
_ONLY_JSONPATH = frozenset({"And", "Or", "Not", "Variable", *schema.OPERATORS})
_ONLY_JSONATA = frozenset({"Condition", "Output"})
_OPERATORS = schema.OPERATORS


def read_rule(walk: Walk, raw: Any, place: Place, language: str, parts: Mapping[str, Part]) -> Any:
    """One entry of Choices as a ChoiceRule; UNSET where it cannot be built. `parts` reads the fields it has in common
    with a catcher."""
    if type(raw) is not dict:
        return walk.wrong_type("[OBJECT]", place)
    mark = len(walk.problems)
    own = _unfit(raw, place, language, _TOP, free=walk.free)
    if "Next" not in raw:
        own.append(Problem(SCHEMA, "These fields are required: [Next]", place, focus="key"))
    values: dict[str, Any] = {}
    for key in ("Next", "Assign", "Output", "Comment"):
        if key in raw:
            attribute, reader, only, _ = parts[key]
            assert attribute is not None
            values[attribute] = reader(walk, raw[key], place, key, only or language)
    if "Condition" in raw:
        condition = values["condition"] = raw["Condition"]
        if type(condition) is not bool and not is_expression(condition):
            walk.fault("JSONata string must start with {% and end with %}", (place, "Condition"))
        else:
            check_expressions(walk, condition, (place, "Condition"))
    if language == JSONPATH or any(key in raw for key in _ONLY_JSONPATH):
        test = _read_test(walk, raw, place, own, 0)
        if test is not UNSET:
            values["test"] = test
    elif "Condition" not in raw:
        own.append(Problem(SCHEMA, "These fields are required: [Condition]", place, focus="key"))
    if own:
        walk.problems[mark:mark] = own
    return ChoiceRule(**values) if walk.sound else UNSET


def _unfit(raw: dict[str, Any], place: Place, language: str, known: frozenset[str], *, free: bool) -> list[Problem]:
    found = []
    for key in raw:
        at: Place = (place, key)
        if key not in known:
            found.append(Problem(SCHEMA, f"Field '{key}' is not supported", place, focus="key", at=at))
        elif free:
            continue
        elif (key in _ONLY_JSONATA and language == JSONPATH) or (key in _ONLY_JSONPATH and language == JSONATA):
            other = JSONATA if language == JSONPATH else JSONPATH
            words = f"The QueryLanguage is set to '{language}', but field '{key}' is only supported for the '{other}' QueryLanguage"
            found.append(Problem(SCHEMA, words, place, focus="key", at=at))
    return found


def _read_test(walk: Walk, raw: dict[str, Any], place: Place, own: list[Problem], depth: int) -> Any:
    chosen = [key for key in _SELECTORS if key in raw]
    if len(chosen) != 1:
        words = f"The object must have only one of the following fields, [{', '.join(_SELECTORS)}]"
        own.append(Problem(SCHEMA, words, place, focus="key"))
        if not chosen:
            walk.sound = False
            return UNSET
    key = chosen[0]
    if key == "Variable":
        return _comparison(walk, raw, place, own)
    if key == "Condition":
        walk.sound = walk.sound and depth == 0  # inside And, Or and Not the model has no place for one
        return UNSET
    if depth >= MAX_RULE_DEPTH:
        walk.fault(f"Rules may be nested {MAX_RULE_DEPTH} deep at most.", place, code="TOO_DEEPLY_NESTED")
        walk.sound = False
        return UNSET
    if key == "Not":
        inner = _inner(walk, raw[key], (place, key), depth)
        return Not(rule=inner) if walk.sound else UNSET
    rules = raw[key]
    if type(rules) is not list:
        return walk.wrong_type("[ARRAY]", (place, key))
    if not rules:
        walk.fault("Value cannot be empty", (place, key))
    tests = tuple(_inner(walk, rule, ((place, key), index), depth) for index, rule in enumerate(rules))
    if not walk.sound:
        return UNSET
    return And(rules=tests) if key == "And" else Or(rules=tests)


def _inner(walk: Walk, raw: Any, place: Place, depth: int) -> Any:
    if type(raw) is not dict:
        return walk.wrong_type("[OBJECT]", place)
    mark = len(walk.problems)
    own = _unfit(raw, place, JSONPATH, _INNER, free=walk.free)
    test = _read_test(walk, raw, place, own, depth + 1)
    if own:
        walk.problems[mark:mark] = own
    return test


def _comparison(walk: Walk, raw: dict[str, Any], place: Place, own: list[Problem]) -> Any:
    operators = [key for key in raw if key in _OPERATORS]
    if len(operators) != 1:
        names = ", ".join(_OPERATORS)
        start = "There should only be" if operators else "This object should have only"
        own.append(Problem(SCHEMA, f"{start} one of the following fields: [{names}]", place, focus="key"))
        if not operators:
            walk.sound = False
            return UNSET
    operator = operators[0]
    variable, operand = raw["Variable"], raw[operator]
    if type(variable) is not str:
        return walk.wrong_type("[STRING]", (place, "Variable"))
    problem = reference_fault(variable)
    if problem is not None:
        walk.fault(f"Value is not a Reference Path: {problem}", (place, "Variable"))
    _operand(walk, operator, operand, (place, operator))
    return Comparison(variable=variable, operator=operator, operand=operand)


def _operand(walk: Walk, operator: str, operand: Any, place: Place) -> None:
    kind = _OPERATORS[operator]
    if isinstance(kind, schema.Flag):
        if type(operand) is not bool:
            walk.fault("Expected value of type [BOOLEAN]", place)
    elif isinstance(kind, schema.Number):
        if type(operand) is not int and type(operand) is not float:
            walk.fault("Expected value of type Number", place)
    elif type(operand) is not str:
        walk.fault("Expected value of type [STRING]", place)
    elif isinstance(kind, schema.PathText):
        problem = reference_fault(operand)
        if problem is not None:
            walk.fault(f"Value is not a Reference Path: {problem}", place)
    elif isinstance(kind, schema.Instant):
        if parse_timestamp(operand) is None and "${" not in operand:
            walk.fault("String does not match RFC3339 timestamp", place)
    elif looks_dynamic(operand):
        words = f"The value of '{operator}' looks like a path, but '{operator}' is taken as it stands"
        walk.warn("NO_PATH", words, place, f"Name the field {operator}Path to have the path read.")
