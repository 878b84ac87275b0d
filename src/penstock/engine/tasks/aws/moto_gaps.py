"""What the services do and moto does not: one function an operation. Each difference is recorded, or the service's documented
refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from penstock.engine.tasks.aws import validation
from penstock.engine.tasks.aws.errors import Fault, Refused, fault_of

Parsed: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[Parsed], Parsed]

_TABLE: Final = re.compile(r"[a-zA-Z0-9_.-]+")
_SECRET: Final = re.compile(r"[a-zA-Z0-9/_+=.@!-]{1,512}")


def call(client: Any, operation: Any, parameters: Parsed) -> Parsed:
    """Calls moto; the answer is as the service's. Raises what botocore raises, or Refused."""

    def send(request: Parsed) -> Parsed:
        answer: Parsed = client._make_api_call(operation.name, request)
        return answer

    service = client.meta.service_model.service_name
    corrected = _CORRECTED.get((service, operation.name))
    if corrected is None and service == "dynamodb":
        corrected = _dynamodb
    return send(parameters) if corrected is None else corrected(send, parameters)


def _dynamodb(send: Send, parameters: Parsed) -> Parsed:
    table = parameters.get("TableName")
    if isinstance(table, str) and not table.startswith("arn:") and not _TABLE.fullmatch(table):
        rule = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        raise Refused(validation.fault_of_problems([validation.constraint(table, "tableName", rule)]))
    answer = send(parameters)
    if parameters.get("ReturnConsumedCapacity", "NONE") == "NONE":
        answer.pop("ConsumedCapacity", None)
    return answer


def _put_object(send: Send, parameters: Parsed) -> Parsed:
    answer = _encrypted(send, parameters)
    if any(name.startswith("Checksum") for name in answer):
        answer.setdefault("ChecksumType", "FULL_OBJECT")
    return answer


def _get_object(send: Send, parameters: Parsed) -> Parsed:
    answer = _encrypted(send, parameters)
    if parameters.get("ChecksumMode") != "ENABLED":
        for name in [name for name in answer if name.startswith("Checksum")]:
            del answer[name]
    return answer


def _encrypted(send: Send, parameters: Parsed) -> Parsed:
    # S3 encrypts every object since January 2023, and says so.
    answer = send(parameters)
    answer.setdefault("ServerSideEncryption", "AES256")
    return answer


def _publish(send: Send, parameters: Parsed) -> Parsed:
    from botocore.exceptions import ClientError

    topic = parameters.get("TopicArn") or parameters.get("TargetArn") or ""
    fifo = topic.endswith(".fifo")
    if fifo and not parameters.get("MessageGroupId"):
        words = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
        raise Refused(Fault("InvalidParameter", words))
    elements = len(topic.split(":"))
    if topic and elements < 6:
        words = f"Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not {elements}"
        raise Refused(Fault("InvalidParameter", words))
    if not parameters.get("Message") and parameters.get("Message") is not None:
        raise Refused(Fault("InvalidParameter", "Invalid parameter: Empty message"))
    try:
        answer = send(parameters)
    except ClientError as error:
        fault = fault_of(error)
        if fault.code == "NotFound" and topic.split(":")[2:3] == ["sns"]:
            raise Refused(Fault("NotFound", "Topic does not exist", 404, fault.request_id)) from None
        raise
    if fifo:
        # Numbers of a topic grow and have twenty digits; moto's message has none.
        global _published
        _published += 1
        answer.setdefault("SequenceNumber", f"1{_published * 1000:019d}")
    return answer


_published = 0


def _send_message(send: Send, parameters: Parsed) -> Parsed:
    if not parameters.get("MessageBody"):
        raise Refused(Fault("MissingParameter", "The request must contain the parameter MessageBody."))
    return send(parameters)


def _create_secret(send: Send, parameters: Parsed) -> Parsed:
    if not _SECRET.fullmatch(parameters.get("Name", "")):
        words = (
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        )
        raise Refused(Fault(validation.CODE, words))
    return send(parameters)


_REQUIRED_OF_AN_ENTRY: Final = ("Source", "DetailType", "Detail")


def _put_events(send: Send, parameters: Parsed) -> Parsed:
    results: list[Parsed | None] = [_fault_of_entry(entry) for entry in parameters["Entries"]]
    good = [entry for entry, fault in zip(parameters["Entries"], results, strict=True) if fault is None]
    sent = iter(send({**parameters, "Entries": good})["Entries"] if good else ())
    entries = [fault if fault is not None else next(sent) for fault in results]
    failed = sum("ErrorCode" in entry for entry in entries)
    return {"Entries": entries, "FailedEntryCount": failed}


def _fault_of_entry(entry: Parsed) -> Parsed | None:
    for name in _REQUIRED_OF_AN_ENTRY:
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


_CORRECTED: Final[dict[tuple[str, str], Callable[[Send, Parsed], Parsed]]] = {
    ("s3", "PutObject"): _put_object,
    ("s3", "GetObject"): _get_object,
    ("s3", "HeadObject"): _get_object,
    ("s3", "CopyObject"): _encrypted,
    ("s3", "CreateMultipartUpload"): _encrypted,
    ("secretsmanager", "CreateSecret"): _create_secret,
    ("sns", "Publish"): _publish,
    ("sqs", "SendMessage"): _send_message,
    ("events", "PutEvents"): _put_events,
}
