"""The two libraries as programs see them, and the definitions that come out of each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.sfn.differential.programs import MACHINES, PROGRAMS, Program

from penstock import sfn
from penstock.sfn import core, tasks

ACCOUNT, REGION = "123456789012", "us-east-1"


def why_not() -> str | None:
    """The reason aws-cdk-lib cannot be run here, or None."""
    from importlib.util import find_spec

    if find_spec("aws_cdk") is None:
        return "needs aws-cdk-lib, which the dev group installs"
    return None if shutil.which("node") else "needs node, which aws-cdk-lib runs on"


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def ours() -> SimpleNamespace:
    return SimpleNamespace(
        sf=sfn,
        tasks=tasks,
        core=core,
        scope=object(),
        implements=lambda cls: cls,
        function=lambda name: sfn.Function(arn("lambda", f"function:{name}")),
        queue=lambda name: sfn.Queue(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"),
        topic=lambda name: sfn.Topic(arn("sns", name)),
        table=sfn.Table,
        bucket=sfn.Bucket,
        machine=lambda name: arn("states", f"stateMachine:{name}"),
        project=lambda name: name,
        role=_Role,
    )


class _Role:
    """A role that some fields take by name and others by ARN, as aws-cdk-lib's are."""

    def __init__(self, name: str) -> None:
        self.role_name = name
        self.role_arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"


def our_definition(name: str) -> dict[str, Any]:
    lib = ours()
    options = MACHINES.get(name, lambda _: {})(lib)
    return sfn.StateMachine(name, definition=PROGRAMS[name](lib), **options).to_dict()


def their_definitions(folder: Path) -> dict[str, dict[str, Any]]:
    """All programs' definitions by aws-cdk-lib, in one app with one stack: starting it is what takes time."""
    import aws_cdk as cdk
    import aws_cdk.aws_codebuild as codebuild
    import aws_cdk.aws_dynamodb as dynamodb
    import aws_cdk.aws_iam as iam
    import aws_cdk.aws_lambda as lambda_
    import aws_cdk.aws_s3 as s3
    import aws_cdk.aws_sns as sns
    import aws_cdk.aws_sqs as sqs
    import aws_cdk.aws_stepfunctions as sf
    import aws_cdk.aws_stepfunctions_tasks as cdk_tasks
    import jsii
    from constructs import Construct

    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "programs", env=cdk.Environment(account=ACCOUNT, region=REGION))
    count = iter(range(100_000))

    def library(scope: Construct) -> SimpleNamespace:
        def fresh() -> str:
            return f"resource-{next(count)}"

        return SimpleNamespace(
            sf=sf,
            tasks=cdk_tasks,
            core=cdk,
            scope=scope,
            implements=lambda cls: cls,
            function=lambda name: lambda_.Function.from_function_arn(scope, fresh(), arn("lambda", f"function:{name}")),
            queue=lambda name: sqs.Queue.from_queue_arn(scope, fresh(), arn("sqs", name)),
            topic=lambda name: sns.Topic.from_topic_arn(scope, fresh(), arn("sns", name)),
            table=lambda name: dynamodb.Table.from_table_name(scope, fresh(), name),
            bucket=lambda name: s3.Bucket.from_bucket_name(scope, fresh(), name),
            machine=lambda name: sf.StateMachine.from_state_machine_arn(
                scope, fresh(), arn("states", f"stateMachine:{name}")
            ),
            project=lambda name: codebuild.Project.from_project_name(scope, fresh(), name),
            role=lambda name: iam.Role.from_role_arn(scope, fresh(), f"arn:aws:iam::{ACCOUNT}:role/{name}"),
        )

    assert jsii
    role = iam.Role.from_role_arn(stack, "role", f"arn:aws:iam::{ACCOUNT}:role/machine", mutable=False)
    logical: dict[str, str] = {}
    for name, program in PROGRAMS.items():
        scope = Construct(stack, name)
        lib = library(scope)
        machine = sf.StateMachine(
            scope,
            "machine",
            definition_body=sf.DefinitionBody.from_chainable(_made(program, lib)),
            role=role,
            **MACHINES.get(name, lambda _: {})(lib),
        )
        logical[name] = stack.get_logical_id(machine.node.default_child)
    template = app.synth().get_stack_by_name("programs").template["Resources"]
    return {name: json.loads(_text(template[key]["Properties"]["DefinitionString"])) for name, key in logical.items()}


def _made(program: Program, lib: SimpleNamespace) -> Any:
    return program(lib)


_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}


def _text(value: Any) -> str:
    """A CloudFormation value as text, pseudo parameters filled in."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        joined: str = separator.join(_text(part) for part in parts)
        return joined
    return _PSEUDO[value["Ref"]]
