"""What Lambda says: names and ARNs of functions, the answer's envelope, the words of its errors.

Envelope and the JSON of a raised exception are as recorded (conformance: services.json, error_handling.json).
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from penstock.clock import Clock, Entropy
from penstock.engine.tasks.handler import Failed, TaskRequest
from penstock.jsontools import Json

INVOKE: Final = "arn:aws:states:::lambda:invoke"
INVOKE_WITH_TOKEN: Final = "arn:aws:states:::lambda:invoke.waitForTaskToken"

RESPONSE_BYTES: Final = 6_291_556
"""The largest answer of a synchronous call ("Lambda quotas" in the Developer Guide, from memory; the number is the one in
Lambda's own message)."""


@lru_cache(maxsize=1024)
def is_function_arn(resource: str) -> bool:
    """Whether a Task's Resource is a function's own ARN."""
    parts = resource.split(":", 6)
    return len(parts) == 7 and parts[0] == "arn" and parts[2] == "lambda" and parts[5] == "function"


def function_name(text: str) -> str:
    """The bare name in a name, a partial ARN (`123456789012:function:NAME`) or a full one, each with or without a
    qualifier (API reference, Invoke: FunctionName)."""
    parts = text.split(":")
    if "function" in parts[:-1]:
        return parts[parts.index("function") + 1]
    return parts[0]


def qualifier(text: str) -> str:
    """The version or alias a name or ARN ends with; `$LATEST` without one."""
    parts = text.split(":")
    after = parts[parts.index("function") + 2 :] if "function" in parts[:-1] else parts[1:]
    return after[0] if after and after[0] else "$LATEST"


def candidates(text: str) -> tuple[str, ...]:
    """The keys under which a function may be registered, the most exact first."""
    name = function_name(text)
    bare = text if qualifier(text) == "$LATEST" else text.rpartition(":")[0]
    return text, bare, f"{name}:{qualifier(text)}", name


def invoked(request: TaskRequest) -> str | None:
    """The function that a request means, as it says it; None where it has no FunctionName."""
    if not request.resource.startswith(INVOKE):
        return request.resource
    name = request.arguments.get("FunctionName") if isinstance(request.arguments, dict) else None
    return name if isinstance(name, str) else None


class Unparsable(Exception):
    """A Payload text that is not JSON."""


def event_of(request: TaskRequest) -> Json:
    """What the function gets. Of `lambda:invoke` the Payload: a text is the body itself, and no body at all, or null,
    arrives as `{}` (recorded: services.json, test_task_service_lambda)."""
    if not request.resource.startswith(INVOKE):
        return request.arguments
    payload: Json = request.arguments.get("Payload") if isinstance(request.arguments, dict) else None
    if payload is None:
        return {}
    if isinstance(payload, str):
        try:
            body: Json = json.loads(payload, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Unparsable(payload) from None
        return body
    return payload


def _refuse(name: str) -> None:
    raise ValueError(name)


def envelope(payload: Json, content_length: int, executed: str, *, clock: Clock, entropy: Entropy) -> Json:
    """The output of `lambda:invoke`. `content_length` is the answer's length in bytes as the runtime wrote it."""
    request_id = entropy.uuid4()
    trace = f"Root=1-{int(clock.now()):08x}-{entropy.hex(24)};Parent={entropy.hex(16)};Sampled=0"
    headers: dict[str, str] = {
        "Connection": "keep-alive",
        "Content-Length": str(content_length),
        "Content-Type": "application/json",
        "Date": http_date(clock.now()),
        "X-Amz-Executed-Version": executed,
        "x-amzn-Remapped-Content-Length": "0",
        "x-amzn-RequestId": request_id,
        "X-Amzn-Trace-Id": trace,
    }
    return {
        "ExecutedVersion": executed,
        "Payload": payload,
        "SdkHttpMetadata": _http(headers, _INVOKE_HEADERS),
        "SdkResponseMetadata": {"RequestId": request_id},
        "StatusCode": 200,
    }


_INVOKE_HEADERS = (
    "X-Amz-Executed-Version",
    "x-amzn-Remapped-Content-Length",
    "Connection",
    "x-amzn-RequestId",
    "Content-Length",
    "Date",
    "X-Amzn-Trace-Id",
    "Content-Type",
)


def sdk_metadata(content_length: int, *, clock: Clock, entropy: Entropy) -> dict[str, Json]:
    """SdkHttpMetadata and SdkResponseMetadata of a service that speaks JSON (recorded: callback.json)."""
    request_id = entropy.uuid4()
    headers = {
        "connection": "keep-alive",
        "Content-Length": str(content_length),
        "Content-Type": "application/x-amz-json-1.0",
        "Date": http_date(clock.now()),
        "x-amzn-RequestId": request_id,
    }
    order = ("x-amzn-RequestId", "connection", "Content-Length", "Date", "Content-Type")
    return {"SdkHttpMetadata": _http(headers, order), "SdkResponseMetadata": {"RequestId": request_id}}


def http_date(instant: float) -> str:
    """The value of a Date header."""
    # By hand: strftime's names follow the locale, and email.utils takes longer to load than this whole module.
    at = datetime.fromtimestamp(instant, UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02d} {month} {at.year} {at.hour:02d}:{at.minute:02d}:{at.second:02d} GMT"


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _http(headers: Mapping[str, str], order: tuple[str, ...]) -> dict[str, Json]:
    return {
        "AllHttpHeaders": {name: [headers[name]] for name in order},
        "HttpHeaders": dict(headers),
        "HttpStatusCode": 200,
    }


def not_found(request: TaskRequest, name: str, entropy: Entropy) -> Failed:
    arn = full_arn(request, name)
    if len(arn.split(":")) < 8:
        arn += ":$LATEST"
    return Failed(
        "Lambda.ResourceNotFoundException",
        f"Function not found: {arn} (Service: Lambda, Status Code: 404, Request ID: {entropy.uuid4()})",
    )


def full_arn(request: TaskRequest, name: str) -> str:
    """The ARN of a function given by name, partial or full ARN; a qualifier stays."""
    if name.startswith("arn:"):
        return name
    version = qualifier(name)
    arn = f"arn:aws:lambda:{request.region}:{_account(request)}:function:{function_name(name)}"
    return arn if version == "$LATEST" else f"{arn}:{version}"


def _account(request: TaskRequest) -> str:
    parts = request.execution_arn.split(":")
    return parts[4] if len(parts) > 4 and parts[4] else "123456789012"


def no_function_name(entropy: Entropy) -> Failed:
    return Failed(
        "Lambda.ValidationException",
        "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must not be "
        f"null (Service: Lambda, Status Code: 400, Request ID: {entropy.uuid4()})",
    )


def not_json(payload: str, entropy: Entropy) -> Failed:
    return Failed(
        "Lambda.InvalidRequestContentException",
        f"{not_json_words(payload)} (Service: Lambda, Status Code: 400, Request ID: {entropy.uuid4()})",
    )


def not_json_words(payload: str) -> str:
    """What Invoke says of a payload that is no JSON."""
    token = payload.split(None, 1)[0][:64] if payload.strip() else ""
    return (
        "Could not parse request body into json: Could not parse payload into json: Unrecognized token "
        f"'{token}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )


def raised(error: str, message: str, request_id: str, stack: list[str]) -> Failed:
    """A function that ended with an exception. Separators are those of Python's runtime (recorded: express.json)."""
    fault = {"errorMessage": message, "errorType": error, "requestId": request_id, "stackTrace": stack}
    return Failed(error, json.dumps(fault, ensure_ascii=False))


def marshal_error(reason: str, request_id: str) -> Failed:
    return raised("Runtime.MarshalError", not_marshalled(reason), request_id, [])


def not_marshalled(reason: str) -> str:
    return f"Unable to marshal response: {reason}"


def too_large(length: int) -> Failed:
    return _fault(
        "Function.ResponseSizeTooLarge",
        f"Response payload size ({length} bytes) exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes).",
    )


def timed_out(seconds: float, request_id: str) -> Failed:
    return _fault("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def exited(status: int, request_id: str) -> Failed:
    """The runtime process has ended without an answer. `status` is an exit code, or a signal's negative number."""
    return _fault("Runtime.ExitError", exited_words(status, request_id))


def exited_words(status: int, request_id: str) -> str:
    """The sentence of it, which stands in the function's log too."""
    if status < 0:
        how = f"exited with error: signal: {_SIGNALS.get(-status, f'signal {-status}')}"
    elif status > 0:
        how = f"exited with error: exit status {status}"
    else:
        how = "exited without providing a reason"
    return f"RequestId: {request_id} Error: Runtime {how}"


def _fault(error: str, message: str) -> Failed:
    fault = {"errorType": error, "errorMessage": message}
    return Failed(error, json.dumps(fault, ensure_ascii=False, separators=(",", ":")))


# Lambda's supervisor is written in Go; these are its names.
_SIGNALS: Final[dict[int, str]] = {
    getattr(signal, name): words
    for name, words in {
        "SIGHUP": "hangup",
        "SIGINT": "interrupt",
        "SIGQUIT": "quit",
        "SIGILL": "illegal instruction",
        "SIGTRAP": "trace/breakpoint trap",
        "SIGABRT": "aborted",
        "SIGBUS": "bus error",
        "SIGFPE": "floating point exception",
        "SIGKILL": "killed",
        "SIGUSR1": "user defined signal 1",
        "SIGSEGV": "segmentation fault",
        "SIGUSR2": "user defined signal 2",
        "SIGPIPE": "broken pipe",
        "SIGALRM": "alarm clock",
        "SIGTERM": "terminated",
    }.items()
    if hasattr(signal, name)
}
