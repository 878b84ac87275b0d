"""Item readers: what a distributed Map's ItemReader names, as a stream of items.

`read(store, source)` opens nothing before its first item is asked for. CSV, JSON Lines and Parquet are read as they are taken;
a JSON document is one piece.
"""

from __future__ import annotations

from penstock.engine.readers.failure import ReadFailed
from penstock.engine.readers.source import read

__all__ = ["ReadFailed", "read"]
