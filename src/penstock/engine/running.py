"""An execution in a Driver, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from penstock.engine.execution import Execution, Status
from penstock.engine.history import HistoryEvent, Record, events, instant
from penstock.engine.mapruns import MapRun
from penstock.engine.tasks.handler import Cancel
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.journal import Entry
    from penstock.engine.maprunning import ActiveRun

Observer: TypeAlias = Callable[[HistoryEvent], None]
"""Called with each history event, as soon as it is recorded."""


class ExecutionResult:
    """What became of an execution."""

    __slots__ = ("_events", "_execution", "_records", "map_runs")

    def __init__(self, execution: Execution, records: list[Record]) -> None:
        self.map_runs: list[MapRun] = []
        """Its Map Runs, in the order in which they began."""
        self._execution = execution
        self._records = records
        self._events: list[HistoryEvent] | None = None

    @property
    def status(self) -> Status:
        """SUCCEEDED, FAILED, TIMED_OUT or ABORTED (RUNNING only while a Driver still runs it)."""
        return self._execution.status

    @property
    def output(self) -> Json:
        """None unless it succeeded."""
        return self._execution.output

    @property
    def error(self) -> str | None:
        return self._execution.error

    @property
    def cause(self) -> str | None:
        return self._execution.cause

    @property
    def history(self) -> list[HistoryEvent]:
        """The events, exactly as boto3's GetExecutionHistory returns `events`; made when first asked for."""
        if self._events is None or len(self._events) != len(self._records):
            self._events = events(self._records)
        return self._events

    @property
    def execution_arn(self) -> str:
        return self._execution.arn

    @property
    def name(self) -> str:
        return self._execution.name

    @property
    def start_date(self) -> datetime:
        return instant(self._execution.started)

    @property
    def stop_date(self) -> datetime:
        return instant(self._execution.stopped)

    @property
    def input(self) -> Json:
        return self._execution.input

    @property
    def output_text(self) -> str | None:
        """The output as JSON text, as DescribeExecution gives it."""
        text = self._execution.output_text
        return None if text is None else text.decode("utf-8", "surrogatepass")

    def status_changes(self) -> list[HistoryEvent]:
        """What EventBridge hears of it."""
        from penstock.engine.status_changes import status_changes

        return status_changes(self._execution)

    def __repr__(self) -> str:
        return f"<ExecutionResult {self.name} {self.status}>"


class Running:
    """An execution in a Driver."""

    __slots__ = (
        "cancels",
        "children",
        "entry",
        "execution",
        "items",
        "late",
        "linked",
        "map_run",
        "map_runs",
        "observer",
        "on_close",
        "over",
        "records",
        "result",
        "seen",
        "tokens",
        "told",
        "withdrawn",
    )

    def __init__(self, execution: Execution, observer: Observer | None) -> None:
        self.execution = execution
        self.records = execution.records
        self.result = ExecutionResult(execution, self.records)
        self.observer = observer
        self.seen = 0
        self.cancels: dict[int, Cancel] = {}
        """Attempts that are running, and how to stop them."""
        self.tokens: dict[int, str] = {}
        """Attempts that wait for a task token."""
        self.children: dict[int, Running] = {}
        self.map_runs: dict[int, ActiveRun] = {}
        self.over: dict[int, ActiveRun] = {}
        """Map Runs that did not succeed: a redrive goes on with them. None where they are written down."""
        self.late: dict[int, tuple[int, Json, Json]] = {}
        """Children that had succeeded when their Map Run was broken off, as ChildrenFound has them."""
        self.map_run: ActiveRun | None = None
        """The Map Run that it is a child execution of, and for how many items."""
        self.items = 1
        self.on_close: Callable[[Running], None] | None = None
        self.entry: Entry | None = None
        """What the journal knows of it; None where nothing is written down."""
        self.linked = False
        """Whether another execution started it and goes on with it."""
        self.told = False
        """Whether those who wait for its end have heard of it."""
        self.withdrawn = False
        """Whether it could not be written down, and so never was."""

    @property
    def closed(self) -> bool:
        return self.execution.status != "RUNNING"
