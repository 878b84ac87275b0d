"""What to read, and which reader reads it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from penstock.engine.mapruns import Item, Source
from penstock.engine.objects import ObjectError, ObjectStore
from penstock.engine.readers import delimited, jsonfile, listing, manifest, parquet
from penstock.engine.readers.failure import ReadFailed
from penstock.engine.readers.opening import opened

MAX_ITEMS: Final = 100_000_000
"""What a MaxItems of 0, and every greater one, means (Developer Guide, "ItemReader"; recorded: more is no error)."""


def read(store: ObjectStore, source: Source) -> Iterator[Item]:
    """The items. Raises ReadFailed, MissingRequirement while they are taken."""
    limit = min(source.max_items or MAX_ITEMS, MAX_ITEMS)
    try:
        yield from islice(_items(store, source), limit)
    except ObjectError as error:
        # The sentence is S3's; what the service puts behind it (request ids) nobody can foresee.
        raise ReadFailed(error.message) from None
    except UnicodeDecodeError as error:
        raise ReadFailed(f"The object is not UTF-8 text: {error.reason}. Encode it as UTF-8.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ReadFailed(f"The object cannot be read: {error}.") from None


def _items(store: ObjectStore, source: Source) -> Iterator[Item]:
    if source.action == "listObjectsV2":
        if source.flatten:
            for info in store.list(source.bucket, source.key):
                if not info.key.endswith("/"):  # what consoles make to show a folder
                    yield from _content(store, source, source.bucket, info.key)
            return
        yield from listing.items(store, source.bucket, source.key)
    elif source.manifest_type == "ATHENA_DATA":
        for bucket, key in manifest.athena(store, source.bucket, source.key, source.version):
            yield from _content(store, source, bucket, key)
    elif source.input_type == "MANIFEST" or source.manifest_type is not None:
        yield from manifest.inventory(store, source.bucket, source.key, source.version)
    else:
        yield from _content(store, source, source.bucket, source.key, source.version)


def _content(store: ObjectStore, source: Source, bucket: str, key: str, version: str | None = None) -> Iterator[Item]:
    """The items in one object."""
    origin = f"S3://{bucket}/{key}"
    with opened(store, bucket, key, version) as stream:
        match source.input_type:
            case "CSV":
                headers = source.headers if source.header_location == "GIVEN" else None
                yield from delimited.items(stream, headers, source.delimiter, origin)
            case "JSONL":
                yield from jsonfile.lines(stream, origin)
            case "PARQUET":
                yield from parquet.items(stream, origin)
            case _:
                yield from jsonfile.items(stream, source.pointer, origin)
