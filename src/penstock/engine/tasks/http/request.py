"""An HTTP task's request: URL, headers and body from its arguments and its connection.

Source: Developer Guide, "Call HTTPS APIs in Step Functions workflows". What the connection has replaces what the
arguments say under the same name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from penstock.connections import Connection
from penstock.jsontools import Json, dumps

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
ARRAYS: Final = ("INDICES", "REPEAT", "COMMAS", "BRACKETS", "NONE")
RANGE_END: Final = 262_144
_OWN: Final = frozenset({"host", "user-agent", "range", "content-length", "transfer-encoding", "connection"})
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Unusable(Exception):
    """Arguments that no request can be made of; the message says which."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: SplitResult
    target: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    body: bytes | None


def connection_arn(arguments: Any) -> str:
    """Raises Unusable."""
    for key in ("InvocationConfig", "Authentication"):
        config = arguments.get(key) if isinstance(arguments, dict) else None
        if isinstance(config, dict) and isinstance(config.get("ConnectionArn"), str):
            return str(config["ConnectionArn"])
    raise Unusable("InvocationConfig.ConnectionArn (or Authentication.ConnectionArn) is required")


def request_of(arguments: dict[str, Any], connection: Connection | None, token: str | None, region: str) -> Request:
    """`token` is the bearer token of an OAuth connection; without a connection nothing is added. Raises Unusable, MissingRequirement."""
    method = arguments.get("Method")
    if method not in METHODS:
        raise Unusable(f"Method is one of {', '.join(METHODS)}; {method!r} is not")
    headers = {str(name).lower(): _header(value) for name, value in _table(arguments, "Headers").items()}
    headers = {name: value for name, value in headers.items() if name not in _OWN}
    body = arguments.get("RequestBody")
    extra = {} if connection is None else connection.table("body")
    if extra:
        if body is not None and not isinstance(body, dict):
            raise Unusable("RequestBody is an object where the connection adds to it")
        body = {**(body or {}), **extra}
    content = _body(arguments, headers, body)
    query = _table(arguments, "QueryParameters")
    if connection is not None:
        headers |= _authorised(connection, token)
        query = {**query, **connection.table("query")}
    url, target = parts_of(arguments.get("ApiEndpoint"), query)
    # These three cannot be overridden (onecloudplease.com, "HTTPS Endpoints and more tricks").
    headers |= {
        "user-agent": f"Amazon|StepFunctions|HttpInvoke|{region}",
        "range": f"bytes=0-{RANGE_END}",
    }
    return Request(str(method), url, target, headers, content)


def _authorised(connection: Connection, token: str | None) -> dict[str, str]:
    """The headers that the connection gives."""
    headers = {name.lower(): value for name, value in connection.table("headers").items()}
    match connection.type:
        case "API_KEY":
            headers[connection.value("api_key_name").lower()] = connection.value("api_key_value")
        case "BASIC":
            headers["authorization"] = basic(connection.value("username"), connection.value("password"))
        case "OAUTH_CLIENT_CREDENTIALS":
            headers["authorization"] = f"Bearer {token}"
    return headers


def parts_of(endpoint: Any, query: Mapping[str, Any]) -> tuple[SplitResult, str]:
    """The URL and the request target. HTTPS only, as at AWS; plain HTTP to this machine, for servers under test."""
    try:
        url = urlsplit(endpoint if isinstance(endpoint, str) else "")
        host, _ = url.hostname, url.port
    except ValueError:
        raise Unusable(f"ApiEndpoint is no URL: {endpoint!r}") from None
    if not host or (url.scheme != "https" and not (url.scheme == "http" and host in _LOOPBACK)):
        raise Unusable(f"ApiEndpoint is an https:// URL; {endpoint!r} is not")
    flat = [
        (name, _scalar(v)) for name, value in query.items() for v in (value if isinstance(value, list) else [value])
    ]
    parts = [part for part in (url.query, urlencode(flat)) if part]
    target = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return url, f"{target}?{'&'.join(parts)}" if parts else target


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _body(arguments: dict[str, Any], headers: dict[str, str], body: Json) -> bytes | None:
    transform = _table(arguments, "Transform")
    encoding = transform.get("RequestBodyEncoding", "NONE")
    if encoding not in ("NONE", "URL_ENCODED"):
        raise Unusable(f"Transform.RequestBodyEncoding is NONE or URL_ENCODED; {encoding!r} is not")
    if body is None:
        return None
    if encoding == "URL_ENCODED":
        arrays = _table(transform, "RequestEncodingOptions").get("ArrayFormat", "INDICES")
        if arrays not in ARRAYS:
            raise Unusable(f"ArrayFormat is one of {', '.join(ARRAYS)}; {arrays!r} is not")
        if not isinstance(body, dict):
            raise Unusable("RequestBody is an object where it is to be URL-encoded")
        headers["content-type"] = "application/x-www-form-urlencoded"
        return urlencode(list(_form(body, str(arrays)))).encode()
    kind = headers.setdefault("content-type", "application/json")
    if isinstance(body, str) and not kind.startswith("application/json"):
        return body.encode("utf-8", "surrogatepass")
    return dumps(body)


def _form(body: dict[str, Any], arrays: str) -> Iterator[tuple[str, str]]:
    pending = [(name, value) for name, value in reversed(body.items())]
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(f"{name}[{key}]", inner) for key, inner in reversed(value.items())]
        elif not isinstance(value, list):
            yield name, _scalar(value)
        elif arrays == "COMMAS":
            yield name, ",".join(map(_scalar, value))
        elif arrays == "NONE":
            yield name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        else:
            for number in range(len(value) - 1, -1, -1):
                suffix = {"INDICES": f"[{number}]", "BRACKETS": "[]"}.get(arrays, "")
                pending.append((name + suffix, value[number]))


def _table(arguments: dict[str, Any], key: str) -> dict[str, Any]:
    table = arguments.get(key)
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise Unusable(f"{key} is an object")
    return table


def _header(value: Any) -> str:
    text = ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)
    if any(c in text for c in "\r\n\0"):
        raise Unusable("A header holds a line break")
    return text


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
