"""Pages: maxResults and nextToken.

A token says where the page before ended, not how many entries there were before it, so that what comes or goes in the
meantime neither repeats nor hides an entry. It is good for the request it was given for only.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from penstock.errors import JsonError, ServiceError
from penstock.jsontools import dumps, loads

T = TypeVar("T")

DEFAULT: Final = 100
"""Entries of a page where maxResults is 0 or not given (API reference)."""

_FREE: Final = frozenset({"nextToken", "maxResults"})
"""What may differ from one page to the next (recorded: another maxResults)."""


def page(
    operation: str,
    parameters: Mapping[str, Any],
    key: str,
    entries: Iterable[T],
    order: Callable[[T], int | str],
    describe: Callable[[T], dict[str, Any]],
    *,
    descending: bool = False,
) -> dict[str, Any]:
    """The answer of a list operation: `{key: [...], "nextToken": ...}`.

    `entries` come in the order of `order`. Raises ServiceError InvalidToken.
    """
    most = int(parameters.get("maxResults") or DEFAULT)
    last = cursor(operation, parameters)
    chosen: list[T] = []
    answer: dict[str, Any] = {}
    for entry in entries:
        place = order(entry)
        if last is not None and (type(place) is not type(last) or not _beyond(place, last, descending)):
            continue
        if len(chosen) == most:
            answer["nextToken"] = token(operation, parameters, order(chosen[-1]))
            break
        chosen.append(entry)
    return {key: [describe(entry) for entry in chosen], **answer}


def _beyond(place: Any, last: Any, descending: bool) -> bool:
    return bool(place < last) if descending else bool(place > last)


def token(operation: str, parameters: Mapping[str, Any], place: int | str) -> str:
    """The token of the page that goes on after `place`."""
    return base64.urlsafe_b64encode(dumps([_fingerprint(operation, parameters), place])).decode("ascii")


def cursor(operation: str, parameters: Mapping[str, Any]) -> int | str | None:
    """Where the page before ended; None for the first. Raises ServiceError InvalidToken."""
    text = parameters.get("nextToken")
    if text is None:
        return None
    try:
        held = loads(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, JsonError):
        held = None
    if not isinstance(held, list) or len(held) != 2 or held[0] != _fingerprint(operation, parameters):
        raise _invalid()
    place = held[1]
    if isinstance(place, bool) or not isinstance(place, int | str):
        raise _invalid()
    return place


def number_of(operation: str, parameters: Mapping[str, Any]) -> int | None:
    """`cursor` where places are numbers from 1 on."""
    place = cursor(operation, parameters)
    if place is not None and (not isinstance(place, int) or not 0 < place < 2**63):
        raise _invalid()
    return place


def _fingerprint(operation: str, parameters: Mapping[str, Any]) -> int:
    kept = sorted((name, value) for name, value in parameters.items() if name not in _FREE)
    return zlib.crc32(dumps([operation, [list(pair) for pair in kept]]))


def _invalid() -> ServiceError:
    return ServiceError("Invalid Token: 'Invalid token'", code="InvalidToken")  # recorded
