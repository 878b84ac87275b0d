"""A list of objects, as `s3:listObjectsV2` gives it."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.engine.mapruns import Item
from penstock.engine.objects import ObjectStore


def items(store: ObjectStore, bucket: str, prefix: str) -> Iterator[Item]:
    """All objects under the prefix, however many pages they take (measured, floci-io/floci#3460: also that LastModified
    is in seconds, and that the Etag, so spelt, keeps its quotation marks)."""
    origin = f"S3://{bucket}"
    for info in store.list(bucket, prefix):
        value = {
            "Etag": info.etag,
            "Key": info.key,
            "LastModified": info.modified,
            "Size": info.size,
            "StorageClass": info.storage_class,
        }
        yield value, None, origin
