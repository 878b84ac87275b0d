"""REST-JSON by the model: what botocore writes is what we read, for every operation."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.awsrequest import AWSRequest, HeadersDict, create_request_object, prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from penstock.errors import ServiceError
from penstock.services.lambda_.model import operation_model, operations
from penstock.services.lambda_.requests import check
from penstock.services.lambda_.rest import fault, parameters, response, route


def sample(shape: Any, depth: int = 0) -> Any:
    """A value of a shape that its constraints allow."""
    kind = shape.type_name
    if kind == "structure":
        return {name: sample(member, depth + 1) for name, member in shape.members.items()} if depth < 4 else {}
    if kind == "list":
        return [sample(shape.member, depth + 1)]
    if kind == "map":
        return {"k:1": sample(shape.value, depth + 1)}
    if kind in ("integer", "long"):
        return shape.metadata.get("min", 1)
    return {"boolean": True, "blob": b'{"b": 1}', "float": 0.5, "double": 0.5, "timestamp": 1.0}.get(kind, "arn:é+ x")


@pytest.mark.parametrize("operation", sorted(operations()))
def test_a_request_of_botocores_is_read_as_it_was_meant(operation: str) -> None:
    model = operation_model(operation)
    given = sample(model.input_shape) if model.input_shape is not None else {}
    if model.has_event_stream_output or any("timestamp" in str(m.type_name) for m in _members(model.input_shape)):
        pytest.skip("no operation that we have takes instants or streams")
    written = create_serializer("rest-json", include_validation=False).serialize_to_request(given, model)
    prepare_request_dict(written, endpoint_url="http://localhost:4599")
    request: AWSRequest = create_request_object(written)
    sent = request.prepare()
    parts = urlsplit(sent.url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    called = route(sent.method, parts.path, query)
    assert called.operation == operation
    body = sent.body or b""
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in sent.headers.items()
    }
    assert parameters(called, query, headers, body.encode() if isinstance(body, str) else body) == given


def _members(shape: Any, depth: int = 0) -> list[Any]:
    if shape is None or depth > 4:
        return []
    inner = {
        "structure": lambda: list(shape.members.values()),
        "list": lambda: [shape.member],
        "map": lambda: [shape.value],
    }
    found = inner.get(shape.type_name, list)()
    return [shape, *(each for member in found for each in _members(member, depth + 1))]


def read(operation: str, status: int, headers: dict[str, str], body: bytes) -> Any:
    parser = create_parser("rest-json")
    raw = {"status_code": status, "headers": HeadersDict(headers), "body": body}
    return parser.parse(raw, operation_model(operation).output_shape)


def test_an_answer_is_what_botocore_reads() -> None:
    answer = {
        "StatusCode": 200,
        "FunctionError": "Unhandled",
        "LogResult": "bG9n",
        "ExecutedVersion": "1",
        "Payload": b"{}",
    }
    found = response("Invoke", answer, "r")
    seen = read("Invoke", found.status, found.headers, found.body)
    assert {name: seen[name] for name in answer} == answer | {"Payload": "{}"}


def test_a_fault_is_what_botocore_reads() -> None:
    for code, status in (
        ("ResourceNotFoundException", 404),
        ("ResourceConflictException", 409),
        ("ValidationException", 400),
    ):
        found = fault(ServiceError("no", code=code), "r")
        assert found.status == status
        error = read("Invoke", found.status, found.headers, found.body)["Error"]
        assert (error["Code"], error["Message"]) == (code, "no")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("PATCH", "/2015-03-31/functions"),
        ("GET", "/2015-03-31/functions/a/b/c/d"),
        ("POST", "/2015-03-31/functions/../invocations/x"),
    ],
)
def test_a_path_that_is_no_operations_is_refused(method: str, path: str) -> None:
    with pytest.raises(ServiceError) as error:
        route(method, path)
    assert error.value.code == "UnknownOperationException"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "not a JSON object"),
        (b"{", "not JSON"),
        (b'{"Code": {"ZipFile": "%%%"}}', "'Code.ZipFile' is not of the type blob"),
        (b'{"Code": {"ZipFile": 1}}', "'Code.ZipFile' is not of the type blob"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, words: str) -> None:
    called = route("POST", "/2015-03-31/functions")
    with pytest.raises(ServiceError) as error:
        parameters(called, [], {}, body)
    assert error.value.code == "SerializationException"
    assert words in str(error.value)


def test_a_number_in_a_query_is_checked() -> None:
    called = route("GET", "/2015-03-31/functions")
    assert parameters(called, [("MaxItems", "7")], {}, b"") == {"MaxItems": 7}
    with pytest.raises(ServiceError, match="'MaxItems' is not of the type integer"):
        parameters(called, [("MaxItems", "many")], {}, b"")


@pytest.mark.parametrize("operation", sorted(operations()))
def test_a_request_is_taken_or_refused_with_the_models_constraints(operation: str) -> None:
    shape = operation_model(operation).input_shape
    with suppress(ServiceError):  # anything else, as a pattern that is no pattern of Python's, comes through
        check(operation, {} if shape is None else sample(shape))
