"""The shell around the core: carries its commands out, in memory, and brings it the news.

One thread runs the loop; task attempts run elsewhere (their handlers see to that) and report through a queue. Time is a
Clock's. With `skip_time`, the clock jumps to the next timer whenever nothing can go on and no attempt is running; while
attempts run it moves at real speed, so that their timeouts still mean something.

With a journal, a round of the loop ends with a commit (`committing_loop`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import TYPE_CHECKING

from penstock import failpoints
from penstock.asl.errors import DATA_LIMIT_EXCEEDED
from penstock.clock import Clock, Entropy, SystemClock, VirtualClock
from penstock.engine.callbacks import Callbacks
from penstock.engine.children import SDK_START, NestedExecutions
from penstock.engine.commands import Commands
from penstock.engine.committing_loop import CommittingLoop
from penstock.engine.core import advance
from penstock.engine.execution import Execution, Type
from penstock.engine.history import events
from penstock.engine.mapruns import ItemsRead, MapRunEnded
from penstock.engine.messages import (
    Broken,
    ChildClosed,
    Continued,
    Event,
    Redriven,
    Started,
    StopRequested,
    TaskReported,
    TimersFired,
)
from penstock.engine.program import Program
from penstock.engine.redriving import why_not
from penstock.engine.rounds import Show, is_of_withdrawn
from penstock.engine.running import ExecutionResult, Observer, Running
from penstock.engine.shared_loop import Posted
from penstock.engine.starting import ACCOUNT, REGION, Machines, new_execution
from penstock.engine.tasks.handler import (
    Failed,
    Later,
    NotStarted,
    Report,
    Stopped,
    Submitted,
    Succeeded,
    TaskHandler,
)
from penstock.errors import JsonError, ServiceError, StoreError, StoreTooLarge, StoreUnavailable, UsageError
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.journal import Journal, Link
    from penstock.engine.maprunning import ActiveRun
    from penstock.engine.objects import ObjectStore

_log = logging.getLogger("penstock.engine")

_WHOLE = 0
"""In place of an attempt's number: the whole execution is meant."""

__all__ = ["ACCOUNT", "REGION", "Driver", "ExecutionResult", "Machines", "Observer", "Running", "run"]


class Driver(CommittingLoop):
    """Runs many executions in one loop.

    `handlers` answer tasks, the first that handles a resource takes it; they belong to the caller, who closes them.
    `machines` finds the state machines that `states:startExecution` names; `callbacks` has the activities and the tokens,
    one for several drivers where they share them. `start` and `run` are for one thread; reports and `stop` may come from any. With
    `shared`, observers and handlers are called in whatever thread makes a round; never two at a time.
    """

    def __init__(
        self,
        *,
        handlers: Sequence[TaskHandler] = (),
        clock: Clock | None = None,
        skip_time: bool = False,
        entropy: Entropy | None = None,
        machines: Machines | None = None,
        callbacks: Callbacks | None = None,
        objects: ObjectStore | None = None,
        journal: Journal | None = None,
        shared: bool = False,
    ) -> None:
        if clock is None:
            clock = VirtualClock() if skip_time else SystemClock()
        elif skip_time and not isinstance(clock, VirtualClock):
            raise UsageError("skip_time needs a clock that can jump: give a VirtualClock, or no clock.")
        super().__init__(clock, journal, shared=shared)
        self.skip_time = skip_time
        self.entropy = entropy or Entropy()
        self.objects = objects
        """What distributed Maps read from and write to."""
        self.handlers: list[TaskHandler] = list(handlers)
        self.callbacks = callbacks or Callbacks()
        if callbacks is not None:
            self.handlers.append(callbacks)
        # Before whoever would take all that has to do with Step Functions for calls to AWS, behind mocks.
        place = next((i for i, h in enumerate(handlers) if not hasattr(h, "answers") and h.handles(SDK_START)), None)
        nested = NestedExecutions(self, machines or _no_machine)
        self.handlers.insert(len(self.handlers) if place is None else place, nested)
        self.commands = Commands(self)
        self._turns: deque[tuple[Running, Event]] = deque()
        """What the core is still to be told, in order."""
        self._stopped: deque[tuple[Running, Event]] = deque()
        """What is told in the same round, after all else."""
        self.over: set[ActiveRun] = set()
        """Map Runs that ended without success and may be redriven."""
        self._by_arn: dict[str, Running] = {}
        """Those of them that are written down."""
        self.left = False

    # ---- executions

    def start(
        self,
        program: Program,
        value: Json,
        *,
        name: str | None = None,
        type: Type = "STANDARD",  # noqa: A002  (the API's word)
        machine_arn: str | None = None,
        role_arn: str | None = None,
        observer: Observer | None = None,
        sync: bool = False,
        link: Link | None = None,
    ) -> Running:
        """A new execution; it begins when the loop runs. Raises InvalidInput for an input over the payload quota."""
        execution = new_execution(
            program,
            value,
            entropy=self.entropy,
            name=name,
            type=type,
            machine_arn=machine_arn,
            role_arn=role_arn,
            sync=sync,
        )
        return self.begin(execution, observer, link)

    def begin(self, execution: Execution, observer: Observer | None = None, link: Link | None = None) -> Running:
        """Takes an execution that was made elsewhere; it begins when the loop runs."""
        running = Running(execution, observer)
        running.linked = link is not None
        with self.turning:
            if self.journal is not None:
                self.journal.begin(running, self.time(), link)
                if running.entry is not None:
                    self._fresh.append(running)
                self._by_arn[execution.arn] = running
            self._open.add(running)
            self._turns.append((running, Started()))
        return running

    def adopt(self, running: Running, *events: Event) -> None:
        """Takes an execution that was restored, with its timers; `events` is what it is told first."""
        self._open.add(running)
        self._by_arn[running.execution.arn] = running
        for timer, (_, _, at) in running.execution.timers.items():
            self.agenda.set_timer(at, running, timer)
        for event in events:
            self._turns.append((running, event))
        if running.execution.ready:
            self._turns.append((running, Continued()))

    def find(self, arn: str) -> Running | None:
        """The execution of that ARN, while it runs and its turns are written down."""
        return self._by_arn.get(arn)

    def tell(self, running: Running, event: Event) -> None:
        """Has the core told something, in its turn; for the loop's thread."""
        self._turns.append((running, event))

    def stop(self, running: Running, error: str | None = None, cause: str | None = None) -> None:
        """Aborts an execution, as StopExecution does; from any thread. Nothing happens where it has ended."""
        if not running.closed:
            self.inbox.put((running, _WHOLE, Stopped(error, cause)))

    def stop_with(self, running: Running, error: str | None = None, cause: str | None = None) -> None:
        """The same, in the transaction of the turn that asks for it, where there are any; for the loop's thread."""
        if self.journal is None:
            self.stop(running, error, cause)
        else:
            self._stopped.append((running, StopRequested(error, cause)))

    def report(self, running: Running, attempt: int, news: Report | ItemsRead | MapRunEnded) -> None:
        """Brings news of an attempt or of a Map Run; from any thread."""
        self.inbox.put((running, attempt, news))

    def report_here(self, running: Running, attempt: int, news: Report) -> None:
        """The same, and where the loop is at rest this thread makes the round, too: for one that is through with its work."""
        if not self.make(partial(self.report_now, running, attempt, news), rounds=1):
            self.inbox.put((running, attempt, news))

    def redrive(self, running: Running) -> None:
        """Lets an execution that ended without success go on from what did not succeed, as RedriveExecution does.

        Raises ServiceError ExecutionNotRedrivable, in AWS's words."""
        with self.turning:
            reason = why_not(running.execution, self.time())
            if reason is not None:
                raise ServiceError(reason, code="ExecutionNotRedrivable")
            self._check_whole()
            try:
                self.reopen(running)
                self.round()
            except BaseException as error:  # nobody goes on from the midst of a round, whoever called
                self.tear(error)
                raise

    def reopen(self, running: Running, *, now: bool = False) -> None:
        """Lets an execution that may be redriven go on, in its turn or at once; for the loop's thread."""
        running.told = False
        self._open.add(running)
        if running.entry is not None:
            self._by_arn[running.execution.arn] = running
        if now:
            self.tell_now(running, Redriven())
        else:
            self._turns.append((running, Redriven()))

    def send(self, token: str, report: Report) -> bool:
        """What SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat do; from any thread. False for a token that is not
        or no longer waited for."""
        try:
            if isinstance(report, Succeeded):
                self.callbacks.send_task_success(token, report.output)
            elif isinstance(report, Failed):
                self.callbacks.send_task_failure(token, report.error, report.cause)
            else:
                self.callbacks.send_task_heartbeat(token)
        except ServiceError:
            return False
        return True

    def run(self, running: Running) -> ExecutionResult:
        """Runs the loop until `running` has ended."""
        self.run_while(lambda: not (self.left or self.has_ended(running)))
        return running.result

    def has_ended(self, running: Running) -> bool:
        """Whether it has ended and that is written down, where it is to be; or it could not even be begun."""
        with self.turning:  # in a round that another thread makes, it may have ended and not be written down yet
            return running.withdrawn or (running.closed and self.failing is None)

    def run_all(self, several: Sequence[Running]) -> list[ExecutionResult]:
        """Runs the loop until all of them have ended."""
        return [self.run(running) for running in several]

    def finish(self) -> None:
        """Runs the loop until nothing runs any more: also what `states:startExecution` began and did not wait for."""
        self.run_while(lambda: bool(self._open or self.failing is not None) and not self.left)

    def leave(self) -> None:
        """Lets `run` and `finish` return before everything has ended; from any thread."""
        self.left = True
        self.inbox.put((None, _WHOLE, Posted(_nothing)))  # it may be waiting for news

    def close(self, *, torn: bool = False) -> None:
        """Stops the attempts that still run; a journal says that they did. Jobs elsewhere whose start it has go on, and the
        next process with them. The handlers stay open: they are the caller's. `torn`: an exception came out of the loop,
        maybe in the midst of a turn; what is not committed is given up."""
        with self.turning:
            self.ended = True
            self._end(torn=torn or self._torn is not None)

    def _end(self, *, torn: bool) -> None:
        for running in self._open:
            self._let_go(running)
        for active in self.over:
            active.close()
        self.over.clear()
        self._open.clear()
        self._by_arn.clear()
        self.outside.clear()
        written = False
        if self.journal is not None and not torn:
            with suppress(StoreError):  # what could not be written down before cannot be now
                self.journal.end()
                written = True
        self._stop_held(written=written)
        self._disown(StoreUnavailable("The service ends."))

    def abandon(self, error: StoreUnavailable) -> None:
        """After a fault in the loop: nothing more is written down, and whoever waits hears so. The next process goes on
        from what is."""
        with self.turning:
            self.ended = True
            for running in self._open:
                with suppress(Exception):
                    self._let_go(running)
            self._stop_held(written=False)
            self._disown(error)
        while True:
            try:
                _, _, news = self.inbox.get_nowait()
            except Empty:
                return
            if isinstance(news, Posted):
                news.call()

    def _let_go(self, running: Running) -> None:
        """Stops what this process does for an execution."""
        self.commands.let_go(running)
        for token in running.tokens.values():
            self.callbacks.forget(token)
        running.tokens.clear()
        for run in running.map_runs.values():
            run.close()

    # ---- the loop

    def round(self) -> bool:
        """All news, all due timers. False when there was nothing to do."""
        turns = self._turns
        if self.failing is not None:
            pending = self.journal is not None and self.journal.pending
            if (pending and self.clock.monotonic() < self._next_try) or not self._commit([]):
                self._hold_still()
            return True
        if turns or self._stopped:
            acks, self._acks = self._acks, []
            self._settling = acks
            for _ in range(len(turns)):  # a Continued goes to the end, behind the timers and reports that are due
                self.tell_now(*turns.popleft())
            while self._stopped:
                running, event = self._stopped.popleft()
                if running.execution.base or running.execution.records:
                    self.tell_now(running, event)
                else:  # it was taken in in this very round, and begins first
                    turns.append((running, event))
            if self.journal is not None:
                self._commit(acks)
            if turns and not self.visited:
                self.collect()
                self._fire()
            return True
        if self._unsettled:
            acks, self._acks = self._acks, []
            self._settling = acks
            self._commit(acks)
            return True
        return self.collect() or self._fire()

    @property
    def unfinished(self) -> bool:
        return bool(self._turns or self._stopped) or self._unsettled

    def withdraw(self, error: StoreUnavailable) -> None:
        """Takes back what was begun in the round that cannot be committed, as if it had never been asked for."""
        assert self.journal is not None
        # Not those whose parent is durable: they go on with it.
        pending = [running for running in self._fresh if not running.linked]
        if not pending:
            return
        self._fresh = [running for running in self._fresh if running.linked]
        while pending:
            running = pending.pop()
            if running.withdrawn:
                continue
            pending += running.children.values()
            running.withdrawn = True
            self.journal.withdraw(running)
            self._let_go(running)
            running.execution.timers.clear()
            self._open.discard(running)
            self._by_arn.pop(running.execution.arn, None)
            self.refused(running, error)
        self._turns = deque(turn for turn in self._turns if not turn[0].withdrawn)
        self._stopped = deque(turn for turn in self._stopped if not turn[0].withdrawn)
        self._held = [call for call in self._held if not is_of_withdrawn(call)]

    def refused(self, running: Running, error: StoreUnavailable) -> None:
        """An execution that was begun could not be written down, and is gone. For who made it known."""

    def report_now(
        self, running: Running | None, attempt: int, report: Report | ItemsRead | MapRunEnded | Posted
    ) -> None:
        if isinstance(report, Succeeded):  # first what most news is
            assert running is not None
            if attempt in running.cancels:
                self._ended(running, attempt, report if self.journal is None else _writable(report))
            return
        if isinstance(report, Posted):
            report.call()
            return
        assert running is not None  # all other news is of an execution
        if isinstance(report, ItemsRead | MapRunEnded):
            self.outside.discard((running, attempt))
            self.commands.map_run_worked(running, running.map_runs.get(attempt), report)
            return
        if isinstance(report, Stopped) and (attempt == _WHOLE or attempt in running.cancels):
            if not running.withdrawn:
                self._turns.append((running, StopRequested(report.error, report.cause)))
            return
        if attempt not in running.cancels:
            return  # it was cancelled or has reported already
        if isinstance(report, Later):
            self.agenda.wake_later(self.time() + report.seconds, running, attempt, report)
            if not report.outside:
                self.outside.discard((running, attempt))
            return
        if isinstance(report, Submitted) and self.journal is not None:
            report = _writable(report)
        if isinstance(report, Failed | NotStarted):
            self._ended(running, attempt, report)
            return
        if isinstance(report, Submitted) and attempt in running.tokens and not report.working:
            # From here on nobody in this process is working: with skip_time, the time until the token comes is skipped.
            self.outside.discard((running, attempt))
        self._turns.append((running, TaskReported(attempt, report)))

    def _ended(self, running: Running, attempt: int, report: Report) -> None:
        self.commands.ended(running, attempt)
        self._turns.append((running, TaskReported(attempt, report)))

    def _fire(self) -> bool:
        """Fires what is due."""
        now = self.time()
        due = self.agenda.due(now)
        for running, timers in due:
            self._turns.append((running, TimersFired(timers)))
        if failpoints.ON and due:
            failpoints.hit("timer.fired")
        woken = self.agenda.to_wake(now)
        for running, attempt, later in woken:
            self.outside.add((running, attempt))
            try:
                later.wake()
            except Exception as error:  # a handler's, not the loop's
                self.report(running, attempt, Failed(type(error).__name__, f"The task could not go on: {error}"))
        return bool(due or woken)

    def tell_now(self, running: Running, event: Event) -> None:
        """Tells the core, and does what it asks for; for the loop's thread."""
        execution = running.execution
        now = self.time()
        entry = running.entry
        journal = self.journal if entry is not None and entry.turns else None
        if entry is not None and journal is not None:
            # It begins when it was taken in: what its row says, and whoever asked for it is told.
            now = max(now, entry.last) if entry.turn else entry.last
        if isinstance(event, ChildClosed) and event.status == "SUCCEEDED" and event.child not in execution.attempts:
            running.late[event.child] = (event.child, event.output, event.described)
        if execution.status != "RUNNING" and not isinstance(event, Redriven):
            return  # news for what is over
        commands = advance(execution, event, now)
        try:
            new = [] if journal is None else journal.turn(running, event, now)
        except StoreTooLarge as error:
            if isinstance(event, Broken):
                raise
            self._break_off(running, Broken(str(error), DATA_LIMIT_EXCEEDED))
            return
        if commands:
            for command in commands:
                self.commands.carry_out(running, command, now)
        if running.observer is not None:
            if journal is None:
                self._show(running, running.observer)
            elif new:
                self._held.append(Show(running, new, execution.base - len(new) + 1))
        if journal is not None and execution.status == "RUNNING":
            journal.carried_out(running)
        if execution.status != "RUNNING":
            if entry is not None and journal is None and self.journal is not None:
                self.journal.over(running)
            if running.over and execution.status == "SUCCEEDED":
                self.commands.give_up_runs(running)
            self.ends += 1
            self._open.discard(running)
            self._by_arn.pop(execution.arn, None)
            if running.on_close is not None:
                on_close, running.on_close = running.on_close, None
                on_close(running)
        elif execution.ready:
            self._turns.append((running, Continued()))

    def _break_off(self, running: Running, event: Broken) -> None:
        """Ends an execution that cannot go on, maybe in the midst of a turn, which never happened then."""
        execution = running.execution
        if self.journal is not None and self.journal.half_told(running):
            execution.status = "RUNNING"
            execution.output = execution.output_text = None
        if execution.status == "RUNNING":
            self.tell_now(running, event)
        self._let_go(running)

    def _show(self, running: Running, observer: Observer) -> None:
        new = running.records[running.seen :]
        first = running.seen + 1
        running.seen += len(new)
        for event in events(new, first=first):
            observer(event)


def _writable(report: Succeeded | Submitted) -> Report:
    """The report, or the failure that the core would make of an output that is no JSON."""
    if failpoints.ON:
        failpoints.hit("task.reported")
    try:
        dumps(report.output)
    except JsonError as error:
        return Failed("States.TaskFailed", str(error))
    return report


def _nothing() -> None:
    pass


def _no_machine(arn: str) -> None:
    return None


def run(
    program: Program,
    input: Json,  # noqa: A002
    *,
    handlers: Sequence[TaskHandler] = (),
    clock: Clock | None = None,
    skip_time: bool = False,
    entropy: Entropy | None = None,
    name: str | None = None,
    type: Type = "STANDARD",  # noqa: A002
    machine_arn: str | None = None,
    role_arn: str | None = None,
    observer: Observer | None = None,
    machines: Machines | None = None,
    sync: bool = False,
    objects: ObjectStore | None = None,
) -> ExecutionResult:
    """Runs one execution to its end, in this thread, and says what became of it.

    A failed execution is a result, not an exception: what is raised is about the call (InvalidInput, JsonError). With an
    `entropy` that has a seed and a VirtualClock, the same call gives the same history. `sync` is StartSyncExecution.
    `objects` are what distributed Maps read from and write to.
    """
    driver = Driver(
        handlers=handlers, clock=clock, skip_time=skip_time, entropy=entropy, machines=machines, objects=objects
    )
    running = driver.start(
        program, input, name=name, type=type, machine_arn=machine_arn, role_arn=role_arn, observer=observer, sync=sync
    )
    try:
        driver.finish()
        return running.result
    finally:
        driver.close()
