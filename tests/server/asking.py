"""Requests to a server: by boto3, and as raw as they can be had."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config


def client_of(url: str, key: str = "any") -> Any:
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, max_pool_connections=50)
    return boto3.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="any",
        config=config,
    )


def ask(url: str, method: str = "POST", path: str = "/", body: bytes = b"{}", **headers: str | None) -> tuple[int, Any]:
    """One request, as raw as it can be had."""
    sent = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AWSStepFunctions.ListStateMachines",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    connection = http.client.HTTPConnection(str(urlsplit(url).netloc), timeout=10)
    try:
        connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def head(*lines: str, operation: str = "ListStateMachines") -> bytes:
    """The beginning of a request, with these header lines besides."""
    return "\r\n".join(
        [
            "POST / HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/x-amz-json-1.0",
            f"X-Amz-Target: AWSStepFunctions.{operation}",
            *lines,
            "",
            "",
        ]
    ).encode("latin-1")


def connect(place: tuple[str, int]) -> socket.socket:
    return socket.create_connection(place, timeout=20)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer. Raises AssertionError where the connection ends before it is whole."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
    except http.client.BadStatusLine as error:
        raise AssertionError(f"no answer: {error!r}") from None
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def is_over(connection: socket.socket) -> bool:
    """Whether the server ends the connection, within the socket's timeout, and sends nothing more."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
