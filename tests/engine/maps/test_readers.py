"""Item readers, against what was recorded and against what the formats' descriptions say."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.execution import alone
from penstock.engine.mapruns import Source
from penstock.engine.objects import MemoryObjects
from penstock.engine.readers import ReadFailed, read


def items(content: bytes | str | dict[str, bytes | str], **source: Any) -> list[Any]:
    objects = content if isinstance(content, dict) else {"k": content}
    given = {"action": "getObject", "bucket": "b", "key": "k"} | source
    found = enumerate(read(MemoryObjects({"b": objects}), Source(**given)))
    return [alone((index, value, key, source)) for index, (value, key, source) in found]


def failing(content: bytes | str | dict[str, bytes | str], **source: Any) -> str:
    with pytest.raises(ReadFailed) as raised:
        items(content, **source)
    return raised.value.cause


FIRST_ROW = {"input_type": "CSV", "header_location": "FIRST_ROW"}


def test_rows_are_texts_of_the_header_s_columns() -> None:
    text = "a,b\n1,x\n , y\n\n2\n3,z,more\n"
    assert items(text, **FIRST_ROW) == [
        {"a": "1", "b": "x"},
        {"a": " ", "b": " y"},
        {"a": "2", "b": ""},
        {"a": "3", "b": "z"},
    ]


def test_given_headers_leave_no_row_out() -> None:
    assert items("1,2\n3,4", input_type="CSV", header_location="GIVEN", headers=("x", "y")) == [
        {"x": "1", "y": "2"},
        {"x": "3", "y": "4"},
    ]


@pytest.mark.parametrize(
    ("name", "sign"), [("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("SPACE", " "), ("TAB", "\t")]
)
def test_delimiters(name: str, sign: str) -> None:
    assert items(f"a{sign}b\n1{sign}2\n", delimiter=name, **FIRST_ROW) == [{"a": "1", "b": "2"}]


def test_quoted_cells_may_hold_anything() -> None:
    assert items('a,b\r\n"x,\r\ny","say ""hi"""\r\n', **FIRST_ROW) == [{"a": "x,\r\ny", "b": 'say "hi"'}]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert items(b"\xef\xbb\xbfa\n1\n", **FIRST_ROW) == [{"a": "1"}]
    assert items(b'\xef\xbb\xbf{"a":1}\n', input_type="JSONL") == [{"a": 1}]
    assert items(b"\xef\xbb\xbf[1]", input_type="JSON") == [1]


def test_two_columns_alike() -> None:
    assert failing("a,a\n1,2\n", **FIRST_ROW) == "CSV headers cannot contain duplicates."


def test_an_empty_csv_has_no_items() -> None:
    assert items("", **FIRST_ROW) == []
    assert items("a,b\n", **FIRST_ROW) == []


def test_a_cell_may_be_as_long_as_an_item() -> None:
    text = "x" * 200_000
    assert items(f"a\n{text}\n", **FIRST_ROW) == [{"a": text}]


def test_bytes_that_are_no_text() -> None:
    assert failing(b"a\n\xff\n", **FIRST_ROW).startswith("The object is not UTF-8 text")
    assert failing(b'["\xff"]', input_type="JSON").startswith("The object is not UTF-8 text")


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8))
def test_what_a_writer_of_csv_writes_comes_back(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    writer.writerows(rows)
    assert items(stream.getvalue(), **FIRST_ROW) == [{"a": one, "b": two} for one, two in rows]


def test_json() -> None:
    assert items('[1, {"a": [2]}, null]', input_type="JSON") == [1, {"a": [2]}, None]
    assert items("[]", input_type="JSON") == []


@pytest.mark.parametrize("text", ['{"a": 1}', "1", '"x"', "null"])
def test_json_that_is_no_array(text: str) -> None:
    assert failing(text, input_type="JSON") == "Attempting to map over non-iterable node."


@pytest.mark.parametrize("text", ["", "[1", "[NaN]", "[1] 2", "[" * 100_000])
def test_text_that_is_no_json(text: str) -> None:
    assert failing(text, input_type="JSON")
    if text:
        assert failing(text, input_type="JSONL")


def test_items_pointer() -> None:
    document = json.dumps({"a": {"b/c": [[1], [2, 3]]}, "~": [4], "~1": [5], "o": {"x": 1, "y": 2}})
    assert items(document, pointer="/a/b~1c/1") == [2, 3]
    assert items(document, pointer="/~0") == [4]
    assert items(document, pointer="/~01") == [5]
    assert items(document, pointer="/o") == [{"Key": "x", "Value": 1}, {"Key": "y", "Value": 2}]
    for pointer in ("/nope", "/a/b~1c/2", "/a/b~1c/-1", "/a/b~1c/x", "a"):
        assert pointer in failing(document, pointer=pointer)
    assert failing(document, pointer="/a/b~1c/0/0") == "Attempting to map over non-iterable node."


def test_json_lines() -> None:
    assert items('{"a": 1}\n\n[2]\r\n"x"', input_type="JSONL") == [{"a": 1}, [2], "x"]
    assert failing('1\n{"a": }\n', input_type="JSONL").startswith("Line 2 is not JSON")


def test_compressed_objects() -> None:
    assert items({"k.gz": gzip.compress(b"[1]")}, key="k.gz", input_type="JSON") == [1]
    assert items({"k.gz": b"[1]"}, key="k.gz", input_type="JSON") == [1]


def test_max_items() -> None:
    assert items("[1, 2, 3]", input_type="JSON", max_items=2) == [1, 2]
    assert items("[1, 2, 3]", input_type="JSON", max_items=0) == [1, 2, 3]
    assert items("[1, 2, 3]", input_type="JSON", max_items=100_000_001) == [1, 2, 3]


def test_what_is_not_there() -> None:
    assert failing({}, input_type="JSON") == "The specified key does not exist."
    assert failing({}, input_type="JSON", bucket="c") == "The specified bucket does not exist"


def test_a_list_of_objects() -> None:
    objects = {"p/1": "a", "p/2": "bb", "q": "c"}
    listed = items(objects, action="listObjectsV2", key="p/")
    assert [(item["Key"], item["Size"]) for item in listed] == [("p/1", 1), ("p/2", 2)]
    assert set(listed[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert listed[0]["Etag"] == '"0cc175b9c0f1b6a831c399e269772661"'
    assert items(objects, action="listObjectsV2", key="nothing") == []


def test_objects_loaded_and_flattened() -> None:
    objects = {"p/": "", "p/1": "[1, 2]", "p/2": "[3]", "q": "[4]"}
    source = {"action": "listObjectsV2", "key": "p/", "flatten": True, "input_type": "JSON"}
    assert items(objects, **source) == [1, 2, 3]
    store = MemoryObjects({"b": objects})
    sources = [source for _, _, source in read(store, Source(bucket="b", **source))]
    assert sources == ["S3://b/p/1", "S3://b/p/1", "S3://b/p/2"]


def test_an_s3_inventory() -> None:
    manifest = {
        "sourceBucket": "src",
        "destinationBucket": "arn:aws:s3:::b",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "d/1.csv.gz", "size": 1}, {"key": "d/2.csv.gz", "size": 1}],
    }
    objects = {
        "k": json.dumps(manifest),
        "d/1.csv.gz": gzip.compress(b'"src","a%20b","3"\n'),
        "d/2.csv.gz": gzip.compress(b'"src","c","4"\n"src","d","5"\n'),
    }
    for source in ({"input_type": "MANIFEST"}, {"manifest_type": "S3_INVENTORY"}):
        assert items(objects, **source) == [
            {"Bucket": "src", "Key": "a%20b", "Size": "3"},
            {"Bucket": "src", "Key": "c", "Size": "4"},
            {"Bucket": "src", "Key": "d", "Size": "5"},
        ]
    objects["d/2.csv.gz"] = objects["d/2.csv.gz"][:-9]  # cut off
    assert failing(objects, input_type="MANIFEST")
    assert failing({"k": "[]"}, input_type="MANIFEST").startswith("The manifest is no S3 inventory")
    assert "ORC" in failing({"k": json.dumps(manifest | {"fileFormat": "ORC"})}, input_type="MANIFEST")


def test_an_athena_manifest() -> None:
    objects = {"k": "s3://b/u/1\ns3://b/u/2.gz\n", "u/1": '{"a":1}\n', "u/2.gz": gzip.compress(b'{"a":2}\n')}
    assert items(objects, manifest_type="ATHENA_DATA", input_type="JSONL") == [{"a": 1}, {"a": 2}]
    objects["k"] = "file:///etc/passwd\n"
    assert failing(objects, manifest_type="ATHENA_DATA", input_type="CSV").startswith("The manifest names no S3 object")


def test_parquet() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from datetime import UTC, datetime
    from decimal import Decimal

    from pyarrow import parquet

    table = pyarrow.table(
        {
            "n": [1, 2],
            "t": ["x", None],
            "d": [Decimal("1.50"), Decimal("2.00")],
            "when": [datetime(2026, 1, 2, tzinfo=UTC)] * 2,
            "nested": [[{"a": float("nan")}], []],
            "raw": [b"\x00\xff", b""],
        }
    )
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    when = "2026-01-02T00:00:00+00:00"
    assert items(stream.getvalue(), input_type="PARQUET") == [
        {"n": 1, "t": "x", "d": 1.5, "when": when, "nested": [{"a": None}], "raw": "AP8="},
        {"n": 2, "t": None, "d": 2, "when": when, "nested": [], "raw": ""},
    ]
    assert failing(b"no parquet", input_type="PARQUET").startswith("The object is not Parquet")


def test_nothing_is_read_before_it_is_asked_for() -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            line = b"a,b\n" * (len(buffer) // 4)
            buffer[: len(line)] = line
            Endless.taken += len(line)
            return len(line)

    class Store(MemoryObjects):
        def open(self, bucket: str, key: str, version: str | None = None) -> Any:
            return io.BufferedReader(Endless())

    source = Source(action="getObject", bucket="b", key="k", max_items=1000, **FIRST_ROW)
    assert sum(1 for _ in read(Store({}), source)) == 1000
    assert Endless.taken < 1_000_000
