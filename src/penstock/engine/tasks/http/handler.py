"""The task handler of `http:invoke`."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from penstock.connections import Connection
from penstock.engine.tasks.handler import Cancel, Failed, Later, Report, Reporter, Succeeded, TaskRequest
from penstock.engine.tasks.http.exchange import SECONDS, Exchange, Response
from penstock.engine.tasks.http.request import (
    RANGE_END,
    Request,
    Unusable,
    connection_arn,
    parts_of,
    request_of,
)
from penstock.engine.tasks.threads import Threads
from penstock.errors import MissingRequirement
from penstock.jsontools import Json

RESOURCE: Final = "arn:aws:states:::http:invoke"
_SOCKET: Final = "States.Http.Socket"
_UNAUTHORISED: Final = (401, 407)


Observer: TypeAlias = Callable[[Request, Request, Response], None]
"""Is shown the request as it was sent, the same without what the connection adds to it, and the answer (TestState)."""


class HttpHandler:
    """Calls HTTPS APIs, authorised by `connections` (by name or ARN). OAuth tokens are kept until they are refused."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._connections = connections
        self.observers: dict[str, Observer] = {}
        """By the ARN of the execution whose exchanges they are shown."""
        self._threads = Threads()
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}

    def handles(self, resource: str) -> bool:
        return resource == RESOURCE

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        try:
            arn = connection_arn(request.arguments)
        except Unusable as error:
            report(_unusable(error))
            return _nothing
        connection = self._connection(arn)
        if connection is None:
            report(
                Failed(
                    "States.Runtime",
                    f"No connection {arn} is set here. Write it under [connections] in penstock.toml, by its name, or "
                    f"mock the state '{request.state_name}'.",
                )
            )
            return _nothing
        call = _Call(self, request, connection, report)
        report(Later(SECONDS, call.expire, outside=True))
        self._threads.submit(call.run)
        return call.cancel

    def close(self) -> None:
        self._threads.close()

    def _connection(self, arn: str) -> Connection | None:
        # arn:aws:events:REGION:ACCOUNT:connection/NAME/UUID
        name = arn.partition(":connection/")[2].partition("/")[0]
        return self._connections.get(arn) or self._connections.get(name)


class _Call:
    def __init__(self, handler: HttpHandler, request: TaskRequest, connection: Connection, report: Reporter) -> None:
        self._handler = handler
        self._request = request
        self._connection = connection
        self._report = report
        self._lock = threading.Lock()
        self._over = False
        self._exchange: Exchange | None = None

    def run(self) -> None:
        try:
            outcome = self._outcome()
        except Unusable as error:
            outcome = _unusable(error)
        except MissingRequirement as error:
            outcome = Failed("States.Runtime", str(error))
        except TimeoutError:
            outcome = _too_slow()
        except (OSError, http.client.HTTPException, ValueError) as error:
            outcome = Failed(_SOCKET, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        self._finish(outcome)

    def cancel(self) -> None:
        self._finish(None)

    def expire(self) -> None:
        self._finish(_too_slow())

    def _finish(self, outcome: Report | None) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
            exchange = self._exchange
        if outcome is not None:
            self._report(outcome)
        if exchange is not None:
            exchange.stop()

    def _outcome(self) -> Report:
        connection = self._connection
        oauth = connection.type == "OAUTH_CLIENT_CREDENTIALS"
        tokens = self._handler._tokens
        with self._handler._lock:
            kept = tokens.get(connection.name)
        token = kept if kept is not None or not oauth else self._new_token()
        response = self._send(token)
        if oauth and kept is not None and response.status in _UNAUTHORISED:
            response = self._send(self._new_token())  # it has expired
        return result_of(response)

    def _send(self, token: str | None) -> Response:
        arguments = self._request.arguments
        assert isinstance(arguments, dict)  # it has a connection
        request = request_of(arguments, self._connection, token, self._request.region)
        response = self._exchanged(request)
        observer = self._handler.observers.get(self._request.execution_arn)
        if observer is not None:
            observer(request, request_of(arguments, None, None, self._request.region), response)
        return response

    def _exchanged(self, request: Request) -> Response:
        exchange = Exchange(request)
        with self._lock:
            if self._over:
                raise ConnectionAbortedError("stopped")
            self._exchange = exchange
        return exchange.run()

    def _new_token(self) -> str:
        connection = self._connection
        method = connection.values.get("http_method", "POST")
        form = {
            "grant_type": "client_credentials",
            "client_id": connection.value("client_id"),
            "client_secret": connection.value("client_secret"),
            **connection.table("token_body"),
        }
        query: dict[str, Any] = connection.table("token_query")
        headers = {name.lower(): value for name, value in connection.table("token_headers").items()}
        body = None
        if method == "GET":
            query = {**form, **query}
        else:
            body = urlencode(form).encode()
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
        url, target = parts_of(connection.value("authorization_endpoint"), query)
        response = self._exchanged(Request(method, url, target, {"accept": "application/json", **headers}, body))
        try:
            token = json.loads(response.body)["access_token"] if 200 <= response.status < 300 else None
        except (ValueError, KeyError, TypeError, RecursionError):
            token = None
        if not isinstance(token, str):
            raise Unusable(
                f"The authorization endpoint of the connection '{connection.name}' answered {response.status} and gave no "
                "access_token"
            )
        with self._handler._lock:
            self._handler._tokens[connection.name] = token
        return token


def result_of(response: Response) -> Report:
    """The task's result, or its failure: any status outside 200 to 299."""
    text = response.body.decode("utf-8", "replace")
    if not 200 <= response.status < 300:
        return Failed(f"States.Http.StatusCode.{response.status}", text or response.reason)
    if len(response.body) > RANGE_END:
        return Failed(
            "States.DataLimitExceeded",
            "The state/task 'http' returned a result with a size exceeding the maximum number of bytes service limit.",
        )
    body: Json = text
    if "json" in "".join(response.headers.get("content-type", ())):
        try:
            body = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            body = text
    headers: dict[str, Json] = {name: list(values) for name, values in sorted(response.headers.items())}
    return Succeeded(
        {"Headers": headers, "ResponseBody": body, "StatusCode": response.status, "StatusText": response.reason}
    )


def _refuse(name: str) -> None:
    raise ValueError(name)


def _unusable(error: Unusable) -> Failed:
    return Failed("States.Runtime", f"The HTTP task cannot be sent: {error}.")


def _too_slow() -> Failed:
    return Failed(_SOCKET, f"The request took longer than {SECONDS:.0f} seconds.")


def _nothing() -> None:
    return None
