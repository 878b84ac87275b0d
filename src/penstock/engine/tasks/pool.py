"""Warm worker processes and the calls they carry out: the owner's side of `penstock.runtime._zygote` and `._worker`.

One thread does all waiting: it starts workers, reads answers and output, watches deadlines. A call on an idle worker is
written by the caller's own thread. A worker serves one target and one call at a time; whatever goes wrong with it, it is
killed with its process group and another takes its place.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Final

import penstock
from penstock.clock import Clock
from penstock.engine.tasks.calls import (
    Alive,
    Answered,
    Call,
    End,
    Exited,
    Lines,
    Log,
    NotMarshalled,
    NoWorker,
    Raised,
    StopAsked,
    Target,
    TimedOut,
)
from penstock.engine.tasks.worker_groups import Group, Worker
from penstock.runtime._zygote import COMMAND, NOTICE

_LENGTH: Final = struct.Struct("!I")
_MOST: Final = 64 * 1024 * 1024
"""No frame is larger: a worker that announces more has lost its way."""

_LOADING: Final = 10
"""Seconds that a function's code may take to load, beyond its timeout (Lambda's limit of the init phase)."""

_STARTING: Final = 2
"""Workers being forked at once: by then others may have become idle."""


class Pool:
    """Worker processes for any number of targets, `limit` at most at once."""

    def __init__(self, *, clock: Clock, log: Log, limit: int = 64) -> None:
        self._clock = clock
        self._log = log
        self._limit = limit
        self._lock = threading.RLock()
        self._groups: dict[Target, Group] = {}
        self._workers: dict[int, Worker] = {}
        self._numbers = 0
        self._starting = 0
        self._waits_until = 0.0
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._notices = b""
        self._woken, self._wake = -1, -1
        self._selector: selectors.BaseSelector | None = None
        self._closed = False

    def warm_up(self) -> None:
        """Starts what the first call needs, without waiting for it."""
        with self._lock:
            self._begin()

    def submit(self, call: Call) -> None:
        with self._lock:
            if self._closed:
                call.done = True
                return
            self._begin()
            group = self._groups.setdefault(call.target, Group())
            if group.idle:
                worker = group.idle.pop()
                self._give(worker, call)
                if not worker.outgoing and (worker.deadline is None or worker.deadline >= self._waits_until):
                    return
            else:
                group.queue.append(call)
        self._rouse()

    def cancel(self, call: Call) -> None:
        """Ends a call; no event of it follows. A worker that has begun it is killed."""
        with self._lock:
            if call.done:
                return
            call.done = True
            if call.worker is not None:
                self._kill(call.worker)

    def retire(self, target: Target) -> None:
        """The target's code is out of date: its idle workers end now, busy ones after the calls that they have."""
        with self._lock:
            group = self._groups.get(target)
            if group is None or self._closed:
                return
            group.retired = True
            for worker in list(group.idle):
                self._kill(worker)
            if not group.workers and not group.queue:
                del self._groups[target]

    def close(self) -> None:
        """Kills all workers; those whose target cleans up and that are idle get 2 seconds for it."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._rouse()
            thread.join()

    def pids(self) -> list[int]:
        """The processes that run now, the one that makes them first."""
        with self._lock:
            own = [self._process.pid] if self._process is not None else []
            return own + [worker.pid for worker in self._workers.values() if worker.pid is not None]

    # What follows down to `_serve` is called with the lock held.

    def _begin(self) -> None:
        if self._thread is None and not self._closed:
            self._woken, self._wake = os.pipe()
            os.set_blocking(self._woken, False)
            os.set_blocking(self._wake, False)
            self._thread = threading.Thread(target=self._serve, name="penstock-workers", daemon=True)
            self._thread.start()

    def _rouse(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._wake, b"\0")

    def _give(self, worker: Worker, call: Call) -> None:
        worker.call = call
        call.worker = worker
        if call.timeout is None:
            worker.deadline = None
        else:
            worker.deadline = self._clock.monotonic() + call.timeout + (0 if worker.loaded else _LOADING)
        self._send(worker, _LENGTH.pack(len(call.body)) + call.body)

    def _send(self, worker: Worker, data: bytes | memoryview) -> None:
        if worker.outgoing:
            worker.outgoing = bytes(worker.outgoing) + bytes(data)
            return
        try:
            sent = worker.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it has died; its end will be told
        worker.outgoing = memoryview(data)[sent:] if sent < len(data) else b""

    def _kill(self, worker: Worker) -> None:
        worker.doomed = True
        worker.call = None
        group = self._groups[worker.target]
        if worker in group.idle:
            group.idle.remove(worker)
        self._command(b"k", worker.number)

    def _command(self, what: bytes, number: int, fds: tuple[int, ...] = ()) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):  # its end will be told
                socket.send_fds(self._control, [COMMAND.pack(what, number)], list(fds))

    # The thread.

    def _serve(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                self._selector = selector
                selector.register(self._woken, selectors.EVENT_READ, self._on_wake)
                self._start_zygote()
                while not self._closed:
                    self._grow()
                    self._turn(self._next_deadline())
                self._shut_down()
        finally:
            self._fail_all(NoWorker("the worker pool has ended"))
            with self._lock:
                self._closed = True
                for fd in (self._woken, self._wake):
                    os.close(fd)
                self._woken = self._wake = -1

    def _turn(self, until: float | None) -> None:
        assert self._selector is not None
        if until is None:
            self._waits_until = float("inf")
            timeout = None
        else:
            self._waits_until = until
            timeout = max(0.0, until - self._clock.monotonic())
        for key, mask in self._selector.select(timeout):
            handle: Callable[[int], None] = key.data
            handle(mask)
        self._expire()

    def _next_deadline(self) -> float | None:
        with self._lock:
            deadlines = [
                worker.deadline
                for worker in self._workers.values()
                if worker.call is not None and worker.deadline is not None
            ]
            # The caller's thread may give a call between here and the select; it compares with this.
            self._waits_until = min(deadlines, default=float("inf"))
        return min(deadlines, default=None)

    def _on_wake(self, mask: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        with self._lock:
            for worker in self._workers.values():
                if worker.outgoing and worker.socket_open:
                    self._watch_socket(worker)

    def _expire(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            late = [
                worker
                for worker in self._workers.values()
                if worker.call is not None and worker.deadline is not None and worker.deadline <= now
            ]
        for worker in late:
            self._read_output(worker)
            self._end(worker, TimedOut(), reusable=False)

    def _start_zygote(self) -> None:
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            self._fail_all(NoWorker(f"{sys.executable} cannot be started: {error.strerror or error}"))
            return
        root = os.path.dirname(os.path.dirname(os.path.abspath(penstock.__file__)))
        code = f"import sys; sys.path.insert(0, {root!r}); from penstock.runtime._zygote import main; main({theirs.fileno()})"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            self._fail_all(NoWorker(f"{sys.executable} cannot be started: {error.strerror or error}"))
            return
        finally:
            theirs.close()
        self._control = ours
        assert self._selector is not None
        self._selector.register(ours, selectors.EVENT_READ, self._on_control)

    def _grow(self) -> None:
        """Gives queued calls to new workers, as far as the limits allow."""
        if not any(group.queue for group in list(self._groups.values())):
            return
        if self._control is None:
            self._start_zygote()
        refused: list[tuple[Call, str]] = []
        with self._lock:
            for group in list(self._groups.values()):
                while group.queue and self._control is not None:
                    if group.queue[0].done:
                        group.queue.popleft()
                        continue
                    limit = group.queue[0].target.limit
                    if self._starting >= _STARTING or (limit is not None and group.workers >= limit):
                        break
                    if len(self._workers) >= self._limit:
                        self._make_room()
                        break
                    call = group.queue.popleft()
                    try:
                        self._start_worker(group, call)
                    except OSError as error:
                        call.done = True
                        refused.append((call, error.strerror or str(error)))
        for call, why in refused:
            call.tell(NoWorker(f"a worker cannot be started: {why}"))

    def _make_room(self) -> None:
        if any(worker.doomed for worker in self._workers.values()):
            return  # a place is about to become free
        for group in self._groups.values():
            if group.idle and not group.queue:
                self._kill(group.idle[0])
                return

    def _start_worker(self, group: Group, call: Call) -> None:
        """Raises OSError where the process may open no more files; nothing has happened then."""
        ours, theirs = socket.socketpair()
        try:
            output, their_output = os.pipe()
        except OSError:
            ours.close()
            theirs.close()
            raise
        ours.setblocking(False)
        os.set_blocking(output, False)
        self._numbers += 1
        worker = Worker(
            self._numbers,
            call.target,
            ours,
            output,
            Lines(call.target.name, lambda name, text: self._printed(worker, name, text)),
        )
        self._workers[worker.number] = worker
        group.workers += 1
        self._starting += 1
        self._command(b"s", worker.number, (theirs.fileno(), their_output))
        theirs.close()
        os.close(their_output)
        init = json.dumps(call.target.init).encode()
        self._send(worker, _LENGTH.pack(len(init)) + init)
        self._give(worker, call)
        assert self._selector is not None
        self._selector.register(output, selectors.EVENT_READ, lambda mask: self._read_output(worker, 1))
        self._selector.register(ours, selectors.EVENT_READ, lambda mask: self._on_socket(worker, mask))
        self._watch_socket(worker)

    def _printed(self, worker: Worker, name: str, text: str) -> None:
        call = worker.call
        if call is not None and call.printed is not None:
            call.printed(text)
        else:
            self._log(name, text)

    def _watch_socket(self, worker: Worker) -> None:
        assert self._selector is not None
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.outgoing else 0)
        key = self._selector.get_key(worker.socket)
        if key.events != events:
            self._selector.modify(worker.socket, events, key.data)

    def _on_control(self, mask: int) -> None:
        assert self._control is not None
        try:
            data = self._control.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._lose_zygote()
            return
        self._notices += data
        while len(self._notices) >= NOTICE.size:
            what, number, value = NOTICE.unpack_from(self._notices)
            self._notices = self._notices[NOTICE.size :]
            worker = self._workers.get(number)
            if worker is None:
                continue
            if worker.pid is None:
                self._starting -= 1
                worker.pid = value if what == b"p" else 0
            if what == b"x":
                self._bury(worker, value)

    def _on_socket(self, worker: Worker, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            with self._lock:
                data, worker.outgoing = worker.outgoing, b""
                self._send(worker, data)
                self._watch_socket(worker)
        if mask & selectors.EVENT_READ:
            self._read_socket(worker)

    def _read_socket(self, worker: Worker) -> bool:
        """Whether there was something."""
        try:
            data = worker.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            # It has died, or its code has closed what it does not know: either way the process must go.
            self._close_socket(worker)
            with self._lock:
                self._command(b"k", worker.number)
            return False
        incoming = worker.incoming
        incoming += data
        while len(incoming) >= 5 and not worker.doomed:
            length = _LENGTH.unpack_from(incoming)[0]
            if not 0 < length <= _MOST:
                self._end(worker, Exited(1), reusable=False)
                return True
            if len(incoming) < 4 + length:
                break
            kind, body = bytes(incoming[4:5]), bytes(incoming[5 : 4 + length])
            del incoming[: 4 + length]
            self._on_frame(worker, kind, body)
        return True

    def _on_frame(self, worker: Worker, kind: bytes, body: bytes) -> None:
        if kind == b"R":
            self._end(worker, Answered(body))
            return
        if kind == b"M":
            self._end(worker, NotMarshalled(body.decode(errors="replace")))
            return
        call = worker.call
        if kind == b"B":
            worker.loaded = True
            if call is not None and call.timeout is not None:
                worker.deadline = self._clock.monotonic() + call.timeout
            return
        if kind == b"H":
            if call is not None:
                call.tell(Alive())
            return
        try:
            document = json.loads(body)
            if kind == b"S":
                event = StopAsked(document["error"], document["cause"])
                if call is not None:
                    call.tell(event)
                return
            raised = Raised(document["type"], document["message"], document["stack"])
        except (ValueError, KeyError, TypeError, RecursionError):
            self._end(worker, Exited(1), reusable=False)
            return
        self._end(worker, raised, reusable=kind == b"F")

    def _end(self, worker: Worker, end: End, *, reusable: bool = True) -> None:
        """The worker's call has ended. What it printed before comes first."""
        self._read_output(worker)
        worker.log.flush()
        with self._lock:
            call = worker.call
            if call is not None:
                call.done = True
            worker.call = None
            if not reusable or worker.target.fresh:
                self._kill(worker)
            elif call is not None and not worker.doomed:
                self._next(worker)
        if call is not None:
            call.tell(end)

    def _next(self, worker: Worker) -> None:
        group = self._groups[worker.target]
        while group.queue:
            call = group.queue.popleft()
            if not call.done:
                self._give(worker, call)
                self._watch_socket(worker)
                return
        if group.retired:
            self._kill(worker)
        else:
            group.idle.append(worker)

    def _read_output(self, worker: Worker, chunks: int = 32) -> None:
        for _ in range(chunks):
            if not worker.output_open:
                return
            try:
                data = os.read(worker.output, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self._close_output(worker)
                return
            worker.log.write(data)

    def _bury(self, worker: Worker, status: int) -> None:
        while worker.socket_open and self._read_socket(worker):
            pass
        self._read_output(worker, 1 << 10)
        worker.log.flush()
        self._close_socket(worker)
        self._close_output(worker)
        with self._lock:
            call, worker.call, worker.doomed = worker.call, None, True
            group = self._groups[worker.target]
            if worker in group.idle:
                group.idle.remove(worker)
            group.workers -= 1
            del self._workers[worker.number]
            if group.retired and not group.workers and not group.queue:
                self._groups.pop(worker.target, None)
            if call is not None:
                call.done = True
        if call is not None:
            call.tell(Exited(status))

    def _close_socket(self, worker: Worker) -> None:
        if worker.socket_open:
            worker.socket_open = False
            assert self._selector is not None
            self._selector.unregister(worker.socket)
            worker.socket.close()

    def _close_output(self, worker: Worker) -> None:
        if worker.output_open:
            worker.output_open = False
            assert self._selector is not None
            self._selector.unregister(worker.output)
            os.close(worker.output)

    def _lose_zygote(self) -> None:
        """Something else has ended the process that makes workers: nobody watches over them now."""
        assert self._control is not None
        assert self._selector is not None
        assert self._process is not None
        self._selector.unregister(self._control)
        self._control.close()
        status = self._process.wait()
        with self._lock:
            self._control = self._process = None
            self._notices = b""
            self._starting = 0
        never_worked = all(worker.pid is None for worker in self._workers.values())
        for worker in list(self._workers.values()):
            if worker.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(worker.pid, signal.SIGKILL)
            self._bury(worker, -signal.SIGKILL)
        if never_worked and not self._closed:
            self._fail_all(NoWorker(f"{sys.executable} ended with status {status} before it made a worker"))

    def _fail_all(self, end: End) -> None:
        with self._lock:
            calls = [call for group in self._groups.values() for call in group.queue if not call.done]
            calls += [worker.call for worker in self._workers.values() if worker.call is not None]
            for group in self._groups.values():
                group.queue.clear()
            for call in calls:
                call.done = True
        for call in calls:
            call.tell(end)

    def _shut_down(self) -> None:
        with self._lock:
            for group in self._groups.values():
                for call in group.queue:
                    call.done = True
                group.queue.clear()
            for worker in list(self._workers.values()):
                if worker.call is not None:
                    worker.call.done = True
                    worker.call = None
                if worker.target.cleans_up and not worker.doomed and worker.socket_open:
                    with contextlib.suppress(OSError):
                        worker.socket.shutdown(socket.SHUT_WR)
        until = self._clock.monotonic() + 2
        while any(w.target.cleans_up and not w.doomed for w in self._workers.values()):
            if self._clock.monotonic() >= until or self._control is None:
                break
            self._turn(until)
        assert self._selector is not None
        if self._control is not None and self._process is not None:
            if self._workers:
                self._selector.unregister(self._control)
                self._control.close()  # it kills what is left and ends
            else:
                self._process.kill()
                self._selector.unregister(self._control)
                self._control.close()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:  # a worker that the kernel cannot kill now, in a dead file system
                self._process.kill()
                self._process.wait()
        for worker in list(self._workers.values()):
            self._bury(worker, -signal.SIGKILL)
        with self._lock:
            self._process = self._control = None
