"""Functions that clients create, kept in a file beside the runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.services.lambda_.functions import PREFIX, create, folder_function, invoke, service

from penstock.errors import ServiceError
from penstock.services.lambda_ import Lambda, Registration
from penstock.store import Database


@contextmanager
def kept(folder: Path, *registrations: Registration) -> Iterator[Lambda]:
    database = Database(folder / "runs.db", synchronous="NORMAL")
    try:
        with service(*registrations, database=database) as lambda_:
            yield lambda_
    finally:
        database.close()


def test_functions_and_what_belongs_to_them_are_there_after_a_restart(tmp_path: Path) -> None:
    asked = {"FunctionName": "f"}
    operations = ("GetFunction", "ListVersionsByFunction", "ListAliases", "GetPolicy", "GetFunctionEventInvokeConfig")
    with kept(tmp_path) as lambda_:
        create(lambda_, "f", "def handler(e, c):\n    return c.function_version\n", Tags={"a": "b"})
        lambda_.call("PublishVersion", asked)
        lambda_.call("CreateAlias", {**asked, "Name": "live", "FunctionVersion": "1"})
        statement = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
        lambda_.call("AddPermission", {**asked, **statement})
        to = {"OnFailure": {"Destination": f"{PREFIX}:g"}}
        lambda_.call("PutFunctionEventInvokeConfig", {**asked, "MaximumRetryAttempts": 1, "DestinationConfig": to})
        lambda_.call("PutFunctionConcurrency", {**asked, "ReservedConcurrentExecutions": 3})
        before = [lambda_.call(operation, asked) for operation in operations]
    with kept(tmp_path) as lambda_:
        assert [lambda_.call(operation, asked) for operation in operations] == before
        assert [invoke(lambda_, name, {})["Payload"] for name in ("f", "f:live")] == ["$LATEST", "1"]
        lambda_.call("DeleteFunction", asked)
    with kept(tmp_path) as lambda_:
        assert lambda_.call("ListFunctions", {}) == {"Functions": []}
    assert not list((tmp_path / "runs.db.functions").iterdir())


def test_functions_of_the_users_files_come_from_the_files_alone(tmp_path: Path) -> None:
    function = folder_function(tmp_path / "code", "def handler(e, c): ...\n", aliases=("live",))
    with kept(tmp_path, function) as lambda_:
        assert lambda_.find("f:live") is not None
    with kept(tmp_path) as lambda_:
        assert lambda_.find("f") is None
        assert lambda_.find("f:live") is None
    assert (tmp_path / "code" / "app.py").exists()


def test_code_that_a_killed_process_left_behind_is_removed(tmp_path: Path) -> None:
    home = tmp_path / "runs.db.functions"
    with kept(tmp_path) as lambda_:
        create(lambda_, "f", "def handler(e, c):\n    return 1\n")
    (home / "left").mkdir()
    (home / "left.new").mkdir()
    with kept(tmp_path) as lambda_:
        assert len(list(home.iterdir())) == 1
        assert invoke(lambda_, "f", {})["Payload"] == 1
    assert home.stat().st_mode & 0o077 == 0


def test_a_full_disk_refuses_new_functions_and_keeps_the_others(tmp_path: Path) -> None:
    database = Database(tmp_path / "runs.db", synchronous="NORMAL")
    with service(database=database) as lambda_:
        create(lambda_, "f", "def handler(e, c):\n    return 1\n")
        database._connection.execute("PRAGMA max_page_count = 1")  # SQLite takes what there is as the least
        with pytest.raises(ServiceError, match="cannot be written") as error:
            create(lambda_, "g", "x = 1\n", Environment={"Variables": {"A": "x" * 4000}}, Tags={"a" * 100: "b" * 200})
        assert error.value.code == "ServiceException"
        assert lambda_.find("g") is None
        assert invoke(lambda_, "f", {})["Payload"] == 1
    database.close()
