"""Runs in a database file: Ctrl-C and SIGTERM leave them in order, and the command is shown that takes them up again."""

from __future__ import annotations

import logging
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from penstock.cli import output
from penstock.signals import SIGNALS, end, is_echo


class Left:
    """Which signal has come, and what it lets go of."""

    __slots__ = ("_leave", "number")

    def __init__(self) -> None:
        self.number: int | None = None
        """None for none."""
        self._leave: Callable[[], None] | None = None

    def by(self, leave: Callable[[], None]) -> None:
        """What runs from now on is left by this call, so that no turn of it is cut in two."""
        self._leave = leave
        if self.number is not None:  # it came before there was anything to leave
            leave()

    def hear(self, number: int, _: object) -> None:
        """The signals' handler: the first lets the run go, a second ends the process's work at once."""
        if is_echo():
            return
        if self.number is not None:
            end(number)
        self.number = number
        if self._leave is not None:
            self._leave()

    def end(self, ctx: click.Context, command: Sequence[str]) -> None:
        """Says how it goes on, and ends the command as that signal does."""
        interrupted = self.number == signal.SIGINT
        if interrupted and output.is_terminal(sys.stderr):
            output.note("")  # the terminal has written ^C into the line
        output.problem(f"{'Interrupted' if interrupted else 'Terminated'}. It goes on with:")
        output.note(shlex.join(command))
        ctx.exit(128 + (self.number or 0))


@contextmanager
def leaving() -> Iterator[Left]:
    """While it lasts, a signal is kept, and handed to what `Left.by` names. It begins before a run is written down, for from
    then on its command is owed to whoever ends the process."""
    left = Left()
    if threading.current_thread() is not threading.main_thread():
        yield left
        return
    # What whoever started the process has it ignore (nohup, a shell's background jobs) stays ignored.
    before = {number: handler for number in SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, left.hear)
    try:
        yield left
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.module != "recovery":  # what was left alone is told by what is raised
            output.problem(record.getMessage())


@contextmanager
def warnings_shown() -> Iterator[None]:
    """What the engine has to say of a database file goes to stderr."""
    logger, handler = logging.getLogger("penstock"), _Notes(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
