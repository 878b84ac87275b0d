"""What the `${…}` of a compiled script stand for in a local run; at AWS CloudFormation fills them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from penstock.jsontools import Json


class Named(Protocol):
    @property
    def service(self) -> str: ...


def local_substitutions(
    tasks: Mapping[str, Named],
    *,
    machines: Iterable[str] = (),
    region: str = "us-east-1",
    account: str = "123456789012",
) -> dict[str, str]:
    """Variable → value for the tasks and nested machines of a script, by the names its compiler gives them."""
    values = {
        "ECSClusterArn": f"arn:aws:ecs:{region}:{account}:cluster/local",
        "ECSSecurityGroups": "sg-local",
        "ECSSubnets": "subnet-local",
        "BatchJobQueue": f"arn:aws:batch:{region}:{account}:job-queue/local",
    }
    for name, task in tasks.items():
        if task.service == "ecs":
            values[f"ECSTaskDefinition{name}"] = f"arn:aws:ecs:{region}:{account}:task-definition/{name}"
        elif task.service == "ecs:worker":
            values[f"QueueUrl{name}"] = f"https://sqs.{region}.amazonaws.com/{account}/{name}"
        elif task.service == "batch":
            values[f"BatchJobDefinition{name}"] = f"arn:aws:batch:{region}:{account}:job-definition/{name}:1"
        elif task.service == "codebuild":
            values[f"CodeBuildProjectName{name}"] = name
        else:
            values[f"LambdaFunction{name}"] = f"arn:aws:lambda:{region}:{account}:function:{name}"
        if task.service == "lambda:pexpm-runner":
            values[f"PackageName{name}"] = name
            values[f"PackageVersion{name}"] = "local"
    for machine in machines:
        values[f"StateMachine{machine}"] = f"arn:aws:states:{region}:{account}:stateMachine:{machine}"
    return values


def substitute(document: Json, values: Mapping[str, str]) -> Json:
    """`document` with every `${NAME}` in its texts filled in where `values` has it; shares what does not change."""
    if isinstance(document, str):
        filled_in = _fill(document, values) if "${" in document else document
        return document if filled_in == document else filled_in
    if isinstance(document, dict):
        filled = {key: substitute(value, values) for key, value in document.items()}
        return filled if any(filled[key] is not value for key, value in document.items()) else document
    if isinstance(document, list):
        items = [substitute(value, values) for value in document]
        return items if any(new is not old for new, old in zip(items, document, strict=True)) else document
    return document


def _fill(text: str, values: Mapping[str, str]) -> str:
    first, *rest = text.split("${")
    parts = [first]
    for piece in rest:
        name, brace, tail = piece.partition("}")
        parts.append(values[name] + tail if brace and name in values else "${" + piece)
    return "".join(parts)
