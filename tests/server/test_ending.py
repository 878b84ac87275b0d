"""How a server ends: told once, told twice, told while there is work."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.server.asking import client_of, connect, head, is_over, read_answer
from tests.server.process import Server, started

ROLE = "arn:aws:iam::123456789012:role/r"
WAIT = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "End": True}}})
SLOW = """
def slow(event, context):
    import time
    time.sleep(event)
    return "slept"
"""
TASK = json.dumps(
    {
        "StartAt": "T",
        "States": {
            "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:slow", "End": True}
        },
    }
)


class Asking(threading.Thread):
    """A request in a thread of its own: its answer, or its error."""

    def __init__(self, call: Any, **parameters: Any) -> None:
        super().__init__(daemon=True)
        self._call, self._parameters = call, parameters
        self.answer: Any = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self._call(**self._parameters)
        except Exception as error:
            self.error = error

    def done(self) -> Any:
        self.join(20)
        assert not self.is_alive()
        return self.answer


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_well(tmp_path: Path, how: signal.Signals) -> None:
    with started(tmp_path) as server:
        client_of(server.url).list_state_machines()
        server.process.send_signal(how)
        assert server.wait() == 0
    assert "The server has ended." in server.log


def test_a_signal_that_is_forwarded_twice_is_one(tmp_path: Path) -> None:
    """As GNU timeout sends it: to the process, and then to the process's group."""
    with started(tmp_path) as server:
        server.process.terminate()
        time.sleep(0.005)
        server.process.terminate()
        assert server.wait() == 0
    assert "The server has ended." in server.log


def test_who_waits_for_somebody_else_is_let_go(tmp_path: Path) -> None:
    with started(tmp_path, before="import penstock.server.run as run; run.GRACE_SECONDS = 60") as server:
        client = client_of(server.url)
        activity = client.create_activity(name="a")["activityArn"]
        machine = client.create_state_machine(name="w", definition=WAIT, roleArn=ROLE, type="EXPRESS")
        worker = Asking(client.get_activity_task, activityArn=activity)
        waiting = Asking(client.start_sync_execution, stateMachineArn=machine["stateMachineArn"])
        time.sleep(0.5)
        assert server.end() == 0  # else it is ended by force, and says so with another code
        assert "taskToken" not in worker.done()
        waiting.done()
        assert isinstance(waiting.error, ClientError)
        assert waiting.error.response["Error"]["Code"] == "ServiceUnavailable"


def test_a_request_that_is_being_answered_is_answered(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        body = b"{}"
        with connect(server.place) as connection, connect(server.place) as idle:
            connection.sendall(head(f"Content-Length: {len(body)}") + body[:1])
            time.sleep(0.3)
            server.process.terminate()
            with pytest.raises(OSError):
                _connect_until_refused(server)  # nobody new
            assert idle.recv(1) == b""  # who asks nothing is not waited for
            connection.sendall(body[1:])
            assert read_answer(connection)[0] == 200
            assert is_over(connection)
        assert server.wait() == 0


def test_what_takes_longer_than_its_grace_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "penstock.toml").write_text('[functions]\nslow = "app:slow"\n', encoding="utf-8")
    with (
        started(tmp_path, before="import penstock.server.run as run; run.GRACE_SECONDS = 1") as server,
        connect(server.place) as connection,
    ):
        connection.sendall(head("Content-Length: 100"))  # and never the body
        time.sleep(0.3)
        begun = time.monotonic()
        assert server.end() == 0  # else it is ended by force, and says so with another code
        assert time.monotonic() - begun > 0.9


def test_told_twice_it_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "penstock.toml").write_text('[functions]\nslow = "app:slow"\n', encoding="utf-8")
    with started(tmp_path, before="import penstock.server.run as run; run.GRACE_SECONDS = 60") as server:
        client = client_of(server.url)
        machine = client.create_state_machine(name="s", definition=TASK, roleArn=ROLE)["stateMachineArn"]
        client.start_execution(stateMachineArn=machine, input="3600")
        with connect(server.place) as connection:
            connection.sendall(head("Content-Length: 100"))
            time.sleep(0.5)
            workers = _children(server)
            server.process.terminate()
            time.sleep(0.5)
            assert server.process.poll() is None
            server.process.terminate()
            assert server.wait() == 128 + signal.SIGTERM
            assert "did not come to its end" not in server.log  # what ends it by force after a while
    until = time.monotonic() + 10
    while any(Path(f"/proc/{worker}").exists() for worker in workers):  # they do not outlive it
        assert time.monotonic() < until
        time.sleep(0.05)


def _connect_until_refused(server: Server) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        connect(server.place).close()
        time.sleep(0.05)


def _children(server: Server) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(path.read_text().rpartition(")")[2].split()[1]) == server.process.pid:
                    found.append(int(path.parent.name))
    return found


def test_told_to_end_under_load_no_answer_is_half_an_answer(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        client = client_of(server.url)
        machine = client.create_state_machine(name="w", definition=WAIT, roleArn=ROLE)["stateMachineArn"]

        def load() -> list[int]:
            statuses: list[int] = []
            body = json.dumps({"stateMachineArn": machine}).encode()
            with contextlib.suppress(OSError), connect(server.place) as connection:
                while True:
                    connection.sendall(head(f"Content-Length: {len(body)}", operation="StartExecution") + body)
                    if not connection.recv(1, 2):  # MSG_PEEK: the end, between two answers
                        break
                    status, headers, _ = read_answer(connection)
                    statuses.append(status)
                    if headers.get("connection") == "close":
                        break
            return statuses

        clients = [Asking(load) for _ in range(10)]
        time.sleep(1)
        assert server.end() == 0
        statuses = [status for each in clients for status in each.done()]
        assert set(statuses) == {200}
        assert len(statuses) > 100
        assert all(each.error is None for each in clients)
