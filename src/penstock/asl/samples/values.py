"""Values that are only known by what a machine asks of them: they gather questions, and become plausible JSON at the end.

A `Hole` is a part of the input or of a task's result. Whoever reads `$.order.id` from it gives it a field `order` with a
field `id`; whoever compares it with "DONE" settles what it is. `Known`, `Record` and `Items` are what the states between
have made of holes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from penstock.asl.model import UNSET, Unset
from penstock.jsontools import Json, dumps_text

Kind: TypeAlias = Literal["text", "number", "boolean", "time", "object", "array", "null"]

MAX_DEPTH: Final = 200

MAX_ITEMS: Final = 20
"""A path may ask for item 5,000; nobody wants a mock that long."""

_TIME: Final = "2020-01-01T00:00:00Z"
"""Past, so that nothing waits for it."""


@dataclass(slots=True, eq=False)
class Hole:
    """`name` is the key it was first read by. `constant` wins over all, then `encoded`, `item`, `fields`, `kind`; `default`
    is for what nobody asks about, `absent` are fields that must not be there, `unlike` what it must not be."""

    name: str = ""
    kind: Kind | None = None
    constant: Json | Unset = UNSET
    fields: dict[str, Hole] = field(default_factory=dict)
    item: Hole | None = None
    length: int = 1
    encoded: Hole | None = None
    encoding: Literal["json", "base64"] = "json"
    default: Json | Unset = UNSET
    absent: set[str] = field(default_factory=set)
    unlike: list[Json] = field(default_factory=list)
    depth: int = 0

    @property
    def is_deep(self) -> bool:
        """As deep as anybody's data is; nothing is made below."""
        return self.depth >= MAX_DEPTH

    @property
    def is_open(self) -> bool:
        """Nothing but its presence has been asked for."""
        return (
            self.constant is UNSET
            and self.kind is None
            and not self.fields
            and self.item is None
            and self.encoded is None
        )


@dataclass(slots=True, frozen=True, eq=False)
class Known:
    value: Json


@dataclass(slots=True, frozen=True, eq=False)
class Record:
    """An object made of parts; `base` has what `own` has not."""

    own: dict[str, Value]
    base: Value | None = None


@dataclass(slots=True, frozen=True, eq=False)
class Items:
    items: tuple[Value, ...]


Value: TypeAlias = Hole | Known | Record | Items

TEXT: Final = Known("text")
ONE: Final = Known(1)
TRUE: Final = Known(True)


def part(value: Value | None, name: str, *, make: bool = True) -> Value | None:
    """The field of that name; a hole gets it if it has not, with `make`. None where there can be none."""
    while isinstance(value, Record):
        if name in value.own:
            return value.own[name]
        value = value.base
    if isinstance(value, Known):
        return Known(value.value[name]) if isinstance(value.value, dict) and name in value.value else None
    if not isinstance(value, Hole) or value.encoded is not None:
        return None
    if value.constant is not UNSET:
        return part(Known(value.constant), name)
    if name not in value.fields:
        if not make or value.item is not None or value.is_deep:
            return None
        value.fields[name] = Hole(name, depth=value.depth + 1)
    return value.fields[name]


def element(value: Value | None, index: int = 0) -> Value | None:
    """An item of an array. All items of a hole are one hole: they look alike."""
    if isinstance(value, Items):
        return value.items[index] if -len(value.items) <= index < len(value.items) else None
    if isinstance(value, Known):
        known = value.value
        return Known(known[index]) if isinstance(known, list) and -len(known) <= index < len(known) else None
    if not isinstance(value, Hole) or value.constant is not UNSET or value.fields or value.encoded is not None:
        return None
    if value.item is None:
        if value.is_deep:
            return None
        value.item = Hole(value.name[:-1] if value.name.endswith("s") else value.name, depth=value.depth + 1)
    wanted = index + 1 if index >= 0 else -index
    value.length = max(value.length, min(wanted, MAX_ITEMS))
    return value.item


def leave_out(value: Value | None, name: str) -> None:
    """Keeps `value` without that field, unless somebody has read it already."""
    while isinstance(value, Record):
        if name in value.own:
            return
        value = value.base
    if isinstance(value, Hole) and name not in value.fields:
        value.absent.add(name)


def expect(value: Value | None, kind: Kind) -> None:
    """`value` is used as this; the first use decides."""
    if isinstance(value, Hole):
        if kind == "array":
            if value.is_open:
                element(value)
        elif value.is_open:
            value.kind = kind


def settle(value: Value | None, constant: Json) -> bool:
    """Makes `value` be `constant`; whether it is now."""
    if isinstance(value, Known):
        return value.value == constant
    if not isinstance(value, Hole):
        return False
    if value.constant is not UNSET:
        return value.constant == constant
    if value.fields or value.item is not None or value.encoded is not None or constant in value.unlike:
        return False
    value.constant = constant
    return True


def differ(value: Value | None, constant: Json) -> None:
    """Keeps `value` from becoming `constant`."""
    if isinstance(value, Hole):
        value.unlike.append(constant)


def decoded(value: Value | None, encoding: Literal["json", "base64"]) -> Value:
    """What is inside a text that a function takes apart."""
    if isinstance(value, Hole):
        open_ = value.constant is UNSET and not value.fields and value.item is None
        if value.encoded is None and open_ and not value.is_deep:
            # Each text within a text doubles its backslashes.
            value.encoded, value.encoding = Hole(value.name, depth=value.depth + MAX_DEPTH // 5), encoding
        if value.encoded is not None and value.encoding == encoding:
            return value.encoded
    return TEXT


def overlaid(value: Value | None, names: tuple[str, ...], result: Value) -> Value:
    """`value` with `result` at the place that `names` lead to: what ResultPath does."""
    if not names:
        return result
    expect(value, "object")
    inner = overlaid(part(value, names[0], make=False), names[1:], result)
    return Record({names[0]: inner}, value)


def sample(hole: Hole) -> Json:
    """Plausible JSON that has all that was asked for."""
    if hole.constant is not UNSET:
        return hole.constant
    if hole.encoded is not None:
        inner = sample(hole.encoded)
        if hole.encoding == "json":
            return dumps_text(inner)
        return base64.b64encode((inner if isinstance(inner, str) else dumps_text(inner)).encode()).decode()
    if hole.item is not None:
        return [sample(hole.item) for _ in range(hole.length)]
    if hole.fields:
        return {name: sample(inner) for name, inner in hole.fields.items() if name not in hole.absent}
    return _plain(hole)


def materialised(value: Value, depth: int = 0) -> Json:
    """A value as JSON, holes and all."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Hole):
        return sample(value)
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Items):
        return [materialised(each, depth + 1) for each in value.items]
    made: dict[str, Json] = {}
    below: Value | None = value
    while isinstance(below, Record):  # a machine of thousands of states makes a chain as long
        for name, each in below.own.items():
            if name not in made:
                made[name] = materialised(each, depth + 1)
        below = below.base
    rest = None if below is None else materialised(below, depth + 1)
    return {**rest, **made} if isinstance(rest, dict) else made


def _plain(hole: Hole) -> Json:
    match hole.kind:
        case "number":
            return next(number for number in range(1, 3 + len(hole.unlike)) if number not in hole.unlike)
        case "boolean":
            return True not in hole.unlike
        case "time":
            return _TIME
        case "object":
            return {}
        case "array":
            return []
        case "null":
            return None
    if hole.default is not UNSET:
        return hole.default
    # DynamoDB's attribute values are objects of one field, which names the type.
    by_type: dict[str, Json] = {"N": "1", "BOOL": True, "SS": ["text"], "L": [], "M": {}}
    if hole.name in by_type:
        return by_type[hole.name]
    if any(isinstance(each, bool) for each in hole.unlike):
        return True not in hole.unlike
    text = hole.name if len(hole.name) > 1 else "text"
    return text if text not in hole.unlike else f"another {text}"
