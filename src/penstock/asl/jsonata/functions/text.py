"""Functions of texts."""

from __future__ import annotations

import base64
import binascii
import math
import re
import urllib.parse
from typing import Any, Final

import orjson

from penstock.asl.jsonata.calls import Call
from penstock.asl.jsonata.faults import InternalFault, JsonataFault
from penstock.asl.jsonata.values import UNDEFINED, Function, Match, Regex, Sequence, check_text, is_number


def number_text(value: int | float) -> str:
    """A number as JavaScript writes it: 15 digits of a fraction, an exponent from 1e21 on and below 1e-6."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**21 else number_text(float(value))
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    if not value.is_integer():
        value = float(f"{value:.15g}")
    digits, _, exponent_text = f"{value!r}".partition("e")
    sign = "-" if digits.startswith("-") else ""
    digits = digits.lstrip("-")
    whole, _, fraction = digits.partition(".")
    if fraction == "0":
        fraction = ""
    point = len(whole) + int(exponent_text or 0)
    figures = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(figures) if whole + fraction != figures else 0
    stripped = figures.rstrip("0")
    if 0 < point <= 21:
        if len(stripped) <= point:
            return f"{sign}{stripped.ljust(point, '0')}"
        return f"{sign}{stripped[:point]}.{stripped[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{stripped}"
    power = point - 1
    mantissa = stripped if len(stripped) == 1 else f"{stripped[0]}.{stripped[1:]}"
    return f"{sign}{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"


def to_string(value: Any, pretty: Any = False) -> Any:
    """`$string`."""
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, str):
        return value
    if isinstance(value, Function):
        return ""
    if is_number(value):
        return number_text(value)
    parts: list[str] = []
    _write(value, parts, "\n" if pretty is True else None)
    text = "".join(parts)
    check_text(len(text))
    return text


def _write(value: Any, parts: list[str], indent: str | None) -> None:
    if isinstance(value, str):
        parts.append(_quoted(value))
    elif value is None or value is UNDEFINED:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, (int, float)):
        parts.append(number_text(value))
    elif isinstance(value, Function):
        parts.append('""')
    else:
        _write_container(value, parts, indent)


def _write_container(value: Any, parts: list[str], indent: str | None) -> None:
    is_object = isinstance(value, dict)
    opening, closing = ("{", "}") if is_object else ("[", "]")
    if not value:
        parts.append(opening + closing)
        return
    inner = None if indent is None else indent + "  "
    parts.append(opening)
    for position, key in enumerate(value):
        if position:
            parts.append(",")
        if inner is not None:
            parts.append(inner)
        if is_object:
            parts.append(_quoted(key))
            parts.append(":" if inner is None else ": ")
        _write(value[key] if is_object else key, parts, inner)
    if indent is not None:
        parts.append(indent)
    parts.append(closing)


def _quoted(text: str) -> str:
    try:
        return orjson.dumps(text).decode()
    except TypeError:  # a lone surrogate
        import json

        return json.dumps(text)


def string(call: Call, value: Any, pretty: Any = UNDEFINED) -> Any:
    if type(value) is Sequence and value.outer:
        value = value[0]  # the whole input, where it is an array
    return to_string(value, pretty)


def substring(call: Call, text: Any, start: Any, length: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if start is UNDEFINED:
        return text if length is UNDEFINED else ""
    begin = math.trunc(start)
    if len(text) + begin < 0:
        begin = 0
    if length is UNDEFINED:
        return text[begin:]
    if length <= 0:
        return ""
    end = begin + length if begin >= 0 else len(text) + begin + length
    return text[begin : math.trunc(end)]


def substring_before(call: Call, text: Any, chars: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    position = -1 if chars is UNDEFINED else text.find(chars)
    return text[:position] if position > -1 else text


def substring_after(call: Call, text: Any, chars: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    position = -1 if chars is UNDEFINED else text.find(chars)
    return text[position + len(chars) :] if position > -1 else text


def lowercase(call: Call, text: Any) -> Any:
    return text if text is UNDEFINED else text.lower()


def uppercase(call: Call, text: Any) -> Any:
    return text if text is UNDEFINED else text.upper()


def length(call: Call, text: Any) -> Any:
    return text if text is UNDEFINED else len(text)


_BLANKS: Final = re.compile(r"[ \t\n\r]+")


def trim(call: Call, text: Any) -> Any:
    return text if text is UNDEFINED else _BLANKS.sub(" ", text).strip(" ")


def pad(call: Call, text: Any, width: Any, char: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if width is UNDEFINED:
        return text
    filler = " " if char is UNDEFINED or char == "" else char
    missing = math.trunc(abs(width)) - len(text)
    if missing <= 0:
        return text
    check_text(missing + len(text))
    padding = (filler * (missing // len(filler) + 1))[:missing]
    return text + padding if width > 0 else padding + text


# -- matching ----------------------------------------------------------------------------------------------------------


def matches_of(call: Call, text: str, matcher: Any, limit: int | None = None) -> list[Match]:
    """All matches of a regular expression or of a matcher function."""
    if isinstance(matcher, Regex):
        found = matcher.find_all(text)
        return found if limit is None else found[:limit]
    matches: list[Match] = []
    result = call.apply(matcher, [text])
    while result is not UNDEFINED and (limit is None or len(matches) < limit):
        fits = (
            isinstance(result, dict)
            and (is_number(result.get("start")) or is_number(result.get("end")))
            and isinstance(result.get("groups"), list)
            and isinstance(result.get("next"), Function)
        )
        if not fits:
            raise JsonataFault("T1010", token=call.name)
        match = Match(str(result.get("match", "")), int(result.get("start", 0)), result["groups"])
        match.end = int(result.get("end", match.end))
        matches.append(match)
        result = call.apply(result["next"], [])
    return matches


def match(call: Call, text: Any, matcher: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataFault("D3040", value=limit, index=3)
    found = matches_of(call, text, matcher, None if limit is UNDEFINED else math.ceil(limit))
    return Sequence({"match": m.text, "index": m.start, "groups": m.groups} for m in found)


def contains(call: Call, text: Any, token: Any) -> Any:
    if text is UNDEFINED or token is UNDEFINED:
        return UNDEFINED
    return token in text if isinstance(token, str) else bool(matches_of(call, text, token, 1))


def split(call: Call, text: Any, separator: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataFault("D3020", value=limit, index=3)
    if isinstance(separator, str):
        parts = text.split(separator) if separator else list(text)
    else:
        parts = []
        start = 0
        for found in matches_of(call, text, separator):
            parts.append(text[start : found.start])
            start = found.end
        parts.append(text[start:])
    return parts if limit is UNDEFINED else parts[: math.floor(limit)]


def replace(call: Call, text: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataFault("D3010", value=pattern, index=2)
    if limit is not UNDEFINED and limit < 0:
        raise JsonataFault("D3011", value=limit, index=4)
    count = None if limit is UNDEFINED else math.ceil(limit)
    if isinstance(pattern, str):
        if not isinstance(replacement, str):
            raise JsonataFault("T0410", token="replace", index=3, value=replacement)
        result = text.replace(pattern, replacement, -1 if count is None else count)
        check_text(len(result))
        return result
    return _replace_matches(call, text, pattern, replacement, count)


def _replace_matches(call: Call, text: str, pattern: Any, replacement: Any, count: int | None) -> str:
    parts: list[str] = []
    start = size = 0
    for found in matches_of(call, text, pattern, count):
        if found.start == found.end:
            raise JsonataFault("D1004", value=found.text)
        parts.append(text[start : found.start])
        if isinstance(replacement, str):
            new: Any = _expanded(replacement, found)
        else:
            new = call.apply(replacement, [{"match": found.text, "index": found.start, "groups": found.groups,
                                            "start": found.start, "end": found.end}])  # fmt: skip
            if not isinstance(new, str):
                raise JsonataFault("D3012", value=new)
        parts.append(new)
        size += len(new)
        check_text(size)
        start = found.end
    parts.append(text[start:])
    return "".join(parts)


def _expanded(replacement: str, found: Match) -> str:
    """`$$`, `$0` and `$1`… in a replacement. `$12` means group 12 only where there are so many groups."""
    parts: list[str] = []
    position = 0
    while (index := replacement.find("$", position)) != -1 and position < len(replacement):
        parts.append(replacement[position:index])
        position = index + 1
        after = replacement[position : position + 1]
        if after == "$":
            parts.append("$")
            position += 1
        elif after == "0":
            parts.append(found.text)
            position += 1
        else:
            digits = 1 if not found.groups else math.floor(math.log10(len(found.groups))) + 1
            number = re.match(r"[0-9]+", replacement[position : position + digits])
            chosen = int(number.group()) if number else None
            if digits > 1 and chosen is not None and chosen > len(found.groups):
                number = re.match(r"[0-9]+", replacement[position : position + digits - 1])
                chosen = int(number.group()) if number else None
            if chosen is None:
                parts.append("$")
            else:
                if found.groups and 0 < chosen <= len(found.groups):
                    group = found.groups[chosen - 1]
                    parts.append(group if isinstance(group, str) else "")
                position += len(str(chosen))
    parts.append(replacement[position:])
    return "".join(parts)


def join(call: Call, texts: Any, separator: Any) -> Any:
    if texts is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    check_text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


# -- encodings ---------------------------------------------------------------------------------------------------------


def base64_encode(call: Call, text: Any) -> Any:
    """Of the UTF-8 bytes. The reference takes characters for bytes, which fails over U+00FF; AWS's is not measured."""
    return UNDEFINED if text is UNDEFINED else base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


def base64_decode(call: Call, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    padding = "" if "=" in text else "=" * (-len(text) % 4)  # as atob has it, the end may be left out
    try:
        data = base64.b64decode(text + padding, validate=True)
    except (binascii.Error, ValueError):
        raise InternalFault("not Base64") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


_COMPONENT: Final = "!'()*~-_."
_URL: Final = _COMPONENT + ";/?:@&=+$,#"


def _encoded(name: str, text: Any, safe: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    try:
        return urllib.parse.quote(text, safe=safe, errors="strict")
    except UnicodeEncodeError:
        raise JsonataFault("D3140", raw=name, value=text) from None


def encode_url_component(call: Call, text: Any) -> Any:
    return _encoded("encodeUrlComponent", text, _COMPONENT)


def encode_url(call: Call, text: Any) -> Any:
    return _encoded("encodeUrl", text, _URL)


_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")


def _decoded(name: str, text: Any, keep: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if _BAD_ESCAPE.search(text):
        raise JsonataFault("D3140", raw=name, value=text)
    protected = re.sub(
        r"%([0-9a-fA-F]{2})", lambda m: f"%25{m[1]}" if chr(int(m[1], 16)) in keep else m[0], text
    ) if keep else text  # fmt: skip
    try:
        return urllib.parse.unquote(protected, errors="strict")
    except UnicodeDecodeError:
        raise JsonataFault("D3140", raw=name, value=text) from None


def decode_url_component(call: Call, text: Any) -> Any:
    return _decoded("decodeUrlComponent", text, "")


def decode_url(call: Call, text: Any) -> Any:
    return _decoded("decodeUrl", text, ";/?:@&=+$,#")
