"""What the service keeps, as plain immutable records, and the one seam behind which they are kept.

A record changes by being replaced. `Memory` forgets with its process; a store that does not has the same methods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from penstock.services.tables import MemoryTable, Table

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def is_function_name(text: str) -> bool:
    """Whether Lambda's clients can call a function by this name (API reference, CreateFunction: FunctionName)."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A function as the user's own files tell it.

    `root` is the folder its modules are in, also its working directory; `search` are further folders to import from (layers).
    `handler` is `module.function` as Lambda has it, or `module:callable`. `timeout` in seconds, `memory` in MiB. `problem`
    says why it cannot run on this machine: calls of it fail with that sentence. `hint` is told beside a failing import.
    """

    name: str
    handler: str
    root: Path
    search: tuple[Path, ...] = ()
    runtime: str = "python3.13"
    timeout: int = 3
    memory: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    layers: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    """Aliases of its version 1, which is published for them."""
    problem: str | None = None
    hint: str | None = None
    source: str | None = None
    """Code that is not in a folder: the text of the handler's module."""
    archive: Path | None = None
    """Code that is in an archive (.zip)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """`root` is the folder that holds the modules, `search` are further ones. `watched`: a folder of the user's, whose changes
    count at once."""

    root: str
    search: tuple[str, ...] = ()
    sha256: str
    size: int
    watched: bool = False
    problem: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What an update changes. `settings` are members of the API's FunctionConfiguration."""

    id: str
    settings: Mapping[str, Any]
    code: Code
    modified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    arn: str
    name: str
    revision: Revision
    last_version: int = 0
    """Numbers of versions are never given twice."""
    tags: Mapping[str, str] = field(default_factory=dict)
    reserved: int | None = None
    """How many calls may run at once (PutFunctionConcurrency)."""
    local: bool = False
    """It comes from the user's own files, anew at every start."""

    @property
    def owner(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    arn: str
    number: int
    function_arn: str
    revision: Revision
    published_from: str
    """The revision of the function that it was."""

    @property
    def owner(self) -> str:
        return self.function_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """`weights`: further versions and the part of the calls that each gets."""

    arn: str
    name: str
    function_arn: str
    version: str
    description: str
    weights: Mapping[str, float]
    revision_id: str

    @property
    def owner(self) -> str:
        return self.function_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may call a function, a version, an alias. It is kept and shown; nobody is refused."""

    arn: str
    function_arn: str
    statements: tuple[Mapping[str, Any], ...]
    revision_id: str

    @property
    def owner(self) -> str:
        return self.function_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class EventConfig:
    """What becomes of asynchronous calls. `arn` is qualified. `modified` is seconds since the epoch."""

    arn: str
    function_arn: str
    retries: int | None
    age: int | None
    destinations: Mapping[str, Any]
    modified: float

    @property
    def owner(self) -> str:
        return self.function_arn


class Repository(Protocol):
    """Everything that outlives a request. The service writes under its lock, one change of one record at a time."""

    @property
    def functions(self) -> Table[Function]: ...
    @property
    def versions(self) -> Table[Version]: ...
    @property
    def aliases(self) -> Table[Alias]: ...
    @property
    def policies(self) -> Table[Policy]: ...
    @property
    def event_configs(self) -> Table[EventConfig]: ...


class Memory:
    """A Repository that forgets with its process."""

    def __init__(self) -> None:
        self.functions: MemoryTable[Function] = MemoryTable()
        self.versions: MemoryTable[Version] = MemoryTable()
        self.aliases: MemoryTable[Alias] = MemoryTable()
        self.policies: MemoryTable[Policy] = MemoryTable()
        self.event_configs: MemoryTable[EventConfig] = MemoryTable()
