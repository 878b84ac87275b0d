"""An HTTP task's exchange at the level TRACE, against a server in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

import penstock
from penstock.config import Settings
from penstock.connections import read_connections

ARN = "arn:aws:events:us-east-1:123456789012:connection/shop/81210c42-8af1-456b-9c4a-6ff02fc664ac"
SHOP = {"type": "API_KEY", "api_key_name": "X-Key", "api_key_value": "s3cret", "query": {"tenant": "t-secret"}}


class Server(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"n":1}')


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def call(endpoint: str, **params: Any) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "Method": "POST",
            "ApiEndpoint": endpoint,
            "InvocationConfig": {"ConnectionArn": ARN},
            "RequestBody": {"id.$": "$.id"},
        },
        "End": True,
    }
    settings = Settings(connections=read_connections({"shop": SHOP}, "test"))
    return penstock.test_state(state, {"id": 7}, settings=settings, **{"inspectionLevel": "TRACE", **params})


def test_the_exchange_without_what_the_connection_adds(server: str) -> None:
    data = call(f"{server}/orders?all=1")["inspectionData"]
    request, response = data["request"], data["response"]
    assert {key: request[key] for key in ("protocol", "method", "url", "body")} == {
        "protocol": "http",
        "method": "POST",
        "url": f"{server}/orders?all=1",
        "body": '{"id":7}',
    }
    assert "user-agent: Amazon|StepFunctions|HttpInvoke|us-east-1" in request["headers"]
    assert (response["statusCode"], response["statusMessage"], response["body"]) == ("200", "OK", '{"n":1}')
    assert "content-type: application/json" in response["headers"]
    assert "secret" not in str(data).replace("s3cret", "secret")


def test_secrets_are_shown_to_who_asks_for_them(server: str) -> None:
    request = call(f"{server}/orders", revealSecrets=True)["inspectionData"]["request"]
    assert "x-key: s3cret" in request["headers"]
    assert request["url"] == f"{server}/orders?tenant=t-secret"


def test_what_failed_is_shown_too_and_only_at_trace(server: str) -> None:
    failed = call(f"{server}/missing")
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Http.StatusCode.404")
    assert failed["inspectionData"]["response"]["statusCode"] == "404"
    assert "request" not in call(f"{server}/orders", inspectionLevel="DEBUG")["inspectionData"]
