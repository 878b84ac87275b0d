"""The States Language as data: one class a state type, one field an ASL field, in both query languages.

Everything meets here. Front ends build these objects, `write` turns them into JSON, `check` judges them, the engine
runs them. A field that the definition does not have is UNSET, which is not null: `"ResultPath": null` discards a result,
no ResultPath at all replaces the input with it.

Field names are ASL's in snake case; `ASL` below gives a field's exact JSON name. Values typed `Json` are payloads
(templates, results) kept as they stand. Where ASL takes a number or a JSONata expression, the type says `int | str`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from penstock.diagnostics import Span
from penstock.jsontools import Json


class Unset(Enum):
    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET
"""The definition does not have this field (as against null)."""

Path: TypeAlias = str | None
"""A path text; None where the definition says null."""

Number: TypeAlias = int | float | str
"""A literal, or a JSONata expression `{% … %}` that gives one."""


def _asl(name: str) -> Any:
    return field(default=UNSET, metadata={"asl": name})


def _origin() -> Any:
    # Where the user wrote it. Not part of what a definition *is*, so equality and writing leave it out.
    return field(default=None, compare=False, repr=False, metadata={"asl": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    error_equals: tuple[str, ...] = field(default=(), metadata={"asl": "ErrorEquals"})
    interval_seconds: int | float | Unset = _asl("IntervalSeconds")
    max_attempts: int | float | Unset = _asl("MaxAttempts")
    backoff_rate: int | float | Unset = _asl("BackoffRate")
    max_delay_seconds: int | float | Unset = _asl("MaxDelaySeconds")
    jitter_strategy: str | Unset = _asl("JitterStrategy")
    comment: str | Unset = _asl("Comment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    error_equals: tuple[str, ...] = field(default=(), metadata={"asl": "ErrorEquals"})
    next: str | Unset = _asl("Next")
    result_path: Path | Unset = _asl("ResultPath")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    comment: str | Unset = _asl("Comment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`{"Variable": …, "StringEquals": …}`: `operator` is ASL's own key, also for the `…Path` and `Is…` forms."""

    variable: str
    operator: str
    operand: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    rules: tuple[Test, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    rules: tuple[Test, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    rule: Test


Test: TypeAlias = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRule:
    """One entry of `Choices`: a `test` (JSONPath) or a `condition` (JSONata), and where it leads."""

    test: Test | Unset = field(default=UNSET, metadata={"asl": None})
    condition: Json | Unset = _asl("Condition")
    next: str | Unset = _asl("Next")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    comment: str | Unset = _asl("Comment")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderConfig:
    input_type: str | Unset = _asl("InputType")
    transformation: str | Unset = _asl("Transformation")
    csv_header_location: str | Unset = _asl("CSVHeaderLocation")
    csv_headers: tuple[str, ...] | Unset = _asl("CSVHeaders")
    csv_delimiter: str | Unset = _asl("CSVDelimiter")
    max_items: Number | Unset = _asl("MaxItems")
    max_items_path: str | Unset = _asl("MaxItemsPath")
    items_pointer: str | Unset = _asl("ItemsPointer")
    manifest_type: str | Unset = _asl("ManifestType")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReader:
    resource: str | Unset = _asl("Resource")
    reader_config: ReaderConfig | Unset = _asl("ReaderConfig")
    parameters: Json | Unset = _asl("Parameters")
    arguments: Json | Unset = _asl("Arguments")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBatcher:
    batch_input: Json | Unset = _asl("BatchInput")
    max_items_per_batch: Number | Unset = _asl("MaxItemsPerBatch")
    max_items_per_batch_path: str | Unset = _asl("MaxItemsPerBatchPath")
    max_input_bytes_per_batch: Number | Unset = _asl("MaxInputBytesPerBatch")
    max_input_bytes_per_batch_path: str | Unset = _asl("MaxInputBytesPerBatchPath")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterConfig:
    transformation: str | Unset = _asl("Transformation")
    output_type: str | Unset = _asl("OutputType")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultWriter:
    resource: str | Unset = _asl("Resource")
    writer_config: WriterConfig | Unset = _asl("WriterConfig")
    parameters: Json | Unset = _asl("Parameters")
    arguments: Json | Unset = _asl("Arguments")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorConfig:
    mode: str | Unset = _asl("Mode")
    execution_type: str | Unset = _asl("ExecutionType")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What all eight have. `name` is the key in `States`; `span` the user's own line that made the state."""

    name: str = field(metadata={"asl": None})
    comment: str | Unset = _asl("Comment")
    query_language: str | Unset = _asl("QueryLanguage")
    span: Span | None = _origin()

    @property
    def type(self) -> str:
        """`Task`, `Pass`, …"""
        return type(self).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(State):
    resource: str | Unset = _asl("Resource")
    input_path: Path | Unset = _asl("InputPath")
    parameters: Json | Unset = _asl("Parameters")
    arguments: Json | Unset = _asl("Arguments")
    credentials: Json | Unset = _asl("Credentials")
    timeout_seconds: Number | Unset = _asl("TimeoutSeconds")
    timeout_seconds_path: str | Unset = _asl("TimeoutSecondsPath")
    heartbeat_seconds: Number | Unset = _asl("HeartbeatSeconds")
    heartbeat_seconds_path: str | Unset = _asl("HeartbeatSecondsPath")
    result_selector: Json | Unset = _asl("ResultSelector")
    result_path: Path | Unset = _asl("ResultPath")
    output_path: Path | Unset = _asl("OutputPath")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    retry: tuple[Retrier, ...] | Unset = _asl("Retry")
    catch: tuple[Catcher, ...] | Unset = _asl("Catch")
    next: str | Unset = _asl("Next")
    end: bool | Unset = _asl("End")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(State):
    input_path: Path | Unset = _asl("InputPath")
    parameters: Json | Unset = _asl("Parameters")
    result: Json | Unset = _asl("Result")
    result_path: Path | Unset = _asl("ResultPath")
    output_path: Path | Unset = _asl("OutputPath")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    next: str | Unset = _asl("Next")
    end: bool | Unset = _asl("End")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(State):
    input_path: Path | Unset = _asl("InputPath")
    output_path: Path | Unset = _asl("OutputPath")
    choices: tuple[ChoiceRule, ...] | Unset = _asl("Choices")
    default: str | Unset = _asl("Default")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(State):
    input_path: Path | Unset = _asl("InputPath")
    output_path: Path | Unset = _asl("OutputPath")
    seconds: Number | Unset = _asl("Seconds")
    seconds_path: str | Unset = _asl("SecondsPath")
    timestamp: str | Unset = _asl("Timestamp")
    timestamp_path: str | Unset = _asl("TimestampPath")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    next: str | Unset = _asl("Next")
    end: bool | Unset = _asl("End")


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed(State):
    input_path: Path | Unset = _asl("InputPath")
    output_path: Path | Unset = _asl("OutputPath")
    output: Json | Unset = _asl("Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(State):
    error: str | Unset = _asl("Error")
    error_path: str | Unset = _asl("ErrorPath")
    cause: str | Unset = _asl("Cause")
    cause_path: str | Unset = _asl("CausePath")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(State):
    input_path: Path | Unset = _asl("InputPath")
    parameters: Json | Unset = _asl("Parameters")
    arguments: Json | Unset = _asl("Arguments")
    branches: tuple[StateMachine, ...] | Unset = _asl("Branches")
    result_selector: Json | Unset = _asl("ResultSelector")
    result_path: Path | Unset = _asl("ResultPath")
    output_path: Path | Unset = _asl("OutputPath")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    retry: tuple[Retrier, ...] | Unset = _asl("Retry")
    catch: tuple[Catcher, ...] | Unset = _asl("Catch")
    next: str | Unset = _asl("Next")
    end: bool | Unset = _asl("End")


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(State):
    """`item_processor` and `iterator`, `item_selector` and `parameters` are two spellings of one thing each, the second
    deprecated; both are kept as written. `processor` and `selector` give whichever is there."""

    input_path: Path | Unset = _asl("InputPath")
    items_path: str | Unset = _asl("ItemsPath")
    items: Json | Unset = _asl("Items")
    item_reader: ItemReader | Unset = _asl("ItemReader")
    item_selector: Json | Unset = _asl("ItemSelector")
    parameters: Json | Unset = _asl("Parameters")
    item_batcher: ItemBatcher | Unset = _asl("ItemBatcher")
    item_processor: StateMachine | Unset = _asl("ItemProcessor")
    iterator: StateMachine | Unset = _asl("Iterator")
    max_concurrency: Number | Unset = _asl("MaxConcurrency")
    max_concurrency_path: str | Unset = _asl("MaxConcurrencyPath")
    tolerated_failure_count: Number | Unset = _asl("ToleratedFailureCount")
    tolerated_failure_count_path: str | Unset = _asl("ToleratedFailureCountPath")
    tolerated_failure_percentage: Number | Unset = _asl("ToleratedFailurePercentage")
    tolerated_failure_percentage_path: str | Unset = _asl("ToleratedFailurePercentagePath")
    label: str | Unset = _asl("Label")
    result_writer: ResultWriter | Unset = _asl("ResultWriter")
    result_selector: Json | Unset = _asl("ResultSelector")
    result_path: Path | Unset = _asl("ResultPath")
    output_path: Path | Unset = _asl("OutputPath")
    assign: Json | Unset = _asl("Assign")
    output: Json | Unset = _asl("Output")
    retry: tuple[Retrier, ...] | Unset = _asl("Retry")
    catch: tuple[Catcher, ...] | Unset = _asl("Catch")
    next: str | Unset = _asl("Next")
    end: bool | Unset = _asl("End")

    @property
    def processor(self) -> StateMachine | None:
        machine = self.item_processor if self.item_processor is not UNSET else self.iterator
        return None if machine is UNSET else machine

    @property
    def selector(self) -> Json | Unset:
        return self.item_selector if self.item_selector is not UNSET else self.parameters

    @property
    def is_distributed(self) -> bool:
        machine = self.processor
        return (
            machine is not None
            and machine.processor_config is not UNSET
            and (machine.processor_config.mode == "DISTRIBUTED")
        )


AnyState: TypeAlias = Task | Pass | Choice | Wait | Succeed | Fail | Parallel | Map

STATE_TYPES: Final[dict[str, type[AnyState]]] = {
    cls.__name__: cls for cls in (Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """A machine, a Parallel's branch, or a Map's processor (which alone has `processor_config`).

    `states` keeps the order of the definition.
    """

    comment: str | Unset = _asl("Comment")
    query_language: str | Unset = _asl("QueryLanguage")
    version: str | Unset = _asl("Version")
    timeout_seconds: int | float | Unset = _asl("TimeoutSeconds")
    processor_config: ProcessorConfig | Unset = _asl("ProcessorConfig")
    start_at: str | Unset = _asl("StartAt")
    states: dict[str, AnyState] = field(default_factory=dict, metadata={"asl": "States"})
    span: Span | None = _origin()

    def walk(self) -> Iterator[tuple[StateMachine, AnyState]]:
        """Every state with the machine it stands in, inner machines after the state that holds them."""
        stack: list[tuple[StateMachine, AnyState]] = [(self, s) for s in reversed(self.states.values())]
        while stack:
            machine, state = stack.pop()
            yield machine, state
            inner: list[StateMachine] = []
            if isinstance(state, Parallel) and state.branches is not UNSET:
                inner = list(state.branches)
            elif isinstance(state, Map) and state.processor is not None:
                inner = [state.processor]
            for child in reversed(inner):
                stack.extend((child, s) for s in reversed(child.states.values()))


def asl_names(cls: type) -> dict[str, str]:
    """Python field → ASL field of a model class, in writing order; fields that have no ASL name are left out."""
    return {f.name: f.metadata["asl"] for f in fields(cls) if f.metadata.get("asl")}
