"""An execution that runs in the background: wait for it, stop it, redrive it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from penstock.calls import Call
    from penstock.engine.driver import Running
    from penstock.results import RunResult


class RunHandle:
    """One execution and all that it starts. Made by `penstock.start`; its methods are for one thread, `stop` for any."""

    def __init__(self, call: Call, running: Running) -> None:
        self._call = call
        self._running = running
        self._thread: threading.Thread | None = None
        self._raised: BaseException | None = None

    def __repr__(self) -> str:
        return f"<RunHandle {self.name} {self._running.execution.status}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        return self._running.execution.name

    @property
    def execution_arn(self) -> str:
        return self._running.execution.arn

    def run_here(self) -> RunResult:
        """Runs to the end in the calling thread, and closes."""
        result = self.run_until_left()
        assert result is not None  # nobody had the handle to leave it
        return result

    def run_until_left(self) -> RunResult | None:
        """The same; None where `leave` let it return before the end."""
        with self._call as call:
            call.driver.finish()  # also what it started and did not wait for
            return call.result(self._running) if call.driver.has_ended(self._running) else None

    def leave(self) -> None:
        """Lets the loop return as soon as it can; from any thread, and from a signal's handler."""
        self._call.driver.leave()

    def begin(self) -> None:
        """Runs in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"penstock-{self.name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call.driver.finish()
        except BaseException as error:  # handed on to whoever asks for the result
            self._raised = error

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended, with all that it started, within `seconds`."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def result(self) -> RunResult:
        """Waits for the end. Raises what `run` would have raised on the way."""
        self.wait()
        if self._raised is not None:
            raise self._raised
        return self._call.result(self._running)

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        """Aborts it, as StopExecution does; nothing happens where it has ended."""
        self._call.driver.stop(self._running, error, cause)

    def redrive(self) -> None:
        """Lets it go on from what did not succeed, in the same history. Raises ServiceError ExecutionNotRedrivable."""
        if self._running.closed:
            self.wait()
        self._call.driver.redrive(self._running)
        self.begin()

    def close(self) -> None:
        """Leaves it: what still runs is cut off; with a database file, `resume` takes it up."""
        self._call.driver.leave()
        self.wait()
        self._call.close(torn=self._raised is not None)
