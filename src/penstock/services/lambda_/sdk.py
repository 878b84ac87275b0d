"""boto3's `lambda` client whose requests this process's own service answers, for `aws-sdk:lambda:…` tasks.

Everything between a task's parameters and its result, the Java SDK's names and errors among it, is then the same as for
calls that go elsewhere.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from penstock.clock import Entropy
from penstock.engine.tasks.aws.client import Clients
from penstock.errors import ServiceError
from penstock.services.lambda_.rest import Response, fault, parameters, response, route
from penstock.services.lambda_.service import Lambda


class LambdaClients(Clients):
    """Clients of which only `lambda` is to be asked for."""

    def __init__(self, service: Lambda, entropy: Entropy) -> None:
        # Never resolved: the client's requests are answered before they are sent.
        super().__init__("http://lambda.invalid", region=service.region, account=service.account)
        self._service = service
        self._entropy = entropy

    def _make(self, service: str, region: str, role: str | None) -> Any:
        client = super()._make(service, self.region, None)
        client.meta.events.register_first("before-send", self._answer)
        return client

    def _answer(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        found = self._answered(request)
        return AWSResponse(request.url, found.status, found.headers, _Raw(found.body))

    def _answered(self, request: Any) -> Response:
        number = self._entropy.uuid4()
        parts = urlsplit(request.url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        body = request.body or b""
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        try:
            called = route(request.method, parts.path, query)
            given = parameters(called, query, headers, body.encode() if isinstance(body, str) else bytes(body))
            return response(called.operation, self._service.call(called.operation, given), number)
        except ServiceError as error:
            return fault(error, number)


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
