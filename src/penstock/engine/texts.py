"""JSON texts of large payloads that share most of what they hold with the one before.

A state that adds a field to 200 KB of data leaves 200 KB of output. The update shares every value that it does not change,
and so may its text: what stands in both is written once and copied from then on, and a text that came out the same again
is the same bytes object, in the frame and in the history (a loop that polls until something changes).
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from penstock.jsontools import Json, dumps

LARGE: Final = 16_384
"""Bytes from which a text is worth it: writing less anew takes less time than looking for what is shared."""

_MOST_KEYS: Final = 64
"""An object with more is written as a whole: to go through its keys costs more than it saves."""

_DEEPEST: Final = 8
"""Levels of objects that are looked into."""

_LEAST_BYTES: Final = 2_048
"""A part whose text is shorter is not kept."""

_MOST_BYTES: Final = 524_288
"""Bytes of text that one execution keeps for this."""


class Texts:
    """The texts of large parts of an execution's payloads; nothing here is part of its state."""

    __slots__ = ("_parts", "_size")

    def __init__(self) -> None:
        self._parts: dict[int, tuple[Json, orjson.Fragment | None]] = {}
        """Identity of a part → the part (so that nothing else gets its identity) and its text, None where it is short."""
        self._size = 0

    def write(self, value: Json, before: Json, text: bytes) -> bytes:
        """`dumps(value)`; `before` is the value that it was made from and `text` that one's. Raises JsonError as it does."""
        try:
            written = self._write(value, before, _DEEPEST)
        except TypeError:
            written = dumps(value)  # what orjson refuses (integers over 64 bits), or who says why
        return text if written == text else written

    def _write(self, value: Json, before: Json, depth: int) -> bytes:
        if type(value) is not dict or type(before) is not dict or len(value) > _MOST_KEYS or not depth:
            return orjson.dumps(value)
        parts: dict[str, Any] = {}
        changed: list[str] = []
        for key, part in value.items():
            parts[key] = part
            if type(part) is dict or type(part) is list:
                earlier = before.get(key)
                if part is earlier:
                    parts[key] = self._shared(part)
                elif type(part) is dict and type(earlier) is dict:
                    changed.append(key)
        if len(changed) == 1:  # an update goes down one path; where more differ, the value is likely new altogether
            key = changed[0]
            parts[key] = orjson.Fragment(self._write(value[key], before[key], depth - 1))
        return orjson.dumps(parts)

    def _shared(self, part: Json) -> Any:
        known = self._parts.get(id(part))
        if known is None:
            text = orjson.dumps(part)
            if self._size > _MOST_BYTES or len(self._parts) > _MOST_KEYS * _MOST_KEYS:
                self.clear()
            if len(text) < _LEAST_BYTES:
                known = (part, None)
            else:
                known = (part, orjson.Fragment(text))
                self._size += len(text)
            self._parts[id(part)] = known
        return part if known[1] is None else known[1]

    def clear(self) -> None:
        """Lets go of everything: the execution is over."""
        self._parts.clear()
        self._size = 0
