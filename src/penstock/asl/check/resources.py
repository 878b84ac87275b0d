"""What a Task's Resource names, and what an Express workflow may not name.

The optimised integrations, which of them take `.sync` or `.waitForTaskToken`, and which parameters they must have are
the Developer Guide's tables as confirmed with ValidateStateMachineDefinition in September 2026.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from penstock.asl.payloads import is_expression
from penstock.asl.problems import SCHEMA, Place, Problem
from penstock.asl.schema import JSONATA, JSONPATH
from penstock.asl.shape import Scope, Walk
from penstock.asl.syntax import MAX_REMEMBERED

_SUBSTITUTION = re.compile(r"\$\{[^${}]*\}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_PATTERN = re.compile(r"\.(sync:2|sync|waitForTaskToken)$")
_ACTIVITY = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:activity:.")
_FUNCTION = re.compile(r"arn:[^:]+:lambda:[^:]*:[^:]*:function:[A-Za-z0-9_-]+(?::(?:\$LATEST|[A-Za-z0-9_-]+))?")

_TOKEN = "waitForTaskToken"


class _Service(NamedTuple):
    """Patterns that its actions may have (which of them do is not told apart), and its actions; none: any."""

    patterns: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()


def _service(patterns: str = "", actions: str = "") -> _Service:
    return _Service(frozenset(patterns.split()), frozenset(actions.split()))


_INTEGRATIONS: dict[str, _Service] = {
    "apigateway": _service("waitForTaskToken", "invoke"),
    "athena": _service("sync", "startQueryExecution stopQueryExecution getQueryExecution getQueryResults"),
    "aws-sdk": _service("waitForTaskToken"),
    "batch": _service("sync", "submitJob"),
    "bedrock": _service("sync waitForTaskToken", "invokeModel createModelCustomizationJob"),
    "bedrock-agentcore": _service(),
    "codebuild": _service("sync", "startBuild stopBuild startBuildBatch batchDeleteBuilds batchGetReports"),
    "databrew": _service("sync", "startJobRun"),
    "dynamodb": _service("", "getItem putItem updateItem deleteItem"),
    "ecs": _service("sync waitForTaskToken", "runTask"),
    "eks": _service(
        "sync waitForTaskToken",
        "call runJob createCluster deleteCluster createNodegroup deleteNodegroup createFargateProfile deleteFargateProfile",
    ),
    "elasticmapreduce": _service(
        "sync",
        "createCluster setClusterTerminationProtection terminateCluster addStep cancelStep modifyInstanceFleetByName "
        "modifyInstanceGroupByName",
    ),
    "emr-containers": _service("sync", "createVirtualCluster deleteVirtualCluster startJobRun"),
    "emr-serverless": _service(
        "sync", "createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun"
    ),
    "events": _service("waitForTaskToken", "putEvents"),
    "glue": _service("sync", "startJobRun"),
    "http": _service("", "invoke"),
    "lambda": _service("waitForTaskToken", "invoke"),
    "mediaconvert": _service("sync", "createJob"),
    "sagemaker": _service(
        "sync",
        "createEndpoint createEndpointConfig createHyperParameterTuningJob createLabelingJob createModel "
        "createProcessingJob createTrainingJob createTransformJob updateEndpoint",
    ),
    "sns": _service("waitForTaskToken", "publish"),
    "sqs": _service("waitForTaskToken", "sendMessage"),
    "states": _service("sync sync:2 waitForTaskToken", "startExecution"),
}
"""The services of `arn:aws:states:::SERVICE:ACTION`."""

_REQUIRED: dict[str, tuple[str, ...]] = {
    "lambda:invoke": ("FunctionName",),
    "sqs:sendMessage": ("QueueUrl", "MessageBody"),
    "sns:publish": ("Message",),
    "dynamodb:putItem": ("TableName", "Item"),
    "dynamodb:getItem": ("TableName", "Key"),
    "states:startExecution": ("StateMachineArn",),
    "events:putEvents": ("Entries",),
    "ecs:runTask": ("TaskDefinition",),
    "glue:startJobRun": ("JobName",),
}


class Named(NamedTuple):
    """What a Resource says: the fault (None when there is none), whether it is an activity, its pattern, and the
    integration with its parameters that must be there."""

    fault: str | None = None
    is_activity: bool = False
    pattern: str | None = None
    integration: str | None = None
    required: tuple[str, ...] = ()


def judge(walk: Walk, *, express: bool, strict: bool) -> list[Problem]:
    found: list[Problem] = []
    for scope in walk.scopes:
        is_express = _is_express(scope) or (express and not _is_in_distributed(scope))
        for _, place, raw, kind in scope.states:
            if kind == "Task":
                _judge_task(walk, raw, place, is_express, strict, found)
            elif kind == "Map" and express:
                _judge_map(raw, place, found)
    return found


def _is_express(scope: Scope | None) -> bool:
    """Whether the scope's states run in an Express child execution of a distributed Map."""
    while scope is not None:
        if scope.is_distributed:
            config = scope.raw.get("ProcessorConfig")
            return isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS"
        scope = scope.parent
    return False


def _is_in_distributed(scope: Scope | None) -> bool:
    while scope is not None:
        if scope.is_distributed:
            return True
        scope = scope.parent
    return False


def _judge_task(
    walk: Walk, raw: dict[str, Any], place: Place, express: bool, strict: bool, found: list[Problem]
) -> None:
    resource = raw.get("Resource")
    if type(resource) is not str:
        return  # the schema has said so
    named = _named(resource, strict) if len(resource) <= MAX_REMEMBERED else _named.__wrapped__(resource, strict)
    at: Place = (place, "Resource")
    if named.fault is not None:
        found.append(Problem(SCHEMA, named.fault, at))
        return
    if express:
        if named.is_activity:
            found.append(Problem(SCHEMA, "Express state machine does not support Activity ARN", at))
        elif named.pattern == _TOKEN:
            # The blank before the end is AWS's (recorded).
            words = f"Express state machine does not support '.{_TOKEN}' service integration "
            found.append(Problem(SCHEMA, words, at))
        elif named.pattern is not None:
            found.append(Problem(SCHEMA, "Express state machine does not support '.sync' service integration", at))
    if named.is_activity and "Credentials" in raw:
        words = "The field 'Credentials' is not supported for activities"
        found.append(Problem(SCHEMA, words, (place, "Credentials")))
    if named.integration is not None:
        _judge_parameters(walk, raw, place, named, found)


def _judge_parameters(walk: Walk, raw: dict[str, Any], place: Place, named: Named, found: list[Problem]) -> None:
    language = JSONPATH if raw.get("QueryLanguage", walk.language) == JSONPATH else JSONATA
    key = "Parameters" if language == JSONPATH else "Arguments"
    if key not in raw:
        words = f"{key} field is required for resource ARN: arn:aws:states:::{named.integration}"
        found.append(Problem(SCHEMA, words, place, focus="key"))
        return
    given = raw[key]
    if type(given) is not dict or (language == JSONATA and is_expression(given)):
        return
    for name in named.required:
        if name not in given and not (language == JSONPATH and f"{name}.$" in given):
            words = f"The field '{name}' is required but was missing"
            found.append(Problem(SCHEMA, words, (place, key), focus="key"))


def _judge_map(raw: dict[str, Any], place: Place, found: list[Problem]) -> None:
    for key in ("ItemProcessor", "Iterator"):
        processor = raw.get(key)
        config = processor.get("ProcessorConfig") if type(processor) is dict else None
        if type(config) is dict and config.get("Mode") == "DISTRIBUTED":
            words = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            found.append(Problem(SCHEMA, words, (((place, key), "ProcessorConfig"), "Mode")))


@lru_cache(maxsize=4096)
def _named(resource: str, strict: bool) -> Named:
    filled = resource if strict else _SUBSTITUTION.sub("", resource)
    if not strict and filled != resource:
        match = _PATTERN.search(resource)
        return Named(pattern=match[1] if match else None)
    if not strict and not resource.startswith("arn:"):
        if _URI.match(resource) and "${" not in resource:
            return Named()
        return Named("Value is not a valid resource ARN")
    if not resource.startswith("arn:"):
        return Named("Value is not a valid resource ARN")
    parts = resource.split(":", 6)
    if len(parts) < 6 or "${" in resource:
        return Named(_unrecognised(resource))
    if parts[2] == "lambda":
        # A function that exists nowhere is AWS's to find out; what cannot be one's ARN is not.
        return Named() if _FUNCTION.fullmatch(resource) else Named(_unrecognised(resource))
    if parts[2] != "states":
        return Named(_unrecognised(resource)) if strict else Named()
    if _ACTIVITY.match(resource):
        return Named(is_activity=True)
    if len(parts) < 7:
        return Named(_unrecognised(resource))
    return _integration(resource, parts[5], parts[6])


def _integration(resource: str, service: str, action: str) -> Named:
    match = _PATTERN.search(action)
    pattern = match[1] if match else None
    plain = action[: match.start()] if match else action
    known = _INTEGRATIONS.get(service)
    if known is None or (pattern is not None and pattern not in known.patterns):
        return Named(_unrecognised(resource))
    if known.actions and plain not in known.actions:
        return Named(_unrecognised(resource))
    if service == "aws-sdk":
        target, _, operation = plain.partition(":")
        if not target or not operation[:1].islower():
            return Named(_unrecognised(resource))
        return Named(pattern=pattern)
    name = f"{service}:{plain}"
    return Named(pattern=pattern, integration=name, required=_REQUIRED.get(name, ()))


def _unrecognised(resource: str) -> str:
    return (
        f"The resource provided {resource} is not recognized. "
        "The value is not a valid resource ARN, or the resource is not available in this region."
    )
