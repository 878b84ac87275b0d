"""The shell around the core: carries its commands out, in memory, and brings it the news.

One thread runs the loop; task attempts run elsewhere (their handlers see to that) and report through a queue. Time is a
Clock's. With `skip_time`, the clock jumps to the next timer whenever nothing can go on and no attempt is running; while
attempts run it moves at real speed, so that their timeouts still mean something.

With a journal, a round of the loop ends with a commit, and what the world can see of the round comes after it: attempts
that start, whoever waits for an answer (`when_settled`). While nothing can be committed, nothing goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, TypeAlias

from penstock import failpoints
from penstock.clock import Clock, Entropy, SystemClock, VirtualClock
from penstock.engine import limits
from penstock.engine.agenda import Agenda, names_an_instant
from penstock.engine.callbacks import Callbacks
from penstock.engine.children import SDK_START, NestedExecutions
from penstock.engine.core import (
    CancelChild,
    CancelTask,
    CancelTimer,
    ChildClosed,
    Command,
    Continued,
    Event,
    MapRunUpdated,
    Redriven,
    SetTimer,
    StartChild,
    Started,
    StartTask,
    StopRequested,
    TaskReported,
    TimersFired,
    advance,
)
from penstock.engine.execution import Execution, Type
from penstock.engine.history import Record, events
from penstock.engine.mapruns import EndMapRun, ItemsRead, MapRunEnded, ReadItems, StartMapRun
from penstock.engine.program import Program
from penstock.engine.redriving import why_not
from penstock.engine.running import ExecutionResult, Observer, Running
from penstock.engine.tasks.handler import (
    Cancel,
    Failed,
    Later,
    NotStarted,
    Report,
    Resume,
    Stopped,
    Submitted,
    Succeeded,
    Taken,
    TaskHandler,
    TaskRequest,
    select,
)
from penstock.errors import InvalidInput, JsonError, PenstockError, ServiceError, StoreUnavailable, UsageError
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.journal import Journal, Link
    from penstock.engine.maprunning import ActiveRun
    from penstock.engine.objects import ObjectStore

Machines: TypeAlias = Callable[[str], "Program | None"]
"""The program of a state machine ARN, for `states:startExecution`."""

Settled: TypeAlias = Callable[[StoreUnavailable | None], None]
"""Hears that all that came before is durable, or why it is not."""

SET_BACK_SECONDS: Final = 1.0
"""Ours: how far behind a clock may be before it counts as set back."""

AWAKE_SECONDS: Final = 60.0
"""Ours: how long the loop sleeps at most, since a clock that is set forward wakes nobody."""

RETRY_SECONDS: Final = 0.5
"""Ours: how long after a commit that failed the next is tried."""

_WHOLE = 0
"""In place of an attempt's number: the whole execution is meant."""

__all__ = ["ACCOUNT", "REGION", "Driver", "ExecutionResult", "Machines", "Observer", "Running", "no_handler", "run"]

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class _Posted:
    """A call that some other thread wants the loop's to make."""

    call: Callable[[], None]


class Driver:
    """Runs many executions in one loop.

    `handlers` answer tasks, the first that handles a resource takes it; they belong to the caller, who closes them.
    `machines` finds the programs that `states:startExecution` names; `callbacks` has the activities and the tokens, one for
    several drivers where they share them. `start` and `run` are for one thread; reports and `stop` may come from any.
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
    ) -> None:
        if clock is None:
            clock = VirtualClock() if skip_time else SystemClock()
        elif skip_time and not isinstance(clock, VirtualClock):
            raise UsageError("skip_time needs a clock that can jump: give a VirtualClock, or no clock.")
        self.clock = clock
        self.skip_time = skip_time
        self.entropy = entropy or Entropy()
        self.objects = objects
        """What distributed Maps read from and write to."""
        self.journal = journal
        self._held: list[Callable[[], None]] = []
        """What is to be done when the round is durable."""
        self._acks: list[Settled] = []
        self.failing: StoreUnavailable | None = None
        """Why nothing goes on, when that is so."""
        self.handlers: list[TaskHandler] = list(handlers)
        self.callbacks = callbacks or Callbacks()
        if callbacks is not None:
            self.handlers.append(callbacks)
        # Before whoever would take all that has to do with Step Functions for calls to AWS, behind mocks.
        place = next((i for i, h in enumerate(handlers) if not hasattr(h, "answers") and h.handles(SDK_START)), None)
        nested = NestedExecutions(self, machines or _no_machine)
        self.handlers.insert(len(self.handlers) if place is None else place, nested)
        self._inbox: SimpleQueue[tuple[Running | None, int, Report | ItemsRead | MapRunEnded | _Posted]] = SimpleQueue()
        self._agenda = Agenda()
        self._turns: deque[tuple[Running, Event]] = deque()
        """What the core is still to be told, in order."""
        self._outside: set[tuple[Running, int]] = set()
        """Attempts that something outside this loop is working on; while there are any, virtual time does not jump."""
        self._open: set[Running] = set()
        """Executions that have not ended."""
        self._by_arn: dict[str, Running] = {}
        """Those of them that are written down."""
        self._now = clock.now()
        self._read_at = clock.monotonic()
        self._left = False

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
        entropy = self.entropy
        if name is None:
            name = entropy.uuid4()
        elif not 0 < len(name) <= limits.NAME_CHARACTERS or not limits.NAME_FORBIDDEN.isdisjoint(name):
            raise InvalidInput(
                f"{name[:100]!r} is no name for an execution: 1 to {limits.NAME_CHARACTERS} characters, no blanks, "
                'brackets, wildcards or control characters, none of "#%\\^|~`$&,;:/.'
            )
        if machine_arn is None:
            machine_arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:StateMachine"
        prefix, _, machine_name = machine_arn.partition(":stateMachine:")
        if not machine_name or prefix.count(":") < 4:
            raise UsageError(
                f"{machine_arn!r} is no ARN of a state machine (arn:aws:states:REGION:ACCOUNT:stateMachine:NAME)."
            )
        if role_arn is None:
            role_arn = f"arn:aws:iam::{prefix.split(':')[4]}:role/StepFunctionsRole"
        standard = type == "STANDARD"
        if standard:
            arn = f"{prefix}:execution:{machine_name}:{name}"
        else:
            arn = f"{prefix}:express:{machine_name}:{name}:{entropy.uuid4()}"
        execution = Execution(
            program,
            value,
            arn=arn,
            name=name,
            machine_arn=machine_arn,
            machine_name=machine_name,
            role_arn=role_arn,
            type=type,
            seed=entropy.hex(32),
            limit=limits.STANDARD_EVENTS if standard else limits.EXPRESS_EVENTS,
            sync=sync,
        )
        if len(execution.input_text) > limits.PAYLOAD_BYTES:
            raise InvalidInput(
                f"The input has {len(execution.input_text):,} bytes of JSON; an execution takes {limits.PAYLOAD_BYTES:,} "
                "at most. Put the data into a file or an object store and pass its place."
            )
        return self.begin(execution, observer, link)

    def begin(self, execution: Execution, observer: Observer | None = None, link: Link | None = None) -> Running:
        """Takes an execution that was made elsewhere; it begins when the loop runs."""
        running = Running(execution, observer)
        if self.journal is not None:
            self.journal.begin(running, self._time(), link)
            self._by_arn[execution.arn] = running
        self._open.add(running)
        self._turns.append((running, Started()))
        return running

    def adopt(self, running: Running, *events: Event) -> None:
        """Takes an execution that was restored, with its timers; `events` is what it is told first."""
        self._open.add(running)
        self._by_arn[running.execution.arn] = running
        for timer, (_, _, at) in running.execution.timers.items():
            self._agenda.set_timer(at, running, timer)
        for event in events:
            self._turns.append((running, event))
        if running.execution.ready:
            self._turns.append((running, Continued()))

    def find(self, arn: str) -> Running | None:
        """The execution of that ARN, while it runs and its turns are written down."""
        return self._by_arn.get(arn)

    def hold(self, call: Callable[[], None]) -> None:
        """Has something done when the round is durable; for the loop's thread."""
        self._held.append(call)

    def tell(self, running: Running, event: Event) -> None:
        """Has the core told something, in its turn; for the loop's thread."""
        self._turns.append((running, event))

    def stop(self, running: Running, error: str | None = None, cause: str | None = None) -> None:
        """Aborts an execution, as StopExecution does; from any thread. Nothing happens where it has ended."""
        if not running.closed:
            self._inbox.put((running, _WHOLE, Stopped(error, cause)))

    def post(self, call: Callable[[], None]) -> None:
        """Has the loop's own thread make a call, between two executions' turns; from any thread."""
        self._inbox.put((None, _WHOLE, _Posted(call)))

    def when_settled(self, done: Settled) -> None:
        """Calls `done` when all that the loop has been told until now is durable; at once where nothing is written down. For
        the loop's thread."""
        if self.journal is None:
            done(None)
        else:
            self._acks.append(done)

    def redrive(self, running: Running) -> None:
        """Lets an execution that ended without success go on from what did not succeed, as RedriveExecution does.

        Raises ServiceError ExecutionNotRedrivable, in AWS's words."""
        reason = why_not(running.execution, self._time())
        if reason is not None:
            raise ServiceError(reason, code="ExecutionNotRedrivable")
        self._open.add(running)
        if running.entry is not None:
            self._by_arn[running.execution.arn] = running
        self._turns.append((running, Redriven()))
        self.turn()

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
        execution = running.execution
        while execution.status == "RUNNING" and not (self._left or running.withdrawn):
            self.turn()
        return running.result

    def run_all(self, several: Sequence[Running]) -> list[ExecutionResult]:
        """Runs the loop until all of them have ended."""
        return [self.run(running) for running in several]

    def finish(self) -> None:
        """Runs the loop until nothing runs any more: also what `states:startExecution` began and did not wait for."""
        while self._open and not self._left:
            self.turn()

    @property
    def left(self) -> bool:
        return self._left

    def leave(self) -> None:
        """Lets `run` and `finish` return before everything has ended; from any thread."""
        self._left = True
        self._inbox.put((None, _WHOLE, _Posted(_nothing)))  # it may be waiting for news

    def close(self, *, torn: bool = False) -> None:
        """Stops the attempts that still run; a journal says that they were. The handlers stay open: they are the caller's.
        `torn`: an exception came out of the loop, which may have cut a turn in two; what is not committed is given up.
        """
        for running in self._open:
            for cancel in running.cancels.values():
                cancel()
            running.cancels.clear()
            for token in running.tokens.values():
                self.callbacks.forget(token)
            running.tokens.clear()
            for run in running.map_runs.values():
                run.close()
        self._open.clear()
        self._by_arn.clear()
        self._outside.clear()
        self._held.clear()
        acks, self._acks = self._acks, []
        if self.journal is not None and not torn:
            with suppress(StoreUnavailable):  # what could not be written down before cannot be now
                self.journal.end()
            for done in acks:
                done(StoreUnavailable("The service ends."))

    # ---- the loop

    def turn(self) -> None:
        """One round: all news, all due timers; and if there was nothing, waiting for something."""
        turns = self._turns
        if self.failing is not None and not self._settled([]):
            self._hold_still()
            return
        if turns:
            acks, self._acks = self._acks, []
            for _ in range(len(turns)):  # a Continued goes to the end, behind the timers and reports that are due
                self._tell(*turns.popleft())
            if self.journal is not None:
                self._settled(acks)
            if turns:
                self._collect()
                self._fire()
            return
        if self.journal is not None and (self._held or self._acks or self.journal.pending):
            acks, self._acks = self._acks, []
            self._settled(acks)
            return
        if not (self._collect() or self._fire()):
            self._wait()

    def _settled(self, acks: list[Settled]) -> bool:
        """Ends a round: commits, and then does what waited for it. False where it cannot be committed."""
        journal = self.journal
        assert journal is not None
        try:
            journal.commit()
        except StoreUnavailable as error:
            self.failing = error
            self._withdraw(error)
            for done in acks:
                done(error)
            return False
        self.failing = None
        held, self._held = self._held, []
        for call in held:
            call()
        for done in acks:
            done(None)
        return True

    def _withdraw(self, error: StoreUnavailable) -> None:
        """Takes back what was begun in the round that cannot be committed, as if it had never been asked for."""
        for running in [each for each in self._open if each.entry is not None and not each.entry.durable]:
            if running.linked:
                continue  # its parent is durable, and it goes on with it
            assert self.journal is not None
            self.journal.withdraw(running)
            self._open.discard(running)
            self._by_arn.pop(running.execution.arn, None)
            self._turns = deque(turn for turn in self._turns if turn[0] is not running)
            running.withdrawn = True
            self.refused(running, error)
        self._held = [call for call in self._held if not _is_of_withdrawn(call)]

    def refused(self, running: Running, error: StoreUnavailable) -> None:
        """An execution that was begun could not be written down, and is gone. For who made it known."""

    def _hold_still(self) -> None:
        """Hears what there is to hear until the next try to commit; executions wait."""
        try:
            self._report(*self._inbox.get(timeout=RETRY_SECONDS))
        except Empty:
            return
        self._collect()
        acks, self._acks = self._acks, []
        for done in acks:
            done(self.failing)

    def _collect(self) -> bool:
        inbox = self._inbox
        if inbox.empty():
            return False
        while True:
            try:
                self._report(*inbox.get_nowait())
            except Empty:
                return True

    def _report(
        self, running: Running | None, attempt: int, report: Report | ItemsRead | MapRunEnded | _Posted
    ) -> None:
        if isinstance(report, _Posted):
            report.call()
            return
        assert running is not None  # all other news is of an execution
        if isinstance(report, ItemsRead | MapRunEnded):
            self._outside.discard((running, attempt))
            self._map_run_worked(running, running.map_runs.get(attempt), report)
            return
        if isinstance(report, Stopped) and (attempt == _WHOLE or attempt in running.cancels):
            self._turns.append((running, StopRequested(report.error, report.cause)))
            return
        if attempt not in running.cancels:
            return  # it was cancelled or has reported already
        if isinstance(report, Later):
            self._agenda.wake_later(self._time() + report.seconds, running, attempt, report)
            if not report.outside:
                self._outside.discard((running, attempt))
            return
        if self.journal is not None and isinstance(report, Succeeded | Submitted):
            report = _writable(report)
            if failpoints.ON:
                failpoints.hit("task.reported")
        if isinstance(report, Succeeded | Failed | NotStarted):
            self._ended(running, attempt)
        elif isinstance(report, Submitted) and attempt in running.tokens and not report.working:
            # From here on nobody in this process is working: with skip_time, the time until the token comes is skipped.
            self._outside.discard((running, attempt))
        self._turns.append((running, TaskReported(attempt, report)))

    def _ended(self, running: Running, attempt: int) -> Cancel | None:
        """Forgets an attempt; how to stop it, if it was still running."""
        cancel = running.cancels.pop(attempt, None)
        self._outside.discard((running, attempt))
        if running.entry is not None:
            running.entry.requests.pop(attempt, None)
            running.entry.answers.pop(attempt, None)
        token = running.tokens.pop(attempt, None)
        if token is not None:
            self.callbacks.forget(token)
        return cancel

    def _fire(self) -> bool:
        """Fires what is due."""
        now = self._time()
        due = self._agenda.due(now)
        for running, timers in due:
            self._turns.append((running, TimersFired(timers)))
        if failpoints.ON and due:
            failpoints.hit("timer.fired")
        woken = self._agenda.to_wake(now)
        for running, attempt, later in woken:
            self._outside.add((running, attempt))
            later.wake()
        return bool(due or woken)

    def _time(self) -> float:
        # A clock that runs a little behind is waited for; one that was set back is believed, and waits keep their length.
        clock = self.clock
        now, read_at = clock.now(), clock.monotonic()
        if now < self._now:
            back = self._now + (read_at - self._read_at) - now
            if back > SET_BACK_SECONDS and isinstance(clock, SystemClock):
                self._agenda.set_back(back)
            else:
                now = self._now
        self._now, self._read_at = now, read_at
        return now

    def _wait(self) -> None:
        clock = self.clock
        at = self._agenda.next()
        seconds = None if at is None else max(0.0, at - self._time())
        if not self._outside and at is not None and seconds is not None and not isinstance(clock, SystemClock):
            if isinstance(clock, VirtualClock):
                clock.advance_to(at)  # to the instant itself: a sum of floats may fall short of it for ever
            else:
                clock.sleep(seconds)
            return
        before = clock.monotonic()
        try:
            item = self._inbox.get(timeout=None if seconds is None else min(seconds, AWAKE_SECONDS))
        except Empty:
            item = None
        if isinstance(clock, VirtualClock):
            clock.advance(clock.monotonic() - before)
        if item is not None:
            self._report(*item)

    def _tell(self, running: Running, event: Event) -> None:
        execution = running.execution
        now = self._time()
        entry = running.entry
        journal = self.journal if entry is not None and entry.turns else None
        if entry is not None and journal is not None:
            now = max(now, entry.last)
            if execution.status != "RUNNING" and not isinstance(event, Redriven):
                return  # news for what is over: not worth a row
        commands = advance(execution, event, now)
        if journal is not None:
            new = journal.turn(running, event, now)
            if running.observer is not None and new:
                self._held.append(_Show(running, new, execution.base - len(new) + 1))
        elif running.observer is not None:
            self._show(running, running.observer)
        if commands:
            for command in commands:
                self._carry_out(running, command, now)
        if journal is not None and execution.status == "RUNNING":
            journal.carried_out(running)
        if execution.status != "RUNNING":
            if entry is not None and journal is None and self.journal is not None:
                self.journal.over(running)
            self._open.discard(running)
            self._by_arn.pop(execution.arn, None)
            if running.on_close is not None:
                on_close, running.on_close = running.on_close, None
                on_close(running)
        elif execution.ready:
            self._turns.append((running, Continued()))

    def _show(self, running: Running, observer: Observer) -> None:
        new = running.records[running.seen :]
        first = running.seen + 1
        running.seen += len(new)
        for event in events(new, first=first):
            observer(event)

    # ---- commands

    def _carry_out(self, running: Running, command: Command, now: float) -> None:
        match command:
            case SetTimer(timer, at):
                # `now` is ahead of the clock where that was set back under the execution.
                behind = 0.0 if running.entry is None else now - self._now
                if behind and not names_an_instant(running, timer):
                    at -= behind
                self._agenda.set_timer(at, running, timer)
            case StartTask(attempt, request):
                self.start_task(running, attempt, request)
            case CancelTask(attempt):
                cancel = self._ended(running, attempt)
                if cancel is not None:
                    cancel()
            case StartChild():
                self._start_child(running, command)
            case CancelChild(child):
                other = running.children.pop(child, None)
                if other is not None:
                    other.on_close = _counted
                    self._tell(other, StopRequested())
                run = running.map_runs.pop(child, None)
                if run is not None:
                    run.abort(self._time())
                    self._note(running, run)
            case StartMapRun() | ReadItems() | EndMapRun():
                self._map_run(running, command)
            case CancelTimer():
                self._agenda.timer_cancelled()

    def start_task(self, running: Running, attempt: int, request: TaskRequest, taken: Taken | None = None) -> None:
        """Has an attempt carried out; `taken` says how far an earlier process came with it."""
        running.cancels[attempt] = _nothing
        if request.token is not None:
            self.callbacks.expect(request.token, self._reporter(running, attempt))
            running.tokens[attempt] = request.token
        if running.entry is not None and running.entry.turns:
            running.entry.requests[attempt] = request
            self._held.append(_Start(self, running, attempt, request, taken))
        else:
            self._start_now(running, attempt, request, taken)

    def _reporter(self, running: Running, attempt: int) -> Callable[[Report], None]:
        inbox = self._inbox

        def report(news: Report) -> None:
            inbox.put((running, attempt, news))

        return report

    def _start_now(self, running: Running, attempt: int, request: TaskRequest, taken: Taken | None) -> None:
        if attempt not in running.cancels:
            return  # it was cancelled before it was durable
        if failpoints.ON:
            failpoints.hit("task.before_start")
        report = self._reporter(running, attempt)
        if taken is not None and taken.submitted and request.token is not None:
            return  # what was to be started is; the token says how it ends
        handler = select(self.handlers, request)
        if handler is None:
            report(no_handler(request))
            return
        if not isinstance(handler, NestedExecutions):
            self._outside.add((running, attempt))
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

    def _start_child(self, running: Running, command: StartChild) -> None:
        parent = running.execution
        kind: Type = "EXPRESS" if command.type == "EXPRESS" else "STANDARD"
        machine_name = f"{parent.machine_name}/{command.label}"
        name = self.entropy.uuid4()
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
            seed=self.entropy.hex(32),
            limit=limits.STANDARD_EVENTS if kind == "STANDARD" else limits.EXPRESS_EVENTS,
            text=command.text,
        )
        execution.root.item = command.item
        run = running.map_runs[command.run]
        link = None
        if running.entry is not None:
            from penstock.engine.journal import Link

            link = Link(running, command.child, command.run, command.items, run.record.arn)
        child = self.begin(execution, None, link)
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
            described = run.described(ended)
            if failpoints.ON:
                failpoints.hit("child.closed")
            news = ChildClosed(
                number, ended.status, ended.output, ended.output_text, ended.error, ended.cause, described
            )
            self._turns.append((running, news))

        child.on_close = closed

    def _map_run(self, running: Running, command: StartMapRun | ReadItems | EndMapRun) -> None:
        number = command.run
        if isinstance(command, StartMapRun):
            from penstock.engine.maprunning import ActiveRun  # not for executions that have none

            active = running.map_runs[number] = ActiveRun(command, running.execution, self.objects, self._time())
            running.result.map_runs.append(active.record)
            self._note(running, active)
            return
        if running.entry is not None:
            self._held.append(lambda: self.map_run_work(running, command))
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
        work = active.work(command, self._time())
        if not active.takes_time(command):
            self._map_run_worked(running, active, work())
            return
        self._outside.add((running, number))
        inbox = self._inbox
        Thread(target=lambda: inbox.put((running, number, work())), daemon=True).start()

    def _map_run_worked(self, running: Running, active: ActiveRun | None, news: ItemsRead | MapRunEnded) -> None:
        if isinstance(news, MapRunEnded) and active is not None:
            running.map_runs.pop(news.run, None)
        if active is not None:
            self._note(running, active)
        self._turns.append((running, news))

    def update_map_run(self, running: Running, active: ActiveRun, event: MapRunUpdated) -> None:
        """A Map Run has new figures, which its record has already; for the loop's thread."""
        self._note(running, active)
        self._turns.append((running, event))

    def _note(self, running: Running, active: ActiveRun) -> None:
        """How a Map Run stands is written down with the next commit."""
        if self.journal is not None and running.entry is not None:
            self.journal.map_run(running, active.record, active.number)


@dataclass(frozen=True, slots=True)
class _Start:
    """An attempt that starts when the round is durable."""

    driver: Driver
    running: Running
    attempt: int
    request: TaskRequest
    taken: Taken | None

    def __call__(self) -> None:
        self.driver._start_now(self.running, self.attempt, self.request, self.taken)


@dataclass(frozen=True, slots=True)
class _Show:
    """Events that are shown when the round is durable."""

    running: Running
    records: list[Record]
    first: int

    def __call__(self) -> None:
        if self.running.observer is not None:
            for event in events(self.records, first=self.first):
                self.running.observer(event)


def _is_of_withdrawn(call: Callable[[], None]) -> bool:
    running = getattr(call, "running", None)
    return isinstance(running, Running) and running.withdrawn


def _writable(report: Succeeded | Submitted) -> Report:
    """The report, or the failure that the core would make of an output that is no JSON."""
    try:
        dumps(report.output)
    except JsonError as error:
        return Failed("States.TaskFailed", str(error))
    return report


def _nothing() -> None:
    pass


def _counted(child: Running) -> None:
    """A child execution of a Map Run was stopped with it."""
    if child.map_run is not None:
        child.map_run.child_ended(child.execution, child.items)


def _no_machine(arn: str) -> None:
    return None


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
