"""Requests made from the model, sound and unsound: each is answered or refused, none comes to a fault."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.services.lambda_.functions import PREFIX, ROLE, archive, folder_function, service

from penstock.errors import ServiceError
from penstock.services.lambda_ import Lambda
from penstock.services.lambda_.model import operation_model
from penstock.services.lambda_.rest import parameters, response, route
from penstock.services.lambda_.service import OPERATIONS

TEXTS = [
    "f",
    "g",
    "f:1",
    "f:live",
    "f:$LATEST",
    f"{PREFIX}:f",
    "$LATEST",
    "1",
    "live",
    "s",
    "",
    "é\ud800",
    "../x",
    "x" * 300,
    "arn:",
]
ODD = [None, True, -1, 0, 1.5, 10**30, "", [], {}, [None], {"": None}, b"", "\0"]
ZIP = archive(app="def handler(event, context):\n    return event\n")


@pytest.fixture
def lambda_(tmp_path: Path) -> Iterator[Lambda]:
    text = "def handler(event, context):\n    return event\n"
    with service(folder_function(tmp_path / "code", text, aliases=("live",))) as opened:
        statement = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
        opened.call("AddPermission", {"FunctionName": "f", **statement})
        opened.call("PutFunctionEventInvokeConfig", {"FunctionName": "f", "MaximumRetryAttempts": 0})
        yield opened


def value(shape: Any, random_: random.Random, name: str = "") -> Any:
    """Something for a shape, mostly of its kind."""
    if random_.random() < 0.05:
        return random_.choice(ODD)
    kind = shape.type_name
    if kind == "structure":
        members = shape.members.items()
        return {n: value(m, random_, n) for n, m in members if n in shape.required_members or random_.random() < 0.15}
    if kind == "list":
        return [value(shape.member, random_) for _ in range(random_.randrange(3))]
    if kind == "map":
        return {random_.choice(TEXTS): value(shape.value, random_) for _ in range(random_.randrange(3))}
    if kind in ("integer", "long"):
        return random_.choice([0, 1, 3, 128, 900, 5000, -1])
    if kind == "blob":
        cut = random_.randrange(len(ZIP))
        return random_.choice([ZIP, ZIP[:cut], ZIP[:cut] + b"\xff" + ZIP[cut + 1 :], b"{}", b"1", b""])
    if kind == "boolean":
        return random_.random() < 0.5
    if "enum" in shape.metadata and random_.random() < 0.9:
        return random_.choice(shape.metadata["enum"])
    usual = {
        "FunctionName": "f",
        "Resource": f"{PREFIX}:f",
        "StatementId": "s",
        "Name": "live",
        "Role": ROLE,
        "FunctionVersion": "1",
    }
    usual |= {"Action": "lambda:InvokeFunction", "Principal": "*", "Handler": "app.handler"}
    if name in usual and random_.random() < 0.6:
        return usual[name]
    return random_.choice([*TEXTS, "new", ROLE])


@pytest.mark.parametrize("operation", sorted({*OPERATIONS, "Invoke", "InvokeAsync"}))
def test_a_request_made_from_the_model_is_answered_or_refused(lambda_: Lambda, operation: str) -> None:
    shape = operation_model(operation).input_shape
    random_ = random.Random(operation)
    answered = 0
    refusals: set[str] = set()
    for _ in range(300):
        given_ = value(shape, random_)
        if operation == "CreateFunction" and isinstance(given_, dict) and random_.random() < 0.5:
            given_ |= {"FunctionName": f"n{answered}", "Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler"}
            given_["Code"] = {"ZipFile": ZIP}
        try:
            response(operation, lambda_.call(operation, given_), "r")
            answered += 1
        except ServiceError as error:
            refusals.add(error.code)
    assert not refusals & {"ServiceException", "InternalServerError"}
    if operation not in ("GetFunctionUrlConfig", "GetProvisionedConcurrencyConfig"):
        assert answered, "nothing of this operation was reached"


@cache
def shared() -> Lambda:
    """One service without a function; it has no process to end."""
    return Lambda(log=lambda name, text: None)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    parts=st.lists(
        st.sampled_from(
            [
                "2015-03-31",
                "functions",
                "f",
                "%00",
                "..",
                "invocations",
                "code",
                "aliases",
                "tags",
                "%2F",
                "é",
                "configuration",
            ]
        ),
        max_size=6,
    ),
    query=st.lists(
        st.tuples(st.sampled_from(["Qualifier", "MaxItems", "Marker", "x"]), st.text(max_size=5)), max_size=3
    ),
    body=st.one_of(
        st.binary(max_size=40), st.sampled_from([b"{}", b"[]", b'{"Code": 1}', b'{"Tags": {"a": null}}', b"null"])
    ),
)
def test_a_request_of_any_bytes_is_answered_or_refused(
    method: str, parts: list[str], query: list[tuple[str, str]], body: bytes
) -> None:
    lambda_ = shared()
    try:
        called = route(method, "/" + "/".join(parts), query)
        found = parameters(called, query, {}, body)
        response(called.operation, lambda_.call(called.operation, found), "r")
    except ServiceError:
        return
