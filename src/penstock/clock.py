"""Time, waiting and randomness. Nothing else in the tree may read the time, sleep or draw a random number.

An execution's history is a function of (definition, input, task outcomes, clock readings, recorded randomness): keeping
all three behind these classes is what makes that testable.
"""

from __future__ import annotations

import os
import random
import threading
import time
from datetime import UTC, datetime
from typing import Final, Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch (UTC), as a float; never goes back within one clock."""

    def monotonic(self) -> float:
        """Real seconds from an arbitrary start, for measuring how long something really took."""

    def sleep(self, seconds: float) -> None:
        """Blocks for `seconds` of this clock."""


class SystemClock:
    """The machine's time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """Stands still until it is told to jump. `sleep` jumps.

    `start` is seconds since the epoch; by default the real time of its making, so that timestamps look like today's.
    """

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Moves on by `seconds` (>= 0)."""
        if seconds > 0:
            with self._lock:
                self._now += seconds

    def advance_to(self, instant: float) -> None:
        """Moves on to `instant`; an instant in the past changes nothing."""
        with self._lock:
            self._now = max(self._now, instant)


class _Pool(random.SystemRandom):
    """The system's randomness, fetched for many askings at once: a system call lets other threads run first. One for the
    process, since fetching costs 5 µs, and most who ask want a UUID's 128 bits."""

    _PIECES = 256

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """Forgets what was fetched: what a forked process found here, the other one has too."""
        self._pieces: list[int] = []

    def getrandbits(self, k: int, /) -> int:
        if k != 128:
            return super().getrandbits(k)
        while True:
            try:
                return self._pieces.pop()  # without a lock, which a thread might hold while it waits for its turn
            except IndexError:
                data = os.urandom(16 * self._PIECES)
                self._pieces += [int.from_bytes(data[at : at + 16]) for at in range(0, len(data), 16)]


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.begin)


_UUID_MASK: Final = ~(0xF000 << 64 | 0xC000 << 48)
_UUID_VERSION: Final = 4 << 76 | 8 << 60


class Entropy:
    """Random numbers and UUIDs. With a `seed`, the same ones every time."""

    def __init__(self, seed: int | str | None = None) -> None:
        self._random: random.Random = random.Random(seed) if seed is not None else _pool

    def uuid4(self) -> str:
        text = f"{self._random.getrandbits(128) & _UUID_MASK | _UUID_VERSION:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def random(self) -> float:
        """Uniform in [0, 1)."""
        return self._random.random()

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def randrange(self, start: int, stop: int) -> int:
        """Uniform integer in [start, stop)."""
        return self._random.randrange(start, stop)

    def hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"


def iso8601(instant: float) -> str:
    """AWS's form of an instant in the context object: UTC, milliseconds, `Z` (`2024-03-06T10:29:14.123Z`)."""
    global _second
    milliseconds = round(instant * 1000)
    seconds, rest = divmod(milliseconds, 1000)
    known, text = _second
    if known != seconds:
        text = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
        _second = seconds, text
    return f"{text}.{rest:03d}Z"


_second: tuple[int, str] = (0, "1970-01-01T00:00:00")
"""The second that was asked for last: most of what happens, happens in the same one."""
