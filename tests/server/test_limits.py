"""What a client that is slow, endless, broken or hostile gets, from a real server process."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.asking import ask, client_of, connect, head, is_over, read_answer
from tests.server.process import Server, started

SHORT = """
import penstock.server.protocol as bounds
bounds.HEAD_SECONDS = bounds.BODY_SECONDS = bounds.WRITE_SECONDS = 0.7
"""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for nobody."""
    with started(tmp_path_factory.mktemp("hasty"), before=SHORT) as server:
        yield server


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "evil.example@localhost"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "LocalHost"}, 200),
        ({"Host": "[::1]:4599"}, 200),
        ({"Host": "sync-localhost"}, 200),
        ({"Host": "sync-127.0.0.1:4599"}, 200),
        ({"Host": "sync-sfn.localhost:4599"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}, 415),
        ({"Content-Type": None}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"X-Amz-Target": None}, 400),
        ({"X-Amz-Target": "AWSStepFunctions"}, 400),
        ({"X-Amz-Target": "AWSStepFunctions.Nothing"}, 400),
        ({"X-Amz-Target": "AWSStepFunctions.__class__"}, 400),
        ({"X-Amz-Target": "DynamoDB_20120810.ListTables"}, 400),
        ({"Content-Length": "99999999999"}, 413),
        ({"Content-Encoding": "br"}, 415),
    ],
)
def test_who_is_let_in(url: str, headers: dict[str, str | None], status: int) -> None:
    assert ask(url, **{name.replace("-", "_"): value for name, value in headers.items()})[0] == status


@pytest.mark.parametrize(
    "path", ["/x", "/..%2f..%2fetc%2fpasswd", "/%00", "//", "/service/AWSStepFunctions/operation/X"]
)
def test_another_path_is_none_of_ours(url: str, path: str) -> None:
    assert ask(url, path=path)[0] == 404
    assert ask(url, "GET", path)[0] == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_requests_are_posts(url: str, method: str) -> None:
    assert ask(url, method)[0] == 404  # OPTIONS too: a page elsewhere is not told that it may


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,  # TLS
        b"\x00" * 1000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_told_so_and_cut_off(server: Server, garbage: bytes) -> None:
    with connect(server.place) as connection:
        connection.sendall(garbage)
        status, _, body = read_answer(connection)
        assert (status, json.loads(body)["__type"]) == (400, "SerializationException")
        assert is_over(connection)
    assert ask(server.url, "GET", "/health")[0] == 200


def test_a_header_that_stands_twice_is_refused(server: Server) -> None:
    with connect(server.place) as connection:
        connection.sendall(head("Content-Length: 2", "Host: evil.example") + b"{}")
        assert read_answer(connection)[0] == 400


@pytest.mark.parametrize("lines", [["X: " + "a" * 70_000], [f"X-{n}: a" for n in range(200)]], ids=["long", "many"])
def test_headers_without_end_are_refused(server: Server, lines: list[str]) -> None:
    with connect(server.place) as connection:
        connection.sendall(head("Content-Length: 2", *lines) + b"{}")
        status, headers, _ = read_answer(connection)
        assert (status, headers["connection"]) == (431, "close")


def test_a_header_that_never_ends_is_cut_off(server: Server) -> None:
    with connect(server.place) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX: ")
        assert _sends_until_cut_off(connection, b"a" * 65_536)


def _sends_until_cut_off(connection: socket.socket, piece: bytes) -> bool:
    try:
        for _ in range(2000):
            connection.sendall(piece)
            time.sleep(0.005)
    except OSError:
        return True
    return False


def test_headers_that_trickle_in_are_given_up(hasty: Server) -> None:
    with connect(hasty.place) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n")
        for number in range(4):
            time.sleep(0.2)
            connection.sendall(b"X-%d: a\r\n" % number)
        assert read_answer(connection)[0] == 408
        assert is_over(connection)


def test_a_connection_that_says_nothing_is_ended(hasty: Server) -> None:
    with connect(hasty.place) as connection:
        assert is_over(connection)


def test_a_body_that_trickles_in_is_given_up(hasty: Server) -> None:
    with connect(hasty.place) as connection:
        connection.sendall(head("Content-Length: 10000"))
        for _ in range(4):
            time.sleep(0.2)
            connection.sendall(b" ")
        status, _, body = read_answer(connection)
        assert (status, json.loads(body)["__type"]) == (408, "RequestTimeoutException")
        assert is_over(connection)


def test_an_answer_that_nobody_reads_is_given_up(hasty: Server) -> None:
    client = client_of(hasty.url)
    long = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Comment": "x" * 900_000, "End": True}}})
    client.create_state_machine(name="long", definition=long, roleArn="arn:aws:iam::123456789012:role/r")
    arn = client.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    body = json.dumps({"stateMachineArn": arn}).encode()
    request = head(f"Content-Length: {len(body)}", operation="DescribeStateMachine") + body
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(hasty.place)
        connection.settimeout(20)
        # Each answer is 900 kB; after some, there is no room for more.
        assert _sends_until_cut_off(connection, request)
    assert ask(hasty.url, "GET", "/health")[0] == 200


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_body_of_a_gigabyte_is_refused_and_its_client_told(server: Server, announced: bool) -> None:
    total, sent = 1 << 30, 0
    piece = b" " * (1 << 20)
    with connect(server.place) as connection:
        connection.sendall(head(f"Content-Length: {total}" if announced else "Transfer-Encoding: chunked"))
        try:
            while sent < total:
                connection.sendall(piece if announced else b"100000\r\n" + piece + b"\r\n")
                sent += len(piece)
        except OSError:
            pass  # it was told long ago, and did not stop
        else:
            status, _, body = read_answer(connection)
            assert (status, json.loads(body)["__type"]) == (413, "RequestEntityTooLargeException")
    with connect(server.place) as connection:  # a client that looks before it goes on
        connection.sendall(head(f"Content-Length: {total}", "Expect: 100-continue"))
        assert read_answer(connection)[0] == 413
    memory = Path(f"/proc/{server.process.pid}/status")
    if memory.exists():
        (peak,) = (int(line.split()[1]) for line in memory.read_text().splitlines() if line.startswith("VmHWM"))
        assert peak < 500_000  # kB


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_client_that_sends_all_before_it_reads_gets_to_read_why(server: Server, announced: bool) -> None:
    total = 48 << 20
    piece = b" " * (1 << 20)
    with connect(server.place) as connection:
        connection.sendall(head(f"Content-Length: {total}" if announced else "Transfer-Encoding: chunked"))
        for _ in range(48):
            connection.sendall(piece if announced else b"100000\r\n" + piece + b"\r\n")
        status, headers, body = read_answer(connection)
        assert (status, headers["connection"]) == (413, "close")
        assert json.loads(body)["__type"] == "RequestEntityTooLargeException"
        assert is_over(connection)


def test_a_body_is_asked_for_with_100_continue(server: Server) -> None:
    with connect(server.place) as connection:
        connection.sendall(head("Content-Length: 2", "Expect: 100-continue"))
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert read_answer(connection)[0] == 200


def test_bodies_in_pieces_and_packed_bodies(url: str, server: Server) -> None:
    with connect(server.place) as connection:
        connection.sendall(head("Transfer-Encoding: chunked") + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
        assert read_answer(connection)[0] == 200
    packed = gzip.compress(b'{"maxResults": 1}')
    assert ask(url, body=packed, Content_Encoding="gzip")[0] == 200
    assert ask(url, body=packed[:-9], Content_Encoding="gzip")[0] == 400
    assert ask(url, body=b"{}", Content_Encoding="gzip")[0] == 400
    assert ask(url, body=packed + b"more", Content_Encoding="gzip")[0] == 400
    bomb = gzip.compress(b" " * (1 << 28))
    assert len(bomb) < 1 << 20
    assert ask(url, body=bomb, Content_Encoding="gzip")[0] == 413


def test_requests_one_after_the_other_without_waiting_are_answered_in_order(server: Server) -> None:
    with connect(server.place) as connection:
        requests = [head(f"Content-Length: {len(body)}") + body for body in (b"{}", b"[]", b"{}")]
        requests.append(head("Content-Length: 1", "Connection: close") + b"{")
        connection.sendall(b"".join(requests))
        with connection.makefile("rb") as answers:
            assert re.findall(rb"HTTP/1\.1 (\d+)", answers.read()) == [b"200", b"400", b"200", b"400"]


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(server: Server) -> None:
    for _ in range(50):
        with connect(server.place) as connection:
            connection.sendall(head("Content-Length: 100") + b"{")
    assert ask(server.url)[0] == 200


def test_more_connections_than_it_takes(tmp_path: Path) -> None:
    few = "import penstock.server.run as run; run.CONNECTIONS = 5"
    with started(tmp_path, before=few) as server:
        held: list[socket.socket] = []
        try:
            for _ in range(5):  # all in the middle of a request
                held.append(connect(server.place))
                held[-1].sendall(head("Content-Length: 2"))
            time.sleep(0.2)
            with connect(server.place) as one_more:
                status, _, body = read_answer(one_more)
                assert (status, json.loads(body)["__type"]) == (503, "ServiceUnavailable")
            held[0].sendall(b"{}")
            assert read_answer(held[0])[0] == 200
            # That one waits for its next request now: it makes room.
            assert ask(server.url)[0] == 200
            assert is_over(held[0])
        finally:
            for each in held:
                each.close()
