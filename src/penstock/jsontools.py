"""JSON values: reading strictly, canonical text, sizes.

A JSON value here is None, bool, int, float, str, list or dict with str keys. Values are immutable by agreement: nothing
in Penstock changes one in place, so they are shared freely and never copied.
"""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

import orjson

from penstock.errors import JsonError

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None

_FITTING: Final = 16_384
"""Bytes over which a copy costs as much as it saves."""

MAX_DEPTH = 500
"""Nesting that reading accepts. Jackson, which AWS parses with, stops at 1,000; CPython's own parser shares its stack
with whoever calls it and cannot promise that many, and no payload anybody has shown nests a tenth of this."""


def dumps(value: Json) -> bytes:
    """Compact UTF-8 text, keys in their order. Raises JsonError for what JSON cannot hold."""
    try:
        return fitted(orjson.dumps(value))
    except TypeError:
        return _dumps_slowly(value)


def fitted(text: bytes) -> bytes:
    """The text in memory of its own size. orjson writes into a kilobyte or more and gives back the rest, a piece that no
    next text fits into: measured, texts that are kept cost 3 to 20 µs and a kilobyte each, and copies of them 0.2 µs."""
    return text if len(text) > _FITTING else b"%b" % text


def _dumps_slowly(value: Json) -> bytes:
    # orjson refuses integers over 64 bits, lone surrogates and nesting over 254; JSON itself does not.
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise JsonError("The value is nested too deeply to be JSON; flatten it.") from None
    except (TypeError, ValueError) as error:
        raise JsonError(f"The value cannot be written as JSON: {error}.") from None
    return text.encode("utf-8", "surrogatepass")


def plain_copy(value: Any) -> tuple[Json, int] | None:
    """A copy through JSON and the bytes of its text, five times faster than json's; None for what orjson refuses or takes for
    more than JSON holds: it writes NaN as null and a date as text, so what comes back is not what went in."""
    try:
        text = orjson.dumps(value)
        copy: Json = orjson.loads(text)
        same = copy == value
    except (TypeError, ValueError, RecursionError):
        return None
    return (copy, len(text)) if same else None


def dumps_text(value: Json) -> str:
    """`dumps` as a str."""
    return dumps(value).decode("utf-8", "surrogatepass")


def size(value: Json) -> int:
    """Bytes of the compact UTF-8 text: what AWS's payload quota (262,144) counts."""
    return len(dumps(value))


def weigh(value: Json, most: int) -> int:
    """At least how many bytes the text of a value has; counting ends where it is more than `most`. A value that is in many
    places of another is one object in memory and as many texts, so this comes before a text is made of what nobody has
    measured."""
    total = 0
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            total += len(item) + 2
        elif isinstance(item, dict):
            total += 1 + 4 * len(item) + sum(map(len, item))
            pending.extend(item.values())
        elif isinstance(item, list):
            total += 1 + len(item)
            pending.extend(item)
        else:
            total += 1
        if total > most:
            return total
    return total


def loads(text: str | bytes, *, what: str = "The text") -> Json:
    """A JSON text, strictly: no duplicate keys, no NaN or Infinity, no nesting over MAX_DEPTH, nothing after the value.

    `what` begins the message of the JsonError ("The text", "--input").
    """
    try:
        value: Json = orjson.loads(text)
        if orjson.dumps(value) == _without_blanks(text):
            return value
    except (ValueError, TypeError):
        pass  # what is wrong the strict reader says, if anything is
    return _loads_strictly(text, what)


def _without_blanks(text: str | bytes) -> bytes:
    """The text without the blanks that writers put after `:` and `,`. Where it is then what orjson makes of the value that it
    found, byte for byte, it has no key twice, no number that is read as another, and no other way to be read."""
    if isinstance(text, str):
        text = text.encode()
    return text.replace(b'": ', b'":').replace(b", ", b",")


def _loads_strictly(text: str | bytes, what: str) -> Json:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise JsonError(f"{what} is not UTF-8 text (byte {error.start}); encode it as UTF-8.") from None
    try:
        value: Json = _STRICT.decode(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise JsonError(
            f"{what} is not JSON: {error.msg} at line {error.lineno} column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from None
    except RecursionError:
        raise JsonError(f"{what} is nested deeper than {MAX_DEPTH} levels; flatten it.") from None
    except _Refused as error:
        raise JsonError(f"{what} is not JSON: {error}.") from None
    except ValueError:  # CPython reads no longer integer
        raise JsonError(f"{what} holds a number of more than 4,300 digits; write it as a text.") from None
    if depth_exceeds(value, MAX_DEPTH):
        raise JsonError(f"{what} is nested deeper than {MAX_DEPTH} levels; flatten it.")
    return value


_ORJSON_DEPTH = 254


class _Refused(Exception):
    pass


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return result


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not a JSON number")


_STRICT = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)


def depth_exceeds(value: Json, limit: int) -> bool:
    """Whether containers nest more than `limit` deep; walks level by level, so it never recurses."""
    if limit >= _ORJSON_DEPTH:
        # orjson refuses deeper nesting than this, and is thirty times faster than any walk from here.
        try:
            orjson.dumps(value)
        except TypeError:
            pass
        else:
            return False
    level: list[Any] = [value]
    depth = 0
    while True:
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(v for v in item.values() if isinstance(v, (dict, list)))
            elif isinstance(item, list):
                deeper.extend(v for v in item if isinstance(v, (dict, list)))
        if not deeper:
            return False
        depth += 1
        if depth >= limit:
            return True
        level = deeper
