"""A server that is told to end under load: within a bound, and all that it acknowledged is there afterwards."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.crash.machines import LAMBDA, ROLE, STATES
from tests.server.process import MAIN

from penstock.store import Database

MACHINE = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": LAMBDA + "slow", "End": True}}}
SLOW = "import time\n\ndef slow(event, context):\n    time.sleep(0.05)\n    return event\n"


def _ask(port: int, operation: str, **parameters: Any) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        connection.request("POST", "/", json.dumps(parameters), headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        return answer if response.status == 200 else {}
    finally:
        connection.close()


def _serve(folder: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [*MAIN, "--db", "wf.db", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline().rpartition(":")[2])


@pytest.mark.parametrize("told", [1, 2])
def test_sigterm_under_load_loses_nothing(told: int, tmp_path: Path) -> None:
    """Told twice, it ends at once; that is safe as well."""
    (tmp_path / "app.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "penstock.toml").write_text('[functions]\nslow = "app:slow"\n', encoding="utf-8")
    process, port = _serve(tmp_path)
    _ask(port, "CreateStateMachine", name="m", definition=json.dumps(MACHINE), roleArn=ROLE)
    begun: list[str] = []
    ended = threading.Event()

    def load(worker: int) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            try:
                answer = _ask(
                    port, "StartExecution", stateMachineArn=f"{STATES}:stateMachine:m", name=f"{worker}-{number}"
                )
            except (OSError, http.client.HTTPException, ValueError):
                return  # it was not answered, so nothing was promised
            if answer:
                begun.append(f"{worker}-{number}")

    workers = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for each in workers:
        each.start()
    while len(begun) < 60:
        time.sleep(0.01)
    for _ in range(told):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
    code = process.wait(timeout=20)
    ended.set()
    for each in workers:
        each.join()
    assert process.stdout is not None
    process.stdout.close()
    assert code in ((0,) if told == 1 else (0, 128 + signal.SIGTERM))
    database = Database(tmp_path / "wf.db", read_only=True)
    with database.read() as connection:
        known = {name for (name,) in connection.execute("SELECT name FROM executions")}
    database.close()
    assert not set(begun) - known
    process, port = _serve(tmp_path)
    try:
        until = time.monotonic() + 30
        while running := _ask(
            port, "ListExecutions", stateMachineArn=f"{STATES}:stateMachine:m", statusFilter="RUNNING", maxResults=1
        )["executions"]:
            assert time.monotonic() < until, running
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()
