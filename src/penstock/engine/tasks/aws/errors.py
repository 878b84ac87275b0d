"""How a failed call is told: the error's name and its cause, as the AWS SDK for Java writes them.

`aws-sdk` integrations speak version 2 of it (`S3.NoSuchKeyException`, "… (Service: S3, Status Code: 404, Request ID: …)"), the
optimised ones version 1 ("… (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: …; Proxy: null)"). Both are
recorded: error_handling.json, services.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from penstock.asl.aws_names import client_name, exception_name
from penstock.clock import Entropy
from penstock.engine.tasks.aws.client import UnknownService
from penstock.engine.tasks.aws.moto import NotInMoto
from penstock.engine.tasks.handler import Failed


@dataclass(frozen=True, slots=True)
class Version1:
    """What the Java SDK 1 calls a service: `prefix` in error names, `service` in causes, `base` where no exception of the
    model fits."""

    prefix: str
    service: str
    base: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A service's refusal: the code it gave, its words, the HTTP status."""

    code: str
    message: str
    status: int = 400
    request_id: str | None = None
    extended_id: str | None = None
    legacy_code: str | None = None


class Refused(Exception):
    """A fault that moto would not have given and the service does."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


_HEADS: Final = {"HeadBucket": "NoSuchBucket", "HeadObject": "NoSuchKey"}


def fault_of(error: Any) -> Fault:
    """The Fault in botocore's ClientError."""
    response = error.response
    said = response.get("Error", {})
    metadata = response.get("ResponseMetadata", {})
    code, message = str(said.get("Code", "")), str(said.get("Message") or response.get("message") or "null")
    if code == "404" and error.operation_name in _HEADS:
        # The answer to a HEAD has no body: the Java SDK knows what is missing from what was asked, and has no words.
        code, message = _HEADS[error.operation_name], "null"
    return Fault(
        code=code,
        message=message,
        status=int(metadata.get("HTTPStatusCode", 400)),
        request_id=metadata.get("RequestId"),
        extended_id=metadata.get("HostId"),
        legacy_code=said.get("QueryErrorCode"),
    )


def shape_of(client: Any, fault: Fault) -> Any:
    """The model's shape of the error, or None."""
    model = client.meta.service_model
    for shape in model.error_shapes:
        if fault.code in (shape.error_code, shape.name) or fault.legacy_code == shape.name:
            return shape
    return None


# All that botocore would ask again after, were its retries not switched off (botocore.retries.standard, both lists), and
# the names that services have for faults of their own, which it knows by their status.
_PASSING_CODES: Final = frozenset(
    [
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ]
)
_PASSING_STATUS: Final = frozenset({408, 429})


def is_passing(client: Any, error: BaseException) -> bool:
    """Whether the same call may well be answered later: the service is throttling, has a fault (5xx), or was not reached."""
    if isinstance(getattr(error, "response", None), dict):
        fault = fault_of(error)
        if fault.code in _PASSING_CODES or fault.status in _PASSING_STATUS or fault.status >= 500:
            return True
        shape = None if client is None else shape_of(client, fault)
        return shape is not None and bool(shape.metadata.get("retryable"))
    from botocore import exceptions

    return isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)


def failed_sdk(client: Any, fault: Fault, entropy: Entropy) -> Failed:
    name = client_name(client.meta.service_model.service_id)
    shape = shape_of(client, fault)
    exception = exception_name(shape.name) if shape is not None else f"{name}Exception"
    request_id = fault.request_id or entropy.uuid4()
    if name == "S3":
        request_id += f", Extended Request ID: {fault.extended_id or entropy.hex(64)}"
    details = f"(Service: {name}, Status Code: {fault.status}, Request ID: {request_id}) (SDK Attempt Count: 1)"
    return Failed(f"{name}.{exception}", f"{fault.message} {details}")


def failed_optimised(client: Any, fault: Fault, names: Version1, entropy: Entropy) -> Failed:
    shape = shape_of(client, fault)
    exception = names.base
    if shape is not None:
        exception = shape.name if shape.name.endswith("Exception") else f"{shape.name}Exception"
    code = fault.code if shape is None or fault.code != shape.name else shape.error_code or fault.code
    details = (
        f"(Service: {names.service}; Status Code: {fault.status}; Error Code: {code}; "
        f"Request ID: {fault.request_id or entropy.uuid4()}; Proxy: null)"
    )
    return Failed(f"{names.prefix}.{exception}", f"{fault.message} {details}")


def failed_on_the_way(prefix: str, error: BaseException) -> Failed:
    """No answer came from the service: no such host, no connection, no credentials, nothing in moto."""
    text = str(error).strip() or type(error).__name__
    if isinstance(error, UnknownService):
        text = f"The installed botocore has no {text}"
    elif not isinstance(error, NotInMoto):
        text = f"Unable to execute HTTP request: {text}"
    return Failed(f"{prefix}.SdkClientException", text)
