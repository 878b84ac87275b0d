"""What must be durable before what: the driver's side of the store.

The core is a function of what it is told and when. So what is written down of an execution is just that, a row for each turn
(and the history events that came of it, for whoever asks for them); a recovery tells it the same again. Rows gather until the
driver has gone through its round, and then all of them, of all executions, go in one transaction. Only after it are the
commands carried out that the world can see: an attempt starts when what it needs to be known is on disk, and whoever waits
for an answer gets it then.

A snapshot spares a recovery the beginning of a long journal. It is written when the journal has grown by a multiple of what
the last one had, so that all snapshots together cost no more than a share of the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from penstock import failpoints
from penstock.engine.encoding import count_records, pack_event, pack_records, unpack_records
from penstock.engine.execution import Execution, Status
from penstock.engine.history import Record
from penstock.engine.messages import ChildClosed, Event, Redriven, TaskReported
from penstock.engine.snapshot import to_data
from penstock.engine.tasks.handler import Submitted, TaskRequest
from penstock.errors import StoreTooLarge
from penstock.jsontools import Json, dumps, dumps_text
from penstock.store import Database, ExecutionRow, Summary
from penstock.store.executions import Closing, Executions, hash_of

if TYPE_CHECKING:
    from penstock.engine.driver import Running
    from penstock.engine.maprunning import ActiveRun
    from penstock.engine.mapruns import MapRun
    from penstock.engine.program import Program

SNAPSHOT_BYTES: Final = 256 * 1024
"""How much a journal grows before it gets its first snapshot."""
SNAPSHOT_GROWTH: Final = 4
"""How many times the last snapshot's size it grows before the next."""
ROW_BYTES: Final = 200
"""About what a turn costs a recovery besides its bytes."""


@dataclass(frozen=True, slots=True)
class Link:
    """Who started an execution: `number` is the child's or the attempt's there; `run` the Map Run's, None for a Task."""

    parent: Running
    number: int
    run: int | None = None
    items: int = 1
    map_run_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What a service knows of an execution that begins: its owner (an ARN to list it by), a JSON text, and the version and
    the alias that were asked for it."""

    owner: str
    record: str | None = None
    version: str | None = None
    alias: str | None = None


@dataclass(slots=True)
class Entry:
    """What the journal knows of a running execution."""

    id: int
    definition: int
    turns: bool
    """Whether each turn is written down; of an Express execution only that it runs."""
    turn: int = 0
    last: float = 0.0
    """The time of its last turn; its history never goes back behind it."""
    durable: bool = False
    """Whether a transaction has it."""
    grown: int = 0
    """Bytes of the journal since the last snapshot."""
    snapshot: int = 0
    """Bytes of the last snapshot."""
    requests: dict[int, TaskRequest] = field(default_factory=dict)
    """Attempts that the world works on, by their numbers: to start them anew."""
    answers: dict[int, Json] = field(default_factory=dict)
    """What their requests were answered, of those that go on elsewhere."""
    left: frozenset[int] = frozenset()
    """Those of them (some are over) whose answer a transaction has: the next process goes on with them."""

    def note_answer(self, event: Event) -> bool:
        """Whether it is that an attempt goes on elsewhere."""
        if isinstance(event, TaskReported) and isinstance(event.report, Submitted) and not event.report.working:
            self.answers[event.attempt] = event.report.output
            return True
        return False

    def forget(self, attempt: int) -> None:
        """An attempt is over."""
        self.requests.pop(attempt, None)
        self.answers.pop(attempt, None)


@dataclass(frozen=True, slots=True)
class Closed:
    """An execution that has ended, as the file has it, with the names that an Execution has."""

    id: int
    arn: str
    name: str
    type: str
    status: Status
    machine_arn: str
    machine_name: str
    input_text: bytes
    output_text: bytes | None
    error: str | None
    cause: str | None
    started: float
    stopped: float
    redrive_count: int
    redriven: float
    base: int
    items: int
    records: tuple[()] = ()

    @property
    def input(self) -> Json:
        return _json(self.input_text)

    @property
    def output(self) -> Json:
        return None if self.output_text is None else _json(self.output_text)


def closed_of(summary: Summary) -> Closed:
    about = json.loads(summary.about)
    status: Any = summary.status
    return Closed(
        id=summary.id,
        arn=summary.arn,
        name=summary.name,
        type=summary.type,
        status=status,
        machine_arn=about["machine_arn"],
        machine_name=about["machine_name"],
        input_text=summary.input,
        output_text=summary.output,
        error=summary.error,
        cause=summary.cause,
        started=summary.started,
        stopped=summary.stopped or 0.0,
        redrive_count=summary.redrive_count,
        redriven=summary.redriven or 0.0,
        base=summary.events,
        items=summary.items,
    )


class Journal:
    """For one driver, in the thread of its loop; reading is for any thread.

    `describe` says of an execution that begins what its service knows of it.
    """

    def __init__(
        self,
        database: Database,
        *,
        describe: Callable[[Execution, Link | None], Described] | None = None,
        clean: str = "clean",
    ) -> None:
        self.database = database
        self.clean = clean
        """The key in `meta` that says whether the last process of this kind (a service, a run) ended in good order."""
        self.store = Executions(database)
        self.describe = describe or (lambda execution, link: Described(execution.machine_arn))
        self._last_id, self._last_definition, self.last_at = self.store.last()
        self._definitions = self.store.definitions()
        self._latest = ("", 0)
        """The definition that began last: often the next one's too."""
        self._forget()

    def _forget(self) -> None:
        self._defined: list[tuple[int, str, str]] = []
        self._begun: dict[int, ExecutionRow] = {}
        self._turns: list[tuple[int, int, float, bytes, int, bytes | None]] = []
        self._closed: dict[int, Closing] = {}
        self._deleted: list[int] = []
        self._map_runs: dict[str, tuple[str, int, int, str]] = {}
        self._snapshots: dict[int, tuple[int, int, int, bytes]] = {}
        self._fresh: list[Entry] = []
        self._answered: list[Entry] = []

    @property
    def pending(self) -> bool:
        """Whether there is something to commit."""
        return bool(self._turns or self._begun or self._closed or self._map_runs or self._snapshots or self._deleted)

    @property
    def last_id(self) -> int:
        """The number of the execution that was taken in last; from any thread."""
        return self._last_id

    @property
    def size(self) -> int:
        """How many turns wait for the commit."""
        return len(self._turns)

    def pending_bytes(self) -> int:
        """About how much waits for the commit."""
        size = sum(len(row.input) + len(row.about) + len(row.record or "") for row in self._begun.values())
        size += sum(ROW_BYTES + len(row[3]) + len(row[5] or b"") for row in self._turns)
        size += sum(ROW_BYTES + len(row.output or b"") for row in self._closed.values())
        size += sum(len(row[3]) for row in self._map_runs.values()) + sum(
            len(row[3]) for row in self._snapshots.values()
        )
        return size + sum(len(text) for _, _, text in self._defined) + ROW_BYTES * len(self._deleted)

    # ---- what the driver tells

    def begin(self, running: Running, now: float, link: Link | None) -> None:
        """A new execution. Of an Express one that a request or a state starts, only that it runs is written down: it is
        begun anew after a crash (Developer Guide: at least once). One that somebody waits for is not even that (at most once).
        """
        execution = running.execution
        child_of_run = link is not None and link.run is not None
        if execution.type == "EXPRESS" and not child_of_run and execution.sync:
            return
        if link is not None and link.run is not None and link.parent.entry is not None:
            definition = link.parent.entry.definition
        else:
            definition = self._definition(execution.program)
        self._last_id += 1
        entry = running.entry = Entry(self._last_id, definition, execution.type == "STANDARD" or child_of_run)
        entry.last = now
        described = self.describe(execution, link)
        about = {
            "machine_arn": execution.machine_arn,
            "machine_name": execution.machine_name,
            "role_arn": execution.role_arn,
            "seed": execution.seed,
            "limit": execution.limit,
        }
        if execution.root.item is not None:
            about["item"] = list(execution.root.item)
        if execution.root.variables:
            about["variables"] = execution.root.variables
        parent = None if link is None or link.parent.entry is None else link.parent.entry.id
        self._begun[entry.id] = ExecutionRow(
            id=entry.id,
            arn=execution.arn,
            owner=described.owner,
            name=execution.name,
            type=execution.type,
            definition=definition,
            processor=execution.program.name or None,
            about=dumps_text(about),
            record=described.record,
            input=execution.input_text,
            started=now,
            parent=parent,
            child=None if parent is None or link is None else link.number,
            run=None if parent is None or link is None else link.run,
            items=1 if link is None else link.items,
            version=described.version,
            alias=described.alias,
        )
        self._fresh.append(entry)

    def _definition(self, program: Program) -> int:
        text = program.source
        assert text is not None  # whoever gives a driver a journal compiles with the source
        if text == self._latest[0]:
            return self._latest[1]
        key = hash_of(text)
        known = self._definitions.get(key)
        if known is None:
            self._last_definition += 1
            known = self._definitions[key] = self._last_definition
            self._defined.append((known, key, text))
        self._latest = text, known
        return known

    def turn(self, running: Running, event: Event, now: float) -> list[Record]:
        """The core was told `event`; the history events that came of it, which are the journal's from here on."""
        entry = running.entry
        assert entry is not None
        execution = running.execution
        first = execution.base + 1
        # All that may fail comes first: the turn is written down, or nothing of it is taken.
        packed = pack_records(execution.records) if execution.records else None
        told = pack_event(event)
        size = len(told) + (0 if packed is None else len(packed)) + ROW_BYTES
        if size > self.database.largest:
            raise StoreTooLarge(
                f"One step of the execution has {size:,} bytes of history; the database takes {self.database.largest:,} at once."
            )
        records = execution.take()
        running.records = execution.records
        entry.turn += 1
        entry.last = now
        entry.grown += size
        if entry.note_answer(event):
            self._answered.append(entry)
        self._turns.append((entry.id, entry.turn, now, told, first, packed))
        if execution.status != "RUNNING":
            self._close(running)
        elif isinstance(event, Redriven):
            self._close(running)  # its row says RUNNING again
        return records

    def _close(self, running: Running) -> None:
        execution, entry = running.execution, running.entry
        assert entry is not None
        self._closed[entry.id] = Closing(
            id=entry.id,
            status=execution.status,
            output=execution.output_text,
            error=execution.error,
            cause=execution.cause,
            stopped=execution.stopped or None,
            redriven=execution.redriven or None,
            redrive_count=execution.redrive_count,
            events=execution.base,
        )

    def broken(self, running: Running) -> None:
        """A fault of the engine ended it, and cannot be told to the core: only its row says so."""
        if running.entry is None:
            return
        if not running.entry.turns:
            self.over(running)
            return
        running.execution.records.clear()
        self._close(running)

    def half_told(self, running: Running) -> bool:
        """Whether a fault cut in on a turn that is not written down; what it has recorded never happened then."""
        entry, execution = running.entry, running.execution
        if entry is None or not entry.turns or not execution.records:
            return False
        execution.records.clear()
        return True

    def over(self, running: Running) -> None:
        """An execution whose turns are not written down has ended: nobody can ask after it."""
        if running.entry is not None:
            self._deleted.append(running.entry.id)

    def carried_out(self, running: Running) -> None:
        """What came of a turn is carried out, or held: a snapshot may be taken."""
        entry = running.entry
        if entry is not None and entry.grown > SNAPSHOT_BYTES + SNAPSHOT_GROWTH * entry.snapshot:
            self.snapshot(running)

    def forget(self, id: int) -> None:  # noqa: A002  (the row's)
        """An execution that another takes the place of goes with the next commit."""
        self._deleted.append(id)

    def redrive_children(
        self, parent: int, run: int, untold: Collection[int], active: ActiveRun
    ) -> tuple[list[tuple[int, int]], list[tuple[int, Json, Json]]]:
        """Of a Map Run that is redriven: its children that did not succeed, and those of `untold` that did, as ChildrenFound
        has them. `active` is told the results of all that did."""
        unsuccessful, succeeded = [], []
        for summary in self.store.children(parent, run):
            assert summary.child is not None  # all children of a run have numbers
            if summary.status != "SUCCEEDED":
                unsuccessful.append((summary.child, summary.items))
                continue
            closed = closed_of(summary)
            active.add_result(closed)
            if summary.child in untold:
                succeeded.append((summary.child, closed.output, active.described(closed)))
        return sorted(unsuccessful), succeeded

    def map_run_record(self, arn: str) -> MapRun | None:
        """A Map Run as it was last written down."""
        from penstock.engine.mapruns import MapRun

        row = self.store.map_run_of(arn)
        return None if row is None else MapRun.from_data(json.loads(row[2]))

    def snapshot(self, running: Running) -> None:
        """Writes down how it stands, with the next commit."""
        entry, execution = running.entry, running.execution
        assert entry is not None
        data = {
            "execution": to_data(execution),
            "requests": [[key, _fields(request)] for key, request in entry.requests.items()],
            "answers": [[key, answer] for key, answer in entry.answers.items()],
        }
        text = dumps(data)
        entry.snapshot, entry.grown = len(text), 0
        if len(text) + ROW_BYTES > self.database.largest:
            return  # a recovery can do without it
        self._snapshots[entry.id] = (entry.id, entry.turn, execution.base, text)

    def map_run(self, running: Running, run: MapRun, number: int) -> None:
        """How a Map Run stands."""
        assert running.entry is not None
        self._map_runs[run.arn] = (run.arn, running.entry.id, number, dumps_text(run.to_data()))

    def withdraw(self, running: Running) -> None:
        """An execution that no transaction has yet never was."""
        entry = running.entry
        assert entry is not None
        assert not entry.durable
        self._begun.pop(entry.id, None)
        self._closed.pop(entry.id, None)
        self._snapshots.pop(entry.id, None)
        self._turns = [row for row in self._turns if row[0] != entry.id]
        self._fresh = [each for each in self._fresh if each is not entry]
        self._map_runs = {arn: row for arn, row in self._map_runs.items() if row[1] != entry.id}
        running.entry = None

    def commit(self) -> None:
        """Makes durable what has gathered. Raises StoreUnavailable; all of it is still there then, for the next time."""
        if not self.pending:
            return
        if failpoints.ON:
            failpoints.hit("commit.before")
        with self.database.write() as connection:
            store = self.store
            if self._defined:
                store.define(connection, self._defined)
            if self._begun:
                store.insert(connection, self._begun.values())
            if self._turns:
                store.append(connection, self._turns)
            if self._closed:
                store.close(connection, self._closed.values())
            if self._map_runs:
                store.map_run(connection, self._map_runs.values())
            if self._snapshots:
                store.snapshot(connection, self._snapshots.values())
            if self._deleted:
                store.delete(connection, self._deleted)
        if failpoints.ON:
            failpoints.hit("commit.after")
            if self._snapshots:
                failpoints.hit("snapshot.written")
        if self._turns:
            self.last_at = max(self.last_at, self._turns[-1][2])
        for entry in self._fresh:
            entry.durable = True
        for entry in self._answered:
            entry.left = frozenset(entry.answers)
        self._forget()

    def end(self) -> None:
        """The process ends in good order: what runs was not cut off by a crash."""
        self.commit()
        with self.database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, 1)", (self.clean,))

    def drop_definitions(self, most: int = 100) -> int:
        """Deletes definitions that no execution runs or ran; how many. Those that the next commit needs stay."""
        needed = {row.definition for row in self._begun.values()}
        ids = set(self.store.unused_definitions(most + len(needed))) - needed
        if ids:
            with self.database.write() as connection:
                self.store.undefine(connection, ids)
            self._definitions = {key: number for key, number in self._definitions.items() if number not in ids}
            self._latest = ("", 0)
        return len(ids)

    # ---- questions, from any thread, about what is committed

    def find(self, arn: str) -> Closed | None:
        summary = self.store.find(arn)
        return None if summary is None else closed_of(summary)

    def count(self, id: int) -> int:  # noqa: A002  (the row's)
        """How many events an execution has; of one that has ended, its row says so too."""
        last = self.store.last_event(id)
        return 0 if last is None else last[0] + count_records(last[1]) - 1

    def history(self, id: int, start: int = 1) -> Iterator[tuple[int, Record]]:  # noqa: A002  (the row's)
        """(id, record) of an execution's events from `start` on."""
        for first, packed in self.store.history(id, start):
            for number, record in enumerate(unpack_records(packed), first):
                if number >= start:
                    yield number, record


def child_closed(number: int, child: Closed, described: Json) -> ChildClosed:
    """What a parent is told of a child that has ended."""
    return ChildClosed(number, child.status, child.output, child.output_text, child.error, child.cause, described)


def _fields(request: TaskRequest) -> dict[str, Json]:
    # Not asdict: it copies what lies within, with two calls a level, and data may be as deep as Python's stack then.
    return {each.name: getattr(request, each.name) for each in fields(request)}


def _json(text: bytes) -> Json:
    value: Json = json.loads(text.decode("utf-8", "surrogatepass"))
    return value
