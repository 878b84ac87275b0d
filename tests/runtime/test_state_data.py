"""Data put aside by tasks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.runtime import InvalidItem, ItemNotFound, ItemTooLarge, StateDataClient
from penstock.runtime.stores import DynamoDBStore, LocalStore

ARN = "arn:aws:states:eu-west-1:123456789012:execution:m:run"


class Table:
    """As much of boto3's Table as the store uses."""

    def __init__(self, items: dict[Any, Any]) -> None:
        self._items = items

    def batch_writer(self) -> Table:
        return self

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def put_item(self, *, Item: dict[str, Any]) -> None:
        assert all(isinstance(value, (str, int)) for value in Item.values())
        self._items[Item["partition_key"], Item["item_index"]] = Item

    def get_item(self, *, Key: dict[str, Any], ConsistentRead: bool) -> dict[str, Any]:
        found = self._items.get((Key["partition_key"], Key["item_index"]))
        return {"ResponseMetadata": {}} if found is None else {"Item": found}


class Resource:
    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, Any]] = {}

    def Table(self, name: str) -> Table:
        return Table(self.tables.setdefault(name, {}))


@pytest.fixture(params=["local", "dynamodb"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> StateDataClient:
    store = LocalStore(tmp_path) if request.param == "local" else DynamoDBStore(Resource())
    return StateDataClient(store, table_name="state-data", execution=ARN)


def test_one_item(client: StateDataClient) -> None:
    pointer = client.put_item("characters", {"name": "jerry", "n": 1.5})
    assert pointer == {"table_name": "state-data", "partition_key": f"{ARN}:characters", "key": "characters"}
    assert client.get_item("characters") == {"name": "jerry", "n": 1.5}
    client.put_item("characters", {"name": "elaine"}, index=24)
    assert client.get_item("characters", index=24) == {"name": "elaine"}
    assert client.get_item("characters") == {"name": "jerry", "n": 1.5}


def test_a_list_and_the_iterations_of_a_map(client: StateDataClient) -> None:
    pointer = client.put_items("characters", [{"name": "jerry"}, {"name": "elaine"}])
    assert pointer["items"] == [0, 1]
    for index, name in enumerate(["jerry", "elaine"]):
        event = {
            "items_result_table_name": pointer["table_name"],
            "items_result_partition_key": pointer["partition_key"],
            "items_result_key": pointer["key"],
            "context_index": str(index) if index else index,
            "context_value": pointer["items"][index],
        }
        assert client.get_item_for_map_iteration(event) == {"name": name}
        assert client.get_global_item_for_map_iteration(event) == {"name": name}
    assert client.put_items("none", [])["items"] == []


def test_global_items(client: StateDataClient) -> None:
    pointer = client.put_global_item("other:things", "other-table", [1])
    assert pointer == {"table_name": "other-table", "partition_key": "other:things", "key": "things"}
    assert client.get_global_item("other:things", "other-table") == [1]
    assert client.get_global_item(**pointer) == [1]
    client.put_global_items("other:list", "other-table", ["a", "b"])
    assert client.get_global_item("other:list", "other-table", index=1) == "b"
    with pytest.raises(ItemNotFound, match="no item 'other:list' at index 2 in the table 'other-table'"):
        client.get_global_item("other:list", "other-table", index=2)


def test_items_of_other_executions_are_out_of_reach_of_local_methods(tmp_path: Path) -> None:
    one, two = (StateDataClient(LocalStore(tmp_path), table_name="t", execution=name) for name in ("one", "two"))
    pointer = one.put_item("k", 1)
    with pytest.raises(ItemNotFound):
        two.get_item("k")
    assert two.get_global_item(pointer["partition_key"], pointer["table_name"]) == 1


def test_the_limit_of_an_item(client: StateDataClient) -> None:
    client.put_item("k", "a" * 409_000)
    with pytest.raises(ItemTooLarge, match=r"the item 'k' has 4\d\d,\d\d\d bytes; an item may have 409,600"):
        client.put_item("k", "é" * 205_000)
    with pytest.raises(ItemTooLarge):
        client.put_items("list", ["small", "a" * 500_000])
    with pytest.raises(ItemNotFound):
        client.get_item("list", index=0)


@pytest.mark.parametrize("data", [{1, 2}, float("inf"), object(), "\ud800"])
def test_what_json_cannot_hold(client: StateDataClient, data: Any) -> None:
    with pytest.raises(InvalidItem, match="the item 'k' cannot be stored as JSON"):
        client.put_item("k", data)


def test_wrong_use(client: StateDataClient) -> None:
    with pytest.raises(InvalidItem, match="a list of items"):
        client.put_items("k", {"a": 1})  # type: ignore[arg-type]
    with pytest.raises(InvalidItem, match="a text that is not empty"):
        client.put_item("", 1)
    with pytest.raises(InvalidItem, match="an integer from 0 up"):
        client.get_item("k", index=-1)
    with pytest.raises(InvalidItem, match="not that of a map iteration"):
        client.get_item_for_map_iteration({"context_index": 1})


@given(table=st.text(), execution=st.text(), key=st.text(min_size=1), index=st.none() | st.integers(0, 10**9))
@example(table="ü" * 200, execution="e", key="k", index=None)  # longer than a file's name may be, once it is quoted
def test_any_names_make_a_file_inside_the_folder(
    tmp_path_factory: pytest.TempPathFactory, table: str, execution: str, key: str, index: int | None
) -> None:
    root = tmp_path_factory.mktemp("store")
    client = StateDataClient(LocalStore(root / "inner"), table_name=table, execution=execution)
    client.put_item(key, key, index)
    assert client.get_item(key, index) == key
    assert [path.name for path in root.iterdir()] == ["inner"]


def test_processes_write_at_once_and_none_reads_half_an_item(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from penstock.runtime import StateDataClient\n"
        "from penstock.runtime.stores import LocalStore\n"
        "client = StateDataClient(LocalStore(sys.argv[1]), table_name='t', execution='e')\n"
        "for n in range(200):\n"
        "    client.put_item('k', [sys.argv[2]] * 5000)\n"
        "    assert len(set(client.get_item('k'))) == 1\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(3)]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_the_store_of_dynamodb(tmp_path: Path) -> None:
    resource = Resource()
    client = StateDataClient(DynamoDBStore(resource, keep=60), table_name="table", execution=ARN)
    client.put_items("k", [0.5])
    ((key, item),) = resource.tables["table"].items()
    assert key == (f"{ARN}:k", 0)
    assert json.loads(item["data"]) == 0.5
    assert item["item_key"] == "k"
    assert isinstance(item["expires_at"], int)
