"""A state machine of a template: its definition, wherever it stands, with its substitutions filled in.

Source: CloudFormation reference, AWS::StepFunctions::StateMachine; SAM reference, AWS::Serverless::StateMachine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from penstock.asl.problems import Focus, Positions
from penstock.asl.read import Reading, read, read_document
from penstock.cloudformation.codes import SHAPE
from penstock.cloudformation.files import Files, elsewhere
from penstock.cloudformation.resolve import NO_VALUE, Keys, Resolver, Unresolved
from penstock.diagnostics import Diagnostic, Span
from penstock.engine.tasks.substitutions import substitute
from penstock.jsontools import Json

_DEFINITIONS = ("Definition", "DefinitionString", "DefinitionUri", "DefinitionS3Location")


def read_definition(
    properties: Mapping[str, Any], keys: Keys, resolver: Resolver, files: Files, positions: Positions | None, name: str
) -> Reading:
    """The machine's definition; its diagnostics have their places in the template, or in the definition's own file.

    Raises Unresolved for what the definition needs and cannot have.
    """
    given = [each for each in _DEFINITIONS if each in properties]
    if len(given) != 1:
        what = "needs one of" if not given else "has more than one of"
        raise Unresolved(SHAPE, f"The state machine {what} {', '.join(given or _DEFINITIONS)}.", keys)
    member = given[0]
    here: Keys = (*keys, member)
    values = _substitutions(properties, keys, resolver)
    if member == "Definition":
        document = resolver.value(properties[member], here)
        return _placed(read_document(substitute(document, values), name=name), positions, here)
    if member == "DefinitionString":
        text = resolver.text(properties[member], here, member)
        reading = _filled(text, values, name, None)
        return _pointed(reading, positions, here)
    path = _file(member, resolver.value(properties[member], here), files, here)
    data = files.text(path, here, "definition file")
    yaml = path.suffix.lower() in (".yaml", ".yml")
    return _filled(data, values, str(path), "yaml" if yaml else None)


def _substitutions(properties: Mapping[str, Any], keys: Keys, resolver: Resolver) -> dict[str, str]:
    given = properties.get("DefinitionSubstitutions")
    here: Keys = (*keys, "DefinitionSubstitutions")
    if given is None:
        return {}
    if not isinstance(given, dict) or any(key.startswith("Fn::") for key in given):
        given = resolver.value(given, here)
    if not isinstance(given, dict):
        raise Unresolved(SHAPE, "DefinitionSubstitutions is an object of texts.", here)
    values: dict[str, str] = {}
    problems: list[Unresolved] = []
    for key, value in given.items():
        try:
            found = resolver.value(value, (*here, key))
            if found is not NO_VALUE:
                values[key] = resolver.text(found, (*here, key), f"The substitution {key}")
        except Unresolved as error:
            problems.append(error)
    if problems:
        problems[0].others = tuple(problems[1:])
        raise problems[0]
    return values


def _file(member: str, value: Json, files: Files, keys: Keys) -> Path:
    if isinstance(value, str):
        return files.path(value, keys, "definition file")
    key = value.get("Key") if isinstance(value, dict) else None
    if not isinstance(key, str):
        raise Unresolved(SHAPE, f"{member} is the path of a file, or an object with Bucket and Key.", keys)
    path = files.asset(key, keys, "definition file")
    if path is None:
        bucket = value.get("Bucket") if isinstance(value, dict) else None
        raise elsewhere(f"The definition is in s3://{bucket}/{key}", keys)
    return path


def _filled(text: str | bytes, values: Mapping[str, str], name: str, form: Literal["yaml"] | None) -> Reading:
    reading = read(text, name=name, format=form)
    if reading.document is None:
        # Placeholders may stand where no text can: {"Seconds": ${Pause}}. CloudFormation fills in the text itself.
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig", "replace")
        whole = _in_text(decoded, values)
        return reading if whole == decoded else read(whole, name=name, format=form)
    document = substitute(reading.document, values)
    if document is reading.document:
        return reading
    # The places are those of the text before: what was filled in stands where its placeholder did.
    filled = read_document(document, name=name)
    return _placed(filled, reading.positions, ())


def _in_text(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([^{}]+)\}", lambda found: values.get(found[1], found[0]), text)


class _Below:
    """Positions of a part of a text, by keys that begin in this part."""

    def __init__(self, positions: Positions, keys: Keys) -> None:
        self._positions = positions
        self._keys = keys

    def span(self, keys: tuple[str | int, ...], focus: Focus) -> Span | None:
        return self._positions.span((*self._keys, *keys), focus)


def _placed(reading: Reading, positions: Positions | None, keys: Keys) -> Reading:
    """The reading with places, for a document that stands at `keys` of another text."""
    if positions is None:
        return reading
    below: Positions = _Below(positions, keys)
    found = [
        each if each.span is not None else replace(each, span=below.span(_keys_of(each.location), "value"))
        for each in reading.diagnostics
    ]
    return replace(reading, positions=below, diagnostics=found)


def _pointed(reading: Reading, positions: Positions | None, keys: Keys) -> Reading:
    """The reading of a text inside another, whose every problem is shown where that text stands."""
    if positions is None:
        return reading
    at = positions.span(keys, "key")
    return replace(reading, positions=_Fixed(at), diagnostics=[_moved(each, at) for each in reading.diagnostics])


class _Fixed:
    def __init__(self, at: Span | None) -> None:
        self._at = at

    def span(self, keys: tuple[str | int, ...], focus: Focus) -> Span | None:
        return self._at


def _moved(problem: Diagnostic, at: Span | None) -> Diagnostic:
    place = problem.span
    inside = f" (line {place.line}, column {place.column} of the text)" if place is not None else ""
    return replace(problem, message=problem.message.partition("\n at [Source")[0] + inside, span=at)


def _keys_of(location: str | None) -> Keys:
    """The keys of AWS's text for a place, as well as they can be told from it."""
    if not location or location == "/":
        return ()
    keys: list[str | int] = []
    for part in re.findall(r"/[^/\[]+|\[\d+\]", location):
        keys.append(int(part[1:-1]) if part[0] == "[" else part[1:])
    return tuple(keys)
