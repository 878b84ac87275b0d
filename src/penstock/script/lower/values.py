"""Values a machine can compute with JSONPath, and how each is written in a payload, a path or an intrinsic call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from penstock.asl.model import Test
from penstock.jsontools import Json

# What is known about a value's type. `None` in a set of kinds stands for "not known".
Kind: TypeAlias = str | None


@dataclass(frozen=True, slots=True)
class Const:
    """Known when compiling."""

    value: Json


@dataclass(frozen=True, slots=True)
class Ref:
    """A path: `$['a']`, `$x`, `$$.Execution.Name`. `kinds` are the types it may have; `cast` the one the user claims."""

    path: str
    kinds: frozenset[Kind] = frozenset({None})
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An intrinsic call, already as text."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Fields:
    """A dict with something computed in it."""

    items: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list with something computed in it."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """`then if test else otherwise`; `ways` is its source, for the names of the states that decide it."""

    test: Test
    then: Value
    otherwise: Value
    ways: str


Value: TypeAlias = Const | Ref | Call | Fields | Items | Either


class NotPayload(Exception):
    """A payload template cannot say this value; the message says why."""


def kinds_of(value: Value) -> frozenset[Kind]:
    """The types that a value may have: bool, int, float, str, None as `null`; None where nothing is known."""
    match value:
        case Const(value=constant):
            return frozenset({kind_of(constant)})
        case Ref(kinds=kinds):
            return kinds
        case Call(kind=kind):
            return frozenset({kind})
        case Fields():
            return frozenset({"dict"})
        case Items():
            return frozenset({"list"})
        case Either(then=then, otherwise=otherwise):
            return kinds_of(then) | kinds_of(otherwise)


def kind_of(constant: Json) -> str:
    return "null" if constant is None else type(constant).__name__


def contains_either(value: Value) -> bool:
    return any(isinstance(part, Either) for part in _parts(value))


def _parts(value: Value) -> Iterator[Value]:
    yield value
    if isinstance(value, Fields):
        for _, item in value.items:
            yield from _parts(item)
    elif isinstance(value, Items):
        for item in value.items:
            yield from _parts(item)


def field(name: str, value: Value) -> dict[str, Any]:
    """A template's field: `{name: constant}` or `{name.$: path}`. Raises NotPayload."""
    match value:
        case Const(value=constant):
            # Inside a template a key that ends in `.$` would be read as a path: such a constant goes in as JSON text.
            if _looks_computed(constant):
                return {f"{name}.$": _constant_call(constant)}
            return {name: constant}
        case Ref(path=path):
            return {f"{name}.$": path}
        case Call(text=text):
            return {f"{name}.$": text}
        case Fields():
            return {name: template(value)}
        case Items():
            if any(isinstance(item, Ref | Call | Items) for item in value.items):
                return {f"{name}.$": argument(value)}
            return {name: [template(item) for item in value.items]}
        case Either():
            raise AssertionError("decided before it is written")


def template(value: Value) -> Any:
    """A template that is a value of its own: a dict, or a constant inside a list."""
    match value:
        case Const(value=constant) if not _looks_computed(constant):
            return constant
        case Fields(items=items):
            result: dict[str, Any] = {}
            for key, item in items:
                if key.endswith(".$"):
                    raise NotPayload(
                        f"the key {key!r} ends in `.$`, which marks computed fields in the States Language"
                    )
                result.update(field(key, item))
            return result
    raise NotPayload("a list cannot mix references with dicts that hold references")


def _looks_computed(constant: Json) -> bool:
    todo: list[Any] = [constant]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if any(key.endswith(".$") for key in item):
                return True
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return False


def argument(value: Value) -> str:
    """The value as an argument of an intrinsic. Raises NotPayload."""
    match value:
        case Const(value=constant):
            if constant is None:
                return "null"
            if isinstance(constant, str):
                return quoted(constant)
            if isinstance(constant, int | float) and not isinstance(constant, bool) and "e" not in repr(constant):
                return repr(constant)
            return _constant_call(constant)
        case Ref(path=path):
            return path
        case Call(text=text):
            return text
        case Items(items=items):
            return f"States.Array({', '.join(argument(item) for item in items)})"
        case Fields():
            raise NotPayload("a list cannot mix references with dicts that hold references")
        case Either():
            raise AssertionError("decided before it is written")


def _constant_call(constant: Json) -> str:
    return f"States.StringToJson({quoted(json.dumps(constant, ensure_ascii=False))})"


def quoted(text: str) -> str:
    """A text as an intrinsic's string: `\\`, `'`, `{` and `}` escaped (facts §6)."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("{", "\\{").replace("}", "\\}") + "'"


def format_template(parts: list[str | Value]) -> str:
    """States.Format of literal texts and values in turn."""
    text = "".join("{}" if not isinstance(part, str) else quoted(part)[1:-1] for part in parts)
    arguments = [f"'{text}'", *(argument(part) for part in parts if not isinstance(part, str))]
    return f"States.Format({', '.join(arguments)})"


def subscript(key: str | int) -> str:
    """One step of a path, quoted as Python's repr quotes it. Raises NotPayload for a key that no path can name: AWS's path
    syntax escapes the quote and nothing else."""
    if isinstance(key, int):
        return f"[{key}]"
    if "'" not in key:
        quote = "'"
    elif '"' not in key:
        quote = '"'
    else:
        quote, key = "'", key.replace("'", "\\'")
    if key.endswith("\\") or "\\\\'" in key or "\n" in key or "\r" in key:
        raise NotPayload("no path can name this key")
    return f"[{quote}{key}{quote}]"
