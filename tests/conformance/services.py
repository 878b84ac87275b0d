"""The services that recorded executions call: moto in this process, put into the state that the recorder had made.

API Gateway is a declared fake instead: the recordings' endpoint is LocalStack's address, and moto deploys no Lambda behind one.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.conformance.data import Case
from tests.conformance.functions import functions_of

from penstock.engine.tasks.aws import apigateway, shared_clients
from penstock.engine.tasks.aws.apigateway import HttpAnswer, HttpRequest

REGION = "us-east-1"

IN_MOTO = frozenset({"aws-sdk", "dynamodb", "events", "s3", "sns", "sqs"})
FAKED = frozenset({"apigateway"})


_MIXED_UP = {
    "scenarios/test_sfn_scenarios.py::TestFundamental::test_wait_for_callback#success__execution_history": (
        "<queue-url:1>",
        "sqs_queue_url",
    ),
    "error_handling/test_task_service_sqs.py::TestTaskServiceSqs::test_send_message_no_such_queue_no_catch"
    "#get_execution_history": ("no-such-queue-fa484d45", "no_such_sqs_queue_url"),
}
"""Where the recorder gave the same name twice, or none that a queue can have: its text → what stands here in its place."""


def restored(case: Case) -> Case:
    """The case with one name for one thing."""
    if case["id"] not in _MIXED_UP:
        return case
    result: Case = json.loads(json.dumps(case).replace(*_MIXED_UP[case["id"]]))
    return result


def provides(need: str) -> bool:
    """Whether what a case `needs` is here."""
    return need.split(":")[0] in IN_MOTO | FAKED and need != "aws-sdk:sfn"


@contextmanager
def provided(case: Case, account: str) -> Iterator[str | None]:
    """The `[aws] endpoint_url` under which the case finds its services."""
    if "mock" in case or not any(map(provides, case.get("needs", ()))):
        yield None
        return
    from moto.core.base_backend import BackendDict

    BackendDict.reset()
    _prepare(case, account)
    with patch.object(apigateway, "send", _api_of(case)):
        yield "moto"


def _prepare(case: Case, account: str) -> None:
    clients = shared_clients("moto", REGION, account)
    calls = set(case.get("setup_calls") or ())
    given: Any = case["input"] if isinstance(case["input"], dict) else {}
    objects = case.get("resources", {}).get("s3", [])
    buckets = {one["bucket"] for one in objects} | {"result-bucket"}
    bucket = given.get("Bucket")
    if isinstance(bucket, str) and bucket.islower():  # the recorder's nonexistent bucket has capitals
        buckets.add(bucket)
    if any(need.split(":")[-1] in ("s3", "result_writer") for need in case["needs"]):
        s3 = clients.client("s3")
        for name in buckets:
            # Not through the API: it refuses names that the recorder has made up (`bucket_name`).
            _bucket(name, account)
        for one in objects:
            s3.put_object(Bucket=one["bucket"], Key=one["key"], Body=_body(one["body"]))
    if "dynamodb:create_table" in calls:
        clients.client("dynamodb").create_table(
            TableName=given["TableName"],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    if "events:put_rule" in calls:
        clients.client("sqs").create_queue(QueueName=_BUS)
        events = clients.client("events")
        events.put_rule(Name=_BUS, EventPattern=json.dumps({"account": [account]}))
        arn = f"arn:aws:sqs:{REGION}:{account}:{_BUS}"
        events.put_targets(Rule=_BUS, Targets=[{"Id": "queue", "Arn": arn}])
    elif "sqs:create_queue" in calls and "QueueUrl" in given:
        clients.client("sqs").create_queue(QueueName=given["QueueUrl"])
    elif case["id"] in _MIXED_UP and "callback" in case["needs"]:
        clients.client("sqs").create_queue(QueueName=_MIXED_UP[case["id"]][1])
    if "sns:create_topic" in calls and "sns:delete_topic" not in calls:
        name = given["TopicArn"].rpartition(":")[2]
        fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
        clients.client("sns").create_topic(Name=name, Attributes=fifo)


_BUS = "what-the-bus-delivers"


def delivered(account: str) -> list[dict[str, Any]]:
    """The events that came out of the default bus, in their order."""
    sqs = shared_clients("moto", REGION, account).client("sqs")
    url = sqs.get_queue_url(QueueName=_BUS)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    # moto's deliveries leave the account out.
    return [{"account": account, **json.loads(message["Body"])} for message in messages]


def _bucket(name: str, account: str) -> None:
    from moto.s3.models import s3_backends

    s3_backends[account]["aws"].create_bucket(name, REGION)


def _body(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if "$bytes" in body:
        return str(body["$bytes"]).encode()
    call = ast.parse(body["$repr"], mode="eval").body  # bytearray(b'...')
    return bytes(ast.literal_eval(call.args[0] if isinstance(call, ast.Call) else call))


def _api_of(case: Case) -> Any:
    functions = list(functions_of(case).values())

    def send(clients: Any, request: HttpRequest, task: Any) -> HttpAnswer:
        """What the recorded API does: the Lambda behind it gets the body; headers as CloudFront adds them."""
        if not request.url.partition("?")[0].endswith("/id_func"):  # the only resource that was deployed
            return HttpAnswer(403, [], b'{"message":"Missing Authentication Token"}')
        event = json.loads(request.body) if request.body else {}
        body = json.dumps(functions[0](event, None)).encode() if functions else b"{}"
        headers = [
            ("Connection", "keep-alive"),
            ("Content-Length", str(len(body))),
            ("Content-Type", "application/json"),
            ("Date", "Thu, 06 Nov 2025 12:13:21 GMT"),
            ("Via", "1.1 example.cloudfront.net (CloudFront)"),
            ("x-amz-apigw-id", "TlLzNGtIIAMEa9w="),
            ("X-Amz-Cf-Id", "4hp0ry2hJ0c3"),
            ("X-Amz-Cf-Pop", "IAD61-P1"),
            ("x-amzn-RequestId", "b2b7ab4f-5d69-4f19-8bd3-5d1ab4cf5ff3"),
            ("X-Amzn-Trace-Id", "Root=1-690c90d1-65b4bd5c1bb8b0d97f6a5b8e"),
            ("X-Cache", "Miss from cloudfront"),
        ]
        return HttpAnswer(200, headers, body)

    return send
