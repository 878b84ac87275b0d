"""The only place in `runtime` that reads the time or waits: it ships alone, without penstock.clock."""

from __future__ import annotations

import time


async def pause(seconds: float) -> None:
    import asyncio  # takes 30 ms to load, and most of who wants the time waits for nothing

    await asyncio.sleep(seconds)


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def monotonic() -> float:
    return time.monotonic()
