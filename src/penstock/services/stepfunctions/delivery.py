"""The log of executions, delivered to the log group of their state machine's loggingConfiguration."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from penstock.clock import iso8601
from penstock.engine.execution import Execution
from penstock.engine.history import HistoryEvent
from penstock.engine.logs import log_events

_log = logging.getLogger("penstock.stepfunctions")


class LogSink(Protocol):
    """Where log events go."""

    def write(self, group: str, stream: str, timestamp: int, message: Any) -> None:
        """Takes one, without waiting and without failing. `timestamp` is milliseconds since the epoch."""


class Delivery:
    """An Observer: what it hears of an execution's history goes to the log group, as the level says."""

    __slots__ = ("_execution", "_group", "_include", "_level", "_sink")

    def __init__(self, sink: LogSink, group: str, logging_configuration: Mapping[str, Any]) -> None:
        self._sink = sink
        self._group = group
        self._level = logging_configuration["level"]
        self._include = bool(logging_configuration.get("includeExecutionData"))
        self._execution: Execution | None = None

    def follow(self, execution: Execution) -> None:
        """Whose history it is; before the first event."""
        self._execution = execution

    def __call__(self, event: HistoryEvent) -> None:
        execution = self._execution
        if execution is None:
            return
        redrives = execution.redrive_count
        if event["type"] == "ExecutionRedriven":
            redrives -= 1  # log_events counts it
        try:
            for line in log_events(
                [event],
                execution.arn,
                level=self._level,
                include_execution_data=self._include,
                redrives=redrives,
            ):
                at = int(line["event_timestamp"])
                name = execution.machine_name.partition("/")[0]
                self._sink.write(self._group, f"states/{name}/{iso8601(at / 1000)[:10]}", at, line)
        except Exception:
            # An execution does not end because of its log.
            _log.exception("A log event could not be delivered.", extra={"execution": execution.arn})


def delivery(sink: LogSink | None, logging_configuration: Mapping[str, Any]) -> Delivery | None:
    """None where nothing is to be logged."""
    if sink is None or logging_configuration.get("level", "OFF") == "OFF":
        return None
    from penstock.services.logs.service import group_of

    for destination in logging_configuration.get("destinations", ()):
        group = group_of(str(destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")))
        if group is not None:
            return Delivery(sink, group, logging_configuration)
    return None
