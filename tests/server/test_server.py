"""`penstock server`, a real process, and the clients that AWS's users have."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.server.asking import ask, client_of
from tests.server.process import MAIN, running

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
TASK = json.dumps(
    {
        "StartAt": "T",
        "States": {
            "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:double", "End": True}
        },
    }
)


def test_boto3_creates_runs_and_reads(url: str) -> None:
    client = client_of(url)
    arn = client.create_state_machine(name="doubling", definition=TASK, roleArn=ROLE)["stateMachineArn"]
    started = client.start_execution(stateMachineArn=arn, input="21")
    until = time.monotonic() + 10
    while (answer := client.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.01)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "42")
    assert answer["startDate"] == started["startDate"]
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=started["executionArn"], PaginationConfig={"PageSize": 3}
    )
    ids = [event["id"] for page in pages for event in page["events"]]
    assert ids == list(range(1, len(ids) + 1))
    with pytest.raises(client.exceptions.StateMachineAlreadyExists):
        client.create_state_machine(name="doubling", definition=PASS, roleArn=ROLE)
    express = client.create_state_machine(name="express", definition=TASK, roleArn=ROLE, type="EXPRESS")
    assert client.start_sync_execution(stateMachineArn=express["stateMachineArn"], input="4")["output"] == "8"


def test_health(url: str) -> None:
    status, answer = ask(url, "GET", "/health")
    assert (status, answer["status"]) == (200, "ok")


def test_errors_are_answers_in_the_form_of_the_protocol(url: str) -> None:
    status, answer = ask(url, X_Amz_Target="AWSStepFunctions.DescribeStateMachine", body=b'{"stateMachineArn":"x"}')
    assert (status, answer) == (400, {"__type": "InvalidArn", "message": "Invalid Arn: 'Invalid ARN prefix: x'"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"\xff", "SerializationException"),
        (b"[" * 100_000, "SerializationException"),
        (b'{"maxResults": "1"}', "SerializationException"),
        (b'{"maxResults": 1e400}', "SerializationException"),
        (b'{"maxResults": -1}', "ValidationException"),
        (b'{"nextToken": "\\ud800"}', "InvalidToken"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(url: str, body: bytes, code: str) -> None:
    status, answer = ask(url, body=body)
    assert (status, answer["__type"]) == (400, code)


@pytest.mark.parametrize("name", ["", "workflows.test:4599", "b:1", "http://workflows.test", "a b"])
def test_a_name_that_no_host_header_has_is_refused(tmp_path: Path, name: str) -> None:
    """It would be waited for in vain."""
    done = subprocess.run(
        [*MAIN, "--port", "0", "--allow-host", name], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    words = "--allow-host takes the name of a host without a port, such as workflows.test;"
    assert (done.returncode, done.stderr) == (2, f"penstock: {words} {name!r} is none.\n")


def test_a_token_is_asked_for(tmp_path: Path) -> None:
    with running(tmp_path, "--token", "secret") as url:
        assert client_of(url, "secret").list_state_machines()["stateMachines"] == []
        with pytest.raises(ClientError) as caught:
            client_of(url, "other").list_state_machines()
        assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
        assert ask(url)[0] == 403
        assert ask(url, Authorization="Bearer secret")[0] == 200
        assert ask(url, Authorization="Bearer ")[0] == 403
        assert ask(url, "GET", "/health")[0] == 200


def refused(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MAIN, *options], capture_output=True, text=True, timeout=20, check=False)


def test_an_address_that_others_reach_needs_a_token() -> None:
    done = refused("--host", "0.0.0.0")
    assert done.returncode == 2
    assert "--token" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = refused("--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "300.1.1.1", "--token", "t"], "300.1.1.1:0 cannot be had: Name or service not known. Give another --host."),
        (["--host", "192.0.2.7", "--token", "t"], "192.0.2.7:0 cannot be had: Cannot assign requested address. Give another --host."),
        (["--host", "é..b", "--token", "t"], "é..b:0 cannot be had: it is no name of a host. Give another --host."),
        (["--token", "é"], "A token is of ASCII characters, without blanks at its ends; this one no client could show."),
    ],
)  # fmt: skip
def test_what_a_server_cannot_begin_with(tmp_path: Path, options: list[str], words: str) -> None:
    done = subprocess.run(
        [*MAIN, "--port", "0", *options], cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"penstock: {words}\n")
