"""The HTTP exchange of an HTTP task, as inspectionData shows it at the level TRACE.

Shapes: API reference, InspectionDataRequest and InspectionDataResponse; headers are one text, `[name: value, …]` (Developer
Guide, "Testing state machines with TestState", from memory).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from penstock.engine.tasks.handler import TaskHandler

if TYPE_CHECKING:
    from penstock.engine.tasks.http.exchange import Response
    from penstock.engine.tasks.http.request import Request


@contextmanager
def watched_http(
    handlers: Sequence[TaskHandler], execution_arn: str, shown: dict[str, Any], *, reveal: bool
) -> Iterator[None]:
    """Has the handler of HTTP tasks put `request` and `response` of that execution into `shown`; without `reveal`, the
    request lacks what the connection adds to it."""

    def observe(sent: Request, bare: Request, response: Response) -> None:
        request = sent if reveal else bare
        url = request.url
        shown["request"] = {
            "protocol": url.scheme,
            "method": request.method,
            "url": f"{url.scheme}://{url.netloc}{request.target}",
            "headers": _headers(request.headers.items()),
        }
        if request.body is not None:
            shown["request"]["body"] = request.body.decode("utf-8", "replace")
        values = [(name, value) for name, several in response.headers.items() for value in several]
        shown["response"] = {
            "protocol": url.scheme,
            "statusCode": str(response.status),
            "statusMessage": response.reason,
            "headers": _headers(values),
            "body": response.body.decode("utf-8", "replace"),
        }

    observers: list[dict[str, Any]] = [handler.observers for handler in handlers if hasattr(handler, "observers")]
    for each in observers:
        each[execution_arn] = observe
    try:
        yield
    finally:
        for each in observers:
            each.pop(execution_arn, None)


def _headers(pairs: Iterable[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in pairs)}]"
