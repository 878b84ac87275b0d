"""The walk over a definition: judges it by the tables of `schema`, builds the model on the way, gathers what `check`
needs for the rules that look at more than one place.

It is one pass because W11 wants a 100-state definition read and checked in well under two milliseconds: nothing is
visited twice, and a sound definition allocates little beside its own model.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from penstock.asl import schema
from penstock.asl.model import UNSET, StateMachine, asl_names
from penstock.asl.payloads import (
    PLAIN,
    WITH_ERROR,
    WITH_RESULT,
    check_expressions,
    check_static,
    check_template,
    is_expression,
    looks_dynamic,
)
from penstock.asl.problems import SCHEMA, Focus, Place, Problem
from penstock.asl.rules import read_rule
from penstock.asl.schema import JSONATA, JSONPATH
from penstock.asl.syntax import path_fault, reference_fault, value_fault
from penstock.asl.timestamps import parse_timestamp
from penstock.diagnostics import Severity
from penstock.jsontools import Json

MAX_MACHINE_DEPTH = 32
"""Parallels and Maps inside one another. AWS has a limit of its own (TOO_DEEPLY_NESTED) that nobody has measured."""

_WITH_RESULT = frozenset({"Task", "Parallel", "Map"})

MAX_HINTS = 20
"""Problems that get a `Did you mean`."""

_SUBSTITUTION = re.compile(r"\$\{[^${}]+\}")

Reader: TypeAlias = Callable[["Walk", Any, Place, str, str], Any]


@dataclass(slots=True)
class Scope:
    """One `States` object and what stands in it."""

    place: Place
    raw: dict[str, Json]
    parent: Scope | None
    depth: int = 0
    is_distributed: bool = False
    states: list[tuple[str, Place, dict[str, Any], str]] = field(default_factory=list)
    """Name, place, the state as it stands, type: those states that are objects of a known type."""
    assigned: list[tuple[str, Place]] = field(default_factory=list)


class Spec:
    """A Table made ready for the walk."""

    __slots__ = ("cls", "fields", "groups", "required")

    def __init__(self, table: schema.Table) -> None:
        attributes = {asl: attribute for attribute, asl in asl_names(table.cls).items()}
        self.cls = table.cls
        self.required = table.required
        self.groups = tuple((group, True) for group in table.needed) + tuple((group, False) for group in table.alone)
        self.fields: dict[str, tuple[str | None, Reader, str | None, type | None]] = {}
        for name, one in table.fields.items():
            self.fields[name] = (attributes.get(name), _reader(one.kind), one.only, _plain_type(one.kind))


class Walk:
    """One definition. Read `machine`, `problems` and `scopes` afterwards."""

    __slots__ = ("assigns", "free", "hints", "language", "machine", "offers", "problems", "scope", "scopes", "sound")

    def __init__(self, document: dict[str, Any]) -> None:
        self.problems: list[Problem] = []
        self.scopes: list[Scope] = []
        self.sound = True
        self.hints = MAX_HINTS
        self.free = False
        self.offers = PLAIN
        self.assigns = False
        self.scope: Scope | None = None
        declared = document.get("QueryLanguage", JSONPATH)
        self.language = JSONPATH if declared == JSONPATH else JSONATA
        machine = self.read_machine(document, None, "Machine")
        self.machine: StateMachine | None = machine if self.sound else None

    # ---- reporting

    def fault(
        self, message: str, place: Place, *, code: str = SCHEMA, at: Place = None, hint: str | None = None
    ) -> None:
        focus: Focus = "value" if at is None else "key"
        self.problems.append(Problem(code, message, place, at=at, focus=focus, help=hint))

    def warn(self, code: str, message: str, place: Place, hint: str) -> None:
        self.problems.append(Problem(code, message, place, Severity.WARNING, help=hint))

    def hint(self, value: Any, words: Iterable[str]) -> str | None:
        """`Did you mean …?`, for the first few problems: looking for similar words is slow."""
        if type(value) is not str or not self.hints:
            return None
        self.hints -= 1
        folded = {word.lower(): word for word in words}
        close = difflib.get_close_matches(value[:100].lower(), folded, n=1, cutoff=0.75)
        return f"Did you mean {folded[close[0]]}?" if close else None

    def wrong_type(self, expected: str, place: Place) -> Any:
        """What is there does not fit the model: the problem is recorded, the machine cannot be built."""
        self.problems.append(Problem(SCHEMA, f"Expected value of type {expected}", place))
        self.sound = False
        return UNSET

    # ---- objects

    def fill(self, spec: Spec, raw: dict[str, Any], place: Place, language: str) -> dict[str, Any]:
        """Reads the fields of one object into arguments for its model class."""
        values: dict[str, Any] = {}
        mark = len(self.problems)
        own: list[Problem] = []
        fields = spec.fields
        for key, value in raw.items():
            entry = fields.get(key)
            if entry is None:
                own.append(_unsupported(key, place, self.hint(key, fields)))
                continue
            attribute, reader, only, plain = entry
            if only is not None and only != language:
                if not self.free:
                    own.append(_other_language(key, place, language, only))
                result = reader(self, value, place, key, only)
            elif type(value) is plain:
                result = value
            else:
                result = reader(self, value, place, key, language)
            if attribute is not None:
                values[attribute] = result
        for name in spec.required:
            if name not in raw:
                missing = [one for one in spec.required if one not in raw]
                own.append(Problem(SCHEMA, f"These fields are required: [{', '.join(missing)}]", place, focus="key"))
                break
        for group, needed in spec.groups:
            count = 0
            for name in group:
                if name in raw and (name != "End" or raw[name] is not False):
                    count += 1
            if count > 1 or (needed and not count):
                own.append(_group(group, count, raw, place))
        if own:
            # AWS names what is wrong with an object before what is wrong inside it (measured: the language's problem
            # stands before the enumeration's).
            self.problems[mark:mark] = own
        return values

    def read_object(self, name: str, raw: Any, place: Place, language: str) -> Any:
        if type(raw) is not dict:
            return self.wrong_type("[OBJECT]", place)
        spec = OBJECTS[name]
        offers = self.offers
        if name == "Catcher":
            self.offers = WITH_ERROR
        values = self.fill(spec, raw, place, language)
        self.offers = offers
        if name in _AFTER:
            _AFTER[name](self, raw, place)
        return spec.cls(**values) if self.sound else UNSET

    def read_machine(self, raw: Any, place: Place, table: str) -> Any:
        if type(raw) is not dict:
            return self.wrong_type("[OBJECT]", place)
        outer = self.scope
        config = raw.get("ProcessorConfig")
        scope = Scope(place, raw, outer, 0 if outer is None else outer.depth + 1)
        scope.is_distributed = table == "Processor" and type(config) is dict and config.get("Mode") == "DISTRIBUTED"
        if scope.depth > MAX_MACHINE_DEPTH:
            self.fault(f"States may be nested {MAX_MACHINE_DEPTH} deep at most.", place, code="TOO_DEEPLY_NESTED")
            self.sound = False
            return UNSET
        self.scopes.append(scope)
        self.scope = scope
        free, offers = self.free, self.offers
        values = self.fill(OBJECTS[table], raw, place, self.language)
        self.free, self.offers = free, offers
        self.scope = outer
        return StateMachine(**values) if self.sound else UNSET

    def read_states(self, raw: Any, place: Place) -> Any:
        if type(raw) is not dict:
            return self.wrong_type("[OBJECT]", place)
        if not raw:
            self.fault("Value cannot be empty", place)
        states: dict[str, Any] = {}
        for name, state in raw.items():
            states[name] = self.read_state(name, state, (place, name))
        return states

    def read_state(self, name: str, raw: Any, place: Place) -> Any:
        if type(raw) is not dict:
            return self.wrong_type("[OBJECT]", place)
        kind: Any = raw.get("Type")
        spec = STATES.get(kind) if type(kind) is str else None
        if spec is None:
            self.sound = False
            if "Type" not in raw:
                self.problems.append(Problem(SCHEMA, "These fields are required: [Type]", place, focus="key"))
            else:
                words = f"The field 'Type' should have one of these values: [{', '.join(schema.TYPES)}]"
                self.fault(words, (place, "Type"), hint=self.hint(kind, schema.TYPES))
            return UNSET
        language = self.language
        self.free = False
        self.offers = WITH_RESULT if kind in _WITH_RESULT else PLAIN
        if "QueryLanguage" in raw:
            if raw["QueryLanguage"] == JSONPATH:
                if language is JSONATA:
                    words = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
                    self.problems.append(Problem(SCHEMA, words, place, focus="key", at=(place, "QueryLanguage")))
                    self.free = True
                language = JSONPATH
            else:
                language = JSONATA
        assert self.scope is not None
        self.scope.states.append((name, place, raw, kind))
        values = self.fill(spec, raw, place, language)
        if kind in _AFTER:
            _AFTER[kind](self, raw, place)
        self.free = False
        return spec.cls(name=name, **values) if self.sound else UNSET


# ---- readers: (walk, value, place of the object, key, language) → the model's value


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
            if problem is not None and not _has_substitution(value):
                message = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                walk.fault(message, (parent, key), hint=problem)
            return value
        problem = fault(value)
        if problem is None and kind.written and value[:1] == "$" and value[1:2] not in ("", ".", "["):
            problem = "A ResultPath begins with '$': it can only write into the state's own data."
        if problem is not None and not _has_substitution(value):
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
            if _has_substitution(value):
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
        if value not in allowed and not _has_substitution(value):
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
    elif parse_timestamp(value) is None and not _has_substitution(value):
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
    parts = OBJECTS["Catcher"].fields
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


def _reader(kind: schema.Kind) -> Reader:
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


def _plain_type(kind: schema.Kind) -> type | None:
    """The type whose every value is right, so that no reader need be called."""
    if isinstance(kind, schema.Text) and not kind.dynamic:
        return str
    return bool if isinstance(kind, schema.Flag) else None


# ---- what the tables cannot say about one object


def _after_task(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    timeout, heartbeat = raw.get("TimeoutSeconds"), raw.get("HeartbeatSeconds")
    if type(heartbeat) is int and type(timeout) is int and heartbeat >= timeout:
        walk.fault("HeartbeatSeconds must be smaller than TimeoutSeconds", (place, "HeartbeatSeconds"))


def _after_map(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    if "ItemReader" not in raw and "ResultWriter" not in raw:
        return
    processor = raw.get("ItemProcessor", raw.get("Iterator"))
    config = processor.get("ProcessorConfig") if type(processor) is dict else None
    if type(config) is dict and config.get("Mode") == "DISTRIBUTED":
        return
    for key in ("ItemReader", "ResultWriter"):
        if key in raw:
            hint = "Only a Map whose ProcessorConfig says Mode DISTRIBUTED has it."
            walk.problems.append(_unsupported(key, place, hint))


def _after_processor_config(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    if raw.get("Mode", "INLINE") == "INLINE":
        if "ExecutionType" in raw:
            walk.problems.append(_unsupported("ExecutionType", place))
    elif raw.get("Mode") == "DISTRIBUTED" and "ExecutionType" not in raw:
        walk.problems.append(Problem(SCHEMA, "These fields are required: [ExecutionType]", place, focus="key"))


_READERS = ("s3:getObject", "s3:listObjectsV2")


def _after_item_reader(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    resource = raw.get("Resource")
    if type(resource) is str and not resource.endswith(_READERS) and not _has_substitution(resource):
        walk.fault("The field 'Resource' does not match any of the allowed values", (place, "Resource"))


def _after_reader_config(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    kind = raw.get("InputType")
    if kind == "CSV" and "CSVHeaderLocation" not in raw:
        walk.fault("The field 'CSVHeaderLocation' is required but was missing", place)
    if kind not in ("CSV", "MANIFEST", None):
        for key in ("CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"):
            if key in raw:
                walk.problems.append(_unsupported(key, place))
    if raw.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in raw:
        walk.problems.append(Problem(SCHEMA, "These fields are required: [CSVHeaders]", place, focus="key"))


def _after_result_writer(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    """Developer Guide, "ResultWriter": it cannot be empty, and what is exported needs to know where to."""
    if not raw:
        walk.fault("Value cannot be empty", place)
    elif "Resource" in raw and raw.keys().isdisjoint(("Parameters", "Arguments")):
        walk.fault(f"These fields are required: [{'Parameters' if walk.language == JSONPATH else 'Arguments'}]", place)


_AFTER: dict[str, Callable[[Walk, dict[str, Any], Place], None]] = {
    "Task": _after_task,
    "Map": _after_map,
    "ProcessorConfig": _after_processor_config,
    "ItemReader": _after_item_reader,
    "ResultWriter": _after_result_writer,
    "ReaderConfig": _after_reader_config,
}


# ---- words


def _unsupported(key: str, place: Place, hint: str | None = None) -> Problem:
    return Problem(SCHEMA, f"Field '{key}' is not supported", place, focus="key", at=(place, key), help=hint)


def _other_language(key: str, place: Place, language: str, only: str) -> Problem:
    words = (
        f"The QueryLanguage is set to '{language}', but field '{key}' is only supported for the '{only}' QueryLanguage"
    )
    return Problem(SCHEMA, words, place, focus="key", at=(place, key))


def _group(group: tuple[str, ...], count: int, raw: dict[str, Any], place: Place) -> Problem:
    names = ", ".join(group)
    if not count:
        return Problem(
            SCHEMA, f"This object should have only one of the following fields: [{names}]", place, focus="key"
        )
    last = [key for key in raw if key in group][-1]
    words = f"There should only be one of the following fields: [{names}]"
    return Problem(SCHEMA, words, place, focus="key", at=(place, last))


def _has_substitution(text: str) -> bool:
    """Whether a `${Name}` stands in the text, for CloudFormation or a template tool to fill in."""
    return "${" in text and _SUBSTITUTION.search(text) is not None


STATES: dict[str, Spec] = {name: Spec(table) for name, table in schema.STATES.items()}
OBJECTS: dict[str, Spec] = {name: Spec(table) for name, table in schema.OBJECTS.items()}
