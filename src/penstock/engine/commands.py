"""What the core asks of the world, carried out: timers, attempts of tasks, child executions, Map Runs.

Of an execution whose turns are written down, what the world can see waits until the round is durable.
"""

from __future__ import annotations

import logging
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from penstock import failpoints
from penstock.engine import limits
from penstock.engine.agenda import names_an_instant
from penstock.engine.children import NestedExecutions, StopChild
from penstock.engine.execution import Execution, Type
from penstock.engine.mapruns import (
    ChildrenFound,
    EndMapRun,
    ItemsRead,
    MapRunEnded,
    ReadItems,
    RedriveMapRun,
    StartMapRun,
)
from penstock.engine.messages import (
    CancelChild,
    CancelTask,
    CancelTimer,
    ChildClosed,
    Command,
    MapRunUpdated,
    RedriveChild,
    SetTimer,
    StartChild,
    StartTask,
    StopRequested,
)
from penstock.engine.redriving import why_not
from penstock.engine.running import Running
from penstock.engine.tasks.handler import Cancel, Failed, Report, Resume, Taken, TaskRequest, select
from penstock.errors import PenstockError
from penstock.frozen import frozen

if TYPE_CHECKING:
    from penstock.engine.driver import Driver
    from penstock.engine.maprunning import ActiveRun


_log = logging.getLogger("penstock.engine")


class _Reporter:
    """What a handler brings its news with."""

    __slots__ = ("_attempt", "_driver", "_running")

    def __init__(self, driver: Driver, running: Running, attempt: int) -> None:
        self._driver = driver
        self._running = running
        self._attempt = attempt

    def __call__(self, news: Report) -> None:
        self._driver.report(self._running, self._attempt, news)

    def here(self, news: Report) -> None:
        """The last thing that a thread does for the attempt: it may make the round that comes of it."""
        self._driver.report_here(self._running, self._attempt, news)


class Commands:
    """The hands of one Driver; in the thread of its loop."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def carry_out(self, running: Running, command: Command, now: float) -> None:
        match command:
            case SetTimer(timer, at):
                # `now` is ahead of the clock where that was set back under the execution.
                behind = 0.0 if running.entry is None else max(0.0, now - self._driver.clock_time)
                if behind and not names_an_instant(running, timer):
                    at -= behind
                self._driver.agenda.set_timer(at, running, timer)
            case StartTask(attempt, request):
                self.start_task(running, attempt, request)
            case CancelTask(attempt):
                lasts = self._lasts(running, attempt)
                cancel = self.ended(running, attempt)
                if cancel is None:
                    pass
                elif running.entry is None or not running.entry.turns or isinstance(cancel, StopChild):
                    cancel()
                else:
                    self._driver.hold(Stop(running, cancel, lasts))
            case StartChild():
                self._start_child(running, command)
            case CancelChild(child):
                other = running.children.pop(child, None)
                if other is not None:
                    other.on_close = partial(self._counted, running, child)
                    self._driver.tell_now(other, StopRequested())
                run = running.map_runs.pop(child, None)
                if run is not None:
                    run.abort(self._driver.time())
                    self._note(running, run)
                    self._over(running, run)
            case RedriveChild():
                self._redrive_child(running, command)
            case StartMapRun() | ReadItems() | EndMapRun():
                self._map_run(running, command)
            case RedriveMapRun():
                self.redrive_map_run(running, command)
            case CancelTimer():
                self._driver.agenda.timer_cancelled()

    def start_task(self, running: Running, attempt: int, request: TaskRequest, taken: Taken | None = None) -> None:
        """Has an attempt carried out; `taken` says how far an earlier process came with it."""
        running.cancels[attempt] = _nothing
        if request.token is not None:
            self._driver.callbacks.expect(request.token, self._reporter(running, attempt))
            running.tokens[attempt] = request.token
        if running.entry is not None and running.entry.turns:
            running.entry.requests[attempt] = request
            self._driver.hold(_Start(self, running, attempt, request, taken))
        else:
            self.start_now(running, attempt, request, taken)

    def _reporter(self, running: Running, attempt: int) -> _Reporter:
        return _Reporter(self._driver, running, attempt)

    def start_now(self, running: Running, attempt: int, request: TaskRequest, taken: Taken | None) -> None:
        if attempt not in running.cancels:  # it was cancelled before it was durable
            if taken is not None and taken.submitted and request.token is None:
                self._stop_taken(running, attempt, request, taken)
            return
        if failpoints.ON:
            failpoints.hit("task.before_start")
        report = self._reporter(running, attempt)
        if taken is not None and taken.submitted and request.token is not None:
            return  # what was to be started is; the token says how it ends
        handler = select(self._driver.handlers, request)
        if handler is None:
            report(no_handler(request))
            return
        if not isinstance(handler, NestedExecutions):
            self._driver.outside.add((running, attempt))
        resume: Resume | None = None if taken is None else getattr(handler, "resume", None)
        try:
            if isinstance(handler, NestedExecutions):
                cancel = handler.start_for(running, request, report, taken)
            elif resume is not None and taken is not None:
                cancel = resume(request, report, taken)
            else:
                cancel = handler.start(request, report)
        except PenstockError:
            raise
        except Exception as error:
            report(Failed(type(error).__name__, f"The task could not be started: {error}"))
            return
        if failpoints.ON:
            failpoints.hit("task.after_start")
        if attempt in running.cancels:
            running.cancels[attempt] = cancel

    def _stop_taken(self, running: Running, attempt: int, request: TaskRequest, taken: Taken) -> None:
        """What an earlier process had started, and nobody waits for any more."""
        handler = select(self._driver.handlers, request)
        report = self._reporter(running, attempt)  # nobody hears it
        resume: Resume | None = getattr(handler, "resume", None)
        try:
            if isinstance(handler, NestedExecutions):
                handler.start_for(running, request, report, taken)()
            elif resume is not None:
                resume(request, report, taken)()
        except Exception as error:
            _log.warning(
                "What the state '%s' of %s had started (%s) was not stopped: %s",
                request.state_name,
                request.execution_arn,
                request.resource,
                error,
            )

    def let_go(self, running: Running) -> None:
        """Stops the attempts that still run, but for those that the next process goes on with, in a service or so."""
        for attempt, cancel in running.cancels.items():
            if running.closed or not self._lasts(running, attempt):
                try:
                    cancel()
                except Exception as error:  # a handler's; the others are stopped, too
                    _log.warning("A task of %s could not be stopped: %s", running.execution.arn, error)
        running.cancels.clear()

    def _lasts(self, running: Running, attempt: int) -> bool:
        """Whether it goes on elsewhere when this process ends, and the next one goes on with it."""
        entry = running.entry
        if entry is None or attempt not in entry.left or attempt not in entry.requests:
            return False
        return hasattr(select(self._driver.handlers, entry.requests[attempt]), "resume")

    def _start_child(self, running: Running, command: StartChild) -> None:
        parent = running.execution
        kind: Type = "EXPRESS" if command.type == "EXPRESS" else "STANDARD"
        machine_name = f"{parent.machine_name}/{command.label}"
        name = self._driver.entropy.uuid4()
        prefix = parent.machine_arn.partition(":stateMachine:")[0]
        execution = Execution(
            command.program,
            command.value,
            arn=f"{prefix}:{'execution' if kind == 'STANDARD' else 'express'}:{machine_name}:{name}",
            name=name,
            machine_arn=f"{prefix}:stateMachine:{machine_name}",
            machine_name=machine_name,
            role_arn=parent.role_arn,
            type=kind,
            seed=self._driver.entropy.hex(32),
            limit=limits.STANDARD_EVENTS if kind == "STANDARD" else limits.EXPRESS_EVENTS,
            text=command.text,
        )
        execution.root.item = command.item
        run = running.map_runs[command.run]
        link = None
        if running.entry is not None:
            from penstock.engine.journal import Link

            link = Link(running, command.child, command.run, command.items, run.record.arn)
        child = self._driver.begin(execution, None, link)
        run.child_started(command.items)
        self.watch_child(running, command.child, child, run, command.items)
        if failpoints.ON:
            failpoints.hit("child.started")

    def watch_child(self, running: Running, number: int, child: Running, run: ActiveRun, items: int) -> None:
        """Has `running` told when its child execution ends."""
        running.children[number] = child
        child.map_run, child.items, child.linked = run, items, True

        def closed(child: Running) -> None:
            running.children.pop(number, None)
            ended = child.execution
            run.child_ended(ended, items)
            if ended.status != "SUCCEEDED" and running.entry is None:
                run.keep(number, child)
            described = run.described(ended)
            if failpoints.ON:
                failpoints.hit("child.closed")
            news = ChildClosed(
                number, ended.status, ended.output, ended.output_text, ended.error, ended.cause, described
            )
            self._driver.tell(running, news)

        child.on_close = closed

    def _redrive_child(self, running: Running, command: RedriveChild) -> None:
        driver = self._driver
        run = running.map_runs[command.run]
        child = self._unsuccessful(running, run, command.child)
        reason = None if child is None else why_not(child.execution, driver.time())
        if child is not None and child.execution.type == "EXPRESS":
            self._begin_again(running, run, command, child)
        elif child is None or reason is not None:
            run.child_left(command.items)
            error, cause = (None, reason) if child is None else (child.execution.error, child.execution.cause)
            driver.tell(running, ChildClosed(command.child, "FAILED", error=error, cause=cause))
        else:
            run.child_started_again(command.items)
            self.watch_child(running, command.child, child, run, command.items)
            driver.reopen(child, now=True)  # in one transaction with what its parent was told

    def _unsuccessful(self, running: Running, run: ActiveRun, number: int) -> Running | None:
        journal = self._driver.journal
        if journal is None or running.entry is None:
            return run.unsuccessful.pop(number, None)
        from penstock.engine.recovery import Parked, restore

        summary = journal.store.child(running.entry.id, number)
        try:
            return None if summary is None else restore(journal, summary, lambda text: running.execution.program)
        except Parked:
            return None

    def _begin_again(self, running: Running, run: ActiveRun, command: RedriveChild, child: Running) -> None:
        """An Express child runs from its beginning (API reference, RedriveExecution)."""
        old = child.execution
        journal = self._driver.journal
        if journal is not None and child.entry is not None:
            journal.forget(child.entry.id)
        run.child_left_for_another(command.items)
        label = old.machine_name.rpartition("/")[2]
        self._start_child(
            running,
            StartChild(
                command.child,
                old.program,
                old.input,
                old.input_text,
                label,
                old.root.item,
                old.type,
                command.run,
                command.items,
            ),
        )

    def redrive_map_run(self, running: Running, command: RedriveMapRun) -> None:
        """A Map Run that did not succeed goes on, with the children that did not."""
        from penstock.engine.maprunning import ActiveRun

        driver = self._driver
        active = running.over.pop(command.run, None)
        if active is not None:
            driver.over.discard(active)
        else:
            active = ActiveRun(command.command, running.execution, driver.objects, driver.time())
            running.result.map_runs.append(active.record)
        running.map_runs[command.run] = active
        journal, entry = driver.journal, running.entry
        if journal is not None and entry is not None:
            active.take_up(command.read, journal.store.counts_of(entry.id, command.run))
            known = journal.map_run_record(command.command.arn)
            if known is not None:
                known.item_counts, known.execution_counts = active.record.item_counts, active.record.execution_counts
                active.record = running.result.map_runs[-1] = known
            children, succeeded = journal.redrive_children(entry.id, command.run, command.untold, active)
            active.redrive(command.redrives, command.read, driver.time())
        else:
            children = active.redrive(command.redrives, command.read, driver.time())
            succeeded = [running.late.pop(number) for number in command.untold if number in running.late]
        self._note(running, active)
        driver.tell(running, ChildrenFound(command.run, children, succeeded))

    def give_up_runs(self, running: Running) -> None:
        """An execution has succeeded, whatever became of its Map Runs: none of them is redriven."""
        for active in running.over.values():
            self._driver.over.discard(active)
            active.close()
            active.unsuccessful.clear()
        running.over.clear()

    def _counted(self, parent: Running, number: int, child: Running) -> None:
        """A child execution of a Map Run was stopped with it."""
        run = child.map_run
        if run is not None:
            run.child_ended(child.execution, child.items)
            self._note(parent, run)
            if parent.entry is None:
                run.keep(number, child)

    def _over(self, running: Running, active: ActiveRun) -> None:
        """A Map Run has ended: it is kept for a redrive where no file knows it, and it may want one."""
        if running.entry is None and active.record.status != "SUCCEEDED":
            running.over[active.number] = active
            self._driver.over.add(active)
        else:
            active.close()

    def _map_run(self, running: Running, command: StartMapRun | ReadItems | EndMapRun) -> None:
        number = command.run
        if isinstance(command, StartMapRun):
            from penstock.engine.maprunning import ActiveRun  # not for executions that have none

            active = running.map_runs[number] = ActiveRun(
                command, running.execution, self._driver.objects, self._driver.time()
            )
            running.result.map_runs.append(active.record)
            self._note(running, active)
            return
        if running.entry is not None:
            self._driver.hold(MapRunWork(self, running, command))
        else:
            self.map_run_work(running, command)

    def map_run_work(self, running: Running, command: ReadItems | EndMapRun) -> None:
        """Reads items, or writes results, and says so."""
        number = command.run
        active = running.map_runs.get(number)
        if active is None:
            return  # the run was aborted before this was durable
        if failpoints.ON:
            failpoints.hit("map_run.read" if isinstance(command, ReadItems) else "map_run.ending")
        work = active.work(command, self._driver.time())
        if not active.takes_time(command):
            self.map_run_worked(running, active, work())
            return
        self._driver.outside.add((running, number))
        report = self._driver.report
        Thread(target=lambda: report(running, number, work()), daemon=True).start()

    def map_run_worked(self, running: Running, active: ActiveRun | None, news: ItemsRead | MapRunEnded) -> None:
        if isinstance(news, MapRunEnded) and active is not None:
            running.map_runs.pop(news.run, None)
            self._over(running, active)
        if active is not None:
            self._note(running, active)
        self._driver.tell(running, news)

    def update_map_run(self, running: Running, active: ActiveRun, event: MapRunUpdated) -> None:
        """A Map Run has new figures, which its record has already; for the loop's thread."""
        self._note(running, active)
        self._driver.tell(running, event)

    def _note(self, running: Running, active: ActiveRun) -> None:
        """How a Map Run stands is written down with the next commit."""
        if self._driver.journal is not None and running.entry is not None:
            self._driver.journal.map_run(running, active.record, active.number)

    def ended(self, running: Running, attempt: int) -> Cancel | None:
        """Forgets an attempt; how to stop it, if it was still running."""
        cancel = running.cancels.pop(attempt, None)
        self._driver.outside.discard((running, attempt))
        if running.entry is not None:
            running.entry.forget(attempt)
        token = running.tokens.pop(attempt, None)
        if token is not None:
            self._driver.callbacks.forget(token)
        return cancel


@frozen
class _Start:
    """An attempt that starts when the round is durable."""

    commands: Commands
    running: Running
    attempt: int
    request: TaskRequest
    taken: Taken | None

    def __call__(self) -> None:
        self.commands.start_now(self.running, self.attempt, self.request, self.taken)


@frozen
class Stop:
    """An attempt that is stopped when the round is durable: a process that dies before is followed by one that goes on with it."""

    running: Running
    cancel: Cancel
    lasts: bool
    """Whether the next process can go on with it."""

    def __call__(self) -> None:
        self.cancel()


@frozen
class MapRunWork:
    """Reading or writing that begins when the round is durable."""

    commands: Commands
    running: Running
    command: ReadItems | EndMapRun

    def __call__(self) -> None:
        self.commands.map_run_work(self.running, self.command)


def no_handler(request: TaskRequest) -> Failed:
    """The answer to a task that nothing here can carry out. States.Runtime, so that no retrier waits for what will not
    come and no catcher hides it."""
    activity = ":activity:" in request.resource
    what = (
        "Give the run a penstock.Callbacks that has this activity"
        if activity
        else "Map it to a function in penstock.toml"
    )
    return Failed(
        "States.Runtime",
        f"Nothing here answers the resource {request.resource} of the state '{request.state_name}'. "
        f"{what}, or mock the state.",
    )


def _nothing() -> None:
    pass
