"""The only place in `runtime` that reads the time or waits: it ships alone, without penstock.clock."""

from __future__ import annotations

import asyncio
import time


async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def monotonic() -> float:
    return time.monotonic()
