"""SdkHttpMetadata and SdkResponseMetadata, which most optimised integrations add to their answer (recorded: services.json)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from penstock.clock import Clock, Entropy
from penstock.engine.tasks.lambdas import http_date
from penstock.jsontools import Json, dumps

_SERVER: Final = frozenset({"dynamodb"})
"""Services whose front end names itself and sends a checksum."""


def metadata(
    service: str, answer: Mapping[str, Any], result: Json, protocol: str, *, clock: Clock, entropy: Entropy
) -> dict[str, Json]:
    """Both members. `answer` is botocore's; the headers are spelled as Amazon sends them, botocore keeps them in small
    letters. What a stand-in for Amazon leaves out is filled in."""
    response = answer.get("ResponseMetadata", {})
    came: Mapping[str, Any] = response.get("HTTPHeaders", {})
    request_id = response.get("RequestId") or entropy.uuid4()
    kinds = {"query": "text/xml", "ec2": "text/xml", "rest-xml": "application/xml", "rest-json": "application/json"}
    length = came.get("content-length") or str(len(dumps(result)))
    headers = {
        "Content-Length": length,
        "Content-Type": kinds.get(protocol, "application/x-amz-json-1.0"),
        "Date": came.get("date") or http_date(clock.now()),
        "x-amzn-RequestId": request_id,
    }
    order: tuple[str, ...]
    if service in _SERVER:
        order = ("Server", "Connection", "x-amzn-RequestId", "x-amz-crc32", "Content-Length", "Date", "Content-Type")
        crc = came.get("x-amz-crc32") or str(entropy.randrange(0, 2**32))
        headers = {"Connection": "keep-alive", **headers, "Server": "Server", "x-amz-crc32": crc}
    else:
        order = ("x-amzn-RequestId", "connection", "Content-Length", "Date", "Content-Type")
        headers = {"connection": "keep-alive", **headers}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [headers[name]] for name in order},
            "HttpHeaders": dict(sorted(headers.items(), key=lambda item: item[0].lower())),
            "HttpStatusCode": response.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }
