"""Who hears of executions as they begin and end: metrics, traces, logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.engine.running import Running

_log = logging.getLogger("penstock.stepfunctions")


class Watcher(Protocol):
    """Called in the thread of the executions, so quickly: nothing else runs meanwhile."""

    def begun(self, running: Running) -> None:
        """An execution was taken in, or redriven. In the context (contextvars) of the request that started it."""

    def ended(self, running: Running) -> None:
        """An execution has ended."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do: executions that have not ended, attempts of tasks that are being worked on, events that
    executions have not been told yet."""

    running: int
    tasks: int
    queued: int


class Watchers:
    """All of them. A watcher that fails is reported, and changes nothing for the execution."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._begun = [watcher.begun for watcher in watchers]
        self._ended = [watcher.ended for watcher in watchers]

    def begun(self, running: Running) -> None:
        _tell(self._begun, running)

    def ended(self, running: Running) -> None:
        _tell(self._ended, running)


def _tell(calls: Sequence[Callable[[Running], None]], running: Running) -> None:
    for call in calls:
        try:
            call(running)
        except Exception:
            _log.exception("A watcher of executions failed.", extra={"execution": running.execution.arn})
