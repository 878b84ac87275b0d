"""A loop that sleeps while there is nothing to do, and whose rounds other threads may make meanwhile.

Waking a sleeping thread takes longer than most rounds. So with `shared`, whoever brings something to a loop at rest may make
the round itself (`make`), and the loop's own thread sleeps on, unless there is something that only waking it will do: a
timer that is sooner than it knows, an end that it waits for, more than one round's work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf
from queue import Empty, SimpleQueue
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeAlias

from penstock.clock import Clock, SystemClock, VirtualClock
from penstock.engine.agenda import Agenda
from penstock.errors import StoreUnavailable
from penstock.frozen import frozen

if TYPE_CHECKING:
    from penstock.engine.mapruns import ItemsRead, MapRunEnded
    from penstock.engine.running import Running
    from penstock.engine.tasks.handler import Report

SET_BACK_SECONDS: Final = 1.0
"""Ours: how far behind a clock may be before it counts as set back."""

AWAKE_SECONDS: Final = 60.0
"""Ours: how long the loop sleeps at most, since a clock that is set forward wakes nobody."""


@frozen
class Posted:
    """A call that some other thread wants the loop's to make."""

    call: Callable[[], None]


News: TypeAlias = "tuple[Running | None, int, Report | ItemsRead | MapRunEnded | Posted]"
"""What reaches the loop from other threads: of which execution and attempt, and what."""


class SharedLoop(ABC):
    """What a Driver is besides its executions."""

    def __init__(self, clock: Clock, *, shared: bool, sleepless: bool) -> None:
        """`sleepless`: it looks every AWAKE_SECONDS what there is to do, even with no timer set."""
        self.clock = clock
        self.agenda = Agenda()
        self.inbox: SimpleQueue[News] = SimpleQueue()
        self.outside: set[tuple[Running, int]] = set()
        """Attempts that something outside this loop is working on; while there are any, virtual time does not jump."""
        self.failing: StoreUnavailable | None = None
        """Why nothing goes on, when that is so."""
        self.ends = 0
        """How many executions have ended."""
        self.ended = False
        """Whether no thread may make a round any more."""
        self.turning = RLock()
        """Held by whoever makes a round, and by the loop's thread whenever it does not sleep."""
        self.clock_time = clock.now()
        """What the clock said when it was last read."""
        self._read_at = clock.monotonic()
        # A clock that jumps is moved by the loop's thread alone, when it finds nothing to do.
        self._shared = shared and isinstance(clock, SystemClock)
        self._sleepless = sleepless
        self._making = False
        self.visited = False
        """Whether the round is made by another thread, for its own news only."""
        self._torn: BaseException | None = None
        """What `tear` was given."""
        self._awake_at = inf
        """When the loop's thread wakes by itself."""
        self._awaited = False
        """Whether it waits for the end of an execution."""

    @abstractmethod
    def round(self) -> bool:
        """All news, all due timers. False when there was nothing to do."""

    @abstractmethod
    def report_now(
        self, running: Running | None, attempt: int, report: Report | ItemsRead | MapRunEnded | Posted
    ) -> None:
        """Takes in news; in a round."""

    @property
    def busy(self) -> bool:
        """Whether something waits that the next round does at once."""
        return self.unfinished or not self.inbox.empty()

    @property
    @abstractmethod
    def unfinished(self) -> bool:
        """Whether a round has left something for the next."""

    def post(self, call: Callable[[], None]) -> None:
        """Has the loop's own thread make a call, between two executions' turns; from any thread."""
        self.inbox.put((None, 0, Posted(call)))

    def turn(self) -> None:
        """One round; and if there was nothing to do, waiting for something."""
        with self.turning:
            self._check_whole()
            self._making = True
            try:
                if self.round():
                    return
                seconds = self._rest()
            except BaseException:
                self.ended = True  # maybe in the midst of a turn, which no other thread is to go on from
                raise
            finally:
                self._making = False
        news = self._listen(seconds)
        if news is not None:
            with self.turning:
                self._check_whole()
                try:
                    self.report_now(*news)
                except BaseException:
                    self.ended = True
                    raise

    def make(self, call: Callable[[], None], *, rounds: int) -> bool:
        """Makes a call in this thread, as the loop's would, and up to so many rounds that come of it, of nothing else; from
        any thread that no exception comes into from outside. False, and nothing done, where that is for the loop's own thread:
        it has something to do already, or `shared` is not set."""
        if not self._shared or not self.turning.acquire(blocking=False):
            return False
        try:
            if self._making or self.ended or self.failing is not None or self.busy:
                return False
            self._making = self.visited = True
            ends = self.ends
            try:
                call()
                while rounds and self.unfinished and self.failing is None:
                    self.round()
                    rounds -= 1
            except BaseException as error:
                self.tear(error)
                return True
            finally:
                self._making = self.visited = False
            at = self.agenda.next()
            sooner = at is not None and at - self.clock_time < self._awake_at - self._read_at
            if sooner or self.unfinished or self.failing is not None or (self._awaited and ends != self.ends):
                self.post(_nothing)  # the loop's thread has something to do
            return True
        finally:
            self.turning.release()

    def tear(self, error: BaseException) -> None:
        """What came out in the midst of a turn that another thread made, or another call: the loop's thread raises it, before
        anything else is done."""
        self.ended = True
        self._torn = error
        self.post(_nothing)

    def _check_whole(self) -> None:
        if self._torn is not None:
            raise self._torn

    def run_while(self, wanted: Callable[[], bool]) -> None:
        """Turns as long as `wanted` says so between two of them."""
        self._awaited = True
        try:
            while True:
                with self.turning:  # between two rounds: what has ended in one is written down only when that is over
                    if not wanted():
                        return
                self.turn()
        finally:
            self._awaited = False

    def collect(self) -> bool:
        """Takes in all news. False where there is none."""
        inbox = self.inbox
        if inbox.empty():
            return False
        while True:
            try:
                self.report_now(*inbox.get_nowait())
            except Empty:
                return True

    def _rest(self) -> float | None:
        """How many seconds there is nothing to do unless there is news; None for no end. A clock that is not the system's
        is moved to the next timer instead, where nobody outside works."""
        clock = self.clock
        at = self.agenda.next()
        if at is None and not self._sleepless:
            self._awake_at = inf
            return None
        now = self.time()
        seconds = AWAKE_SECONDS if at is None else max(0.0, at - now)
        if at is not None and not self.outside and not isinstance(clock, SystemClock):
            if isinstance(clock, VirtualClock):
                clock.advance_to(at)  # to the instant itself: a sum of floats may fall short of it for ever
            else:
                clock.sleep(seconds)
            return 0.0
        seconds = min(seconds, AWAKE_SECONDS)
        self._awake_at = self._read_at + seconds
        return seconds

    def _listen(self, seconds: float | None) -> News | None:
        """Waits for news, while others may make rounds."""
        if seconds == 0:
            return None
        clock = self.clock
        before = clock.monotonic()
        try:
            item = self.inbox.get(timeout=seconds)
        except Empty:
            item = None
        if isinstance(clock, VirtualClock):
            clock.advance(clock.monotonic() - before)
        return item

    def time(self) -> float:
        """Seconds since the epoch."""
        # A clock that runs a little behind is waited for; one that was set back is believed, and waits keep their length.
        clock = self.clock
        now, read_at = clock.now(), clock.monotonic()
        if now < self.clock_time:
            back = self.clock_time + (read_at - self._read_at) - now
            if back > SET_BACK_SECONDS and isinstance(clock, SystemClock):
                self.agenda.set_back(back)
            else:
                now = self.clock_time
        self.clock_time, self._read_at = now, read_at
        return now


def _nothing() -> None:
    pass
