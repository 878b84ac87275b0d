"""The ASGI app: services of AWS's JSON protocol on one port, with `/health` and `/metrics` beside them.

Signatures (SigV4) are taken and not verified: any credentials do. With a token, a request shows it as a bearer token, or as
the access key that it is signed with, which is how AWS's own clients can show one.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, Final, TypeAlias

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
from penstock.server.exchange import ASKED, CONTENT, GONE, Exchange, Gone, JsonService, Pending
from penstock.server.metrics import Metrics
from penstock.server.tracing import RequestSpan, Tracing

BODY_BYTES: Final = 4 * 1024 * 1024
"""Ours: a definition has 1 MiB at most, and JSON may escape each of its characters."""
AT_ONCE: Final = 40
LONG_AT_ONCE: Final = 1000
"""Ours: requests that are worked on at once; those that wait for somebody are counted apart (AWS: 1,000 pollers)."""
SMALL_BYTES: Final = 16 * 1024
"""Ours: a request of more bytes is read and checked in a thread, where it does not keep the others waiting."""

_CONTENTS: Final = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"})
_NOTHING: Final = ("UnknownOperationException", "Nothing is at this path, or not by this method.")
_requests = logging.getLogger("penstock.requests")

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


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
        self._numbers = _Numbers(Entropy())
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
                await _send(send, 200, _headers_of(b"application/json"), orjson.dumps(self.health()))
                return
            self._doorkeeper.check_token(headers)
            if path == "/metrics" and method in ("GET", "HEAD") and self._metrics is not None:
                text, content = self._metrics.render(headers.accept)
                await _send(send, 200, _headers_of(content.encode()), text)
                return
            if self._others is None:
                raise Refused(404, *_NOTHING)
        except Refused as error:
            refused = self._exchange()
            refused.failed(error)
            await _send(send, refused.status, refused.headers, refused.body)
            return
        await self._others(scope, receive, send)

    def health(self) -> dict[str, Any]:
        more = {} if self._more_health is None else self._more_health()
        uptime = round(self._clock.monotonic() - self._begun, 3)
        return {"status": "ok", "version": __version__, "uptime": uptime, **more}

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange | None = scope.get(ASKED)
        tracing: AbstractContextManager[RequestSpan | None] = nullcontext()
        headers = None
        try:
            if exchange is None:
                exchange = self._exchange()
                headers = self._open(exchange, scope["headers"])
                if self._tracing is not None:
                    tracing = self._tracing.request(exchange.operation, exchange.number, scope["headers"])
            with tracing as span:
                if headers is not None:
                    exchange.pending = self._ask(exchange, await _body(headers, receive))
                answer = await self._wait(exchange, receive)
                if span is not None:
                    span.answered(answer)
            exchange.answered(answer)
        except (Exception, asyncio.CancelledError) as error:
            assert exchange is not None
            exchange.failed(error)
        self._over(exchange)
        if exchange.status != GONE:
            await _send(send, exchange.status, exchange.headers, exchange.body)

    def take(self, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Exchange:
        """Has a request answered that is all there, as far as that goes without waiting. Where the exchange is not `done`
        then, the app is to be called with it in the scope, as ASKED."""
        exchange = self._exchange()
        try:
            found = self._ask(exchange, _plain(self._open(exchange, headers), body))
            if isinstance(found, Future) and found.done():
                found = found.result()
            if not isinstance(found, dict):
                exchange.pending = found
                return exchange
            exchange.answered(found)
        except Exception as error:
            exchange.failed(error)
        self._over(exchange)
        return exchange

    def _exchange(self) -> Exchange:
        return Exchange(self._numbers.next(), self._clock.monotonic())

    def _open(self, exchange: Exchange, sent: Sequence[tuple[bytes, bytes]]) -> Headers:
        headers = read_headers(sent)
        self._doorkeeper.check_place(headers)
        self._doorkeeper.check_token(headers)
        exchange.service, exchange.operation = self._target(headers)
        return headers

    def _over(self, exchange: Exchange) -> None:
        seconds = self._clock.monotonic() - exchange.began
        if self._metrics is not None:
            self._metrics.request(exchange.operation, exchange.code, seconds)
        if _requests.isEnabledFor(logging.INFO):
            seen = {"request_id": exchange.number, "operation": exchange.operation, "status": exchange.status}
            seen |= {"code": exchange.code, "seconds": round(seconds, 6)}
            _requests.info("%s %s", exchange.operation or "-", exchange.code, extra=seen)

    def _target(self, headers: Headers) -> tuple[JsonService, str]:
        if headers.content_type not in _CONTENTS:
            # CBOR too: AWS's model of Step Functions offers JSON alone, so that no client of AWS's picks it.
            raise Refused(415, "UnsupportedMediaTypeException", f"Requests are {CONTENT.decode()}.")
        prefix, _, operation = headers.target.partition(".")
        service = self._services.get(prefix)
        if service is None or not operation:
            known = " or ".join(f"{each}.OPERATION" for each in self._services)
            raise Refused(400, "UnknownOperationException", f"X-Amz-Target is {known}.")
        return service, operation

    def _ask(self, exchange: Exchange, body: bytes) -> Pending:
        """The answer, what will have it, or the call that a thread is to make."""
        service, operation = exchange.service, exchange.operation
        assert service is not None
        if len(body) > SMALL_BYTES:
            return partial(_parse_and_ask, service, operation, body)
        parameters = _parameters(body)
        asked = service.ask(operation, parameters)
        return partial(service.call, operation, parameters) if asked is None else asked

    async def _wait(self, exchange: Exchange, receive: Receive) -> dict[str, Any]:
        found = exchange.pending
        while callable(found):  # of a large request a thread finds out first what another is to call
            assert exchange.service is not None
            limiter = self._long if exchange.operation in exchange.service.long else self._quick
            with _left_when_gone(found, receive):
                found = await anyio.to_thread.run_sync(found, limiter=limiter, abandon_on_cancel=True)
        if isinstance(found, Future):
            found = await _result(found)
        assert isinstance(found, dict)
        return found


class _Numbers:
    """Request ids: UUIDs to look at, one random for the process, of which the last digits are counted. Drawing each would
    cost as much as reading a request's headers."""

    def __init__(self, entropy: Entropy) -> None:
        self._prefix, _, first = entropy.uuid4().rpartition("-")
        self._count = int(first, 16)

    def next(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count & 0xFFFFFFFFFFFF:012x}"


async def _nothing_there(request: Request, error: Exception) -> Response:
    code, message = _NOTHING
    headers = {"x-amzn-errortype": code}
    return Response(orjson.dumps({"__type": code, "message": message}), 404, headers, media_type=CONTENT.decode())


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


@contextmanager
def _left_when_gone(call: Callable[[], Any], receive: Receive) -> Iterator[None]:
    """Meanwhile, lets a call that can be left know when its client has gone. Raises Gone in the end, where it has."""
    leave: Callable[[], None] | None = getattr(call, "leave", None)
    if leave is None:
        yield
        return

    async def look() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        leave()

    looking = asyncio.ensure_future(look())
    try:
        yield
    finally:
        gone = looking.done()
        looking.cancel()
    if gone:
        raise Gone


async def _body(headers: Headers, receive: Receive) -> bytes:
    if headers.length > BODY_BYTES:
        raise _too_large()
    _check_encoding(headers)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        size = len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part = message.get("body", b"")
            size += len(part)
            if size > BODY_BYTES:
                raise _too_large()
            parts.append(part)
        body = b"".join(parts)
    if len(body) > BODY_BYTES:
        raise _too_large()
    return _plain(headers, body)


def _check_encoding(headers: Headers) -> None:
    if headers.encoding not in ("", "identity", "gzip"):
        raise Refused(415, "UnsupportedMediaTypeException", "A body is plain, or Content-Encoding: gzip.")


def _plain(headers: Headers, body: bytes) -> bytes:
    """The body as it was before it was sent."""
    _check_encoding(headers)
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


def _headers_of(content: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", content)]


async def _send(send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
    all_headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
