"""What a driver with a journal leaves for the end of a round, when all of it is durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from penstock.engine.history import Record, events
from penstock.engine.running import Running
from penstock.errors import StoreUnavailable

Settled: TypeAlias = Callable[[StoreUnavailable | None], None]
"""Hears that all that came before is durable, or why it is not."""


@dataclass(frozen=True, slots=True)
class Show:
    """Events that are shown when the round is durable."""

    running: Running
    records: list[Record]
    first: int

    def __call__(self) -> None:
        if self.running.observer is not None:
            for event in events(self.records, first=self.first):
                self.running.observer(event)


def is_of_withdrawn(call: Callable[[], None]) -> bool:
    """Whether it is for an execution that could not be written down, and so never was."""
    running = getattr(call, "running", None)
    return isinstance(running, Running) and running.withdrawn
