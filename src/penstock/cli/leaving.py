"""Runs in a database file: Ctrl-C and SIGTERM leave them in order, and the command is shown that takes them up again."""

from __future__ import annotations

import logging
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import click

from penstock.cli import output

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Left:
    """Which signal has come; None for none."""

    number: int | None = None

    def end(self, ctx: click.Context, command: Sequence[str]) -> None:
        """Says how it goes on, and ends the command as that signal does."""
        interrupted = self.number == signal.SIGINT
        if interrupted and output.is_terminal(sys.stderr):
            output.note("")  # the terminal has written ^C into the line
        output.problem(f"{'Interrupted' if interrupted else 'Terminated'}. It goes on with:")
        output.note(shlex.join(command))
        ctx.exit(128 + (self.number or 0))


@contextmanager
def leaving(leave: Callable[[], None]) -> Iterator[Left]:
    """While it lasts, the first signal calls `leave`, so that no turn is cut in two; a second ends the process as ever."""
    left = Left()
    if threading.current_thread() is not threading.main_thread():
        yield left
        return
    # What whoever started the process has it ignore (nohup, a shell's background jobs) stays ignored.
    before = {number: handler for number in SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def hear(number: int, _: object) -> None:
        left.number = number
        restore()
        leave()

    for number in before:
        signal.signal(number, hear)
    try:
        yield left
    finally:
        restore()


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
