"""Where state data lies: files for local runs, a DynamoDB table at AWS."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from penstock.runtime._waiting import now

_numbers = itertools.count()

_LONGEST = 200
"""Characters of a folder's name that are the table's own; file systems allow 255 bytes."""


class LocalStore:
    """One file an item under `root`; a file appears whole or not at all, so processes may share the folder."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root)

    def put(self, table_name: str, partition_key: str, key: str, items: Iterable[tuple[int | None, str]]) -> None:
        folder = self._folder(table_name, partition_key)
        folder.mkdir(parents=True, exist_ok=True)
        head = json.dumps({"partition_key": partition_key, "key": key})
        for index, text in items:
            path = folder / _file_name(index)
            temporary = folder / f".{os.getpid()}-{threading.get_ident()}-{next(_numbers)}"
            temporary.write_text(f"{head}\n{text}\n", encoding="utf-8")
            os.replace(temporary, path)

    def get(self, table_name: str, partition_key: str, index: int | None) -> str | None:
        path = self._folder(table_name, partition_key) / _file_name(index)
        try:
            return path.read_text(encoding="utf-8").partition("\n")[2]
        except FileNotFoundError:
            return None

    def _folder(self, table_name: str, partition_key: str) -> Path:
        # Keys are of any length and hold any character; file names are not and do not.
        import hashlib

        name = hashlib.sha256(partition_key.encode()).hexdigest()[:40]
        table = quote(table_name, safe="").replace(".", "%2E") or "%"
        if len(table) > _LONGEST:
            table = f"{table[:_LONGEST]}%{hashlib.sha256(table_name.encode()).hexdigest()[:40]}"
        return self._root / table / name


def _file_name(index: int | None) -> str:
    return "item.json" if index is None else f"{index}.json"


class DynamoDBStore:
    """Items in one table: `partition_key` (S, hash key), `item_index` (N, range key; -1 without an index), `item_key`,
    `data` (JSON text, which keeps numbers as they are) and `expires_at` (epoch seconds, for TTL).

    `resource` is `boto3.resource("dynamodb")`, made when first needed; `keep` is how long an item lives, in seconds.
    """

    def __init__(self, resource: Any = None, *, keep: float = 90 * 86_400) -> None:
        self._resource = resource
        self._keep = keep

    def put(self, table_name: str, partition_key: str, key: str, items: Iterable[tuple[int | None, str]]) -> None:
        expires_at = int(now() + self._keep)
        with self._table(table_name).batch_writer() as batch:
            for index, text in items:
                batch.put_item(
                    Item={
                        "partition_key": partition_key,
                        "item_index": -1 if index is None else index,
                        "item_key": key,
                        "data": text,
                        "expires_at": expires_at,
                    }
                )

    def get(self, table_name: str, partition_key: str, index: int | None) -> str | None:
        answer = self._table(table_name).get_item(
            Key={"partition_key": partition_key, "item_index": -1 if index is None else index},
            ConsistentRead=True,
        )
        return str(answer["Item"]["data"]) if "Item" in answer else None

    def _table(self, table_name: str) -> Any:
        if self._resource is None:
            import boto3

            self._resource = boto3.resource("dynamodb")
        return self._resource.Table(table_name)
