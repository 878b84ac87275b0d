"""What AWS's users do with Step Functions, done by boto3 and by the AWS CLI against a server process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.clients import Background, Client, Refused, ended, until

ROLE = "arn:aws:iam::123456789012:role/r"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function"


def machine(*states: tuple[str, dict[str, Any]]) -> str:
    """A definition: these states, one after the other."""
    names = [state for state, _ in states]
    result: dict[str, Any] = {}
    for number, (state, fields) in enumerate(states):
        last = number + 1 == len(states)
        ends = fields["Type"] in ("Fail", "Succeed", "Choice")
        result[state] = fields if ends else {**fields, **({"End": True} if last else {"Next": names[number + 1]})}
    return json.dumps({"StartAt": names[0], "States": result})


PASS = machine(("P", {"Type": "Pass"}))
DOUBLE = machine(("Double", {"Type": "Task", "Resource": f"{FUNCTION}:double"}), ("P", {"Type": "Pass"}))


def create(client: Client, name: str, definition: str, **more: Any) -> str:
    answer = client("create_state_machine", name=name, definition=definition, roleArn=ROLE, **more)
    arn: str = answer["stateMachineArn"]
    return arn


def test_create_run_describe_and_read_the_history(client: Client, name: str) -> None:
    arn = create(client, name, DOUBLE)
    described = client("describe_state_machine", stateMachineArn=arn)
    assert (described["status"], json.loads(described["definition"])) == ("ACTIVE", json.loads(DOUBLE))
    assert arn in [each["stateMachineArn"] for each in client("list_state_machines")["stateMachines"]]
    started = client("start_execution", stateMachineArn=arn, name="one", input="21")
    answer = ended(client, started["executionArn"])
    assert (answer["status"], answer["output"], answer["name"]) == ("SUCCEEDED", "42", "one")
    assert client("start_execution", stateMachineArn=arn, input="1")["executionArn"] != started["executionArn"]
    with pytest.raises(Refused) as caught:
        client("start_execution", stateMachineArn=arn, name="one", input="22")
    assert caught.value.code == "ExecutionAlreadyExists"
    history = client("get_execution_history", executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    backwards = client("get_execution_history", executionArn=started["executionArn"], reverseOrder=True)["events"]
    assert backwards == history[::-1]
    listed = client("list_executions", stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]
    assert started["executionArn"] in [each["executionArn"] for each in listed]
    of = client("describe_state_machine_for_execution", executionArn=started["executionArn"])
    assert of["stateMachineArn"] == arn
    client("delete_state_machine", stateMachineArn=arn)
    with pytest.raises(Refused) as caught:
        client("describe_state_machine", stateMachineArn=arn)
    assert caught.value.code == "StateMachineDoesNotExist"


def test_versions_and_an_alias_that_routes(client: Client, name: str) -> None:
    arn = create(client, name, machine(("One", {"Type": "Pass", "Result": 1})), publish=True)
    two = machine(("Two", {"Type": "Pass", "Result": 2}))
    updated = client("update_state_machine", stateMachineArn=arn, definition=two, publish=True)
    assert updated["stateMachineVersionArn"] == f"{arn}:2"
    versions = client("list_state_machine_versions", stateMachineArn=arn)["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in versions] == [f"{arn}:2", f"{arn}:1"]
    alias = client(
        "create_state_machine_alias",
        name="live",
        routingConfiguration=[
            {"stateMachineVersionArn": f"{arn}:1", "weight": 50},
            {"stateMachineVersionArn": f"{arn}:2", "weight": 50},
        ],
    )["stateMachineAliasArn"]
    assert alias == f"{arn}:live"
    seen: set[tuple[str, str]] = set()

    def both() -> bool:
        started = client("start_execution", stateMachineArn=alias)
        answer = ended(client, started["executionArn"])
        assert answer["stateMachineAliasArn"] == alias
        seen.add((answer["stateMachineVersionArn"], answer["output"]))
        return len(seen) == 2

    until(both)
    assert seen == {(f"{arn}:1", "1"), (f"{arn}:2", "2")}
    client(
        "update_state_machine_alias",
        stateMachineAliasArn=alias,
        routingConfiguration=[{"stateMachineVersionArn": f"{arn}:2", "weight": 100}],
    )
    described = client("describe_state_machine_alias", stateMachineAliasArn=alias)
    assert described["routingConfiguration"] == [{"stateMachineVersionArn": f"{arn}:2", "weight": 100}]
    with pytest.raises(Refused) as caught:
        client("delete_state_machine_version", stateMachineVersionArn=f"{arn}:2")
    assert caught.value.code == "ConflictException"
    client("delete_state_machine_alias", stateMachineAliasArn=alias)
    client("delete_state_machine_version", stateMachineVersionArn=f"{arn}:2")


def test_a_worker_of_an_activity(client: Client, name: str) -> None:
    activity = client("create_activity", name=name)["activityArn"]
    worker = Background(lambda: client("get_activity_task", activityArn=activity, workerName="w"))
    arn = create(client, name, machine(("Work", {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 60})))
    started = client("start_execution", stateMachineArn=arn, input='{"a": 1}')
    task = worker.answer()  # it was waiting before the task came
    assert json.loads(task["input"]) == {"a": 1}
    client("send_task_heartbeat", taskToken=task["taskToken"])
    client("send_task_success", taskToken=task["taskToken"], output='{"b": 2}')
    assert ended(client, started["executionArn"])["output"] == '{"b":2}'
    with pytest.raises(Refused) as caught:
        client("send_task_success", taskToken=task["taskToken"], output="{}")
    assert caught.value.code == "TaskTimedOut"
    assert client("describe_activity", activityArn=activity)["name"] == name
    client("delete_activity", activityArn=activity)


@pytest.mark.parametrize("how", ["success", "failure"])
def test_a_callback_with_a_task_token(client: Client, name: str, how: str, folder: Path) -> None:
    waiting = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": f"{FUNCTION}:remember",
            "Payload": {"name": name, "token.$": "$$.Task.Token"},
        },
    }
    arn = create(client, name, machine(("Ask", waiting)))
    started = client("start_execution", stateMachineArn=arn)
    token = until(lambda: (folder / name).exists() and (folder / name).read_text())
    if how == "success":
        client("send_task_success", taskToken=token, output='"yes"')
    else:
        client("send_task_failure", taskToken=token, error="No", cause="because")
    answer = ended(client, started["executionArn"])
    expected = {"success": ("SUCCEEDED", '"yes"', None), "failure": ("FAILED", None, "No")}[how]
    assert (answer["status"], answer.get("output"), answer.get("error")) == expected


def test_express_waits_for_the_end(client: Client, name: str) -> None:
    arn = create(client, name, DOUBLE, type="EXPRESS")
    answer = client("start_sync_execution", stateMachineArn=arn, input="4")
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "8")
    assert answer["billingDetails"]["billedMemoryUsedInMB"] == 64
    failed = client("start_sync_execution", stateMachineArn=arn, input='{"not": "a number"}')
    assert failed["status"] == "FAILED"


def test_a_map_run(client: Client, name: str) -> None:
    items = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 2,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Item",
            "States": {"Item": {"Type": "Pass", "End": True}},
        },
    }
    arn = create(client, name, machine(("Items", items)))
    started = client("start_execution", stateMachineArn=arn, input='{"items": [1, 2, 3]}')
    assert json.loads(ended(client, started["executionArn"])["output"]) == [1, 2, 3]
    (listed,) = client("list_map_runs", executionArn=started["executionArn"])["mapRuns"]
    run = client("describe_map_run", mapRunArn=listed["mapRunArn"])
    assert (run["status"], run["itemCounts"]["succeeded"], run["maxConcurrency"]) == ("SUCCEEDED", 3, 2)
    children = client("list_executions", mapRunArn=listed["mapRunArn"])["executions"]
    assert len(children) == 3
    child = client("describe_execution", executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == listed["mapRunArn"]


def test_redrive(client: Client, name: str, folder: Path) -> None:
    task = {"Type": "Task", "Resource": f"{FUNCTION}:flaky", "Parameters": {"mended": f"mended-{name}"}}
    arn = create(client, name, machine(("Before", {"Type": "Pass"}), ("Flaky", task)))
    started = client("start_execution", stateMachineArn=arn)
    answer = ended(client, started["executionArn"])
    assert (answer["status"], answer["error"], answer["redriveStatus"]) == ("FAILED", "RuntimeError", "REDRIVABLE")
    (folder / f"mended-{name}").touch()
    client("redrive_execution", executionArn=started["executionArn"])
    answer = ended(client, started["executionArn"])
    assert (answer["status"], answer["output"], answer["redriveCount"]) == ("SUCCEEDED", '"mended"', 1)
    types = [each["type"] for each in client("get_execution_history", executionArn=started["executionArn"])["events"]]
    assert types.count("PassStateEntered") == 1
    assert types.count("ExecutionRedriven") == 1


def test_stop(client: Client, name: str) -> None:
    arn = create(client, name, machine(("Wait", {"Type": "Wait", "Seconds": 1000})))
    started = client("start_execution", stateMachineArn=arn)
    client("stop_execution", executionArn=started["executionArn"], error="Enough", cause="of it")
    answer = ended(client, started["executionArn"])
    assert (answer["status"], answer["error"], answer["cause"]) == ("ABORTED", "Enough", "of it")


def test_tags(client: Client, name: str) -> None:
    arn = create(client, name, PASS, tags=[{"key": "a", "value": "1"}])
    client("tag_resource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    tags = {tag["key"]: tag["value"] for tag in client("list_tags_for_resource", resourceArn=arn)["tags"]}
    assert tags == {"a": "1", "b": "2"}
    client("untag_resource", resourceArn=arn, tagKeys=["a"])
    assert client("list_tags_for_resource", resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_validation(client: Client) -> None:
    assert client("validate_state_machine_definition", definition=PASS)["result"] == "OK"
    broken = json.dumps({"StartAt": "X", "States": {"P": {"Type": "Pass", "Next": "Y"}}})
    answer = client("validate_state_machine_definition", definition=broken)
    assert answer["result"] == "FAIL"
    assert {"MISSING_TRANSITION_TARGET"} <= {each["code"] for each in answer["diagnostics"]}
    with pytest.raises(Refused) as caught:
        create(client, "broken", broken)
    assert caught.value.code == "InvalidDefinition"


def test_one_state_alone(client: Client) -> None:
    state = json.dumps({"Type": "Pass", "Parameters": {"b.$": "$.a"}, "Next": "Later"})
    answer = client("test_state", definition=state, roleArn=ROLE, input='{"a": 1}', inspectionLevel="DEBUG")
    assert (answer["status"], json.loads(answer["output"]), answer["nextState"]) == ("SUCCEEDED", {"b": 1}, "Later")
    assert json.loads(answer["inspectionData"]["afterParameters"]) == {"b": 1}


def test_pages(client: Client, name: str) -> None:
    arn = create(client, name, PASS)
    for number in range(5):
        client("start_execution", stateMachineArn=arn, name=f"e{number}")
    # Both clients page by themselves or by the token; here by hand.
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        options = {"maxResults": 2, **more} if client.__class__.__name__ == "Boto3" else {"maxItems": 2, **more}
        answer = client("list_executions", stateMachineArn=arn, **options)
        found += [each["name"] for each in answer["executions"]]
        token = answer.get("nextToken") or answer.get("NextToken")
        if token is None:
            break
        more = {"nextToken": token} if client.__class__.__name__ == "Boto3" else {"startingToken": token}
    assert found == ["e4", "e3", "e2", "e1", "e0"]
