"""Definitions as programs: what comes back is what went in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import *  # noqa: F403 -- the `penstock` fixture
from tests.conformance import data

from penstock.asl.read import read_document
from penstock.asl.write import to_document
from penstock.errors import InvalidDefinition
from penstock.sfn.importing import write_program
from penstock.sfn.importing.names import variables
from penstock.targets import open_target


def program(document: dict[str, Any]) -> str:
    machine = read_document(document).machine
    assert machine is not None
    return write_program(machine, name="m", source="m.asl.json")


def back(text: str, folder: Path) -> dict[str, Any]:
    path = folder / "workflow.py"
    path.write_text(text, encoding="utf-8")
    definition = open_target(f"{path}:machine").machine().definition
    assert definition is not None
    return to_document(definition)


EVERYTHING: dict[str, Any] = {
    "Comment": "all \"kinds\" of 'states' \\ and texts\nover lines",
    "TimeoutSeconds": 90,
    "Version": "1.0",
    "StartAt": "class",
    "States": {
        "class": {"Type": "Pass", "Result": {"a.$": "$.not read", "b": None}, "ResultPath": "$.r", "Next": "[Lambda] Call it!"},
        "[Lambda] Call it!": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token", "k.$": "States.Format('{}', $.x)"}},
            "HeartbeatSecondsPath": "$.beat",
            "TimeoutSeconds": 7200,
            "ResultSelector": {"x.$": "$.y"},
            "OutputPath": None,
            "Retry": [
                {"ErrorEquals": ["A"], "IntervalSeconds": 3, "JitterStrategy": "FULL", "MaxDelaySeconds": 60},
                {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0, "BackoffRate": 1.5},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Fail", "ResultPath": "$.error", "Comment": "c"}],
            "Next": "Choice",
        },
        "Choice": {
            "Type": "Choice",
            "Choices": [
                {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "NumericLessThanEquals": 3}}], "Next": "Map"},
                {
                    "Or": [
                        {"Variable": "$.a", "StringGreaterThanPath": "$.b"},
                        {"Variable": "$.t", "TimestampEquals": "2027-01-01T00:00:00Z"},
                    ],
                    "Next": "Wait",
                    "Assign": {"v.$": "$.a"},
                    "Comment": "x",
                },
                {"Variable": "$.a", "IsNull": False, "Next": "Wait"},
                {"Variable": "$.a", "BooleanEquals": True, "Next": "Succeed"},
            ],
            "Default": "Parallel",
        },
        "Wait": {"Type": "Wait", "TimestampPath": "$.t", "Next": "Choice"},
        "Map": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrencyPath": "$.n",
            "ItemSelector": {"v.$": "$$.Map.Item.Value"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "each",
                "States": {"each": {"Type": "Pass", "End": True}},
            },
            "Next": "Distributed",
        },
        "Distributed": {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 9},
                "Parameters": {"Bucket.$": "$.bucket", "Key": "k"},
            },
            "ItemBatcher": {"MaxItemsPerBatch": 5, "BatchInput": {"a.$": "$.a"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "one",
                "States": {"one": {"Type": "Pass", "End": True}},
            },
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}},
            "Label": "l",
            "ToleratedFailurePercentage": 5,
            "End": True,
        },
        "Parallel": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "left", "States": {"left": {"Type": "Pass", "End": True}}},
                {"StartAt": "right", "States": {"right": {"Type": "Wait", "Seconds": 5, "End": True}}},
            ],
            "Next": "Write",
        },
        "Write": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName": "t", "Item": {"id": {"S.$": "$.id"}, "n": {"N": "3"}}},
            "ResultPath": None,
            "Next": "Read",
        },
        "Read": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": "b", "Key.$": "$.key"},
            "Next": "Send",
        },
        "Send": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.body", "MessageAttributes": {"a.$": "$.attribute"}},
            "Next": "Query",
        },
        "Query": {
            "Type": "Task",
            "QueryLanguage": "JSONata",
            "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
            "Arguments": {"QueryString": "{% 'select ' & $states.input.x %}", "ResultConfiguration": {}},
            "Output": "{% $states.result %}",
            "Next": "Succeed",
        },
        "Succeed": {"Type": "Succeed"},
        "Fail": {"Type": "Fail", "Error": "E", "CausePath": "$.cause"},
    },
}  # fmt: skip


def test_every_kind_of_state_comes_back(tmp_path: Path) -> None:
    assert back(program(EVERYTHING), tmp_path) == EVERYTHING


def test_the_program_is_formatted_and_reads_well() -> None:
    text = program(EVERYTHING)
    assert "CustomState" not in text
    assert 'tasks.LambdaInvoke(\n    "[Lambda] Call it!",' in text
    assert 'tasks.DynamoAttributeValue.from_string(JsonPath.string_at("$.id"))' in text
    assert '.when(Condition.boolean_equals("$.a", True), succeed)' in text
    assert "write >> read >> send >> query >> succeed" in text
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F", "-"],
        input=text,
        text=True,
        capture_output=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_what_no_class_says_is_a_custom_state(tmp_path: Path) -> None:
    document = {
        "StartAt": "p",
        "States": {
            "p": {
                "Type": "Parallel",
                "Branches": [{"Comment": "of its own", "StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "f"}],
                "Next": "w",
            },
            "w": {"Type": "Wait", "Seconds": "{% 3 %}", "QueryLanguage": "JSONata", "End": True},
            "f": {"Type": "Fail"},
        },
    }
    text = program(document)
    assert text.count("sf.CustomState") == 1
    assert back(text, tmp_path) == document


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"b": {"Type": "Pass", "End": True}}, "Nothing leads to the state 'b'"),
        ({"a": {"Type": "Pass", "Next": "x"}}, "no state 'x'"),
    ],
)
def test_what_would_be_lost_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidDefinition, match=words):
        program({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}, **change}})


def test_variables() -> None:
    names = ["[Lambda] Hello world!", "Hello-World", "helloWorld", "42", "class", "日本", "sf", "HTTPCall"]
    assert list(variables(names).values()) == [
        "lambda_hello_world",
        "hello_world",
        "hello_world_2",
        "state_42",
        "state_class",
        "state",
        "state_sf",
        "http_call",
    ]


@pytest.mark.skipif(data.why_absent() is not None, reason=f"{data.why_absent()}")
def test_the_shared_machines_come_back_equal(tmp_path: Path) -> None:
    equal, custom = 0, 0
    for case in data.read("machines/machines.json"):
        machine = read_document(case["definition"]).machine
        assert machine is not None
        text = write_program(machine, name="m", source=case["id"])
        custom += text.count("sf.CustomState(")
        assert back(text, tmp_path) == to_document(machine), case["id"]
        equal += 1
    assert equal == 120
    assert custom <= 5


def test_the_command(penstock: Any, folder: Path) -> None:
    found = penstock("import", "one.asl.json", "--as", "sfn")
    assert (found.code, 'sf.Pass("A"' in found.out) == (0, True)
    assert penstock("import", "one.asl.json", "-o", "one.py").code == 0
    assert penstock("compile", "one.py:machine").out == penstock("compile", "one.asl.json").out
    assert penstock("import", "one.asl.json", "--as", "script").code == 2
    assert penstock("import", "wrong.asl.json").code == 3
