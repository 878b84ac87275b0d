"""What comes out of judging a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tests.conformance.data import Case

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Verdict:
    """`reason` groups skips and is short; `detail` is what a reader of a failure wants to see."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""


PASSED = Verdict("passed")


def failed(detail: str, reason: str = "") -> Verdict:
    return Verdict("failed", reason or detail.split("\n", 1)[0][:160], detail)


def skipped(reason: str) -> Verdict:
    return Verdict("skipped", reason)


def passed_if(difference: str | None) -> Verdict:
    return PASSED if difference is None else failed(difference)


Judge = Callable[[Case], Mapping[str, Verdict]]
"""A case's verdicts by check ("outcome", "events", …): one case can be right in one and wrong in another."""


@dataclass
class Area:
    """One folder of the data. `judge` may raise: that is a failure of every check that `applies`."""

    name: str
    cases: Callable[[], Iterable[Case]]
    judge: Judge
    checks: tuple[str, ...]
    identify: Callable[[Case], str] = lambda case: str(case["id"])
    applies: Callable[[Case, str], bool] = lambda case, check: True
    waits: Callable[[Case], bool] = lambda case: False
    """Cases that spend real seconds waiting: judged side by side, in threads."""
