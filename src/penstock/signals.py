"""The signals that ask a process to end, and their echoes.

Whoever forwards a signal often sends it twice, a moment apart: GNU timeout to its child and then to the child's group, a
package runner beside the terminal that has sent Ctrl-C to the whole group already. The second of the two is nobody's wish
to end at once.
"""

from __future__ import annotations

import atexit
import signal
from types import FrameType
from typing import Final, NoReturn

from penstock.clock import SystemClock

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
ECHO_SECONDS: Final = 0.3
"""Ours: longer than a forwarder takes for the second, shorter than a person who presses Ctrl-C again."""


class Terminated(BaseException):
    """SIGTERM has come. Not an Exception, so nothing on the way takes it for a failure."""


_clock = SystemClock()
_heard = [float("-inf")]  # signals are the process's, and so is when the last one came


def is_echo() -> bool:
    """Whether the signal that has just come belongs to the one before; for a handler, once a signal."""
    now = _clock.monotonic()
    if now - _heard[0] < ECHO_SECONDS:
        return True
    _heard[0] = now
    return False


def end(number: int) -> NoReturn:
    """Ends what runs in this thread: KeyboardInterrupt for SIGINT, Terminated for SIGTERM."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated


def listen() -> None:
    """From now on each signal but an echo ends the main thread's work; for a process of its own, in its main thread."""
    atexit.register(_ignore)
    for number in SIGNALS:
        # What whoever started the process has it ignore (nohup, a shell's background jobs) stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)


def _ignore() -> None:
    """All is done. What is left of the process is Python's own end, which gives the signals back to the system: an echo would
    kill it then, and the exit code would be the signal's."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _hear(number: int, _: FrameType | None) -> None:
    if not is_echo():
        end(number)
