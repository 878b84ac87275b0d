"""What the service keeps, as plain immutable records, and the one seam behind which they are kept.

A record changes by being replaced. `Memory` forgets with its process; a store that does not has the same methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from penstock.services.tables import MemoryTable, Table

Kind = Literal["STANDARD", "EXPRESS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What an update changes. `id` is None for the first of a machine (recorded: no revisionId then)."""

    id: str | None
    definition: str
    role_arn: str
    logging: Mapping[str, Any]
    tracing: Mapping[str, Any]
    encryption: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`published` is what its creation asked for: whether to publish, and the version's description."""

    arn: str
    name: str
    type: Kind
    created: float
    revision: Revision
    published: tuple[bool, str | None]
    last_version: int = 0
    """Numbers of versions are never given twice."""
    after: int = 0
    """Executions with numbers up to this are of an earlier machine of its name."""

    @property
    def owner(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    arn: str
    number: int
    machine_arn: str
    revision: Revision
    description: str | None
    created: float

    @property
    def owner(self) -> str:
        return self.machine_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """`routes`: ARN of a version, and its weight in percent."""

    arn: str
    name: str
    machine_arn: str
    description: str | None
    routes: tuple[tuple[str, int], ...]
    created: float
    updated: float

    @property
    def owner(self) -> str:
        return self.machine_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An execution that was started, and of what. How it stands, the engine knows.

    `number` counts all executions in the order in which they started; `map_run_arn` is that of a Map Run's child.
    """

    arn: str
    number: int
    machine_arn: str
    machine_name: str
    type: Kind
    revision: Revision | None = None
    version_arn: str | None = None
    alias_arn: str | None = None
    trace_header: str | None = None
    map_run_arn: str | None = None
    items: int = 1

    @property
    def owner(self) -> str:
        return self.map_run_arn or self.machine_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The tags of a machine or an activity, in the order of their making."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return ""


class Repository(Protocol):
    """Everything that outlives a request. The service writes under its lock. What is changed within `together` is changed as
    one: all of it when that is over, nothing where an exception comes out; until then nobody sees it."""

    def together(self) -> AbstractContextManager[None]: ...

    @property
    def machines(self) -> Table[Machine]: ...
    @property
    def versions(self) -> Table[Version]: ...
    @property
    def aliases(self) -> Table[Alias]: ...
    @property
    def tags(self) -> Table[Tags]: ...


class Memory:
    """A Repository that forgets with its process."""

    def __init__(self) -> None:
        self.machines: MemoryTable[Machine] = MemoryTable()
        self.versions: MemoryTable[Version] = MemoryTable()
        self.aliases: MemoryTable[Alias] = MemoryTable()
        self.tags: MemoryTable[Tags] = MemoryTable()

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()  # nothing can fail, and nobody dies in between
