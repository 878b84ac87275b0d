"""Spans of time, as states take them: `Duration.minutes(5)`, `timedelta(minutes=5)`, a timeout, a wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias, runtime_checkable

from penstock.sfn.problems import Wrong
from penstock.sfn.values import JSONATA, JSONPATH, expression, path_text


@runtime_checkable
class HasSeconds(Protocol):
    """What `aws_cdk.Duration` and our own Duration have in common."""

    def to_seconds(self) -> float: ...


class Duration:
    """A span of time. Step Functions counts in whole seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __repr__(self) -> str:
        return f"Duration.seconds({self._seconds:g})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and other._seconds == self._seconds

    def __hash__(self) -> int:
        return hash(self._seconds)

    @classmethod
    def millis(cls, amount: float) -> Duration:
        return cls(amount / 1000)

    @classmethod
    def seconds(cls, amount: float) -> Duration:
        return cls(amount)

    @classmethod
    def minutes(cls, amount: float) -> Duration:
        return cls(amount * 60)

    @classmethod
    def hours(cls, amount: float) -> Duration:
        return cls(amount * 3600)

    @classmethod
    def days(cls, amount: float) -> Duration:
        return cls(amount * 86_400)

    def plus(self, other: Duration) -> Duration:
        return Duration(self._seconds + other._seconds)

    def to_seconds(self) -> float:
        return self._seconds

    def to_minutes(self) -> float:
        return self._seconds / 60


DurationLike: TypeAlias = Duration | timedelta | HasSeconds


def whole_seconds(value: DurationLike, what: str) -> int:
    """Seconds as the States Language counts them. Raises Wrong for parts of a second and for what is no span of time."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, HasSeconds):
        seconds = value.to_seconds()
    else:
        raise Wrong(
            "PS720",
            f"`{what}` is {value!r}, which is no span of time",
            help="write Duration.seconds(30) or timedelta(seconds=30)",
        )
    if seconds != int(seconds):
        raise Wrong("PS720", f"`{what}` is {seconds:g} s; Step Functions counts in whole seconds", help="round it")
    return int(seconds)


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long a task, or the silence between two heartbeats, may take: fixed, or read from the data."""

    seconds: int | str | None = None
    path: str | None = None
    language: str | None = None

    @classmethod
    def duration(cls, duration: DurationLike) -> Timeout:
        return cls(seconds=whole_seconds(duration, "duration"))

    @classmethod
    def at(cls, path: str) -> Timeout:
        """Seconds at a path of the state's input."""
        return cls(path=path_text(path, "path"), language=JSONPATH)

    @classmethod
    def jsonata(cls, jsonata_expression: str) -> Timeout:
        return cls(seconds=expression(jsonata_expression), language=JSONATA)


@dataclass(frozen=True, slots=True)
class WaitTime:
    """When a Wait goes on: `field` is the States Language's, `value` what stands in it."""

    field: str
    value: int | str
    language: str | None = None

    @classmethod
    def duration(cls, duration: DurationLike) -> WaitTime:
        return cls("seconds", whole_seconds(duration, "duration"))

    @classmethod
    def seconds(cls, seconds: str) -> WaitTime:
        """A JSONata expression that gives seconds."""
        return cls("seconds", expression(seconds), JSONATA)

    @classmethod
    def timestamp(cls, timestamp: str) -> WaitTime:
        """An instant (RFC 3339), or a JSONata expression that gives one."""
        return cls("timestamp", timestamp)

    @classmethod
    def seconds_path(cls, path: str) -> WaitTime:
        return cls("seconds_path", path_text(path, "path"), JSONPATH)

    @classmethod
    def timestamp_path(cls, path: str) -> WaitTime:
        return cls("timestamp_path", path_text(path, "path"), JSONPATH)
