"""Every exception a user can catch. Each message is one sentence that says what to do; fields are for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.diagnostics import Diagnostic


class PenstockError(Exception):
    """The base of all of them."""

    exit_code = 1


class UsageError(PenstockError):
    """The words of the call are off: an unknown machine, an option that does not fit the target."""

    exit_code = 2


class InvalidInput(UsageError):
    """An execution input, a mock file or a setting that cannot be used as given."""


class InvalidDefinition(PenstockError):
    """The target does not read or compile.

    `diagnostics` holds every problem found, in source order; `code` is AWS's name for it.
    """

    exit_code = 3
    code = "InvalidDefinition"

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics: list[Diagnostic] = list(diagnostics)


class TargetNotFound(PenstockError):
    """No file, machine or state of that name. `target` is what was asked for."""

    exit_code = 3

    def __init__(self, message: str, *, target: str) -> None:
        super().__init__(message)
        self.target = target


class MissingRequirement(PenstockError):
    """The environment lacks something: a package, a credential, a server. `requirement` names it."""

    exit_code = 4

    def __init__(self, message: str, *, requirement: str) -> None:
        super().__init__(message)
        self.requirement = requirement


class StoreError(PenstockError):
    """The database file cannot be used."""

    exit_code = 4


class StoreInUse(StoreError):
    """Another process has the database file."""


class StoreDamaged(StoreError):
    """The database file fails SQLite's checks. `aside` is where it was moved to, None where it was only looked at."""

    def __init__(self, message: str, *, path: str, aside: str | None) -> None:
        super().__init__(message)
        self.path = path
        self.aside = aside


class StoreUnavailable(StoreError):
    """The database cannot be read or written just now: a full disk, missing rights. Nothing that was committed is lost."""


class StoreTooLarge(StoreError):
    """A value has more bytes than the database takes. Nothing of what it was to be written with was."""


class ServiceStopped(PenstockError):
    """A fault of ours ended the executions of a server; starting it again takes them up."""

    exit_code = 70


class ServiceError(PenstockError):
    """What the service's own API would refuse. `code` is AWS's (InvalidToken, ValidationException, …), the message AWS's words."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ClientError(ServiceError):
    """What `penstock.Client` raises, in the shape of botocore's ClientError: `response["Error"]` has Code and Message,
    `operation_name` the operation in the API's spelling. `client.exceptions.NAME` are its subclasses by code."""

    def __init__(self, message: str, *, code: str, operation_name: str) -> None:
        super().__init__(
            f"An error occurred ({code}) when calling the {operation_name} operation: {message}", code=code
        )
        self.operation_name = operation_name
        self.response: dict[str, Any] = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }


class JsonError(PenstockError, ValueError):
    """A text is not the JSON asked for. `line` and `column` count from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
