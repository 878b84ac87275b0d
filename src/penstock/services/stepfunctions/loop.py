"""All executions of a service: one Driver, in a thread of its own.

Other threads ask it through `call`, so whatever they see of an execution is how it stands between two of its turns. Handing
a call over and the answer back wakes two threads, which takes longer than most calls. So where the executions are at rest,
those who ask (`ask`, `begin` with `here`) make the call themselves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from penstock.clock import Clock, Entropy
from penstock.engine.callbacks import Callbacks
from penstock.engine.driver import Driver, Machines, Observer
from penstock.engine.execution import Execution
from penstock.engine.messages import Broken, Event, StopRequested
from penstock.engine.redriving import why_not
from penstock.engine.running import Running
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import PenstockError, ServiceError, StoreError, StoreUnavailable
from penstock.services.stepfunctions.kept import Kept, no_execution
from penstock.services.stepfunctions.watching import Load, Watchers
from penstock.services.tables import unavailable

if TYPE_CHECKING:
    from penstock.engine.journal import Journal, Link
    from penstock.engine.objects import ObjectStore
    from penstock.engine.recovery import Recovered
    from penstock.store.executions import Summary

T = TypeVar("T")

_ROUNDS: Final = 8
"""Ours: how many rounds a request's thread makes before it leaves the rest to the loop's."""

PURGE_SECONDS: Final = 3600.0
"""Ours: how often the loop looks for what has been kept long enough."""

_log = logging.getLogger("penstock.stepfunctions")


class Loop:
    """`check` is called in the loop's thread, with every execution, whoever starts it: a request, a state
    (states:startExecution), a Map Run; it may refuse it with a ServiceError. `kept` hears what becomes of each; `observe`
    names the observer of one that came without."""

    def __init__(
        self,
        *,
        handlers: Sequence[TaskHandler],
        clock: Clock | None,
        skip_time: bool,
        entropy: Entropy | None,
        machines: Machines,
        callbacks: Callbacks,
        objects: ObjectStore | None,
        check: Callable[[Execution], None],
        kept: Kept,
        watchers: Watchers,
        observe: Callable[[Execution], Observer | None],
        journal: Journal | None = None,
        retention: float = 0.0,
        on_fault: Callable[[], None] | None = None,
    ) -> None:
        self._check = check
        self._kept = kept
        self._watchers = watchers
        self.observe = observe
        self._retention = retention
        self._purged = float("-inf")
        self._closing: dict[Running, list[_Waiting[Any]]] = {}
        self._beginning: dict[Running, list[_Waiting[Any]]] = {}
        """Executions that have been taken in and have not made a step."""
        self._ended = False
        self._drained = False
        self._released = False
        self._fault: ServiceError | None = None
        self._on_fault = on_fault
        self.driver = _Driver(
            self,
            handlers=handlers,
            clock=clock,
            skip_time=skip_time,
            entropy=entropy,
            machines=machines,
            callbacks=callbacks,
            objects=objects,
            journal=journal,
        )
        self.recovered: Recovered | None = None
        if journal is not None:
            self.recovered = self._recover()
        self._thread = threading.Thread(target=self._run, name="penstock-stepfunctions", daemon=True)

    def go(self) -> None:
        """The executions go on from here: what an earlier process left may ask for anything at once."""
        self._thread.start()

    def _recover(self) -> Recovered:
        from penstock.engine.recovery import begun_by_run, recover
        from penstock.services.stepfunctions.stored import KeptInFile

        kept = self._kept
        assert isinstance(kept, KeptInFile)
        kept.driver = self.driver

        def adopted(running: Running, summary: Summary) -> None:
            kept.recovered(running, summary)
            running.observer = self.observe(running.execution)

        return recover(self.driver, kept.programs, adopted=adopted, which=lambda summary: not begun_by_run(summary))

    def call(self, function: Callable[[], T], *, durable: bool = False) -> T:
        """What `function` returns or raises when the loop's thread calls it; with `durable`, when what came of it is written
        down. Raises ServiceError ServiceUnavailable where that cannot be."""
        return self.ask(function, durable=durable).result()

    def ask(self, function: Callable[[], T], *, durable: bool = False, here: bool = False) -> Future[T]:
        """`call` for those who do not wait. With `here`, the call is made in the caller's own thread where it can be."""
        future: Future[T] = Future()

        def call() -> None:
            if self._fault is not None:
                future.set_exception(self._fault)
                return
            try:
                result = function()
            except StoreError as error:
                future.set_exception(unavailable(error))
                return
            except BaseException as error:  # the caller's, not the loop's
                future.set_exception(error)
                return
            if not durable:
                future.set_result(result)
                return

            def settled(error: StoreUnavailable | None) -> None:
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(unavailable(error))

            self.driver.when_settled(settled)

        # In a file the rounds wait for the disk, which is not for a thread that others wait for.
        rounds = _ROUNDS if self.driver.journal is None else 0
        if not (here and self.driver.make(call, rounds=rounds)):
            self._post(call)
        return future

    def begin(
        self,
        start: Callable[[Driver], Running],
        answer: Callable[[Running], T],
        *,
        until_closed: bool = False,
        here: bool = False,
    ) -> Future[T]:
        """Starts an execution, or finds the one that runs already; `answer` of it when it has begun, or has ended. With
        `here` it goes as far as it can in the caller's own thread, where that can be."""
        future: Future[T] = Future()
        waiting = _Waiting(future, answer)
        context: Context | None = None

        def begin() -> None:
            if self._fault is not None:
                future.set_exception(self._fault)
                return
            try:
                running = start(self.driver) if context is None else context.run(start, self.driver)
            except BaseException as error:
                future.set_exception(error)
                return
            if until_closed and not running.closed:
                self._wait_for_end(running, waiting)
            elif (others := self._beginning.get(running)) is not None:
                others.append(waiting)
            else:
                waiting.tell(running)

        if not (here and self.driver.journal is None and self.driver.make(begin, rounds=_ROUNDS)):
            context = copy_context()  # whoever traces the request sees it in `begun` of the watchers
            self._post(begin)
        return future

    def closed(self, running: Running) -> Future[Running]:
        """Done when the execution has ended."""
        future: Future[Running] = Future()

        def watch() -> None:
            waiting = _Waiting(future, _itself)
            if self._fault is not None:
                future.set_exception(self._fault)
            elif self.settled(running):  # an end that is not written down may not last
                waiting.tell(running)
            else:
                self._wait_for_end(running, waiting)

        self._post(watch)
        return future

    def stop(self, running: Running, error: str | None, cause: str | None) -> Future[Any]:
        """Stops an execution. Done when it has ended and that is written down; refused with ServiceUnavailable where that
        cannot be."""
        if self.driver.journal is None:
            self.driver.stop(running, error, cause)
            return self.closed(running)

        def stop() -> None:
            self.check_written()
            if running.withdrawn:
                raise no_execution(running.execution.arn)
            self.driver.tell(running, StopRequested(error, cause))  # in the round that the answer waits for

        return self.ask(stop, durable=True)

    def settled(self, running: Running) -> bool:
        """Whether an execution has ended for good, so that any thread may look at it without asking the loop's."""
        return running.told

    def release(self) -> None:
        """Lets those go who wait for the end of an execution, and those who come later; the executions go on."""

        def release() -> None:
            self._released = True
            self._refuse(self._closing)

        self.call(release)

    def _wait_for_end(self, running: Running, waiting: _Waiting[Any]) -> None:
        self._closing.setdefault(running, []).append(waiting)
        if self._released:
            self._refuse(self._closing)

    def _refuse(self, waiting: dict[Running, list[_Waiting[Any]]]) -> None:
        for several in waiting.values():
            for each in several:
                each.future.set_exception(self._fault or ServiceError("The service ends.", code="ServiceUnavailable"))
        waiting.clear()

    def check_goes_on(self) -> None:
        """Raises ServiceError ServiceUnavailable where the executions have stopped; from any thread."""
        if self._ended:
            raise self._fault or ServiceError("The service has been closed.", code="ServiceUnavailable")

    def check_written(self) -> None:
        """Raises ServiceError ServiceUnavailable while nothing can be written down; from any thread."""
        failing = self.driver.failing  # read once: it may be over at any moment
        if failing is not None:
            raise unavailable(failing)

    def _post(self, call: Callable[[], None]) -> None:
        self.check_goes_on()
        self.driver.post(call)
        if self._fault is not None:
            self.driver.abandon(StoreUnavailable(str(self._fault)))  # it came when nobody listened any more
        elif self._drained:
            self._drain()

    def close(self) -> None:
        """Stops the attempts that still run, and the thread."""
        if self._ended:
            return

        def end() -> None:
            self._ended = True

        self.call(end)
        self._thread.join()
        self._drained = True
        self._drain()

    def _drain(self) -> None:
        """Refuses what came while the loop ended."""
        self.driver.drain()
        self._refuse(self._beginning)
        self._refuse(self._closing)

    def _run(self) -> None:
        try:
            while not self._ended:
                self.driver.turn()
            self.driver.close()
        except BaseException as error:
            self._come_to_a_fault(error)

    def _come_to_a_fault(self, error: BaseException) -> None:
        """Nobody is left waiting for a loop that has ended. What is written down goes on in the next process."""
        if isinstance(error, PenstockError):
            _log.critical("The executions have stopped: %s", error)
        else:
            _log.critical("The executions have stopped at a fault of the engine.", exc_info=error)
        self._fault = ServiceError(
            f"The executions have stopped ({type(error).__name__}: {error}); end this process, and the next goes on.",
            code="ServiceUnavailable",
        )
        self._ended = True
        self._refuse(self._beginning)
        self._refuse(self._closing)
        self.driver.abandon(StoreUnavailable(str(self._fault)))
        if self._on_fault is not None:
            self._on_fault()

    def purge(self) -> None:
        """Now and then, what has been kept long enough goes, a little at a time."""
        driver = self.driver
        if driver.journal is None or driver.failing is not None:
            return
        at = driver.clock.monotonic()
        if at - self._purged < PURGE_SECONDS:
            return
        from penstock.services.stepfunctions.stored import KeptInFile

        assert isinstance(self._kept, KeptInFile)
        try:
            more = self._kept.purge(driver.clock.now() - self._retention) > 0
        except StoreUnavailable as error:
            _log.warning("Old executions stay for now: %s", error)
            more = False
        if more:
            driver.post(_nothing)  # it is not waited for anything else before the rest goes
        else:
            self._purged = at

    # ---- what the driver tells

    def check(self, execution: Execution) -> None:
        self._check(execution)

    def take(self, running: Running) -> None:
        self._kept.taken(running)
        self._beginning[running] = []
        self._watchers.begun(running)

    def redriven(self, running: Running) -> None:
        self._watchers.begun(running)

    def told(self, running: Running) -> None:
        if self._beginning:
            begun = self._beginning.pop(running, None)
            if begun is not None:
                self._kept.begun(running)
                for waiting in begun:
                    waiting.tell(running)
        if running.closed and not running.told:
            running.told = True
            self._watchers.ended(running)
            self._kept.closed(running)
            if self._closing:
                for waiting in self._closing.pop(running, ()):
                    waiting.tell(running)

    def refused(self, running: Running, error: StoreUnavailable) -> None:
        self._kept.closed(running)
        self._watchers.ended(running)
        for waiting in (*self._beginning.pop(running, ()), *self._closing.pop(running, ())):
            waiting.future.set_exception(unavailable(error))


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    """Somebody who waits for an execution: for what `answer` makes of it."""

    future: Future[T]
    answer: Callable[[Running], T]

    def tell(self, running: Running) -> None:
        try:
            self.future.set_result(self.answer(running))
        except BaseException as error:  # theirs, not the loop's
            self.future.set_exception(error)


def _nothing() -> None:
    pass


def _itself(running: Running) -> Running:
    return running


class _Driver(Driver):
    """A Driver that tells its loop what happens, and that one broken execution does not bring to a stop."""

    def __init__(
        self,
        loop: Loop,
        *,
        handlers: Sequence[TaskHandler],
        clock: Clock | None,
        skip_time: bool,
        entropy: Entropy | None,
        machines: Machines,
        callbacks: Callbacks,
        objects: ObjectStore | None,
        journal: Journal | None,
    ) -> None:
        super().__init__(
            handlers=handlers,
            clock=clock,
            skip_time=skip_time,
            entropy=entropy,
            machines=machines,
            callbacks=callbacks,
            objects=objects,
            journal=journal,
            shared=True,
        )
        self._loop = loop

    def round(self) -> bool:
        self._loop.purge()
        return super().round()

    def begin(self, execution: Execution, observer: Observer | None = None, link: Link | None = None) -> Running:
        self._loop.check(execution)
        running = super().begin(execution, observer or self._loop.observe(execution), link)
        self._loop.take(running)
        return running

    def redrive(self, running: Running) -> None:
        if why_not(running.execution, self.clock.now()) is None:
            running.told = False
            running.observer = running.observer or self._loop.observe(running.execution)
            self._loop.redriven(running)
        super().redrive(running)

    def load(self) -> Load:
        """From any thread: these are lengths, each read at once."""
        return Load(len(self._open), len(self.outside), len(self._turns) + self.inbox.qsize())

    def drain(self) -> None:
        """Hears what was sent and not yet heard, when nothing is written down any more."""
        self.collect()
        self._disown(StoreUnavailable("The service ends."))

    def tell_now(self, running: Running, event: Event) -> None:
        try:
            super().tell_now(running, event)
        except Exception as error:
            # A fault of ours. The others go on; this one is not left running for ever.
            _log.exception("The execution %s came to a fault of the engine.", running.execution.arn)
            self._break(running, error)
        journal = self.journal
        # Of a synchronous Express execution nothing is written down; what it did to others in this round is.
        if journal is None or (running.entry is None and not journal.pending):
            self._loop.told(running)
        else:
            self.hold(_Told(self._loop, running))

    def settled(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            running = getattr(call, "running", None)
            if not isinstance(running, Running) or isinstance(call, _Told):
                raise
            _log.exception("The execution %s came to a fault of the engine.", running.execution.arn)
            self._break(running, error)
            self.hold(_Told(self._loop, running))

    def refused(self, running: Running, error: StoreUnavailable) -> None:
        self._loop.refused(running, error)

    def _break(self, running: Running, error: Exception) -> None:
        execution = running.execution
        cause = f"A fault of the engine ended the execution: {type(error).__name__}: {error}"
        if self.journal is not None and self.journal.half_told(running):
            execution.status = "RUNNING"
            execution.output = execution.output_text = None
        if execution.status == "RUNNING":
            try:
                super().tell_now(running, Broken(cause))
            except Exception:
                _log.exception("The execution %s cannot even be ended in good order.", execution.arn)
                self._give_up(running, cause)
        with suppress(Exception):
            self._let_go(running)
        self._open.discard(running)
        self._by_arn.pop(execution.arn, None)
        if running.on_close is not None:
            on_close, running.on_close = running.on_close, None
            on_close(running)

    def _give_up(self, running: Running, cause: str) -> None:
        """Ends it by its status alone."""
        execution = running.execution
        if execution.status != "RUNNING":
            return  # it was told, and what came of that is what failed
        execution.ready.clear()
        execution.timers.clear()
        execution.status = "FAILED"
        execution.error = "States.Runtime"
        execution.cause = cause
        execution.stopped = self.clock.now()
        if self.journal is not None:
            self.journal.broken(running)


@dataclass(frozen=True, slots=True)
class _Told:
    """What happened to an execution is heard when it is durable."""

    loop: Loop
    running: Running

    def __call__(self) -> None:
        self.loop.told(self.running)
