"""The ASGI app: AWS JSON 1.0 over a Step Functions service, and `/health`.

Signatures (SigV4) are taken and not verified: any credentials do. With a token, a request shows it as a bearer token, or as
the access key that it is signed with, which is how AWS's own clients can show one.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from penstock._version import __version__
from penstock.clock import Entropy
from penstock.errors import JsonError, ServiceError
from penstock.jsontools import loads
from penstock.services.stepfunctions import StepFunctions
from penstock.services.stepfunctions.model import TARGET_PREFIX
from penstock.services.stepfunctions.service import LONG

BODY_BYTES: Final = 4 * 1024 * 1024
"""Ours: a definition has 1 MiB at most, and JSON may escape each of its characters."""
BODY_SECONDS: Final = 30
"""Ours: how long a body may take to arrive."""
AT_ONCE: Final = 40
LONG_AT_ONCE: Final = 1000
"""Ours: requests that are worked on at once; those that wait for somebody are counted apart (AWS: 1,000 pollers)."""

_CONTENT: Final = "application/x-amz-json-1.0"
_CONTENTS: Final = frozenset({_CONTENT, "application/x-amz-json-1.1", "application/json"})
_CREDENTIAL: Final = re.compile(r"AWS4-HMAC-SHA256 +Credential=([^/,\s]{1,2048})/")
_log = logging.getLogger("penstock.server")


class Refused(Exception):
    """A request that does not reach the service."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def make_app(
    service: StepFunctions,
    *,
    hosts: Collection[str] | None,
    token: str | None = None,
    on_close: Callable[[], None] | None = None,
) -> Starlette:
    """`hosts` are the names in `Host` that are answered, None for all; `on_close` is called when the server ends."""
    door = _Door(service, hosts, token)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        if on_close is not None:
            on_close()

    routes = [
        Route("/", door.post, methods=["POST"]),
        Route("/health", door.health, methods=["GET"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class _Door:
    def __init__(self, service: StepFunctions, hosts: Collection[str] | None, token: str | None) -> None:
        self._service = service
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._token = None if token is None else token.encode()
        self._entropy = Entropy()
        self._quick = anyio.CapacityLimiter(AT_ONCE)
        self._long = anyio.CapacityLimiter(LONG_AT_ONCE)

    async def health(self, request: Request) -> Response:
        try:
            self._check_place(request)
        except Refused as error:
            return JSONResponse({"message": str(error)}, error.status)
        return JSONResponse({"status": "ok", "version": __version__})

    async def post(self, request: Request) -> Response:
        try:
            self._check_place(request)
            self._check_token(request)
            operation = _operation(request)
            body = await _body(request)
            answer = await self._call(operation, body)
        except Refused as error:
            return self._refusal(error.status, error.code, str(error))
        except ServiceError as error:
            return self._refusal(503 if error.code == "ServiceUnavailable" else 400, error.code, str(error))
        except asyncio.CancelledError:  # a worker waits for a task, and the server ends
            return self._refusal(503, "ServiceUnavailable", "The server ends.")
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Exception:
            # What a client gets of a fault of ours is a number that stands in the log too.
            number = self._entropy.uuid4()
            _log.exception("Request %s came to a fault.", number)
            return self._refusal(
                500, "InternalServerError", f"The server has a fault; its log tells more: {number}", number
            )
        return Response(_text(answer), media_type=_CONTENT, headers={"x-amzn-RequestId": self._entropy.uuid4()})

    async def _call(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            parameters = loads(body or b"{}", what="The request")
        except JsonError as error:
            raise ServiceError(str(error), code="SerializationException") from None
        limiter = self._long if operation in LONG else self._quick
        call = partial(self._service.call, operation, parameters)
        return await anyio.to_thread.run_sync(call, limiter=limiter, abandon_on_cancel=True)

    def _check_place(self, request: Request) -> None:
        """Against pages in the user's browser: a name that was made to point here, a post from another origin."""
        host = request.headers.get("host", "")
        name = (urlsplit(f"//{host}").hostname or "") if _is_host(host) else ""
        # boto3 puts "sync-" before the host for StartSyncExecution.
        if self._hosts is not None and not {name, name.removeprefix("sync-")} & self._hosts:
            raise Refused(403, "AccessDeniedException", "This server does not answer under that Host.")
        origin = request.headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise Refused(403, "AccessDeniedException", "Requests of other origins are not answered.")

    def _check_token(self, request: Request) -> None:
        if self._token is None:
            return
        shown = request.headers.get("authorization", "")
        signed = _CREDENTIAL.match(shown)
        given = signed[1] if signed else shown.removeprefix("Bearer ").strip() if shown.startswith("Bearer ") else ""
        if not hmac.compare_digest(given.encode(), self._token):
            raise Refused(403, "UnrecognizedClientException", "The token of this server is missing or another.")

    def _refusal(self, status: int, code: str, message: str, number: str | None = None) -> Response:
        headers = {"x-amzn-RequestId": number or self._entropy.uuid4(), "x-amzn-ErrorType": code}
        if status != 400:  # whatever of the request has not been read yet is not worth reading
            headers["Connection"] = "close"
        return Response(_text({"__type": code, "message": message}), status, headers, _CONTENT)


def _is_host(text: str) -> bool:
    return re.fullmatch(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", text) is not None


def _operation(request: Request) -> str:
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content not in _CONTENTS:
        raise Refused(415, "UnsupportedMediaTypeException", f"Requests are {_CONTENT}.")
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if prefix != TARGET_PREFIX or not operation:
        raise Refused(400, "UnknownOperationException", f"X-Amz-Target is {TARGET_PREFIX}.OPERATION.")
    return operation


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > 9 or int(length) > BODY_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > BODY_BYTES:
                    raise _too_large()
                parts.append(part)
    except TimeoutError:
        raise Refused(408, "RequestTimeoutException", f"The body took more than {BODY_SECONDS} s.") from None
    return b"".join(parts)


def _too_large() -> Refused:
    return Refused(413, "RequestEntityTooLargeException", f"A request has {BODY_BYTES} bytes at most.")


def _text(answer: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer, default=_seconds, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:  # a lone surrogate, an integer of more than 64 bits
        return json.dumps(answer, default=_seconds, separators=(",", ":")).encode("ascii")


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
