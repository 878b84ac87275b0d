"""The walk over a definition: judges it by the tables of `schema`, builds the model on the way, gathers what `check`
needs for the rules that look at more than one place.

It is one pass because W11 wants a 100-state definition read and checked in well under two milliseconds: nothing is
visited twice, and a sound definition allocates little beside its own model.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.asl import schema
from penstock.asl.field_readers import Reader, plain_type, reader_of
from penstock.asl.model import UNSET, StateMachine, asl_names
from penstock.asl.object_rules import BEYOND_TABLES
from penstock.asl.payloads import PLAIN, WITH_ERROR, WITH_RESULT
from penstock.asl.problems import SCHEMA, Focus, Place, Problem, unsupported
from penstock.asl.rules import Part
from penstock.asl.schema import JSONATA, JSONPATH
from penstock.diagnostics import Severity
from penstock.jsontools import Json

MAX_MACHINE_DEPTH = 32
"""Parallels and Maps inside one another. AWS has a limit of its own (TOO_DEEPLY_NESTED) that nobody has measured."""

_WITH_RESULT = frozenset({"Task", "Parallel", "Map"})

MAX_HINTS = 20
"""Problems that get a `Did you mean`."""


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
            self.fields[name] = (attributes.get(name), reader_of(one.kind), one.only, plain_type(one.kind))


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

    @property
    def catcher_fields(self) -> Mapping[str, Part]:
        """How the fields are read that Choice rules have in common with catchers."""
        return OBJECTS["Catcher"].fields

    def fill(self, spec: Spec, raw: dict[str, Any], place: Place, language: str) -> dict[str, Any]:
        """Reads the fields of one object into arguments for its model class."""
        values: dict[str, Any] = {}
        mark = len(self.problems)
        own: list[Problem] = []
        fields = spec.fields
        for key, value in raw.items():
            entry = fields.get(key)
            if entry is None:
                own.append(unsupported(key, place, self.hint(key, fields)))
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
        if name in BEYOND_TABLES:
            BEYOND_TABLES[name](self, raw, place)
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
        if kind in BEYOND_TABLES:
            BEYOND_TABLES[kind](self, raw, place)
        self.free = False
        return spec.cls(name=name, **values) if self.sound else UNSET


# ---- words


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


STATES: dict[str, Spec] = {name: Spec(table) for name, table in schema.STATES.items()}
OBJECTS: dict[str, Spec] = {name: Spec(table) for name, table in schema.OBJECTS.items()}
