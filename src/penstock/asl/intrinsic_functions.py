"""What each intrinsic function does with its arguments' values."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from penstock.asl.equality import equal
from penstock.asl.javatext import JavaRandom, to_string
from penstock.asl.scope import MOST_BYTES, TooLarge
from penstock.clock import Entropy
from penstock.errors import JsonError
from penstock.jsontools import dumps_text, loads

MAX_CHARACTERS: Final = 10_000
"""Longest text that Base64Encode, Base64Decode and Hash take (Developer Guide)."""

MAX_RANGE: Final = 1_000
"""Most elements ArrayRange makes (Developer Guide)."""


class IntrinsicProblem(Exception):
    """A function refuses its arguments; the text says why."""


@dataclass(frozen=True, slots=True)
class Function:
    """`least` and `most` count arguments; with `needs_entropy`, `apply` is given an Entropy before them."""

    apply: Callable[..., Any]
    least: int
    most: int
    needs_entropy: bool = False


def _round(value: Any, what: str) -> int:
    """Java's Math.round: floor(x + 0.5), and the nearest long for what is beyond them."""
    if type(value) is not int and type(value) is not float:
        raise IntrinsicProblem(f"{what} must be a number")
    rounded = value if type(value) is int else math.floor(value + 0.5)
    return max(-(2**63), min(rounded, 2**63 - 1))


def _text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise IntrinsicProblem(f"{what} must be a string")
    return value


def _array(value: Any, what: str) -> list[Any]:
    if type(value) is not list:
        raise IntrinsicProblem(f"{what} must be an array")
    return value


def _format(template: Any, *arguments: Any) -> str:
    text = _text(template, "The first argument")
    pieces = format_pieces(text)
    if len(pieces) - 1 != len(arguments):
        raise placeholder_problem(len(pieces) - 1, len(arguments))
    parts = [pieces[0]]
    length = 0
    for piece, argument in zip(pieces[1:], arguments, strict=True):
        parts.append(argument if type(argument) is str else to_string(argument))
        length += len(parts[-1])
        if length > MOST_BYTES:
            raise TooLarge
        parts.append(piece)
    return "".join(parts)


def placeholder_problem(places: int, arguments: int) -> IntrinsicProblem:
    return IntrinsicProblem(f"The number of placeholders ({places}) differs from the number of arguments ({arguments})")


def format_pieces(template: str) -> list[str]:
    """The texts between a Format template's `{}`s, unescaped."""
    if "\\" not in template:
        return template.split("{}")
    pieces: list[str] = []
    current: list[str] = []
    position = 0
    while position < len(template):
        pair = template[position : position + 2]
        if pair == "{}":
            pieces.append("".join(current))
            current = []
            position += 2
            continue
        if pair in ("\\'", "\\{", "\\}", "\\\\"):
            position += 1
        current.append(template[position])
        position += 1
    pieces.append("".join(current))
    return pieces


def _string_to_json(text: Any) -> Any:
    text = _text(text, "The argument")
    if not text.strip(" \t\r\n"):
        return None  # recorded: "" and " " give null
    try:
        value = loads(text)
    except JsonError as error:
        raise IntrinsicProblem(f"The argument is not a valid JSON text: {error}") from None
    return 0 if type(value) is float and value == 0 and text.strip() == "-0" else value


def _json_to_string(value: Any) -> str:
    return dumps_text(value)


def _partition(items: Any, size: Any) -> list[Any]:
    items = _array(items, "The first argument")
    width = _round(size, "The second argument")
    if width <= 0:
        raise IntrinsicProblem("The second argument must be a positive number")
    return [items[start : start + width] for start in range(0, len(items), width)]


def _contains(items: Any, wanted: Any) -> bool:
    return any(equal(item, wanted) for item in _array(items, "The first argument"))


def _range(first: Any, last: Any, step: Any) -> list[int]:
    start, stop, stride = (
        _round(first, "The first argument"),
        _round(last, "The second argument"),
        _round(step, "The third argument"),
    )
    if stride == 0:
        raise IntrinsicProblem("The step must not be 0")
    if (stop - start) // stride >= MAX_RANGE:  # counted so, since a range over 2**63 elements has no len()
        raise IntrinsicProblem(f"The range holds more than {MAX_RANGE} elements")
    return list(range(start, stop + (1 if stride > 0 else -1), stride))


def _get_item(items: Any, index: Any) -> Any:
    items = _array(items, "The first argument")
    position = _round(index, "The second argument")
    if not 0 <= position < len(items):
        raise IntrinsicProblem(f"The index {position} is outside the array, which has {len(items)} elements")
    return items[position]


def _unique(items: Any) -> list[Any]:
    kept: dict[Any, Any] = {}
    for item in _array(items, "The argument"):
        # Equal JSON is one element; 1 and 1.1, 1 and true, 1 and "1" are not.
        key = (type(item), item) if not isinstance(item, (dict, list)) else ("json", _canonical(item))
        kept.setdefault(key, item)
    return list(kept.values())


def _canonical(value: Any) -> str:
    """A text that is the same for equal values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True)


def _length(items: Any) -> int:
    return len(_array(items, "The argument"))


def _limited(value: Any, what: str) -> str:
    text = _text(value, what)
    if len(text) > MAX_CHARACTERS:
        raise IntrinsicProblem(f"{what} must not be longer than {MAX_CHARACTERS} characters")
    return text


def _base64_encode(text: Any) -> str:
    return base64.b64encode(_limited(text, "The argument").encode("utf-8", "replace")).decode("ascii")


def _base64_decode(text: Any) -> str:
    try:
        return base64.b64decode(_limited(text, "The argument"), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise IntrinsicProblem("The argument is not valid Base64") from None


_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


def _hash(value: Any, algorithm: Any) -> str:
    text = value if type(value) is str else dumps_text(value)
    text = _limited(text, "The first argument")
    name = _text(algorithm, "The second argument")
    if name not in _ALGORITHMS:
        raise IntrinsicProblem(f"The algorithm must be one of {', '.join(_ALGORITHMS)}")
    digest: str = hashlib.new(_ALGORITHMS[name], text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    return digest


def _merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    if type(first) is not dict or type(second) is not dict:
        raise IntrinsicProblem("The first two arguments must be objects")
    if type(deep) is not bool:
        raise IntrinsicProblem("The third argument must be a boolean")
    if deep:
        raise IntrinsicProblem("Deep merging is not supported: the third argument must be false")
    return {**first, **second}


def _add(a: Any, b: Any) -> int:
    if type(a) is int and type(b) is int:
        return a + b
    return _round(a, "The first argument") + _round(b, "The second argument")


def _random(entropy: Entropy, start: Any, end: Any, *seed: Any) -> int:
    low, high = _round(start, "The first argument"), _round(end, "The second argument")
    if high <= low:
        raise IntrinsicProblem("The end must be greater than the start")
    if seed:
        return low + JavaRandom(_round(seed[0], "The third argument")).next_below(high - low)
    return entropy.randrange(low, high)


def _split(text: Any, delimiters: Any) -> list[str]:
    text = _text(text, "The first argument")
    separators = _text(delimiters, "The second argument")
    if len(separators) == 1:
        return [token for token in text.split(separators) if token]
    # Recorded: each character of the second argument separates, and empty tokens are dropped (StringTokenizer).
    table = dict.fromkeys(map(ord, separators), "\0")
    if "\0" in text and "\0" not in separators:
        return _split_slowly(text, set(separators))
    return [token for token in text.translate(table).split("\0") if token]


def _split_slowly(text: str, separators: set[str]) -> list[str]:
    tokens: list[str] = []
    start = 0
    for position, char in enumerate(text + next(iter(separators), "")):
        if char in separators:
            if position > start:
                tokens.append(text[start:position])
            start = position + 1
    return tokens if separators else [text]


MANY: Final = 1_000_000

FUNCTIONS: Final[dict[str, Function]] = {
    "States.Array": Function(lambda *items: list(items), 0, MANY),
    "States.ArrayContains": Function(_contains, 2, 2),
    "States.ArrayGetItem": Function(_get_item, 2, 2),
    "States.ArrayLength": Function(_length, 1, 1),
    "States.ArrayPartition": Function(_partition, 2, 2),
    "States.ArrayRange": Function(_range, 3, 3),
    "States.ArrayUnique": Function(_unique, 1, 1),
    "States.Base64Decode": Function(_base64_decode, 1, 1),
    "States.Base64Encode": Function(_base64_encode, 1, 1),
    "States.Format": Function(_format, 1, MANY),
    "States.Hash": Function(_hash, 2, 2),
    "States.JsonMerge": Function(_merge, 3, 3),
    "States.JsonToString": Function(_json_to_string, 1, 1),
    "States.MathAdd": Function(_add, 2, 2),
    "States.MathRandom": Function(_random, 2, 3, needs_entropy=True),
    "States.StringSplit": Function(_split, 2, 2),
    "States.StringToJson": Function(_string_to_json, 1, 1),
    "States.UUID": Function(lambda entropy: entropy.uuid4(), 0, 0, needs_entropy=True),
}
