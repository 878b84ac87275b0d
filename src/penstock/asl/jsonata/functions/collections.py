"""Functions of arrays and objects, and those that take functions."""

from __future__ import annotations

from typing import Any

from penstock.asl.equality import equal
from penstock.asl.jsonata.calls import Call
from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.signatures import symbol
from penstock.asl.jsonata.values import (
    UNDEFINED,
    Sequence,
    boolean,
    check_items,
    is_number,
    is_strings,
    truth,
)
from penstock.asl.jsonata.values import append as appended


def count(call: Call, items: Any) -> Any:
    return 0 if items is UNDEFINED else len(items)


def append(call: Call, first: Any, second: Any) -> Any:
    result = appended(first, second)
    if isinstance(result, list):
        check_items(0, len(result))
    return result


def exists(call: Call, value: Any) -> Any:
    return value is not UNDEFINED


def boolean_(call: Call, value: Any) -> Any:
    return boolean(value)


def not_(call: Call, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else not truth(value)


def type_(call: Call, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    return {"l": "null", "n": "number", "s": "string", "b": "boolean", "a": "array", "f": "function", "o": "object"}[
        symbol(value)
    ]


def map_(call: Call, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for index, item in enumerate(items):
        value = call.apply_to_item(function, item, index, items)
        if value is not UNDEFINED:
            result.append(value)
            check_items(len(result), len(items))
    return result


def filter_(call: Call, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for index, item in enumerate(items):
        if truth(call.apply_to_item(function, item, index, items)):
            result.append(item)
    return result


def single(call: Call, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    found: Any = UNDEFINED
    has_found = False
    for index, item in enumerate(items):
        if function is UNDEFINED or truth(call.apply_to_item(function, item, index, items)):
            if has_found:
                raise JsonataFault("D3138", index=index)
            found, has_found = item, True
    if not has_found:
        raise JsonataFault("D3139")
    return found


def reduce(call: Call, items: Any, function: Any, initial: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    if function.arity < 2:
        raise JsonataFault("D3050", index=1)
    start = 0
    result = initial
    if initial is UNDEFINED and items:
        result = items[0]
        start = 1
    for index in range(start, len(items)):
        arguments = [result, items[index]]
        if function.arity >= 3:
            arguments.append(index)
        if function.arity >= 4:
            arguments.append(items)
        result = call.apply(function, arguments)
    return result


def zip_(call: Call, *arrays: Any) -> Any:
    if any(array is UNDEFINED for array in arrays):
        return []
    return [list(items) for items in zip(*arrays, strict=False)]


def keys(call: Call, value: Any) -> Any:
    result = Sequence()
    if isinstance(value, list):
        merged: dict[str, None] = {}
        for item in value:
            found = keys(call, item)
            merged.update(dict.fromkeys(found))
        result.extend(merged)
    elif isinstance(value, dict):
        result.extend(value)
    return result


def lookup(call: Call, value: Any, key: Any) -> Any:
    if isinstance(value, list):
        result = Sequence()
        for item in value:
            found = lookup(call, item, key)
            if found is UNDEFINED:
                continue
            if isinstance(found, list):
                result.extend(found)
            else:
                result.append(found)
        return result
    if isinstance(value, dict):
        return value.get(key, UNDEFINED)
    return UNDEFINED


def spread(call: Call, value: Any) -> Any:
    if isinstance(value, list):
        result: list[Any] = []
        for item in value:
            more = spread(call, item)
            result.extend(more if isinstance(more, list) else [] if more is UNDEFINED else [more])
        return result if value else UNDEFINED
    if isinstance(value, dict):
        return Sequence({key: item} for key, item in value.items())
    return value


def merge(call: Call, objects: Any) -> Any:
    if objects is UNDEFINED:
        return UNDEFINED
    result: dict[str, Any] = {}
    for item in objects:
        result.update(item)
    return result


def reverse(call: Call, items: Any) -> Any:
    if items is UNDEFINED or len(items) <= 1:
        return items
    return list(reversed(items))


def each(call: Call, value: Any, function: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for key, item in value.items():
        found = call.apply_to_item(function, item, key, value)
        if found is not UNDEFINED:
            result.append(found)
    return result


def sift(call: Call, value: Any, function: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    result = {}
    for key, item in value.items():
        if truth(call.apply_to_item(function, item, key, value)):
            result[key] = item
    return result or UNDEFINED


def sort(call: Call, items: Any, function: Any) -> Any:
    if items is UNDEFINED or len(items) <= 1:
        return items
    call.runtime.spend(len(items) * len(items).bit_length())
    if function is UNDEFINED:
        if not is_strings(items) and not all(map(is_number, items)):
            raise JsonataFault("D3070", index=1)
        return sorted(items)

    def compare(a: Any, b: Any) -> int:
        return 1 if truth(call.apply(function, [a, b])) else -1

    def ordered(part: list[Any]) -> list[Any]:
        if len(part) <= 1:
            return part
        middle = len(part) // 2
        left, right = ordered(part[:middle]), ordered(part[middle:])
        merged: list[Any] = []
        i = j = 0
        while i < len(left) and j < len(right):
            if compare(left[i], right[j]) > 0:
                merged.append(right[j])
                j += 1
            else:
                merged.append(left[i])
                i += 1
        return [*merged, *left[i:], *right[j:]]

    return ordered(list(items))


def shuffle(call: Call, items: Any) -> Any:
    if items is UNDEFINED or len(items) <= 1:
        return items
    result = list(items)
    for position in range(len(result) - 1, 0, -1):
        other = call.runtime.entropy().randrange(0, position + 1)
        result[position], result[other] = result[other], result[position]
    return result


def distinct(call: Call, value: Any) -> Any:
    if not isinstance(value, list) or len(value) <= 1:
        return value
    result: list[Any] = Sequence() if isinstance(value, Sequence) else []
    scalars: set[Any] = set()
    others: list[Any] = []
    for item in value:
        if isinstance(item, (str, int, float)) or item is None:
            key = (isinstance(item, bool), item)
            if key in scalars:
                continue
            scalars.add(key)
        else:
            call.runtime.spend(len(others))
            if any(equal(item, other) for other in others):
                continue
            others.append(item)
        result.append(item)
    return result


def error(call: Call, message: Any) -> Any:
    raise JsonataFault("D3137", raw="$error() function evaluated" if message is UNDEFINED else message)


def assert_(call: Call, condition: Any, message: Any) -> Any:
    if not condition:
        raise JsonataFault("D3141", raw="$assert() statement failed" if message is UNDEFINED else message)
    return UNDEFINED


def clone(call: Call, value: Any) -> Any:
    return value  # nothing changes a value in place, so a copy would be the same
