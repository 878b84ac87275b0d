"""The worker processes of a pool, grouped by what they run: data, which the pool alone changes."""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass, field

from penstock.engine.tasks.calls import Call, Lines, Target


@dataclass(slots=True, eq=False)
class Worker:
    number: int
    target: Target
    socket: socket.socket
    output: int
    log: Lines
    pid: int | None = None
    call: Call | None = None
    deadline: float | None = None
    incoming: bytearray = field(default_factory=bytearray)
    outgoing: bytes | memoryview = b""
    loaded: bool = False
    doomed: bool = False
    socket_open: bool = True
    output_open: bool = True


@dataclass(slots=True, eq=False)
class Group:
    idle: list[Worker] = field(default_factory=list)
    queue: deque[Call] = field(default_factory=deque)
    workers: int = 0
    retired: bool = False
