"""One HTTP exchange, by the standard library's client: it follows no redirect (a secret must not go on to another host),
uses no proxy, and can be cut off at any time. httpx would bring nothing that is wanted here but 20 ms of loading.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from penstock.engine.tasks.http.request import RANGE_END, Request

SECONDS: Final = 60.0
"""The time a request may take, all in all (Developer Guide: a hard limit)."""


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is cut one byte after what a result may have."""

    status: int
    reason: str
    headers: Mapping[str, list[str]]
    body: bytes


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads all of the system's certificates: 20 ms


class Exchange:
    """`run` in a thread of its own; `stop` from any other."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._connection: http.client.HTTPConnection | None = None
        self._stopped = False

    def run(self) -> Response:
        """Raises OSError, http.client.HTTPException, ValueError (a header or URL that cannot be sent)."""
        request = self._request
        url = request.url
        host = url.hostname or ""
        connection: http.client.HTTPConnection
        if url.scheme == "https":
            connection = http.client.HTTPSConnection(host, url.port, timeout=SECONDS, context=_context())
        else:
            connection = http.client.HTTPConnection(host, url.port, timeout=SECONDS)
        self._connection = connection
        try:
            connection.connect()
            if self._stopped:
                raise ConnectionAbortedError("stopped")
            connection.request(request.method, request.target, body=request.body, headers=dict(request.headers))
            answer = connection.getresponse()
            headers: dict[str, list[str]] = {}
            for name, value in answer.getheaders():
                headers.setdefault(name.lower(), []).append(value)
            return Response(answer.status, answer.reason, headers, answer.read(RANGE_END + 1))
        finally:
            connection.close()

    def stop(self) -> None:
        self._stopped = True
        connection = self._connection
        live = connection.sock if connection is not None else None
        if live is not None:
            try:
                live.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads; it closes
            except OSError:
                return  # it is not connected, or closed already
