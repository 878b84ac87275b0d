"""What can be asked of executions. Answers have the shapes of the Step Functions API, with `datetime`s as boto3 has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution. `described` is DescribeExecution's answer; `map_runs` DescribeMapRun's of each; `started` what its
    tasks started, as ListExecutions has it.

    Only of a file: `by_run` says whether `penstock run` began it and `target` where that found it; `parked` why it was left
    alone.
    """

    described: Answer
    definition: str | None = None
    map_runs: list[Answer] = field(default_factory=list)
    started: list[Answer] = field(default_factory=list)
    by_run: bool | None = None
    target: str | None = None
    machine: str | None = None
    parked: str | None = None


class Runs(Protocol):
    """Executions are named by their ARN, or by their name where that is enough. All raise PenstockError."""

    def list(self, *, status: str | None = None, machine: str | None = None) -> Iterator[Answer]:
        """As ListExecutions has them, newest first. `machine` is a name or an ARN. Of a file, `parked` says why one was left
        alone."""

    def execution(self, name: str) -> Execution: ...

    def history(self, name: str, *, reverse: bool = False) -> Iterator[Answer]:
        """GetExecutionHistory's events."""

    def stop(self, name: str, error: str | None = None, cause: str | None = None) -> str:
        """Aborts it; its ARN."""

    def close(self) -> None: ...
