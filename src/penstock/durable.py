"""Runs that outlive their process: what is written down with an execution so that its task code is found again, and taking
up what was interrupted.

A file serves runs and services. Whoever began an execution takes it up: a service has no code for the tasks of a script, and
a run does not answer requests. So the record of an execution says that a run began it, and each side leaves the other's
alone.
"""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, cast

from penstock.clock import SystemClock, VirtualClock
from penstock.config import load_settings
from penstock.engine.driver import Driver
from penstock.engine.history import events, instant
from penstock.engine.journal import Journal, Link
from penstock.engine.mapruns import MapRun
from penstock.engine.program import compile_text
from penstock.engine.recovery import BY_RUN, begun_by_run, recover, restore
from penstock.engine.stopping import stop_at_rest
from penstock.errors import InvalidInput, PenstockError, TargetNotFound, UsageError
from penstock.jsontools import Json
from penstock.options import MachineType, Observer, Pace, ResumeOptions, RunOptions, check_options
from penstock.results import RunResult
from penstock.store import Database, Summary
from penstock.store.executions import Executions

if TYPE_CHECKING:
    from penstock.api import Machine
    from penstock.asl.model import StateMachine
    from penstock.calls import Call
    from penstock.engine.execution import Execution
    from penstock.engine.history import HistoryEvent
    from penstock.engine.journal import Closed
    from penstock.engine.running import Running
    from penstock.targets import TargetLike

CLEAN: Final = "clean:run"
"""The key in `meta` by which runs tell that they ended in good order; a service has its own."""

_log = logging.getLogger("penstock.durable")

_ONLY_HERE: Final = ("functions", "handlers", "callbacks", "settings", "machines")
"""Options that only a program can give, and has to give again."""


# ---- what is written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """How a run was begun. `target` is where its machine is found again, None for a definition that no file holds;
    `folder` where settings are looked for; `needs` the options that only a program can give."""

    target: str | None
    kind: str
    folder: str
    machine: str
    time: Pace
    substitutions: dict[str, str]
    parameters: dict[str, str]
    mocks: str | None
    aws: dict[str, Any] | None
    objects: str | None
    needs: tuple[str, ...]

    @classmethod
    def of(cls, machine: Machine, options: RunOptions) -> Began:
        mocks, objects = options.get("mocks"), options.get("objects")
        needs = [name for name in _ONLY_HERE if options.get(name)]
        if mocks is not None and not isinstance(mocks, str | os.PathLike):
            needs.append("mocks")
        if objects is not None and not isinstance(objects, str | os.PathLike):
            needs.append("objects")
        aws = options.get("aws")
        return cls(
            target=machine.address,
            kind=machine.kind,
            folder=str(machine.folder.absolute()),
            machine=machine.name,
            time=options.get("time", "real"),
            substitutions=dict(options.get("substitutions") or {}),
            parameters=dict(machine.parameters),
            mocks=os.path.abspath(mocks) if isinstance(mocks, str | os.PathLike) else None,
            aws=None if aws is None else dict(aws),
            objects=os.path.abspath(objects) if isinstance(objects, str | os.PathLike) else None,
            needs=tuple(needs),
        )

    def record(self) -> str:
        return json.dumps({"run": asdict(self)}, separators=(",", ":"))

    @classmethod
    def read(cls, summary: Summary) -> Began | None:
        """None for what no run began, or not itself."""
        if not begun_by_run(summary) or summary.record == _STARTED:
            return None
        data = json.loads(summary.record or "")["run"]
        return cls(**{**data, "needs": tuple(data["needs"])})

    def options(self, given: ResumeOptions) -> RunOptions:
        """The options that it goes on with: those given now before those of then. Raises InvalidInput for lack of some."""
        missing = [name for name in self.needs if not given.get(name)]
        if missing:
            words = ", ".join(f"{name}=…" for name in missing)
            raise InvalidInput(
                f"It was begun from Python with {words}, which no file holds. Take it up there: penstock.resume(db, name, {words})."
            )
        then: RunOptions = {
            "time": self.time,
            "substitutions": self.substitutions,
            "mocks": self.mocks,
            "aws": self.aws,
            "objects": self.objects,
        }
        return {**then, **given}


_STARTED: Final = f"{BY_RUN}null}}"
"""The record of what a run's execution started: how that one was begun stands with it."""


def open_journal(database: Database, began: Began) -> Journal:
    """The journal of a call's driver, which says of each execution that a run began it."""

    def describe(execution: Execution, link: Link | None) -> tuple[str, str]:
        if link is None:
            return execution.machine_arn, began.record()
        return link.map_run_arn or execution.machine_arn, _STARTED

    return Journal(database, describe=describe, clean=CLEAN)


class Tree:
    """Whether an execution is one of some, or was started by one of them, at whatever depth."""

    def __init__(self, store: Executions, roots: Iterable[int]) -> None:
        self._store = store
        self._roots = frozenset(roots)
        self._known: dict[int, int] = {}

    def __call__(self, summary: Summary) -> bool:
        return self.root(summary) in self._roots

    def root(self, summary: Summary) -> int:
        """The id of the one at the top."""
        path: list[int] = []
        each: Summary | None = summary
        while each is not None and each.parent is not None and each.id not in self._known:
            path.append(each.id)
            each = self._store.by_id(each.parent)
        top = summary.id if each is None else self._known.get(each.id, each.id)
        self._known.update(dict.fromkeys(path, top))
        return top


# ---- finding executions


def interrupted(store: Executions) -> list[Summary]:
    """What runs began and did not end, or started and did not end: those at the top, in the order of their starts."""
    tree = Tree(store, ())
    roots = dict.fromkeys(tree.root(summary) for summary in store.running() if begun_by_run(summary))
    return [summary for number in sorted(roots) if (summary := store.by_id(number)) is not None]


def find(store: Executions, name: str) -> Summary:
    """The execution of that name or ARN. Raises UsageError where there is none, or several."""
    file = store.database.path
    if name.startswith("arn:"):
        summary = store.find(name)
        found = [] if summary is None else [summary]
    else:
        found = store.named(name)
    if not found:
        raise UsageError(f"{file} has no execution {name!r}; penstock runs list --db {file} shows what it has.")
    if len(found) > 1:
        arns = " or ".join(each.arn for each in found[:5])
        raise UsageError(f"{file} has {len(found)} executions of the name {name!r}; say which: {arns}.")
    return found[0]


def _not_again(summary: Summary, value: Json, file: Path) -> None:
    """Raises UsageError where StartExecution would say ExecutionAlreadyExists: the same name and input again while it runs is
    the same execution (API reference)."""
    name = summary.name
    if summary.status != "RUNNING":
        ended = f"{summary.status}, {instant(summary.stopped or 0.0):%Y-%m-%d %H:%M:%S} UTC"
        raise UsageError(
            f"The execution {name} in {file} has ended already ({ended}). Give this one another name, or look at that one: "
            f"penstock runs show --db {file} {name}"
        )
    if not begun_by_run(summary):
        raise UsageError(
            f"The execution {name} in {file} was begun by a server, which goes on with it: penstock server --db {file}. Give "
            "this one another name."
        )
    if json.loads(summary.input) != value:
        raise UsageError(
            f"The execution {name} in {file} was begun with another input. Give this one another name, or go on with that "
            f"one: penstock resume --db {file} {name}"
        )


# ---- beginning


def start_in_file(
    call: Call, value: Json, *, name: str | None, kind: MachineType, observer: Observer | None, sync: bool
) -> Running:
    """A new execution, or the one of this name and input that was interrupted. Raises UsageError for a name that is taken."""
    assert call.journal is not None
    known = None
    if name is not None and kind == "STANDARD":
        known = call.journal.store.find(_arn(call, name))
    if known is not None:
        _not_again(known, value, call.journal.database.path)
        _tell_changed(call, known)
    going = take_up(call, [] if known is None else [known], observer)
    if known is not None:
        return going[known.arn]
    return call.driver.start(
        call.program, value, name=name, type=kind, machine_arn=call.arn, observer=observer, sync=sync
    )


def run_many_in_file(
    call: Call, inputs: Iterable[Json], *, kind: MachineType, name: str | None, at_once: int
) -> Iterator[RunResult]:
    """NAME-1, NAME-2, …: what has ended in an earlier call is told again, what was interrupted goes on, the rest is begun.

    Ends early where `call.driver.leave` says so. Raises UsageError, before anything runs, where one of the names was used
    for another input.
    """
    from penstock.api import check_input

    assert call.journal is not None
    store, file = call.journal.store, call.journal.database.path
    if name is None or kind == "EXPRESS":
        raise UsageError(
            "Many executions in a database file need a name (theirs are NAME-1, NAME-2, …), and the type STANDARD: else it could "
            "not be told which of them have run already."
        )
    values = [(f"{name}-{number}", check_input(value)) for number, value in enumerate(inputs, 1)]
    known: dict[str, Summary] = {}
    for each, value in values:
        summary = store.find(_arn(call, each))
        if summary is not None:
            if json.loads(summary.input) != value or not begun_by_run(summary):
                raise UsageError(
                    f"The execution {each} in {file} was begun with another input. Give these another name."
                )
            known[each] = summary
    interrupted = [summary for summary in known.values() if summary.status == "RUNNING"]
    if interrupted:
        _tell_changed(call, interrupted[0])
    running = take_up(call, interrupted)
    waiting: deque[Running | Summary] = deque()
    for each, value in values:
        summary = known.get(each)
        if summary is None:
            begun = call.driver.start(call.program, value, name=each, type=kind, machine_arn=call.arn)
            waiting.append(begun)
        else:
            waiting.append(running.get(summary.arn, summary))
        if len(waiting) >= at_once and (result := _next(call, waiting.popleft())) is not None:
            yield result
        if call.driver.left:
            return
    while waiting and not call.driver.left:
        if (result := _next(call, waiting.popleft())) is not None:
            yield result


def _next(call: Call, waiting: Running | Summary) -> RunResult | None:
    if isinstance(waiting, Summary):
        return result_in_file(call, waiting.arn)
    call.driver.run(waiting)
    return call.result(waiting) if waiting.closed or waiting.withdrawn else None


def _arn(call: Call, name: str) -> str:
    return f"{call.arn.replace(':stateMachine:', ':execution:')}:{name}"


# ---- taking up


def take_up(call: Call, roots: Sequence[Summary], observer: Observer | None = None) -> dict[str, Running]:
    """Gives executions of the file to the call's driver, with all that they started: those at the top, by their ARNs.

    `observer` hears what happened before, too. Virtual time goes on where it stood. Raises PenstockError where one of them
    cannot be taken up.
    """
    going, parked = _take_up(call, roots, observer)
    for problem in parked:
        raise PenstockError(problem)
    return going


def _take_up(
    call: Call, roots: Sequence[Summary], observer: Observer | None = None
) -> tuple[dict[str, Running], list[str]]:
    """`take_up` of those that can be; of the others, what is to be said of each."""
    driver, journal = call.driver, call.journal
    assert journal is not None
    arns = {summary.arn for summary in roots}
    going: dict[str, Running] = {}

    def adopted(running: Running, summary: Summary) -> None:
        _catch_up(driver, running)
        if summary.arn in arns:
            _observe(journal, running, summary, observer)
            going[summary.arn] = running

    found = recover(driver, compile_text, adopted=adopted, which=Tree(journal.store, [each.id for each in roots]))
    file = journal.database.path
    return going, [
        f"The execution {summary.name} cannot be taken up: {found.parked[summary.arn]}. To try it once more: penstock resume "
        f"--db {file} --unpark {summary.name}; to end it: penstock runs stop --db {file} {summary.name}"
        for summary in roots
        if summary.arn in found.parked
    ]


def _observe(journal: Journal, running: Running, summary: Summary, observer: Observer | None) -> None:
    if observer is not None:
        running.observer = observer
        for number, record in journal.history(summary.id):
            observer(events([record], first=number)[0])


def _catch_up(driver: Driver, running: Running) -> None:
    if isinstance(driver.clock, VirtualClock) and running.entry is not None:
        driver.clock.advance_to(running.entry.last)


class Resumed:
    """Executions of one target and one definition that go on together; leaving it closes what they needed.

    `target` is where that is now, when it has moved. Raises what `load` does, and InvalidInput for lack of options that only a
    program can give.
    """

    def __init__(
        self,
        database: Database,
        roots: Sequence[Summary],
        options: ResumeOptions,
        *,
        target: TargetLike | None = None,
        again: bool = False,
    ) -> None:
        """`again`: what ended without success is redriven. Raises ServiceError where it cannot be."""
        from penstock.calls import Call, closing_on_error

        first = roots[0]
        store = Executions(database)
        began = Began.read(first)
        assert began is not None  # the caller saw to that
        going_on = began.options(options)
        if began.time == "skip" and going_on.get("clock") is None:
            going_on["clock"] = VirtualClock(0.0)  # it catches up with what it finds
        text = store.definition(first.definition)
        self.machine = _machine_of(began, text, target, going_on)
        definition = self.machine.written(text)
        _check_code(definition, self.machine, going_on, first.name)
        self.roots = roots
        self.parked: list[str] = []
        """What is to be said of those that cannot be taken up."""
        self._call = Call(self.machine, definition, compile_text(text), going_on, database=database)
        with closing_on_error(self._call):
            _tell_changed(self._call, first)
            observer = going_on.get("observer")
            if again:
                self._going = _redrive(self._call, first, observer)
            else:
                self._going, self.parked = _take_up(self._call, roots, observer)

    def results(self) -> Iterator[RunResult]:
        """How each ended, in their order; fewer where `leave` let it end before."""
        driver = self._call.driver
        for summary in self.roots:
            running = self._going.get(summary.arn)
            if running is not None:
                driver.run(running)
        driver.finish()  # also what they started and did not wait for
        for summary in self.roots:
            running = self._going.get(summary.arn)
            if running is None:
                ended = self._call.journal.find(summary.arn) if self._call.journal is not None else None
                if ended is not None and ended.status != "RUNNING":  # only what it started was interrupted
                    yield result_in_file(self._call, summary.arn)
            elif running.closed or running.withdrawn:
                yield self._call.result(running)

    def leave(self) -> None:
        """Lets the loop return as soon as it can; from any thread, and from a signal's handler."""
        self._call.driver.leave()

    def __enter__(self) -> Resumed:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._call.close(torn=kind is not None)


def to_resume(database: Database, names: Sequence[str], *, unpark: bool = False) -> list[list[Summary]]:
    """The executions of these names, or all that were interrupted, in groups that go on in one loop each: of one target, begun
    in one way, with one definition. Raises UsageError for names of others."""
    store = Executions(database)
    roots = [find(store, name) for name in dict.fromkeys(names)]
    for summary in roots:
        check_interrupted(store, summary)
    if not names:
        roots = interrupted(store)
    if unpark:
        for summary in roots:
            unparked(database, summary)
    groups: dict[tuple[str | None, int, str], list[Summary]] = {}
    for summary in roots:
        groups.setdefault((summary.record, summary.definition, json.loads(summary.about)["machine_arn"]), []).append(
            summary
        )
    return list(groups.values())


def resume(
    db: str | os.PathLike[str],
    name: str,
    *,
    target: TargetLike | None = None,
    unpark: bool = False,
    **options: Unpack[ResumeOptions],
) -> RunResult:
    """Takes up an execution that `run` began with this database file and that was interrupted; returns how it ended.

    Steps that were completed are not run again; what was being worked on begins anew. The definition is the one that was
    written down when the execution began; the code of its tasks is the target's as it is now, which `target` names where it
    has moved. Options that only a program can give (functions, callbacks, …) are to be given again. `unpark` takes up what
    was left alone because its process ended in the midst of a task many times in a row.

    Raises UsageError for an execution that is not there, has ended, or was begun by a server.
    """
    check_options(options, for_run=False)
    with opened(db) as database:
        summary = find(Executions(database), name)
        check_interrupted(Executions(database), summary)
        if unpark:
            unparked(database, summary)
        with Resumed(database, [summary], options, target=target) as resumed:
            for problem in resumed.parked:
                raise PenstockError(problem)
            return next(resumed.results())


def redrive(
    db: str | os.PathLike[str], name: str, *, target: TargetLike | None = None, **options: Unpack[ResumeOptions]
) -> RunResult:
    """Lets an execution that `run` began with this database file and that ended without success go on from what did not
    succeed, as RedriveExecution does; returns how it ended then. The arguments are those of `resume`.

    Raises UsageError for an execution that is not there or was begun by a server, ServiceError for one that cannot be
    redriven.
    """
    check_options(options, for_run=False)
    with opened(db) as database:
        summary = find(Executions(database), name)
        check_redrivable(database, summary)
        with Resumed(database, [summary], options, target=target, again=True) as resumed:
            return next(resumed.results())


@contextmanager
def opened(db: str | os.PathLike[str]) -> Iterator[Database]:
    """The file for `Resumed`. Raises StoreError, and UsageError where there is none."""
    if not Path(db).exists():
        raise UsageError(f"There is no database {os.fspath(db)}.")
    database = Database(db)
    try:
        yield database
    finally:
        database.close()


def written(database: Database, summary: Summary) -> StateMachine:
    """The definition that was written down for an execution."""
    from penstock.asl.read import read

    machine = read(Executions(database).definition(summary.definition), format="json").machine
    assert machine is not None
    return machine


def check_interrupted(store: Executions, summary: Summary) -> None:
    """Raises UsageError for an execution that `resume` does not take up."""
    file, name = store.database.path, summary.name
    if not begun_by_run(summary):
        raise UsageError(f"The execution {name} was begun by a server, which takes it up: penstock server --db {file}")
    if summary.record == _STARTED:
        raise UsageError(f"The execution {name} was started by another one, and goes on with it.")
    if summary.status != "RUNNING" and all(each.id != summary.id for each in interrupted(store)):
        more = (
            ""
            if summary.status == "SUCCEEDED"
            else f" Let it go on from what failed: penstock redrive --db {file} {name}"
        )
        raise UsageError(f"The execution {name} was not interrupted: it has ended ({summary.status}).{more}")


def check_redrivable(database: Database, summary: Summary) -> None:
    """Raises UsageError for an execution that is not this side's to redrive."""
    file, name = database.path, summary.name
    if not begun_by_run(summary):
        raise UsageError(
            f"The execution {name} was begun by a server; redrive it there: penstock server --db {file}, then penstock redrive "
            f"--endpoint URL {summary.arn}"
        )
    if summary.record == _STARTED:
        raise UsageError(f"The execution {name} was started by another one, and is redriven with it.")
    if summary.status == "RUNNING":
        raise UsageError(f"The execution {name} has not ended; take it up: penstock resume --db {file} {name}")


def unparked(database: Database, summary: Summary) -> None:
    """Has the next recovery try an execution as if it had not been left alone, with all that it started."""
    store = Executions(database)
    tree = Tree(store, [summary.id])
    rows = [(0, each.recovered, None, each.id) for each in store.running() if tree(each)]
    with database.write() as connection:
        Executions.recovered(connection, rows)


def _redrive(call: Call, summary: Summary, observer: Observer | None) -> dict[str, Running]:
    take_up(call, [])  # the file says that a run uses it
    assert call.journal is not None
    try:
        running = restore(call.journal, summary, compile_text)
    except Exception as problem:  # a journal of another version of the engine
        raise PenstockError(f"The execution {summary.name} cannot be taken up again: {problem}.") from None
    _catch_up(call.driver, running)
    _observe(call.journal, running, summary, observer)
    call.driver.redrive(running)
    return {summary.arn: running}


# ---- the code of an interrupted run


def _near(path: str) -> str:
    """A path as the user would write it here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _machine_of(began: Began, text: str, target: TargetLike | None, options: RunOptions) -> Machine:
    """The machine whose target has the task code. A definition has none, so it may be gone."""
    from penstock.api import load, with_settings

    found: Machine | None = None
    if target is not None or began.target is not None:
        where = target if target is not None else _near(cast(str, began.target))
        try:
            found = load(where, began.machine, parameters=began.parameters)
        except TargetNotFound as error:
            if target is not None or began.kind != "definition":
                raise TargetNotFound(
                    f"The code of its tasks is in {where}, which cannot be read: {str(error).rstrip('.')}. Where it has moved, "
                    "give its new place: --target FILE.",
                    target=str(where),
                ) from None
            _log.warning("%s is not there any more; what it held when the execution began goes on.", where)
    if found is None:
        found = load(json.loads(text))
        found.settings = load_settings(Path(began.folder))
    return with_settings(found, options.get("settings"), options.get("aws"))


def _tell_changed(call: Call, summary: Summary) -> None:
    """Says so where the definition is not that of the target any more."""
    from penstock.asl.write import write

    assert call.journal is not None
    machine, options = call.machine, call.options
    try:
        now, _ = machine.prepare(
            type=cast(MachineType, summary.type),
            substitutions=options.get("substitutions"),
            functions=options.get("functions"),
        )
    except PenstockError:
        now = None  # it does not compile, and what goes on does not need it to
    if now is None or write(now, indent=None) != call.journal.store.definition(summary.definition):
        _log.warning(
            "%s has changed since %s began: the definition of then goes on, with the code of its tasks as it is now.",
            machine.origin,
            summary.name,
        )


def _check_code(definition: Any, machine: Machine, options: RunOptions, name: str) -> None:
    """Raises InvalidInput for a task of a script whose class is not there any more: the execution would fail for it."""
    from penstock.asl.model import Task

    project = machine.project
    if project is None or options.get("mocks") is not None:
        return
    aws = machine.settings.aws
    prefix = f"arn:aws:lambda:{aws.region}:{aws.account}:function:"
    known = {*project.tasks, *machine.settings.functions, *machine.functions(options.get("functions"))}
    for _, state in definition.walk():
        resource = state.resource if isinstance(state, Task) else None
        if isinstance(resource, str) and resource.startswith(prefix) and resource[len(prefix) :] not in known:
            raise InvalidInput(
                f"The execution {name} has a state {state.name!r} that runs the task {resource[len(prefix) :]}, which "
                f"{machine.origin} has no more. Put it back, or stop the execution with penstock runs stop."
            )


# ---- results


class StoredResult:
    """What `ExecutionResult` tells of an execution in memory, of one in a file. The history is read when it is asked for."""

    def __init__(self, journal: Journal, closed: Closed) -> None:
        self._journal = journal
        self._closed = closed
        self._history: list[HistoryEvent] | None = None

    @property
    def history(self) -> list[HistoryEvent]:
        if self._history is None:
            with _readable(self._journal) as journal:
                self._history = events([record for _, record in journal.history(self._closed.id)])
        return self._history

    @property
    def map_runs(self) -> list[MapRun]:
        with _readable(self._journal) as journal:
            return [MapRun.from_data(json.loads(data)) for _, _, data in journal.store.map_runs_of(self._closed.id)]

    def status_changes(self) -> list[HistoryEvent]:
        from penstock.engine.status_changes import status_changes

        return status_changes(self._closed)


@contextmanager
def _readable(journal: Journal) -> Iterator[Journal]:
    """The journal, or the same file opened anew once its run is over."""
    if not journal.database.closed:
        yield journal
        return
    database = Database(journal.database.path, read_only=True, check=False)
    try:
        yield Journal(database)
    finally:
        database.close()


def result_in_file(call: Call, arn: str) -> RunResult:
    """How an execution of the call's file ended."""
    assert call.journal is not None
    closed = call.journal.find(arn)
    assert closed is not None  # it was begun there
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] = cast(Any, closed.status)
    return RunResult(
        status=status,
        output=closed.output,
        error=closed.error,
        cause=closed.cause,
        name=closed.name,
        execution_arn=closed.arn,
        start_date=instant(closed.started),
        stop_date=instant(closed.stopped),
        _machine=call.machine,
        _execution=StoredResult(call.journal, closed),
    )


# ---- stopping


def stop_in_file(db: str | os.PathLike[str], name: str, error: str | None = None, cause: str | None = None) -> str:
    """Aborts an execution of a file that no process uses, as StopExecution does, whoever began it; its ARN.

    Raises UsageError for one that is not there or has ended, StoreInUse where a process has the file.
    """
    with opened(db) as database:
        store = Executions(database)
        summary = find(store, name)
        if summary.status != "RUNNING":
            raise UsageError(f"The execution {summary.name} has ended already ({summary.status}).")
        by_run = begun_by_run(summary)
        began = Began.read(summary)
        virtual = began is not None and began.time == "skip"
        clock = VirtualClock(0.0) if virtual else SystemClock()
        journal = Journal(database, clean=CLEAN if by_run else "clean")
        driver = Driver(clock=clock, skip_time=virtual, journal=journal)
        try:
            stop_at_rest(driver, compile_text, summary, error, cause)
            driver.finish()
            if driver.failing is not None:
                raise driver.failing
        finally:
            driver.close()
        return summary.arn
