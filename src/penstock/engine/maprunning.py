"""Map Runs under way: reading items, counting child executions, writing results. The driver's hands for `mapruns`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from penstock.asl.errors import ITEM_READER_FAILED, RESULT_WRITER_FAILED
from penstock.engine.mapruns import Counts, EndMapRun, Item, ItemsRead, MapRun, MapRunEnded, ReadItems, StartMapRun
from penstock.engine.objects import ObjectError, ObjectStore
from penstock.engine.readers import ReadFailed, read
from penstock.engine.writers import ResultFiles, description
from penstock.errors import MissingRequirement
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.execution import Execution
    from penstock.engine.journal import Closed
    from penstock.engine.running import Running

NO_STORE: Final = (
    "There are no objects here that an ItemReader or a ResultWriter could use. Give them: objects= of penstock.run, "
    "or `objects` (a folder) or `endpoint_url` in [aws] of penstock.toml."
)


KEPT: Final = 10_000
"""Ours: how many children that did not succeed are kept for a redrive, where they are in memory only."""


class ActiveRun:
    """A Map Run that the driver is busy with. `read` and `end` may run in a thread, one after the other."""

    def __init__(self, command: StartMapRun, execution: Execution, store: ObjectStore | None, now: float) -> None:
        self.number = command.run
        self.record = MapRun(command, execution, now)
        self._store = store
        self._sink = command.sink if command.sink is not None and command.sink.bucket is not None else None
        self._describes = command.sink is not None and command.sink.transformation == "NONE"
        self._source = command.source
        self._items: Iterator[Item] | None = None
        self._skip = 0
        """How many items an earlier process has read already."""
        self.unsuccessful: dict[int, Running] = {}
        """Children that did not succeed, where no file knows them: a redrive goes on with them."""
        self._files: ResultFiles | None = None
        self._lost: ObjectError | OSError | None = None
        """Why not all results could be taken in: a full disk. Where the run ends it fails; its children go on."""
        if self._sink is not None and store is not None:
            self._files = ResultFiles(store, self._sink, command.arn)

    def takes_time(self, command: ReadItems | EndMapRun) -> bool:
        """Whether to do it elsewhere than in the driver's loop."""
        if self._store is None or not self._store.remote:
            return False
        return isinstance(command, ReadItems) or self._files is not None

    def work(self, command: ReadItems | EndMapRun, now: float) -> Callable[[], ItemsRead | MapRunEnded]:
        """What to do for a command; the call never raises."""

        def do() -> ItemsRead | MapRunEnded:
            if isinstance(command, ReadItems):
                try:
                    return self.read(command.count)
                except Exception as error:  # in a thread nobody would hear of it, and the run would never end
                    return ItemsRead(self.number, error=ITEM_READER_FAILED, cause=f"{type(error).__name__}: {error}")
            return self.end(command, now)

        return do

    def described(self, execution: Execution | Closed) -> Json:
        """The description that stands for a child execution in the state's result; None where its output does."""
        if self._files is not None or (execution.status == "SUCCEEDED" and not self._describes):
            return None
        return cast(Json, description(execution))

    def read(self, count: int) -> ItemsRead:
        """The next items."""
        number = self.number
        assert self._source is not None
        if self._store is None:
            return ItemsRead(number, error="States.Runtime", cause=NO_STORE)
        try:
            if self._items is None:
                if self._sink is not None and self._sink.bucket is not None:
                    self._store.check(self._sink.bucket)
                self._items = islice(read(self._store, self._source), self._skip, None)
            items = list(islice(self._items, count))
        except ReadFailed as error:
            return ItemsRead(number, error=ITEM_READER_FAILED, cause=error.cause)
        except ObjectError as error:
            return ItemsRead(number, error=RESULT_WRITER_FAILED, cause=error.message)
        except MissingRequirement as error:
            return ItemsRead(number, error="States.Runtime", cause=str(error))
        self.record.item_counts.found(len(items))
        return ItemsRead(number, items, len(items) == count)

    @property
    def writes(self) -> bool:
        """Whether the results go to files."""
        return self._files is not None

    def take_up(self, read: int, children: Iterable[tuple[str, int, int]]) -> None:
        """Goes on with a run of an earlier process that had read so many items. `children`: status, how many, their items."""
        if self._source is not None:
            self._skip = read
        items = self.record.item_counts = Counts()
        executions = self.record.execution_counts = Counts()
        items.found(read)
        for status, count, held in children:
            executions.found(count)
            executions.started(count)
            items.started(held)
            if status != "RUNNING":
                executions.ended(count, status)
                items.ended(held, status)

    def add_result(self, execution: Execution | Closed) -> None:
        """Takes in a child that has ended, and is counted elsewhere."""
        if self._files is None:
            return
        try:
            self._files.add(execution)
        except (ObjectError, OSError) as problem:
            self._lost = problem

    def child_started(self, items: int) -> None:
        """A child execution with so many items."""
        self.record.item_counts.started(items)
        self.record.execution_counts.found(1)
        self.record.execution_counts.started(1)

    def child_ended(self, execution: Execution | Closed, items: int) -> None:
        self.record.item_counts.ended(items, execution.status)
        self.record.execution_counts.ended(1, execution.status)
        self.add_result(execution)

    def end(self, command: EndMapRun, now: float) -> MapRunEnded:
        """Writes the results, where they are to be written; the run is over."""
        record = self.record
        record.status = command.status
        output: Json = None
        error: tuple[str, str] | None = None
        if self._sink is not None:
            if self._files is None:
                error = "States.Runtime", NO_STORE
            else:
                try:
                    if self._lost is not None:
                        raise self._lost
                    self._files.add_pending(command.pending, record.machine_arn)
                    output = {"MapRunArn": record.arn, "ResultWriterDetails": self._files.finish()}
                except (ObjectError, OSError) as problem:
                    error = RESULT_WRITER_FAILED, str(problem)
        if error is None:
            # Measured (floci-io/floci#2671, #2694): resultsWritten is the total, for failed ones too, with or without files.
            for counts in (record.item_counts, record.execution_counts):
                counts.results_written = counts.succeeded + counts.failed + counts.timed_out + counts.aborted
        else:
            record.status = "FAILED"
        record.stopped = now
        if record.status == "SUCCEEDED":
            self.close()
        else:
            self._close_items()  # its results are wanted again when it is redriven
        return MapRunEnded(self.number, output, *(error or (None, None)))

    def keep(self, number: int, child: Running) -> None:
        """A child that did not succeed, for a redrive."""
        if len(self.unsuccessful) < KEPT:
            self.unsuccessful[number] = child

    def redrive(self, count: int, read: int, now: float) -> list[tuple[int, int]]:
        """The run goes on; the children that run again, and how many items each has."""
        self.record.redrive(count, now)
        self._skip = read
        if self._files is not None:
            self._files.again()
        return [(number, child.items) for number, child in sorted(self.unsuccessful.items())]

    def pending_redrive(self, executions: int, items: int) -> None:
        """So many children of an earlier process, with so many items, wait for another try."""
        if not executions:
            return
        for counts, count in ((self.record.execution_counts, executions), (self.record.item_counts, items)):
            counts.pending_redrive = count
            counts.failed = max(0, counts.unsuccessful - count)
            counts.timed_out = counts.aborted = 0

    def child_started_again(self, items: int) -> None:
        """A child that did not succeed goes on."""
        self.record.item_counts.started_again(items)
        self.record.execution_counts.started_again(1)

    def child_left_for_another(self, items: int) -> None:
        """A child that did not succeed is begun anew, as another."""
        items_, executions = self.record.item_counts, self.record.execution_counts
        items_.pending_redrive -= items
        items_.pending += items
        executions.pending_redrive -= 1
        executions.total -= 1  # it is counted again as the other

    def child_left(self, items: int) -> None:
        """A child that did not succeed cannot go on."""
        self.record.item_counts.left(items)
        self.record.execution_counts.left(1)

    def close(self) -> None:
        """Lets go of what is open."""
        files, self._files = self._files, None
        if files is not None:
            files.discard()
        self._close_items()

    def _close_items(self) -> None:
        items, self._items = self._items, None
        close: Callable[[], None] | None = getattr(items, "close", None)
        if close is not None:
            with suppress(ValueError):  # a thread is just reading from it: it ends with the thread
                close()

    def abort(self, now: float) -> None:
        self.record.status = "ABORTED"
        self.record.stopped = now
        self._close_items()
