"""What Java makes of a value: AWS's interpreter is Java, and it shows in `States.Format` and in random numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from penstock.jsontools import Json


def to_string(value: Json) -> str:
    """`String.valueOf` of a value read by Jackson into Java's own types: `{Arg1=1, Arg2=[]}` (recorded)."""
    if isinstance(value, str):
        return value
    if not isinstance(value, (dict, list)):
        return _scalar(value)
    parts: list[str] = []
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, _Raw):
            parts.append(item.text)
        elif isinstance(item, dict):
            inner: list[Any] = [_Raw("{")]
            for position, (key, element) in enumerate(item.items()):
                inner.extend((_Raw(f"{', ' if position else ''}{key}="), element))
            pending.extend(reversed([*inner, _Raw("}")]))
        elif isinstance(item, list):
            inner = [_Raw("[")]
            for position, element in enumerate(item):
                inner.extend((_Raw(", "), element) if position else (element,))
            pending.extend(reversed([*inner, _Raw("]")]))
        else:
            parts.append(_scalar(item))
    return "".join(parts)


class _Raw:
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    return str(value)


def double_text(value: float) -> str:
    """`Double.toString`: plain from 10^-3 to 10^7, else with an exponent (`1.0E10`)."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else f"{text}.0"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    figures = "".join(map(str, digits)).rstrip("0")
    power = len(digits) - 1 + exponent
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:] or '0'}E{power}"


_MASK: Final = (1 << 48) - 1


class JavaRandom:
    """java.util.Random: the generator its documentation specifies (a 48-bit linear congruence)."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ 0x5DEECE66D) & _MASK

    def _next(self, bits: int) -> int:
        self._state = (self._state * 0x5DEECE66D + 0xB) & _MASK
        return self._state >> (48 - bits)

    def next_double(self) -> float:
        """Uniform in [0, 1)."""
        return ((self._next(26) << 27) + self._next(27)) * 2.0**-53

    def next_below(self, bound: int) -> int:
        """Uniform in [0, bound): `nextInt(bound)` for 31-bit bounds, a scaled `nextDouble()` above."""
        if bound > 0x7FFFFFFF:
            return int(self.next_double() * bound)
        if bound & (bound - 1) == 0:
            return (bound * self._next(31)) >> 31
        while True:
            bits = self._next(31)
            value = bits % bound
            if bits - value + (bound - 1) <= 0x7FFFFFFF:
                return value
