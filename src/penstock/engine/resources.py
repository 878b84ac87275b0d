"""What a Task's Resource is: which events it makes, which pattern it follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    LAMBDA = "lambda"
    ACTIVITY = "activity"
    SERVICE = "service"


class Pattern(Enum):
    REQUEST = "request"
    """Done when the call has answered."""
    SYNC = "sync"
    """Done when the job that the call started is done."""
    CALLBACK = "callback"
    """Done when somebody sends the token back."""


@dataclass(frozen=True, slots=True)
class Resource:
    """`type` and `name` are the history's resourceType and resource of a service integration; of a function or an
    activity, `name` is the ARN."""

    text: str
    kind: Kind
    type: str
    name: str
    pattern: Pattern


def parse_resource(text: str) -> Resource:
    """`arn:aws:lambda:…:function:F`, `arn:aws:states:…:activity:A`, or `arn:aws:states:::service:action[.pattern]`.

    Anything else is taken for an activity-like resource of an outside handler: its name is the whole text.
    """
    parts = text.split(":")
    if len(parts) >= 7 and parts[0] == "arn" and parts[2] == "lambda" and parts[5] == "function":
        return Resource(text, Kind.LAMBDA, "lambda", text, Pattern.REQUEST)
    if len(parts) >= 7 and parts[0] == "arn" and parts[2] == "states" and parts[3] == "" and parts[4] == "":
        rest = parts[5:]
        taken = 2 if rest[0] == "aws-sdk" and len(rest) > 2 else 1
        name = ":".join(rest[taken:])
        if name.endswith(".waitForTaskToken"):
            pattern = Pattern.CALLBACK
        elif name.endswith((".sync", ".sync:2")):
            pattern = Pattern.SYNC
        else:
            pattern = Pattern.REQUEST
        return Resource(text, Kind.SERVICE, ":".join(rest[:taken]), name, pattern)
    return Resource(text, Kind.ACTIVITY, "activity", text, Pattern.REQUEST)


_INVOKE: Final = "ClientContext DurableExecutionName FunctionName InvocationType LogType Payload Qualifier TenantId"
_FIELDS: Final = {
    "lambda:invoke": frozenset(_INVOKE.split()),
    "states:startExecution": frozenset(("Input", "Name", "StateMachineArn", "TraceHeader")),
}


def fields_of(resource: Resource) -> frozenset[str] | None:
    """The parameters that an integration takes; None where its handler knows them from the service's own model.

    These two are answered without one. AWS refuses another field when the task starts, not when the machine is made: people
    report `The field "TaskToken" is not supported by Step Functions` of `lambda:invoke.waitForTaskToken` after validation said
    OK. No recording has it; the sentence around it is that of the other integrations.
    """
    if resource.kind is not Kind.SERVICE:
        return None
    return _FIELDS.get(f"{resource.type}:{resource.name.partition('.')[0]}")
