"""What the queue of asynchronous calls writes down: one thread commits whatever gathered while it committed what came before.

So calls that are accepted at once share a transaction, and threads that others wait for (the pool's, that of the executions)
never wait for the disk.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from penstock import failpoints
from penstock.errors import StoreError, StoreUnavailable
from penstock.store import Database
from penstock.store.lambda_events import EventRow, LambdaEvents

RETRY_SECONDS: Final = 1.0
"""Ours: how long what has to be written waits for another try."""
ROWS: Final = 500
BYTES: Final = 4 * 1024 * 1024
"""Ours: what a transaction has at most, so that others who write never wait long; always one change, however large."""

_log = logging.getLogger("penstock.lambda")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Rows that come, that wait for another attempt, that go: all or none.

    `done` is called when it is durable. `refused` is called where that cannot be; a change without it is what the world has
    done already, and is tried until it can be written down.
    """

    done: Callable[[], None]
    refused: Callable[[StoreError], None] | None = None
    added: tuple[EventRow, ...] = ()
    moved: tuple[EventRow, ...] = ()
    removed: tuple[int, ...] = ()

    def size(self) -> int:
        return sum(len(row.payload or b"") for row in self.added)


class Ledger(Protocol):
    last: int
    """The highest number of those that an earlier process left."""
    keeps: bool
    """Whether anything outlives the process."""

    def change(self, change: Change) -> None: ...
    def left(self, now: float) -> Iterable[EventRow]: ...
    def payload(self, number: int) -> bytes: ...
    def close(self) -> None: ...


class NoLedger:
    """Nothing is written down."""

    last = 0
    keeps = False

    def change(self, change: Change) -> None:
        change.done()

    def left(self, now: float) -> Iterable[EventRow]:
        return ()

    def payload(self, number: int) -> bytes:
        raise LookupError(number)

    def close(self) -> None:
        return None


class FileLedger:
    """In a Database. `change` returns at once, from any thread; what it tells, it tells from its own."""

    keeps = True

    def __init__(self, database: Database) -> None:
        self._database = database
        self.last = LambdaEvents.last(database)
        self._changes: deque[Change] = deque()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failing = False

    def change(self, change: Change) -> None:
        with self._condition:
            if not self._closed:
                self._changes.append(change)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._serve, name="penstock-lambda-ledger", daemon=True)
                    self._thread.start()
                self._condition.notify()
                return
        if change.refused is not None:
            change.refused(StoreUnavailable("The service has been closed."))

    def left(self, now: float) -> Iterable[EventRow]:
        """What an earlier process left, as it left it; for those that were due it is noted that they came back."""
        rows = list(LambdaEvents.left(self._database, self.last))
        if rows:
            try:
                LambdaEvents.cut_off(self._database, self.last, now)
            except StoreUnavailable as error:  # a full disk: they are made all the same
                _log.warning("That asynchronous calls are taken up cannot be written down: %s", error)
        return rows

    def payload(self, number: int) -> bytes:
        """Raises StoreError."""
        return LambdaEvents.payload(self._database, number)

    def close(self) -> None:
        """Returns when what was asked for has been written, as far as it can be."""
        with self._condition:
            self._closed = True
            self._condition.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _serve(self) -> None:
        owed: list[Change] = []
        while (batch := self._next(owing=bool(owed))) is not None:
            owed = self._write([*owed, *batch])

    def _next(self, *, owing: bool) -> list[Change] | None:
        with self._condition:
            if not self._changes and not self._closed:
                self._condition.wait(RETRY_SECONDS if owing else None)
            if not self._changes and self._closed:
                return None
            batch: list[Change] = []
            size = 0
            while self._changes and len(batch) < ROWS and (not batch or size + self._changes[0].size() <= BYTES):
                change = self._changes.popleft()
                size += change.size()
                batch.append(change)
            return batch

    def _write(self, changes: list[Change]) -> list[Change]:
        """Commits them; those that are still to be written where they cannot be now."""
        while changes:
            try:
                self._commit(changes)
            except StoreError as error:
                if not self._failing:
                    self._failing = True
                    _log.error("Asynchronous calls are refused until the database can be written: %s", error)
                refused = [change.refused for change in changes if change.refused is not None]
                for refuse in refused:
                    _guarded(partial(refuse, error))
                changes = [change for change in changes if change.refused is None]
                if not refused:
                    return changes
                continue  # without what is new there may be room
            except Exception as error:  # a fault of ours, which no later try would mend; nobody is left waiting
                _log.exception("Asynchronous calls cannot be written down.")
                fault = StoreUnavailable(f"{type(error).__name__}: {error}")
                for change in changes:
                    if change.refused is not None:
                        _guarded(partial(change.refused, fault))
                return []
            if self._failing and any(change.added for change in changes):
                self._failing = False
                _log.warning("The database can be written again; asynchronous calls are taken.")
            for change in changes:
                _guarded(change.done)
            return []
        return []

    def _commit(self, changes: list[Change]) -> None:
        with self._database.write() as connection:
            LambdaEvents.delete(connection, [each for change in changes for each in change.removed])
            LambdaEvents.insert(connection, [row for change in changes for row in change.added])
            LambdaEvents.move(connection, [row for change in changes for row in change.moved])
        if failpoints.ON:
            failpoints.hit("event.written")


def _guarded(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:  # one call's fault is not the others'
        _log.exception("An asynchronous call came to a fault.")
