"""What the worker pool and its users say to each other: targets, calls, the events of a call, lines of output."""

from __future__ import annotations

import codecs
import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Log: TypeAlias = Callable[[str, str], None]
"""Gets what a worker printed: the task's name and whole lines, from a thread of the pool. Must not raise."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The result as JSON text, as the runtime wrote it."""

    text: bytes


@dataclass(frozen=True, slots=True)
class NotMarshalled:
    """The result is nothing JSON can hold."""

    reason: str


@dataclass(frozen=True, slots=True)
class Raised:
    error: str
    message: str
    stack: list[str]


@dataclass(frozen=True, slots=True)
class Exited:
    """The process ended: its exit code, or a signal's negative number."""

    status: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    pass


@dataclass(frozen=True, slots=True)
class NoWorker:
    """No process can be started."""

    reason: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Not an end: the code has called `stop_execution` and goes on."""

    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Alive:
    """Not an end: a heartbeat."""


End: TypeAlias = Answered | NotMarshalled | Raised | Exited | TimedOut | NoWorker
Event: TypeAlias = End | StopAsked | Alive


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a worker runs. `limit` workers at most at once; `cleans_up`: it has something to do before it ends;
    `fresh`: each call wants a process of its own."""

    name: str
    init: dict[str, Any]
    limit: int | None = None
    cleans_up: bool = False
    fresh: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """One call. `tell` gets its events, from a thread of the pool, ending with one End unless it is cancelled."""

    target: Target
    body: bytes
    tell: Callable[[Event], None]
    timeout: float | None = None
    printed: Callable[[str], None] | None = None
    """Gets the lines that this call prints, in place of the pool's log."""
    done: bool = False
    worker: Any = None
    """The pool's own."""


class Lines:
    """Hands on whole lines; a rest without a newline when the call ends or it grows long."""

    def __init__(self, name: str, log: Log) -> None:
        self._name = name
        self._log = log
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def write(self, data: bytes) -> None:
        text = self._rest + self._decoder.decode(data)
        end = text.rfind("\n") + 1
        if end == 0 and len(text) > 8192:
            end = len(text)
        self._rest = text[end:]
        if end:
            self._log(self._name, text[:end])

    def flush(self) -> None:
        if self._rest:
            self._log(self._name, self._rest + "\n")
            self._rest = ""


def to_stderr(name: str, text: str) -> None:
    """The log for which nobody has asked for another."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
