"""Executions log to the log group of their machine, and boto3's Logs client reads it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.server.asking import client_of
from tests.server.process import MAIN, Server, started

ROLE = "arn:aws:iam::123456789012:role/r"
GROUP = "/aws/vendedlogs/states/m"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:*"
CANARY = "canary-91"
MACHINE = json.dumps(
    {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Pass", "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.fail", "IsPresent": True, "Next": "F"}],
                "Default": "S",
            },
            "F": {"Type": "Fail", "Error": "Bad"},
            "S": {"Type": "Succeed"},
        },
    }
)


def logging_to(arn: str, level: str = "ALL", data: bool = False) -> dict[str, Any]:
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": arn}}
    return {"level": level, "includeExecutionData": data, "destinations": [destination]}


def logs_of(server: Server) -> Any:
    return boto3.client(
        "logs",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def messages(server: Server, group: str = GROUP, **more: Any) -> list[dict[str, Any]]:
    events = logs_of(server).filter_log_events(logGroupName=group, **more)["events"]
    return [json.loads(event["message"]) for event in events]


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize("stored", [False, True], ids=["memory", "file"])
def test_what_happens_is_logged(tmp_path: Path, kind: str, stored: bool) -> None:
    with started(tmp_path, *(["--db", "x.db"] if stored else [])) as server:
        client = client_of(server.url)
        machine = client.create_state_machine(
            name="m", definition=MACHINE, roleArn=ROLE, type=kind, loggingConfiguration=logging_to(ARN)
        )["stateMachineArn"]
        start = client.start_execution if kind == "STANDARD" else client.start_sync_execution
        execution = start(stateMachineArn=machine, input=json.dumps({"a": CANARY}))["executionArn"]
        found = messages(server)
        assert [event["type"] for event in found] == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded",
        ]
        assert [event["id"] for event in found] == [str(number) for number in range(1, 9)]
        assert {event["execution_arn"] for event in found} == {execution}
        (group,) = logs_of(server).describe_log_groups()["logGroups"]
        assert group["logGroupName"] == GROUP
        (stream,) = logs_of(server).describe_log_streams(logGroupName=GROUP)["logStreams"]
        assert stream["logStreamName"].startswith("states/m/")
        events = logs_of(server).get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
        assert [json.loads(event["message"]) for event in events] == found
    written = "".join(path.read_text() for path in (tmp_path / ".penstock").rglob("*.jsonl"))
    assert CANARY not in written


def test_levels_and_data(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        client = client_of(server.url)

        def run(level: str, data: bool) -> list[dict[str, Any]]:
            group = f"g-{level}-{data}"
            machine = client.create_state_machine(
                name=group,
                definition=MACHINE,
                roleArn=ROLE,
                type="EXPRESS",
                loggingConfiguration=logging_to(ARN.replace(GROUP, group), level, data),
            )["stateMachineArn"]
            client.start_sync_execution(stateMachineArn=machine, input=json.dumps({"a": CANARY, "fail": 1}))
            return messages(server, group)

        assert [event["type"] for event in run("ERROR", False)] == ["FailStateEntered", "ExecutionFailed"]
        assert [event["type"] for event in run("FATAL", False)] == ["ExecutionFailed"]
        first = run("ALL", True)[0]
        assert json.loads(first["details"]["input"])["a"] == CANARY
        assert not (tmp_path / ".penstock" / "logs" / "g-OFF-False").exists()


def test_children_of_a_map_run_log_where_the_machine_does_and_a_redrive_is_counted(tmp_path: Path) -> None:
    items = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I",
            "States": {"I": {"Type": "Pass", "Next": "J"}, "J": {"Type": "Fail", "Error": "E"}},
        },
        "End": True,
    }
    with started(tmp_path, "--db", "x.db") as server:
        client = client_of(server.url)
        machine = client.create_state_machine(
            name="m",
            definition=json.dumps({"StartAt": "M", "States": {"M": items}}),
            roleArn=ROLE,
            loggingConfiguration=logging_to(ARN),
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine, input="[1]")["executionArn"]
        _ended(client, execution)
        assert len({event["execution_arn"] for event in messages(server)}) == 2
        client.redrive_execution(executionArn=execution)
        _ended(client, execution)
        (redriven,) = (
            event
            for event in messages(server)
            if event["type"] == "ExecutionRedriven" and event["execution_arn"] == execution
        )
        assert redriven["redrive_count"] == "1"


def _ended(client: Any, execution: str) -> None:
    import time

    until = time.monotonic() + 20
    while client.describe_execution(executionArn=execution)["status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_goes_on_in_the_next_process_goes_on_in_the_log(tmp_path: Path) -> None:
    waiting = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3, "End": True}}})
    with started(tmp_path, "--db", "x.db") as server:
        client = client_of(server.url)
        machine = client.create_state_machine(
            name="m", definition=waiting, roleArn=ROLE, loggingConfiguration=logging_to(ARN)
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine)["executionArn"]
        server.process.kill()
        server.wait()
    with started(tmp_path, "--db", "x.db") as server:
        _ended(client_of(server.url), execution)
        types = [event["type"] for event in messages(server)]
    assert types[-2:] == ["WaitStateExited", "ExecutionSucceeded"]
    assert types.count("ExecutionSucceeded") == 1


TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /of/a/template}}
  Sam:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: sam
      Logging: {Level: ALL, IncludeExecutionData: true, Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Group.Arn}}]}
      Definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}
  Plain:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: plain
      LoggingConfiguration: {Level: ERROR, Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Group.Arn}}]}
      DefinitionString: '{"StartAt": "P", "States": {"P": {"Type": "Fail"}}}'
  Elsewhere:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: elsewhere
      Logging: {Level: ALL, Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !ImportValue Nobody}}]}
      Definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}
"""


def test_machines_of_a_template_log_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    for _ in range(2):  # the second finds them in its database
        with started(tmp_path, "template.yaml", "--db", "x.db") as server:
            client = client_of(server.url)
            machines = {each["name"]: each["stateMachineArn"] for each in client.list_state_machines()["stateMachines"]}
            found = client.describe_state_machine(stateMachineArn=machines["sam"])["loggingConfiguration"]
            assert found == logging_to("arn:aws:logs:us-east-1:123456789012:log-group:/of/a/template:*", data=True)
            for arn in machines.values():
                execution = client.start_execution(stateMachineArn=arn)["executionArn"]
                while client.describe_execution(executionArn=execution)["status"] == "RUNNING":
                    pass
            types = {event["type"] for event in messages(server, "/of/a/template")}
            assert {"PassStateEntered", "ExecutionSucceeded", "ExecutionFailed"} <= types


def test_a_machine_of_another_type_is_not_quietly_kept(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    with started(tmp_path, "template.yaml", "--db", "x.db"):
        pass
    template.write_text(TEMPLATE.replace("      Name: sam\n", "      Name: sam\n      Type: EXPRESS\n"))
    done = subprocess.run(
        [*MAIN, "template.yaml", "--port", "0", "--db", "x.db"],
        cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "has the state machine sam as STANDARD, and template.yaml as EXPRESS" in done.stderr
