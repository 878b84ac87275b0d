"""The ASGI app: services of AWS's JSON protocol on one port, with `/health` and `/metrics` beside them.

Signatures (SigV4) are taken and not verified: any credentials do. With a token, a request shows it as a bearer token, or as
the access key that it is signed with, which is how AWS's own clients can show one.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import anyio
import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from penstock._version import __version__
from penstock.clock import Clock, Entropy, SystemClock
from penstock.errors import JsonError, ServiceError
from penstock.jsontools import loads
from penstock.server.doorkeeper import Doorkeeper, Headers, Refused, read_headers
from penstock.server.metrics import Metrics
from penstock.server.tracing import RequestSpan, Tracing

BODY_BYTES: Final = 4 * 1024 * 1024
"""Ours: a definition has 1 MiB at most, and JSON may escape each of its characters."""
AT_ONCE: Final = 40
LONG_AT_ONCE: Final = 1000
"""Ours: requests that are worked on at once; those that wait for somebody are counted apart (AWS: 1,000 pollers)."""
SMALL_BYTES: Final = 16 * 1024
"""Ours: a request of more bytes is read and checked in a thread, where it does not keep the others waiting."""

_CONTENT: Final = b"application/x-amz-json-1.0"
_CONTENTS: Final = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"})
_NOTHING: Final = ("UnknownOperationException", "Nothing is at this path, or not by this method.")
_log = logging.getLogger("penstock.server")
_requests = logging.getLogger("penstock.requests")

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class JsonService(Protocol):
    """Operations that are asked for by `X-Amz-Target: PREFIX.OPERATION`, with JSON as parameters and answer."""

    @property
    def long(self) -> Collection[str]:
        """Operations that may take minutes, because somebody else is to do something."""

    def call(self, operation: str, parameters: Any) -> dict[str, Any]: ...

    def ask(self, operation: str, parameters: Any) -> dict[str, Any] | Future[dict[str, Any]] | None:
        """`call` for those who do not wait: the answer, or what will have it; None for an operation that needs a thread to
        wait in."""


class App:
    """The ASGI app. `services` by the prefix of their targets; `routes` are further paths, for requests that the doorkeeper
    has let in. `health` adds to what `/health` tells; what it has under "status" is the status."""

    def __init__(
        self,
        services: Mapping[str, JsonService],
        *,
        doorkeeper: Doorkeeper,
        routes: Sequence[BaseRoute] = (),
        metrics: Metrics | None = None,
        tracing: Tracing | None = None,
        health: Callable[[], Mapping[str, Any]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._services = services
        self._doorkeeper = doorkeeper
        self._metrics = metrics
        self._tracing = tracing
        self._more_health = health
        self._clock = clock or SystemClock()
        self._begun = self._clock.monotonic()
        self._entropy = Entropy()
        self._quick = anyio.CapacityLimiter(AT_ONCE)
        self._long = anyio.CapacityLimiter(LONG_AT_ONCE)
        nowhere = {404: _nothing_there, 405: _nothing_there}
        self._others = Starlette(routes=list(routes), exception_handlers=nowhere) if routes else None
        if self._others is not None:
            self._others.router.redirect_slashes = False  # a path with a slash more is another path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path == "/" and method == "POST":
            await self._post(scope, receive, send)
            return
        try:
            headers = read_headers(scope["headers"])
            self._doorkeeper.check_place(headers)
            if path == "/health" and method in ("GET", "HEAD"):
                await _answer(send, 200, orjson.dumps(self.health()), content=b"application/json")
                return
            self._doorkeeper.check_token(headers)
            if path == "/metrics" and method in ("GET", "HEAD") and self._metrics is not None:
                text, content = self._metrics.render(headers.accept)
                await _answer(send, 200, text, content=content.encode())
                return
            if self._others is None:
                raise Refused(404, *_NOTHING)
        except Refused as error:
            await self._refuse(send, error.status, error.code, str(error), self._entropy.uuid4())
            return
        await self._others(scope, receive, send)

    def health(self) -> dict[str, Any]:
        more = {} if self._more_health is None else self._more_health()
        uptime = round(self._clock.monotonic() - self._begun, 3)
        return {"status": "ok", "version": __version__, "uptime": uptime, **more}

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        clock = self._clock
        began = clock.monotonic()
        number = self._entropy.uuid4()
        operation, code, status = "", "200", 200
        tracing: AbstractContextManager[RequestSpan | None] = nullcontext()
        try:
            headers = read_headers(scope["headers"])
            self._doorkeeper.check_place(headers)
            self._doorkeeper.check_token(headers)
            service, operation = self._target(headers)
            if self._tracing is not None:
                tracing = self._tracing.request(operation, number, scope["headers"])
            with tracing as span:
                body = await _body(headers, receive)
                answer = await self._call(service, operation, body)
                if span is not None:
                    span.answered(answer)
            await _answer(send, 200, _text(answer), number)
        except Refused as error:
            status, code = error.status, error.code
            await self._refuse(send, status, code, str(error), number)
        except ServiceError as error:
            status, code = 503 if error.code == "ServiceUnavailable" else 400, error.code
            await self._refuse(send, status, code, str(error), number)
        except asyncio.CancelledError:  # the server ends, and the request is over its time
            status, code = 503, "ServiceUnavailable"
            await self._refuse(send, status, code, "The server ends.", number)
        except _Gone:
            status, code = 499, "ClientClosedRequest"  # nobody reads an answer
        except Exception:
            # What a client gets of a fault of ours is a number that stands in the log too.
            _log.exception("A request came to a fault.", extra={"request_id": number, "operation": operation})
            status, code = 500, "InternalServerError"
            await self._refuse(send, status, code, f"The server has a fault; its log tells more: {number}", number)
        finally:
            if self._metrics is not None:
                self._metrics.request(operation, code, clock.monotonic() - began)
            if _requests.isEnabledFor(logging.INFO):
                seen = {"request_id": number, "operation": operation, "status": status, "code": code}
                seen["seconds"] = round(clock.monotonic() - began, 6)
                _requests.info("%s %s", operation or "-", code, extra=seen)

    def _target(self, headers: Headers) -> tuple[JsonService, str]:
        if headers.content_type not in _CONTENTS:
            # CBOR too: AWS's model of Step Functions offers JSON alone, so that no client of AWS's picks it.
            raise Refused(415, "UnsupportedMediaTypeException", f"Requests are {_CONTENT.decode()}.")
        prefix, _, operation = headers.target.partition(".")
        service = self._services.get(prefix)
        if service is None or not operation:
            known = " or ".join(f"{each}.OPERATION" for each in self._services)
            raise Refused(400, "UnknownOperationException", f"X-Amz-Target is {known}.")
        return service, operation

    async def _call(self, service: JsonService, operation: str, body: bytes) -> dict[str, Any]:
        if len(body) <= SMALL_BYTES:
            parameters = _parameters(body)
            asked = service.ask(operation, parameters)
            if isinstance(asked, Future):
                return await _result(asked)
            if asked is not None:
                return asked
            call: Callable[[], Any] = partial(service.call, operation, parameters)
        else:
            call = partial(_parse_and_ask, service, operation, body)
        limiter = self._long if operation in service.long else self._quick
        found = await anyio.to_thread.run_sync(call, limiter=limiter, abandon_on_cancel=True)
        if isinstance(found, Future):
            found = await _result(found)
        answer: dict[str, Any] = found
        return answer

    async def _refuse(self, send: Send, status: int, code: str, message: str, number: str) -> None:
        headers = [(b"x-amzn-errortype", code.encode("ascii", "replace"))]
        if status != 400:  # whatever of the request has not been read yet is not worth reading
            headers.append((b"connection", b"close"))
        await _answer(send, status, _text({"__type": code, "message": message}), number, headers)


async def _nothing_there(request: Request, error: Exception) -> Response:
    code, message = _NOTHING
    headers = {"x-amzn-errortype": code}
    return Response(_text({"__type": code, "message": message}), 404, headers, media_type=_CONTENT.decode())


def _parameters(body: bytes) -> Any:
    try:
        return loads(body or b"{}", what="The request")
    except JsonError as error:
        raise ServiceError(str(error), code="SerializationException") from None


def _parse_and_ask(service: JsonService, operation: str, body: bytes) -> Any:
    parameters = _parameters(body)
    asked = service.ask(operation, parameters)
    return service.call(operation, parameters) if asked is None else asked


async def _result(future: Future[dict[str, Any]]) -> dict[str, Any]:
    if not future.done():
        # Not asyncio.wrap_future: it would cancel what another thread is going to set.
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        def settle(_: Future[dict[str, Any]]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(wake)

        future.add_done_callback(settle)
        await done
    return future.result()


class _Gone(Exception):
    """The client left before its request was complete."""


async def _body(headers: Headers, receive: Receive) -> bytes:
    if headers.length > BODY_BYTES:
        raise _too_large()
    if headers.encoding not in ("", "identity", "gzip"):
        raise Refused(415, "UnsupportedMediaTypeException", "A body is plain, or Content-Encoding: gzip.")
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        size = len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part = message.get("body", b"")
            size += len(part)
            if size > BODY_BYTES:
                raise _too_large()
            parts.append(part)
        body = b"".join(parts)
    if len(body) > BODY_BYTES:
        raise _too_large()
    return _unzipped(body) if headers.encoding == "gzip" else body


def _unzipped(body: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(body, BODY_BYTES + 1)
    except zlib.error:
        text = b""
    if len(text) > BODY_BYTES:
        raise _too_large()
    if not unzip.eof or unzip.unused_data:
        raise Refused(400, "SerializationException", "The body is not gzip, as Content-Encoding says.")
    return text


def _too_large() -> Refused:
    return Refused(413, "RequestEntityTooLargeException", f"A request has {BODY_BYTES} bytes at most.")


async def _answer(
    send: Send,
    status: int,
    body: bytes,
    number: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    content: bytes = _CONTENT,
) -> None:
    all_headers = [(b"content-type", content), (b"content-length", b"%d" % len(body)), *headers]
    if number:
        all_headers.append((b"x-amzn-requestid", number.encode()))
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


def _text(answer: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer, default=_seconds, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:  # a lone surrogate, an integer of more than 64 bits
        return json.dumps(answer, default=_seconds, separators=(",", ":")).encode("ascii")


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
