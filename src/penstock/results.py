"""How an execution ended, as `penstock.run` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from penstock.diagnostics import Span
from penstock.errors import UsageError
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.api import Machine
    from penstock.asl.visits import Visits
    from penstock.durable import StoredResult
    from penstock.engine.driver import ExecutionResult
    from penstock.engine.logs import Level


@dataclass(frozen=True)
class RunResult:
    """How an execution ended.

    `status` is SUCCEEDED, FAILED, TIMED_OUT or ABORTED; `output` a JSON value, None unless it succeeded; `error` and
    `cause` are None where there is none. `history` is GetExecutionHistory's `events` as boto3 returns them.
    """

    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    output: Json
    error: str | None
    cause: str | None
    name: str
    execution_arn: str
    start_date: datetime
    stop_date: datetime
    _machine: Machine
    _execution: ExecutionResult | StoredResult

    def __repr__(self) -> str:
        what = (
            f"output={self.output!r}" if self.status == "SUCCEEDED" else f"error={self.error!r}, cause={self.cause!r}"
        )
        return f"RunResult(status={self.status!r}, {what})"

    @property
    def succeeded(self) -> bool:
        return self.status == "SUCCEEDED"

    @property
    def history(self) -> list[dict[str, Any]]:
        """Built when first asked for; of a run with a database file, read from there."""
        return self._execution.history

    @property
    def map_runs(self) -> list[dict[str, Any]]:
        """Its Map Runs in the order in which they began, each as boto3's DescribeMapRun returns it."""
        return [each.describe() for each in self._execution.map_runs]

    def log_events(self, level: Level = "ALL", *, include_execution_data: bool = True) -> list[dict[str, Any]]:
        """What the execution writes to its log group under a LoggingConfiguration of these two (see `engine.logs`)."""
        from penstock.engine.logs import log_events

        if level not in ("ALL", "ERROR", "FATAL", "OFF"):
            raise UsageError(f"A log level is ALL, ERROR, FATAL or OFF, not {level!r}.")
        return list(
            log_events(self.history, self.execution_arn, level=level, include_execution_data=include_execution_data)
        )

    def status_changes(self) -> list[dict[str, Any]]:
        """The "Execution Status Change" events that EventBridge gets of a STANDARD execution: of its start and of its end."""
        return self._execution.status_changes()

    @cached_property
    def visits(self) -> Visits:
        """What happened state by state."""
        from penstock.asl.visits import Visits

        return Visits(self.history, self._machine.definition)

    @property
    def failed_state(self) -> str | None:
        """The innermost state whose failure ended the execution."""
        if self.status == "SUCCEEDED" or self.visits.failure is None:
            return None
        return self.visits.failure.name

    @property
    def failed_span(self) -> Span | None:
        """Where the user wrote that state."""
        state = self.failed_state
        return None if state is None else self._machine.span_of(state)
