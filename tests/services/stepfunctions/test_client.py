"""penstock.Client: boto3's client without a port."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import penstock
from penstock.errors import ClientError

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def task(resource: str, **more: Any) -> dict[str, Any]:
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True, **more}}}


def lambda_arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:123456789012:function:{name}"


@pytest.fixture(autouse=True, params=["memory", "file"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of this is the same, wherever machines and executions are kept."""
    if request.param == "file":
        make, numbers = penstock.Client, count()
        monkeypatch.setattr(penstock, "Client", lambda **options: make(db=tmp_path / f"{next(numbers)}.db", **options))


@pytest.fixture
def client() -> Iterator[penstock.Client]:
    with penstock.Client(functions={"double": lambda event, _: event * 2}, poll_seconds=0.05) as client:
        yield client


def create(client: penstock.Client, definition: dict[str, Any], name: str = "m", **more: Any) -> str:
    answer = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, **more)
    return str(answer["stateMachineArn"])


def ended(client: penstock.Client, arn: str) -> dict[str, Any]:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        answer = client.describe_execution(executionArn=arn)
        if answer["status"] != "RUNNING":
            return answer
        time.sleep(0.005)
    raise AssertionError(f"{arn} still runs")


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_a_machine_is_made_run_and_told_of(client: penstock.Client) -> None:
    machine = create(client, task(lambda_arn("double")))
    started = client.start_execution(stateMachineArn=machine, name="run-1", input="21")
    answer = ended(client, started["executionArn"])
    assert (answer["status"], answer["output"], answer["name"]) == ("SUCCEEDED", "42", "run-1")
    assert answer["startDate"] == started["startDate"] <= answer["stopDate"]
    types = [e["type"] for e in client.get_execution_history(executionArn=started["executionArn"])["events"]]
    assert types[0] == "ExecutionStarted"
    assert types[-1] == "ExecutionSucceeded"


def test_errors_have_the_shape_of_botocores(client: penstock.Client) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:execution:m:none"
    with pytest.raises(client.exceptions.ExecutionDoesNotExist) as caught:
        client.describe_execution(executionArn=arn)
    assert caught.value.response["Error"] == {
        "Code": "ExecutionDoesNotExist",
        "Message": f"Execution Does Not Exist: '{arn}'",
    }
    assert caught.value.operation_name == "DescribeExecution"
    assert isinstance(caught.value, penstock.errors.PenstockError)
    with pytest.raises(AttributeError):
        client.describe_everything()


def test_what_boto3_would_not_send_is_refused_as_boto3_does(client: penstock.Client) -> None:
    with pytest.raises(ClientError) as caught:
        client.start_execution(machine="x")
    assert code_of(caught) == "ParamValidationError"
    assert 'Missing required parameter in input: "stateMachineArn"' in str(caught.value)


def test_a_name_is_good_for_one_execution(client: penstock.Client) -> None:
    machine = create(client, WAIT)
    first = client.start_execution(stateMachineArn=machine, name="n", input='{"a": 1}')
    assert client.start_execution(stateMachineArn=machine, name="n", input='{"a":1}') == first
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="n", input='{"a": 2}')
    client.stop_execution(executionArn=first["executionArn"], error="E", cause="C")
    stopped = client.describe_execution(executionArn=first["executionArn"])
    assert (stopped["status"], stopped["error"], stopped["cause"]) == ("ABORTED", "E", "C")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="n", input='{"a":1}')


def test_one_name_started_by_many_at_once_is_one_execution(client: penstock.Client) -> None:
    machine = create(client, WAIT)
    arns: list[str] = []

    def start() -> None:
        arns.append(client.start_execution(stateMachineArn=machine, name="n")["executionArn"])

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(arns) == 16
    assert len(set(arns)) == 1
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 1


@pytest.mark.parametrize("text", ["{", "", "NaN", '{"a": 1, "a": 2}'])
def test_an_input_that_is_no_json_is_refused(client: penstock.Client, text: str) -> None:
    machine = create(client, PASS)
    with pytest.raises(client.exceptions.InvalidExecutionInput):
        client.start_execution(stateMachineArn=machine, input=text)


def test_a_definition_with_problems_is_refused_in_the_words_of_aws(client: penstock.Client) -> None:
    with pytest.raises(client.exceptions.InvalidDefinition) as caught:
        create(client, {"StartAt": "A", "States": {"P": {"Type": "Pass", "End": True}}})
    assert "MISSING_TRANSITION_TARGET" in str(caught.value)
    assert client.list_state_machines()["stateMachines"] == []


def test_lists_come_in_pages_that_neither_repeat_nor_skip(client: penstock.Client) -> None:
    machine = create(client, PASS)
    started = [client.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(7)]
    first = client.list_executions(stateMachineArn=machine, maxResults=3)
    client.start_execution(stateMachineArn=machine)  # newer than all pages to come
    rest = client.list_executions(stateMachineArn=machine, nextToken=first["nextToken"])
    listed = [e["executionArn"] for e in (*first["executions"], *rest["executions"])]
    assert listed == started[::-1]
    assert "nextToken" not in rest
    other = create(client, PASS, "other")
    for token in (first["nextToken"], "AAAA", "not base64", "W10="):
        with pytest.raises(client.exceptions.InvalidToken):
            client.list_executions(stateMachineArn=other, nextToken=token)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_history_in_pages_is_the_whole_history(client: penstock.Client, reverse: bool) -> None:
    machine = create(client, task(lambda_arn("double")))
    arn = client.start_execution(stateMachineArn=machine, input="1")["executionArn"]
    ended(client, arn)
    whole = client.get_execution_history(executionArn=arn, reverseOrder=reverse)["events"]
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=reverse, PaginationConfig={"PageSize": 2}
    )
    parts = [page["events"] for page in pages]
    assert [len(part) for part in parts] == [2, 2, 2, 1]
    assert [event for part in parts for event in part] == whole
    assert [event["id"] for event in whole] == (list(range(7, 0, -1)) if reverse else list(range(1, 8)))
    bare = client.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_versions_and_aliases_route_to_revisions(client: penstock.Client) -> None:
    def giving(number: int) -> dict[str, Any]:
        return {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": number, "End": True}}}

    machine = create(client, giving(1), publish=True)
    updated = client.update_state_machine(stateMachineArn=machine, definition=json.dumps(giving(2)), publish=True)
    assert updated["stateMachineVersionArn"] == f"{machine}:2"
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(giving(3)))
    routes = [
        {"stateMachineVersionArn": f"{machine}:1", "weight": 50},
        {"stateMachineVersionArn": f"{machine}:2", "weight": 50},
    ]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]

    def output(arn: str) -> str:
        return str(ended(client, client.start_execution(stateMachineArn=arn)["executionArn"])["output"])

    assert (output(machine), output(f"{machine}:1"), output(f"{machine}:2")) == ("3", "1", "2")
    assert {output(alias) for _ in range(40)} == {"1", "2"}
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    client.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": f"{machine}:2", "weight": 100}]
    )
    assert output(alias) == "2"
    client.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.start_execution(stateMachineArn=f"{machine}:1")
    client.update_state_machine(stateMachineArn=machine, roleArn=f"{ROLE}2")
    published = client.publish_state_machine_version(stateMachineArn=machine)
    assert published["stateMachineVersionArn"] == f"{machine}:3"  # numbers are not given twice
    listed = client.list_executions(stateMachineArn=f"{machine}:2")["executions"]
    assert all(e["stateMachineVersionArn"] == f"{machine}:2" for e in listed)


def test_an_activitys_worker(client: penstock.Client) -> None:
    activity = client.create_activity(name="a")["activityArn"]
    assert client.get_activity_task(activityArn=activity) == {}
    machine = create(client, task(activity))
    arn = client.start_execution(stateMachineArn=machine, input='{"n":1}')["executionArn"]
    polled = client.get_activity_task(activityArn=activity, workerName="w")
    assert json.loads(polled["input"]) == {"n": 1}
    client.send_task_heartbeat(taskToken=polled["taskToken"])
    with pytest.raises(client.exceptions.InvalidOutput):
        client.send_task_success(taskToken=polled["taskToken"], output="{")
    client.send_task_success(taskToken=polled["taskToken"], output='"done"')
    assert ended(client, arn)["output"] == '"done"'
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_failure(taskToken=polled["taskToken"])
    with pytest.raises(client.exceptions.InvalidToken):
        client.send_task_failure(taskToken="made up")


def test_express_executions_are_waited_for_and_cannot_be_asked_after(client: penstock.Client) -> None:
    machine = create(client, task(lambda_arn("double")), type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=machine, input="4", name="n")
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "8")
    failing = create(client, {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}, "f", type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=failing)
    assert (answer["status"], answer["error"]) == ("FAILED", "E")
    assert "output" not in answer
    started = client.start_execution(stateMachineArn=machine, input="4", name="n")
    assert ":express:" in started["executionArn"]
    with pytest.raises(client.exceptions.InvalidArn):
        client.describe_execution(executionArn=started["executionArn"])


def test_nested_executions_can_be_asked_after(client: penstock.Client) -> None:
    child = create(client, PASS, "child")
    arguments = {"StateMachineArn": child, "Input": {"x": 1}, "Name": "called"}
    parent = create(client, task("arn:aws:states:::states:startExecution.sync:2", Parameters=arguments), "parent")
    answer = ended(client, client.start_execution(stateMachineArn=parent)["executionArn"])
    assert json.loads(answer["output"])["Output"] == {"x": 1}
    (listed,) = client.list_executions(stateMachineArn=child)["executions"]
    assert (listed["name"], listed["status"]) == ("called", "SUCCEEDED")
    again = ended(client, client.start_execution(stateMachineArn=parent)["executionArn"])
    assert again["error"] == "StepFunctions.ExecutionAlreadyExistsException"
    described = client.describe_state_machine_for_execution(executionArn=listed["executionArn"])
    assert json.loads(described["definition"]) == PASS


def test_a_state_cannot_start_under_a_name_that_a_request_has_taken(client: penstock.Client) -> None:
    child = create(client, PASS, "child")
    taken = client.start_execution(stateMachineArn=child, name="n", input="1")["executionArn"]
    arguments = {"StateMachineArn": child, "Name": "n"}
    parent = create(client, task("arn:aws:states:::states:startExecution", Parameters=arguments), "parent")
    answer = ended(client, client.start_execution(stateMachineArn=parent)["executionArn"])
    assert answer["error"] == "StepFunctions.ExecutionAlreadyExistsException"
    assert client.describe_execution(executionArn=taken)["output"] == "1"


def test_map_runs_and_their_children(client: penstock.Client) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PASS}
    definition = {
        "StartAt": "M",
        "States": {"M": {"Type": "Map", "Label": "L", "ItemProcessor": processor, "End": True}},
    }
    machine = create(client, definition)
    arn = client.start_execution(stateMachineArn=machine, input="[1, 2, 3]")["executionArn"]
    assert ended(client, arn)["output"] == "[1,2,3]"
    (listed,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    run = client.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert (run["status"], run["executionCounts"]["succeeded"], run["executionArn"]) == ("SUCCEEDED", 3, arn)
    children = client.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
    assert [c["mapRunArn"] for c in children] == [listed["mapRunArn"]] * 3
    described = client.describe_execution(executionArn=children[0]["executionArn"])
    assert (described["output"], described["mapRunArn"]) == ("3", listed["mapRunArn"])
    assert [e["executionArn"] for e in client.list_executions(stateMachineArn=machine)["executions"]] == [arn]


def test_a_map_run_that_goes_on_can_be_changed(client: penstock.Client) -> None:
    activity = client.create_activity(name="a")["activityArn"]
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **task(activity)}
    state = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}
    machine = create(client, {"StartAt": "M", "States": {"M": state}})
    arn = client.start_execution(stateMachineArn=machine, input="[1, 2, 3]")["executionArn"]
    first = client.get_activity_task(activityArn=activity)
    (run,) = client.list_map_runs(executionArn=arn)["mapRuns"]
    with pytest.raises(client.exceptions.ValidationException):
        client.update_map_run(mapRunArn=run["mapRunArn"])
    client.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=2, toleratedFailureCount=3)
    described = client.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (described["maxConcurrency"], described["toleratedFailureCount"]) == (2, 3)
    client.send_task_failure(taskToken=first["taskToken"])
    both = [client.get_activity_task(activityArn=activity) for _ in range(2)]
    for each in both:
        client.send_task_success(taskToken=each["taskToken"], output="1")
    assert ended(client, arn)["status"] == "SUCCEEDED"
    with pytest.raises(client.exceptions.ValidationException):
        client.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=1)


def test_redrive_goes_on_from_what_failed() -> None:
    answers: list[Any] = [ValueError("not yet"), "fine"]

    def work(event: Any, context: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with penstock.Client(functions={"work": work}) as client:
        machine = create(client, task(lambda_arn("work")))
        arn = client.start_execution(stateMachineArn=machine)["executionArn"]
        failed = ended(client, arn)
        assert (failed["status"], failed["redriveStatus"]) == ("FAILED", "REDRIVABLE")
        client.redrive_execution(executionArn=arn)
        again = ended(client, arn)
        assert (again["status"], again["output"], again["redriveCount"]) == ("SUCCEEDED", '"fine"', 1)
        with pytest.raises(client.exceptions.ExecutionNotRedrivable):
            client.redrive_execution(executionArn=arn)


def test_time_can_be_skipped() -> None:
    with penstock.Client(time="skip") as client:
        machine = create(client, WAIT)
        answer = ended(client, client.start_execution(stateMachineArn=machine)["executionArn"])
        assert (answer["stopDate"] - answer["startDate"]).total_seconds() >= 3600


def test_deleting_a_machine_ends_its_executions(client: penstock.Client) -> None:
    machine = create(client, WAIT, tags=[{"key": "k", "value": "v"}])
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    client.delete_state_machine(stateMachineArn=machine)
    assert ended(client, arn)["status"] == "ABORTED"
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.describe_state_machine(stateMachineArn=machine)
    create(client, PASS)
    assert client.list_tags_for_resource(resourceArn=machine)["tags"] == []


def test_a_state_is_tested_and_a_definition_validated(client: penstock.Client) -> None:
    state = json.dumps({"Type": "Pass", "Result": {"a": 1}, "Next": "B"})
    answer = client.test_state(definition=state, roleArn=ROLE, input="{}")
    assert (answer["status"], answer["nextState"], json.loads(answer["output"])) == ("SUCCEEDED", "B", {"a": 1})
    with pytest.raises(client.exceptions.InvalidDefinition):
        client.test_state(definition='{"Type": "Nothing"}', roleArn=ROLE)
    told = client.validate_state_machine_definition(definition='{"StartAt": "A", "States": {}}', maxResults=1)
    assert told["result"] == "FAIL"
    assert len(told["diagnostics"]) == 1


def test_every_operation_of_the_model_is_known() -> None:
    from penstock.services.stepfunctions.model import operations
    from penstock.services.stepfunctions.service import OPERATIONS

    assert operations() == OPERATIONS.keys()


def test_a_fault_of_the_engine_ends_one_execution_only(
    client: penstock.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = create(client, PASS)
    from penstock.engine import driver

    advance = driver.advance

    def broken(execution: Any, *rest: Any) -> Any:
        if execution.name == "bad":
            raise RuntimeError("a bug")
        return advance(execution, *rest)

    monkeypatch.setattr(driver, "advance", broken)
    bad = client.start_execution(stateMachineArn=machine, name="bad")["executionArn"]
    good = client.start_execution(stateMachineArn=machine, name="good")["executionArn"]
    assert ended(client, bad)["error"] == "States.Runtime"
    assert ended(client, good)["status"] == "SUCCEEDED"
    assert "a bug" in caplog.text


def test_a_closed_client_says_so() -> None:
    client = penstock.Client()
    machine = create(client, WAIT)
    client.start_execution(stateMachineArn=machine)
    client.close()
    with pytest.raises(ClientError) as caught:
        client.start_execution(stateMachineArn=machine)
    assert code_of(caught) == "ServiceUnavailable"
