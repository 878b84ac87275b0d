"""Sample data: what a machine reads is there, and says what its comparisons want to hear."""

from __future__ import annotations

import json
from typing import Any

import pytest

import penstock
from penstock.asl.read import read_document
from penstock.asl.samples import CASE, Samples, Way, samples

INVOKE = "arn:aws:states:::lambda:invoke"


def machine(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states, **fields}


def made(definition: dict[str, Any], way: Way = "full") -> Samples:
    found = read_document(definition).machine
    assert found is not None
    return samples(found, way=way)


def run(definition: dict[str, Any], given: Samples) -> penstock.RunResult:
    mocks = {"config": given.mock_config("m"), "state_machine": "m", "case": CASE}
    return penstock.run(definition, given.input, mocks=mocks, objects=given.objects, time="skip")


def read_by(template: dict[str, Any]) -> Any:
    """The input that a Pass state with these Parameters asks for."""
    definition = machine({"P": {"Type": "Pass", "Parameters": template, "End": True}})
    given = made(definition)
    assert run(definition, given).succeeded
    return given.input


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({}, {}),
        ({"a.$": "$.order.id"}, {"order": {"id": "id"}}),
        ({"a.$": "$['order']['id', 'to']"}, {"order": {"id": "id", "to": "to"}}),
        ({"a.$": "$.rows[2].name"}, {"rows": [{"name": "name"}] * 3}),
        ({"a.$": "$.rows[*].name"}, {"rows": [{"name": "name"}]}),
        ({"a.$": "$.rows[?(@.kind == 'big')].name"}, {"rows": [{"kind": "big", "name": "name"}]}),
        ({"a.$": "$.rows.length()"}, {"rows": ["row"]}),
        ({"a.$": "$..name"}, {"name": "name"}),
        ({"a.$": "$$.Execution.Input.name"}, {"name": "name"}),
        ({"a.$": "States.MathAdd($.count, 1)"}, {"count": 1}),
        (
            {"a.$": "States.StringToJson($.body)", "b": {"c.$": "States.ArrayLength($.xs)"}},
            {"body": '"body"', "xs": ["text"]},
        ),
        ({"a.$": "States.Format($.template, $.x, $.y)"}, {"template": "{} {}", "x": "text", "y": "text"}),
        ({"a.$": "States.ArrayGetItem($.xs, $.at)"}, {"xs": ["text", "text"], "at": 1}),
    ],
)
def test_a_template_finds_what_it_reads(template, expected):
    assert read_by(template) == expected


def test_text_that_is_parsed_holds_what_is_read_from_it():
    definition = machine(
        {
            "Parse": {"Type": "Pass", "Parameters": {"b.$": "States.StringToJson($.Records[0].body)"}, "Next": "Use"},
            "Use": {"Type": "Pass", "InputPath": "$.b.detail.id", "End": True},
        }
    )
    given = made(definition)
    assert json.loads(given.input["Records"][0]["body"]) == {"detail": {"id": "id"}}
    assert run(definition, given).output == "id"


def test_a_task_returns_what_the_states_after_it_read():
    definition = machine(
        {
            "Look": {
                "Type": "Task",
                "Resource": INVOKE,
                "Parameters": {"FunctionName": "f", "Payload.$": "$.key"},
                "ResultSelector": {"found.$": "$.Payload.found"},
                "ResultPath": "$.looked",
                "Next": "Loop",
            },
            "Loop": {
                "Type": "Map",
                "ItemsPath": "$.looked.found",
                "ItemProcessor": machine({"P": {"Type": "Pass", "InputPath": "$.name", "End": True}}),
                "End": True,
            },
        }
    )
    given = made(definition)
    assert given.input == {"key": "key"}
    assert given.results == {"Look": {"StatusCode": 200, "Payload": {"found": [{"name": "name"}]}}}
    assert run(definition, given).output == ["name"]


CHOICE = {
    "C": {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.n", "NumericGreaterThan": 7, "Next": "Long"},
            {"Variable": "$.kind", "StringEquals": "short", "Next": "Short"},
        ],
        "Default": "Refuse",
    },
    "Long": {"Type": "Pass", "Next": "Short"},
    "Short": {"Type": "Pass", "End": True},
    "Refuse": {"Type": "Fail", "Error": "Refused"},
}


@pytest.mark.parametrize(
    ("way", "visited"),
    [
        ("full", ["C", "Long", "Short"]),
        ("end", ["C", "Short"]),
        ("first", ["C", "Long", "Short"]),
        ("default", ["C", "Refuse"]),
    ],
)
def test_choices_go_the_way_that_is_asked_for(way, visited):
    definition = machine(CHOICE)
    result = run(definition, made(definition, way))
    assert [
        e["stateEnteredEventDetails"]["name"] for e in result.history if e["type"].endswith("StateEntered")
    ] == visited


@pytest.mark.parametrize(
    "test",
    [
        {"Variable": "$.a", "StringLessThan": "m"},
        {"Variable": "$.a", "StringMatches": "log-*.txt"},
        {"Variable": "$.a", "TimestampGreaterThanEquals": "2026-01-01T00:00:00Z"},
        {"Variable": "$.a", "BooleanEquals": False},
        {"Variable": "$.a", "NumericEqualsPath": "$.b"},
        {"Variable": "$.a", "StringGreaterThanPath": "$.b"},
        {"Variable": "$.a", "IsTimestamp": True},
        {"Variable": "$.a", "IsNull": True},
        {"Variable": "$.a", "IsPresent": False},
        {"Not": {"Variable": "$.a", "IsString": True}},
        {"Not": {"Variable": "$.a", "StringEquals": "a"}},
        {"Not": {"Variable": "$.a", "NumericLessThan": 100}},
        {"Or": [{"Variable": "$.a", "StringEquals": "x"}, {"Variable": "$.a", "StringEquals": "y"}]},
        {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.b", "NumericEquals": 3}]},
        {"Not": {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "StringEquals": "x"}]}},
    ],
)
@pytest.mark.parametrize("wanted", [True, False])
def test_a_comparison_comes_out_as_wanted(test, wanted):
    states = {
        "C": {"Type": "Choice", "Choices": [{**test, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    definition = machine(states)
    given = made(definition, "first" if wanted else "default")
    assert run(definition, given).output is wanted, given.input


def test_polling_ends_at_the_first_answer():
    definition = machine(
        {
            "Wait": {"Type": "Wait", "Seconds": 30, "Next": "Look"},
            "Look": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:getJobRun", "Next": "Done?"},
            "Done?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.JobRun.JobRunState", "StringEquals": "FAILED", "Next": "Failed"},
                    {"Variable": "$.JobRun.JobRunState", "StringEquals": "SUCCEEDED", "Next": "End"},
                ],
                "Default": "Wait",
            },
            "Failed": {"Type": "Fail"},
            "End": {"Type": "Succeed"},
        }
    )
    given = made(definition)
    assert given.results == {"Look": {"JobRun": {"JobRunState": "SUCCEEDED"}}}
    assert given.mock_config("m")["MockedResponses"]["Look"].keys() == {"0-999"}  # it may come by again
    assert run(definition, given).succeeded


def test_paging_ends_where_the_token_is_absent():
    definition = machine(
        {
            "List": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:scan", "Next": "More?"},
            "More?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.LastEvaluatedKey", "IsPresent": True, "Next": "Next"}],
                "Default": "End",
            },
            "Next": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:dynamodb:scan",
                "Parameters": {"ExclusiveStartKey.$": "$.LastEvaluatedKey"},
                "Next": "More?",
            },
            "End": {"Type": "Succeed"},
        }
    )
    given = made(definition)
    assert given.results == {"List": {}, "Next": {}}
    assert run(definition, given).succeeded


def test_jsonata_and_variables():
    definition = machine(
        {
            "Order": {
                "Type": "Task",
                "Resource": INVOKE,
                "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.order %}"},
                "Assign": {"lines": "{% $states.result.Payload.lines %}", "limit": 10},
                "Output": "{% $states.result.Payload %}",
                "Next": "Enough?",
            },
            "Enough?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.total > $limit and $states.input.state = 'OPEN' %}", "Next": "Sum"}
                ],
                "Default": "Refuse",
            },
            "Refuse": {"Type": "Fail", "Error": "Refused"},
            "Sum": {
                "Type": "Map",
                "Items": "{% $lines[price > 5] %}",
                "ItemSelector": {"name": "{% $states.context.Map.Item.Value.name %}", "n": "{% $sum($lines.price) %}"},
                "ItemProcessor": machine(
                    {"P": {"Type": "Pass", "Output": "{% $uppercase($states.input.name) %}", "End": True}}
                ),
                "End": True,
            },
        },
        QueryLanguage="JSONata",
    )
    given = made(definition)
    assert given.input == {"order": "order"}
    assert given.results["Order"]["Payload"] == {
        "lines": [{"price": 6, "name": "name"}] * 2,
        "total": 11,
        "state": "OPEN",
    }
    assert run(definition, given).output == ["NAME", "NAME"]


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "name\nname\n"),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["id", "name"], "CSVDelimiter": "PIPE"},
            "text|name\n",
        ),
        ({"InputType": "JSON"}, '[{"name":"name"}]'),
        ({"InputType": "JSON", "ItemsPointer": "/a/b"}, '{"a":{"b":[{"name":"name"}]}}'),
        ({"InputType": "JSONL"}, '{"name":"name"}\n'),
    ],
)
def test_a_dataset_has_the_items_that_a_distributed_map_reads(reader, content):
    definition = machine(
        {
            "M": {
                "Type": "Map",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": reader,
                    "Parameters": {"Bucket.$": "$.bucket", "Key": "items"},
                },
                "ItemProcessor": machine(
                    {"P": {"Type": "Pass", "InputPath": "$.name", "End": True}},
                    ProcessorConfig={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                ),
                "End": True,
            }
        }
    )
    given = made(definition)
    assert given.objects == {"bucket": {"items": content}}
    assert run(definition, given).output == ["name"]


def test_a_deep_or_broken_machine_is_walked_to_an_end():
    deep: dict[str, Any] = machine({"S": {"Type": "Succeed"}})
    for _ in range(30):
        deep = machine({"M": {"Type": "Map", "ItemProcessor": deep, "End": True}})
    assert made(deep).results == {}
    many = {f"P{n}": {"Type": "Pass", "Next": f"P{(n + 1) % 5000}"} for n in range(5000)}
    assert made(machine(many)).input == {}
    path = "$" + ".a" * 10_000
    assert made(machine({"P": {"Type": "Pass", "InputPath": path, "End": True}})).input != {}
    parse = {"Type": "Pass", "Parameters": {"b.$": "States.StringToJson($.b)"}}
    texts = {f"P{n}": {**parse, "Next": f"P{n + 1}"} for n in range(100)}
    assert len(json.dumps(made(machine({**texts, "P100": {"Type": "Succeed"}})).input)) < 10_000
    broken = machine({"P": {"Type": "Pass", "InputPath": "$.[", "Next": "Nowhere"}})
    assert made(broken).input == {}
