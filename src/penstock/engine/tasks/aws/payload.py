"""JSON ↔ what botocore takes and gives, by the shapes of the service's model.

Members are found by any of their spellings; texts and blobs take whatever JSON value there is, as its JSON text (recorded: a Body
of `"text data"` is stored with its quotes, an Input that is an object is sent as text). Answers come in alphabetical order, a
stream last (recorded: services.json, test_s3_get_object).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from penstock.asl.aws_names import capitalised, member_name, pascal_case
from penstock.jsontools import Json, dumps

Naming: TypeAlias = Callable[[str], str]
Instant: TypeAlias = Callable[[datetime], Json]

STREAM_BYTES: Final = 8 * 1024 * 1024
"""How much of a stream is read: far over the payload quota (256 KiB), so that what is over it still says so."""


class Unfit(Exception):
    """A value does not fit the API. `problem` is AWS's sentence within the brackets of `could not be used to start`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def to_request(value: Json, shape: Any, field: str = "") -> Any:
    """`value` as botocore's parameters for `shape`. Nulls stay None: whether a member may be null is the service's word.

    Raises Unfit.
    """
    if value is None:
        return None
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return value
        return _structure(value, shape, field)
    if kind == "list":
        if not isinstance(value, list):
            raise Unfit(f'The value for the field "{field}" must be an ARRAY')
        return [to_request(each, shape.member, field) for each in value]
    if kind == "map":
        if not isinstance(value, dict):
            raise Unfit(f'The value for the field "{field}" must be an OBJECT')
        return {key: to_request(each, shape.value, field) for key, each in value.items()}
    return _scalar(value, kind, field)


def _structure(value: Json, shape: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f'The value for the field "{field}" must be an OBJECT')
    members = members_of(shape)
    result: dict[str, Any] = {}
    for key, each in value.items():
        member = members.get(key)
        if member is None:
            raise Unfit(f'The field "{key}" is not supported by Step Functions')
        result[member] = to_request(each, shape.members[member], key)
    return result


def _scalar(value: Any, kind: str, field: str) -> Any:
    if kind in ("string", "character"):
        return value if isinstance(value, str) else dumps(value).decode()
    if kind == "blob":
        return dumps(value)
    if kind in ("integer", "long"):
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(f'The value for the field "{field}" must be an INTEGER')
        return value
    if kind in ("float", "double", "bigdecimal"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(f'The value for the field "{field}" must be a NUMBER')
        return Decimal(str(value)) if kind == "bigdecimal" else float(value)
    if kind == "boolean" and not isinstance(value, bool):
        raise Unfit(f'The value for the field "{field}" must be a BOOLEAN')
    if kind == "timestamp":
        return _instant(value, field)
    return value


def _instant(value: Any, field: str) -> Any:
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            raise Unfit(f'The value for the field "{field}" must be a valid timestamp') from None
        return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(f'The value for the field "{field}" must be a valid timestamp')
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise Unfit(f'The value for the field "{field}" must be a valid timestamp') from None


def members_of(shape: Any) -> Mapping[str, str]:
    """Every spelling of a structure's members → botocore's."""
    known: dict[str, str] | None = shape.__dict__.get("_penstock_members")
    if known is None:
        known = {}
        for spell in (pascal_case, capitalised, member_name, str):
            known.update({spell(name): name for name in shape.members})
        shape.__dict__["_penstock_members"] = known
    return known


def to_result(value: Any, shape: Any, *, name: Naming, instant: Instant) -> Json:
    """What botocore parsed, as JSON. `name` spells members, `instant` writes points in time."""
    if value is None or shape is None:
        return None
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            document: Json = value
            return document
        return members_to_result(value, shape, name=name, instant=instant)
    if kind == "list":
        return [to_result(each, shape.member, name=name, instant=instant) for each in value]
    if kind == "map":
        return {str(key): to_result(each, shape.value, name=name, instant=instant) for key, each in value.items()}
    if kind == "timestamp":
        return instant(value) if isinstance(value, datetime) else str(value)
    if kind == "blob":
        return _text(value if isinstance(value, bytes) else bytes(value))
    if isinstance(value, Decimal):
        return float(value)
    scalar: Json = value
    return scalar


def members_to_result(value: Mapping[str, Any], shape: Any, *, name: Naming, instant: Instant) -> dict[str, Json]:
    """The modelled members of a structure; ResponseMetadata is not among them."""
    result: dict[str, Json] = {}
    last: dict[str, Json] = {}
    for member in sorted(shape.members):
        if member not in value:
            continue
        each, inner = value[member], shape.members[member]
        if hasattr(each, "read"):
            last[name(member)] = each.read(STREAM_BYTES).decode("utf-8", "replace")
            each.close()
        else:
            result[name(member)] = to_result(each, inner, name=name, instant=instant)
    return {**result, **last}


def from_result(value: Json, shape: Any, *, name: Naming) -> Any:
    """What `members_to_result` made of an answer, under botocore's names again. What is no member (metadata) is left out;
    texts and numbers stay what they are, instants and bytes too: this is for the names and ids in it."""
    if shape is None or value is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return {
            member: from_result(value[name(member)], inner, name=name)
            for member, inner in shape.members.items()
            if name(member) in value
        }
    if kind == "list" and isinstance(value, list):
        return [from_result(each, shape.member, name=name) for each in value]
    if kind == "map" and isinstance(value, dict):
        return {key: from_result(each, shape.value, name=name) for key, each in value.items()}
    return value


def _text(value: bytes) -> str:
    # JSON holds text: bytes that are none go in base64, as Java's JSON libraries write them.
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def iso_instant(value: datetime) -> str:
    """As Java's Instant writes itself: `2024-03-06T10:29:14Z`, with three or six digits where there is a rest."""
    value = value.astimezone(UTC)
    text = f"{value:%Y-%m-%dT%H:%M:%S}"
    if value.microsecond % 1000:
        text += f".{value.microsecond:06d}"
    elif value.microsecond:
        text += f".{value.microsecond // 1000:03d}"
    return text + "Z"


def epoch_milliseconds(value: datetime) -> int:
    """How the optimised integrations write a point in time."""
    return round(value.timestamp() * 1000)
