"""Where in the user's own code an object was made: remembered in a microsecond, made into a Span when somebody asks."""

from __future__ import annotations

import linecache
import os
import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

from penstock.diagnostics import Source, Span

_OWN = tuple(f"{Path(__file__).resolve().parents[1] / name}{os.sep}" for name in ("sfn", "cdk"))
_known: dict[str, bool] = {}
"""File name of a code object → whether it is Penstock's own: every state that is made asks."""


class Origin(NamedTuple):
    """A place in running code: the code object and the instruction in it."""

    code: CodeType
    instruction: int

    @property
    def span(self) -> Span | None:
        """The expression that ran there; None where its source cannot be found."""
        return _span(self.code, self.instruction)


def here() -> Origin | None:
    """The innermost place on the stack that is not Penstock's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file_name = frame.f_code.co_filename
        own = _known.get(file_name)
        if own is None:
            own = _known[file_name] = file_name.startswith(_OWN)
        if not own:
            return Origin(frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return None


@lru_cache(maxsize=1024)
def _source(file_name: str) -> Source | None:
    lines = linecache.getlines(file_name)
    return Source(_shown(file_name), "".join(lines)) if lines else None


def forget_sources() -> None:
    """Files may have changed since they were read."""
    _source.cache_clear()
    _span.cache_clear()
    linecache.checkcache()


def _shown(file_name: str) -> str:
    """The name as the user knows it: relative where the file lies under the working directory."""
    try:
        relative = os.path.relpath(file_name)
    except ValueError:  # another drive
        return file_name
    return file_name if relative.startswith("..") else relative


@lru_cache(maxsize=8192)
def _span(code: CodeType, instruction: int) -> Span | None:
    source = _source(code.co_filename)
    if source is None:
        return None
    positions = _position(code, instruction)
    if positions is None:
        return None
    line, end_line, column, end_column = positions
    return Span(
        source,
        line,
        _characters(source.line(line), column) + 1,
        end_line,
        _characters(source.line(end_line), end_column) + 1,
    )


def _position(code: CodeType, instruction: int) -> tuple[int, int, int, int] | None:
    table = _positions(code)
    index = instruction // 2
    if not 0 <= index < len(table):
        return None
    line, end_line, column, end_column = table[index]
    if line is None:
        return None
    return line, end_line or line, column or 0, end_column if end_column is not None else 1_000_000


@lru_cache(maxsize=256)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


def _characters(line: str, octets: int) -> int:
    """Python counts columns in bytes of UTF-8, a Span in characters."""
    if line.isascii():
        return min(octets, len(line))
    return len(line.encode()[:octets].decode(errors="ignore"))
