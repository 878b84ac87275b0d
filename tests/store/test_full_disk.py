"""A full disk, a file that cannot be written, through the service: no new work is taken, all that was can be read, nothing is
lost, and executions go on by themselves when there is room again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock import Client
from penstock.errors import ClientError

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
ARN = "arn:aws:lambda:us-east-1:123456789012:function:step"
GOING = "g" * 20_000
STEPS = json.dumps(
    {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Resource": ARN, "Next": "W"},
            "W": {"Type": "Wait", "Seconds": 3, "Next": "B"},
            "B": {"Type": "Task", "Resource": ARN, "End": True},
        },
    }
)


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.01)


def no_room(client: Client) -> Callable[[], None]:
    """No page more for the file; the call makes room again."""
    connection = client._database._connection  # type: ignore[union-attr]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    return lambda: connection.execute(f"PRAGMA max_page_count={2**31}") and None


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 1 MB, where this user may mount one."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(client: Client, machine: str) -> ClientError:
    """Starts executions with large inputs until one is refused, then with smaller ones."""
    number = 0
    for size in (100_000, 10_000, 100):
        for _ in range(400):
            number += 1
            try:
                client.start_execution(stateMachineArn=machine, name=f"f{number}", input=json.dumps("x" * size))
            except ClientError as error:
                refusal = error
                break
        else:
            raise AssertionError("the disk is never full")
    return refusal


def check(client: Client, ran: list[str], make_room: Callable[[], None] | None, filled: Callable[[], None]) -> None:
    machine = client.create_state_machine(name="m", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    steps = client.create_state_machine(name="s", definition=STEPS, roleArn=ROLE)["stateMachineArn"]
    going = client.start_execution(stateMachineArn=steps, name="going", input=json.dumps(GOING))["executionArn"]
    until(lambda: ran == [GOING])
    filled()
    error = fill_up(client, machine)
    assert error.response["Error"]["Code"] == "ServiceUnavailable"
    assert "cannot be written: database or disk is full" in str(error)
    begun = {
        each["name"]
        for page in client.get_paginator("list_executions").paginate(stateMachineArn=machine)
        for each in page["executions"]
    }
    time.sleep(3)  # the timer of `going` is due meanwhile
    # What was can be read, and what is refused is refused at once.
    assert client.describe_execution(executionArn=going)["status"] == "RUNNING"
    assert client.get_execution_history(executionArn=going)["events"][0]["type"] == "ExecutionStarted"
    for call in (
        lambda: client.start_execution(stateMachineArn=machine, name="no", input=json.dumps("x" * 100_000)),
        lambda: client.stop_execution(executionArn=going),
    ):
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            call()
    assert ran == [GOING]
    assert make_room is not None
    make_room()
    until(lambda: client.describe_execution(executionArn=going)["status"] == "SUCCEEDED")
    assert ran == [GOING, GOING]
    after = {
        each["name"]
        for page in client.get_paginator("list_executions").paginate(stateMachineArn=machine)
        for each in page["executions"]
    }
    assert after == begun  # the refused ones never were
    assert "no" not in after
    client.start_execution(stateMachineArn=machine, name="no", input='"y"')
    until(
        lambda: (
            client.describe_execution(executionArn=f"{machine.replace('stateMachine', 'execution')}:no")["status"]
            == "SUCCEEDED"
        )
    )


def _client(file: Path, ran: list[str]) -> Client:
    def step(event: str, context: object) -> str:
        ran.append(event)
        return event

    return Client(db=file, functions={"step": step})


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    ran: list[str] = []
    with _client(tmp_path / "wf.db", ran) as client:
        room: list[Callable[[], None]] = []
        check(client, ran, lambda: room[0](), lambda: room.append(no_room(client)))


def test_an_outage_is_said_once_however_many_starts_it_refuses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Small things can still be written while large ones cannot, and each of them may take a start that is refused."""

    def said() -> list[str]:
        return [each.getMessage().partition(":")[0] for each in caplog.records if each.name == "penstock.engine"]

    first = "Executions stand still, and none begins, until the database can be written"
    last = "The database can be written again; executions go on."
    ran: list[str] = []
    with _client(tmp_path / "wf.db", ran) as client:
        driver = client._service._state.loop.driver
        machine = client.create_state_machine(name="m", definition=PASS, roleArn=ROLE)["stateMachineArn"]
        waits = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9999, "End": True}}})
        going = client.create_state_machine(name="w", definition=waits, roleArn=ROLE)["stateMachineArn"]
        client.start_execution(stateMachineArn=going)
        make_room = no_room(client)
        fill_up(client, machine)
        for _ in range(3):
            with pytest.raises(ClientError, match="ServiceUnavailable"):
                client.start_execution(stateMachineArn=machine, input=json.dumps("x" * 200_000))
            until(lambda: driver.failing is None)
        assert said() == [first]
        make_room()
        client.start_execution(stateMachineArn=machine, input=json.dumps("x" * 200_000))
        until(lambda: said() == [first, last])
        make_room = no_room(client)
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            client.start_execution(stateMachineArn=machine, input=json.dumps("x" * 200_000))
        until(lambda: said() == [first, last, first])


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root of a Linux can mount a small disk")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path) as folder:
        ran: list[str] = []
        (folder / "other").write_bytes(b"x" * 300_000)
        with _client(folder / "wf.db", ran) as client:
            check(client, ran, lambda: (folder / "other").unlink(), lambda: None)
        with _client(folder / "wf.db", ran) as client:  # and the file is whole
            assert client.list_state_machines()["stateMachines"]
