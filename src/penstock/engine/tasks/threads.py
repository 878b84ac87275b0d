"""Daemon threads that run functions, as many as are busy at once; what they print goes to stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

if TYPE_CHECKING:
    from penstock.engine.tasks.handler import Report, Reporter

Job: TypeAlias = Callable[[], None]

LIMIT: Final = 1000
"""Lambda's default number of concurrent executions in an account; more wait their turn."""

_AT_ONCE: Final = 2
"""Threads that are made as soon as there is something to do."""
_PATIENCE: Final = 0.001
"""Seconds after which jobs that wait, while none is taken, get threads of their own."""


class Threads:
    """Runs jobs; a job waits for others only for a moment while fewer than LIMIT run. A job must not raise.

    Most functions return at once, and a thread costs more than they do. So there are a few threads, and more only when all of
    them are held up: twice as many each time.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0
        self._taken = 0
        """How many jobs have been taken from the queue."""
        self._watching = False
        self._closed = False

    def submit(self, job: Job) -> None:
        if getattr(_local, "ending", None) is self and _local.next is None and not self._closed:
            _local.next = job
            return
        with self._lock:
            if self._closed:
                return
            if self._idle <= 0 and self._threads < _AT_ONCE:
                if self._threads == 0:
                    _install()
                self._make(job)
                return
            self._idle -= 1
            self._jobs.put(job)
            if self._idle >= 0 or self._watching or self._threads >= LIMIT:
                return
            self._watching = True
        try:
            threading.Thread(target=self._watch, name="penstock-functions", daemon=True).start()
        except RuntimeError:  # the system has no more threads: those that there are take it in turn
            self._watching = False

    def last(self, report: Reporter, news: Report) -> None:
        """Brings news as the last thing that a job does. Where the driver's loop is at rest, this thread makes the round that
        comes of it, and takes the first job that comes of that: of steps one after another, each wakes nobody."""
        here: Reporter | None = getattr(report, "here", None)
        if here is None:
            report(news)
            return
        own = threading.get_ident()
        _ours.discard(own)  # what the round prints is not the function's
        _local.ending = self
        try:
            here(news)
        finally:
            _local.ending = None
            _ours.add(own)

    def close(self) -> None:
        """Lets idle threads end; those that run end after their job."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = self._threads
            for _ in range(threads):
                self._jobs.put(None)
        if threads:
            _uninstall()

    def _make(self, job: Job | None) -> None:
        threading.Thread(target=self._work, args=(job,), name="penstock-function", daemon=True).start()
        self._threads += 1

    def _watch(self) -> None:
        """Makes threads while jobs wait and none is taken."""
        pause = threading.Event()
        taken, more = -1, 1
        while True:
            pause.wait(_PATIENCE)
            with self._lock:
                waiting = -self._idle
                if waiting <= 0 or self._closed or self._threads >= LIMIT:
                    self._watching = False
                    return
                if self._taken == taken:
                    try:
                        for _ in range(min(more, waiting, LIMIT - self._threads)):
                            self._make(None)
                        more *= 2
                    except RuntimeError:  # the system has no more threads for now
                        more = 1
                else:
                    more = 1
                taken = self._taken

    def _work(self, job: Job | None) -> None:
        _ours.add(threading.get_ident())
        _local.next = None
        try:
            while True:
                while job is not None:
                    job()
                    job, _local.next = _local.next, None
                with self._lock:
                    self._idle += 1
                job = self._jobs.get()
                if job is None:
                    return
                self._taken += 1
        finally:
            _ours.discard(threading.get_ident())
            if hasattr(_local, "runner"):
                _local.runner.close()


_local = threading.local()


def run_in_loop(awaitable: Any) -> Any:
    """Waits for `awaitable` in this thread's event loop."""
    import asyncio  # takes 40 ms to load, and most functions are not async

    async def whole() -> Any:
        return await awaitable

    # One loop a thread, as one environment of Lambda: making a loop for each call costs 100 µs.
    if not hasattr(_local, "runner"):
        _local.runner = asyncio.Runner()
    return _local.runner.get_loop().run_until_complete(whole())


_ours: set[int] = set()
_installing = threading.Lock()
_users = 0
_router: _Router | None = None


class _Router:
    """Stands in for sys.stdout: what our threads write goes to stderr, all else where it went before.

    The result of a run has stdout for itself; a function's own thread is the only way to tell its prints apart.
    """

    def __init__(self, original: TextIO) -> None:
        self.original = original

    def write(self, text: str) -> int:
        return (sys.stderr if threading.get_ident() in _ours else self.original).write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        (sys.stderr if threading.get_ident() in _ours else self.original).flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


def _install() -> None:
    global _users, _router
    with _installing:
        _users += 1
        if not isinstance(sys.stdout, _Router) and sys.stdout is not None:
            _router = _Router(sys.stdout)
            sys.stdout = _router


def _uninstall() -> None:
    global _users, _router
    with _installing:
        _users -= 1
        if _users == 0 and _router is not None:
            # Somebody else (a test runner) may have put another stream there since; that is theirs.
            if sys.stdout is _router:
                sys.stdout = _router.original
            _router = None
