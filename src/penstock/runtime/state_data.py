"""Data put aside: a state passes a small pointer, the data itself lies in a store (DynamoDB, or files on a laptop).

A pointer is `{"table_name": …, "partition_key": "<execution>:<key>", "key": …}`; that of a list also has `items`, the
indexes to fan out over. Source: the script language's documentation of the state data client.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

ITEM_BYTES = 409_600
"""What a DynamoDB item may have, names of attributes included (DynamoDB quotas: 400 KB)."""


class StateDataError(Exception):
    """The base of this module's errors."""


class ItemTooLarge(StateDataError):
    """An item over 400 KB."""


class ItemNotFound(StateDataError, KeyError):
    """No item under that key and index."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidItem(StateDataError, TypeError):
    """Data that JSON cannot hold, or a key, index or event that cannot locate an item."""


class Store(Protocol):
    """Where items lie. `text` is JSON; `index` is None for an item that is not part of a list."""

    def put(self, table_name: str, partition_key: str, key: str, items: Iterable[tuple[int | None, str]]) -> None: ...

    def get(self, table_name: str, partition_key: str, index: int | None) -> str | None: ...


class StateDataClient:
    """Puts items into the project's table and gets them back; `global` methods reach any table and execution."""

    def __init__(self, store: Store, *, table_name: str, execution: str) -> None:
        """`execution` is the execution's ID; it begins every local partition key."""
        self._store = store
        self._table_name = table_name
        self._execution = execution

    def put_item(self, key: str, data: Any, index: int | None = None) -> dict[str, Any]:
        """Puts `data` (JSON, up to 400 KB) under `key`, at `index` of a list that `put_items` made if that is given.

        Returns the pointer.
        """
        return self._put(self._table_name, self._partition_key(key), key, data, index)

    def put_items(self, key: str, items: Sequence[Any]) -> dict[str, Any]:
        """Puts each of `items` under its index. Returns the pointer, with `items` for a map to fan out over."""
        return self._put_all(self._table_name, self._partition_key(key), key, items)

    def get_item(self, key: str, index: int | None = None) -> Any:
        """The data that this execution put under `key`. Raises ItemNotFound."""
        return self._get(self._table_name, self._partition_key(key), index)

    def get_item_for_map_iteration(self, event: Mapping[str, Any]) -> Any:
        """The item of a map's iteration, found by the iteration's input."""
        _, partition_key, index = _iteration(event)
        return self._get(self._table_name, partition_key, index)

    def put_global_item(
        self, partition_key: str, table_name: str, data: Any, index: int | None = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """Puts `data` where `partition_key` and `table_name` of a pointer say."""
        return self._put(table_name, partition_key, key or _key_of(partition_key), data, index)

    def put_global_items(
        self, partition_key: str, table_name: str, items: Sequence[Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """Puts each of `items` under its index, where `partition_key` and `table_name` of a pointer say."""
        return self._put_all(table_name, partition_key, key or _key_of(partition_key), items)

    def get_global_item(
        self, partition_key: str, table_name: str, index: int | None = None, *, key: str | None = None
    ) -> Any:
        """The data of any execution, found by `partition_key` and `table_name` of its pointer."""
        return self._get(table_name, partition_key, index)

    def get_global_item_for_map_iteration(self, event: Mapping[str, Any]) -> Any:
        """As `get_item_for_map_iteration`, for a list that another project may have put."""
        table_name, partition_key, index = _iteration(event)
        return self._get(table_name, partition_key, index)

    def _partition_key(self, key: str) -> str:
        if not isinstance(key, str) or not key:
            raise InvalidItem("the key of an item must be a text that is not empty")
        return f"{self._execution}:{key}"

    def _put(self, table_name: str, partition_key: str, key: str, data: Any, index: int | None) -> dict[str, Any]:
        self._store.put(table_name, partition_key, key, [(_checked(index), _text(partition_key, key, data))])
        return {"table_name": table_name, "partition_key": partition_key, "key": key}

    def _put_all(self, table_name: str, partition_key: str, key: str, items: Sequence[Any]) -> dict[str, Any]:
        if isinstance(items, (str, bytes, Mapping)):
            raise InvalidItem("put_items takes a list of items")
        # All texts before the first write: an item that is too large leaves nothing half-put.
        texts: list[tuple[int | None, str]] = [(n, _text(partition_key, key, item)) for n, item in enumerate(items)]
        self._store.put(table_name, partition_key, key, texts)
        pointer = {"table_name": table_name, "partition_key": partition_key, "key": key}
        return {**pointer, "items": list(range(len(texts)))}

    def _get(self, table_name: str, partition_key: str, index: int | None) -> Any:
        text = self._store.get(table_name, partition_key, _checked(index))
        if text is None:
            at = "" if index is None else f" at index {index}"
            raise ItemNotFound(f"no item {partition_key!r}{at} in the table {table_name!r}")
        return json.loads(text)


def _checked(index: int | None) -> int | None:
    if index is not None and (not isinstance(index, int) or isinstance(index, bool) or index < 0):
        raise InvalidItem(f"an index must be an integer from 0 up, not {index!r}")
    return index


def _text(partition_key: str, key: str, data: Any) -> str:
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        length = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidItem(f"the item {key!r} cannot be stored as JSON: {error}") from None
    # The names of the attributes and the number of the index count too: 60 bytes cover them.
    length += len(partition_key.encode()) + len(key.encode()) + 60
    if length > ITEM_BYTES:
        raise ItemTooLarge(f"the item {key!r} has {length:,} bytes; an item may have {ITEM_BYTES:,}")
    return text


def _key_of(partition_key: str) -> str:
    return partition_key.rpartition(":")[2]


def _iteration(event: Mapping[str, Any]) -> tuple[str, str, int]:
    try:
        return event["items_result_table_name"], event["items_result_partition_key"], int(event["context_index"])
    except (KeyError, TypeError, ValueError):
        raise InvalidItem(
            "the event is not that of a map iteration: it needs items_result_table_name, items_result_partition_key and context_index"
        ) from None
