"""Functions of numbers, dates and times."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from penstock.asl.jsonata.calls import Call
from penstock.asl.jsonata.delegate import delegate
from penstock.asl.jsonata.faults import InternalFault, JsonataFault, LimitFault
from penstock.asl.jsonata.values import UNDEFINED, is_number, normal

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")


def total(call: Call, numbers: Any) -> Any:
    if numbers is UNDEFINED:
        return UNDEFINED
    return _plain(sum(numbers))


def _plain(number: Any) -> Any:
    if isinstance(number, int):
        return number if -(2**53) <= number <= 2**53 else normal(float(number))
    return normal(number)


def maximum(call: Call, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else max(numbers)


def minimum(call: Call, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else min(numbers)


def average(call: Call, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else normal(sum(numbers) / len(numbers))


def number(call: Call, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, bool):
        return int(value)
    if is_number(value):
        return value
    if isinstance(value, str):
        if len(value) <= 1_000 and _NUMBER.fullmatch(value):
            result = float(value)
            if math.isfinite(result):
                return int(value) if value.lstrip("-").isdigit() and abs(int(value)) < 2**63 else normal(result)
        elif re.fullmatch(r"0[xX][0-9A-Fa-f]{1,256}|0[oO][0-7]{1,340}|0[bB][01]{1,1024}", value):
            return _plain(int(value, 0))
    raise JsonataFault("D3030", value=value, index=1)


def absolute(call: Call, value: Any) -> Any:
    return value if value is UNDEFINED else abs(value)


def floor(call: Call, value: Any) -> Any:
    return value if value is UNDEFINED or not math.isfinite(value) else _plain(math.floor(value))


def ceil(call: Call, value: Any) -> Any:
    return value if value is UNDEFINED or not math.isfinite(value) else _plain(math.ceil(value))


def round_(call: Call, value: Any, precision: Any) -> Any:
    """Half to even, on the number's decimal digits."""
    if value is UNDEFINED or not math.isfinite(value):
        return value
    places = 0 if precision is UNDEFINED else int(precision)
    if not -400 < places < 400:
        return value if places > 0 else 0
    try:
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        return value
    return normal(float(rounded))


def sqrt(call: Call, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if value < 0:
        raise JsonataFault("D3060", index=1, value=value)
    return normal(math.sqrt(value))


def power(call: Call, value: Any, exponent: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if exponent is UNDEFINED:
        raise JsonataFault("D3061", index=1, value=value, exp=None)
    try:
        result = float(value) ** exponent
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if isinstance(result, complex) or not math.isfinite(result):
        raise JsonataFault("D3061", index=1, value=value, exp=exponent)
    return normal(result)


def _double(value: Any) -> Any:
    return value if -(2**53) <= value <= 2**53 else float(value)


MAX_PICTURE: Final = 1_000
"""Ours: characters of a picture, and what a width in one may be. jsonatapy takes seconds over a longer one, and panics
over more figures than it can format."""

_YEAR_FIGURES: Final = 18
"""What the power of ten that cuts off a year may have as its exponent: jsonatapy's overflows after that."""


def _refuse_long(picture: Any) -> None:
    if isinstance(picture, str) and len(picture) > MAX_PICTURE:
        raise LimitFault(None, "Expression evaluation time limit exceeded")


def format_number(call: Call, value: Any, picture: Any, options: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    _refuse_long(picture)
    if options is UNDEFINED:
        return delegate("$formatNumber($n, $p)", {"n": _double(value), "p": picture})
    return delegate("$formatNumber($n, $p, $o)", {"n": _double(value), "p": picture, "o": options})


def format_base(call: Call, value: Any, radix: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    base = 10 if radix is UNDEFINED else round_(call, radix, UNDEFINED)
    if not 2 <= base <= 36:
        raise JsonataFault("D3100", value=base)
    rest = abs(int(round_(call, value, UNDEFINED)))
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    figures: list[str] = []
    while True:
        rest, digit = divmod(rest, base)
        figures.append(digits[digit])
        if rest == 0:
            break
    return ("-" if value < 0 and figures != ["0"] else "") + "".join(reversed(figures))


def format_integer(call: Call, value: Any, picture: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    _refuse_long(picture)
    return delegate("$formatInteger($n, $p)", {"n": _double(math.floor(value)), "p": picture}, value=picture)


def parse_integer(call: Call, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    _refuse_long(picture)
    if _other_figures(picture, text):
        return math.nan
    if ";" in picture and not text[-2:].isascii():
        text = f"{text[:-2]}th"  # an ordinal's last two characters are cut off; jsonatapy cuts bytes, and panics within one
    found = delegate("$parseInteger($s, $p)", {"s": text, "p": picture}, value=picture)
    return math.nan if found is UNDEFINED else found


def from_millis(call: Call, millis: Any, picture: Any, timezone: Any) -> Any:
    if millis is UNDEFINED:
        return UNDEFINED
    bindings: dict[str, Any] = {"m": millis}
    if picture is UNDEFINED and timezone is UNDEFINED:
        return delegate("$fromMillis($m)", bindings)
    if picture is not UNDEFINED:
        _refuse_markers(picture)
    if timezone is UNDEFINED:
        return delegate("$fromMillis($m, $p)", {**bindings, "p": picture})
    if picture is UNDEFINED:
        return delegate("$fromMillis($m, (), $z)", {**bindings, "z": timezone})
    return delegate("$fromMillis($m, $p, $z)", {**bindings, "p": picture, "z": timezone})


_MARKER: Final = re.compile(r"\[([^\]]*)\]")


def _refuse_markers(picture: str) -> None:
    """What jsonatapy panics over, and says so on stderr: markers that begin with no letter, which the reference refuses,
    fractions of a second by name, on which it stumbles, and years of more figures than it can count."""
    _refuse_long(picture)
    for found in _MARKER.finditer(picture.replace("[[", "")):  # `[[` is a bracket to be printed
        marker = "".join(found[1].split())
        if not (marker[:1].isascii() and marker[:1].isalpha()):
            raise JsonataFault("D3132", value=marker[:1])
        if marker[:1] == "f" and marker[1:2] in ("n", "N"):
            raise InternalFault(f"the marker [{marker}]")
        form, _, width = marker.rpartition(",") if "," in marker else (marker, "", "")
        widest = max((int(number[:9]) for number in re.findall("[0-9]+", width)), default=0)
        if widest > MAX_PICTURE:
            raise LimitFault(None, "Expression evaluation time limit exceeded")
        if marker[:1] == "Y" and max(widest, sum(char == "#" or char.isdecimal() for char in form)) > _YEAR_FIGURES:
            raise InternalFault(f"the marker [{marker}]")


def _other_figures(picture: str, text: str) -> bool:
    """Whether a picture has figures beyond ASCII and the text others, or letters: jsonatapy panics over them too.

    It takes every character for a figure of the picture's kind, and panics over what stands before them in Unicode; only
    the commas of a picture that groups with them it takes out first.
    """
    figure = next((char for char in picture if char.isdecimal() and not char.isascii()), None)
    if figure is None:
        return False
    first = ord(figure) - unicodedata.decimal(figure) - ord("0")
    grouped = "," in picture.partition(";")[0]
    return any(
        (char.isalnum() and not char.isdecimal()) or (ord(char) < first and not (grouped and char == ","))
        for char in text
    )


_LONG_S: Final = "\u017f"
"""In Rust a small letter s where case is ignored, unlike in the reference: an ordinal's `st`, over which jsonatapy panics."""


def to_millis(call: Call, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED:
        return delegate("$toMillis($s)", {"s": text}, value=text)
    _refuse_markers(picture)
    if _other_figures(picture, text) or (_LONG_S in text and _LONG_S not in picture):
        return UNDEFINED
    found = delegate("$toMillis($s, $p)", {"s": text, "p": picture})
    return found if found is UNDEFINED else _dated(call, int(found), picture)


_FINER: Final = {"month": 1, "day": 2, "hour": 4, "minute": 5, "second": 6}
"""Where in `MDHhmsf` the parts begin that are finer than this one."""

_MARKERS: Final = re.compile(r"\[\s*([A-Za-z])")


def _dated(call: Call, instant: int, picture: str) -> int:
    """The instant with the parts of the date that the picture lacks taken from this evaluation's time.

    jsonatapy takes them from the machine's clock, which is not the execution's.
    """
    markers = set(_MARKERS.findall(picture))
    if markers & {"Y", "X", "d", "W"}:
        return instant
    today = datetime.fromtimestamp(call.runtime.now(), UTC)
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    lacking = ["year"]
    for part, given in (("month", "M"), ("day", "D"), ("hour", "Hh"), ("minute", "m"), ("second", "s")):
        if markers & set(given) or not markers & set("MDHhmsf"[_FINER[part] :]):
            break
        lacking.append(part)
    try:
        dated = moment.replace(**{part: getattr(today, part) for part in lacking})
    except ValueError:  # 29 February in a year that has none
        return instant
    return round(dated.timestamp() * 1000)


def millis(call: Call) -> Any:
    return int(call.runtime.now() * 1000)


def now(call: Call, picture: Any, timezone: Any) -> Any:
    return from_millis(call, millis(call), picture, timezone)
