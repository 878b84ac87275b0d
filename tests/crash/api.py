"""A client of the server that does not give up: what AWS's clients do when a service is away for a moment."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any


class Refused(Exception):
    """The service's own error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Api:
    """One connection; `call` tries again until `until` (of time.monotonic) while nobody answers. Calls that were tried
    again are counted, since only those may find their work done already."""

    def __init__(self, port: int, until: float) -> None:
        self._port = port
        self._until = until
        self._connection: http.client.HTTPConnection | None = None
        self.again = 0

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        body = json.dumps(parameters)
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        while True:
            try:
                if self._connection is None:
                    self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=70)
                self._connection.request("POST", "/", body, headers)
                response = self._connection.getresponse()
                data: dict[str, Any] = json.loads(response.read() or b"{}")
            except (OSError, http.client.HTTPException, ValueError):
                self._away()
                continue
            if response.status == 200:
                return data
            code = data.get("__type", "?").rpartition("#")[2]
            if response.status < 500:
                raise Refused(code, data.get("message") or data.get("Message") or "")
            self._away()

    def _away(self) -> None:
        self.close()
        self.again += 1
        if time.monotonic() > self._until:
            raise TimeoutError("the server does not answer any more")
        time.sleep(0.03)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
