"""A template's text to values, CloudFormation's short forms written out."""

from __future__ import annotations

from typing import Final

from penstock.asl import jsontext
from penstock.asl.positions import JsonPositions
from penstock.asl.problems import Positions
from penstock.cloudformation.codes import TEXT
from penstock.diagnostics import Diagnostic, Source
from penstock.jsontools import Json

_SHORT: Final = frozenset(
    {
        "And",
        "Base64",
        "Cidr",
        "Equals",
        "FindInMap",
        "ForEach",
        "GetAtt",
        "GetAZs",
        "If",
        "ImportValue",
        "Join",
        "Length",
        "Not",
        "Or",
        "Select",
        "Split",
        "Sub",
        "ToJsonString",
        "Transform",
    }
)


def parse(source: Source, *, yaml: bool) -> tuple[Json, list[Diagnostic], Positions | None]:
    """The value, None where there is none to be had; what is wrong with the text; the places in it."""
    positions: Positions | None
    if yaml:
        from penstock.asl import yamltext

        document, problems, positions = yamltext.parse(source, tagged=_written_out)
    else:
        document, problems = jsontext.parse(source)
        positions = JsonPositions(source)
    return document, [_of_template(each) for each in problems], positions


def _written_out(tag: str, value: Json) -> Json:
    name = tag[1:]
    if name in ("Ref", "Condition"):
        return {name: value}
    if name not in _SHORT:
        raise KeyError(tag)
    if name == "GetAtt" and isinstance(value, str):
        logical, _, attribute = value.partition(".")
        return {"Fn::GetAtt": [logical, attribute]}
    return {f"Fn::{name}": value}


def _of_template(problem: Diagnostic) -> Diagnostic:
    message = problem.message.replace("The definition", "The template").replace("a definition", "a template")
    message = message.replace("Definition must be a valid JSON object", "The template is empty")
    return Diagnostic(TEXT, message.partition("\n at [Source")[0], span=problem.span, help=problem.help)
