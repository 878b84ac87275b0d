"""The calls that Terraform's AWS provider makes for `aws_sfn_state_machine` and `aws_sfn_alias`, in its order.

Read from hashicorp/terraform-provider-aws, internal/service/sfn: plan (ValidateStateMachineDefinition), create, read after
create, update and read, delete and describe until it is gone. Terraform itself is not needed here.
"""

from __future__ import annotations

import json

import pytest
from tests.e2e.clients import Boto3, Refused, until
from tests.server.process import Server

ROLE = "arn:aws:iam::123456789012:role/r"


def definition(result: int) -> str:
    return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": result, "End": True}}})


def test_a_state_machine_from_plan_to_destroy(server: Server, name: str) -> None:
    client = Boto3(server.environment)

    def read(arn: str) -> dict[str, object]:
        machine = client("describe_state_machine", stateMachineArn=arn)
        versions = client("list_state_machine_versions", stateMachineArn=arn)["stateMachineVersions"]
        tags = client("list_tags_for_resource", resourceArn=arn)["tags"]
        return {"machine": machine, "versions": [each["stateMachineVersionArn"] for each in versions], "tags": tags}

    # plan
    checked = client("validate_state_machine_definition", definition=definition(1), type="STANDARD")
    assert (checked["result"], checked["diagnostics"]) == ("OK", [])
    # apply
    arn = client(
        "create_state_machine",
        name=name,
        definition=definition(1),
        roleArn=ROLE,
        type="STANDARD",
        publish=True,
        tags=[{"key": "by", "value": "terraform"}],
        encryptionConfiguration={"type": "AWS_OWNED_KEY"},
        loggingConfiguration={"level": "OFF", "includeExecutionData": False},
        tracingConfiguration={"enabled": False},
    )["stateMachineArn"]
    found = read(arn)
    assert found["versions"] == [f"{arn}:1"]
    assert found["tags"] == [{"key": "by", "value": "terraform"}]
    machine = client("describe_state_machine", stateMachineArn=arn)
    # What it compares with the plan: nothing else may differ, or every plan would show a change.
    assert machine["status"] == "ACTIVE"
    assert machine["definition"] == definition(1)
    assert (machine["name"], machine["roleArn"], machine["type"]) == (name, ROLE, "STANDARD")
    assert machine["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert machine["tracingConfiguration"] == {"enabled": False}
    assert machine["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    # apply again, changed
    client(
        "update_state_machine",
        stateMachineArn=arn,
        definition=definition(2),
        roleArn=ROLE,
        publish=True,
        versionDescription="",  # Terraform sends what is not set as an empty text
        loggingConfiguration={"level": "OFF", "includeExecutionData": False},
        tracingConfiguration={"enabled": False},
        encryptionConfiguration={"type": "AWS_OWNED_KEY"},
    )
    until(lambda: client("describe_state_machine", stateMachineArn=arn)["definition"] == definition(2))
    client("untag_resource", resourceArn=arn, tagKeys=["by"])
    client("tag_resource", resourceArn=arn, tags=[{"key": "of", "value": "us"}])
    found = read(arn)
    assert found["versions"] == [f"{arn}:2", f"{arn}:1"]
    assert found["tags"] == [{"key": "of", "value": "us"}]
    # import, by the data source
    names = {each["name"]: each["stateMachineArn"] for each in client("list_state_machines")["stateMachines"]}
    assert names[name] == arn
    # destroy
    client("delete_state_machine", stateMachineArn=arn)

    def gone() -> bool:
        with pytest.raises(Refused) as caught:
            client("describe_state_machine", stateMachineArn=arn)
        return caught.value.code == "StateMachineDoesNotExist"

    until(gone)
    client("delete_state_machine", stateMachineArn=arn)  # nothing to complain about when it is gone


def test_an_alias_from_apply_to_destroy(server: Server, name: str) -> None:
    client = Boto3(server.environment)
    arn = client("create_state_machine", name=name, definition=definition(1), roleArn=ROLE, publish=True)[
        "stateMachineArn"
    ]
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = client("create_state_machine_alias", name="live", description="d", routingConfiguration=routes)
    described = client("describe_state_machine_alias", stateMachineAliasArn=alias["stateMachineAliasArn"])
    assert (described["name"], described["description"], described["routingConfiguration"]) == ("live", "d", routes)
    client("delete_state_machine_alias", stateMachineAliasArn=alias["stateMachineAliasArn"])
    with pytest.raises(Refused) as caught:
        client("describe_state_machine_alias", stateMachineAliasArn=alias["stateMachineAliasArn"])
    assert caught.value.code == "ResourceNotFound"
    client("delete_state_machine", stateMachineArn=arn)
