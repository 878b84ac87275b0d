"""boto3's client of a service whose requests this process answers itself, for `aws-sdk:…` tasks.

Everything between a task's parameters and its result, the Java SDK's names and errors among it, is then the same as for
calls that go elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from penstock.engine.tasks.aws.client import Clients


class Response(Protocol):
    """An answer as HTTP."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class AnsweredClients(Clients, ABC):
    """Clients of which only the one service is to be asked for."""

    def __init__(self, service: str, *, region: str, account: str) -> None:
        # Never resolved: the client's requests are answered before they are sent.
        super().__init__(f"http://{service}.invalid", region=region, account=account)

    def _make(self, service: str, region: str, role: str | None) -> Any:
        client = super()._make(service, self.region, None)
        client.meta.events.register_first("before-send", self._answer)
        return client

    def _answer(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = request.body or b""
        found = self.answered(
            request.method, request.url, headers, body.encode() if isinstance(body, str) else bytes(body)
        )
        return AWSResponse(request.url, found.status, found.headers, _Raw(found.body))

    @abstractmethod
    def answered(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """The answer to a request; `headers` by their names in lower case."""


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        end = len(self._body) if size is None or size < 0 else size
        data, self._body = self._body[:end], self._body[end:]
        return data

    def stream(self, **_: Any) -> Any:
        while data := self.read(65536):
            yield data

    def close(self) -> None:
        return None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
