"""What a driver with a journal leaves for the end of a round, when all of it is durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from penstock.engine.history import Record, events
from penstock.engine.running import Running
from penstock.errors import StoreUnavailable
from penstock.frozen import frozen

Settled: TypeAlias = Callable[[StoreUnavailable | None], None]
"""Hears that all that came before is durable, or why it is not."""


@frozen
class Show:
    """Events that are shown when the round is durable."""

    running: Running
    records: list[Record]
    first: int

    def __call__(self) -> None:
        if self.running.observer is not None:
            for event in events(self.records, first=self.first):
                self.running.observer(event)


QUIET_SECONDS: Final = 60.0
"""Ours: how long nothing has failed to be written when anything that can be counts as the end of an outage."""


class Outage:
    """A time in which not all can be written down: said once, not for each thing that is refused. On a full disk small things
    may still be written, so it is over when as much has been written at once as could not be."""

    __slots__ = ("_at", "_size", "told")

    def __init__(self) -> None:
        self.told = False
        """Whether it is to be said when it is over."""
        self._size = 0
        self._at = 0.0

    def failed(self, size: int, at: float, *, matters: bool) -> bool:
        """So many bytes could not be written; whether that is to be said."""
        self._size, self._at = size, at
        if self.told or not matters:
            return False
        self.told = True
        return True

    def wrote(self, size: int, at: float) -> bool:
        """So many bytes were written; whether that is to be said."""
        if not self.told or not size or (size < self._size and at - self._at < QUIET_SECONDS):
            return False
        self.told = False
        return True


def is_of_withdrawn(call: Callable[[], None]) -> bool:
    """Whether it is for an execution that could not be written down, and so never was."""
    running = getattr(call, "running", None)
    return isinstance(running, Running) and running.withdrawn
