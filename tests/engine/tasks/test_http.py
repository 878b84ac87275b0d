"""HTTP tasks, against a server in this process."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import penstock
from penstock.config import Settings, load_settings
from penstock.connections import read_connections
from penstock.engine.tasks.http import exchange, handler
from penstock.engine.tasks.http.request import _form
from penstock.errors import InvalidInput

ARN = "arn:aws:events:us-east-1:123456789012:connection/shop/81210c42-8af1-456b-9c4a-6ff02fc664ac"
KEY = {"type": "API_KEY", "api_key_name": "X-Api-Key", "api_key_value": "${SHOP_KEY}"}


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[dict[str, Any]]] = []
    tokens: ClassVar[list[str]] = []
    release = threading.Event()

    def log_message(self, *args: Any) -> None:
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.seen.append(
            {"line": self.requestline, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        )
        path = self.path.partition("?")[0]
        if path == "/token":
            token = f"t{len(self.tokens)}"
            self.tokens.append(token)
            self.reply(200, json.dumps({"access_token": token}))
        elif path == "/guarded" and self.headers["Authorization"] != f"Bearer {self.tokens[-1]}":
            self.reply(401, "who are you")
        elif path == "/slow":
            self.release.wait(20)
            self.close_connection = True
        elif path == "/drip":
            self.send_response(200)
            self.end_headers()
            while not self.release.wait(0.05):
                self.wfile.write(b"x")
            self.close_connection = True
        elif path == "/large":
            self.reply(200, "x" * 262_145, "text/plain")
        elif path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/token")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/missing":
            self.reply(404, '{"reason": "no such thing"}')
        elif path == "/nonsense":
            self.reply(200, "NaN")
        elif path == "/text":
            self.reply(200, "plain", "text/plain")
        else:
            self.reply(200, '{"n": 1}')

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  (the base class's names)

    def reply(self, status: int, text: str, kind: str = "application/json; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Twice", "1")
        self.send_header("X-Twice", "2")
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    Server.seen.clear()
    Server.tokens.clear()
    Server.release.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def settings(table: dict[str, Any]) -> Settings:
    return Settings(connections=read_connections({"shop": table}, "test"))


def call(
    endpoint: str, connection: dict[str, Any] = KEY, *, more: dict[str, Any] | None = None, **arguments: Any
) -> Any:
    parameters = {"ApiEndpoint": endpoint, "Method": "GET", "Authentication": {"ConnectionArn": ARN}, **arguments}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": parameters,
        "End": True,
        **(more or {}),
    }
    return penstock.run({"StartAt": "H", "States": {"H": state}}, {}, settings=settings(connection))


def test_an_answer(url: str) -> None:
    result = call(
        f"{url}/a b?x=1",
        Headers={"Accept": "application/json", "User-Agent": "me", "X-Api-Key": "mine"},
        QueryParameters={"q": ["a&b", 2], "z": True},
    )
    assert result.output["ResponseBody"] == {"n": 1}
    assert result.output["StatusCode"] == 200
    assert result.output["StatusText"] == "OK"
    assert result.output["Headers"]["x-twice"] == ["1", "2"]
    (seen,) = Server.seen
    assert seen["line"] == "GET /a%20b?x=1&q=a%26b&q=2&z=true HTTP/1.1"
    assert seen["headers"]["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert seen["headers"]["range"] == "bytes=0-262144"
    assert seen["headers"]["x-api-key"] == "s3cret"  # the connection's word is the last
    events = [event["type"] for event in result.history]
    assert events[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    assert "s3cret" not in json.dumps(result.history, default=str)


def test_bodies(url: str) -> None:
    basic = {"type": "BASIC", "username": "u", "password": "p", "body": {"from": "connection"}}
    call(f"{url}/x", basic, Method="POST", RequestBody={"a": [1], "from": "task"})
    assert json.loads(Server.seen[-1]["body"]) == {"a": [1], "from": "connection"}
    assert Server.seen[-1]["headers"]["content-type"] == "application/json"
    assert Server.seen[-1]["headers"]["authorization"] == "Basic dTpw"
    call(f"{url}/x", Method="PUT", RequestBody={"a": {"b": [1, 2]}}, Transform={"RequestBodyEncoding": "URL_ENCODED"})
    assert Server.seen[-1]["body"] == "a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D=2"
    call(f"{url}/x", Method="POST", RequestBody="raw", Headers={"Content-Type": "text/plain"})
    assert Server.seen[-1]["body"] == "raw"


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ("INDICES", [("a[0]", "1"), ("a[1]", "x")]),
        ("BRACKETS", [("a[]", "1"), ("a[]", "x")]),
        ("REPEAT", [("a", "1"), ("a", "x")]),
        ("COMMAS", [("a", "1,x")]),
        ("NONE", [("a", '[1,"x"]')]),
    ],
)
def test_arrays_in_forms(arrays: str, expected: list[tuple[str, str]]) -> None:
    assert list(_form({"a": [1, "x"], "b": None}, arrays)) == [*expected, ("b", "null")]


@pytest.mark.parametrize(
    ("path", "error", "cause"),
    [
        ("/missing", "States.Http.StatusCode.404", '{"reason": "no such thing"}'),
        ("/redirect", "States.Http.StatusCode.302", "Found"),
        ("/large", "States.DataLimitExceeded", None),
    ],
)
def test_answers_that_are_failures(url: str, path: str, error: str, cause: str | None) -> None:
    result = call(url + path)
    assert result.error == error
    assert cause is None or result.cause == cause
    caught = call(url + path, more={"Retry": [{"ErrorEquals": [error], "MaxAttempts": 1, "IntervalSeconds": 1}]})
    assert [event["type"] for event in caught.history].count("TaskFailed") == 2


def test_bodies_that_are_no_json(url: str) -> None:
    assert call(f"{url}/nonsense").output["ResponseBody"] == "NaN"
    assert call(f"{url}/text").output["ResponseBody"] == "plain"


def test_oauth_keeps_its_token_until_it_is_refused(url: str) -> None:
    oauth = {
        "type": "OAUTH_CLIENT_CREDENTIALS",
        "authorization_endpoint": f"{url}/token",
        "client_id": "me",
        "client_secret": "hush",
        "token_body": {"scope": "all"},
    }
    machine = {
        "StartAt": "A",
        "States": {
            name: {
                "Type": "Task",
                "Resource": "arn:aws:states:::http:invoke",
                "Parameters": {
                    "ApiEndpoint": f"{url}/guarded",
                    "Method": "GET",
                    "InvocationConfig": {"ConnectionArn": ARN},
                },
                **following,
            }
            for name, following in (("A", {"Next": "B"}), ("B", {"Next": "C"}), ("C", {"End": True}))
        },
    }

    def expire(event: dict[str, Any]) -> None:
        if event["type"] == "TaskStateExited" and event["stateExitedEventDetails"]["name"] == "B":
            Server.tokens.append("revoked")

    result = penstock.run(machine, {}, settings=settings(oauth), observer=expire)
    assert result.status == "SUCCEEDED"
    assert Server.tokens == ["t0", "revoked", "t2"]
    assert Server.seen[0]["body"] == "grant_type=client_credentials&client_id=me&client_secret=hush&scope=all"


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_a_request_ends_in_its_time(url: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "SECONDS", 0.5)
    began = time.monotonic()
    result = call(url + path)
    assert result.error == "States.Http.Socket"
    assert time.monotonic() - began < 15  # the server would end it after 20
    assert call(url + path, more={"TimeoutSeconds": 1}).error in ("States.Http.Socket", "States.Timeout")


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "x")
    result = call("http://127.0.0.1:1/x")
    assert result.error == "States.Http.Socket"
    assert "ConnectionRefusedError" in str(result.cause)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ApiEndpoint": "http://example.com/"}, "https:// URL"),
        ({"ApiEndpoint": "ftp://127.0.0.1/"}, "https:// URL"),
        ({"ApiEndpoint": "https://[::1"}, "no URL"),
        ({"ApiEndpoint": 7}, "https:// URL"),
        ({"Method": "BREW"}, "Method is one of"),
        ({"Headers": {"a": "b\r\nc: d"}}, "line break"),
        ({"Headers": [1]}, "Headers is an object"),
        ({"RequestBody": [1], "Transform": {"RequestBodyEncoding": "URL_ENCODED"}}, "RequestBody is an object"),
        ({"Transform": {"RequestBodyEncoding": "GZIP"}}, "NONE or URL_ENCODED"),
        ({"Authentication": {}}, "ConnectionArn"),
        ({"Authentication": {"ConnectionArn": ARN.replace("shop", "other")}}, r"\[connections\] in penstock.toml"),
    ],
)
def test_what_cannot_be_sent(url: str, arguments: dict[str, Any], words: str) -> None:
    result = call(f"{url}/x", **arguments)
    assert result.error == "States.Runtime"
    assert result.cause is not None
    assert re.search(words, result.cause)
    assert Server.seen == []


def test_a_secret_that_is_not_set(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_KEY")
    result = call(f"{url}/x")
    assert (result.error, result.cause) == (
        "States.Runtime",
        "The connection 'shop' needs the environment variable SHOP_KEY.",
    )


def test_settings(tmp_path: Path) -> None:
    file = tmp_path / "penstock.toml"
    file.write_text('[connections.shop]\ntype = "BASIC"\nusername = "u"\npassword = "p"\nheaders = { a = "b" }\n')
    (found,) = load_settings(tmp_path, environ={}).connections.values()
    assert (found.type, found.value("username"), found.table("headers")) == ("BASIC", "u", {"a": "b"})
    assert "'p'" not in repr(found)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('type = "MAGIC"', "`type` is one of"),
        ('type = "BASIC"\nusername = "u"', "lacks `password`"),
        ('type = "BASIC"\nusername = "u"\npassword = 1', "is a text"),
        ('type = "BASIC"\nusername = "u"\npassword = "p"\ntoken = "t"', "unknown key `token`"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "penstock.toml").write_text(f"[connections.shop]\n{table}\n")
    with pytest.raises(InvalidInput, match=words):
        load_settings(tmp_path, environ={})


def test_stopping_before_it_began() -> None:
    from penstock.engine.tasks.http.request import Request, parts_of

    url, target = parts_of("http://127.0.0.1:1/", {})
    stopped = exchange.Exchange(Request("GET", url, target, {}, None))
    stopped.stop()
    with pytest.raises(OSError, match=r"."):
        stopped.run()
