"""JSON may hold lone surrogates, and texts of executions with them: neither a database nor the other executions mind."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from penstock.client import Client
from penstock.errors import ClientError

ROLE = "arn:aws:iam::123456789012:role/r"
ODD = "a\ud800b"
FAIL = {"Type": "Fail", "ErrorPath": "$.odd", "CausePath": "$.odd"}
MAP = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ResultPath": "$.r",
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": f"{ODD}2",
        "States": {f"{ODD}2": {"Type": "Pass", "End": True}},
    },
    "Next": "F",
}
MACHINES = {
    "fail": {"StartAt": "F", "States": {"F": FAIL}},
    "map": {"StartAt": ODD, "States": {ODD: MAP, "F": FAIL}},
    "comment": {"Comment": ODD, "StartAt": "F", "States": {"F": FAIL}},
}


def ended(client: Client, arn: str) -> dict[str, Any]:
    until = time.monotonic() + 10
    while (answer := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.01)
    return answer


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("stored", [False, True])
def test_an_execution_with_odd_texts_ends_as_any_other(tmp_path: Path, name: str, stored: bool, escaped: bool) -> None:
    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=escaped)

    file = tmp_path / "x.db" if stored else None
    with Client(db=file) as client:
        machine = client.create_state_machine(name=name, definition=json.dumps(MACHINES[name]), roleArn=ROLE)
        arn = machine["stateMachineArn"]
        client.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}])
        started = client.start_execution(stateMachineArn=arn, input=text({"odd": ODD, "items": [1]}))
        answer = ended(client, started["executionArn"])
        assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", ODD, ODD)
        plain = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
        other = client.create_state_machine(name="other", definition=plain, roleArn=ROLE)["stateMachineArn"]
        after = client.start_execution(stateMachineArn=other)
        assert ended(client, after["executionArn"])["status"] == "SUCCEEDED"
        history = client.get_execution_history(executionArn=started["executionArn"])["events"]
    if stored:
        with Client(db=file) as client:
            assert client.describe_execution(executionArn=started["executionArn"]) == answer
            assert client.get_execution_history(executionArn=started["executionArn"])["events"] == history
            for run in client.list_map_runs(executionArn=started["executionArn"])["mapRuns"]:
                assert client.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "SUCCEEDED"
            client.redrive_execution(executionArn=started["executionArn"])
            assert ended(client, started["executionArn"])["redriveCount"] == 1


@pytest.mark.parametrize("stored", [False, True])
def test_no_name_has_a_surrogate(tmp_path: Path, stored: bool) -> None:
    with Client(db=tmp_path / "x.db" if stored else None) as client:
        with pytest.raises(ClientError) as caught:
            client.create_activity(name=ODD)
        assert caught.value.response["Error"]["Code"] == "InvalidName"
        arn = f"arn:aws:states:us-east-1:123456789012:execution:m:{ODD}"
        with pytest.raises(ClientError) as caught:
            client.describe_execution(executionArn=arn)
        assert caught.value.response["Error"]["Code"] == "ExecutionDoesNotExist"
