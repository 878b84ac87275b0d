"""The shell around the core: carries its commands out, in memory, and brings it the news.

One thread runs the loop; task attempts run elsewhere (their handlers see to that) and report through a queue. Time is a
Clock's. With `skip_time`, the clock jumps to the next timer whenever nothing can go on and no attempt is running; while
attempts run it moves at real speed, so that their timeouts still mean something.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from penstock.clock import Clock, Entropy, SystemClock, VirtualClock
from penstock.engine import limits
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
from penstock.engine.history import events
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
    Stopped,
    Submitted,
    Succeeded,
    TaskHandler,
    TaskRequest,
    select,
)
from penstock.errors import InvalidInput, PenstockError, ServiceError, UsageError
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.objects import ObjectStore

Machines: TypeAlias = Callable[[str], "Program | None"]
"""The program of a state machine ARN, for `states:startExecution`."""

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
        self.handlers: list[TaskHandler] = list(handlers)
        self.callbacks = callbacks or Callbacks()
        if callbacks is not None:
            self.handlers.append(callbacks)
        # Before whoever would take all that has to do with Step Functions for calls to AWS, behind mocks.
        place = next((i for i, h in enumerate(handlers) if not hasattr(h, "answers") and h.handles(SDK_START)), None)
        nested = NestedExecutions(self, machines or _no_machine)
        self.handlers.insert(len(self.handlers) if place is None else place, nested)
        self._inbox: SimpleQueue[tuple[Running | None, int, Report | ItemsRead | MapRunEnded | _Posted]] = SimpleQueue()
        self._timers: list[tuple[float, int, Running, int]] = []
        self._timers_set = 0
        self._timers_stale = 0
        self._turns: deque[tuple[Running, Event]] = deque()
        """What the core is still to be told, in order."""
        self._later: list[tuple[float, int, Running, int, Later]] = []
        """Attempts whose handlers want to be woken: a job to ask after."""
        self._outside: set[tuple[Running, int]] = set()
        """Attempts that something outside this loop is working on; while there are any, virtual time does not jump."""
        self._open: set[Running] = set()
        """Executions that have not ended."""
        self._now = clock.now()
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
        return self.begin(execution, observer)

    def begin(self, execution: Execution, observer: Observer | None = None) -> Running:
        """Takes an execution that was made elsewhere; it begins when the loop runs."""
        running = Running(execution, observer)
        self._open.add(running)
        self._turns.append((running, Started()))
        return running

    def stop(self, running: Running, error: str | None = None, cause: str | None = None) -> None:
        """Aborts an execution, as StopExecution does; from any thread. Nothing happens where it has ended."""
        if not running.closed:
            self._inbox.put((running, _WHOLE, Stopped(error, cause)))

    def post(self, call: Callable[[], None]) -> None:
        """Has the loop's own thread make a call, between two executions' turns; from any thread."""
        self._inbox.put((None, _WHOLE, _Posted(call)))

    def redrive(self, running: Running) -> None:
        """Lets an execution that ended without success go on from what did not succeed, as RedriveExecution does.

        Raises ServiceError ExecutionNotRedrivable, in AWS's words."""
        reason = why_not(running.execution, self._time())
        if reason is not None:
            raise ServiceError(reason, code="ExecutionNotRedrivable")
        self._open.add(running)
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
        while execution.status == "RUNNING":
            self.turn()
        return running.result

    def run_all(self, several: Sequence[Running]) -> list[ExecutionResult]:
        """Runs the loop until all of them have ended."""
        return [self.run(running) for running in several]

    def finish(self) -> None:
        """Runs the loop until nothing runs any more: also what `states:startExecution` began and did not wait for."""
        while self._open and not self._left:
            self.turn()

    def leave(self) -> None:
        """Lets `finish` return before everything has ended; from any thread."""
        self._left = True
        self._inbox.put((None, _WHOLE, _Posted(_nothing)))  # it may be waiting for news

    def close(self) -> None:
        """Stops the attempts that still run. The handlers stay open: they are the caller's."""
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
        self._outside.clear()

    # ---- the loop

    def turn(self) -> None:
        """One round: all news, all due timers; and if there was nothing, waiting for something."""
        turns = self._turns
        if turns:
            for _ in range(len(turns)):  # a Continued goes to the end, behind the timers and reports that are due
                self._tell(*turns.popleft())
            if turns:
                self._collect()
                self._fire()
            return
        if not (self._collect() or self._fire()):
            self._wait()

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
            self._turns.append((running, report))
            return
        if isinstance(report, Stopped) and (attempt == _WHOLE or attempt in running.cancels):
            self._turns.append((running, StopRequested(report.error, report.cause)))
            return
        if attempt not in running.cancels:
            return  # it was cancelled or has reported already
        if isinstance(report, Later):
            self._timers_set += 1
            at = self._time() + report.seconds
            heapq.heappush(self._later, (at, self._timers_set, running, attempt, report))
            if not report.outside:
                self._outside.discard((running, attempt))
            return
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
        token = running.tokens.pop(attempt, None)
        if token is not None:
            self.callbacks.forget(token)
        return cancel

    def _next_timer(self) -> float | None:
        timers = self._timers
        while timers and timers[0][3] not in timers[0][2].execution.timers:
            heapq.heappop(timers)  # cancelled
        return timers[0][0] if timers else None

    def _next_later(self) -> float | None:
        later = self._later
        while later and later[0][3] not in later[0][2].cancels:
            heapq.heappop(later)  # the attempt is over
        return later[0][0] if later else None

    def _fire(self) -> bool:
        """Fires what is due: of each execution all at once, so that simultaneous events are recorded together."""
        now = self._time()
        due: dict[int, tuple[Running, list[int]]] = {}
        while True:
            at = self._next_timer()
            if at is None or at > now:
                break
            _, _, running, timer = heapq.heappop(self._timers)
            due.setdefault(id(running), (running, []))[1].append(timer)
        for running, timers in due.values():
            self._turns.append((running, TimersFired(timers)))
        return self._wake(now) or bool(due)

    def _wake(self, now: float) -> bool:
        woken = False
        while True:
            at = self._next_later()
            if at is None or at > now:
                return woken
            _, _, running, attempt, later = heapq.heappop(self._later)
            self._outside.add((running, attempt))
            later.wake()
            woken = True

    def _time(self) -> float:
        # A history never goes back in time, even when the machine's clock is set back.
        self._now = max(self._now, self.clock.now())
        return self._now

    def _wait(self) -> None:
        clock = self.clock
        at = self._next_timer()
        if self._later:
            later = self._next_later()
            at = later if at is None or (later is not None and later < at) else at
        seconds = None if at is None else max(0.0, at - self._time())
        if not self._outside and at is not None and seconds is not None and not isinstance(clock, SystemClock):
            if isinstance(clock, VirtualClock):
                clock.advance_to(at)  # to the instant itself: a sum of floats may fall short of it for ever
            else:
                clock.sleep(seconds)
            return
        before = clock.monotonic()
        try:
            item = self._inbox.get(timeout=None if seconds is None else min(seconds, 86_400))
        except Empty:
            item = None
        if isinstance(clock, VirtualClock):
            clock.advance(clock.monotonic() - before)
        if item is not None:
            self._report(*item)

    def _tell(self, running: Running, event: Event) -> None:
        execution = running.execution
        commands = advance(execution, event, self._time())
        if commands:
            for command in commands:
                self._carry_out(running, command)
        if running.observer is not None:
            self._show(running, running.observer)
        if execution.status != "RUNNING":
            self._open.discard(running)
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

    def _carry_out(self, running: Running, command: Command) -> None:
        match command:
            case SetTimer(timer, at):
                self._timers_set += 1
                heapq.heappush(self._timers, (at, self._timers_set, running, timer))
            case StartTask(attempt, request):
                self._start_task(running, attempt, request)
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
            case StartMapRun() | ReadItems() | EndMapRun():
                self._map_run(running, command)
            case CancelTimer():
                self._cancelled_timer()

    def _cancelled_timer(self) -> None:
        # Cancelled timers stay in the heap until they come up; not when they are most of it.
        self._timers_stale += 1
        if self._timers_stale > 1000 and 2 * self._timers_stale > len(self._timers):
            self._timers = [t for t in self._timers if t[3] in t[2].execution.timers]
            heapq.heapify(self._timers)
            self._timers_stale = 0

    def _start_task(self, running: Running, attempt: int, request: TaskRequest) -> None:
        inbox = self._inbox

        def report(news: Report) -> None:
            inbox.put((running, attempt, news))

        running.cancels[attempt] = _nothing
        if request.token is not None:
            self.callbacks.expect(request.token, report)
            running.tokens[attempt] = request.token
        handler = select(self.handlers, request)
        if handler is None:
            report(no_handler(request))
            return
        if not isinstance(handler, NestedExecutions):
            self._outside.add((running, attempt))
        try:
            cancel = handler.start(request, report)
        except PenstockError:
            raise
        except Exception as error:
            report(Failed(type(error).__name__, f"The task could not be started: {error}"))
            return
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
        child = self.begin(execution)
        running.children[command.child] = child
        run = child.map_run = running.map_runs[command.run]
        child.items = command.items
        run.child_started(command.items)

        def closed(child: Running) -> None:
            del running.children[command.child]
            ended = child.execution
            run.child_ended(ended, child.items)
            described = run.described(ended)
            news = ChildClosed(
                command.child, ended.status, ended.output, ended.output_text, ended.error, ended.cause, described
            )
            self._turns.append((running, news))

        child.on_close = closed

    def _map_run(self, running: Running, command: StartMapRun | ReadItems | EndMapRun) -> None:
        number = command.run
        if isinstance(command, StartMapRun):
            from penstock.engine.maprunning import ActiveRun  # not for executions that have none

            active = running.map_runs[number] = ActiveRun(command, running.execution, self.objects, self._time())
            running.result.map_runs.append(active.record)
            return
        active = running.map_runs[number]
        if isinstance(command, EndMapRun):
            del running.map_runs[number]
        work = active.work(command, self._time())
        if not active.takes_time(command):
            self._turns.append((running, work()))
            return
        self._outside.add((running, number))
        inbox = self._inbox
        Thread(target=lambda: inbox.put((running, number, work())), daemon=True).start()


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
