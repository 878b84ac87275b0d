"""Sources, spans in them, and the one way to report a problem in user input."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Severity(StrEnum):
    """How bad a problem is: an ERROR stops compiling and running, a WARNING does not."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True)
class Source:
    """A text a user wrote, under the name they know it by (a path, or `<stdin>`)."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        # As Python and every editor count them: `splitlines` would also cut at form feeds and other separators.
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def line(self, number: int) -> str:
        """The 1-based line, or an empty string past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source. Lines and columns count from 1, columns in characters; the end column is exclusive."""

    source: Source = field(repr=False)
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that explains the first ("previously defined here")."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem.

    `code` is `PSnnn` for what Penstock finds, or AWS's own word (`MISSING_TRANSITION_TARGET`) for what
    ValidateStateMachineDefinition finds. `location` is AWS's path into the definition (`/States/X/Next`), None where
    AWS gives none. `label` is the short text under the caret; `help` says what to write instead.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    location: str | None = None
    span: Span | None = None
    label: str = ""
    help: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR
