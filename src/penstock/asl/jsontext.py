"""Parsing a definition's JSON strictly, with AWS's (Jackson's) words for what is wrong with it.

The parse itself is CPython's. What Jackson refuses and CPython does not (a key twice, NaN, 1e999) is caught on the way;
what both refuse is put into Jackson's words afterwards, from the place where CPython stopped.
"""

from __future__ import annotations

import json
import re
from typing import Any

from penstock.asl.positions import Lines
from penstock.asl.problems import SCHEMA
from penstock.diagnostics import Diagnostic, Source, Span
from penstock.jsontools import MAX_DEPTH, Json, depth_exceeds

SYNTAX = "INVALID_JSON_DESCRIPTION"

_ANY = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
_TOKEN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_STRUCTURE = re.compile(_STRING + r"|[\[\]{}]", re.DOTALL)
_PAIR_OR_STRUCTURE = re.compile("(" + _STRING + r")\s*(:)?|[\[\]{}]", re.DOTALL)
_UNUSUAL = re.compile(_STRING + r"|-?\b(?:NaN|Infinity)\b|-?[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?", re.DOTALL)


def parse(source: Source) -> tuple[Json, list[Diagnostic]]:
    """The value and what is wrong with the text; the value is None where there is none to be had."""
    if not source.text.strip(" \t\r\n"):
        return None, [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    strict = _Strict()
    try:
        value: Json = json.loads(
            source.text,
            object_pairs_hook=strict.pairs,
            parse_constant=strict.constant,
            parse_float=strict.number,
        )
    except json.JSONDecodeError as error:
        return None, [_syntax(source, error)]
    except RecursionError:
        return None, [_too_deep(source)]
    except ValueError:  # an integer of more digits than CPython converts (4,300)
        return None, _unusual(source)
    problems: list[Diagnostic] = []
    if strict.twice:
        problems += _duplicates(source)
    if strict.unusual:
        problems += _unusual(source)
    if depth_exceeds_fast(source.text, value):
        return None, [_too_deep(source)]
    return (None if problems else value), problems


def depth_exceeds_fast(text: str, value: Json) -> bool:
    """Whether `value` nests too deeply; a text with few opening brackets cannot, and needs no walk."""
    return text.count("{") + text.count("[") > MAX_DEPTH and depth_exceeds(value, MAX_DEPTH)


class _Strict:
    def __init__(self) -> None:
        self.twice = False
        self.unusual = False

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            self.twice = True
        return result

    def constant(self, _: str) -> float:
        self.unusual = True
        return 0.0

    def number(self, text: str) -> float:
        value = float(text)
        if value in (float("inf"), float("-inf")):
            self.unusual = True
        return value


def _where(lines: Lines, offset: int) -> str:
    """Jackson's own words for a place; it shows at most 500 characters of the text."""
    line, column = lines.place(offset)
    text = lines.source.text
    shown = f'"{text}"' if len(text) <= 500 else f'"{text[:500]}"[truncated {len(text) - 500} chars]'
    return f"[Source: (String){shown}; line: {line}, column: {column}]"


def _refused(lines: Lines, message: str, offset: int, span: Span) -> Diagnostic:
    where = _where(lines, offset)
    return Diagnostic(SYNTAX, f"{message}\n at {where}", location=where, span=span)


def _too_deep(source: Source) -> Diagnostic:
    return Diagnostic(
        SYNTAX,
        f"The definition is nested deeper than {MAX_DEPTH} levels; flatten it.",
        span=Lines(source).span(0, 1),
    )


def _syntax(source: Source, error: json.JSONDecodeError) -> Diagnostic:
    text, offset = source.text, error.pos
    lines = Lines(source)
    if error.msg.startswith("Unterminated string") or offset >= len(text):
        end = len(text)
        message = (
            "Unexpected end-of-input: was expecting closing quote for a string value"
            if error.msg.startswith("Unterminated string")
            else _unclosed(lines)
        )
        start = offset if error.msg.startswith("Unterminated string") else max(0, len(text.rstrip()) - 1)
        return _refused(lines, message, end, lines.span(start, start + 1))
    char = text[offset]
    shown = f"'{char}' (code {ord(char)})"
    span = lines.span(offset, offset + 1)
    if error.msg.startswith("Invalid control character"):
        message = (
            f"Illegal unquoted character ((CTRL-CHAR, code {ord(char)})): "
            "has to be escaped using backslash to be included in string value"
        )
        return _refused(lines, message, offset + 1, span)
    if "escape" in error.msg:
        escaped = text[offset + 1 : offset + 2] or char
        message = f"Unrecognized character escape '{escaped}' (code {ord(escaped)})"
        return _refused(lines, message, offset + 2, lines.span(offset, offset + 2))
    if error.msg.startswith("Expecting property name"):
        message = f"Unexpected character ({shown}): was expecting double-quote to start field name"
    elif error.msg.startswith("Expecting ':'"):
        message = f"Unexpected character ({shown}): was expecting a colon to separate field name and value"
    elif error.msg.startswith("Expecting ','"):
        container = _innermost(text, offset)
        if char in "}]":
            message = f"Unexpected close marker '{char}': expected '{']' if char == '}' else '}'}'"
        else:
            message = f"Unexpected character ({shown}): was expecting comma to separate {container} entries"
    elif error.msg.startswith("Extra data"):
        message = f"Unexpected character ({shown}): nothing may follow the definition's closing brace"
    elif match := _TOKEN.match(text, offset):
        message = f"Unrecognized token '{match.group()}': was expecting ({_ANY})"
        return _refused(lines, message, match.end(), lines.span(offset, match.end()))
    else:
        message = f"Unexpected character ({shown}): expected a valid value ({_ANY})"
    return _refused(lines, message, offset + 1, span)


def _open(text: str, end: int) -> list[tuple[str, int]]:
    stack: list[tuple[str, int]] = []
    for match in _STRUCTURE.finditer(text, 0, end):
        token = match.group()
        if token in "{[":
            stack.append((token, match.start()))
        elif token in "}]" and stack:
            stack.pop()
    return stack


def _innermost(text: str, offset: int) -> str:
    stack = _open(text, offset)
    return "Array" if stack and stack[-1][0] == "[" else "Object"


def _unclosed(lines: Lines) -> str:
    text = lines.source.text
    stack = _open(text, len(text))
    if not stack:
        return "Unexpected end-of-input"
    opening, offset = stack[-1]
    kind = "Array" if opening == "[" else "Object"
    marker = _where(lines, offset)
    return f"Unexpected end-of-input: expected close marker for {kind} (start marker at {marker})"


def _duplicates(source: Source) -> list[Diagnostic]:
    """Every key that stands twice in one object, at its second place."""
    lines = Lines(source)
    found: list[Diagnostic] = []
    stack: list[set[str]] = []
    for match in _PAIR_OR_STRUCTURE.finditer(source.text):
        token = match.group(1)
        if token is None:
            if match.group() in "{[":
                stack.append(set())
            else:
                stack.pop()
        elif match.group(2):
            key = json.loads(token)
            if key in stack[-1]:
                message = f"Duplicate field {_quoted(key)}"
                found.append(_refused(lines, message, match.end(1), lines.span(match.start(1), match.end(1))))
            stack[-1].add(key)
    return found


def _quoted(key: str) -> str:
    return f"'{key}'"


def _unusual(source: Source) -> list[Diagnostic]:
    """NaN, Infinity and numbers too large for the JSON model."""
    lines = Lines(source)
    found = []
    for match in _UNUSUAL.finditer(source.text):
        token = match.group()
        if token[0] == '"':
            continue
        span = lines.span(match.start(), match.end())
        if token.lstrip("-") in ("NaN", "Infinity"):
            found.append(_refused(lines, f"Non-standard token '{token}': JSON has no such number", match.end(), span))
        elif len(token) > 4300 or float(token) in (float("inf"), float("-inf")):
            message = f"Numeric value ({token[:20]}{'…' if len(token) > 20 else ''}) out of range"
            found.append(_refused(lines, message, match.end(), span))
    return found
