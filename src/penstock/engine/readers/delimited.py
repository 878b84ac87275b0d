"""CSV: rows as objects of texts.

Recorded: what a row has more than the header is dropped, what it lacks is ""; a header cell may be empty, two may not be
alike; nothing is trimmed and no cell is anything but a text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, Final

from penstock.engine.mapruns import Item
from penstock.engine.readers.failure import ReadFailed

DELIMITERS: Final = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}

_CELL: Final = 1 << 20
"""Characters a cell may have here. The library's own bound (131,072) is below what an item of 256 KiB can hold."""


def items(stream: IO[bytes], headers: Sequence[str] | None, delimiter: str, origin: str) -> Iterator[Item]:
    """The rows; the first one is the header unless `headers` are given."""
    csv.field_size_limit(max(csv.field_size_limit(), _CELL))
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    rows = csv.reader(text, delimiter=DELIMITERS[delimiter])
    try:
        if headers is None:
            headers = next((row for row in rows if row), None)
            if headers is None:
                return
        if len(set(headers)) != len(headers):
            raise ReadFailed("CSV headers cannot contain duplicates.")
        names = tuple(headers)
        width = len(names)
        for row in rows:
            if len(row) == width:
                yield dict(zip(names, row, strict=True)), None, origin
            elif row:
                yield dict(zip(names, row + [""] * (width - len(row)), strict=False)), None, origin
    except csv.Error as error:
        raise ReadFailed(f"The CSV cannot be read: {error} (line {rows.line_num}).") from None
    finally:
        text.detach()  # the stream belongs to whoever opened it
