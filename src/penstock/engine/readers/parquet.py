"""Parquet, through pyarrow (the extra `parquet`), a batch of rows at a time."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any, Final

from penstock.engine.mapruns import Item
from penstock.engine.readers.failure import ReadFailed
from penstock.engine.readers.opening import seekable
from penstock.errors import MissingRequirement
from penstock.jsontools import Json

_ROWS: Final = 2_000
"""Rows decoded at a time."""


def items(stream: IO[bytes], origin: str) -> Iterator[Item]:
    """The rows as objects. Raises MissingRequirement without pyarrow."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingRequirement(
            "Reading Parquet needs pyarrow; install it with: pip install 'penstock[parquet]'", requirement="pyarrow"
        ) from None
    with seekable(stream) as file:
        try:
            for batch in ParquetFile(file).iter_batches(_ROWS):
                for row in batch.to_pylist():
                    yield _json(row), None, origin
        except pyarrow.ArrowException as error:
            raise ReadFailed(f"The object is not Parquet: {str(error).splitlines()[0][:200]}") from None


def _json(value: Any) -> Json:
    """A cell as JSON: instants and dates in ISO 8601, bytes in base64, what is no number null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
