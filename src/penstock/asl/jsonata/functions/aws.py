"""What Step Functions adds: $partition, $range, $hash, $random, $uuid, $parse, and how it refuses $eval.

Edges as measured on AWS (floci#2662, #2676, #2687).
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final

from penstock.asl.javatext import JavaRandom
from penstock.asl.jsonata.calls import Call
from penstock.asl.jsonata.faults import JsonataFault, memory_fault
from penstock.asl.jsonata.values import UNDEFINED, Sequence, is_number, normal

MAX_RANGE: Final = 360_145
"""Longest $range (measured: one more is refused by the memory limit)."""


def _arity(call: Call, arguments: tuple[Any, ...], most: int) -> list[Any]:
    if len(arguments) > most:
        raise _unfit(call, most + 1, arguments[most])
    return [*arguments, *[UNDEFINED] * (most - len(arguments))]


def _unfit(call: Call, index: int, value: Any) -> JsonataFault:
    return JsonataFault("T0410", index=index, token=call.name, value=value)


def partition(call: Call, *arguments: Any) -> Any:
    items, size = _arity(call, arguments, 2)
    if items is UNDEFINED:
        return UNDEFINED
    if not isinstance(items, list):
        if items is None:
            raise JsonataFault("T0412", index=1, token=call.name, type="arrays", value=items)
        items = [items]
    if size is not UNDEFINED and not is_number(size):
        raise _unfit(call, 2, size)
    if size is UNDEFINED:
        return [items] if items else UNDEFINED
    width = math.trunc(size)
    if width < 0:
        raise JsonataFault("D3137", raw="Second argument must be zero or greater")
    if width == 0 or not items:
        return UNDEFINED
    return [items[start : start + width] for start in range(0, len(items), width)]


def range_(call: Call, *arguments: Any) -> Any:
    start, end, step = _arity(call, arguments, 3)
    for index, value in enumerate((start, end), 1):
        if value is UNDEFINED and index > len(arguments):
            raise _unfit(call, index, None)
    for index, value in enumerate((start, end, step), 1):
        if value is not UNDEFINED and not is_number(value):
            raise _unfit(call, index, value)
    if start is UNDEFINED or end is UNDEFINED or step is UNDEFINED:
        return UNDEFINED
    first, last, stride = math.trunc(start), math.trunc(end), math.trunc(step)
    if stride == 0:
        return UNDEFINED
    numbers = range(first, last + (1 if stride > 0 else -1), stride)
    if not numbers:
        return UNDEFINED
    if len(numbers) > MAX_RANGE:
        raise memory_fault()
    return Sequence(numbers)


_ALGORITHMS: Final = {"SHA-1": "sha1", "SHA-384": "sha384", "SHA-256": "sha256", "SHA-512": "sha512", "MD5": "md5"}


def hash_(call: Call, *arguments: Any) -> Any:
    value, algorithm = _arity(call, arguments, 2)
    for index, given in enumerate((value, algorithm), 1):
        if given is not UNDEFINED and not isinstance(given, str):
            raise _unfit(call, index, given)
    if value is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    if algorithm not in _ALGORITHMS:
        raise JsonataFault("D3137", raw=f"Hash algorithm '{algorithm}' must be one of {', '.join(_ALGORITHMS)}")
    return hashlib.new(_ALGORITHMS[algorithm], value.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def random(call: Call, *arguments: Any) -> Any:
    (seed,) = _arity(call, arguments, 1)
    if seed is UNDEFINED:
        return call.runtime.entropy().random()
    if not is_number(seed):
        raise _unfit(call, 1, seed)
    return JavaRandom(math.trunc(seed)).next_double()


def uuid(call: Call, *arguments: Any) -> Any:
    _arity(call, arguments, 0)
    entropy = call.runtime.entropy()
    return entropy.uuid4()


def parse(call: Call, *arguments: Any) -> Any:
    (text,) = _arity(call, arguments, 1)
    if text is UNDEFINED:
        return UNDEFINED
    if not isinstance(text, str):
        raise _unfit(call, 1, text)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer, parse_float=_fraction
        )
    except (ValueError, RecursionError):
        raise JsonataFault("D3137", raw="Invalid JSON") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _integer(text: str) -> int | float:
    value = int(text)
    return value if -(2**63) <= value < 2**63 else _fraction(text)


def _fraction(text: str) -> int | float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return normal(value)


def eval_(call: Call, *arguments: Any) -> Any:
    raise JsonataFault("T1006", token="eval")
