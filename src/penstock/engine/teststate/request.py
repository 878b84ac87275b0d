"""What a TestState request holds, and what AWS says of one that it does not take.

Shapes and lengths are those of botocore's model (`stepfunctions`, TestState); sentences are recorded, except for botocore's
own "Parameter validation failed" and the few marked as ours. Texts that hold JSON may also be given as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from penstock.errors import JsonError, ServiceError
from penstock.jsontools import Json, dumps_text, loads

_TEXT_BYTES: Final = 262_144
_LEVELS: Final = ("INFO", "DEBUG", "TRACE")
_MODES: Final = ("STRICT", "PRESENT", "NONE")


@dataclass(frozen=True, slots=True)
class _Text:
    least: int = 0
    most: int = _TEXT_BYTES
    values: tuple[str, ...] = ()
    json: bool = False
    """A JSON value may stand for its text."""


@dataclass(frozen=True, slots=True)
class _Whole:
    least: int = 0


_Shape = Mapping[str, Any]

SHAPE: Final[_Shape] = {
    "definition": _Text(1, 1_048_576, json=True),
    "roleArn": _Text(1, 256),
    "input": _Text(json=True),
    "inspectionLevel": _Text(values=_LEVELS),
    "revealSecrets": bool,
    "variables": _Text(json=True),
    "stateName": _Text(1, 80),
    "mock": {
        "result": _Text(json=True),
        "errorOutput": {"error": _Text(0, 256), "cause": _Text(0, 32_768)},
        "fieldValidationMode": _Text(values=_MODES),
    },
    "context": _Text(json=True),
    "stateConfiguration": {
        "retrierRetryCount": _Whole(),
        "errorCausedByState": _Text(1, 80),
        "mapIterationFailureCount": _Whole(),
        "mapItemReaderData": _Text(json=True),
    },
}


@dataclass(frozen=True, slots=True)
class Mock:
    """`result` is JSON text, None where an error is mocked."""

    result: str | None = None
    error: str | None = None
    cause: str | None = None
    mode: str = "STRICT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request whose members have the right types. `definition` is text or a document; `context` and `variables` are
    read, `input` too."""

    definition: str | dict[str, Json]
    input: Json = field(default_factory=dict)
    role: str | None = None
    level: str = "INFO"
    reveal_secrets: bool = False
    state_name: str | None = None
    variables: dict[str, Json] = field(default_factory=dict)
    mock: Mock | None = None
    context: dict[str, Json] | None = None
    retries: int | None = None
    caused_by: str | None = None
    failed_iterations: int | None = None
    reader_data: str | None = None


def refusal(message: str, code: str = "ValidationException") -> ServiceError:
    return ServiceError(message, code=code)


def read_request(given: Mapping[str, Any]) -> Request:
    """The members of the API, by its own names, as a Request. Raises ServiceError."""
    given = {name: value for name, value in given.items() if value is not None or name in ("definition", "input")}
    problems: list[str] = []
    _check_shape(given, SHAPE, "", problems)
    if "definition" not in given:
        problems.insert(0, 'Missing required parameter in input: "definition"')
    if problems:
        raise refusal("Parameter validation failed:\n" + "\n".join(problems), code="ParamValidationError")
    _check_limits(given, SHAPE, "")
    configuration: Mapping[str, Any] = given.get("stateConfiguration", {})
    definition = given["definition"]
    data = configuration.get("mapItemReaderData")
    return Request(
        definition=definition if isinstance(definition, dict) else str(definition),
        input=_input(given.get("input", {})),
        role=given.get("roleArn"),
        level=given.get("inspectionLevel", "INFO"),
        reveal_secrets=given.get("revealSecrets", False),
        state_name=given.get("stateName"),
        variables=_object(given.get("variables", {}), "variables"),
        mock=_mock(given["mock"]) if "mock" in given else None,
        context=_context(given["context"]) if "context" in given else None,
        retries=configuration.get("retrierRetryCount"),
        caused_by=configuration.get("errorCausedByState"),
        failed_iterations=configuration.get("mapIterationFailureCount"),
        reader_data=data if data is None or isinstance(data, str) else dumps_text(data),
    )


def _check_shape(given: Mapping[str, Any], shape: _Shape, path: str, problems: list[str]) -> None:
    """botocore's client-side checks, in its words."""
    where = path.removesuffix(".") or "input"
    problems += [
        f'Unknown parameter in {where}: "{name}", must be one of: {", ".join(shape)}'
        for name in given
        if name not in shape
    ]
    for name, rule in shape.items():
        if name not in given:
            continue
        value = given[name]
        label = f"{path}{name}"
        wanted: type = str
        if isinstance(rule, Mapping):
            wanted = dict
        elif rule is bool:
            wanted = bool
        elif isinstance(rule, _Whole):
            wanted = int
        fits = isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
        if not fits and not (isinstance(rule, _Text) and rule.json):
            problems.append(
                f"Invalid type for parameter {label}, value: {value}, type: {type(value)}, valid types: {wanted}"
            )
        elif isinstance(rule, Mapping):
            _check_shape(value, rule, f"{label}.", problems)
        elif isinstance(rule, _Text) and isinstance(value, str) and len(value) < rule.least:
            problems.append(
                f"Invalid length for parameter {label}, value: {len(value)}, valid min length: {rule.least}"
            )
        elif isinstance(rule, _Whole) and value < rule.least:
            problems.append(f"Invalid value for parameter {label}, value: {value}, valid min value: {rule.least}")


def _check_limits(given: Mapping[str, Any], shape: _Shape, path: str) -> None:
    """The service's own checks of members."""
    for name, value in given.items():
        rule = shape[name]
        if isinstance(rule, Mapping):
            _check_limits(value, rule, f"{path}{name}.")
        elif isinstance(rule, _Text):
            if rule.values and value not in rule.values:
                wanted = ", ".join(rule.values)
                raise _constraint(f"Value '{value}' at '{path}{name}'", f"satisfy enum value set: [{wanted}]")
            text = value if isinstance(value, str) else _text(value, f"{path}{name}")
            if len(text) > rule.most:
                raise _constraint(f"Value at '{path}{name}'", f"have length less than or equal to {rule.most}")


def _constraint(subject: str, rule: str) -> ServiceError:
    return refusal(f"1 validation error detected: {subject} failed to satisfy constraint: Member must {rule}")


def _text(value: Json, name: str) -> str:
    try:
        return dumps_text(value)
    except JsonError as error:
        raise refusal(f"{name} holds what JSON cannot: {error}") from None


def _input(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        return loads(value)
    except JsonError as error:
        raise refusal(f"Invalid State Machine Execution Input: '{error}'", code="InvalidExecutionInput") from None


def _object(value: Json, name: str) -> dict[str, Json]:
    if isinstance(value, str):
        try:
            value = loads(value)
        except JsonError as error:
            raise refusal(f"{name} must be valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise refusal(f"{name} must be a JSON object.")
    return value


def _mock(given: Mapping[str, Any]) -> Mock:
    if "result" in given and "errorOutput" in given:
        raise refusal("A test mock should have only one of the following fields: [result, errorOutput].")
    if "result" not in given and "errorOutput" not in given:
        raise refusal("A test mock should have one of the following fields: [result, errorOutput].")  # ours
    result = given.get("result")
    output: Mapping[str, Any] = given.get("errorOutput", {})
    if "errorOutput" in given and not output.get("error"):
        raise refusal("An error was not specified in the mocked error output.")  # ours: nothing could match it
    return Mock(
        result=result if result is None or isinstance(result, str) else dumps_text(result),
        error=output.get("error"),
        cause=output.get("cause"),
        mode=given.get("fieldValidationMode", "STRICT"),
    )


# ---- the context object

_CONTEXT: Final[_Shape] = {
    "Execution": {
        "Id": str,
        "Input": None,
        "Name": str,
        "RoleArn": str,
        "StartTime": str,
        "RedriveCount": int,
        "RedriveTime": str,
    },
    "State": {"EnteredTime": str, "Name": str, "RetryCount": int},
    "StateMachine": {"Id": str, "Name": str},
    "Task": {"Token": str},
    "Map": {"Item": {"Index": int, "Value": None, "Key": str, "Source": str}},
}


def _context(value: Json) -> dict[str, Json]:
    wrong = "Invalid Context object provided: "
    if isinstance(value, str):
        try:
            value = loads(value)
        except JsonError as error:
            raise refusal(f"{wrong}{error}") from None
    if not isinstance(value, dict):
        raise refusal(f"{wrong}Context must be an object")
    _check_context(value, _CONTEXT, "", wrong)
    return value


def _check_context(value: dict[str, Json], shape: _Shape, path: str, wrong: str) -> None:
    for name, member in value.items():
        if name not in shape:
            raise refusal(f"{wrong}Field '{path}{name}' is not allowed")
        rule = shape[name]
        if isinstance(rule, Mapping):
            if not isinstance(member, dict):
                raise refusal(f"{wrong}{path}{name} must be an object")
            _check_context(member, rule, f"{path}{name}.", wrong)
        elif rule is str and not isinstance(member, str):
            raise refusal(f"{wrong}{path}{name} must be a string")
        elif rule is int and (isinstance(member, bool) or not isinstance(member, int | float)):
            raise refusal(f"{wrong}{path}{name} must be a number")
