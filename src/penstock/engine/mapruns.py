"""Map Runs: what a distributed Map has done outside its execution, and what others can see of it.

The core says what is to be done (`StartMapRun`, `ReadItems`, `EndMapRun`) and hears what came of it (`ItemsRead`,
`MapRunEnded`); `maprunning` does it. Counters are DescribeMapRun's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from penstock.engine.history import instant
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.execution import Execution

Item: TypeAlias = tuple[Json, str | None, str]
"""An item, its key where it was a member of an object, and where it came from (`$$.Map.Item.Source`)."""

RunStatus: TypeAlias = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"]

UNBOUNDED: Final = 2_147_483_647
"""What DescribeMapRun says for no MaxConcurrency (measured, floci-io/floci#2671)."""

# ---- what the core says and hears


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An ItemReader with its values. `action` is getObject or listObjectsV2; `key` the object's key, or the prefix."""

    action: str
    bucket: str
    key: str = ""
    version: str | None = None
    input_type: str | None = None
    max_items: int = 0
    flatten: bool = False
    header_location: str | None = None
    headers: tuple[str, ...] | None = None
    delimiter: str = "COMMA"
    pointer: str | None = None
    manifest_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A ResultWriter with its values; without a bucket it only says what the state's result looks like."""

    bucket: str | None = None
    prefix: str = ""
    transformation: str = "NONE"
    output_type: str = "JSON"

    def key(self, run: str, file: str) -> str:
        """The key of a file of the Map Run whose ARN ends in `run`."""
        return "/".join(part for part in (self.prefix.rstrip("/"), run, file) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMapRun:
    """A new Map Run, by a number of the core's. `items` is how many there are where they come from the state's input."""

    run: int
    arn: str
    label: str
    items: int
    source: Source | None
    sink: Sink | None
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float


@dataclass(frozen=True, slots=True)
class ReadItems:
    """Read the next `count` items, or what is left of them."""

    run: int
    count: int


@dataclass(frozen=True, slots=True)
class EndMapRun:
    """All child executions have ended, or the run failed; `pending` are the inputs of those that were never started."""

    run: int
    status: RunStatus
    pending: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class RedriveMapRun:
    """Begin a Map Run again that did not succeed, for the `redrives`th time; `command` is what began it, `read` how many items
    were read. `untold` are children whose ends nobody has told the core yet. The answer is ChildrenFound."""

    run: int
    command: StartMapRun
    read: int
    redrives: int
    untold: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class ChildrenFound:
    """The child executions of a Map Run that did not succeed and are to run again: their numbers, and how many items each.
    And what those gave that had succeeded when the run was broken off, before the core was told: number, output,
    description."""

    run: int
    children: Sequence[tuple[int, int]]
    succeeded: Sequence[tuple[int, Json, Json]] = ()


@dataclass(frozen=True, slots=True)
class ItemsRead:
    """Items, and whether there are `more`; or the error that ended the reading."""

    run: int
    items: Sequence[Item] = ()
    more: bool = False
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class MapRunEnded:
    """The results are written; `output` is the state's result where they went to a bucket."""

    run: int
    output: Json = None
    error: str | None = None
    cause: str | None = None


# ---- what others can see


class Counts:
    """DescribeMapRun's ten counters of items or of child executions."""

    __slots__ = (
        "aborted",
        "failed",
        "not_redrivable",
        "pending",
        "pending_redrive",
        "results_written",
        "running",
        "succeeded",
        "timed_out",
        "total",
    )

    def __init__(self) -> None:
        self.pending = 0
        self.pending_redrive = 0
        self.not_redrivable = 0
        self.running = 0
        self.succeeded = 0
        self.failed = 0
        self.timed_out = 0
        self.aborted = 0
        self.total = 0
        self.results_written = 0

    def found(self, count: int) -> None:
        self.total += count
        self.pending += count

    def started(self, count: int) -> None:
        self.pending -= count
        self.running += count

    def ended(self, count: int, status: str) -> None:
        self.running -= count
        if status == "SUCCEEDED":
            self.succeeded += count
        elif status == "TIMED_OUT":
            self.timed_out += count
        elif status == "ABORTED":
            self.aborted += count
        else:
            self.failed += count

    @property
    def unsuccessful(self) -> int:
        return self.failed + self.timed_out + self.aborted

    def redrive(self) -> None:
        """What did not succeed waits for another try."""
        self.pending_redrive = self.unsuccessful
        self.failed = self.timed_out = self.aborted = self.results_written = 0

    def started_again(self, count: int) -> None:
        self.pending_redrive -= count
        self.running += count

    def left(self, count: int) -> None:
        """So many cannot be tried again."""
        self.pending_redrive -= count
        self.failed += count
        self.not_redrivable += count

    def as_dict(self) -> dict[str, int]:
        return {
            "pending": self.pending,
            "running": self.running,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "timedOut": self.timed_out,
            "aborted": self.aborted,
            "total": self.total,
            "resultsWritten": self.results_written,
            "failuresNotRedrivable": self.not_redrivable,
            "pendingRedrive": self.pending_redrive,
        }


class MapRun:
    """A Map Run and how it stands."""

    __slots__ = (
        "arn",
        "execution_arn",
        "execution_counts",
        "item_counts",
        "machine_arn",
        "max_concurrency",
        "redrive_count",
        "redriven",
        "started",
        "status",
        "stopped",
        "tolerated_count",
        "tolerated_percentage",
    )

    def __init__(self, command: StartMapRun, execution: Execution, now: float) -> None:
        self.arn = command.arn
        self.execution_arn = execution.arn
        self.machine_arn = f"{execution.machine_arn}/{command.label}"
        self.status: RunStatus = "RUNNING"
        self.started = now
        self.stopped: float | None = None
        self.redrive_count = 0
        self.redriven: float | None = None
        self.max_concurrency = command.max_concurrency or UNBOUNDED
        self.tolerated_count = command.tolerated_count
        self.tolerated_percentage = command.tolerated_percentage
        self.item_counts = Counts()
        self.execution_counts = Counts()
        self.item_counts.found(command.items)

    def redrive(self, count: int, now: float) -> None:
        """It runs again, for the `count`th time."""
        self.status, self.stopped = "RUNNING", None
        self.redrive_count, self.redriven = count, now
        self.item_counts.redrive()
        self.execution_counts.redrive()

    def to_data(self) -> dict[str, Any]:
        """All of it as a JSON value."""
        data = {name: getattr(self, name) for name in self.__slots__ if not name.endswith("_counts")}
        for name in ("item_counts", "execution_counts"):
            counts = getattr(self, name)
            data[name] = {each: getattr(counts, each) for each in counts.__slots__}
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> MapRun:
        """What `to_data` made."""
        run = cls.__new__(cls)
        for name, value in data.items():
            if name.endswith("_counts"):
                counts = Counts()
                for each, count in value.items():
                    setattr(counts, each, count)
                value = counts
            setattr(run, name, value)
        return run

    def describe(self) -> dict[str, Any]:
        """DescribeMapRun's answer as boto3 gives it."""
        answer: dict[str, Any] = {
            "mapRunArn": self.arn,
            "executionArn": self.execution_arn,
            "status": self.status,
            "startDate": instant(self.started),
            "maxConcurrency": self.max_concurrency,
            "toleratedFailurePercentage": float(self.tolerated_percentage),
            "toleratedFailureCount": self.tolerated_count,
            "itemCounts": self.item_counts.as_dict(),
            "executionCounts": self.execution_counts.as_dict(),
            "redriveCount": self.redrive_count,
        }
        if self.redriven is not None:
            answer["redriveDate"] = instant(self.redriven)
        if self.stopped is not None:
            answer["stopDate"] = instant(self.stopped)
        return answer

    def summary(self) -> dict[str, Any]:
        """Its entry in ListMapRuns."""
        answer: dict[str, Any] = {
            "executionArn": self.execution_arn,
            "mapRunArn": self.arn,
            "stateMachineArn": self.machine_arn,
            "startDate": instant(self.started),
        }
        if self.stopped is not None:
            answer["stopDate"] = instant(self.stopped)
        return answer
