"""How a server ends: told once, in order and within a bound; told again, at once."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Final

import uvicorn

from penstock.signals import SIGNALS, is_echo

END_SECONDS: Final = 12
"""Ours: how long the end of a server may take in all: GRACE_SECONDS for requests, and then its stores and workers."""
_log = logging.getLogger("penstock.server")


class Server(uvicorn.Server):
    """uvicorn's, which lets go who waits for somebody else when it is told to end. `release` does that. It ends
    by itself when there is a `fault`."""

    def __init__(self, config: uvicorn.Config, *, release: Callable[[], None], fault: threading.Event) -> None:
        super().__init__(config)
        self._release = release
        self._fault = fault
        self._never = threading.Event()
        """Never set: whoever waits for it ends with the process."""

    async def on_tick(self, counter: int) -> bool:
        # Ten times a second. A process whose executions have stopped ends, so that its supervisor starts the next.
        return self._fault.is_set() or await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn's own sends itself the signal again in the end, and so ends the process before its stores are closed.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if is_echo():
            return
        if self.should_exit:
            # What is durable is so already; everything else is given up, as after kill -9.
            os._exit(128 + sig)
        self.should_exit = True
        # Not in the signal's own frame, which may hold any lock.
        threading.Thread(target=self._let_go, name="penstock-release", daemon=True).start()
        threading.Thread(target=self._end_at_last, name="penstock-end", daemon=True).start()

    def _end_at_last(self) -> None:
        # What hangs (a file system, a function's own thread) must not keep the process; all that is acknowledged is durable.
        if not self._never.wait(END_SECONDS):
            _log.error("The server did not come to its end within %s seconds, and is ended.", END_SECONDS)
            os._exit(128 + signal.SIGTERM)

    def _let_go(self) -> None:
        _log.info("The server ends.", extra={"requests": len(self.server_state.tasks)})
        try:
            self._release()
        except Exception:
            _log.exception("Who waits could not be let go.")
