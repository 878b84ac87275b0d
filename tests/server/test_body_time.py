"""How long the body of a request may take to arrive, of a client that sends one request upon another."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
import uvicorn

from penstock.server import protocol

HEAD = b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def test_each_body_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 1.0)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=protocol.Protocol, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    received = b""
    with socket.create_connection(listening.getsockname(), timeout=10) as connection:
        connection.sendall(HEAD + b"ab")
        for _ in range(8):  # each packet ends one body and begins another
            time.sleep(0.2)
            connection.sendall(b"cd" + HEAD + b"ab")
        while data := connection.recv(65536):  # the last body never ends
            received += data
    server.should_exit = True
    thread.join(10)
    listening.close()
    assert (received.count(b"200 OK"), received.count(b" 408 ")) == (8, 1)
