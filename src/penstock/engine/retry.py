"""Retriers and catchers.

The first retrier whose ErrorEquals matches decides, with its own counter; when that is used up the catchers are asked
(Developer Guide, "Handling errors"; recorded). States.Runtime never comes here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.asl.scope import Compute
from penstock.engine import limits
from penstock.engine.execution import Failure, Frame
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.core import Turn
    from penstock.engine.states.base import State


@dataclass(frozen=True, slots=True)
class Retrier:
    error_equals: tuple[str, ...]
    interval: float = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay: float | None = None
    jitter: bool = False

    def delay(self, used: int) -> float:
        """Seconds before the retry, after `used` earlier ones: interval × rate^used, capped; without jitter."""
        longest = limits.STANDARD_SECONDS if self.max_delay is None else self.max_delay
        try:
            return float(min(self.interval * float(self.backoff_rate) ** used, longest))
        except OverflowError:
            return float(longest)


@dataclass(slots=True)
class Catcher:
    error_equals: tuple[str, ...]
    next: State | None = None
    result_path: Callable[[Json, Json], Json] | None = None
    """None where the Error Output replaces the input."""
    assign: Compute | None = None
    output: Compute | None = None


@dataclass(slots=True)
class Recovery:
    """The Retry and Catch of one state."""

    retriers: tuple[Retrier, ...] = ()
    catchers: tuple[Catcher, ...] = ()

    def retry(self, frame: Frame, failure: Failure, turn: Turn) -> float | None:
        """Seconds until the next try, which is then counted; None for no retry."""
        for index, retrier in enumerate(self.retriers):
            if not failure.matches(retrier.error_equals):
                continue
            if frame.retries is None:
                frame.retries = {}
            used = frame.retries.get(index, 0)
            if used >= retrier.max_attempts or frame.retry_count >= limits.RETRIES:
                return None
            frame.retries[index] = used + 1
            frame.retry_count += 1
            delay = retrier.delay(used)
            # FULL: uniform in [0, delay], after the cap (floci-io/floci#2455).
            return turn.entropy.uniform(0, delay) if retrier.jitter else delay
        return None

    def catch(self, failure: Failure) -> Catcher | None:
        return next((c for c in self.catchers if failure.matches(c.error_equals)), None)
