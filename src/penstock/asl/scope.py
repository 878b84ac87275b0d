"""What a compiled path, intrinsic, template, choice rule or JSONata expression is given, and how it fails.

Everything in `asl` that computes a value is compiled once to a function `(data, scope) -> value`: `data` is the JSON value
that `$` (or `$states.input`) means, `scope` gives the rest. The functions are pure, never change a value, and share
structure with what they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

from penstock.clock import Entropy
from penstock.jsontools import Json


class Scope(Protocol):
    """`context` is the context object (`$$`), built when first asked for; `variables` what Assign has set and this place
    can see, by name without the `$`; `entropy` feeds UUIDs and random numbers."""

    @property
    def context(self) -> Mapping[str, Json]: ...

    @property
    def variables(self) -> Mapping[str, Json]: ...

    @property
    def entropy(self) -> Entropy: ...


Compute: TypeAlias = Callable[[Json, Scope], Json]


class EvaluationError(Exception):
    """A value could not be computed. `error` is the States Language error name, `cause` AWS's sentence (without the
    "An error occurred while executing the state …" prefix, which the engine adds). `location` is the field of a JSONata
    expression (`Output/v`), for the EvaluationFailed event."""

    def __init__(self, error: str, cause: str, location: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.location = location


MOST_BYTES: Final = 4 * 1024 * 1024
"""Ours: how much of one value is ever computed. A state's data has 256 KiB at most, and what is between may be more than what
is left of it; but a value that is in it thousands of times is not worth having."""


class TooLarge(EvaluationError):
    """What was being computed has more than MOST_BYTES. Whoever knows whose value it is says so in AWS's words."""

    def __init__(self) -> None:
        super().__init__("States.DataLimitExceeded", f"The value has more than {MOST_BYTES:,} bytes.")


class SyntaxProblem(Exception):
    """A path, intrinsic or expression text does not compile. `message` says why; `offset` is a 0-based index into it."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
