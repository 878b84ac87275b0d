"""A loop whose rounds end with a commit, where a journal writes them down.

What the world can see of a round comes after its commit: attempts that start or are stopped, whoever waits for an answer.
While nothing can be committed, executions stand still, whoever waits hears why, and the commit is tried again.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Final

from penstock.clock import Clock
from penstock.engine.commands import Stop
from penstock.engine.rounds import Outage, Settled
from penstock.engine.shared_loop import SharedLoop
from penstock.errors import StoreUnavailable

if TYPE_CHECKING:
    from penstock.engine.journal import Journal
    from penstock.engine.running import Running

RETRY_SECONDS: Final = 0.5
"""Ours: how long after a commit that failed the next is tried."""

_log = logging.getLogger("penstock.engine")


class CommittingLoop(SharedLoop):
    """The end of a Driver's rounds. Without a `journal`, there is nothing to wait for."""

    def __init__(self, clock: Clock, journal: Journal | None, *, shared: bool) -> None:
        super().__init__(clock, shared=shared, sleepless=journal is not None)
        self.journal = journal
        self._held: list[Callable[[], None]] = []
        """What is to be done when the round is durable."""
        self._acks: list[Settled] = []
        self._settling: list[Settled] = []
        """Those of the round that is being made: a fault in it leaves nobody waiting."""
        self._fresh: list[Running] = []
        """Executions that no transaction has yet."""
        self._outage = Outage()
        self._next_try = 0.0
        """When to commit again what could not be, on the monotonic clock."""
        self._open: set[Running] = set()
        """Executions that have not ended."""

    def hold(self, call: Callable[[], None]) -> None:
        """Has something done when the round is durable; for the loop's thread."""
        self._held.append(call)

    def when_settled(self, done: Settled) -> None:
        """Calls `done` when all that the loop has been told until now is durable; at once where nothing is written down. For
        the loop's thread."""
        if self.journal is None:
            done(None)
        else:
            self._acks.append(done)

    @abstractmethod
    def withdraw(self, error: StoreUnavailable) -> None:
        """Takes back what was begun in the round that cannot be committed, as if it had never been asked for."""

    @property
    def _unsettled(self) -> bool:
        return self.journal is not None and bool(self._held or self._acks or self.journal.pending)

    def _commit(self, acks: list[Settled]) -> bool:
        """Ends a round: commits, and then does what waited for it. False where it cannot be committed."""
        journal = self.journal
        assert journal is not None
        outage = self._outage
        size = journal.pending_bytes() if outage.told else 0
        try:
            journal.commit()
        except StoreUnavailable as error:
            self.failing = error
            self._next_try = self.clock.monotonic() + RETRY_SECONDS
            size = journal.pending_bytes()
            self.withdraw(error)
            if outage.failed(size, self.clock.monotonic(), matters=bool(self._open)):
                _log.error("Executions stand still, and none begins, until the database can be written: %s", error)
            self._settling = []
            for done in acks:
                done(error)
            return False
        if outage.told and outage.wrote(size, self.clock.monotonic()):
            _log.warning("The database can be written again; executions go on.")
        self.failing = None
        self._fresh.clear()
        held, self._held = self._held, []
        for call in held:
            self.settled(call)
        self._settling = []
        for done in acks:
            done(None)
        return True

    def settled(self, call: Callable[[], None]) -> None:
        """Does what waited for the round to be durable."""
        call()

    def _hold_still(self) -> None:
        """Hears what there is to hear until the next try to commit; executions wait."""
        with suppress(Empty):
            seconds = 0.0 if self._acks else max(0.0, self._next_try - self.clock.monotonic())
            self.report_now(*self.inbox.get(timeout=seconds))
            self.collect()
        acks, self._acks = self._acks, []
        for done in acks:
            done(self.failing)

    def _stop_held(self, *, written: bool) -> None:
        """Stops what was to be stopped; where that is not written down, only what does not outlast this process anyway."""
        held, self._held = self._held, []
        for call in held:
            if isinstance(call, Stop) and (written or not call.lasts):
                with suppress(Exception):
                    call()

    def _disown(self, error: StoreUnavailable) -> None:
        acks, self._settling, self._acks = [*self._settling, *self._acks], [], []
        for done in acks:
            done(error)
