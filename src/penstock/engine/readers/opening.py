"""Opening objects: compressed ones are read as what they hold, and formats that need it get a file they can seek in."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final, cast

from penstock.engine.objects import ObjectStore

_GZIP: Final = b"\x1f\x8b"
_IN_MEMORY: Final = 16 * 1024 * 1024


@contextmanager
def opened(store: ObjectStore, bucket: str, key: str, version: str | None = None) -> Iterator[IO[bytes]]:
    """An object's content. An object whose key ends in .gz and which is one is read through gzip: inventories and Athena
    write such, and no format a reader knows begins like that."""
    with store.open(bucket, key, version) as raw:
        if not key.endswith(".gz"):
            yield raw
            return
        buffered = io.BufferedReader(cast(io.RawIOBase, raw))
        if buffered.peek(2)[:2] == _GZIP:
            with gzip.open(buffered) as unpacked:
                yield cast(IO[bytes], unpacked)
        else:
            yield buffered


@contextmanager
def seekable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """`stream` itself where it can seek, else a copy that can."""
    if stream.seekable():
        yield stream
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.seek(0)
        yield cast(IO[bytes], copy)
