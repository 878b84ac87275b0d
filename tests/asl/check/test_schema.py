"""Fields: which are there, which must be, of what type, in what range; AWS's words for each."""

from typing import Any

import pytest
from tests.asl.check.support import choice, found, mapped, one, schema, task

from penstock.asl.schema import STATES

PASS = {"Type": "Pass", "End": True}


def test_required_fields_of_a_machine() -> None:
    assert schema({}) == [("These fields are required: [States, StartAt]", "/")]
    assert schema({"States": {"A": {"Type": "Pass", "End": True}}}) == [("These fields are required: [StartAt]", "/")]
    assert schema({"StartAt": "A"}) == [("These fields are required: [States]", "/")]
    assert schema({"StartAt": "A", "States": {}}) == [("Value cannot be empty", "/States")]


@pytest.mark.parametrize(
    ("state", "message", "location"),
    [
        ({"End": True}, "These fields are required: [Type]", "/States/X"),
        ({"Type": "Task", "End": True}, "These fields are required: [Resource]", "/States/X"),
        ({"Type": "Choice"}, "These fields are required: [Choices]", "/States/X"),
        ({"Type": "Parallel", "End": True}, "These fields are required: [Branches]", "/States/X"),
        ({"Type": "Parallel", "Branches": [], "End": True}, "Value cannot be empty", "/States/X/Branches"),
        ({"Type": "Choice", "Choices": []}, "Value cannot be empty", "/States/X/Choices"),
        (
            {"Type": "Map", "End": True},
            "This object should have only one of the following fields: [ItemProcessor, Iterator]",
            "/States/X",
        ),
        (
            {"Type": "Wait", "End": True},
            "This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
            "/States/X",
        ),
        (
            {"Type": "Wait", "End": True, "Seconds": 1, "SecondsPath": "$.s"},
            "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
            "/States/X",
        ),
        ({"Type": "Pass"}, "This object should have only one of the following fields: [Next, End]", "/States/X"),
        (
            {"Type": "Pass", "End": False},
            "This object should have only one of the following fields: [Next, End]",
            "/States/X",
        ),
        (
            {"Type": "Pass", "Next": "F", "End": True},
            "There should only be one of the following fields: [Next, End]",
            "/States/X",
        ),
        (
            {"Type": "Parallel", "Branches": [{}], "End": True},
            "These fields are required: [States, StartAt]",
            "/States/X/Branches[0]",
        ),
    ],
)
def test_required_fields_of_states(state: dict[str, Any], message: str, location: str) -> None:
    assert (message, location) in [(text, at) for _, text, at in found(one(state))]


@pytest.mark.parametrize(
    ("plain", "path", "value"),
    [("TimeoutSeconds", "TimeoutSecondsPath", 9), ("HeartbeatSeconds", "HeartbeatSecondsPath", 9)],
)
def test_a_number_and_its_path_exclude_each_other(plain: str, path: str, value: int) -> None:
    message = f"There should only be one of the following fields: [{plain}, {path}]"
    assert schema(one(task(**{plain: value, path: "$.x"}))) == [(message, "/States/X")]


@pytest.mark.parametrize("pair", [("Error", "ErrorPath"), ("Cause", "CausePath")])
def test_a_fail_states_text_and_its_path_exclude_each_other(pair: tuple[str, str]) -> None:
    state = {"Type": "Fail", pair[0]: "x", pair[1]: "$.x"}
    assert schema(one(state)) == [
        (f"There should only be one of the following fields: [{', '.join(pair)}]", "/States/X")
    ]


@pytest.mark.parametrize(
    "pair",
    [
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ],
)
def test_a_maps_number_and_its_path_exclude_each_other(pair: tuple[str, str]) -> None:
    state = mapped(**{pair[0]: 1, pair[1]: "$.x"})
    assert schema(one(state)) == [
        (f"There should only be one of the following fields: [{', '.join(pair)}]", "/States/X")
    ]


def test_old_and_new_spellings_of_a_map_exclude_each_other() -> None:
    state = mapped(ItemSelector={"a": 1}, Parameters={"a": 1})
    assert schema(one(state)) == [
        ("There should only be one of the following fields: [ItemSelector, Parameters]", "/States/X")
    ]


# Measured on AWS: 17 combinations of type and field.
@pytest.mark.parametrize("kind", ["Pass", "Wait", "Choice", "Succeed", "Fail", "Parallel", "Map"])
@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_only_tasks_have_timeouts(kind: str, language: str) -> None:
    expected = ("SCHEMA_VALIDATION_FAILED", "Field 'TimeoutSeconds' is not supported", "/States/X")
    assert expected in found(one({"Type": kind, "TimeoutSeconds": 5}, QueryLanguage=language))


@pytest.mark.parametrize("kind", ["Pass", "Wait", "Choice", "Succeed", "Fail"])
@pytest.mark.parametrize("field", ["Retry", "Catch"])
def test_only_tasks_parallels_and_maps_handle_errors(kind: str, field: str) -> None:
    expected = ("SCHEMA_VALIDATION_FAILED", f"Field '{field}' is not supported", "/States/X")
    assert expected in found(one({"Type": kind, field: []}))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("Succeed", ["Next", "End", "Assign", "ResultPath", "Parameters"]),
        ("Fail", ["Next", "End", "Assign", "InputPath", "OutputPath", "Output"]),
        ("Choice", ["Next", "End", "ResultPath", "Parameters", "ResultSelector"]),
        ("Pass", ["ResultSelector", "Arguments", "Resource"]),
        ("Wait", ["ResultPath", "Parameters", "ResultSelector"]),
        ("Map", ["Arguments", "Branches"]),
        ("Parallel", ["ItemsPath", "Resource"]),
        ("Task", ["Result", "Items", "Label"]),
    ],
)
def test_fields_that_a_type_does_not_have(kind: str, fields: list[str]) -> None:
    for field in fields:
        assert field not in STATES[kind].fields
        expected = ("SCHEMA_VALIDATION_FAILED", f"Field '{field}' is not supported", "/States/X")
        assert expected in found(one({"Type": kind, field: 1}))


@pytest.mark.parametrize(
    ("definition", "message", "location"),
    [
        (one(PASS, TimeoutSeconds=-1), "Minimum value is 0", "/TimeoutSeconds"),
        (one(task(TimeoutSeconds=0)), "Minimum value is 1", "/States/X/TimeoutSeconds"),
        (one(task(TimeoutSeconds=100_000_000)), "Maximum value is 99999999", "/States/X/TimeoutSeconds"),
        (one(task(HeartbeatSeconds=0)), "Minimum value is 1", "/States/X/HeartbeatSeconds"),
        (
            one(task(TimeoutSeconds=5, HeartbeatSeconds=5)),
            "HeartbeatSeconds must be smaller than TimeoutSeconds",
            "/States/X/HeartbeatSeconds",
        ),
        (one({"Type": "Wait", "Seconds": -1, "End": True}), "Minimum value is 0", "/States/X/Seconds"),
        (one({"Type": "Wait", "Seconds": "5", "End": True}), "Expected value of type Integer", "/States/X/Seconds"),
        (one({"Type": "Wait", "Seconds": 1.5, "End": True}), "Expected value of type Integer", "/States/X/Seconds"),
        (one(mapped(MaxConcurrency=-1)), "Minimum value is 0", "/States/X/MaxConcurrency"),
        (one(mapped(ToleratedFailurePercentage=101)), "Maximum value is 100", "/States/X/ToleratedFailurePercentage"),
        (
            one(mapped(ItemBatcher={"MaxItemsPerBatch": 0})),
            "Minimum value is 1",
            "/States/X/ItemBatcher/MaxItemsPerBatch",
        ),
        (
            one(mapped(ItemBatcher={"MaxInputBytesPerBatch": 262_145})),
            "Maximum value is 262144",
            "/States/X/ItemBatcher/MaxInputBytesPerBatch",
        ),
        (
            one({"Type": "Wait", "Timestamp": "2016-12-05 21:29:29Z", "End": True}),
            "String does not match RFC3339 timestamp",
            "/States/X/Timestamp",
        ),
        (one(PASS, Version="2.0"), "Value should be one of the following: [1.0]", "/Version"),
    ],
)
def test_values_out_of_range(definition: dict[str, Any], message: str, location: str) -> None:
    assert schema(definition) == [(message, location)]


@pytest.mark.parametrize(
    "definition",
    [
        one(PASS, TimeoutSeconds=0),  # measured: accepted
        one({"Type": "Wait", "Seconds": 0, "End": True}),
        one({"Type": "Wait", "Seconds": 5.0, "End": True}),
        one({"Type": "Wait", "Seconds": "${Delay}", "End": True}),
        one(mapped(ToleratedFailurePercentage=0.5)),  # recorded
        one(mapped(MaxConcurrency=0)),
        one({"Type": "Pass", "Next": "F", "End": False}),
        one({"Type": "Succeed", "InputPath": "$.a", "OutputPath": None}),
        one(PASS, Version="1.0", Comment="c", QueryLanguage="JSONPath"),
        one({**PASS, "Parameters": "a text"}),
        one({**PASS, "Parameters": [{"a.$": "$$.Execution.Id"}]}),
    ],
)
def test_what_is_accepted(definition: dict[str, Any]) -> None:
    assert found(definition) == []


# ---- Retry and Catch


@pytest.mark.parametrize(
    ("retrier", "message", "location"),
    [
        ({}, "These fields are required: [ErrorEquals]", "/States/X/Retry[0]"),
        ({"ErrorEquals": []}, "Value cannot be empty", "/States/X/Retry[0]/ErrorEquals"),
        ({"ErrorEquals": "States.ALL"}, "Expected value of type [ARRAY]", "/States/X/Retry[0]/ErrorEquals"),
        ({"ErrorEquals": [1]}, "Expected value of type [STRING]", "/States/X/Retry[0]/ErrorEquals[0]"),
        (
            {"ErrorEquals": ["States.ALL", "A"]},
            "States.ALL must appear alone and at end of list",
            "/States/X/Retry[0]/ErrorEquals",
        ),
        ({"ErrorEquals": ["A"], "MaxAttempts": -1}, "Minimum value is 0", "/States/X/Retry[0]/MaxAttempts"),
        ({"ErrorEquals": ["A"], "BackoffRate": 0.9}, "Minimum value is 1", "/States/X/Retry[0]/BackoffRate"),
        ({"ErrorEquals": ["A"], "IntervalSeconds": 0}, "Minimum value is 1", "/States/X/Retry[0]/IntervalSeconds"),
        ({"ErrorEquals": ["A"], "MaxDelaySeconds": 0}, "Minimum value is 1", "/States/X/Retry[0]/MaxDelaySeconds"),
        (
            {"ErrorEquals": ["A"], "MaxDelaySeconds": 31_622_400},
            "Maximum value is 31622399",
            "/States/X/Retry[0]/MaxDelaySeconds",
        ),
        (
            {"ErrorEquals": ["A"], "JitterStrategy": "SOME"},
            "Value should be one of the following: [NONE, FULL]",
            "/States/X/Retry[0]/JitterStrategy",
        ),
        ({"ErrorEquals": ["A"], "Next": "X"}, "Field 'Next' is not supported", "/States/X/Retry[0]"),
    ],
)
def test_retriers(retrier: dict[str, Any], message: str, location: str) -> None:
    assert schema(one(task(Retry=[retrier]))) == [(message, location)]


def test_a_retrier_may_try_no_more() -> None:
    retrier = {"ErrorEquals": ["A"], "IntervalSeconds": 1, "MaxAttempts": 0, "BackoffRate": 1.5}
    assert found(one(task(Retry=[retrier]))) == []


def test_states_all_stands_alone_and_last() -> None:
    every = {"ErrorEquals": ["States.ALL"]}
    some = {"ErrorEquals": ["A", "States.Timeout"]}
    assert found(one(task(Retry=[some, every]))) == []
    message = "States.ALL must appear alone and at end of list"
    assert schema(one(task(Retry=[every, some]))) == [(message, "/States/X/Retry[0]/ErrorEquals")]
    catch = [{**every, "Next": "F"}, {**some, "Next": "F"}]
    assert schema(one(task(Catch=catch))) == [(message, "/States/X/Catch[0]/ErrorEquals")]


def test_catchers() -> None:
    assert schema(one(task(Catch=[{"ErrorEquals": ["A"]}]))) == [
        ("These fields are required: [Next]", "/States/X/Catch[0]")
    ]
    catcher = {"ErrorEquals": ["A"], "Next": "F", "ResultPath": "$.a[*]"}
    assert schema(one(task(Catch=[catcher])))[0][1] == "/States/X/Catch[0]/ResultPath"
    assert found(one(task(Catch=[{**catcher, "ResultPath": None, "Comment": "c", "Assign": {"v.$": "$.Error"}}]))) == []


# ---- Choice rules


@pytest.mark.parametrize(
    ("rule", "message", "location"),
    [
        (
            {"Variable": "$.a", "IsNull": True},
            "These fields are required: [Next]",
            "/States/X/Choices[0]",
        ),
        (
            {"Next": "F"},
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
            "/States/X/Choices[0]",
        ),
        (
            {"Variable": "$.a", "IsNull": True, "Not": {"Variable": "$.a", "IsNull": True}, "Next": "F"},
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
            "/States/X/Choices[0]",
        ),
        ({"And": [], "Next": "F"}, "Value cannot be empty", "/States/X/Choices[0]/And"),
        (
            {"And": [{"Variable": "$.a", "IsNull": True, "Next": "F"}], "Next": "F"},
            "Field 'Next' is not supported",
            "/States/X/Choices[0]/And[0]",
        ),
        (
            {"Not": {"Variable": "$.a", "IsNull": True, "Next": "F"}, "Next": "F"},
            "Field 'Next' is not supported",
            "/States/X/Choices[0]/Not",
        ),
        (
            {"Variable": "$.a", "IsNull": True, "Next": "F", "End": True},
            "Field 'End' is not supported",
            "/States/X/Choices[0]",
        ),
        (
            {"Variable": "a", "IsNull": True, "Next": "F"},
            "Value is not a Reference Path: Reference path didn't start with '$'",
            "/States/X/Choices[0]/Variable",
        ),
        (
            {"Variable": "$.a", "StringEqualsPath": "b", "Next": "F"},
            "Value is not a Reference Path: Reference path didn't start with '$'",
            "/States/X/Choices[0]/StringEqualsPath",
        ),
        (
            {"Variable": "$.a", "IsNull": 1, "Next": "F"},
            "Expected value of type [BOOLEAN]",
            "/States/X/Choices[0]/IsNull",
        ),
        (
            {"Variable": "$.a", "NumericEquals": "1", "Next": "F"},
            "Expected value of type Number",
            "/States/X/Choices[0]/NumericEquals",
        ),
        (
            {"Variable": "$.a", "StringEquals": 1, "Next": "F"},
            "Expected value of type [STRING]",
            "/States/X/Choices[0]/StringEquals",
        ),
        (
            {"Variable": "$.a", "TimestampEquals": "yesterday", "Next": "F"},
            "String does not match RFC3339 timestamp",
            "/States/X/Choices[0]/TimestampEquals",
        ),
    ],
)
def test_choice_rules(rule: dict[str, Any], message: str, location: str) -> None:
    assert schema(choice(rule)) == [(message, location)]


def test_a_rule_compares_once() -> None:
    message, location = schema(choice({"Variable": "$.a", "IsNull": True, "IsString": True, "Next": "F"}))[0]
    assert message.startswith("There should only be one of the following fields: [StringEquals, ")
    assert location == "/States/X/Choices[0]"
    message, _ = schema(choice({"Variable": "$.a", "Next": "F"}))[0]
    assert message.startswith("This object should have only one of the following fields: [StringEquals, ")


def test_rules_that_are_accepted() -> None:
    rule = {
        "And": [
            {"Variable": "$.b", "IsPresent": True, "Comment": "nested"},
            {"Or": [{"Variable": "$$.value", "IsNull": False}, {"Not": {"Variable": "$v", "NumericEquals": 1.5}}]},
        ],
        "Comment": "c",
        "Assign": {"v.$": "$.x"},
        "Next": "F",
    }
    assert found(choice(rule)) == []


def test_rules_nest_to_a_limit() -> None:
    rule: dict[str, Any] = {"Variable": "$.a", "IsNull": True}
    for _ in range(100):
        rule = {"Not": rule}
    assert found(choice({**rule, "Next": "F"})) == []
    assert found(choice({"Not": rule, "Next": "F"}))[0][0] == "TOO_DEEPLY_NESTED"


# ---- Map


@pytest.mark.parametrize(
    ("config", "message", "location"),
    [
        ({"Mode": "DISTRIBUTED"}, "These fields are required: [ExecutionType]", ""),
        ({"Mode": "INLINE", "ExecutionType": "STANDARD"}, "Field 'ExecutionType' is not supported", ""),
        ({"Mode": "BOTH"}, "Value should be one of the following: [INLINE, DISTRIBUTED]", "/Mode"),
        (
            {"Mode": "DISTRIBUTED", "ExecutionType": "FAST"},
            "Value should be one of the following: [STANDARD, EXPRESS]",
            "/ExecutionType",
        ),
    ],
)
def test_processor_configs(config: dict[str, Any], message: str, location: str) -> None:
    state = mapped()
    state["ItemProcessor"]["ProcessorConfig"] = config
    assert schema(one(state)) == [(message, "/States/X/ItemProcessor/ProcessorConfig" + location)]


READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}


@pytest.mark.parametrize(
    ("reader", "message", "location"),
    [
        (
            {**READER, "Resource": "arn:aws:states:::s3:putObject"},
            "The field 'Resource' does not match any of the allowed values",
            "/Resource",
        ),
        ({}, "These fields are required: [Resource]", ""),
        (
            {**READER, "ReaderConfig": {"InputType": "CSV"}},
            "The field 'CSVHeaderLocation' is required but was missing",
            "/ReaderConfig",
        ),
        (
            {**READER, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}},
            "These fields are required: [CSVHeaders]",
            "/ReaderConfig",
        ),
        (
            {**READER, "ReaderConfig": {"InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW"}},
            "Field 'CSVHeaderLocation' is not supported",
            "/ReaderConfig",
        ),
        (
            {**READER, "ReaderConfig": {"InputType": "XML"}},
            "Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST]",
            "/ReaderConfig/InputType",
        ),
        (
            {**READER, "ReaderConfig": {"InputType": "JSON", "MaxItems": 1, "MaxItemsPath": "$.n"}},
            "There should only be one of the following fields: [MaxItems, MaxItemsPath]",
            "/ReaderConfig",
        ),
    ],
)
def test_item_readers(reader: dict[str, Any], message: str, location: str) -> None:
    assert schema(one(mapped(ItemReader=reader))) == [(message, "/States/X/ItemReader" + location)]


WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}


def test_readers_and_writers_need_a_distributed_map() -> None:
    state = mapped(distributed=False, ItemReader=READER, ResultWriter=WRITER)
    assert schema(one(state)) == [
        ("Field 'ItemReader' is not supported", "/States/X"),
        ("Field 'ResultWriter' is not supported", "/States/X"),
    ]


@pytest.mark.parametrize(
    ("writer", "message", "location"),
    [
        ({}, "Value cannot be empty", "/States/X/ResultWriter"),
        (
            {"Resource": "arn:aws:states:::s3:putObject"},
            "These fields are required: [Parameters]",
            "/States/X/ResultWriter",
        ),
        (
            {"WriterConfig": {"OutputType": "JSON"}},
            "These fields are required: [Transformation]",
            "/States/X/ResultWriter/WriterConfig",
        ),
    ],
)
def test_result_writers_say_where_to_or_how(writer: dict[str, Any], message: str, location: str) -> None:
    assert schema(one(mapped(ResultWriter=writer))) == [(message, location)]


# ---- Credentials


@pytest.mark.parametrize("credentials", [{}, {"InvalidField": "x"}])
def test_credentials_name_a_role(credentials: dict[str, Any]) -> None:
    message = "The field 'RoleArn' is required but was missing"
    assert schema(one(task(Credentials=credentials))) == [(message, "/States/X/Credentials")]
    assert found(one(task(Credentials={"RoleArn.$": "$.role"}))) == []
