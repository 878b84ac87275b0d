"""Running executions taken up again from the journal of an earlier process.

Each is told again what it was told, from its last snapshot on, and must come to the same history: the core is a function. If
it does not (the journal is of another version of the engine), it is parked with the first difference, and nothing is guessed.
What the world was doing for it is begun anew: attempts whose end was not written down start again, but for jobs whose start
was answered, which are followed on; tokens and activities go on waiting, timers keep their instants, Map Runs go on reading
where they were.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from penstock import failpoints
from penstock.clock import SystemClock
from penstock.engine import limits
from penstock.engine.agenda import names_an_instant
from penstock.engine.commands import MapRunWork
from penstock.engine.core import advance
from penstock.engine.encoding import pack_records, unpack_event
from penstock.engine.execution import Execution, RunJoin
from penstock.engine.journal import ROW_BYTES, Closed, Entry, Journal, child_closed, closed_of
from penstock.engine.mapruns import EndMapRun, ReadItems, RedriveMapRun
from penstock.engine.messages import Started, StartTask
from penstock.engine.program import Program
from penstock.engine.running import ExecutionResult, Running
from penstock.engine.snapshot import from_data
from penstock.engine.states.distributed import DistributedMap
from penstock.engine.tasks.handler import Taken, TaskRequest
from penstock.store import Summary
from penstock.store.executions import Executions

if TYPE_CHECKING:
    from penstock.engine.driver import Driver

MAX_RECOVERIES: Final = 10
"""Ours: how often in a row an attempt may be cut off by the end of its process before its execution is left alone: it may be
what ends the process."""

Programs = Callable[[str], Program]
"""The program of a definition, with its source."""

BY_RUN: Final = '{"run":'
"""How the record of an execution begins that `penstock run` began, or that such a one started. A service has no code for
its tasks, and leaves it to `penstock resume`."""

_log = logging.getLogger("penstock.engine")


class Parked(Exception):
    """Why an execution cannot be taken up."""


def begun_by_run(summary: Summary) -> bool:
    return summary.record is not None and summary.record.startswith(BY_RUN)


@dataclass(slots=True)
class Recovered:
    """What a recovery found. Executions of Map Runs count too."""

    running: list[Running] = field(default_factory=list)
    parked: dict[str, str] = field(default_factory=dict)
    """ARN → why it was left alone."""


def restore(journal: Journal, summary: Summary, programs: Programs) -> Running:
    """The execution of a row, as it stood after its last turn. Raises Parked."""
    program = programs(journal.store.definition(summary.definition))
    if summary.processor is not None:
        state = program.states.get(summary.processor)
        if not isinstance(state, DistributedMap):
            raise Parked(f"its definition has no distributed Map {summary.processor!r}")
        program = state.processor
    about = json.loads(summary.about)
    entry = Entry(summary.id, summary.definition, summary.type == "STANDARD" or summary.run is not None, durable=True)
    entry.last = summary.started
    snapshot = journal.store.snapshot_of(summary.id)
    if snapshot is None:
        execution = _begun(program, summary, about)
    else:
        entry.turn, _, text = snapshot
        data = json.loads(text.decode("utf-8", "surrogatepass"))
        execution = from_data(program, data["execution"])
        entry.requests = {key: TaskRequest(**request) for key, request in data["requests"]}
        entry.answers = dict(data["answers"])
        entry.snapshot = len(text)
    running = Running(execution, None)
    running.entry = entry
    running.items = summary.items
    _replay(journal, running)
    execution.take()
    running.records = execution.records
    running.result = ExecutionResult(execution, running.records)  # an Express one keeps them
    return running


def _begun(program: Program, summary: Summary, about: dict[str, Any]) -> Execution:
    value = json.loads(summary.input.decode("utf-8", "surrogatepass"))
    kind: Any = summary.type
    execution = Execution(
        program,
        value,
        arn=summary.arn,
        name=summary.name,
        machine_arn=about["machine_arn"],
        machine_name=about["machine_name"],
        role_arn=about["role_arn"],
        type=kind,
        seed=about["seed"],
        limit=about["limit"],
        variables=about.get("variables"),
        text=summary.input,
    )
    item = about.get("item")
    if item is not None:
        index, held, key, source = item
        execution.root.item = (index, held, key, source)
    return execution


def _replay(journal: Journal, running: Running) -> None:
    entry, execution = running.entry, running.execution
    assert entry is not None
    for row in journal.store.turns(entry.id, after=entry.turn, first=execution.base + 1 if entry.turn else 0):
        if row.turn != entry.turn + 1 or row.first != execution.base + 1:
            raise Parked(f"its journal has a gap before turn {row.turn}")
        event = unpack_event(row.event)
        commands = advance(execution, event, row.at)
        records = execution.take()
        packed = pack_records(records) if records else None
        if packed != row.records:
            raise Parked(
                f"this version of Penstock goes on otherwise than its history from event {row.first} on (turn {row.turn}, "
                f"{type(event).__name__})"
            )
        for command in commands:
            if isinstance(command, StartTask):
                entry.requests[command.attempt] = command.request
        entry.note_answer(event)
        entry.turn = row.turn
        entry.last = row.at
        entry.grown += len(row.event) + len(row.records or b"") + ROW_BYTES
    for attempt in [key for key in entry.requests if key not in execution.attempts]:
        entry.forget(attempt)
    entry.left = frozenset(entry.answers)


def recover(
    driver: Driver,
    programs: Programs,
    *,
    adopted: Callable[[Running, Summary], None] | None = None,
    which: Callable[[Summary], bool] | None = None,
) -> Recovered:
    """Takes up what ran when the file was last used: all of it, or that of `which`; before the loop runs. `adopted` hears
    of each.

    Nothing is swallowed: what cannot be taken up is parked, in the file too, with its reason, and told in the log.
    """
    journal = driver.journal
    assert journal is not None
    found = Recovered()
    if failpoints.ON:
        failpoints.hit("recovery.begun")
    by_id: dict[int, Running] = {}
    clean = bool(journal.database.value(journal.clean, 0))
    tries: list[tuple[int, int, str | None, int]] = []
    back = _set_back(driver, journal)
    for summary in list(journal.store.running()):
        if which is not None and not which(summary):
            continue
        turn, recoveries = summary.recovered, summary.recoveries
        try:
            if recoveries >= MAX_RECOVERIES:
                raise Parked(summary.parked or "it was left alone before")
            running = restore(journal, summary, programs)
            assert running.entry is not None
            if running.entry.turn != turn:
                turn, recoveries = running.entry.turn, 0
            if not clean and running.entry.requests:
                recoveries += 1
            if recoveries >= MAX_RECOVERIES:
                raise Parked(
                    f"its task was cut off by the end of the process {recoveries} times in a row; it may be what ends it"
                )
        except Exception as problem:
            reason = str(problem) if isinstance(problem, Parked) else f"{type(problem).__name__}: {problem}"
            _log.error("The execution %s is left alone: %s.", summary.arn, reason)
            found.parked[summary.arn] = reason
            tries.append((recoveries, turn, reason, summary.id))
            continue
        if (recoveries, turn, None) != (summary.recoveries, summary.recovered, summary.parked):
            tries.append((recoveries, turn, None, summary.id))
        by_id[summary.id] = running
        found.running.append(running)
        if adopted is not None:
            adopted(running, summary)
    with journal.database.write() as connection:
        Executions.recovered(connection, tries)
        real = isinstance(driver.clock, SystemClock)
        connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [(journal.clean, 0), ("time", "real" if real else "virtual")]
        )
    if failpoints.ON:
        failpoints.hit("recovery.restored")
    for running in found.running:
        adopt(driver, running, by_id, back)
    if failpoints.ON:
        failpoints.hit("recovery.done")
    return found


def _set_back(driver: Driver, journal: Journal) -> float:
    """By how much the clock was set back while no process looked, as far as can be told: virtual time is no measure."""
    if journal.database.value("time", "real") != "real":
        return 0.0
    behind = journal.last_at - driver.clock.now()
    return behind if behind > 1.0 and isinstance(driver.clock, SystemClock) else 0.0


def adopt(driver: Driver, running: Running, by_id: dict[int, Running], back: float = 0.0) -> None:
    """Gives a restored execution to the driver, and begins anew what the world did for it."""
    execution, entry = running.execution, running.entry
    assert entry is not None
    if execution.status != "RUNNING":
        return
    if not entry.turns or not entry.turn:
        driver.adopt(running, Started())
        return
    if isinstance(driver.clock, SystemClock):
        ahead = entry.last - driver.clock.now()  # of an execution that has run in virtual time
        back = max(back, ahead if ahead > 1.0 else 0.0)
    if back:
        for timer, (frame, purpose, at) in execution.timers.items():
            if not names_an_instant(running, timer):
                execution.timers[timer] = (frame, purpose, at - back)
    for number, frame in list(execution.attempts.items()):
        join = frame.join
        if isinstance(join, RunJoin) and join.run == number:
            _map_run(driver, running, join, frame.state)
    for number, frame in list(execution.attempts.items()):
        attempt, join = frame.attempt, frame.join
        if attempt is not None and attempt.id == number:
            # One that was submitted, but whose work went on in the process itself, is begun anew.
            submitted = attempt.submitted and number in entry.answers
            taken = Taken(attempt.started, submitted, entry.answers.get(number))
            driver.commands.start_task(running, number, entry.requests[number], taken)
        elif isinstance(join, RunJoin) and number in join.children:
            _child(driver, running, join, number, by_id)
    driver.adopt(running)


def _map_run(driver: Driver, running: Running, join: RunJoin, state: object) -> None:
    from penstock.engine.maprunning import ActiveRun

    journal, entry = driver.journal, running.entry
    assert journal is not None
    assert entry is not None
    assert isinstance(state, DistributedMap)
    known = journal.map_run_record(join.command.arn)
    active = ActiveRun(join.command, running.execution, driver.objects, entry.last)
    if known is not None:
        active.record = known
    active.take_up(join.read, journal.store.counts_of(entry.id, join.run))
    running.map_runs[join.run] = active
    if active.writes:
        waiting = set(join.children)
        for summary in journal.store.children(entry.id, join.run):
            # Those whose end the Map does not know yet are added when it is told of them.
            if summary.status != "RUNNING" and summary.child not in waiting:
                active.add_result(closed_of(summary))
    pending = sum(count for _, count in join.again)
    active.pending_redrive(len(join.again), pending)
    if join.finding:
        driver.hold(
            lambda: driver.commands.redrive_map_run(
                running, RedriveMapRun(join.run, join.command, join.read, join.redrives, join.untold)
            )
        )
    if join.reading:
        driver.hold(MapRunWork(driver.commands, running, ReadItems(join.run, limits.ITEMS_READ_AT_ONCE)))
    if join.closing:
        ending: EndMapRun = state.ending(join, "SUCCEEDED" if join.failure is None else "FAILED")
        driver.hold(MapRunWork(driver.commands, running, ending))


def _child(driver: Driver, running: Running, join: RunJoin, number: int, by_id: dict[int, Running]) -> None:
    journal, entry = driver.journal, running.entry
    assert journal is not None
    assert entry is not None
    active = running.map_runs[join.run]
    summary = journal.store.child(entry.id, number)
    child = None if summary is None else by_id.get(summary.id)
    if child is not None:
        driver.commands.watch_child(running, number, child, active, child.items)
    elif summary is not None and summary.status != "RUNNING":
        closed: Closed = closed_of(summary)
        active.add_result(closed)
        driver.tell(running, child_closed(number, closed, active.described(closed)))
    # Else the child is parked, and its parent waits for whoever looks after that.
