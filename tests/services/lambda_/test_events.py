"""Asynchronous calls: attempts on a virtual clock, and where their records go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.services.lambda_.functions import PREFIX, folder_function, invoke, service

from penstock.clock import VirtualClock
from penstock.services.lambda_ import Lambda

FAILING = """
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(context.aws_request_id + "\\n")
    if event.get("fails", True):
        raise ValueError("not today")
    return "done"
"""


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives, once it gives something."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come")


def attempts(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def configure(lambda_: Lambda, **config: Any) -> None:
    lambda_.call("PutFunctionEventInvokeConfig", {"FunctionName": "f", **config})


def send(lambda_: Lambda, file: Path, **more: Any) -> None:
    answer = invoke(lambda_, "f", {"file": str(file), **more}, InvocationType="Event")
    assert answer == {"StatusCode": 202}


def test_a_failing_call_is_made_three_times_a_minute_and_two_minutes_apart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = VirtualClock(1_000_000.0)
    file = tmp_path / "attempts"
    with service(folder_function(tmp_path / "code", FAILING), clock=clock) as lambda_:
        send(lambda_, file)
        until(lambda: "is given up after 3 attempts: RetriesExhausted" in caplog.text)
    numbers = attempts(file)
    assert len(numbers) == 3
    assert len(set(numbers)) == 1  # all attempts have one request id, as at AWS
    assert clock.now() == 1_000_180.0
    assert str(file) not in caplog.text  # the payload is nobody's business


@pytest.mark.parametrize("retries", [0, 1])
def test_the_number_of_retries_can_be_set(tmp_path: Path, retries: int, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "attempts"
    with service(folder_function(tmp_path / "code", FAILING), clock=VirtualClock()) as lambda_:
        configure(lambda_, MaximumRetryAttempts=retries)
        send(lambda_, file)
        until(lambda: "is given up" in caplog.text)
    assert len(attempts(file)) == retries + 1


def test_a_call_that_becomes_too_old_is_not_retried(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "attempts"
    with service(folder_function(tmp_path / "code", FAILING), clock=VirtualClock()) as lambda_:
        configure(lambda_, MaximumEventAgeInSeconds=60)
        send(lambda_, file)
        until(lambda: "after 2 attempts: EventAgeExceeded" in caplog.text)


def test_a_throttled_call_waits_and_is_then_made(tmp_path: Path) -> None:
    file = tmp_path / "attempts"
    with service(folder_function(tmp_path / "code", FAILING), clock=VirtualClock()) as lambda_:
        lambda_.call("PutFunctionConcurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 0})
        configure(lambda_, MaximumEventAgeInSeconds=21_600)
        send(lambda_, file, fails=False)
        lambda_.call("DeleteFunctionConcurrency", {"FunctionName": "f"})
        assert len(until(lambda: attempts(file))) == 1


@pytest.mark.parametrize(("fails", "condition"), [(True, "RetriesExhausted"), (False, "Success")])
def test_a_function_can_be_the_destination(tmp_path: Path, fails: bool, condition: str) -> None:
    text = "import json\ndef handler(event, context):\n    open({!r}, 'w').write(json.dumps(event))\n"
    record = tmp_path / "record"
    registrations = [
        folder_function(tmp_path / "code", FAILING),
        folder_function(tmp_path / "told", text.format(str(record)), name="told"),
    ]
    with service(*registrations, clock=VirtualClock()) as lambda_:
        to = {"Destination": f"{PREFIX}:told"}
        configure(lambda_, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": to, "OnFailure": to})
        send(lambda_, tmp_path / "attempts", fails=fails)
        found = json.loads(until(lambda: record.exists() and record.read_text()))
    assert found["version"] == "1.0"
    context = found["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == (condition, 1)
    assert context["functionArn"] == f"{PREFIX}:f:$LATEST"
    assert found["requestPayload"]["fails"] is fails
    assert found["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"} | (
        {"functionError": "Unhandled"} if fails else {}
    )
    assert found["responsePayload"] == "done" if not fails else found["responsePayload"]["errorType"] == "ValueError"


@mock_aws
def test_queues_and_topics_get_records_where_an_endpoint_is_set(tmp_path: Path) -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("failed", "dead")}
    file = tmp_path / "attempts"
    options: dict[str, Any] = {"clock": VirtualClock(), "endpoint_url": "moto"}
    with service(folder_function(tmp_path / "code", FAILING), **options) as lambda_:
        to = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failed"}}
        configure(lambda_, MaximumRetryAttempts=0, DestinationConfig=to)
        dead = {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}
        lambda_.call("UpdateFunctionConfiguration", {"FunctionName": "f", "DeadLetterConfig": dead})
        send(lambda_, file)

        def received(name: str) -> Any:
            return until(
                lambda: sqs.receive_message(QueueUrl=urls[name], MessageAttributeNames=["All"]).get("Messages")
            )[0]

        record = json.loads(received("failed")["Body"])
        letter = received("dead")
    assert record["responsePayload"]["errorMessage"] == "not today"
    assert json.loads(letter["Body"]) == {"file": str(file)}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "not today"
    assert letter["MessageAttributes"]["RequestID"]["StringValue"] == attempts(file)[0]


def test_the_settings_of_asynchronous_calls_are_kept(tmp_path: Path) -> None:
    with service(folder_function(tmp_path, FAILING), clock=VirtualClock(0.0)) as lambda_:
        with pytest.raises(Exception, match=f"The function {PREFIX}:f:\\$LATEST doesn't have an EventInvokeConfig"):
            lambda_.call("GetFunctionEventInvokeConfig", {"FunctionName": "f"})
        with pytest.raises(Exception, match="at least one"):
            configure(lambda_)
        configure(lambda_, MaximumRetryAttempts=1)
        lambda_.call("UpdateFunctionEventInvokeConfig", {"FunctionName": "f", "MaximumEventAgeInSeconds": 90})
        found = lambda_.call("GetFunctionEventInvokeConfig", {"FunctionName": "f"})
        assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (1, 90)
        lambda_.call("DeleteFunctionEventInvokeConfig", {"FunctionName": "f"})
        assert lambda_.call("ListFunctionEventInvokeConfigs", {"FunctionName": "f"})["FunctionEventInvokeConfigs"] == []
