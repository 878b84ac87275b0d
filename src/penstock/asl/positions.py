"""Where the parts of a JSON definition stand in its text, looked up only when a diagnostic asks.

A container is indexed when a place in it is first wanted: its members are skipped with the C scanner, so that a wrong
`Next` in a 1 MiB definition costs a few milliseconds, and a sound definition nothing.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from functools import cached_property
from typing import Any, NamedTuple

from penstock.asl.problems import Focus
from penstock.diagnostics import Source, Span

_BLANK = re.compile(r"[ \t\n\r]*")


class _Member(NamedTuple):
    """Offsets: the key (for an array's items the value itself) and the value, ends exclusive."""

    key_start: int
    key_end: int
    start: int
    end: int


class Lines:
    """Offsets into a text as lines and columns, counted as Source counts them."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def _starts(self) -> list[int]:
        starts, offset = [0], 0
        for line in self.source.text.splitlines(keepends=True):
            offset += len(line)
            starts.append(offset)
        return starts

    def place(self, offset: int) -> tuple[int, int]:
        """1-based line and column of a 0-based offset."""
        line = bisect_right(self._starts, offset)
        if line == len(self._starts) and line > 1 and not self.source.text.endswith("\n"):
            line -= 1
        return line, offset - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        line, column = self.place(start)
        end_line, end_column = self.place(end)
        return Span(self.source, line, column, end_line, end_column)


class JsonPositions:
    """Positions in a JSON text that has been parsed before without fault."""

    def __init__(self, source: Source) -> None:
        self._text = source.text
        self._lines = Lines(source)
        self._members: dict[tuple[str | int, ...], dict[str | int, _Member]] = {}
        # One decoder for all skipping: scan_once gives the end of any value.
        self._scan: Any = vars(json.JSONDecoder())["scan_once"]  # an attribute that the type stubs leave out

    def span(self, keys: tuple[str | int, ...], focus: Focus) -> Span | None:
        """The place, or the nearest one above it that the text has."""
        start = self._skip(0)
        found = _Member(start, start, start, len(self._text.rstrip()))
        for depth, key in enumerate(keys):
            member = self._inside(keys[:depth], found.start).get(key)
            if member is None:
                focus = "key"
                break
            found = member
        if focus == "key" and found.key_end > found.key_start:
            return self._lines.span(found.key_start, found.key_end)
        end = found.end
        if self._text[found.start : found.start + 1] in ("{", "["):
            end = found.start + 1  # a whole object is no place to look at: its first character is
        return self._lines.span(found.start, end)

    def _skip(self, offset: int) -> int:
        match = _BLANK.match(self._text, offset)
        return match.end() if match else offset

    def _inside(self, keys: tuple[str | int, ...], start: int) -> dict[str | int, _Member]:
        members = self._members.get(keys)
        if members is None:
            members = self._members[keys] = self._index(start)
        return members

    def _index(self, start: int) -> dict[str | int, _Member]:
        text = self._text
        members: dict[str | int, _Member] = {}
        opening = text[start : start + 1]
        if opening not in ("{", "["):
            return members
        offset = self._skip(start + 1)
        index = 0
        while text[offset : offset + 1] not in ("}", "]", ""):
            key: str | int = index
            key_start = key_end = offset
            if opening == "{":
                key, key_end = self._scan(text, offset)
                offset = self._skip(self._skip(key_end) + 1)
            _, end = self._scan(text, offset)
            if opening == "[":
                key_end = key_start
            members[key] = _Member(key_start, key_end, offset, end)
            index += 1
            offset = self._skip(end)
            if text[offset : offset + 1] == ",":
                offset = self._skip(offset + 1)
        return members
