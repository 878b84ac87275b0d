"""`apigateway:invoke`: one HTTP request to a deployed API (recorded: services.json, test_apigetway_task_service.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

from penstock.engine.tasks.aws import calling
from penstock.engine.tasks.aws.client import Clients
from penstock.engine.tasks.aws.errors import failed_on_the_way
from penstock.engine.tasks.handler import Failed, Report, Succeeded, TaskRequest
from penstock.jsontools import Json, dumps

SECONDS: Final = 60
"""How long an answer may take (Developer Guide, API Gateway: the integration's timeout is 29 s; the connection has the rest)."""

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")

_FIELDS: Final = frozenset(
    [
        "ApiEndpoint",
        "Method",
        "Headers",
        "Stage",
        "Path",
        "QueryParameters",
        "RequestBody",
        "AllowNullValues",
        "AuthType",
    ]
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    signed: bool
    """With the signature of the execution's role (AuthType IAM_ROLE)."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def request_of(arguments: dict[str, Any]) -> HttpRequest:
    """The HTTP request that a task's arguments mean. Raises CallFailed for arguments that AWS refuses."""
    for name in arguments:
        if name not in _FIELDS:
            raise calling.CallFailed(calling.unfit(arguments, f'The field "{name}" is not supported by Step Functions'))
    endpoint, method = arguments.get("ApiEndpoint"), arguments.get("Method")
    for name, value in (("ApiEndpoint", endpoint), ("Method", method)):
        if not isinstance(value, str) or not value:
            raise calling.CallFailed(calling.unfit(arguments, f'The field "{name}" is required but was missing'))
    assert isinstance(endpoint, str)
    if method not in METHODS:
        words = f'The value for the field "Method" must be one of {", ".join(METHODS)}'
        raise calling.CallFailed(calling.unfit(arguments, words))
    base = endpoint if "://" in endpoint else f"https://{endpoint}"
    parts = [str(arguments[name]).strip("/") for name in ("Stage", "Path") if arguments.get(name)]
    url = "/".join([base.rstrip("/"), *(quote(part, safe="/:@!$&'()*+,;=~%") for part in parts)])
    query = _query(arguments)
    body = arguments.get("RequestBody")
    headers = {"Content-Type": "application/json", **_headers(arguments)}
    content = None if body is None and not arguments.get("AllowNullValues") else dumps(body)
    if content is None:
        headers.pop("Content-Type", None)
    return HttpRequest(
        method, f"{url}?{query}" if query else url, headers, content, arguments.get("AuthType") == "IAM_ROLE"
    )


def _query(arguments: dict[str, Any]) -> str:
    given = arguments.get("QueryParameters") or {}
    if not isinstance(given, dict):
        raise calling.CallFailed(
            calling.unfit(arguments, "The value of the field 'QueryParameters' has an invalid format")
        )
    pairs = [(key, each) for key, value in given.items() for each in (value if isinstance(value, list) else [value])]
    return "&".join(f"{quote(str(key), safe='')}={quote(str(value), safe='')}" for key, value in pairs)


def _headers(arguments: dict[str, Any]) -> dict[str, str]:
    given = arguments.get("Headers") or {}
    if not isinstance(given, dict):
        raise calling.CallFailed(calling.unfit(arguments, "The value of the field 'Headers' has an invalid format"))
    joined = {
        str(key): ",".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in given.items()
    }
    for name, value in joined.items():
        if any(c in "\r\n\0" for c in name + value):
            raise calling.CallFailed(calling.unfit(arguments, f'The header "{name.strip()}" holds a line break'))
    return joined


def report_of(answer: HttpAnswer) -> Report:
    """The result, or the failure: any status from 400 on is an error named by its number."""
    body: Json
    try:
        body = json.loads(answer.body) if answer.body else ""
    except (ValueError, RecursionError):
        body = answer.body.decode("utf-8", "replace")
    if answer.status >= 400:
        text = answer.body.decode("utf-8", "replace")
        return Failed(f"ApiGateway.{answer.status}", text or None)
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name, []).append(value)
    try:
        words = HTTPStatus(answer.status).phrase
    except ValueError:
        words = ""
    result: dict[str, Json] = {
        "Headers": dict(sorted(headers.items(), key=lambda item: item[0].lower())),
        "ResponseBody": body,
        "StatusCode": answer.status,
        "StatusText": words,
    }
    return Succeeded(result)


def send(clients: Clients, request: HttpRequest, task: TaskRequest) -> HttpAnswer:
    """Sends it: to moto for an Amazon host where the settings say so, else to the host that the URL names.

    An Amazon host is asked only where the settings send calls to Amazon. Raises CallFailed.
    """
    from botocore.awsrequest import AWSRequest

    prepared = AWSRequest(method=request.method, url=request.url, data=request.body, headers=request.headers)
    host = urlsplit(request.url).hostname or ""
    amazon = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    try:
        if request.signed:
            from botocore.auth import SigV4Auth

            role = task.credentials.get("RoleArn") if isinstance(task.credentials, dict) else None
            client = clients.client("sts", region=task.region, role=role)
            SigV4Auth(client._get_credentials(), "execute-api", task.region).add_auth(prepared)
        if amazon and clients.is_moto:
            from penstock.engine.tasks.aws.moto import answered

            came = answered(prepared.prepare(), account=clients.account)
        elif amazon and not clients.is_amazon:
            words = f"{host} is Amazon's, and [aws] endpoint_url sends calls to {clients.endpoint_url}"
            raise calling.CallFailed(Failed("ApiGateway.SdkClientException", words))
        else:
            from botocore.httpsession import URLLib3Session

            came = URLLib3Session(timeout=SECONDS).send(prepared.prepare())
    except calling.CallFailed:
        raise
    except Exception as error:
        # Whatever the HTTP library or moto raises: the request has had no answer.
        raise calling.CallFailed(failed_on_the_way("ApiGateway", error)) from error
    return HttpAnswer(came.status_code, list(came.headers.items()), came.content)
