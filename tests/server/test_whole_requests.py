"""A request that comes in one piece is answered as one that comes in several: they take different ways through the server."""

from __future__ import annotations

import gzip
import json
import re
import time
from pathlib import Path

import pytest
from tests.server.asking import client_of, connect, is_over, read_answer
from tests.server.process import Server, started

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:whole"


def request(body: bytes, operation: str = "DescribeStateMachine", *lines: str, **headers: str | None) -> bytes:
    sent = {
        "Host": "localhost",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"AWSStepFunctions.{operation}",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    shown = [f"{name}: {value}" for name, value in sent.items() if value is not None]
    return "\r\n".join(["POST / HTTP/1.1", *shown, *lines, "", ""]).encode() + body


@pytest.fixture(scope="module", autouse=True)
def machine(server: Server) -> None:
    client_of(server.url).create_state_machine(
        name="whole", definition=PASS, roleArn="arn:aws:iam::123456789012:role/r"
    )


def answer(server: Server, *parts: bytes, pause: float = 0.02) -> tuple[int, dict[str, str], bytes, bool]:
    """Status, headers without those that differ each time, body, and whether the connection goes on."""
    with connect(server.place) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause if len(parts) > 1 else 0)
        status, headers, body = read_answer(connection)
        assert len(headers.pop("x-amzn-requestid")) == 36
        headers.pop("date")
        connection.sendall(request(b"{}", "ListStateMachines"))
        try:
            open_ = read_answer(connection)[0] == 200
        except (AssertionError, ConnectionError):
            open_ = False
        return status, headers, body, open_


@pytest.mark.parametrize(
    "sent",
    [
        request(json.dumps({"stateMachineArn": ARN}).encode()),
        request(json.dumps({"stateMachineArn": ARN + "x"}).encode()),
        request(json.dumps({"executionArn": ARN}).encode(), "DescribeExecution"),
        request(json.dumps({"stateMachineArn": ARN, "input": "[1"}).encode(), "StartExecution"),
        request(gzip.compress(json.dumps({"stateMachineArn": ARN}).encode()), Content_Encoding="gzip"),
        request(b"not gzip", Content_Encoding="gzip"),
        request(b"{}", Content_Encoding="br"),
        request(b"{"),
        request(b'{"stateMachineArn": "\xff"}'),
        request(b'{"stateMachineArn": "\\ud800"}', "StartExecution"),
        request(b"", "ListStateMachines"),
        request(b"{}", "Nothing"),
        request(b"{}", Content_Type="text/plain"),
        request(b"{}", Host="evil.example"),
        request(b"{}", Origin="http://evil.example"),
        request(b"{}", "ListStateMachines", "Host: localhost"),
        request(b"{}", "ListStateMachines", Connection="close"),
        request(json.dumps({"stateMachineArn": ARN}).encode(), Connection="Upgrade", Upgrade="websocket"),
        request(json.dumps({"stateMachineArn": ARN}).encode(), Connection="Upgrade, HTTP2-Settings", Upgrade="h2c"),
    ],
)
def test_whole_or_in_parts(server: Server, sent: bytes) -> None:
    whole = answer(server, sent)
    middle = sent.index(b"\r\n\r\n") + 4
    assert answer(server, sent[:middle], sent[middle:]) == whole
    assert answer(server, sent[:20], sent[20 : middle + 1], sent[middle + 1 :]) == whole
    assert whole[0] in (200, 400, 403, 415)


def test_an_older_http_and_an_expectation(server: Server) -> None:
    sent = request(json.dumps({"stateMachineArn": ARN}).encode()).replace(b"HTTP/1.1", b"HTTP/1.0")
    with connect(server.place) as connection:
        connection.sendall(sent)
        assert read_answer(connection)[0] == 200
        assert is_over(connection)
    with connect(server.place) as connection:
        connection.sendall(request(b"{}", "ListStateMachines", Expect="100-continue"))
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_answer(connection)[0] == 200


def test_an_upgrade_is_passed_over(server: Server) -> None:
    sent = request(json.dumps({"stateMachineArn": ARN}).encode(), Connection="Upgrade, HTTP2-Settings", Upgrade="h2c")
    with connect(server.place) as connection, connection.makefile("rb") as answers:
        connection.sendall(sent * 3 + request(b"{}", "ListStateMachines", Connection="close"))
        assert re.findall(rb"HTTP/1.1 (\d+)", answers.read()) == [b"200"] * 4


def test_a_tunnel_is_refused(server: Server) -> None:
    with connect(server.place) as connection:
        connection.sendall(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(connection)[0] == 400
        assert is_over(connection)


def test_many_in_one_piece_are_answered_in_their_order(server: Server) -> None:
    # ListStateMachines waits for a thread, the others do not.
    operations = ["StartExecution", "ListStateMachines", "DescribeStateMachine", "StartExecution", "ListStateMachines"]
    bodies = {"ListStateMachines": b"{}"}
    body = json.dumps({"stateMachineArn": ARN}).encode()
    with connect(server.place) as connection:
        connection.sendall(b"".join(request(bodies.get(name, body), name) for name in operations * 3))
        keys = {"StartExecution": "executionArn", "ListStateMachines": "stateMachines", "DescribeStateMachine": "name"}
        # One reader for all of them: what it has read ahead is of the next.
        with connection.makefile("rb") as answers:
            for name in operations * 3:
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                length = 0
                while (line := answers.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                assert keys[name] in json.loads(answers.read(length))


def test_an_idle_connection_makes_room(tmp_path: Path) -> None:
    with started(tmp_path, before="import penstock.server.run as r; r._connections = lambda: 4") as server:
        sent = request(json.dumps({"executionArn": ARN}).encode(), "DescribeExecution")
        connections = []
        for _ in range(6):
            connections.append(connect(server.place))
            connections[-1].sendall(sent)
            assert read_answer(connections[-1])[0] == 400
        for each in connections:
            each.close()


def test_after_an_answer_that_ends_the_connection_nothing_is_done(server: Server) -> None:
    started_ = request(json.dumps({"stateMachineArn": ARN, "name": "after"}).encode(), "StartExecution")
    with connect(server.place) as connection:
        connection.sendall(request(b"{}", "ListStateMachines", Host="evil.example") + started_)
        assert read_answer(connection)[0] == 403
        assert is_over(connection)
    names = [each["name"] for each in client_of(server.url).list_executions(stateMachineArn=ARN)["executions"]]
    assert "after" not in names


def test_an_answer_that_takes_long_is_not_cut_off(tmp_path: Path) -> None:
    before = "import uvicorn; o = uvicorn.Config.__init__"
    before += "\ndef init(self, *a, **k): o(self, *a, **{**k, 'timeout_keep_alive': 1})\nuvicorn.Config.__init__ = init"
    wait = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 2, "End": True}}})
    with started(tmp_path, before=before) as server:
        made = {"name": "slow", "definition": wait, "roleArn": "arn:aws:iam::123456789012:role/r", "type": "EXPRESS"}
        arn = client_of(server.url).create_state_machine(**made)["stateMachineArn"]
        first = request(json.dumps({"executionArn": ARN}).encode(), "DescribeExecution")
        then = request(json.dumps({"stateMachineArn": arn}).encode(), "StartSyncExecution")
        with connect(server.place) as connection, connection.makefile("rb") as answers:
            connection.sendall(first + then)
            assert re.findall(rb"HTTP/1.1 (\d+)", answers.read()) == [b"400", b"200"]


def test_a_connection_that_is_used_stays_and_one_that_is_not_ends(tmp_path: Path) -> None:
    before = "import uvicorn; o = uvicorn.Config.__init__"
    before += "\ndef init(self, *a, **k): o(self, *a, **{**k, 'timeout_keep_alive': 1})\nuvicorn.Config.__init__ = init"
    taken = request(json.dumps({"executionArn": ARN}).encode(), "DescribeExecution")
    with started(tmp_path, before=before) as server:
        for sent, status in ((taken, 400), (request(b"{}", "ListStateMachines"), 200)):
            with connect(server.place) as connection:
                for _ in range(5):
                    connection.sendall(sent)
                    assert read_answer(connection)[0] == status
                    time.sleep(0.4)
                began = time.monotonic()
                assert is_over(connection)
                assert time.monotonic() - began < 10


def test_a_trailer_is_no_header(tmp_path: Path) -> None:
    with started(tmp_path, "--token", "secret") as server:
        head = request(
            b"", "ListStateMachines", Content_Length=None, Transfer_Encoding="chunked", Trailer="Authorization"
        )
        sent = head + b"2\r\n{}\r\n0\r\nAuthorization: Bearer secret\r\n\r\n"
        for parts in ((sent,), (sent[: len(head)], sent[len(head) :])):
            with connect(server.place) as connection:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(0.05)
                assert read_answer(connection)[0] == 403


def test_a_long_body_before_another_head_is_not_counted_to_it(server: Server) -> None:
    first = request(json.dumps({"stateMachineArn": ARN, "input": json.dumps("x" * 70_000)}).encode(), "StartExecution")
    second = request(b"{}", "ListStateMachines")
    with connect(server.place) as connection:
        connection.sendall(first + second[:30])
        time.sleep(0.05)
        connection.sendall(second[30:])
        assert read_answer(connection)[0] == 200
        assert read_answer(connection)[0] == 200


def test_a_fault_is_500_with_a_number_that_the_log_has(tmp_path: Path) -> None:
    before = (
        "import penstock.services.stepfunctions.service as s\n"
        "def fail(state, given): raise KeyError('secret')\n"
        "s.ASKED = {**s.ASKED, 'DescribeExecution': fail}\n"
    )
    with started(tmp_path, before=before, failing=True) as server:
        body = json.dumps({"executionArn": ARN}).encode()
        with connect(server.place) as connection:
            connection.sendall(request(body, "DescribeExecution"))
            status, headers, text = read_answer(connection)
            assert is_over(connection)
        server.end()
    assert status == 500
    assert headers["x-amzn-requestid"] in json.loads(text)["message"]
    assert "secret" not in text.decode()
    assert headers["x-amzn-requestid"] in server.log
    assert "KeyError" in server.log
    assert "secret" not in server.log  # it may be a client's
