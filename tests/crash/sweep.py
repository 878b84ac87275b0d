"""The cases of the sweep: every failpoint at several visits, and random moments."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from penstock.failpoints import NAMES

AT_START: Final = frozenset({"recovery.begun", "recovery.restored", "recovery.done"})
"""Places that a process comes to before it answers."""
ELSEWHERE: Final = frozenset({"purge.inside", "purge.between", "migration.between", "event.written"})
"""Places that the workload does not come to; `tests/store` and `tests/services` kill there."""
RAISED: Final = frozenset({"commit.before", "commit.inside", "commit.after", "timer.fired"})
"""Places that have `raise` tried too: a fault of ours in the loop, which ends the process."""


@dataclass(frozen=True, slots=True)
class Case:
    """`failpoints` of the processes in turn, and the `moments` at which they are killed."""

    failpoints: tuple[str, ...] = ()
    moments: tuple[float, ...] = ()

    def __str__(self) -> str:
        return " ".join(
            [f"failpoints={self.failpoints}"] * bool(self.failpoints) + [f"moments={self.moments}"] * bool(self.moments)
        )


def at_failpoints(visits: Sequence[str], *, several: bool) -> Iterator[Case]:
    """Every place that a run without a crash came to, by how often it did."""
    counts = Counter(visits)
    for name in NAMES:
        if name in ELSEWHERE:
            continue
        count = counts[name]
        if name in AT_START:
            yield Case((f"{name}=kill",))
            if several:  # while a crash is being recovered from, and again
                for action in ("kill", "hang"):
                    yield Case(("", f"{name}={action}", f"{name}=kill"), (0.6,))
            continue
        chosen = (
            sorted({1, 2, count // 3, count // 2, (2 * count) // 3, count} - {0}) if several else [max(1, count // 2)]
        )
        for visit in chosen:
            yield Case((f"{name}=kill@{visit}",))
        if several:
            yield Case((f"{name}=hang@{max(1, count // 2)}",))
            yield Case((f"{name}=kill@{max(1, count // 2)}", f"{name}=kill@1"))
            if name in RAISED:
                yield Case((f"{name}=raise@{max(1, count // 2)}",))


def at_random(draw: random.Random, seconds: float) -> Case:
    """A run that takes so long, killed at four moments; the later ones may come when it is over."""
    return Case(moments=tuple(round(draw.uniform(0, seconds if n == 0 else seconds / 3), 3) for n in range(4)))
