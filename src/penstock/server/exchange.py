"""A request of AWS's JSON protocol, from its headers to its answer, and the services that such requests are for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeAlias

from penstock.errors import ServiceError
from penstock.server.doorkeeper import Refused
from penstock.services.json_answers import answer_text

CONTENT: Final = b"application/x-amz-json-1.0"
ASKED: Final = "penstock.exchange"
"""In the scope of the app: an exchange that has begun."""
GONE: Final = 499
"""In place of a status: nobody reads an answer."""

_log = logging.getLogger("penstock.server")

Pending: TypeAlias = "dict[str, Any] | Future[dict[str, Any]] | Callable[[], Any]"
"""What has been asked of a service: its answer, what will have it, or the call that a thread is to make."""


class Leavable(Protocol):
    """A call that a thread is to make, and that a client can `leave` while it waits."""

    def __call__(self) -> dict[str, Any]: ...

    def leave(self) -> None: ...


class JsonService(Protocol):
    """Operations that are asked for by `X-Amz-Target: PREFIX.OPERATION`, with JSON as parameters and answer."""

    @property
    def long(self) -> Collection[str]:
        """Operations that may take minutes, because somebody else is to do something."""

    def call(self, operation: str, parameters: Any) -> dict[str, Any]: ...

    def ask(self, operation: str, parameters: Any) -> dict[str, Any] | Future[dict[str, Any]] | Leavable | None:
        """`call` for those who do not wait: the answer, what will have it, or the call that is left when the client goes;
        None for an operation that needs a thread to wait in."""


class Gone(Exception):
    """The client left before its request was complete, or before it got what it waited for."""


class Exchange:
    """One request, and then its answer: `status`, `headers` and `body`, when it is `done`. `code` is 200 or the error's."""

    __slots__ = ("began", "body", "code", "headers", "number", "operation", "pending", "service", "status")

    def __init__(self, number: str, began: float) -> None:
        self.number = number
        self.began = began
        self.service: JsonService | None = None
        self.operation = ""
        self.pending: Pending | None = None
        self.status = 0
        self.code = ""
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self.body = b""

    @property
    def done(self) -> bool:
        return self.status != 0

    def answered(self, answer: dict[str, Any]) -> None:
        self.body = answer_text(answer)
        self.status, self.code = 200, "200"
        self.headers = ((b"content-type", CONTENT), (b"x-amzn-requestid", self.number.encode()))

    def failed(self, error: BaseException) -> None:
        if isinstance(error, Refused):
            self._refuse(error.status, error.code, str(error))
        elif isinstance(error, ServiceError):
            self._refuse(503 if error.code == "ServiceUnavailable" else 400, error.code, str(error))
        elif isinstance(error, asyncio.CancelledError):  # the server ends, and the request is over its time
            self._refuse(503, "ServiceUnavailable", "The server ends.")
        elif isinstance(error, Gone):
            self.status, self.code = GONE, "ClientClosedRequest"
        else:
            # What a client gets of a fault of ours is a number that stands in the log too.
            seen = {"request_id": self.number, "operation": self.operation}
            _log.error("A request came to a fault.", exc_info=error, extra=seen)
            self._refuse(500, "InternalServerError", f"The server has a fault; its log tells more: {self.number}")

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.status, self.code = status, code
        self.body = answer_text({"__type": code, "message": message})
        headers = [(b"content-type", CONTENT), (b"x-amzn-errortype", code.encode("ascii", "replace"))]
        if status != 400:  # whatever of the request has not been read yet is not worth reading
            headers.append((b"connection", b"close"))
        self.headers = (*headers, (b"x-amzn-requestid", self.number.encode()))
