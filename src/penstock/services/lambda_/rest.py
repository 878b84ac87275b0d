"""REST-JSON over the service, by botocore's model: a request to an operation and its parameters, an answer to a response.

Source: the model's own `http` and `location` traits; the protocol's rules are those of botocore's serializer and parser.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from penstock.errors import JsonError, ServiceError
from penstock.jsontools import dumps, loads
from penstock.services.json_answers import seconds
from penstock.services.lambda_.model import error_status, operation_model, operations

SERIALIZATION = "SerializationException"


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Called:
    """An operation, and the texts in the request's path that are parameters of it."""

    operation: str
    labels: Mapping[str, str]


def route(method: str, path: str, query: Iterable[tuple[str, str]] = ()) -> Called:
    """The operation that a request means. `path` is as it was sent, escapes and all.

    Raises ServiceError UnknownOperationException.
    """
    given = dict(query)
    for pattern, fixed, operation in _routes().get(method, ()):
        found = pattern.fullmatch(path)
        if found is not None and all(given.get(name) == value for name, value in fixed):
            return Called(operation, {name: unquote(text) for name, text in found.groupdict().items()})
    raise ServiceError(f"Lambda has nothing at {method} {path}.", code="UnknownOperationException")


@cache
def _routes() -> dict[str, list[tuple[re.Pattern[str], tuple[tuple[str, str], ...], str]]]:
    routes: dict[str, list[tuple[re.Pattern[str], tuple[tuple[str, str], ...], str]]] = {}
    for name in sorted(operations()):
        http = operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        parts = re.split(r"\{(\w+)\}", path.rstrip("/"))
        text = "".join(f"(?P<{part}>[^/]+)" if n % 2 else re.escape(part) for n, part in enumerate(parts))
        fixed = tuple((key, value) for key, _, value in (each.partition("=") for each in query.split("&") if each))
        routes.setdefault(http["method"], []).append((re.compile(f"{text}/?"), fixed, name))
    for found in routes.values():
        found.sort(key=lambda each: -len(each[1]))  # those with a fixed query first: /layers?find=LayerVersion
    return routes


def parameters(
    called: Called, query: Iterable[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """The parameters of a request; `headers` by their names in small letters. Raises ServiceError SerializationException."""
    shape = operation_model(called.operation).input_shape
    if shape is None:
        return {}
    pairs = list(query)
    payload = shape.serialization.get("payload")
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    in_body = [name for name, member in shape.members.items() if "location" not in member.serialization]
    if payload is not None and shape.members[payload].type_name == "blob":
        found[payload] = body
    elif payload is not None:
        if body:
            found[payload] = _from_json(_document(body), shape.members[payload], payload)
        in_body = []
    elif in_body and body:
        rest = _document(body)
    for name, member in shape.members.items():
        where = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if where is None:
            if name in in_body and rest.get(key) is not None:
                found[name] = _from_json(rest[key], member, name)
            continue
        texts = _texts(where, key, called.labels, pairs, headers)
        if texts:
            found[name] = (
                [_from_text(each, member.member, name) for each in texts]
                if (member.type_name == "list")
                else _from_text(texts[0], member, name)
            )
    return found


def _texts(
    where: str, key: str, labels: Mapping[str, str], query: list[tuple[str, str]], headers: Mapping[str, str]
) -> list[str]:
    if where == "uri":
        return [labels[key]]
    if where == "querystring":
        return [value for name, value in query if name == key]
    value = headers.get(key.lower())
    return [] if value is None else [value]


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = loads(body, what="The request")
    except JsonError as error:
        raise ServiceError(str(error), code=SERIALIZATION) from None
    if not isinstance(found, dict):
        raise ServiceError("The request is not a JSON object.", code=SERIALIZATION)
    return found


def _from_json(value: Any, shape: Any, path: str) -> Any:
    """What is not JSON's own: bytes are base64 texts. Everything else stays, to be checked later."""
    kind = shape.type_name
    if kind == "blob":
        if not isinstance(value, str):
            raise _wrong(path, kind)
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise _wrong(path, kind) from None
    if kind == "structure" and isinstance(value, dict):
        return {
            name: _from_json(value[name], member, f"{path}.{name}")
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    return value


def _from_text(text: str, shape: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "boolean":
        if text not in ("true", "false"):
            raise _wrong(path, kind)
        return text == "true"
    if kind in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise _wrong(path, kind)
        return int(text)
    return text


def _wrong(path: str, kind: str) -> ServiceError:
    return ServiceError(f"'{path}' is not of the type {kind}", code=SERIALIZATION)


def response(operation: str, answer: Mapping[str, Any], request_id: str) -> Response:
    """An operation's answer as HTTP."""
    model = operation_model(operation)
    shape = model.output_shape
    status = int(model.http.get("responseCode", 200))
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "application/json"}
    members = {} if shape is None else shape.members
    payload = None if shape is None else shape.serialization.get("payload")
    body: dict[str, Any] = {}
    data = b""
    for name, value in answer.items():
        member = members.get(name)
        where = member.serialization.get("location") if member is not None else None
        if where == "statusCode":
            status = int(value)
        elif where == "header" and member is not None:
            headers[member.serialization.get("name", name)] = str(value)
        elif name == payload:
            data = value
        elif member is not None:
            body[name] = value
    if payload is None and status != 204:
        data = json.dumps(body, default=seconds, separators=(",", ":"), ensure_ascii=False).encode(
            "utf-8", "backslashreplace"
        )
    return Response(status, headers, data)


def fault(error: ServiceError, request_id: str, *, status: int | None = None) -> Response:
    """A refusal as HTTP: the model's status, the code in a header, the sentence in the body."""
    if status is None:
        status = error_status().get(error.code) or _STATUS.get(error.code, 400)
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code, "Content-Type": "application/json"}
    kind = "User" if status < 500 else "Service"
    # Members of the error's shape are spelled `Message` for some, `message` for others; clients take both.
    return Response(status, headers, dumps({"Type": kind, "message": str(error), "Message": str(error)}))


_STATUS = {
    "RequestEntityTooLargeException": 413,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "AccessDeniedException": 403,
    "ServiceUnavailable": 503,
    "InternalServerError": 500,
}
