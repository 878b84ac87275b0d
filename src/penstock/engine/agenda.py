"""What a driver has to do at some time: timers of its executions, and attempts that want to be woken.

Times are the wall clock's. When that is set back, waits that count seconds keep their length, and only those that name an
instant (a Wait's Timestamp) wait for the clock to come there again.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from penstock.engine.execution import WAIT
from penstock.engine.states.waiting import WaitTimestamp

if TYPE_CHECKING:
    from penstock.engine.running import Running
    from penstock.engine.tasks.handler import Later


class Agenda:
    def __init__(self) -> None:
        self._timers: list[tuple[float, int, Running, int]] = []
        self._later: list[tuple[float, int, Running, int, Later]] = []
        """Attempts whose handlers want to be woken: a job to ask after."""
        self._set = 0
        self._stale = 0

    def set_timer(self, at: float, running: Running, timer: int) -> None:
        self._set += 1
        heapq.heappush(self._timers, (at, self._set, running, timer))

    def timer_cancelled(self) -> None:
        # Cancelled timers stay in the heap until they come up; not when they are most of it.
        self._stale += 1
        if self._stale > 1000 and 2 * self._stale > len(self._timers):
            self._timers = [t for t in self._timers if t[3] in t[2].execution.timers]
            heapq.heapify(self._timers)
            self._stale = 0

    def wake_later(self, at: float, running: Running, attempt: int, later: Later) -> None:
        self._set += 1
        heapq.heappush(self._later, (at, self._set, running, attempt, later))

    def next(self) -> float | None:
        """When there is something to do."""
        at = self.next_timer()
        if self._later:
            later = self._next_later()
            if at is None or (later is not None and later < at):
                return later
        return at

    def next_timer(self) -> float | None:
        timers = self._timers
        while timers and timers[0][3] not in timers[0][2].execution.timers:
            heapq.heappop(timers)  # cancelled
        return timers[0][0] if timers else None

    def _next_later(self) -> float | None:
        later = self._later
        while later and later[0][3] not in later[0][2].cancels:
            heapq.heappop(later)  # the attempt is over
        return later[0][0] if later else None

    def due(self, now: float) -> list[tuple[Running, list[int]]]:
        """The timers that are due: of each execution all at once, so that simultaneous events are recorded together."""
        found: dict[int, tuple[Running, list[int]]] = {}
        while True:
            at = self.next_timer()
            if at is None or at > now:
                return list(found.values())
            _, _, running, timer = heapq.heappop(self._timers)
            found.setdefault(id(running), (running, []))[1].append(timer)

    def to_wake(self, now: float) -> list[tuple[Running, int, Later]]:
        """Those that want to be woken by now."""
        found: list[tuple[Running, int, Later]] = []
        while True:
            at = self._next_later()
            if at is None or at > now:
                return found
            _, _, running, attempt, later = heapq.heappop(self._later)
            found.append((running, attempt, later))

    def set_back(self, seconds: float) -> None:
        """The clock was set back by so much."""
        self._timers = [
            entry if names_an_instant(entry[2], entry[3]) else (entry[0] - seconds, *entry[1:])
            for entry in self._timers
            if entry[3] in entry[2].execution.timers
        ]
        heapq.heapify(self._timers)
        self._stale = 0
        self._later = [(entry[0] - seconds, *entry[1:]) for entry in self._later]
        heapq.heapify(self._later)


def names_an_instant(running: Running, timer: int) -> bool:
    """Whether a timer is for an instant of the wall clock, and not for a number of seconds."""
    frame, purpose, _ = running.execution.timers[timer]
    return purpose == WAIT and frame is not None and isinstance(frame.state, WaitTimestamp)
