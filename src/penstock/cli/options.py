"""Options that several commands have, and reading what they name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from penstock.errors import InvalidInput, JsonError, ServiceError, UsageError
from penstock.jsontools import Json, loads

if TYPE_CHECKING:
    from penstock.runs.endpoint import Endpoint

F = TypeVar("F", bound=Callable[..., Any])

LOCAL_SERVER = "http://127.0.0.1:4599"

_REFUSALS: Final = frozenset(
    {
        "ExecutionDoesNotExist",
        "ExecutionNotRedrivable",
        "InvalidArn",
        "InvalidExecutionInput",
        "StateMachineDoesNotExist",
        "ValidationException",
    }
)
"""What a service answers where not it, but the question is at fault."""

MAX_FILE_BYTES = 64 * 1024 * 1024


def machine_option(function: F) -> F:
    return click.option(
        "--machine",
        metavar="NAME",
        envvar="PENSTOCK_MACHINE",
        show_envvar=True,
        help="Which of several state machines; main by default.",
    )(function)


def var_option(function: F) -> F:
    return click.option(
        "--var",
        "variables",
        metavar="K=V",
        multiple=True,
        help="The value of a ${K} placeholder. Repeatable.",
    )(function)


def parameter_option(function: F) -> F:
    return click.option(
        "--parameter",
        "parameters",
        metavar="K=V",
        multiple=True,
        help="The value of a template's parameter, or of another stack's export. Repeatable.",
    )(function)


def parse_variables(pairs: tuple[str, ...], flag: str = "--var") -> dict[str, str]:
    """`K=V` texts as a dict. Raises UsageError."""
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{flag} takes K=V; {pair!r} is not of that form.")
        values[key] = value
    return values


def parse_parameters(pairs: tuple[str, ...]) -> dict[str, str]:
    """The same for a template's parameters."""
    return parse_variables(pairs, "--parameter")


def db_option(words: str, *, required: bool = False) -> Callable[[F], F]:
    return click.option(
        "--db",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        envvar="PENSTOCK_DB",
        show_envvar=True,
        required=required,
        help=words,
    )


def endpoint_options(function: F) -> F:
    function = click.option(
        "--token", metavar="TEXT", envvar="PENSTOCK_TOKEN", show_envvar=True, help="What the server asks for."
    )(function)
    return click.option("--endpoint", metavar="URL", help="A server, such as http://127.0.0.1:4599.")(function)


def endpoint_of(db: str | None, endpoint: str | None, token: str | None) -> Endpoint | None:
    """The server that is meant, None where it is a file. A flag goes before the environment, and the local server is meant
    where nothing is said. Raises UsageError."""
    source = click.get_current_context().get_parameter_source("db")
    if endpoint is not None and db is not None:
        if source is not click.core.ParameterSource.ENVIRONMENT:
            raise UsageError("--db and --endpoint name two places; give one of them.")
        db = None
    if db is not None:
        return None
    from penstock.runs.endpoint import Endpoint

    if endpoint is None:
        variables = (os.environ.get("PENSTOCK_ENDPOINT"), os.environ.get("AWS_ENDPOINT_URL_SFN"))
        endpoint = next((each for each in variables if each), LOCAL_SERVER)
    return Endpoint(endpoint, token=token)


@contextmanager
def refusals_are_wrong_use() -> Iterator[None]:
    """Has what a service refuses to do with an execution told as what a file refuses: as wrong usage, which is exit code 2."""
    try:
        yield
    except ServiceError as error:
        if error.code not in _REFUSALS:
            raise
        raise UsageError(str(error)) from None


def read_json_argument(text: str, flag: str) -> Json:
    """What `JSON|@FILE|-` means. Raises InvalidInput."""
    what = flag
    data: str | bytes = text
    if not text.startswith("@") and any("\udc80" <= character <= "\udcff" for character in text):
        data = os.fsencode(text)  # bytes that this process's locale does not know; they may be UTF-8 all the same
    if text == "-":
        data, what = _stdin(flag), f"{flag} (stdin)"
    elif text.startswith("@"):
        data, what = read_bytes(text[1:], flag), text[1:]
    try:
        return loads(data, what=what)
    except JsonError as error:
        hint = ""
        if text[:1] not in ("@", "-") and os.path.isfile(text):
            hint = f" To read the file, write {flag} @{text}."
        elif isinstance(data, str) and not data.strip():
            hint = " An empty input is {}."
        raise InvalidInput(f"{error}{hint}") from None


def _stdin(flag: str) -> bytes:
    try:
        return sys.stdin.buffer.read(MAX_FILE_BYTES)
    except OSError as error:
        raise InvalidInput(f"{flag}: stdin cannot be read: {error.strerror or error}. Give {flag} @FILE.") from None


def read_bytes(name: str, flag: str) -> bytes:
    """The bytes of a file that an option names. Raises InvalidInput."""
    try:
        with open(name, "rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{flag}: {name} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise InvalidInput(f"{flag}: {name!r} is not a file name.") from None
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput(f"{flag}: {name} is longer than {MAX_FILE_BYTES // 1024 // 1024} MiB.")
    return data


def read_history(name: str) -> list[dict[str, Any]]:
    """The events of a history file: GetExecutionHistory's answer, or its `events` alone. Raises InvalidInput."""
    try:
        document = loads(read_bytes(name, "--history"), what=name)
    except JsonError as error:
        raise InvalidInput(str(error)) from None
    events = document.get("events") if isinstance(document, dict) else document
    if not isinstance(events, list) or not all(isinstance(each, dict) and "type" in each for each in events):
        raise InvalidInput(f'{name} is not a history: it should hold {{"events": […]}} as GetExecutionHistory answers.')
    return events
