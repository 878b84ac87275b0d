"""boto3's `lambda` client whose requests this process's own service answers, for `aws-sdk:lambda:…` tasks."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from penstock.clock import Entropy
from penstock.errors import ServiceError
from penstock.services.answered import AnsweredClients
from penstock.services.lambda_.rest import Response, fault, parameters, response, route
from penstock.services.lambda_.service import Lambda


class LambdaClients(AnsweredClients):
    """Clients of which only `lambda` is to be asked for."""

    def __init__(self, service: Lambda, entropy: Entropy) -> None:
        super().__init__("lambda", region=service.region, account=service.account)
        self._service = service
        self._entropy = entropy

    def answered(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        number = self._entropy.uuid4()
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        try:
            called = route(method, parts.path, query)
            given = parameters(called, query, headers, body)
            return response(called.operation, self._service.call(called.operation, given), number)
        except ServiceError as error:
            return fault(error, number)
