"""What the variables of a compiled script stand for on this machine."""

from __future__ import annotations

from typing import Any

from tests.engine.tasks.helpers import outcome, request

from penstock.engine.tasks.handler import Succeeded
from penstock.engine.tasks.substitutions import local_substitutions, substitute
from penstock.engine.tasks.workers import ECS, QUEUE, WorkerHandler, WorkerTask

TASKS = {
    "Pay": WorkerTask(name="Pay", text="class Pay(Task):\n    def run(event, context):\n        return event\n"),
    "Load": WorkerTask(name="Load", service="ecs"),
    "Work": WorkerTask(name="Work", service="ecs:worker"),
    "Job": WorkerTask(name="Job", service="batch"),
    "Build": WorkerTask(name="Build", service="codebuild"),
    "Pex": WorkerTask(name="Pex", service="lambda:pexpm-runner"),
}


def test_every_variable_of_the_compiler_has_a_value() -> None:
    values = local_substitutions(TASKS, machines=["child"], region="eu-west-1", account="111111111111")
    expected = {
        "LambdaFunctionPay": "arn:aws:lambda:eu-west-1:111111111111:function:Pay",
        "ECSTaskDefinitionLoad": "arn:aws:ecs:eu-west-1:111111111111:task-definition/Load",
        "QueueUrlWork": "https://sqs.eu-west-1.amazonaws.com/111111111111/Work",
        "BatchJobDefinitionJob": "arn:aws:batch:eu-west-1:111111111111:job-definition/Job:1",
        "CodeBuildProjectNameBuild": "Build",
        "LambdaFunctionPex": "arn:aws:lambda:eu-west-1:111111111111:function:Pex",
        "StateMachinechild": "arn:aws:states:eu-west-1:111111111111:stateMachine:child",
    }
    assert {name: values[name] for name in expected} == expected


def test_substituted_resources_find_their_tasks() -> None:
    values = local_substitutions(TASKS)
    handler = WorkerHandler.for_tasks(TASKS)
    resource: Any = substitute("${LambdaFunctionPay}", values)
    assert outcome(handler, request(resource, 1)) == Succeeded(1)
    assert handler.answers(request(ECS, substitute({"TaskDefinition": "${ECSTaskDefinitionLoad}"}, values)))
    assert handler.answers(request(QUEUE, substitute({"QueueUrl": "${QueueUrlWork}"}, values)))
    handler.close()


def test_substitution_shares_and_leaves_the_unknown() -> None:
    untouched = {"b": ["$.x", "${Other}"]}
    document = {"a": "${X}-${X}${Y", "untouched": untouched}
    result: Any = substitute(document, {"X": "1"})
    assert result == {"a": "1-1${Y", "untouched": untouched}
    assert result["untouched"] is untouched
    assert substitute(untouched, {"X": "1"}) is untouched
