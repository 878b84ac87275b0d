"""What is created a second time under its name, and where the logs of a machine may go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.services.stepfunctions.test_durable import ROLE, machine

from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions

PASS = machine(P={"Type": "Pass", "End": True})


@pytest.fixture
def target() -> Iterator[StepFunctions]:
    made = StepFunctions()
    yield made
    made.close()


def test_an_activity_that_is_there_keeps_its_tags(target: StepFunctions) -> None:
    first = target.call("CreateActivity", {"name": "a", "tags": [{"key": "k", "value": "v"}]})
    # botocore's model, CreateActivity: other tags are ignored, and are not updated.
    again = target.call(
        "CreateActivity", {"name": "a", "tags": [{"key": "k", "value": "w"}, {"key": "x", "value": "y"}]}
    )
    assert again == first
    tags = target.call("ListTagsForResource", {"resourceArn": first["activityArn"]})["tags"]
    assert tags == [{"key": "k", "value": "v"}]


@pytest.mark.parametrize("arn", ["foo", "arn:aws:s3:::bucket", "arn:aws:logs:us-east-1:123456789012:log-group:"])
def test_logs_that_could_go_nowhere_are_refused(target: StepFunctions, arn: str) -> None:
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}
    with pytest.raises(ServiceError, match="Invalid Logging Configuration: ") as refused:
        target.call(
            "CreateStateMachine",
            {"name": "m", "definition": PASS, "roleArn": ROLE, "loggingConfiguration": logging},
        )
    assert refused.value.code == "InvalidLoggingConfiguration"
    assert arn in str(refused.value)
