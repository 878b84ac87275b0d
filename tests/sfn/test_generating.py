"""`penstock services`: tasks for AWS services as a module."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import *  # noqa: F403 -- the `penstock` fixture
from tests.sfn.support import state

from penstock import sfn as sf
from penstock.errors import UsageError
from penstock.sfn import services
from penstock.sfn.generating import write_services


def imported(text: str, folder: Path) -> Any:
    path = folder / "aws_tasks.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("aws_tasks", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def test_a_class_an_action(tmp_path: Path) -> None:
    module = imported(write_services(["s3:getObject", "logs:put_log_events"]), tmp_path)
    read = module.S3GetObject("read", Bucket="b", Key=sf.JsonPath.string_at("$.k"), result_path="$.o")
    assert state(read) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.k"},
        "ResultPath": "$.o",
    }
    assert module.CloudWatchLogsPutLogEvents.__doc__
    put = module.CloudWatchLogsPutLogEvents("put", LogGroupName="g", LogStreamName="s", LogEvents=[])
    assert state(put)["Resource"] == "arn:aws:states:::aws-sdk:cloudwatchlogs:putLogEvents"


def test_a_whole_service_has_all_its_actions(tmp_path: Path) -> None:
    module = imported(write_services(["ec2"]), tmp_path)
    model = services.service_model("ec2")
    assert model is not None
    assert {f"Ec2{name}" for name in model.operation_names} <= set(vars(module))


@pytest.mark.parametrize("wanted", ["s4", "s3:getObjct"])
def test_what_there_is_not(wanted: str) -> None:
    with pytest.raises(UsageError, match=r"There is no|has no action .*did you mean getObject"):
        write_services([wanted])


def test_the_command(penstock: Any, folder: Path) -> None:
    assert penstock("services", "sqs", "-o", "aws_tasks.py").code == 0
    assert "class SqsSendMessage(CallAwsService)" in (folder / "aws_tasks.py").read_text()
    assert penstock("services", "sqss").code == 2
