"""JSON (an array, or what ItemsPointer names in the document) and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any, Final

from penstock.engine.mapruns import Item
from penstock.engine.readers.failure import ReadFailed
from penstock.jsontools import MAX_DEPTH, Json, depth_exceeds

NOT_ITERABLE: Final = "Attempting to map over non-iterable node."
"""Recorded for an object at the top of the document."""


def items(stream: IO[bytes], pointer: str | None, origin: str) -> Iterator[Item]:
    """The elements of the array, which is the document or what `pointer` (RFC 6901) names in it.

    An object that `pointer` names gives its members, each with its key (Developer Guide, "ItemReader"; not measured).
    """
    content = document(stream)
    if pointer is not None:
        content = pointed(content, pointer)
        if isinstance(content, dict):
            for key, value in content.items():
                yield value, key, origin
            return
    if not isinstance(content, list):
        raise ReadFailed(NOT_ITERABLE)
    for value in content:
        yield value, None, origin


def document(stream: IO[bytes]) -> Json:
    """A whole document."""
    return _parse(stream.read(), "The object")


def lines(stream: IO[bytes], origin: str) -> Iterator[Item]:
    """One value a line; blank lines are none."""
    for number, line in enumerate(stream, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _parse(line, f"Line {number}"), None, origin


def pointed(content: Json, pointer: str) -> Json:
    """What a JSON pointer names. Raises ReadFailed."""
    if pointer and not pointer.startswith("/"):
        raise ReadFailed(f"The ItemsPointer '{pointer}' is no JSON pointer; it begins with '/'.")
    value = content
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            raise ReadFailed(f"The ItemsPointer '{pointer}' names nothing in the document.")
    return value


def _parse(text: bytes, what: str) -> Json:
    # Not jsontools.loads: a key that stands twice in a data file is no reason to refuse it, the last one counts.
    try:
        value: Json = json.loads(text.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError:
        raise ReadFailed(f"{what} is nested deeper than {MAX_DEPTH} levels.") from None
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise ReadFailed(f"{what} is not JSON: {error}.") from None
    if depth_exceeds(value, MAX_DEPTH):
        raise ReadFailed(f"{what} is nested deeper than {MAX_DEPTH} levels.")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
