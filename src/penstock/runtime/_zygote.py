"""Makes worker processes on this machine, and sees to it that none of them outlives its owner.

Started once by the engine's pool, this process never runs user code, so it always answers. It forks a worker on request
(1 to 2 ms instead of a whole interpreter start), kills a worker's process group on request, reaps workers and says how
they ended. When its control socket closes, because the owner closed it or died by whatever means, it kills every group
and ends.

The control socket carries records of fixed size: `cI` inwards (b"s" start worker N, with two file descriptors beside it:
the worker's socket and the pipe for its output; b"k" kill worker N), `cIi` outwards (b"p" worker N has this pid, b"x"
worker N ended with this exit code, negative for a signal).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import sys
from importlib import import_module

COMMAND = struct.Struct("!cI")
NOTICE = struct.Struct("!cIi")


def main(control_fd: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=control_fd)
    zygote = _Zygote(control)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    try:
        zygote.serve()
    except ConnectionError:
        pass  # the owner has closed its end: nobody is left to tell, and stderr is a user's terminal
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        zygote.kill_all()
        os._exit(0)


class _Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pids: dict[int, int] = {}
        self._adopts: bool | None = None
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        # Loading these takes longer than a worker's start: only once nobody waits.
        control = self._control.fileno()
        later = ["json", "ast", "linecache", "penstock.runtime._worker", "logging", "asyncio"]
        while True:
            adopts_late = self._adopts is None and bool(self._pids)
            ready, _, _ = select.select([control, self._woken], [], [], 0 if later or adopts_late else None)
            if not ready and adopts_late:
                self._adopts = _adopt_orphans()
                continue
            if not ready and later:
                import_module(later.pop(0))
                continue
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                self._reap()
            if control in ready and not self._command():
                return

    def _command(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, COMMAND.size, 2)
        while data and len(data) < COMMAND.size:
            more = self._control.recv(COMMAND.size - len(data))
            if not more:
                return False
            data += more
        if not data:
            return False
        what, number = COMMAND.unpack(data)
        if what == b"s":
            self._start(number, fds[0], fds[1])
        elif number in self._pids:
            _kill(self._pids[number])
        return True

    def _start(self, number: int, socket_fd: int, output_fd: int) -> None:
        try:
            pid = os.fork()
        except OSError:
            self._tell(b"x", number, -signal.SIGKILL)
            os.close(socket_fd)
            os.close(output_fd)
            return
        if pid == 0:
            self._become_worker(socket_fd, output_fd)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        os.close(socket_fd)
        os.close(output_fd)
        self._pids[number] = pid
        self._tell(b"p", number, pid)

    def _become_worker(self, socket_fd: int, output_fd: int) -> None:
        status = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._control.close()
            os.close(self._woken)
            os.close(self._wake)
            os.dup2(output_fd, 1)
            os.dup2(output_fd, 2)
            os.close(output_fd)
            from penstock.runtime._worker import serve

            status = serve(socket_fd)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        for number, pid in list(self._pids.items()):
            if hasattr(os, "waitid"):
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    continue
                # What it has forked goes with it. Before the pid is given back, so that nobody else can have it.
                _kill_group(pid)
                status = os.waitpid(pid, 0)[1]
            else:
                done, status = os.waitpid(pid, os.WNOHANG)
                if not done:
                    continue
                _kill_group(pid)
            del self._pids[number]
            self._tell(b"x", number, os.waitstatus_to_exitcode(status))

        for pid in self._strays():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _strays(self) -> list[int]:
        """Processes of workers that have left their group and lost their parent; they are ours then."""
        if not self._adopts:
            return []
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [pid for pid in map(int, file.read().split()) if pid not in self._pids.values()]

    def _tell(self, what: bytes, number: int, value: int) -> None:
        self._control.sendall(NOTICE.pack(what, number, value))

    def kill_all(self) -> None:
        for pid in self._pids.values():
            _kill(pid)
        # Only when this process is gone may its owner say that all are.
        for pid in self._pids.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._pids.clear()
        while strays := self._strays():  # killing one may bring its children to us
            for pid in strays:
                _kill(pid)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def _adopt_orphans() -> bool:
    """Makes this process the parent of workers' processes that lose theirs, so that daemons end with the pool too.

    Linux only (prctl(2), PR_SET_CHILD_SUBREAPER); elsewhere a process that leaves its worker's group is on its own.
    """
    if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
    _kill_group(pid)


def _kill_group(pid: int) -> None:
    # PermissionError is what macOS says of a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
