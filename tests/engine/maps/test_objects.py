"""The local stores, and S3's, by one set of laws."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.engine.mapruns import Source
from penstock.engine.objects import FolderObjects, MemoryObjects, ObjectError, ObjectStore, object_store
from penstock.engine.readers import read
from penstock.engine.tasks.s3 import S3Objects
from penstock.errors import InvalidInput


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """A store with the empty bucket `bucket`."""
    if request.param == "memory":
        yield MemoryObjects({"bucket": {}})
    elif request.param == "folder":
        (tmp_path / "bucket").mkdir()
        yield FolderObjects(tmp_path)
    else:
        moto = pytest.importorskip("moto")
        import boto3

        with moto.mock_aws():
            client = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
            client.create_bucket(Bucket="bucket")
            yield S3Objects(lambda: client)


def put(store: ObjectStore, key: str, content: bytes) -> None:
    store.put("bucket", key, io.BytesIO(content))


def refused(call: Any) -> str:
    with pytest.raises(ObjectError) as raised:
        call()
    return raised.value.code


def test_what_is_put_is_there(store: ObjectStore) -> None:
    put(store, "d/x", b"1\n2")
    put(store, "d/x", b"3\n4")
    with store.open("bucket", "d/x") as stream:
        assert list(stream) == [b"3\n", b"4"]
    with store.open("bucket", "d/x") as stream, io.TextIOWrapper(stream) as text:
        assert text.read() == "3\n4"


def test_lists_are_in_the_order_of_keys(store: ObjectStore) -> None:
    for key in ("d/z", "d/a", "d-b", "e", "d/y/1"):
        put(store, key, key.encode())
    assert [info.key for info in store.list("bucket")] == ["d-b", "d/a", "d/y/1", "d/z", "e"]
    assert [(info.key, info.size) for info in store.list("bucket", "d/y")] == [("d/y/1", 5)]
    assert list(store.list("bucket", "nothing/here")) == []


def test_what_is_not_there(store: ObjectStore) -> None:
    assert refused(lambda: store.open("bucket", "k")) == "NoSuchKey"
    assert refused(lambda: store.open("other", "k")) == "NoSuchBucket"
    assert refused(lambda: list(store.list("other"))) == "NoSuchBucket"
    assert refused(lambda: store.put("other", "k", io.BytesIO())) == "NoSuchBucket"
    assert refused(lambda: store.check("other")) == "NoSuchBucket"
    store.check("bucket")


@pytest.mark.parametrize(
    "key", ["../secret", "/etc/passwd", "a/../../secret", "a//b", ".", "..", "", "link/secret", "a\0"]
)
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "all" / "bucket").mkdir(parents=True)
    os.symlink(tmp_path, tmp_path / "all" / "bucket" / "link")
    store = FolderObjects(tmp_path / "all")
    assert refused(lambda: store.open("bucket", key)) == "NoSuchKey"
    assert refused(lambda: store.put("bucket", key, io.BytesIO(b"x"))) == "NoSuchKey"
    assert (tmp_path / "secret").read_text() == "s"


@pytest.mark.parametrize("bucket", ["..", ".", "", "bucket/..", "../all", "/"])
def test_no_bucket_leads_out_of_the_folder(tmp_path: Path, bucket: str) -> None:
    (tmp_path / "all" / "bucket").mkdir(parents=True)
    store = FolderObjects(tmp_path / "all")
    assert refused(lambda: list(store.list(bucket, ""))) == "NoSuchBucket"


def test_a_prefix_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "all" / "bucket").mkdir(parents=True)
    (tmp_path / "secret").write_text("s")
    assert list(FolderObjects(tmp_path / "all").list("bucket", "../../")) == []


def test_a_bucket_that_cannot_be_changed() -> None:
    from types import MappingProxyType

    store = MemoryObjects({"bucket": MappingProxyType({"k": "text"})})
    assert store.open("bucket", "k").read() == b"text"
    assert refused(lambda: store.check("bucket")) == "AccessDenied"


def test_what_cannot_be_a_store(tmp_path: Path) -> None:
    for given in (tmp_path / "nowhere", {"bucket": 1}, {"bucket": {"k": 1}}, {1: {}}, {"bucket": {1: b""}}):
        with pytest.raises(InvalidInput):
            object_store(given)  # type: ignore[arg-type]


def test_readers_read_from_any_store(store: ObjectStore) -> None:
    put(store, "rows.csv", b"a,b\n1,2\n")
    put(store, "rows.csv.gz", gzip.compress(b"a,b\n3,4\n"))
    put(store, "lines.jsonl", b'{"a":1}\n{"a":2}\n')
    put(store, "list.json", b"[5]")
    put(store, "rows", b"s3://bucket/rows.csv\ns3://bucket/rows.csv.gz\n")

    def items(key: str, **source: Any) -> list[Any]:
        return [value for value, _, _ in read(store, Source(action="getObject", bucket="bucket", key=key, **source))]

    columns = {"input_type": "CSV", "header_location": "FIRST_ROW"}
    assert items("rows.csv", **columns) == [{"a": "1", "b": "2"}]
    assert items("rows.csv.gz", **columns) == [{"a": "3", "b": "4"}]
    assert items("lines.jsonl", input_type="JSONL") == [{"a": 1}, {"a": 2}]
    assert items("list.json", input_type="JSON") == [5]
    assert items("rows", manifest_type="ATHENA_DATA", **columns) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pyarrow.table({"n": [7]}), stream)
    put(store, "rows.parquet", stream.getvalue())
    assert items("rows.parquet", input_type="PARQUET") == [{"n": 7}]
