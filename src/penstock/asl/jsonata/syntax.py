"""The parts of a parsed expression, and the texts they are read from."""

from __future__ import annotations

import math
from typing import Any, Final

from penstock.asl.jsonata.faults import JsonataFault


class Node:
    """One node of the syntax tree; `type` says which of the other fields mean something. A field that is not set is
    None, and costs nothing: most nodes have three."""

    ancestor: Any = None
    arguments: Any = None
    body: Any = None
    condition: Any = None
    consarray: Any = None
    delete: Any = None
    else_: Any = None
    expression: Any = None
    expressions: Any = None
    flags: Any = None
    focus: Any = None
    group: Any = None
    index: Any = None
    keep_array: Any = None
    keep_singleton: Any = None
    label: Any = None
    level: Any = None
    lhs: Any = None
    pairs: Any = None
    pattern: Any = None
    position: Any = None
    predicate: Any = None
    procedure: Any = None
    rhs: Any = None
    seeking: Any = None
    signature: Any = None
    slot: Any = None
    stages: Any = None
    steps: Any = None
    terms: Any = None
    then: Any = None
    thunk: Any = None
    tuple: Any = None
    update: Any = None
    value: Any = None

    def __init__(self, type_: str, **fields: Any) -> None:
        self.type = type_
        self.__dict__.update(fields)

    def __repr__(self) -> str:
        return f"Node({self.__dict__})"


class Token:
    """`kind` is `name`, `variable`, `operator`, `string`, `number`, `value`, `regex` or `end`."""

    __slots__ = ("kind", "position", "value")

    def __init__(self, kind: str, value: Any, position: int) -> None:
        self.kind = kind
        self.value = value
        self.position = position


SINGLE: Final = frozenset(".[]{}(),@#;:?+-*/%|=<>^&!~")
DOUBLE: Final = frozenset(("..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"))
_BLANKS: Final = frozenset(" \t\n\r\v")
_ESCAPES: Final = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_DIGITS: Final = frozenset("0123456789")

MAX_INT64: Final = 2**63 - 1


class Lexer:
    """Tokens one at a time: whether `/` divides or begins a regular expression depends on what stands before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def next(self, *, infix: bool) -> Token | None:
        """The next token, or None at the end. `infix`: an operator may stand here."""
        text = self.text
        self._skip()
        start = self.position
        if start >= len(text):
            return None
        char = text[start]
        if char == "/" and not infix:
            return self._regex()
        if text[start : start + 2] in DOUBLE:
            self.position += 2
            return Token("operator", text[start : start + 2], start)
        if char in SINGLE:
            if char in "!~":
                raise JsonataFault("S0204", position=start, token=char)
            self.position += 1
            return Token("operator", char, start)
        if char in "\"'":
            return self._string(char)
        if char in _DIGITS:
            number = self._number()
            if number is not None:
                return number
        if char == "`":
            return self._quoted_name()
        return self._name()

    def _skip(self) -> None:
        text = self.text
        while self.position < len(text):
            if text[self.position] in _BLANKS:
                self.position += 1
            elif text.startswith("/*", self.position):
                end = text.find("*/", self.position + 2)
                if end < 0:
                    raise JsonataFault("S0106", position=self.position)
                self.position = end + 2
            else:
                return

    def _regex(self) -> Token:
        text, start = self.text, self.position
        position = start + 1
        depth = 0
        while position < len(text):
            char = text[position]
            if char == "/" and depth == 0 and not self._is_escaped(position):
                pattern = text[start + 1 : position]
                if not pattern:
                    raise JsonataFault("S0301", position=position)
                position += 1
                flags = position
                while position < len(text) and text[position] in "im":
                    position += 1
                self.position = position
                return Token("regex", (pattern, text[flags:position]), start)
            if char in "([{" and text[position - 1] != "\\":
                depth += 1
            elif char in ")]}" and text[position - 1] != "\\":
                depth -= 1
            position += 1
        raise JsonataFault("S0302", position=position)

    def _is_escaped(self, position: int) -> bool:
        count = 0
        while self.text[position - 1 - count] == "\\":
            count += 1
        return count % 2 == 1

    def _string(self, quote: str) -> Token:
        text, start = self.text, self.position
        position = start + 1
        parts: list[str] = []
        while position < len(text):
            char = text[position]
            if char == "\\":
                position += 1
                escaped = text[position : position + 1]
                if escaped == "u":
                    digits = text[position + 1 : position + 5]
                    if len(digits) != 4 or not all(d in "0123456789abcdefABCDEF" for d in digits):
                        raise JsonataFault("S0104", position=position)
                    parts.append(chr(int(digits, 16)))
                    position += 4
                elif escaped in _ESCAPES and escaped:
                    parts.append(_ESCAPES[escaped])
                else:
                    raise JsonataFault("S0103", position=position, token=escaped)
            elif char == quote:
                self.position = position + 1
                return Token("string", _join_surrogates("".join(parts)), start)
            else:
                parts.append(char)
            position += 1
        raise JsonataFault("S0101", position=position)

    def _number(self) -> Token | None:
        text, start = self.text, self.position
        position = start + 1
        if text[start] != "0":
            while position < len(text) and text[position] in _DIGITS:
                position += 1
        integral = True
        if text[position : position + 1] == "." and text[position + 1 : position + 2] in _DIGITS:
            integral = False
            position += 1
            while position < len(text) and text[position] in _DIGITS:
                position += 1
        if text[position : position + 1] in ("e", "E"):
            ahead = position + 1
            if text[ahead : ahead + 1] in ("+", "-"):
                ahead += 1
            if text[ahead : ahead + 1] in _DIGITS:
                integral = False
                position = ahead
                while position < len(text) and text[position] in _DIGITS:
                    position += 1
        word = text[start:position]
        self.position = position
        value: int | float
        if integral and len(word) <= 19 and int(word) <= MAX_INT64:
            value = int(word)
        else:
            value = float(word)
            if not math.isfinite(value):
                raise JsonataFault("S0102", position=start, token=word)
            if value.is_integer() and abs(value) <= 2**53:
                value = int(value)
        return Token("number", value, start)

    def _quoted_name(self) -> Token:
        start = self.position
        end = self.text.find("`", start + 1)
        if end < 0:
            raise JsonataFault("S0105", position=len(self.text))
        self.position = end + 1
        return Token("name", self.text[start + 1 : end], start)

    def _name(self) -> Token:
        text, start = self.text, self.position
        position = start
        while position < len(text) and text[position] not in _BLANKS and text[position] not in SINGLE:
            position += 1
        word = text[start:position]
        self.position = position
        if word.startswith("$"):
            return Token("variable", word[1:], start)
        if word in ("or", "in", "and"):
            return Token("operator", word, start)
        if word in ("true", "false", "null"):
            return Token("value", {"true": True, "false": False, "null": None}[word], start)
        return Token("name", word, start)


def _join_surrogates(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text
