"""Tables of a service's records, by their ARNs. Here in memory; in a file: `stored_tables`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from penstock.errors import ServiceError, StoreError, StoreTooLarge


class Record(Protocol):
    @property
    def arn(self) -> str: ...
    @property
    def owner(self) -> str:
        """What it belongs to: a version, an alias, an execution to its machine."""


R = TypeVar("R", bound=Record)


class Table(Protocol[R]):
    """Records of one kind, by their ARNs."""

    def get(self, arn: str) -> R | None: ...
    def put(self, record: R) -> None:
        """Adds it, or takes the place of the one with this ARN."""

    def delete(self, arn: str) -> None:
        """Nothing happens where there is none."""

    def of(self, owner: str, *, newest_first: bool = False) -> Iterator[R]:
        """Those of one owner, in the order in which they were first put."""


class MemoryTable(Generic[R]):
    def __init__(self) -> None:
        self._records: dict[str, R] = {}
        self._owners: dict[str, dict[str, None]] = {}

    def get(self, arn: str) -> R | None:
        return self._records.get(arn)

    def put(self, record: R) -> None:
        self._records[record.arn] = record
        self._owners.setdefault(record.owner, {})[record.arn] = None

    def delete(self, arn: str) -> None:
        record = self._records.pop(arn, None)
        if record is not None:
            owned = self._owners[record.owner]
            del owned[arn]
            if not owned:
                del self._owners[record.owner]

    def of(self, owner: str, *, newest_first: bool = False) -> Iterator[R]:
        # A copy: executions begin in another thread while a request goes through them.
        arns = list(self._owners.get(owner, ()))
        found = map(self._records.get, reversed(arns) if newest_first else arns)
        return (record for record in found if record is not None)


def unavailable(error: StoreError) -> ServiceError:
    """What a request is told that would have to be written down."""
    if isinstance(error, StoreTooLarge):
        return ServiceError(str(error), code="ValidationException")
    return ServiceError(f"Nothing can be written down just now: {error}", code="ServiceUnavailable")
