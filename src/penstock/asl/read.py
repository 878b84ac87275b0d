"""Definitions in: text → the model and every problem found. Nothing here raises on what it is given to read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from penstock.asl import jsontext
from penstock.asl.model import StateMachine
from penstock.asl.positions import JsonPositions
from penstock.asl.problems import SCHEMA, Positions, diagnose
from penstock.asl.shape import Walk
from penstock.diagnostics import Diagnostic, Source, Span
from penstock.jsontools import MAX_DEPTH, Json, depth_exceeds

MAX_BYTES = 1_048_576
"""Of UTF-8: the service's limit for a definition."""

_YAML_START = re.compile(r"\s*(?:---|%YAML|(?:#[^\n]*\n\s*)*[\"']?[A-Za-z]+[\"']?:(?:\s|$))")


@dataclass(frozen=True)
class Reading:
    """What came out of a text.

    `document` is the JSON value, None where the text holds none; `machine` is None where the document's shape does not
    fit the model (a field of the wrong type, an unknown state type). `diagnostics` has the problems of the text and of
    the schema; `check` adds the rules on more than one place.
    """

    document: Json
    machine: StateMachine | None
    diagnostics: list[Diagnostic]
    source: Source | None = None
    walk: Walk | None = field(default=None, repr=False, compare=False)
    positions: Positions | None = field(default=None, repr=False, compare=False)


def read(
    text: str | bytes,
    *,
    name: str = "<definition>",
    format: Literal["json", "yaml"] | None = None,  # noqa: A002 -- what every reader of data calls it
) -> Reading:
    """Reads a definition of at most 1 MiB.

    Without `format`, a `name` that ends in .yaml or .yml means YAML, as does a text that starts like a YAML mapping;
    everything else is JSON.
    """
    decoded, problem = _decode(text, name)
    source = Source(name, decoded)
    if problem is not None:
        return Reading(None, None, [problem], source)
    if format == "yaml" or (format is None and _is_yaml(name, decoded)):
        from penstock.asl import yamltext

        document, problems, yaml_positions = yamltext.parse(source)
        positions: Positions | None = yaml_positions
    else:
        document, problems = jsontext.parse(source)
        positions = JsonPositions(source)
    if problems:
        return Reading(None, None, problems, source)
    return _examine(document, source, positions)


def read_document(document: Json, *, name: str = "<definition>") -> Reading:
    """Reads a definition that is a JSON value already: no positions, so no spans. `name` is for messages only."""
    if depth_exceeds(document, MAX_DEPTH):
        message = f"{name} is nested deeper than {MAX_DEPTH} levels; flatten it."
        return Reading(None, None, [Diagnostic(jsontext.SYNTAX, message)])
    return _examine(document, None, None)


def _examine(document: Json, source: Source | None, positions: Positions | None) -> Reading:
    if not isinstance(document, dict):
        span = positions.span((), "value") if positions is not None else None
        problem = Diagnostic(SCHEMA, "Definition must be a valid JSON object", span=span)
        return Reading(document, None, [problem], source)
    walk = Walk(document)
    diagnostics = diagnose(walk.problems, positions) if walk.problems else []
    return Reading(document, walk.machine, diagnostics, source, walk, positions)


def _is_yaml(name: str, text: str) -> bool:
    lowered = name.lower()
    if lowered.endswith((".yaml", ".yml")):
        return True
    return not lowered.endswith(".json") and text[:1] != "{" and _YAML_START.match(text) is not None


def _decode(text: str | bytes, name: str) -> tuple[str, Diagnostic | None]:
    """The text without a byte order mark, and what keeps it from being read."""
    if isinstance(text, str):
        size = len(text)
        if size * 4 > MAX_BYTES:  # a character is four bytes at most
            size = len(text.encode("utf-8", "surrogatepass"))
        decoded = text.removeprefix("\ufeff")
        if size > MAX_BYTES:
            return "", _too_large(size)
        if not decoded.isascii() and any("\ud800" <= char <= "\udfff" for char in decoded):
            return "", Diagnostic(jsontext.SYNTAX, "The definition is not Unicode text: it has half a surrogate pair.")
        return decoded, None
    if len(text) > MAX_BYTES:
        return "", _too_large(len(text))
    try:
        return bytes(text).decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = bytes(text[: error.start]).decode("utf-8-sig")
        source = Source(name, before + "\ufffd")
        lines = before.split("\n")
        line, column = len(lines), len(lines[-1]) + 1
        message = f"Invalid UTF-8 start byte 0x{text[error.start]:02x}: a definition is UTF-8 text"
        return "", Diagnostic(jsontext.SYNTAX, message, span=Span(source, line, column, line, column + 1))


def _too_large(size: int) -> Diagnostic:
    return Diagnostic(SCHEMA, f"The definition is {size:,} bytes long; {MAX_BYTES:,} are allowed.")
