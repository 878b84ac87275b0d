"""Tasks as the typed tasks of their integrations: which argument holds which parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from penstock.asl.model import UNSET, Task
from penstock.sfn.importing.values import Made, call, literal, payload, reference, seconds
from penstock.sfn.inputs import TaskInput
from penstock.sfn.values import JSONATA, JSONPATH
from penstock.sfn.words import IntegrationPattern

Read = Callable[[Any, bool, str], "Made | None"]
"""(the parameter's value, whether it stands behind `.$`, language) → the argument; None where it has no such form."""


def _plain(value: Any, is_path: bool, language: str) -> Made | None:
    if is_path:
        return reference(value)
    return literal(value)


def _input(value: Any, is_path: bool, language: str) -> Made | None:
    if is_path:
        return Made(TaskInput.from_json_path_at(value), f"sf.TaskInput.from_json_path_at({literal(value).code})")
    if isinstance(value, str):
        return Made(TaskInput.from_text(value), f"sf.TaskInput.from_text({literal(value).code})")
    if isinstance(value, dict):
        made = payload(value) if language == JSONPATH else literal(value)
        return Made(TaskInput.from_object(made.value), call("sf.TaskInput.from_object", [(None, made.code)]))
    return None


def _duration(value: Any, is_path: bool, language: str) -> Made | None:
    return seconds(value) if isinstance(value, int) and not isinstance(value, bool) and not is_path else None


def _attributes(value: Any, is_path: bool, language: str) -> Made | None:
    """`{"id": {"S.$": "$.id"}}` by DynamoAttributeValue."""
    from penstock.sfn import tasks

    if is_path or not isinstance(value, dict):
        return None
    made: dict[str, Any] = {}
    lines: list[str] = []
    for name, one in value.items():
        if name.endswith(".$") or not isinstance(one, dict) or len(one) != 1:
            return None
        ((kind, inner),) = one.items()
        behind = kind.endswith(".$")
        method = {"S": "from_string", "N": "number_from_string"}.get(kind.removesuffix(".$"))
        if method is None or not isinstance(inner, str) or (behind and not inner.startswith(("$", "States."))):
            return None
        argument = reference(inner) if behind else literal(inner)
        made[name] = getattr(tasks.DynamoAttributeValue, method)(argument.value)
        lines.append(f"{literal(name).code}: tasks.DynamoAttributeValue.{method}({argument.code})")
    inside = "".join(f"    {line},\n" for line in lines)
    return Made(made, f"{{\n{inside}}}")


class Typed(NamedTuple):
    """`parameters`: API name → (argument, how it is read); `fixed` what is given for a parameter that is not there."""

    cls: str
    parameters: Mapping[str, tuple[str, Read]]
    needed: tuple[str, ...] = ()


TYPED: Mapping[str, Typed] = {
    "lambda:invoke": Typed(
        "LambdaInvoke",
        {
            "FunctionName": ("lambda_function", _plain),
            "Payload": ("payload", _input),
            "Qualifier": ("qualifier", _plain),
        },
        ("FunctionName", "Payload"),
    ),
    "sqs:sendMessage": Typed(
        "SqsSendMessage",
        {
            "QueueUrl": ("queue", _plain),
            "MessageBody": ("message_body", _input),
            "DelaySeconds": ("delay", _duration),
            "MessageGroupId": ("message_group_id", _plain),
            "MessageDeduplicationId": ("message_deduplication_id", _plain),
        },
        ("QueueUrl", "MessageBody"),
    ),
    "sns:publish": Typed(
        "SnsPublish",
        {"TopicArn": ("topic", _plain), "Message": ("message", _input), "Subject": ("subject", _plain)},
        ("TopicArn", "Message"),
    ),
    "states:startExecution": Typed(
        "StepFunctionsStartExecution",
        {"StateMachineArn": ("state_machine", _plain), "Input": ("input", _input), "Name": ("name", _plain)},
        ("StateMachineArn", "Input"),
    ),
    "dynamodb:getItem": Typed(
        "DynamoGetItem",
        {
            "TableName": ("table", _plain),
            "Key": ("key", _attributes),
            "ConsistentRead": ("consistent_read", _plain),
            "ExpressionAttributeNames": ("expression_attribute_names", _plain),
        },
        ("TableName", "Key", "ConsistentRead"),
    ),
    **{
        f"dynamodb:{action}": Typed(
            f"Dynamo{action[:1].upper()}{action[1:]}",
            {
                "TableName": ("table", _plain),
                key: (key.lower(), _attributes),
                "UpdateExpression": ("update_expression", _plain),
                "ConditionExpression": ("condition_expression", _plain),
                "ExpressionAttributeNames": ("expression_attribute_names", _plain),
                "ExpressionAttributeValues": ("expression_attribute_values", _attributes),
            },
            ("TableName", key),
        )
        for action, key in (("putItem", "Item"), ("updateItem", "Key"), ("deleteItem", "Key"))
    },
    "athena:startQueryExecution": Typed(
        "AthenaStartQueryExecution",
        {"QueryString": ("query_string", _plain), "WorkGroup": ("work_group", _plain)},
        ("QueryString", "ResultConfiguration"),
    ),
    "athena:getQueryResults": Typed(
        "AthenaGetQueryResults",
        {
            "QueryExecutionId": ("query_execution_id", _plain),
            "MaxResults": ("max_results", _plain),
            "NextToken": ("next_token", _plain),
        },
        ("QueryExecutionId",),
    ),
    "athena:getQueryExecution": Typed(
        "AthenaGetQueryExecution", {"QueryExecutionId": ("query_execution_id", _plain)}, ("QueryExecutionId",)
    ),
    "glue:startJobRun": Typed(
        "GlueStartJobRun", {"JobName": ("glue_job_name", _plain), "Arguments": ("arguments", _input)}, ("JobName",)
    ),
    "codebuild:startBuild": Typed("CodeBuildStartBuild", {"ProjectName": ("project", _plain)}, ("ProjectName",)),
    "mediaconvert:createJob": Typed("MediaConvertCreateJob", {}, ()),
}

_PATTERNS = {
    "": IntegrationPattern.REQUEST_RESPONSE,
    ".sync": IntegrationPattern.RUN_JOB,
    ".sync:2": IntegrationPattern.RUN_JOB,
    ".waitForTaskToken": IntegrationPattern.WAIT_FOR_TASK_TOKEN,
}


def typed_call(task: Task, language: str) -> tuple[str, dict[str, Made]] | None:
    """The class and the arguments of its own for a Task; None where the integration has no typed form here."""
    resource = task.resource
    given = task.arguments if language == JSONATA else task.parameters
    if not isinstance(resource, str) or not resource.startswith("arn:aws:states:::") or "${" in resource:
        return None
    rest = resource.removeprefix("arn:aws:states:::")
    name, pattern = _split(rest)
    if given is UNSET or not isinstance(given, dict):
        given = None
    if name.startswith("aws-sdk:"):
        return _any_service(name, pattern, given, language)
    typed = TYPED.get(name)
    if typed is None or given is None:
        return None
    return _arguments(typed, pattern, given, language)


def _split(rest: str) -> tuple[str, str]:
    for ending in (".sync:2", ".sync", ".waitForTaskToken"):
        if rest.endswith(ending):
            return rest.removesuffix(ending), ending
    return rest, ""


def _pattern(pattern: str) -> Made:
    member = _PATTERNS[pattern]
    return Made(member, f"sf.IntegrationPattern.{member.name}")


def _any_service(name: str, pattern: str, given: Any, language: str) -> tuple[str, dict[str, Made]] | None:
    _, service, action = name.split(":", 2) if name.count(":") == 2 else ("", "", "")
    if not service or not action or given is None:
        return None
    found = {"service": literal(service), "action": literal(action)}
    if given:
        found["parameters"] = payload(given) if language == JSONPATH else literal(given)
    if pattern:
        found["integration_pattern"] = _pattern(pattern)
    return "CallAwsService", found


def _arguments(typed: Typed, pattern: str, given: dict[str, Any], language: str) -> tuple[str, dict[str, Made]] | None:
    from penstock.sfn import tasks

    present = {key.removesuffix(".$") if language == JSONPATH else key for key in given}
    if not set(typed.needed) <= present:
        return None
    found: dict[str, Made] = {}
    more: dict[str, Any] = {}
    for key, value in given.items():
        is_path = language == JSONPATH and key.endswith(".$")
        entry = typed.parameters.get(key.removesuffix(".$") if is_path else key)
        made = entry[1](value, is_path, language) if entry is not None else None
        if entry is None:
            more[key] = value
        elif made is None:
            return None
        else:
            found[entry[0]] = made
    if typed.cls == "MediaConvertCreateJob":
        found, more = {"create_job_request": payload(given) if language == JSONPATH else literal(given)}, {}
    if more:
        found["additional_parameters"] = payload(more) if language == JSONPATH else literal(more)
    if _PATTERNS[pattern] is not getattr(tasks, typed.cls).DEFAULT:
        found["integration_pattern"] = _pattern(pattern)
    return typed.cls, found
