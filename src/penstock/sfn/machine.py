"""StateMachine: a workflow with its name and settings; Stack and App, in which programs may keep several."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.asl import model
from penstock.asl.write import state_to_document, to_document, write
from penstock.diagnostics import Diagnostic
from penstock.errors import InvalidDefinition
from penstock.sfn.build import Built, build
from penstock.sfn.durations import DurationLike, whole_seconds
from penstock.sfn.origin import here
from penstock.sfn.problems import Wrong, problem, refuse
from penstock.sfn.resources import PLACE, ImportedStateMachine
from penstock.sfn.states.base import Chainable, State
from penstock.sfn.traps import find_traps
from penstock.sfn.values import JSONPATH, shown
from penstock.sfn.words import QueryLanguage, StateMachineType


class DefinitionBody:
    """What a machine does: a chain, or a definition that exists already."""

    def __init__(self, chainable: Chainable | None = None, document: Mapping[str, Any] | None = None) -> None:
        self.chainable = chainable
        self.document = document

    @classmethod
    def from_chainable(cls, chainable: Chainable) -> DefinitionBody:
        return cls(chainable=chainable)

    @classmethod
    def from_string(cls, definition: str) -> DefinitionBody:
        """States Language text. Raises InvalidDefinition for what is no JSON."""
        return cls(document=_document(definition, "The definition"))

    @classmethod
    def from_file(cls, path: str | Path) -> DefinitionBody:
        """A States Language file, JSON."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise InvalidDefinition(f"{path} cannot be read: {reason}.") from None
        return cls(document=_document(text, str(path)))


def _document(text: str, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDefinition(f"{what} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise InvalidDefinition(f"{what} is not a JSON object with StartAt and States.")
    return found


class StateMachine:
    """A state machine: `StateMachine("orders", definition=a >> b)`.

    Nothing is written or called by making one. `penstock.run(machine, {...})` runs it; `file.py:machine` names it wherever a
    TARGET is asked for. Settings that only a deployment needs (`role`, `logs`, …) are kept for it.
    """

    def __init__(
        self,
        *names: object,
        definition_body: DefinitionBody | None = None,
        definition: Chainable | None = None,
        comment: str | None = None,
        query_language: QueryLanguage | None = None,
        timeout: DurationLike | None = None,
        state_machine_name: str | None = None,
        state_machine_type: StateMachineType | None = None,
        definition_substitutions: Mapping[str, str] | None = None,
        version: str | None = None,
        **deployment: Any,
    ) -> None:
        texts = [each for each in names if isinstance(each, str)]
        self.origin = here()
        self.id = texts[-1] if texts else "StateMachine"
        self.state_machine_name = state_machine_name or self.id
        self.comment = comment
        self.query_language = query_language
        self.timeout = timeout
        self.version = version
        self.state_machine_type = state_machine_type or StateMachineType.STANDARD
        self.definition_substitutions = dict(definition_substitutions or {})
        self.deployment = deployment
        body = definition_body if definition_body is not None else definition
        self.body = body if isinstance(body, DefinitionBody) else DefinitionBody(chainable=body)
        for each in names:
            if isinstance(each, Construct):
                each.machines[self.state_machine_name] = self

    def __repr__(self) -> str:
        return f"<StateMachine {self.state_machine_name!r}>"

    @property
    def state_machine_arn(self) -> str:
        """The ARN by which another machine of the program starts it in local runs."""
        return f"arn:aws:states:{PLACE}:stateMachine:{self.state_machine_name}"

    @staticmethod
    def from_state_machine_arn(*names: object) -> ImportedStateMachine:
        return ImportedStateMachine(*names)

    @staticmethod
    def from_state_machine_name(*names: object) -> ImportedStateMachine:
        return ImportedStateMachine(*names)

    @property
    def built(self) -> Built:
        """The model with every problem. It is built anew each time: states may have been added."""
        if self.body.document is not None:
            from penstock.asl.read import read_document

            reading = read_document(dict(self.body.document))
            machine = reading.machine or model.StateMachine()
            return Built(machine, tuple(reading.diagnostics), {}, ())
        body = self.body.chainable
        start = body if isinstance(body, State) else getattr(body, "start_state", None)
        if not isinstance(start, State):
            what = "takes a state, a chain or a fragment" if body is not None else "needs a definition"
            given = f", not {shown(body)}" if body is not None else ""
            told = problem(
                "PS716",
                self.origin,
                f"the StateMachine {self.id!r} {what}{given}",
                help="StateMachine('name', definition=first.next(second))",
            )
            return Built(model.StateMachine(), (told,), {}, ())
        return build_start(start, self)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Every problem of composing and building it."""
        return list(self.built.diagnostics)

    @property
    def definition(self) -> model.StateMachine:
        """The States Language model. Raises InvalidDefinition with every problem where there are errors."""
        built = self.built
        if any(each.is_error for each in built.diagnostics):
            raise refuse(built.diagnostics)
        return built.machine

    def to_dict(self) -> dict[str, Any]:
        """The States Language as a dict."""
        return to_document(self.definition)

    def to_json(self, *, indent: int | None = 2) -> str:
        return write(self.definition, indent=indent)


def build_start(start: State, machine: StateMachine | None = None) -> Built:
    """The machine that begins with a state, with its problems and traps."""
    top: dict[str, Any] = {}
    problems: list[Diagnostic] = []
    language = JSONPATH
    if machine is not None:
        if machine.comment is not None:
            top["comment"] = machine.comment
        if machine.version is not None:
            top["version"] = machine.version
        if machine.query_language is not None:
            language = machine.query_language.value
        if machine.timeout is not None:
            try:
                top["timeout_seconds"] = whole_seconds(machine.timeout, "timeout")
            except Wrong as wrong:
                problems.append(wrong.at(machine.origin))
    where = machine.origin if machine is not None else start.origin
    built = build(start, language=language, where=where, top=top)
    problems += built.diagnostics
    if not any(each.is_error for each in problems):
        problems += find_traps(built, start)
    return Built(built.machine, tuple(problems), built.functions, built.states)


def to_state_json(state: State) -> dict[str, Any]:
    """One state as it stands in `States`."""
    from penstock.sfn.build import Scope, _Shared

    shared = _Shared()
    shared.owners[id(state)] = scope = Scope(shared, JSONPATH, "the state itself")
    made = state.build(scope)
    found = [*shared.problems, *state.problems]
    if any(each.is_error for each in found):
        raise refuse(found)
    return state_to_document(made)


class Construct:
    """A place to keep machines in, as programs of the construct library do; scopes mean nothing else here."""

    def __init__(self, *_: object, **__: object) -> None:
        self.machines: dict[str, StateMachine] = {}
        for each in _:
            if isinstance(each, Construct):
                self.machines = each.machines
                break


class Stack(Construct):
    """A class of the user's that makes machines: `file.py:MyStack` is a TARGET with all of them."""


class App(Construct):
    """The outermost Construct."""

    def synth(self) -> None:
        """Nothing: `penstock compile` writes definitions."""
