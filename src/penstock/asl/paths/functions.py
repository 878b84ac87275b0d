"""Jayway's path functions: `$.items.length()`, `$.numbers.sum()`, …"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final


class FunctionFailure(Exception):
    """The function does not apply to this value."""


def apply(name: str, value: Any, arguments: list[Any]) -> Any:
    """The function's result. Raises FunctionFailure."""
    return _FUNCTIONS[name](value, arguments)


def _length(value: Any, arguments: list[Any]) -> Any:
    if arguments:
        value = arguments[0]
    if isinstance(value, (list, dict)):
        return len(value)
    return None


def _numbers(value: Any, arguments: list[Any]) -> list[int | float]:
    """The numbers among the elements and the arguments; what is no number is left out."""
    items = list(value) if isinstance(value, list) else []
    for argument in arguments:
        items.extend(argument if isinstance(argument, list) else [argument])
    numbers = [item for item in items if isinstance(item, (int, float)) and not isinstance(item, bool)]
    if not numbers:
        raise FunctionFailure("Aggregation function attempted to calculate value using empty array")
    return numbers


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise FunctionFailure("The result is not a number that JSON can hold")
    return number


def _sum(value: Any, arguments: list[Any]) -> Any:
    return _float_of(math.fsum, _numbers(value, arguments))


def _avg(value: Any, arguments: list[Any]) -> Any:
    numbers = _numbers(value, arguments)
    return _float_of(math.fsum, numbers) / len(numbers)


def _stddev(value: Any, arguments: list[Any]) -> Any:
    numbers = [_float_of(float, n) for n in _numbers(value, arguments)]
    mean = math.fsum(numbers) / len(numbers)
    return _finite(math.sqrt(_float_of(math.fsum, [(n - mean) * (n - mean) for n in numbers]) / len(numbers)))


def _float_of(function: Callable[[Any], float], argument: Any) -> float:
    try:
        return _finite(function(argument))
    except (OverflowError, ValueError):
        raise FunctionFailure("The result is not a number that JSON can hold") from None


def _min(value: Any, arguments: list[Any]) -> Any:
    return _float_of(float, min(_numbers(value, arguments)))


def _max(value: Any, arguments: list[Any]) -> Any:
    return _float_of(float, max(_numbers(value, arguments)))


def _concat(value: Any, arguments: list[Any]) -> Any:
    parts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    for argument in arguments:
        parts.extend(str(item) for item in (argument if isinstance(argument, list) else [argument]))
    return "".join(parts)


def _keys(value: Any, arguments: list[Any]) -> Any:
    return list(value) if isinstance(value, dict) else None


def _append(value: Any, arguments: list[Any]) -> Any:
    return [*value, *arguments] if isinstance(value, list) else value


def _at(value: Any, index: int) -> Any:
    if not isinstance(value, list):
        raise FunctionFailure("The function applies to arrays only")
    if not -len(value) <= index < len(value):
        raise FunctionFailure("The array has no such element")
    return value[index]


def _index(value: Any, arguments: list[Any]) -> Any:
    if len(arguments) != 1 or not isinstance(arguments[0], int):
        raise FunctionFailure("index() takes one whole number")
    return _at(value, arguments[0])


_FUNCTIONS: Final[dict[str, Callable[[Any, list[Any]], Any]]] = {
    "length": _length,
    "size": _length,
    "min": _min,
    "max": _max,
    "avg": _avg,
    "sum": _sum,
    "stddev": _stddev,
    "concat": _concat,
    "keys": _keys,
    "append": _append,
    "first": lambda value, arguments: _at(value, 0),
    "last": lambda value, arguments: _at(value, -1),
    "index": _index,
}
