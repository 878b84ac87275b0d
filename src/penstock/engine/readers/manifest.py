"""Manifests: an S3 inventory's, whose files list objects, and an Athena UNLOAD's, which lists data files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, Any

from penstock.engine.mapruns import Item
from penstock.engine.objects import ObjectStore
from penstock.engine.readers import delimited, jsonfile, parquet
from penstock.engine.readers.failure import ReadFailed
from penstock.engine.readers.opening import opened


def inventory(store: ObjectStore, bucket: str, key: str, version: str | None) -> Iterator[Item]:
    """An item for each object that an S3 inventory lists, with the columns of the inventory's schema.

    Format: Amazon S3 User Guide, "Locating your inventory list". The files are CSV or Parquet; ORC is not read.
    """
    with opened(store, bucket, key, version) as stream:
        document = jsonfile.document(stream)
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise ReadFailed("The manifest is no S3 inventory manifest: it has no list 'files'.")
    kind = document.get("fileFormat", "CSV")
    if kind not in ("CSV", "Parquet"):
        raise ReadFailed(f"The inventory is in the format {kind}; CSV and Parquet can be read.")
    schema = [name.strip() for name in str(document.get("fileSchema", "")).split(",")]
    place = str(document.get("destinationBucket", bucket)).rpartition(":")[2] or bucket
    for file in document["files"]:
        name = file.get("key") if isinstance(file, dict) else None
        if not isinstance(name, str):
            raise ReadFailed("The manifest is no S3 inventory manifest: a file has no 'key'.")
        origin = f"S3://{place}/{name}"
        with opened(store, place, name) as stream:
            yield from _listed(stream, kind, schema, origin)


def _listed(stream: IO[bytes], kind: str, schema: list[str], origin: str) -> Iterator[Item]:
    if kind == "CSV":
        return delimited.items(stream, schema, "COMMA", origin)
    return parquet.items(stream, origin)


def athena(store: ObjectStore, bucket: str, key: str, version: str | None) -> Iterator[tuple[str, str]]:
    """Bucket and key of each data file: the manifest has an `s3://bucket/key` a line (Amazon Athena User Guide, UNLOAD)."""
    with opened(store, bucket, key, version) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        rows: Iterator[list[Any]] = csv.reader(text)
        places = [row[0].strip() for row in rows if row and row[0].strip()]
        text.detach()
    for place in places:
        scheme, _, path = place.partition("://")
        name, _, file = path.partition("/")
        if scheme not in ("s3", "s3a") or not name or not file:
            raise ReadFailed(f"The manifest names no S3 object: {place[:200]}")
        yield name, file
