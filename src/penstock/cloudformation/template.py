"""A template as a whole: what it holds that runs on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from penstock.asl.problems import Positions
from penstock.asl.read import Reading
from penstock.cloudformation.codes import CATALOGUE, SHAPE
from penstock.cloudformation.files import Files
from penstock.cloudformation.functions import read_function
from penstock.cloudformation.machines import read_definition
from penstock.cloudformation.resolve import Keys, Resolver, Unresolved
from penstock.cloudformation.resources import FUNCTIONS, MACHINES, SERVERLESS_FUNCTION, SERVERLESS_MACHINE
from penstock.cloudformation.text import parse
from penstock.config import Settings
from penstock.diagnostics import Diagnostic, Source
from penstock.errors import InvalidDefinition, InvalidInput
from penstock.jsontools import Json
from penstock.services.lambda_.records import Registration

_TOP_LEVEL = re.compile(r"^[\"']?(Resources|StartAt|States)[\"']?[ \t]*:", re.MULTILINE)
_GLOBALS = {SERVERLESS_FUNCTION: "Function", SERVERLESS_MACHINE: "StateMachine"}
_ADDED = ("Layers", "Policies", "SecurityGroupIds", "SubnetIds")
"""Lists that a resource's own are added to (SAM, "Globals section": lists are additive)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine. `name` is its physical name; `reading` is None where `diagnostics` say why there is none."""

    name: str
    logical_id: str
    type: Literal["STANDARD", "EXPRESS"]
    reading: Reading | None
    diagnostics: tuple[Diagnostic, ...] = ()
    logging: Mapping[str, Any] | None = None
    """The API's loggingConfiguration; None where the template has none, or one that cannot be known before a deployment."""


@dataclass(frozen=True, slots=True)
class Template:
    """`machines` by their physical names; `diagnostics` are those of functions."""

    machines: Mapping[str, Machine]
    functions: tuple[Registration, ...]
    diagnostics: tuple[Diagnostic, ...]


def is_template(document: Json) -> bool:
    """Whether a document is a template and no definition."""
    return isinstance(document, dict) and "Resources" in document and not {"StartAt", "States"} & document.keys()


def looks_like_template(text: str, *, yaml: bool) -> bool:
    """The same of a text that has not been read, and may have tags that YAML alone does not know."""
    if "Resources" not in text:
        return False
    if yaml:
        keys = set(_TOP_LEVEL.findall(text))
        return "Resources" in keys and not keys & {"StartAt", "States"}
    try:
        return is_template(json.loads(text))
    except (ValueError, RecursionError):
        return False  # as a definition, it is told in more detail what is wrong with it


def read_template(
    text: str, *, name: str, folder: Path, yaml: bool, settings: Settings, parameters: Mapping[str, str] | None = None
) -> Template:
    """Reads a template. `name` is how the user calls it, `folder` where its files are; `parameters` are values for its
    parameters, and for exports of other stacks.

    Raises InvalidDefinition for what is no template at all, InvalidInput for parameters that it does not have.
    """
    source = Source(name, text)
    document, problems, positions = parse(source, yaml=yaml)
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        found = problems or [Diagnostic(SHAPE, "A template is an object with Resources.")]
        place = str(found[0].span) if found[0].span is not None else name
        raise InvalidDefinition(f"{place}: {found[0].message}", found)
    stem = Path(name).name.partition(".")[0]
    aws = settings.aws
    resolver = Resolver(
        document, given=parameters or {}, region=aws.region, account=aws.account, stack=stem or "template"
    )
    _check_parameters(parameters or {}, resolver, text, name)
    return _Reader(document, resolver, Files(folder, Path(name).name), positions, name).read()


def _check_parameters(given: Mapping[str, str], resolver: Resolver, text: str, name: str) -> None:
    for key in given:
        # Names of exports and of attributes have something that a parameter's has not, or stand in the text as a word.
        word = rf"(?<![A-Za-z0-9]){re.escape(key)}(?![A-Za-z0-9])"
        if key not in resolver.parameters and "." not in key and re.search(word, text) is None:
            known = ", ".join(resolver.parameters) or "none"
            raise InvalidInput(f"{name} has no parameter {key}; it has {known}.")
        if key in resolver.parameters:
            try:
                resolver.value({"Ref": key})
            except Unresolved as error:
                raise InvalidInput(str(error)) from None


class _Reader:
    def __init__(
        self, document: Mapping[str, Any], resolver: Resolver, files: Files, positions: Positions | None, name: str
    ) -> None:
        self._globals = document.get("Globals")
        self._resolver = resolver
        self._files = files
        self._positions = positions
        self._name = name

    def read(self) -> Template:
        machines: dict[str, Machine] = {}
        functions: list[Registration] = []
        diagnostics: list[Diagnostic] = []
        for logical, resource in self._resolver.resources.items():
            kind = resource.get("Type") if isinstance(resource, dict) else None
            if not isinstance(kind, str) or (kind not in FUNCTIONS and kind not in MACHINES):
                continue
            try:
                if not self._resolver.exists(logical):
                    continue
                properties = self._properties(logical, kind, resource.get("Properties"))
                if kind in FUNCTIONS:
                    found = read_function(logical, kind, properties, self._resolver, self._files)
                    functions.append(found.registration)
                    diagnostics += map(self._diagnostic, found.problems)
                else:
                    machine = self._machine(logical, properties)
                    if machine.name in machines:
                        words = f"{logical} and {machines[machine.name].logical_id} have the same name {machine.name}."
                        raise Unresolved(SHAPE, words, ("Resources", logical))
                    machines[machine.name] = machine
            except Unresolved as error:
                if kind in FUNCTIONS:
                    diagnostics.append(self._diagnostic(error))
                else:
                    machines.setdefault(
                        logical, Machine(logical, logical, "STANDARD", None, (self._diagnostic(error),))
                    )
        return Template(machines, tuple(functions), tuple(diagnostics))

    def _machine(self, logical: str, properties: Mapping[str, Any]) -> Machine:
        name = self._resolver.name(logical)
        keys: Keys = ("Resources", logical, "Properties")
        member = "Type" if "Type" in properties else "StateMachineType"
        found = self._resolver.value(properties.get(member, "STANDARD"), (*keys, member))
        if found not in ("STANDARD", "EXPRESS"):
            raise Unresolved(SHAPE, f"A state machine's type is STANDARD or EXPRESS, not {found!r}.", (*keys, member))
        try:
            reading = read_definition(properties, keys, self._resolver, self._files, self._positions, self._name)
        except Unresolved as error:
            return Machine(name, logical, found, None, tuple(map(self._diagnostic, (error, *error.others))))
        return Machine(name, logical, found, reading, tuple(reading.diagnostics), self._logging(properties, keys))

    def _logging(self, properties: Mapping[str, Any], keys: Keys) -> Mapping[str, Any] | None:
        member = "Logging" if "Logging" in properties else "LoggingConfiguration"
        try:
            given = self._resolver.value(properties.get(member), (*keys, member))
            destinations = given.get("Destinations") if isinstance(given, dict) else None
            if not isinstance(given, dict) or not isinstance(destinations, list) or len(destinations) != 1:
                return None
            arn = destinations[0]["CloudWatchLogsLogGroup"]["LogGroupArn"]
        except (Unresolved, KeyError, TypeError):  # a run does not need it
            return None
        level = given.get("Level", "OFF")
        if not isinstance(arn, str) or level not in ("ALL", "ERROR", "FATAL"):
            return None
        return {
            "level": level,
            "includeExecutionData": str(given.get("IncludeExecutionData", False)).lower() == "true",
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
        }

    def _properties(self, logical: str, kind: str, own: Any) -> Mapping[str, Any]:
        """The properties of a resource, with SAM's Globals below them."""
        if own is not None and not isinstance(own, dict):
            raise Unresolved(SHAPE, f"The Properties of {logical} are an object.", ("Resources", logical, "Properties"))
        section = self._globals.get(_GLOBALS.get(kind, "")) if isinstance(self._globals, dict) else None
        return _merged(section if isinstance(section, dict) else {}, own or {})

    def _diagnostic(self, problem: Unresolved) -> Diagnostic:
        span = self._positions.span(problem.keys, "value") if self._positions is not None else None
        return Diagnostic(
            problem.code, str(problem), severity=CATALOGUE[problem.code].severity, span=span, help=problem.help
        )


def _merged(below: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in own.items():
        lower = below.get(key)
        if isinstance(lower, dict) and isinstance(value, dict) and not _is_function(lower) and not _is_function(value):
            merged[key] = _merged(lower, value)
        elif isinstance(lower, list) and isinstance(value, list) and key in _ADDED:
            merged[key] = [*lower, *value]
        else:
            merged[key] = value
    return merged


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
