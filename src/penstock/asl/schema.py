"""The States Language's schema as tables: which object takes which field, of what kind, in which query language.

Sources: the spec's field tables; which type takes which field, the ranges and the enumerations as measured with
ValidateStateMachineDefinition in August and September 2026 (`reference/measured-facts.md`). `shape` walks definitions
with these tables; nothing here runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from penstock.asl import model

Language: TypeAlias = Literal["JSONPath", "JSONata"]
JSONPATH: Final = "JSONPath"
JSONATA: Final = "JSONata"
LANGUAGES: Final = (JSONPATH, JSONATA)

MAX_SECONDS = 99_999_999
MAX_DELAY = 31_622_399
"""Less than a leap year (Developer Guide, "Handling errors", MaxDelaySeconds)."""
MAX_ITEMS = 100_000_000
MAX_BATCH_BYTES = 262_144
MAX_NAME = 80
MAX_LABEL = 40


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `dynamic`: one that is not evaluated in JSONPath, so what looks like a path earns a warning."""

    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""


@dataclass(frozen=True, slots=True)
class PathText:
    """A JSONPath; `call` allows an intrinsic function too, `written` is one that a result is put at."""

    reference: bool = False
    nullable: bool = False
    call: bool = False
    written: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """Any JSON with `.$` fields (JSONPath) or `{% %}` strings (JSONata) in it."""

    is_object: bool = False


@dataclass(frozen=True, slots=True)
class Variables:
    """Assign: an object whose keys name variables."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A payload that must name a role."""


@dataclass(frozen=True, slots=True)
class Static:
    """JSON that nothing evaluates: Pass's Result."""


@dataclass(frozen=True, slots=True)
class Items:
    """Map's Items: an array, an object, or an expression that gives one."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range, both ends allowed; in a JSONata state also an expression unless `literal`."""

    minimum: int | None = None
    maximum: int | None = None
    is_whole: bool = True
    literal: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words; `expression` allows a JSONata expression."""

    values: tuple[str, ...]
    expression: bool = False


@dataclass(frozen=True, slots=True)
class Strings:
    """An array of strings."""

    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Errors:
    """ErrorEquals."""


@dataclass(frozen=True, slots=True)
class Instant:
    """An RFC 3339 timestamp."""


@dataclass(frozen=True, slots=True)
class Nested:
    """One object of a named table."""

    table: str


@dataclass(frozen=True, slots=True)
class Each:
    """An array of objects of a named table; Retry's and Catch's also obey the rule of States.ALL."""

    table: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Choices."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine of a named table."""

    table: str


@dataclass(frozen=True, slots=True)
class Machines:
    """Branches."""


@dataclass(frozen=True, slots=True)
class StateMap:
    """States."""


Kind: TypeAlias = (
    Text
    | Flag
    | PathText
    | Payload
    | Variables
    | Credentials
    | Static
    | Items
    | Number
    | OneOf
    | Strings
    | Errors
    | Instant
    | Nested
    | Each
    | Rules
    | Machine
    | Machines
    | StateMap
)


@dataclass(frozen=True, slots=True)
class Field:
    """`only`: the one query language that has the field."""

    kind: Kind
    only: Language | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of object. `alone`: groups of fields of which at most one, with `needed` exactly one, may be there."""

    cls: type[Any]
    fields: dict[str, Field]
    required: tuple[str, ...] = ()
    alone: tuple[tuple[str, ...], ...] = ()
    needed: tuple[tuple[str, ...], ...] = field(default=())


def _path(*, reference: bool = True, nullable: bool = False, call: bool = False) -> Field:
    return Field(PathText(reference=reference, nullable=nullable, call=call), only="JSONPath")


_COMMENT = {"Comment": Field(Text())}
_STATE: dict[str, Field] = {
    "Type": Field(Text()),
    "Comment": Field(Text()),
    "QueryLanguage": Field(OneOf(LANGUAGES)),
}
_INPUT_OUTPUT: dict[str, Field] = {
    "InputPath": _path(reference=False, nullable=True),
    "OutputPath": _path(reference=False, nullable=True),
    "Output": Field(Payload(), only="JSONata"),
}
_ASSIGN = {"Assign": Field(Variables())}
_RESULT_PATH = {"ResultPath": Field(PathText(reference=True, nullable=True, written=True), only="JSONPath")}
_PARAMETERS = {"Parameters": Field(Payload(), only="JSONPath")}
_SELECTOR = {"ResultSelector": Field(Payload(is_object=True), only="JSONPath")}
_ARGUMENTS = {"Arguments": Field(Payload(), only="JSONata")}
_HANDLERS: dict[str, Field] = {"Retry": Field(Each("Retrier")), "Catch": Field(Each("Catcher"))}
_LEAVE: dict[str, Field] = {"Next": Field(Text()), "End": Field(Flag())}
_NEXT_OR_END = ("Next", "End")
_INNER: dict[str, Field] = {**_COMMENT, "StartAt": Field(Text()), "States": Field(StateMap())}

_TIMING = ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")  # the order of AWS's message

STATES: Final[dict[str, Table]] = {
    "Task": Table(
        model.Task,
        {
            **_STATE,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_RESULT_PATH,
            **_PARAMETERS,
            **_SELECTOR,
            **_ARGUMENTS,
            **_HANDLERS,
            **_LEAVE,
            "Resource": Field(Text()),
            "Credentials": Field(Credentials()),
            "TimeoutSeconds": Field(Number(1, MAX_SECONDS)),
            "TimeoutSecondsPath": _path(),
            "HeartbeatSeconds": Field(Number(1, MAX_SECONDS)),
            "HeartbeatSecondsPath": _path(),
        },
        required=("Resource",),
        alone=(("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
        needed=(_NEXT_OR_END,),
    ),
    "Wait": Table(
        model.Wait,
        {
            **_STATE,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_LEAVE,
            "Seconds": Field(Number(0, MAX_SECONDS)),
            "SecondsPath": _path(),
            "Timestamp": Field(Instant()),
            "TimestampPath": _path(),
        },
        needed=(_NEXT_OR_END, _TIMING),
    ),
    "Pass": Table(
        model.Pass,
        {
            **_STATE,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_RESULT_PATH,
            **_PARAMETERS,
            **_LEAVE,
            "Result": Field(Static(), only="JSONPath"),
        },
        needed=(_NEXT_OR_END,),
    ),
    "Succeed": Table(model.Succeed, {**_STATE, **_INPUT_OUTPUT}),
    "Fail": Table(
        model.Fail,
        {
            **_STATE,
            "Error": Field(Text(dynamic=True)),
            "ErrorPath": _path(call=True),
            "Cause": Field(Text(dynamic=True)),
            "CausePath": _path(call=True),
        },
        alone=(("Error", "ErrorPath"), ("Cause", "CausePath")),
    ),
    "Choice": Table(
        model.Choice,
        {**_STATE, **_INPUT_OUTPUT, **_ASSIGN, "Choices": Field(Rules()), "Default": Field(Text())},
        required=("Choices",),
    ),
    "Parallel": Table(
        model.Parallel,
        {
            **_STATE,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_RESULT_PATH,
            **_PARAMETERS,
            **_SELECTOR,
            **_ARGUMENTS,
            **_HANDLERS,
            **_LEAVE,
            "Branches": Field(Machines()),
        },
        required=("Branches",),
        needed=(_NEXT_OR_END,),
    ),
    "Map": Table(
        model.Map,
        {
            **_STATE,
            **_INPUT_OUTPUT,
            **_ASSIGN,
            **_RESULT_PATH,
            **_PARAMETERS,
            **_SELECTOR,
            **_HANDLERS,
            **_LEAVE,
            "ItemProcessor": Field(Machine("Processor")),
            "Iterator": Field(Machine("Processor")),
            "ItemsPath": _path(reference=False),
            "Items": Field(Items(), only="JSONata"),
            "ItemSelector": Field(Payload()),
            "ItemReader": Field(Nested("ItemReader")),
            "ItemBatcher": Field(Nested("ItemBatcher")),
            "ResultWriter": Field(Nested("ResultWriter")),
            "MaxConcurrency": Field(Number(0)),
            "MaxConcurrencyPath": _path(),
            "ToleratedFailureCount": Field(Number(0)),
            "ToleratedFailureCountPath": _path(),
            "ToleratedFailurePercentage": Field(Number(0, 100, is_whole=False)),
            "ToleratedFailurePercentagePath": _path(),
            "Label": Field(Text()),
        },
        alone=(
            ("MaxConcurrency", "MaxConcurrencyPath"),
            ("ToleratedFailureCount", "ToleratedFailureCountPath"),
            ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
            ("ItemSelector", "Parameters"),
        ),
        needed=(_NEXT_OR_END, ("ItemProcessor", "Iterator")),
    ),
}

TYPES: Final = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
"""In the order of AWS's message."""

OBJECTS: Final[dict[str, Table]] = {
    "Machine": Table(
        model.StateMachine,
        {
            **_INNER,
            "QueryLanguage": Field(OneOf(LANGUAGES)),
            "Version": Field(OneOf(("1.0",))),
            "TimeoutSeconds": Field(Number(0, MAX_SECONDS, literal=True)),
        },
        required=("States", "StartAt"),
    ),
    "Branch": Table(model.StateMachine, _INNER, required=("States", "StartAt")),
    "Processor": Table(
        model.StateMachine,
        {**_INNER, "ProcessorConfig": Field(Nested("ProcessorConfig"))},
        required=("States", "StartAt"),
    ),
    "ProcessorConfig": Table(
        model.ProcessorConfig,
        {
            "Mode": Field(OneOf(("INLINE", "DISTRIBUTED"))),
            "ExecutionType": Field(OneOf(("STANDARD", "EXPRESS"))),
        },
    ),
    "Retrier": Table(
        model.Retrier,
        {
            **_COMMENT,
            "ErrorEquals": Field(Errors()),
            "IntervalSeconds": Field(Number(1, MAX_SECONDS, literal=True)),
            "MaxAttempts": Field(Number(0, MAX_SECONDS, literal=True)),
            "BackoffRate": Field(Number(1, is_whole=False, literal=True)),
            "MaxDelaySeconds": Field(Number(1, MAX_DELAY, literal=True)),
            "JitterStrategy": Field(OneOf(("NONE", "FULL"))),
        },
        required=("ErrorEquals",),
    ),
    "Catcher": Table(
        model.Catcher,
        {
            **_COMMENT,
            **_ASSIGN,
            **_RESULT_PATH,
            "ErrorEquals": Field(Errors()),
            "Next": Field(Text()),
            "Output": Field(Payload(), only="JSONata"),
        },
        required=("ErrorEquals", "Next"),
    ),
    "ItemReader": Table(
        model.ItemReader,
        {
            **_PARAMETERS,
            **_ARGUMENTS,
            "Resource": Field(Text()),
            "ReaderConfig": Field(Nested("ReaderConfig")),
        },
        required=("Resource",),
    ),
    "ReaderConfig": Table(
        model.ReaderConfig,
        {
            "InputType": Field(OneOf(("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"))),
            "Transformation": Field(OneOf(("NONE", "LOAD_AND_FLATTEN"))),
            "CSVHeaderLocation": Field(OneOf(("FIRST_ROW", "GIVEN"))),
            "CSVHeaders": Field(Strings()),
            "CSVDelimiter": Field(OneOf(("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"))),
            "MaxItems": Field(Number(0, MAX_ITEMS)),
            "MaxItemsPath": _path(),
            "ItemsPointer": Field(Text()),
            "ManifestType": Field(OneOf(("S3_INVENTORY", "ATHENA_DATA"))),
        },
        alone=(("MaxItems", "MaxItemsPath"),),
    ),
    "ItemBatcher": Table(
        model.ItemBatcher,
        {
            "BatchInput": Field(Payload()),
            "MaxItemsPerBatch": Field(Number(1, MAX_ITEMS)),
            "MaxItemsPerBatchPath": _path(),
            "MaxInputBytesPerBatch": Field(Number(1, MAX_BATCH_BYTES)),
            "MaxInputBytesPerBatchPath": _path(),
        },
        alone=(
            ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
            ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
        ),
    ),
    "ResultWriter": Table(
        model.ResultWriter,
        {
            **_PARAMETERS,
            **_ARGUMENTS,
            "Resource": Field(Text()),
            "WriterConfig": Field(Nested("WriterConfig")),
        },
    ),
    "WriterConfig": Table(
        model.WriterConfig,
        {
            "Transformation": Field(OneOf(("NONE", "COMPACT", "FLATTEN"))),
            "OutputType": Field(OneOf(("JSON", "JSONL"))),
        },
        required=("OutputType", "Transformation"),
    ),
}

_STRING_LIKE = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")

OPERATORS: Final[dict[str, Kind]] = {
    **{f"String{word}": Text(dynamic=True) for word in _STRING_LIKE},
    "StringMatches": Text(dynamic=True),
    **{f"Numeric{word}": Number(is_whole=False, literal=True) for word in _STRING_LIKE},
    "BooleanEquals": Flag(),
    **{f"Timestamp{word}": Instant() for word in _STRING_LIKE},
    **{
        f"{type_}{word}Path": PathText(reference=True)
        for type_ in ("String", "Numeric", "Timestamp")
        for word in _STRING_LIKE
    },
    "BooleanEqualsPath": PathText(reference=True),
    **{f"Is{word}": Flag() for word in ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp")},
}
"""The comparison operators of Choice rules and what each compares with."""
