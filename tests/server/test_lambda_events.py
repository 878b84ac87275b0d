"""Asynchronous calls of a server process that is killed, or ended, and started again on the same file."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from tests.server.process import Server, started
from tests.server.test_lambda import client, create
from tests.services.lambda_.functions import PREFIX, ROLE

from penstock.failpoints import VARIABLE

FUNCTION = """
import os, time
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(context.aws_request_id + " " + context.invoked_function_arn + "\\n")
    while os.path.exists(event.get("hold", "")):
        time.sleep(0.01)
    if event.get("fails"):
        raise ValueError("not today")
    return "done"
"""
TOLD = """
import json
def handler(event, context):
    with open({!r}, "a") as file:
        file.write(json.dumps(event) + "\\n")
"""
SHORT = "import penstock.services.lambda_.events as events; events.DELAYS = ({}, {}); events.THROTTLED = (0.2, 0.5)"
ENDS = [pytest.param(True, id="kill -9"), pytest.param(False, id="SIGTERM")]


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)
    return found


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def rows(folder: Path, columns: str = "attempts, returned") -> list[tuple[Any, ...]]:
    """What the file has of asynchronous calls, whether or not a server has it."""
    connection = sqlite3.connect(f"file:{folder / 'runs.db'}?mode=ro", uri=True)
    try:
        return connection.execute(f"SELECT {columns} FROM lambda_events ORDER BY id").fetchall()
    finally:
        connection.close()


@contextmanager
def served(
    folder: Path, *options: str, delays: tuple[float, float] = (60, 60), env: dict[str, str] | None = None
) -> Iterator[tuple[Server, Any]]:
    with started(folder, "--db", "runs.db", *options, before=SHORT.format(*delays), env=env, failing=True) as server:
        yield server, client("lambda", server.url)


@contextmanager
def queues(port: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """SQS's GetQueueUrl and SendMessage at a URL; what was sent."""
    sent: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["X-Amz-Target"] == "AmazonSQS.GetQueueUrl":
                answer = {"QueueUrl": f"http://127.0.0.1:{opened.server_port}/{given['QueueName']}"}
            else:
                sent.append(given)
                answer = {"MessageId": "1"}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as opened:
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}", sent
        opened.shutdown()


def end(server: Server, kill: bool) -> None:
    if kill:
        server.process.kill()
        server.wait()
    else:
        assert server.end() == 0


def send(lambda_: Any, file: Path, name: str = "f", **event: Any) -> None:
    answer = lambda_.invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps({"file": str(file), **event}).encode()
    )
    assert answer["StatusCode"] == 202


@pytest.mark.parametrize("kill", ENDS)
def test_a_call_that_was_acknowledged_and_has_not_run_is_made_by_the_next_process(tmp_path: Path, kill: bool) -> None:
    file = tmp_path / "ran"
    with served(tmp_path) as (server, lambda_):
        create(lambda_, "f", FUNCTION, Publish=True)
        lambda_.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
        for name in ("f", "f:live"):
            send(lambda_, file, name)
        end(server, kill)
    assert lines(file) == []
    assert len(rows(tmp_path)) == 2
    assert stat.S_IMODE((tmp_path / "runs.db").stat().st_mode) == 0o600
    with served(tmp_path) as (server, lambda_):
        lambda_.delete_function_concurrency(FunctionName="f")
        ran = until(lambda: len(lines(file)) == 2 and lines(file))
        until(lambda: rows(tmp_path) == [])
    assert sorted(line.split()[1] for line in ran) == [f"{PREFIX}:f", f"{PREFIX}:f:live"]


def test_what_was_written_down_is_made_though_nobody_heard_that_it_was_accepted(tmp_path: Path) -> None:
    file = tmp_path / "ran"
    with served(tmp_path, env={VARIABLE: "event.written=kill"}) as (server, lambda_):
        create(lambda_, "f", FUNCTION)
        with pytest.raises(BotoCoreError):
            send(lambda_, file)
        server.wait()
    assert lines(file) == []
    with served(tmp_path):
        until(lambda: rows(tmp_path) == [])
    assert len(lines(file)) == 1


@pytest.mark.parametrize("kill", ENDS)
def test_an_attempt_that_was_cut_off_is_made_again_and_does_not_count(tmp_path: Path, kill: bool) -> None:
    file, hold = tmp_path / "ran", tmp_path / "hold"
    hold.touch()
    with served(tmp_path) as (server, lambda_):
        create(lambda_, "f", FUNCTION, Timeout=60)
        lambda_.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
        send(lambda_, file, hold=str(hold))
        until(lambda: lines(file))
        end(server, kill)
    assert rows(tmp_path) == [(0, 0)]
    with served(tmp_path) as (server, lambda_):
        until(lambda: len(lines(file)) == 2)
        assert rows(tmp_path) == [(0, 1)]
        hold.unlink()
        until(lambda: rows(tmp_path) == [])
    assert len(set(lines(file))) == 1  # one request id


@pytest.mark.parametrize("kill", ENDS)
def test_retries_go_on_with_the_count_that_they_had(tmp_path: Path, kill: bool) -> None:
    file, told = tmp_path / "ran", tmp_path / "told"
    delays = (1.5, 1.5)
    with served(tmp_path, delays=delays) as (server, lambda_):
        create(lambda_, "f", FUNCTION)
        create(lambda_, "told", TOLD.format(str(told)))
        to = {"OnFailure": {"Destination": f"{PREFIX}:told"}}
        lambda_.put_function_event_invoke_config(FunctionName="f", DestinationConfig=to)
        send(lambda_, file, fails=True)
        until(lambda: rows(tmp_path) == [(1, 0)])
        end(server, kill)
    with served(tmp_path, delays=delays) as (server, lambda_):
        until(lambda: rows(tmp_path) == [(2, 0)])
        end(server, kill)
    assert len(lines(file)) == 2
    with served(tmp_path, delays=delays) as (server, lambda_):
        record = json.loads(until(lambda: lines(told))[0])
        until(lambda: rows(tmp_path) == [])
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 3)
    assert record["requestPayload"] == {"file": str(file), "fails": True}
    assert len(lines(file)) == 3
    assert len(set(lines(file))) == 1


def test_the_record_of_a_call_is_delivered_by_the_next_process(tmp_path: Path) -> None:
    """The process dies right after the call's end is written down: its second transaction."""
    file, told = tmp_path / "ran", tmp_path / "told"
    with served(tmp_path, env={VARIABLE: "event.written=kill@2"}) as (server, lambda_):
        create(lambda_, "f", FUNCTION)
        create(lambda_, "told", TOLD.format(str(told)))
        to = {"OnSuccess": {"Destination": f"{PREFIX}:told"}}
        lambda_.put_function_event_invoke_config(FunctionName="f", DestinationConfig=to)
        send(lambda_, file)
        server.wait()
    assert lines(told) == []
    assert rows(tmp_path, "function, destination") == [(f"{PREFIX}:told:$LATEST", None)]
    with served(tmp_path):
        record = json.loads(until(lambda: lines(told))[0])
        until(lambda: rows(tmp_path) == [])
    assert record["responsePayload"] == "done"
    assert len(lines(file)) == 1


@pytest.mark.parametrize("kill", ENDS)
def test_messages_wait_for_a_queue_that_is_away(tmp_path: Path, kill: bool) -> None:
    with queues() as (url, _):
        pass  # its port is free now
    (tmp_path / "penstock.toml").write_text(f'[aws]\nendpoint_url = "{url}"\n', encoding="utf-8")
    with served(tmp_path) as (server, lambda_):
        arn = "arn:aws:sqs:us-east-1:123456789012"
        create(lambda_, "f", FUNCTION, DeadLetterConfig={"TargetArn": f"{arn}:dead"})
        to = {"OnFailure": {"Destination": f"{arn}:failed"}}
        lambda_.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0, DestinationConfig=to)
        send(lambda_, tmp_path / "ran", fails=True)
        until(lambda: [row[0] for row in rows(tmp_path, "destination")] == [f"{arn}:failed", f"{arn}:dead"])
        until(lambda: all(row[0] for row in rows(tmp_path, "returned")))
        end(server, kill)
    assert "is not delivered yet, and tried again: EndpointConnectionError" in server.log
    with queues(int(url.rpartition(":")[2])) as (_, sent), served(tmp_path):
        until(lambda: rows(tmp_path) == [])
    found = {message["QueueUrl"].rpartition("/")[2]: message for message in sent}
    assert json.loads(found["failed"]["MessageBody"])["requestContext"]["condition"] == "RetriesExhausted"
    assert found["dead"]["MessageAttributes"]["ErrorMessage"]["StringValue"] == "not today"


def test_calls_of_functions_that_are_gone_are_dropped_with_a_line_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "functions" / "mine").mkdir(parents=True)
    (tmp_path / "functions" / "mine" / "app.py").write_text(FUNCTION)
    hold = tmp_path / "hold"
    hold.touch()
    with served(tmp_path, "--functions", "functions") as (server, lambda_):
        for _ in range(2):
            send(lambda_, tmp_path / "ran", "mine", hold=str(hold))
        until(lambda: len(lines(tmp_path / "ran")) == 2)
        end(server, kill=True)
    hold.unlink()
    with served(tmp_path, "--log-level", "info") as (server, lambda_):
        until(lambda: rows(tmp_path) == [])
    assert server.log.count(f"is dropped: Function not found: {PREFIX}:mine") == 2
    assert "2 asynchronous calls of an earlier process are taken up" in server.log


def test_a_call_that_became_too_old_meanwhile_is_told_and_not_made(tmp_path: Path) -> None:
    file, told = tmp_path / "ran", tmp_path / "told"
    with served(tmp_path) as (server, lambda_):
        create(lambda_, "f", FUNCTION)
        create(lambda_, "told", TOLD.format(str(told)))
        to = {"OnFailure": {"Destination": f"{PREFIX}:told"}}
        lambda_.put_function_event_invoke_config(FunctionName="f", DestinationConfig=to)
        send(lambda_, file, fails=True)
        until(lambda: rows(tmp_path) == [(1, 0)])
        end(server, kill=True)
    connection = sqlite3.connect(tmp_path / "runs.db")
    with connection:
        connection.execute("UPDATE lambda_events SET accepted = accepted - 21601, due = due - 21601")
    connection.close()
    with served(tmp_path):
        record = json.loads(until(lambda: lines(told))[0])
        until(lambda: rows(tmp_path) == [])
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 1)
    assert "responsePayload" not in record
    assert len(lines(file)) == 1


def test_what_a_state_machine_has_called_is_made_by_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / "ran"
    arn = "arn:aws:lambda:eu-central-1:999999999999:function:f"  # where it will be deployed
    arguments = {"FunctionName": arn, "Qualifier": "live", "InvocationType": "Event", "Payload": {"file": str(file)}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": arguments, "End": True}
    with served(tmp_path) as (server, lambda_):
        create(lambda_, "f", FUNCTION, Publish=True)
        lambda_.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
        states = client("stepfunctions", server.url)
        machine = states.create_state_machine(
            name="m", definition=json.dumps({"StartAt": "T", "States": {"T": task}}), roleArn=ROLE
        )["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=machine)["executionArn"]
        found = until(
            lambda: (each := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and each
        )
        assert (found["status"], json.loads(found["output"])["StatusCode"]) == ("SUCCEEDED", 202)
        end(server, kill=True)
    assert rows(tmp_path, "function") == [(f"{PREFIX}:f:live",)]
    with served(tmp_path) as (server, lambda_):
        lambda_.delete_function_concurrency(FunctionName="f")
        until(lambda: rows(tmp_path) == [])
    assert [line.split()[1] for line in lines(file)] == [f"{arn}:live"]


def test_without_a_database_the_end_says_how_many_calls_are_lost(tmp_path: Path) -> None:
    with started(tmp_path, failing=True) as server:
        lambda_ = client("lambda", server.url)
        create(lambda_, "f", FUNCTION)
        for _ in range(3):
            send(lambda_, tmp_path / "ran", fails=True)
        until(lambda: len(lines(tmp_path / "ran")) == 3)
    assert server.log.count("3 asynchronous calls that have not ended are lost with this process") == 1


def test_a_process_killed_at_any_transaction_loses_no_call(tmp_path: Path) -> None:
    file, told = tmp_path / "ran", tmp_path / "told"
    with served(tmp_path, env={VARIABLE: "event.written=kill@9"}) as (server, lambda_):
        create(lambda_, "f", FUNCTION)
        create(lambda_, "told", TOLD.format(str(told)))
        to = {"Destination": f"{PREFIX}:told"}
        lambda_.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnSuccess": to})
        accepted = 0
        with suppress(BotoCoreError):
            while True:
                send(lambda_, file, number=accepted)
                accepted += 1
        server.wait()
    assert accepted
    for visit in (1, 2, 3):
        with served(tmp_path, env={VARIABLE: f"event.written=kill@{visit}"}) as (server, _), suppress(Exception):
            server.wait(3)
    with served(tmp_path):
        until(lambda: rows(tmp_path) == [])
    numbers = {json.loads(line)["requestPayload"]["number"] for line in lines(told)}
    assert numbers >= set(range(accepted))
