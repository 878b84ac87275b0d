"""What a server tells of itself: health, metrics, its log, traces."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus
from tests.server.asking import ask, client_of, connect, read_answer
from tests.server.process import Server, started

from penstock.server.logs import REDACTED, JsonFormatter, TextFormatter, redact
from penstock.server.tracing import wanted

ROLE = "arn:aws:iam::123456789012:role/r"
CANARY = "canary-7f3a"
MACHINE = json.dumps(
    {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Pass", "Next": "T"},
            "T": {"Type": "Fail", "Error": "Canary", "CausePath": "$.secret"},
        },
    }
)


def metrics(server: Server, accept: str = "text/plain") -> dict[tuple[str, str], float]:
    """Samples by name and labels."""
    with connect(server.place) as connection:
        connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n".encode())
        status, headers, body = read_answer(connection)
    assert status == 200
    read = read_openmetrics if "openmetrics" in headers["content-type"] else read_prometheus
    return {
        (sample.name, ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in read(body.decode())
        for sample in family.samples
    }


def test_health(url: str) -> None:
    status, answer = ask(url, "GET", "/health")
    assert (status, answer["status"]) == (200, "ok")
    assert answer["uptime"] > 0
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", answer["version"])
    assert ask(url, "HEAD", "/health")[0] == 200
    assert ask(url, "GET", "/health", Host="evil.example")[0] == 403


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_metrics_count_requests_and_executions(tmp_path: Path, accept: str) -> None:
    with started(tmp_path) as server:
        client = client_of(server.url)
        machine = client.create_state_machine(name="m", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
        for _ in range(3):
            client.start_execution(stateMachineArn=machine, input='{"secret": "x"}')
        wait = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "End": True}}})
        other = client.create_state_machine(name="w", definition=wait, roleArn=ROLE)["stateMachineArn"]
        client.start_execution(stateMachineArn=other)
        ask(server.url, X_Amz_Target="AWSStepFunctions.Nothing")
        ask(server.url, X_Amz_Target="AWSStepFunctions.DescribeExecution", body=b'{"executionArn": "x"}')
        found = metrics(server, accept)
        while found["penstock_queue_depth", ""]:  # the loop is being woken
            found = metrics(server, accept)
    assert found["penstock_request_seconds_count", "code=200,operation=StartExecution"] == 4
    assert found["penstock_request_seconds_count", "code=InvalidArn,operation=DescribeExecution"] == 1
    assert found["penstock_request_seconds_count", "code=UnknownOperationException,operation="] == 1
    assert found["penstock_executions_started_total", "type=STANDARD"] == 4
    assert found["penstock_executions_ended_total", "status=FAILED,type=STANDARD"] == 3
    assert found["penstock_executions_running", ""] == 1
    assert found["penstock_tasks_in_flight", ""] == 0
    assert found["process_resident_memory_bytes", ""] > 0


def test_health_and_metrics_tell_of_the_database(tmp_path: Path) -> None:
    # A database that can grow no further stands for a full disk.
    full = "import sqlite3, penstock.store.database as d; o = d.Database._connect"
    full += "\ndef connect(self, **options):\n    c = o(self, **options)\n    c.execute('PRAGMA max_page_count = 60')\n    return c"
    with started(tmp_path, "--db", "x.db", before=f"{full}\nd.Database._connect = connect") as server:
        client = client_of(server.url)
        machine = client.create_state_machine(name="m", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
        assert ask(server.url, "GET", "/health")[1]["store"] == {"state": "ok"}
        found = metrics(server)
        assert found["penstock_store_commit_seconds_count", ""] > 0
        assert found["penstock_store_failing", ""] == 0

        def fill() -> None:
            for _ in range(200):
                client.start_execution(stateMachineArn=machine, input=json.dumps({"secret": "x" * 10_000}))

        with pytest.raises(ClientError) as caught:
            fill()
        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
        status, answer = ask(server.url, "GET", "/health")
        assert (status, answer["status"], answer["store"]["state"]) == (200, "degraded", "failing")
        assert str(tmp_path) not in json.dumps(answer)
        assert metrics(server)["penstock_store_failing", ""] == 1
        assert client.describe_state_machine(stateMachineArn=machine)["name"] == "m"  # what is there can be read


def test_metrics_need_the_token_and_health_does_not(tmp_path: Path) -> None:
    with started(tmp_path, "--token", CANARY) as server:
        assert ask(server.url, "GET", "/metrics")[0] == 403
        assert ask(server.url, "GET", "/health")[0] == 200


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_tells_requests_and_no_secret(tmp_path: Path, form: str) -> None:
    with started(tmp_path, "--token", CANARY, "--log-format", form, "--log-level", "debug") as server:
        client = client_of(server.url, CANARY)
        machine = client.create_state_machine(name="m", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
        client.start_execution(stateMachineArn=machine, input=json.dumps({"secret": CANARY}))
        ask(server.url, body=b'{"nextToken": "%s"}' % CANARY.encode(), Authorization=f"Bearer {CANARY}")
        ask(server.url, Authorization="Bearer other\x1b[2J")
    assert CANARY not in server.log
    assert "\x1b" not in server.log
    lines = server.log.splitlines()
    if form == "json":
        records = [json.loads(line) for line in lines if line.startswith("{")]
        (begun,) = (each for each in records if each["message"] == "StartExecution 200")
        assert (begun["level"], begun["status"], begun["operation"]) == ("info", 200, "StartExecution")
        assert 0 < begun["seconds"] < 10
        assert re.fullmatch(r"[0-9a-f-]{36}", begun["request_id"])
    else:
        assert any(" INFO    penstock.requests: StartExecution 200 request_id=" in line for line in lines)


def test_a_fault_is_written_without_its_message() -> None:
    def fail() -> None:
        raise KeyError(CANARY)

    def write(formatter: logging.Formatter) -> str:
        try:
            fail()
        except KeyError:
            return formatter.format(
                logging.makeLogRecord(
                    {"msg": "A fault.", "exc_info": sys.exc_info(), "input": CANARY, "a": {"token": 1}}
                )
            )
        raise AssertionError

    line = json.loads(write(JsonFormatter(detailed=False)))
    assert line["fault"].endswith("KeyError")
    assert " fail" in line["fault"]
    assert (line["input"], line["a"]) == (REDACTED, {"token": REDACTED})
    assert CANARY not in write(TextFormatter(detailed=False))
    assert f"KeyError: '{CANARY}'" in json.loads(write(JsonFormatter(detailed=True)))["fault"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("key AKIAIOSFODNN7EXAMPLE!", f"key {REDACTED}!"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {REDACTED}"),
        (
            "AWS4-HMAC-SHA256 Credential=me/2025/x, Signature=0af",
            f"AWS4-HMAC-SHA256 Credential={REDACTED}/2025/x, Signature={REDACTED}",
        ),
        ({"taskToken": "a", "Input": 1, "name": "n"}, {"taskToken": REDACTED, "Input": REDACTED, "name": "n"}),
        ([{"aws_secret_access_key": "a"}], [{"aws_secret_access_key": REDACTED}]),
    ],
)
def test_what_looks_like_a_secret_is_hidden(value: Any, written: Any) -> None:
    assert redact(value) == written


def test_what_others_wrote_makes_no_line_of_the_log() -> None:
    line = TextFormatter(detailed=False).format(logging.makeLogRecord({"msg": "a\nERROR forged\x1b[2J", "name": "n"}))
    assert "\n" not in line
    assert "\x1b" not in line


class Collector(HTTPServer):
    """Takes the spans that an OTLP exporter sends."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Collect)
        self.spans: list[Any] = []


class _Collect(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        import gzip

        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def test_traces_of_requests_and_of_the_executions_they_start(tmp_path: Path, collector: Collector) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}"}
    trace = "0af7651916cd43dd8448eb211c80319c"
    with started(tmp_path, env=environment) as server:
        client = client_of(server.url)
        machine = client.create_state_machine(name="m", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
        body = json.dumps({"stateMachineArn": machine, "input": json.dumps({"secret": CANARY})}).encode()
        ask(
            server.url,
            X_Amz_Target="AWSStepFunctions.StartExecution",
            body=body,
            traceparent=f"00-{trace}-b7ad6b7169203331-01",
        )
        ask(server.url, X_Amz_Target="AWSStepFunctions.DescribeExecution", body=b'{"executionArn": "x"}')
        time.sleep(0.3)
    spans = {span.name: span for span in collector.spans}
    request, execution, failed = spans["SFN.StartExecution"], spans["m"], spans["SFN.DescribeExecution"]
    assert request.trace_id.hex() == execution.trace_id.hex() == trace
    assert execution.parent_span_id == request.span_id

    def attributes(span: Any) -> dict[str, str]:
        return {each.key: each.value.string_value for each in span.attributes}

    assert attributes(request)["rpc.method"] == "StartExecution"
    assert attributes(execution)["aws.step_functions.state_machine.arn"] == machine
    assert attributes(execution)["penstock.execution.status"] == "FAILED"
    assert attributes(execution)["error.type"] == "Canary"
    assert (
        attributes(request)["aws.step_functions.execution.arn"]
        == attributes(execution)["aws.step_functions.execution.arn"]
    )
    assert attributes(failed)["error.type"] == "InvalidArn"
    assert CANARY not in str(collector.spans)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_when_traces_are_wanted(environ: dict[str, str], expected: bool) -> None:
    assert wanted(environ) is expected


def test_an_exporter_that_is_not_known_is_said(tmp_path: Path) -> None:
    import os

    from tests.server.process import MAIN

    done = subprocess.run(
        [*MAIN, "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "OTEL_TRACES_EXPORTER": "zipkin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "zipkin" in done.stderr
    assert "Traceback" not in done.stderr
