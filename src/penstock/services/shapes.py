"""What a service checks of a request against the shapes of botocore's model, in the sentences of AWS's own framework.

Sentences: recorded (sfn_api*.json) for lengths, ranges and patterns; the enum's and the null's are those that other AWS
services with the same framework give.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from penstock.errors import ServiceError

VALIDATION: Final = "ValidationException"
_KINDS: Final = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "blob": bytes}
_NUMBERS: Final = frozenset({"integer", "long", "float", "double"})


def check_shape(parameters: Any, shape: Any) -> dict[str, Any]:
    """The same for a shape of any service with this framework."""
    problems: list[str] = []
    found = _value(parameters, shape, "", problems)
    if problems:
        many = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise ServiceError(many + "; ".join(problems), code=VALIDATION)
    result: dict[str, Any] = found
    return result


def _value(value: Any, shape: Any, path: str, problems: list[str]) -> Any:
    kind = shape.type_name
    if kind in _NUMBERS:
        whole = not isinstance(value, float) or value.is_integer() or kind not in ("integer", "long")
        if isinstance(value, bool) or not isinstance(value, int | float) or not whole:
            raise _wrong_kind(path, kind)
        _limits(value, value, "value", shape, path, problems)
        return value
    wanted = _KINDS.get(kind)
    if wanted is not None and not isinstance(value, wanted):
        raise _wrong_kind(path, kind)
    if kind == "string":
        _text(value, shape, path, problems)
    elif kind == "structure":
        return _structure(value, shape, path, problems)
    elif kind == "list":
        _limits(len(value), value, "length", shape, path, problems)
        # AWS counts members from 1 in these paths.
        return [_value(each, shape.member, f"{path}.{n}.member", problems) for n, each in enumerate(value, 1)]
    return value


def _structure(value: dict[str, Any], shape: Any, path: str, problems: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    required = shape.required_members
    for name, member in shape.members.items():
        given = value.get(name)
        where = f"{path}.{name}" if path else name
        if given is not None:
            result[name] = _value(given, member, where, problems)
        elif name in required:
            problems.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    return result


def _text(value: str, shape: Any, path: str, problems: list[str]) -> None:
    metadata = shape.metadata
    if _limits(len(value), value, "length", shape, path, problems):
        return
    if "enum" in metadata and value not in metadata["enum"]:
        values = ", ".join(metadata["enum"])
        problems.append(f"{_at(value, path)}Member must satisfy enum value set: [{values}]")
    elif "pattern" in metadata and not _pattern(metadata["pattern"]).fullmatch(value):
        problems.append(f"{_at(value, path)}Member must satisfy regular expression pattern: {metadata['pattern']}")


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # The model's patterns are Java's.
    for java, python in _CLASSES:
        text = text.replace(java, python)
    return re.compile(text)


def _limits(number: float, value: Any, what: str, shape: Any, path: str, problems: list[str]) -> bool:
    metadata = shape.metadata
    least, most = metadata.get("min"), metadata.get("max")
    if most is not None and number > most:
        problems.append(f"{_at(value, path)}Member must have {what} less than or equal to {most}")
        return True
    if least is not None and number < least:
        problems.append(f"{_at(value, path)}Member must have {what} greater than or equal to {least}")
        return True
    return False


_CLASSES: Final = ((r"\p{ASCII}", r"[\x00-\x7f]"), (r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s"))
"""Java's classes of characters, and Python's that come closest: letters have `_` with them, as do the patterns they are in."""

_SHOWN: Final = 1100
"""Ours: characters of a value that a message repeats; more than the longest that a recorded message repeats."""


def _at(value: Any, path: str) -> str:
    text = str(value)
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}..."
    return f"Value '{text}' at '{path}' failed to satisfy constraint: "


def _wrong_kind(path: str, kind: str) -> ServiceError:
    where = f"'{path}'" if path else "The request"
    return ServiceError(f"{where} is not of the type {kind}", code="SerializationException")
