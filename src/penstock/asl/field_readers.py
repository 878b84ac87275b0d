"""One reader for each kind of field in `schema`: judges the value that stands there, answers the model's.

A reader gets the walk, the value, the place of the object that has the field, the field's name and the query language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.asl import schema
from penstock.asl.model import UNSET
from penstock.asl.payloads import (
    PLAIN,
    check_expressions,
    check_static,
    check_template,
    is_expression,
    looks_dynamic,
)
from penstock.asl.problems import Place
from penstock.asl.rules import read_rule
from penstock.asl.schema import JSONATA, JSONPATH
from penstock.asl.syntax import has_substitution, path_fault, reference_fault, value_fault
from penstock.asl.timestamps import parse_timestamp

if TYPE_CHECKING:
    from penstock.asl.shape import Walk

Reader: TypeAlias = Callable[["Walk", Any, Place, str, str], Any]


def _text(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    return value if type(value) is str else walk.wrong_type("[STRING]", (parent, key))


def _dynamic_text(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    if type(value) is not str:
        return walk.wrong_type("[STRING]", (parent, key))
    if language is JSONATA or language == JSONATA:
        check_expressions(walk, value, (parent, key))
    elif looks_dynamic(value):
        words = f"The value of '{key}' looks like a path, but '{key}' is taken as it stands"
        walk.warn("NO_PATH", words, (parent, key), f"Name the field {key}Path to have the path read.")
    return value


def _flag(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    return value if type(value) is bool else walk.wrong_type("[BOOLEAN]", (parent, key))


def _path(kind: schema.PathText) -> Reader:
    fault = reference_fault if kind.reference else path_fault
    words = "Value is not a Reference Path: " if kind.reference else ""

    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        if type(value) is not str:
            if value is None and kind.nullable:
                return None
            return walk.wrong_type("[STRING]", (parent, key))
        if kind.call and value[:1] != "$":
            problem = value_fault(value)
            if problem is not None and not has_substitution(value):
                message = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                walk.fault(message, (parent, key), hint=problem)
            return value
        problem = fault(value)
        if problem is None and kind.written and value[:1] == "$" and value[1:2] not in ("", ".", "["):
            problem = "A ResultPath begins with '$': it can only write into the state's own data."
        if problem is not None and not has_substitution(value):
            if words:
                walk.fault(words + problem, (parent, key))
            else:
                walk.fault("Value must be a valid JSONPath.", (parent, key), hint=problem)
        return value

    return read


def _payload(kind: schema.Payload) -> Reader:
    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        if language == JSONATA:
            if kind.is_object and type(value) is not dict and not is_expression(value):
                walk.fault("Expected value of type [OBJECT]", (parent, key))
            check_expressions(walk, value, (parent, key), walk.offers if key == "Output" else PLAIN)
        else:
            if kind.is_object and type(value) is not dict:
                walk.fault("Expected value of type [OBJECT]", (parent, key))
            check_template(walk, value, (parent, key))
        return value

    return read


def _variables(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    place: Place = (parent, key)
    if type(value) is not dict:
        # In JSONata too ("provide a JSON object with variable names and values", Developer Guide): names are not computed.
        walk.fault("Expected value of type [OBJECT]", place)
        return value
    assert walk.scope is not None
    walk.assigns = True
    for name in value:
        plain = name[:-2] if language == JSONPATH and name[-2:] == ".$" else name
        walk.scope.assigned.append((plain, (place, name)))
    if language == JSONATA:
        check_expressions(walk, value, place, walk.offers)
    else:
        check_template(walk, value, place)
    return value


def _credentials(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    place: Place = (parent, key)
    if type(value) is not dict and not (language == JSONATA and is_expression(value)):
        walk.fault("Expected value of type [OBJECT]", place)
    elif type(value) is dict and "RoleArn" not in value and not (language == JSONPATH and "RoleArn.$" in value):
        walk.fault("The field 'RoleArn' is required but was missing", place)
    if language == JSONATA:
        check_expressions(walk, value, place)
    else:
        check_template(walk, value, place)
    return value


def _static(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    if type(value) in (dict, list, str):
        check_static(walk, value, (parent, key))
    return value


def _items(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    if type(value) not in (list, dict) and not is_expression(value):
        walk.fault("Expected value of type [ARRAY]", (parent, key))
    check_expressions(walk, value, (parent, key))
    return value


def _number(kind: schema.Number) -> Reader:
    low, high = kind.minimum, kind.maximum
    expected = "Integer" if kind.is_whole else "Number"

    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        if type(value) is int or (type(value) is float and (not kind.is_whole or value.is_integer())):
            if low is not None and value < low:
                walk.fault(f"Minimum value is {low}", (parent, key))
            elif high is not None and value > high:
                walk.fault(f"Maximum value is {high}", (parent, key))
            return value
        if type(value) is str and not kind.literal:
            if language == JSONATA and value[:2] == "{%":
                check_expressions(walk, value, (parent, key))
                return value
            if has_substitution(value):
                return value
        walk.fault(f"Expected value of type {expected}", (parent, key))
        # A number of the wrong kind still is one, and a text may stand where an expression may: the model holds both.
        if type(value) is float or (type(value) is str and not kind.literal):
            return value
        walk.sound = False
        return UNSET

    return read


def _one_of(kind: schema.OneOf) -> Reader:
    allowed = frozenset(kind.values)
    words = f"Value should be one of the following: [{', '.join(kind.values)}]"

    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        if type(value) is not str:
            return walk.wrong_type("[STRING]", (parent, key))
        if value not in allowed and not has_substitution(value):
            walk.fault(words, (parent, key), hint=walk.hint(value, kind.values))
        return value

    return read


def _strings(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    if type(value) is not list:
        return walk.wrong_type("[ARRAY]", (parent, key))
    if not value:
        walk.fault("Value cannot be empty", (parent, key))
    for index, one in enumerate(value):
        if type(one) is not str:
            walk.wrong_type("[STRING]", ((parent, key), index))
    return tuple(value)


def _instant(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    if type(value) is not str:
        return walk.wrong_type("[STRING]", (parent, key))
    if language == JSONATA and value[:2] == "{%":
        check_expressions(walk, value, (parent, key))
    elif parse_timestamp(value) is None and not has_substitution(value):
        walk.fault("String does not match RFC3339 timestamp", (parent, key))
    return value


def _nested(kind: schema.Nested) -> Reader:
    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        return walk.read_object(kind.table, value, (parent, key), language)

    return read


def _each(kind: schema.Each) -> Reader:
    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        place: Place = (parent, key)
        if type(value) is not list:
            return walk.wrong_type("[ARRAY]", place)
        last = len(value) - 1
        items = []
        for index, raw in enumerate(value):
            items.append(walk.read_object(kind.table, raw, (place, index), language))
            names = raw.get("ErrorEquals") if type(raw) is dict else None
            if type(names) is list and "States.ALL" in names and (len(names) > 1 or index != last):
                walk.fault("States.ALL must appear alone and at end of list", ((place, index), "ErrorEquals"))
        return tuple(items)

    return read


def _choices(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    place: Place = (parent, key)
    if type(value) is not list:
        return walk.wrong_type("[ARRAY]", place)
    if not value:
        walk.fault("Value cannot be empty", place)
    parts = walk.catcher_fields
    return tuple(read_rule(walk, raw, (place, index), language, parts) for index, raw in enumerate(value))


def _machine(kind: schema.Machine) -> Reader:
    def read(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
        return walk.read_machine(value, (parent, key), kind.table)

    return read


def _branches(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    place: Place = (parent, key)
    if type(value) is not list:
        return walk.wrong_type("[ARRAY]", place)
    if not value:
        walk.fault("Value cannot be empty", place)
    return tuple(walk.read_machine(raw, (place, index), "Branch") for index, raw in enumerate(value))


def _state_map(walk: Walk, value: Any, parent: Place, key: str, language: str) -> Any:
    return walk.read_states(value, (parent, key))


def reader_of(kind: schema.Kind) -> Reader:
    """The function that reads one kind of field."""
    match kind:
        case schema.Text():
            return _dynamic_text if kind.dynamic else _text
        case schema.PathText():
            return _path(kind)
        case schema.Payload():
            return _payload(kind)
        case schema.Number():
            return _number(kind)
        case schema.OneOf():
            return _one_of(kind)
        case schema.Nested():
            return _nested(kind)
        case schema.Each():
            return _each(kind)
        case schema.Machine():
            return _machine(kind)
        case _:
            return _SIMPLE[type(kind)]


_SIMPLE: dict[type, Reader] = {
    schema.Flag: _flag,
    schema.Variables: _variables,
    schema.Credentials: _credentials,
    schema.Static: _static,
    schema.Items: _items,
    schema.Strings: _strings,
    schema.Errors: _strings,
    schema.Instant: _instant,
    schema.Rules: _choices,
    schema.Machines: _branches,
    schema.StateMap: _state_map,
}


def plain_type(kind: schema.Kind) -> type | None:
    """The type whose every value is right, so that no reader need be called."""
    if isinstance(kind, schema.Text) and not kind.dynamic:
        return str
    return bool if isinstance(kind, schema.Flag) else None
