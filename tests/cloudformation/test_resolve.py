"""Intrinsic functions, each as CloudFormation's reference has it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cloudformation.templates import LAMBDA, STATES, resolver

from penstock.cloudformation.codes import CATALOGUE
from penstock.cloudformation.resolve import NO_VALUE, Unresolved

DOCUMENT: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]},
        "Count": {"Type": "Number", "Default": "3"},
        "Nets": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Needed": {"Type": "String"},
        "Kept": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/key"},
    },
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
    },
    "Mappings": {"Sizes": {"dev": {"Big": 1}, "prod": {"Big": 9}}},
    "Resources": {
        "F": {"Type": "AWS::Serverless::Function", "Properties": {"AutoPublishAlias": "live"}},
        "Named": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": {"Fn::Sub": "${Stage}-named"}}},
        "M": {"Type": "AWS::Serverless::StateMachine", "Properties": {"Name": "flow"}},
        "Table": {"Type": "AWS::DynamoDB::Table"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q.fifo"}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Role": {"Type": "AWS::IAM::Role"},
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Named"}}},
        "Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Named"}, "Name": "blue"}},
        "OnlyProd": {"Type": "AWS::SNS::Topic", "Condition": "IsProd"},
        "Custom": {"Type": "Custom::Thing"},
        "Round": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": ["Round", "TopicName"]}}},
    },
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Count"}, 3),
        ({"Ref": "Nets"}, ["a", "b", "c"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::AccountId"}, "111122223333"),
        ({"Ref": "AWS::StackName"}, "shop"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Ref": "F"}, "F"),
        ({"Ref": "F.Alias"}, f"{LAMBDA}:F:live"),
        ({"Ref": "F.Version"}, f"{LAMBDA}:F:1"),
        ({"Ref": "FRole"}, "FRole"),
        ({"Ref": "Named"}, "dev-named"),
        ({"Ref": "Version"}, f"{LAMBDA}:dev-named:1"),
        ({"Ref": "Alias"}, f"{LAMBDA}:dev-named:blue"),
        ({"Ref": "M"}, f"{STATES}:flow"),
        ({"Ref": "Queue"}, "https://sqs.eu-west-1.amazonaws.com/111122223333/q.fifo"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:111122223333:Topic"),
        ({"Ref": "Bucket"}, "bucket"),
        ({"Ref": "Custom"}, "Custom"),
        ({"Fn::GetAtt": ["F", "Arn"]}, f"{LAMBDA}:F"),
        ({"Fn::GetAtt": "Named.Arn"}, f"{LAMBDA}:dev-named"),
        ({"Fn::GetAtt": ["M", "Name"]}, "flow"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:dynamodb:eu-west-1:111122223333:table/Table"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "q.fifo"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111122223333:role/Role"),
        ({"Fn::GetAtt": ["FRole", "Arn"]}, "arn:aws:iam::111122223333:role/FRole"),
        ({"Fn::Sub": "${Stage}/${AWS::Region}/${F.Arn}/${!Literal}/$x"}, f"dev/eu-west-1/{LAMBDA}:F/${{Literal}}/$x"),
        ({"Fn::Sub": ["${A}-${Stage}", {"A": {"Ref": "Count"}}]}, "3-dev"),
        ({"Fn::Sub": "${F.Alias} ${FRole.Arn}"}, f"{LAMBDA}:F:live arn:aws:iam::111122223333:role/FRole"),
        ({"Fn::Join": [":", ["a", {"Ref": "Stage"}, {"Ref": "AWS::NoValue"}]]}, "a:dev"),
        ({"Fn::Join": [",", {"Ref": "Nets"}]}, "a,b,c"),
        ({"Fn::Split": [":", "a:b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Fn::Split": ["|", "a|b|c"]}]}, "b"),
        ({"Fn::Select": [0, {"Ref": "Nets"}]}, "a"),
        ({"Fn::If": ["IsProd", "p", "d"]}, "d"),
        ({"Fn::If": ["Either", {"Fn::If": ["Both", 1, 2]}, 3]}, 2),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Big"]}, 1),
        ({"Fn::FindInMap": ["Sizes", "test", "Big", {"DefaultValue": 7}]}, 7),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::Length": {"Ref": "Nets"}}, 3),
        ({"Fn::ToJsonString": {"a": {"Ref": "Count"}}}, '{"a":3}'),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ({"Ref": "Stage", "other": 1}, {"Ref": "Stage", "other": 1}),
    ],
)  # fmt: skip
def test_a_value_is_resolved(value: Any, expected: Any) -> None:
    assert resolver(DOCUMENT).value(value) == expected


def test_a_parameter_can_be_given() -> None:
    given = resolver(DOCUMENT, Stage="prod", Needed="x", Kept="secret")
    assert given.value({"Fn::Sub": "${Stage} ${Needed} ${Kept}"}) == "prod x secret"
    assert given.value({"Fn::If": ["IsProd", {"Ref": "OnlyProd"}, 0]}).endswith(":OnlyProd")


def test_what_another_stack_or_a_deployment_knows_can_be_given() -> None:
    given = {"net-Vpc": "vpc-1", "Custom.Token": "t"}
    found = resolver(DOCUMENT, **given)
    assert found.value({"Fn::ImportValue": {"Fn::Sub": "net-${X}".replace("${X}", "Vpc")}}) == "vpc-1"
    assert found.value({"Fn::GetAtt": ["Custom", "Token"]}) == "t"


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        ({"Ref": "Needed"}, "PS802", "The parameter Needed has no value."),
        ({"Ref": "Kept"}, "PS802", "The value of the parameter Kept is kept in SSM."),
        ({"Fn::ImportValue": "net-Vpc"}, "PS802", "The export net-Vpc is another stack's."),
        ({"Fn::GetAtt": ["Custom", "Token"]}, "PS802", "Custom (Custom::Thing) has its Token only when it is deployed."),
        ({"Ref": "Stag"}, "PS803", "The template has no parameter or resource Stag."),
        ({"Fn::GetAtt": ["G", "Arn"]}, "PS803", "The template has no resource G."),
        ({"Fn::GetAtt": ["F", "Nope"]}, "PS803", "F (AWS::Serverless::Function) has no attribute Nope here; it has Arn."),
        ({"Ref": "OnlyProd"}, "PS803", "The resource OnlyProd is not there: its condition does not hold."),
        ({"Fn::If": ["Nope", 1, 2]}, "PS803", "The template has no condition Nope."),
        ({"Fn::FindInMap": ["Sizes", "test", "Big"]}, "PS803", "The template has no key of the mapping test."),
        ({"Fn::Join": ["a"]}, "PS804", "Fn::Join takes a delimiter and a list."),
        ({"Fn::Select": [9, ["a"]]}, "PS804", "Fn::Select asks for item 9 of a list."),
        ({"Fn::Sub": ["a"]}, "PS804", "Fn::Sub takes a text, or a list of a text and an object of names."),
        ({"Fn::Sub": "${Nets}"}, "PS804", "${Nets} is a text; this is a list."),
        ({"Fn::Cidr": ["10.0.0.0/16", 1]}, "PS804", "Fn::Cidr cannot be resolved on this machine."),
        ({"Fn::If": ["Circle", 1, 2]}, "PS804", "The condition Circle needs itself."),
        ({"Ref": "Round"}, "PS804", "The name of Round needs itself."),
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_is_told(value: Any, code: str, message: str) -> None:
    with pytest.raises(Unresolved) as error:
        resolver(DOCUMENT).value(value)
    assert (error.value.code, str(error.value)) == (code, message)
    assert code in CATALOGUE


def test_a_name_that_is_close_is_offered() -> None:
    with pytest.raises(Unresolved) as error:
        resolver(DOCUMENT).value({"Ref": "Stag"})
    assert error.value.help == "did you mean Stage?"


def test_deep_nesting_is_refused_and_not_followed() -> None:
    value: Any = "x"
    for _ in range(300):
        value = {"Fn::Join": ["", [value]]}
    with pytest.raises(Unresolved, match="nests deeper"):
        resolver(DOCUMENT).value(value)


def test_the_partition_is_that_of_the_region() -> None:
    from penstock.cloudformation.resolve import Resolver

    china = Resolver(DOCUMENT, given={}, region="cn-north-1", account="1", stack="s")
    assert china.value({"Fn::GetAtt": ["F", "Arn"]}) == "arn:aws-cn:lambda:cn-north-1:1:function:F"
