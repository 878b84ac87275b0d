"""Objects that a distributed Map can read: what its ItemReader names, with items that have what the Map asks of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Final

from penstock.asl.model import ItemReader, Unset
from penstock.asl.samples.values import Hole, Value, materialised, part, sample
from penstock.jsontools import Json, dumps_text

Objects = dict[str, dict[str, str]]
"""Bucket → key → content."""

DEFAULT_KEY: Final = "sample"
_DELIMITERS: Final = {"PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


@dataclass(slots=True)
class Datasets:
    """`read` by the Map's name: the reader, what it was given, and the hole its items are; `written` what result writers
    were given."""

    read: dict[str, tuple[ItemReader, Value, Hole]] = field(default_factory=dict)
    written: list[Value] = field(default_factory=list)

    def objects(self) -> Objects:
        """Content for every place that can be told; Parquet and what is no S3 object is left out."""
        found: Objects = {}
        for given in self.written:
            bucket = _text(given, "Bucket")
            if bucket:
                found.setdefault(bucket, {})
        for reader, given, items in self.read.values():
            bucket = _text(given, "Bucket")
            if bucket:
                found.setdefault(bucket, {}).update(_content(reader, given, bucket, items))
        return found


def _text(given: Value, name: str) -> str:
    value = part(given, name)
    made = "" if value is None else materialised(value)
    return made if isinstance(made, str) else ""


def _content(reader: ItemReader, given: Value, bucket: str, items: Hole) -> dict[str, str]:
    if str(reader.resource).endswith(":listObjectsV2"):
        return {_text(given, "Prefix") + DEFAULT_KEY: "{}"}
    key = _text(given, "Key")
    config = reader.reader_config
    kind = "JSON" if isinstance(config, Unset) or isinstance(config.input_type, Unset) else config.input_type
    if not key or kind == "PARQUET":
        return {}
    if kind == "MANIFEST":
        return _manifest(bucket, key)
    made = sample(items)
    rows = made if isinstance(made, list) else [made]
    if kind == "CSV":
        return {key: _csv(reader, rows)}
    if kind == "JSONL":
        return {key: "".join(f"{dumps_text(row)}\n" for row in rows)}
    pointer = "" if isinstance(config, Unset) or isinstance(config.items_pointer, Unset) else config.items_pointer
    document: Json = rows
    for name in reversed(pointer.split("/")[1:]):
        document = {name.replace("~1", "/").replace("~0", "~"): document}
    return {key: dumps_text(document)}


def _manifest(bucket: str, key: str) -> dict[str, str]:
    """An S3 inventory of one object (Amazon S3 User Guide, "Locating your inventory list")."""
    listed = f"{key}.csv"
    manifest: Json = {
        "sourceBucket": bucket,
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [{"key": listed}],
    }
    return {key: dumps_text(manifest), listed: f'"{bucket}","{DEFAULT_KEY}"\n', DEFAULT_KEY: "{}"}


def _csv(reader: ItemReader, rows: list[Json]) -> str:
    config = reader.reader_config
    given = None if isinstance(config, Unset) or isinstance(config.csv_headers, Unset) else config.csv_headers
    delimiter = "" if isinstance(config, Unset) or isinstance(config.csv_delimiter, Unset) else config.csv_delimiter
    asked = [name for row in rows if isinstance(row, dict) for name in row]
    header = list(given or dict.fromkeys(asked) or ("column",))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=_DELIMITERS.get(delimiter, ","), lineterminator="\n")
    if given is None:
        writer.writerow(header)
    for row in rows:
        values = row if isinstance(row, dict) else {}
        cells = [values.get(name, "text") for name in header]
        writer.writerow([cell if isinstance(cell, str) else dumps_text(cell) for cell in cells])
    return text.getvalue()
