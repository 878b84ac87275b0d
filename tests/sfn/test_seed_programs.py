"""The programs of an article on the construct library: only their imports change.

They are read from ../shared, which is not part of the project; their definitions are what the article's pictures show.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.conformance import data

import penstock

SEED = data.folder().parent / "seeds" / "003_4ee5cb3029488db8.txt"

pytestmark = pytest.mark.skipif(not SEED.is_file(), reason="needs ../shared, which holds the article")

IMPORTS = "from penstock import sfn as sf\nfrom penstock.sfn import core, lambdas, tasks\n\n\n"
SERVICE = [
    {
        "ErrorEquals": [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
        ],
        "IntervalSeconds": 2,
        "MaxAttempts": 6,
        "BackoffRate": 2,
    }
]


def programs() -> list[str]:
    """The five whole programs; a function whose definition the article leaves out is one by its name."""
    text = SEED.read_text(encoding="utf-8")
    found = []
    for part in text.split("from aws_cdk import (")[1:]:
        body = part[part.index("class ") :]
        lines = []
        for line in body.splitlines():
            if line.strip() and not line.startswith((" ", "class")):
                break
            lines.append(line)
        code = "\n".join(lines)
        code = re.sub(r"(\w+): lambdas.Function = *#.*", r'\1: lambdas.Function = lambdas.Function(self, "\1")', code)
        found.append(IMPORTS + code + "\n")
    return found


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def read(number: int, *changes: tuple[str, str]) -> penstock.Machine:
        text = programs()[number]
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        # The constructor of a stack has a scope and an id, which the article's app.py gives it.
        text += '\n\ndef stack():\n    return SampleStack(core.App(), "sample")\n'
        (tmp_path / "app.py").write_text(text, encoding="utf-8")
        return penstock.load(f"{tmp_path / 'app.py'}:stack")

    return read


def invoke(function: str, *, payload: str = "$", **rest: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": payload}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": parameters,
        "Retry": SERVICE,
        **rest,
    }


NOTIFY = invoke("notification_error") | {
    "Parameters": {
        "FunctionName": "notification_error",
        "Payload": {"execution_id.$": "$$.Execution.Id", "error.$": "$.Error", "cause.$": "$.Cause"},
    },
    "Next": "Job Failed",
}
FAILED = {"Type": "Fail", "Error": "Workflow FAILED", "Cause": "Job Failed"}


def test_there_are_five() -> None:
    assert len(programs()) == 5


def test_two_tasks_in_a_chain(load: Any) -> None:
    machine = load(0)
    assert machine.name == "hello_workflow"
    assert machine.to_dict() == {
        "StartAt": "[Lambda] hello",
        "States": {
            "[Lambda] hello": invoke("hello_lambda", Next="[Lambda] world"),
            "[Lambda] world": invoke("world_lambda", End=True),
        },
    }
    result = penstock.run(machine, {"n": 1}, functions={"hello_lambda": lambda e, c: e, "world_lambda": lambda e, c: e})
    assert result.output["Payload"]["Payload"] == {"n": 1}


def test_values_are_passed(load: Any) -> None:
    machine = load(1)
    assert machine.to_dict()["States"] == {
        "[Lambda] hello": invoke("hello_lambda", ResultPath="$.helloLambda", Next="[Lambda] world"),
        "[Lambda] world": invoke("world_lambda", payload="$.helloLambda.Payload", End=True),
    }
    functions = {"hello_lambda": lambda e, c: ["hello"], "world_lambda": lambda e, c: [*e, "world"]}
    assert penstock.run(machine, {}, functions=functions).output["Payload"] == ["hello", "world"]


def test_errors_are_caught_at_each_task(load: Any) -> None:
    machine = load(2)
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "[Lambda] notification_error"}]
    assert machine.to_dict()["States"] == {
        "[Lambda] hello": invoke("hello_lambda", ResultPath="$.helloLambda", Catch=catch, Next="[Lambda] world"),
        "[Lambda] world": invoke("world_lambda", payload="$.helloLambda.Payload", Catch=catch, End=True),
        "[Lambda] notification_error": NOTIFY,
        "Job Failed": FAILED,
    }
    told: list[Any] = []

    def broken(event: Any, context: Any) -> None:
        raise ValueError("no")

    functions = {"hello_lambda": broken, "notification_error": lambda e, c: told.append(e)}
    result = penstock.run(machine, {}, functions=functions, time="skip")
    assert (result.status, result.error) == ("FAILED", "Workflow FAILED")
    assert told[0]["error"] == "ValueError"
    assert told[0]["execution_id"].startswith("arn:aws:states:")


def test_errors_are_caught_around_all_tasks(load: Any) -> None:
    machine = load(3)
    assert machine.to_dict() == {
        "StartAt": "definition",
        "States": {
            "definition": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": "[Lambda] hello",
                        "States": {
                            "[Lambda] hello": invoke("hello_lambda", ResultPath="$.helloLambda", Next="[Lambda] world"),
                            "[Lambda] world": invoke("world_lambda", payload="$.helloLambda.Payload", End=True),
                        },
                    }
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "[Lambda] notification_error"}],
                "End": True,
            },
            "[Lambda] notification_error": NOTIFY,
            "Job Failed": FAILED,
        },
    }
    functions = {
        "hello_lambda": lambda e, c: 1,
        "world_lambda": lambda e, c: 1 / 0,
        "notification_error": lambda e, c: e,
    }
    assert penstock.run(machine, {}, functions=functions, time="skip").error == "Workflow FAILED"


def test_a_choice(load: Any) -> None:
    # The article's result_path lacks a dot; the path it reads later does not.
    machine = load(4, ('result_path="$helloOrWorld"', 'result_path="$.helloOrWorld"'))
    states = machine.to_dict()["States"]
    assert states["hello or world ?"] == {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.helloOrWorld.Payload", "StringEquals": "hello", "Next": "[Lambda] hello"},
            {"Variable": "$.helloOrWorld.Payload", "StringEquals": "world", "Next": "[Lambda] world"},
        ],
        "Default": "Job Failed",
    }
    for word, path in (("hello", "[Lambda] hello"), ("world", "[Lambda] world"), ("other", "Job Failed")):
        names = ("hello_lambda", "world_lambda")
        functions = {"hello_or_world": lambda e, c, word=word: word, **dict.fromkeys(names, lambda e, c: e)}
        result = penstock.run(machine, {}, functions=functions)
        entered = [e["stateEnteredEventDetails"]["name"] for e in result.history if "stateEnteredEventDetails" in e]
        assert entered[-1] == path


def test_the_typing_error_of_the_original_is_found_at_its_line(load: Any) -> None:
    found = [each for each in load(4).check() if each.is_error]
    assert [each.code for each in found] == ["SCHEMA_VALIDATION_FAILED"]
    assert "result_path" in "\n".join(found[0].span.source.lines[found[0].span.line - 1 : found[0].span.end_line])


def test_arguments_of_an_emr_step_come_out_of_the_data_without_replacing_text() -> None:
    """The article's last program renders the machine as text and replaces `"Args": ["<$.hoge.Payload>"]` in it."""
    from penstock import sfn as sf
    from penstock.sfn import tasks

    hoge = tasks.LambdaInvoke("hoge", lambda_function="hoge", result_path="$.hoge")
    emr_create_cluster = tasks.EmrCreateCluster(
        "create", name="c", instances=tasks.EmrCreateCluster.InstancesConfigProperty(), result_path="$.cluster"
    )
    emr_add_step = tasks.EmrAddStep(
        "add",
        cluster_id=sf.JsonPath.string_at("$.cluster.ClusterId"),
        name="step",
        jar="command-runner.jar",
        args=sf.JsonPath.list_at("$.hoge.Payload"),
    )
    prepare_workflow = sf.Chain.start(hoge).next(emr_create_cluster).next(emr_add_step)
    definition = sf.Parallel(id="definition")
    definition.branch(prepare_workflow)
    states = definition.to_state_json()["Branches"][0]["States"]
    assert states["add"]["Parameters"]["Step"]["HadoopJarStep"] == {
        "Jar": "command-runner.jar",
        "Args.$": "$.hoge.Payload",
    }
    sent: list[str] = []

    def answer(event: Any, context: Any) -> Any:
        return ["spark-submit", "--tz", "utc"]

    mocks = {
        "config": {
            "StateMachines": {"m": {"TestCases": {"C": {"create": "Cluster", "add": "Step"}}}},
            "MockedResponses": {
                "Cluster": {"0": {"Return": {"ClusterId": "j-1"}}},
                "Step": {"0": {"Return": {"StepId": "s-1"}}},
            },
        },
        "state_machine": "m",
        "case": "C",
    }
    machine = sf.StateMachine("m", definition=prepare_workflow)
    result = penstock.run(machine, {}, functions={"hoge": answer}, mocks=mocks, time="skip")
    assert result.succeeded, result.cause
    for event in result.history:
        details = event.get("taskScheduledEventDetails", {})
        if str(details.get("resource")).startswith("addStep"):
            sent.append(details["parameters"])
    assert json.loads(sent[0])["Step"]["HadoopJarStep"]["Args"] == ["spark-submit", "--tz", "utc"]
