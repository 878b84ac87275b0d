"""What several services' tasks need to put their arguments in the service's form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeAlias

from penstock.sfn.durations import DurationLike, HasSeconds
from penstock.sfn.problems import Wrong
from penstock.sfn.resources import name_of
from penstock.sfn.values import REFERENCES, is_expression, shown


class HasMebibytes(Protocol):
    """`aws_cdk.Size`."""

    def to_mebibytes(self) -> float: ...
    def to_gibibytes(self) -> float: ...


SizeLike: TypeAlias = int | HasMebibytes


class Named:
    """A resource in a payload, by the name it has in AWS; what names nothing is told where the task is."""

    __slots__ = ("attributes", "value", "what")

    def __init__(self, value: object, what: str, *attributes: str) -> None:
        self.value, self.what, self.attributes = value, what, attributes

    def _payload(self) -> Any:
        return name_of(self.value, self.what, *self.attributes)


def named(value: object | None, what: str, *attributes: str) -> Named | None:
    """`value` by its name; None stays None."""
    return None if value is None else Named(value, what, *attributes)


class Later:
    """A value that is put in the service's form only when the state is built, where what is wrong with it can be told."""

    __slots__ = ("make",)

    def __init__(self, make: Any) -> None:
        self.make = make

    def _payload(self) -> Any:
        return self.make()


def pairs(values: Mapping[str, Any] | None, key: str = "Name", value: str = "Value") -> Any:
    """`{"A": 1}` as `[{"Name": "A", "Value": 1}]`; a reference stays one."""
    if values is None or isinstance(values, REFERENCES) or is_expression(values):
        return values
    return [{key: name, value: each} for name, each in values.items()]


def minutes(value: DurationLike | None, what: str) -> Later | None:
    """Whole minutes, for services that count so."""
    if value is None:
        return None

    def make() -> int:
        seconds = value.total_seconds() if isinstance(value, timedelta) else None
        if seconds is None and isinstance(value, HasSeconds):
            seconds = value.to_seconds()
        if seconds is None:
            raise Wrong("PS720", f"`{what}` is {shown(value)}, which is no span of time", help="Duration.minutes(5)")
        if seconds % 60:
            raise Wrong("PS720", f"`{what}` is {seconds:g} s, and the service counts in minutes", help="round it")
        return int(seconds // 60)

    return Later(make)


def gibibytes(value: SizeLike | None) -> Any:
    return value if value is None or isinstance(value, int) else int(value.to_gibibytes())


def mebibytes(value: SizeLike | None) -> Any:
    return value if value is None or isinstance(value, int) else int(value.to_mebibytes())


def s3_uri(bucket: object, path: str | None = None) -> Later:
    def make() -> str:
        return f"s3://{name_of(bucket, 'bucket', 'bucket_name')}/{path or ''}"

    return Later(make)
