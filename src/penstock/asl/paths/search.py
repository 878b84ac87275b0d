"""What every part of an evaluation shares: its budget, and how a path says that it leads nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from penstock.jsontools import Json

MAX_VISITS: Final = 2_000_000
"""Values one evaluation may look at. A payload is at most 256 KiB, so an honest path stays far below."""


class PathMiss(Exception):
    """The path leads nowhere in this document. `reason` is Jayway's sentence; None when an index is past the end of an
    array, which Jayway over Jackson gives as a null, not as a failure."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason)
        self.reason = reason


class Budget:
    """Counts the values an evaluation looks at, and knows the document it started from."""

    __slots__ = ("left", "root")

    def __init__(self, root: Json) -> None:
        self.root = root
        self.left = MAX_VISITS

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise PathMiss(f"The path looks at more than {MAX_VISITS} values")


Find: TypeAlias = Callable[[Any, Budget], Any]
"""A value found from a starting value; raises PathMiss."""
