"""A problem in a definition while it is being found: a place as the path of keys, made into a Diagnostic at the end.

Places are linked pairs (`parent place`, `key or index`), so that walking a sound definition builds next to nothing;
None is the definition itself. AWS's location text is ambiguous (`/States/a/b` is also a state named `a/b`), so
positions in the source are looked up by place, never by text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from penstock.diagnostics import Diagnostic, Severity, Span

Place: TypeAlias = tuple["Place", str | int] | None
"""Where in the definition; None is its root."""

Focus: TypeAlias = Literal["key", "value"]
"""What the caret goes under: the key that leads to the place, or the value that stands there."""

SCHEMA = "SCHEMA_VALIDATION_FAILED"
RESOURCE = "INVALID_RESOURCE"
TARGET = "MISSING_TRANSITION_TARGET"


@dataclass(slots=True)
class Problem:
    """`place` is what AWS's location names; `at` is where the user should look, when that is a better place."""

    code: str
    message: str
    place: Place
    severity: Severity = Severity.ERROR
    focus: Focus = "value"
    at: Place = None
    help: str | None = None
    located: bool = True


def unsupported(key: str, place: Place, hint: str | None = None) -> Problem:
    """A field that its object does not have."""
    return Problem(SCHEMA, f"Field '{key}' is not supported", place, focus="key", at=(place, key), help=hint)


class Positions(Protocol):
    """Looks places up in a source text."""

    def span(self, keys: tuple[str | int, ...], focus: Focus) -> Span | None: ...


def keys_of(place: Place) -> tuple[str | int, ...]:
    """The keys from the root to `place`."""
    keys: list[str | int] = []
    while place is not None:
        place, key = place
        keys.append(key)
    keys.reverse()
    return tuple(keys)


def location(place: Place) -> str:
    """AWS's text for a place: `/States/A/Choices[0]/Next`, and `/` for the definition itself.

    A slash in a state's name is not escaped (recorded for `State "a/b" is not reachable.`).
    """
    keys = keys_of(place)
    return "".join(f"[{key}]" if isinstance(key, int) else f"/{key}" for key in keys) or "/"


def diagnose(problems: Iterable[Problem], positions: Positions | None) -> list[Diagnostic]:
    """Problems as Diagnostics, in their order; `positions` is asked only for what is reported."""
    found = []
    for problem in problems:
        span = None
        if positions is not None and problem.located:
            span = positions.span(keys_of(problem.at or problem.place), problem.focus)
        found.append(
            Diagnostic(
                code=problem.code,
                message=problem.message,
                severity=problem.severity,
                location=location(problem.place) if problem.located else None,
                span=span,
                help=problem.help,
            )
        )
    return found
