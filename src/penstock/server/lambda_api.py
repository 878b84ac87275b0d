"""AWS Lambda's REST API, as routes of the server's app: whom the doorkeeper lets in, the service answers."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as HttpResponse
from starlette.routing import BaseRoute, Route

from penstock.clock import Clock, Entropy, SystemClock
from penstock.errors import PenstockError, ServiceError
from penstock.server.metrics import Metrics
from penstock.services.lambda_ import Lambda
from penstock.services.lambda_.rest import Called, Response, fault, parameters, response, route
from penstock.services.lambda_.service import LONG

CODE_BYTES: Final = 70_167_211
"""Of a request that carries an archive: 50 MiB as base64, and the rest (the number is in Lambda's own message)."""
PAYLOAD_BYTES: Final = 8 * 1024 * 1024
"""Ours: more than Lambda takes as a payload, so that it can say by how much it is too long."""
OTHER_BYTES: Final = 1024 * 1024
AT_ONCE: Final = 40
LONG_AT_ONCE: Final = 1000
"""Ours: requests that are worked on at once, and calls of functions (AWS: 1,000 concurrent executions)."""
CODE_AT_ONCE: Final = 2
"""Ours: requests with archives whose bytes are held at once."""

_CARRY_CODE: Final = frozenset({"CreateFunction", "UpdateFunctionCode"})
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_PREFIXES: Final = tuple(f"/{year}-" for year in range(2014, 2030))
_log = logging.getLogger("penstock.server")


def lambda_routes(service: Lambda, *, metrics: Metrics | None = None, clock: Clock | None = None) -> list[BaseRoute]:
    """Every path of the API begins with the date of a version of it."""
    door = _Door(service, metrics, clock or SystemClock())
    methods = ["GET", "POST", "PUT", "DELETE"]
    return [Route("/{version:str}/{rest:path}", door.answer, methods=methods)]


class _Door:
    def __init__(self, service: Lambda, metrics: Metrics | None, clock: Clock) -> None:
        self._service = service
        self._metrics = metrics
        self._clock = clock
        self._entropy = Entropy()
        self._quick = anyio.CapacityLimiter(AT_ONCE)
        self._long = anyio.CapacityLimiter(LONG_AT_ONCE)
        self._code = anyio.CapacityLimiter(CODE_AT_ONCE)

    async def answer(self, request: Request) -> HttpResponse:
        began = self._clock.monotonic()
        number = self._entropy.uuid4()
        operation, code = "", "200"
        try:
            path = request.scope.get("raw_path") or request.scope["path"].encode()
            if not request.scope["path"].startswith(_PREFIXES):
                raise ServiceError("Nothing is at this path.", code="UnknownOperationException")
            query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
            called = route(request.method, path.partition(b"?")[0].decode("latin-1"), query)
            operation = called.operation
            found = await self._answered(request, called, query, number)
        except ServiceError as error:
            code = error.code
            found = fault(error, number)
        except asyncio.CancelledError:  # a function runs, and the server ends
            code = "ServiceUnavailable"
            found = fault(ServiceError("The server ends.", code=code), number)
        except ClientDisconnect:
            code = "ClientClosedRequest"
            found = Response(400, {}, b"")  # nobody reads it
        except PenstockError as error:  # a package that is not installed
            code = "ServiceException"
            found = fault(ServiceError(str(error), code=code), number)
        except Exception:
            # What a client gets of a fault of ours is a number that stands in the log too.
            _log.exception("A request came to a fault.", extra={"request_id": number, "operation": operation})
            code = "InternalServerError"
            found = fault(ServiceError(f"The server has a fault; its log tells more: {number}", code=code), number)
        finally:
            if self._metrics is not None:
                self._metrics.request(f"Lambda.{operation}" if operation else "", code, self._clock.monotonic() - began)
        if found.status in (413, 415):  # whatever of the request has not been read yet is not worth reading
            found.headers["Connection"] = "close"
        return HttpResponse(found.body, found.status, found.headers)

    async def _answered(self, request: Request, called: Called, query: list[tuple[str, str]], number: str) -> Response:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.scope["headers"]}
        content = headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method != "GET" and content in _FORMS:
            # A page elsewhere can send these without being asked.
            return fault(
                ServiceError("Send Content-Type: application/json.", code="UnsupportedMediaTypeException"), number
            )
        operation = called.operation
        if operation in _CARRY_CODE:
            async with self._code:
                body = await _body(request, CODE_BYTES, operation)
                return await self._run(called, query, headers, body, number)
        body = await _body(request, PAYLOAD_BYTES if operation in LONG else OTHER_BYTES, operation)
        return await self._run(called, query, headers, body, number)

    async def _run(
        self, called: Called, query: list[tuple[str, str]], headers: dict[str, str], body: bytes, number: str
    ) -> Response:
        limiter = self._long if called.operation in LONG else self._quick
        work = partial(self._work, called, query, headers, body, number)
        return await anyio.to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=True)

    def _work(
        self, called: Called, query: list[tuple[str, str]], headers: dict[str, str], body: bytes, number: str
    ) -> Response:
        given = parameters(called, query, headers, body)
        return response(called.operation, self._service.call(called.operation, given), number)


async def _body(request: Request, most: int, operation: str) -> bytes:
    """Raises ServiceError for a body that is too long or packed."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ServiceError("A body is sent as it is, without Content-Encoding.", code="UnsupportedMediaTypeException")
    parts: list[bytes] = []
    size = 0
    length = request.headers.get("content-length", "0")
    if int(length) > most:
        raise _too_large(most, operation)
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most, operation)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int, operation: str) -> ServiceError:
    called = "InvokeFunction" if operation == "Invoke" else operation
    return ServiceError(
        f"Request must be smaller than {most} bytes for the {called} operation", code="RequestEntityTooLargeException"
    )
