"""Workers that poll for activity tasks over HTTP, and go away while they do."""

from __future__ import annotations

import json
import socket

from tests.server.asking import ask, client_of, connect, head
from tests.server.process import Server
from tests.server.test_server import ROLE


def test_a_task_is_not_given_to_a_worker_that_has_gone(server: Server, url: str) -> None:
    client = client_of(url)
    activity = client.create_activity(name="polled")["activityArn"]
    task = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}}
    machine = client.create_state_machine(name="polled", definition=json.dumps(task), roleArn=ROLE)["stateMachineArn"]
    body = json.dumps({"activityArn": activity}).encode()
    polling = head(f"Content-Length: {len(body)}", operation="GetActivityTask") + body
    # The second comes in pieces, and so another way through the server.
    for pieces in ([polling], [polling[:-5], polling[-5:]]):
        with connect(server.place) as gone:
            for piece in pieces:
                gone.sendall(piece)
                gone.settimeout(0.3)
                assert not _answers(gone)
    client.start_execution(stateMachineArn=machine, input='{"order": 1}')

    with connect(server.place) as worker:
        worker.sendall(polling)
        worker.settimeout(10)
        assert b"taskToken" in worker.recv(65536)


def test_a_large_request_polls_like_a_small_one(url: str) -> None:
    body = b'{"activityArn": "arn:aws:states:us-east-1:123456789012:activity:none"' + b" " * 20_000 + b"}"
    status, answer = ask(url, X_Amz_Target="AWSStepFunctions.GetActivityTask", body=body)
    assert (status, answer["__type"]) == (400, "ActivityDoesNotExist")


def _answers(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return False
