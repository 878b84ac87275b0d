"""Calls to a URL: a small AWS of our own, over real HTTP. Jobs are asked after, and stopped when nobody waits any more."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.engine.tasks.aws.conftest import kinds, run_task

import penstock
from penstock.config import load_settings, with_aws
from penstock.durable import stop_in_file

pytest.importorskip("boto3")


class Batch:
    """Jobs that run for `turns` questions and end as `status`; `seen` are the requests."""

    def __init__(self) -> None:
        self.turns = 1
        self.status = "SUCCEEDED"
        self.seen: list[tuple[str, dict[str, Any], str]] = []
        self.stopped = threading.Event()
        self.trouble: list[tuple[int, Any]] = []
        """What the next questions after a job are answered; a status of 0 closes the connection without an answer."""

    def answer(self, path: str, body: dict[str, Any], key: str) -> tuple[int, Any]:
        self.seen.append((path, body, key))
        if path == "/v1/submitjob":
            return 200, {"jobArn": "arn:job", "jobId": "1", "jobName": body["jobName"]}
        if path == "/v1/describejobs" and self.trouble:
            return self.trouble.pop(0)
        if path == "/v1/describejobs":
            self.turns -= 1
            job = {"jobId": "1", "jobName": "j", "status": "RUNNING" if self.turns >= 0 else self.status}
            return 200, {"jobs": [{**job, "createdAt": 1, "container": {"exitCode": 3}}]}
        if path == "/v1/terminatejob":
            self.stopped.set()
            return 200, {}
        if path == "/stage/orders/1?a=b%20c":
            return 200, {"got": body}
        return 404, {"message": "no such path"}


@pytest.fixture
def batch() -> Iterator[tuple[Batch, str]]:
    state = Batch()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            authorization = self.headers.get("Authorization", "")
            key = authorization.partition("Credential=")[2].partition("/")[0]
            status, answer = state.answer(self.path, json.loads(text or b"{}"), key)
            if status == 0:
                self.close_connection = True
                return
            body = json.dumps(answer).encode()
            self.send_response(status)
            if "__type" in answer:
                self.send_header("x-amzn-ErrorType", answer["__type"])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # or a burst of connections is turned away

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


JOB = {"JobName": "j", "JobQueue": "q", "JobDefinition": "d"}


def test_a_job_that_succeeds(batch: tuple[Batch, str]) -> None:
    state, url = batch
    result = run_task("batch:submitJob.sync", JOB, url)
    assert result.status == "SUCCEEDED"
    assert isinstance(result.output, dict)
    assert (result.output["Status"], result.output["Container"]) == ("SUCCEEDED", {"ExitCode": 3})
    environment = state.seen[0][1]["containerOverrides"]["environment"]
    assert environment == [{"name": "MANAGED_BY_AWS", "value": "STARTED_BY_STEP_FUNCTIONS"}]
    assert {key for _, _, key in state.seen} == {"123456789012"}, "no credentials of the environment"


def test_a_job_that_fails(batch: tuple[Batch, str]) -> None:
    state, url = batch
    state.turns, state.status = 0, "FAILED"
    result = run_task("batch:submitJob.sync", JOB, url)
    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")
    assert json.loads(str(result.cause))["Status"] == "FAILED"


def test_a_job_that_takes_too_long_is_stopped(batch: tuple[Batch, str]) -> None:
    state, url = batch
    state.turns = 1000
    result = run_task("batch:submitJob.sync", JOB, url, TimeoutSeconds=1)
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert state.stopped.wait(5)
    reason = state.seen[-1][1]["reason"]
    assert reason.startswith("The Task state in AWS Step Functions execution [arn:aws:states:us-east-1:")
    assert reason.endswith("which was managing this resource was aborted")


TROUBLE = [
    (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
    (429, {"__type": "TooManyRequestsException", "message": "Too many"}),
    (500, {"__type": "ServerException", "message": "a fault"}),
    (503, {"message": "Service Unavailable"}),
    (0, None),
]


def test_questions_that_cannot_be_answered_now_are_asked_again(
    batch: tuple[Batch, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("penstock.engine.tasks.aws.attempts.FIRST_TROUBLE", 0.01)
    state, url = batch
    state.turns, state.trouble = 0, list(TROUBLE)
    result = run_task("batch:submitJob.sync", JOB, url)
    assert result.status == "SUCCEEDED", result.cause
    paths = [path for path, _, _ in state.seen]
    assert (paths.count("/v1/describejobs"), paths.count("/v1/submitjob")) == (len(TROUBLE) + 1, 1)
    assert kinds(result).count("TaskSubmitted") == 1
    assert len([each for each in caplog.records if "cannot be asked for now" in each.message]) == 1
    assert not state.stopped.is_set()


def test_a_refused_question_ends_the_task(batch: tuple[Batch, str]) -> None:
    state, url = batch
    state.trouble = [(403, {"__type": "AccessDeniedException", "message": "not yours"})] * 9
    result = run_task("batch:submitJob.sync", JOB, url)
    assert (result.status, result.error) == ("FAILED", "Batch.AWSBatchException")
    assert str(result.cause).startswith("not yours (Service: AWSBatch; Status Code: 403; Error Code: AccessDenied")
    assert len(state.trouble) == 8


def test_questions_without_an_answer_end_the_task_after_a_while(
    batch: tuple[Batch, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("FIRST_TROUBLE", 0.002), ("LAST_TROUBLE", 0.004), ("PATIENCE", 0.02)):
        monkeypatch.setattr(f"penstock.engine.tasks.aws.attempts.{name}", seconds)
    state, url = batch
    state.trouble = [(500, {"__type": "ServerException", "message": "a fault"})] * 100
    result = run_task("batch:submitJob.sync", JOB, url)
    assert (result.status, result.error) == ("FAILED", "Batch.ServerException")
    assert str(result.cause).startswith("a fault (Service: AWSBatch; Status Code: 500; ")
    assert 5 < 100 - len(state.trouble) < 15


def test_a_job_in_trouble_is_stopped_when_its_time_is_over(batch: tuple[Batch, str]) -> None:
    state, url = batch
    state.trouble = [(503, {"message": "Service Unavailable"})] * 100
    result = run_task("batch:submitJob.sync", JOB, url, TimeoutSeconds=2)
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert state.stopped.wait(5)


def test_nobody_there() -> None:
    result = run_task("batch:submitJob", JOB, "http://127.0.0.1:9")
    assert (result.status, result.error) == ("FAILED", "Batch.SdkClientException")
    assert str(result.cause).startswith("Unable to execute HTTP request: ")


def test_an_api_of_ones_own(batch: tuple[Batch, str]) -> None:
    _, url = batch
    result = run_task(
        "apigateway:invoke",
        {
            "ApiEndpoint": url,
            "Method": "POST",
            "Stage": "stage",
            "Path": "/orders/1",
            "QueryParameters": {"a": ["b c"]},
            "RequestBody": {"n": 1},
        },
        url,
    )
    assert isinstance(result.output, dict), result.cause
    assert result.output["ResponseBody"] == {"got": {"n": 1}}
    assert (result.output["StatusCode"], result.output["StatusText"]) == (200, "OK")
    assert result.output["Headers"]["Content-Type"] == ["application/json"]


def test_an_api_that_wants_a_signature(batch: tuple[Batch, str]) -> None:
    state, url = batch
    given = {"ApiEndpoint": url, "Method": "POST", "Path": "nowhere", "AuthType": "IAM_ROLE", "RequestBody": {}}
    assert run_task("apigateway:invoke", given, url).error == "ApiGateway.404"
    assert state.seen[-1][2] == "123456789012"


def test_an_api_that_refuses(batch: tuple[Batch, str]) -> None:
    _, url = batch
    result = run_task("apigateway:invoke", {"ApiEndpoint": url, "Method": "POST", "Path": "nowhere"}, url)
    assert (result.error, json.loads(str(result.cause))) == ("ApiGateway.404", {"message": "no such path"})


def test_an_amazon_host_is_not_asked_where_calls_go_elsewhere(batch: tuple[Batch, str]) -> None:
    _, url = batch
    given = {"ApiEndpoint": "abc.execute-api.us-east-1.amazonaws.com", "Method": "GET"}
    result = run_task("apigateway:invoke", given, url)
    assert result.error == "ApiGateway.SdkClientException"
    assert "Amazon's" in str(result.cause)


@pytest.mark.parametrize(
    "given",
    [
        {"Method": "GET"},
        {"ApiEndpoint": "x", "Method": "BREW"},
        {"ApiEndpoint": "x", "Method": "GET", "Nope": 1},
        {"ApiEndpoint": "x", "Method": "GET", "Headers": {"a": ["b\r\nc: d"]}},
        {"ApiEndpoint": "x", "Method": "GET", "QueryParameters": "a=b"},
    ],
)
def test_requests_that_cannot_be_made(given: dict[str, Any]) -> None:
    result = run_task("apigateway:invoke", given, "http://127.0.0.1:9")
    assert (result.status, result.error) == ("FAILED", "States.Runtime")


def test_many_at_once(batch: tuple[Batch, str]) -> None:
    state, url = batch
    state.turns = -1
    machine = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "End": True,
                "ItemProcessor": {
                    "StartAt": "J",
                    "States": {
                        "J": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::batch:submitJob",
                            "Parameters": JOB,
                            "ResultSelector": {"id.$": "$.JobId"},
                            "End": True,
                        }
                    },
                },
            }
        },
    }
    result = penstock.run(machine, list(range(30)), aws={"endpoint_url": url}, time="skip")
    assert result.output == [{"id": "1"}] * 30


# ---- in a file


def job_of(db: Path, url: str) -> None:
    """An execution in a file, left when its job has been submitted."""
    parameters = {"JobName": "j", "JobQueue": "q", "JobDefinition": "d"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": parameters, "End": True}
    submitted = threading.Event()

    def observe(event: Any) -> None:
        if event["type"] == "TaskSubmitted":
            submitted.set()

    machine = {"StartAt": "T", "States": {"T": task}}
    with penstock.start(machine, {}, db=db, name="x", aws={"endpoint_url": url}, observer=observe):
        assert submitted.wait(20)


def test_a_run_that_is_left_leaves_its_job_and_goes_on_with_it(batch: tuple[Batch, str], tmp_path: Path) -> None:
    state, url = batch
    state.turns = 2
    job_of(tmp_path / "r.db", url)
    result = penstock.resume(tmp_path / "r.db", "x")
    assert isinstance(result.output, dict)
    assert (result.status, result.output["Status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert [path for path, _, _ in state.seen].count("/v1/submitjob") == 1
    assert not state.stopped.is_set()


def test_a_job_that_cannot_be_asked_after_when_it_is_taken_up_is_asked_after_later(
    batch: tuple[Batch, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.engine.tasks.aws.attempts.FIRST_TROUBLE", 0.01)
    state, url = batch
    state.turns = 1
    job_of(tmp_path / "r.db", url)
    state.trouble = list(TROUBLE)
    result = penstock.resume(tmp_path / "r.db", "x")
    assert (result.status, state.trouble) == ("SUCCEEDED", [])
    assert [path for path, _, _ in state.seen].count("/v1/submitjob") == 1


@pytest.mark.parametrize("by", ["the file", "a client"])
def test_stopping_a_run_that_was_left_stops_its_job(batch: tuple[Batch, str], tmp_path: Path, by: str) -> None:
    state, url = batch
    state.turns = 1000
    db = tmp_path / "r.db"
    job_of(db, url)
    if by == "the file":
        arn = stop_in_file(db, "x", "Enough")
    else:
        settings = with_aws(load_settings(tmp_path), {"endpoint_url": url})
        with penstock.Client(db=db, settings=settings) as client:
            arn = "arn:aws:states:us-east-1:123456789012:execution:StateMachine:x"
            client.stop_execution(executionArn=arn, error="Enough")
    assert state.stopped.wait(10)
    [asked] = [body for path, body, _ in state.seen if path == "/v1/terminatejob"]
    assert asked["jobId"] == "1"
    assert arn in asked["reason"]
    assert [path for path, _, _ in state.seen].count("/v1/submitjob") == 1
