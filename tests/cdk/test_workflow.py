"""`penstock.cdk.Workflow`: scripts, workflows of objects and definitions in an app of aws-cdk-lib, synthesised by it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.sfn.differential.libraries import why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"{why_not()}")

SCRIPT = '''
from penstock.script import Task


class Quote(Task):
    """Asks for the price."""

    timeout = 60
    memory = 256

    async def run(event, context):
        import json
        import prices

        return prices.of(event)


def main(data):
    data["price"] = Quote(data)
    return data["price"]
'''

OBJECTS = """
from penstock import sfn as sf
from penstock.sfn import aws, tasks


def price(event, context):
    return 3


ask = tasks.LambdaInvoke("ask", lambda_function=price, result_path="$.price")
keep = tasks.DynamoPutItem(
    "keep",
    table="orders",
    item={"id": tasks.DynamoAttributeValue.from_string(sf.JsonPath.string_at("$.id"))},
    result_path=sf.JsonPath.DISCARD,
)
each = sf.DistributedMap(
    "each", item_reader=sf.S3JsonItemReader(bucket="orders-in", key="a.json"), result_path=sf.JsonPath.DISCARD
).item_processor(aws.s3.list_objects_v2("list", Bucket="b"))
job = tasks.GlueStartJobRun(
    "job", glue_job_name="j", integration_pattern=sf.IntegrationPattern.RUN_JOB, result_path=sf.JsonPath.DISCARD
)
wait = tasks.SqsSendMessage(
    "wait",
    queue="${QueueUrl}",
    message_body=sf.TaskInput.from_object({"token": sf.JsonPath.task_token}),
    integration_pattern=sf.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
)
machine = sf.StateMachine("orders", definition=ask >> keep >> each >> job >> wait)
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One stack with all workflows: starting aws-cdk-lib is what takes time."""
    import aws_cdk as cdk
    import aws_cdk.aws_lambda as lambda_
    import aws_cdk.aws_sqs as sqs

    from penstock.cdk import Workflow

    folder = tmp_path_factory.mktemp("cdk")
    (folder / "project.py").write_text(SCRIPT)
    (folder / "prices.py").write_text("def of(event):\n    return 1\n")
    (folder / "objects.py").write_text(OBJECTS)
    app = cdk.App(outdir=str(folder / "out"))
    stack = cdk.Stack(app, "stack")
    function = lambda_.Function(
        stack,
        "Price",
        runtime=lambda_.Runtime.PYTHON_3_12,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): return 3"),
    )
    queue = sqs.Queue(stack, "Queue")
    Workflow(stack, "Script", target=str(folder / "project.py"))
    Workflow(
        stack,
        "Objects",
        target=f"{folder / 'objects.py'}:machine",
        functions={"price": function},
        substitutions={"QueueUrl": queue.queue_url},
        timeout=cdk.Duration.hours(1),
        tracing_enabled=True,
    )
    Workflow(stack, "Definition", target={"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    assembly = app.synth()
    found: dict[str, Any] = assembly.get_stack_by_name("stack").template["Resources"]
    found["#out"] = str(folder / "out")
    return found


def resources(template: dict[str, Any], kind: str, prefix: str = "") -> dict[str, Any]:
    return {
        key: value["Properties"]
        for key, value in template.items()
        if isinstance(value, dict) and value["Type"] == kind and key.startswith(prefix)
    }


def definition(template: dict[str, Any], prefix: str) -> Any:
    """The definition, with what CloudFormation fills in as `<Name>`."""
    (machine,) = resources(template, "AWS::StepFunctions::StateMachine", prefix).values()
    text = machine["DefinitionString"]
    if isinstance(text, dict):
        text = "".join(
            each if isinstance(each, str) else f"<{each.get('Ref') or each['Fn::GetAtt'][0]}>"
            for each in text["Fn::Join"][1]
        )
    return json.loads(text)


def allowed(template: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Action → resources, of the machine's own policies."""
    found: dict[str, Any] = {}
    for policy in resources(template, "AWS::IAM::Policy", prefix).values():
        for each in policy["PolicyDocument"]["Statement"]:
            actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
            for action in actions:
                found.setdefault(action, json.dumps(each["Resource"]))
    return found


def test_a_definition_as_it_is(template: dict[str, Any]) -> None:
    assert definition(template, "Definition") == {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}
    assert allowed(template, "Definition") == {}


def test_a_script_brings_its_functions(template: dict[str, Any]) -> None:
    ((key, function),) = resources(template, "AWS::Lambda::Function", "Script").items()
    assert function["Handler"] == "penstock.runtime.lambda_entry.handler"
    assert (function["Timeout"], function["MemorySize"]) == (60, 256)
    assert function["Description"] == "Asks for the price."
    text = json.dumps(definition(template, "Script"))
    assert f"<{key}>" in text
    assert "${" not in text
    assert key in allowed(template, "Script")["lambda:InvokeFunction"]


def test_a_function_runs_from_what_was_packed(template: dict[str, Any]) -> None:
    import subprocess
    import sys

    (asset,) = [each for each in Path(template["#out"]).iterdir() if (each / "task.py").is_file()]
    assert (asset / "prices.py").is_file()
    copy = asset.parent / "copy"
    shutil.copytree(asset, copy)
    program = "from penstock.runtime.lambda_entry import handler; print(handler({'id': 1}, None))"
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=copy, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "1"), done.stderr


def test_objects_with_functions_and_values_of_the_stack(template: dict[str, Any]) -> None:
    states = definition(template, "Objects")["States"]
    assert states["ask"]["Parameters"]["FunctionName"].startswith("<Price")
    assert states["wait"]["Parameters"]["QueueUrl"].startswith("<Queue")
    (machine,) = resources(template, "AWS::StepFunctions::StateMachine", "Objects").values()
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_the_role_may_do_what_the_states_do(template: dict[str, Any]) -> None:
    found = allowed(template, "Objects")
    assert "Price" in found["lambda:InvokeFunction"]
    assert "table/orders" in found["dynamodb:PutItem"]
    assert "orders-in" in found["s3:GetObject"]
    assert {"s3:ListBucket", "glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun", "sqs:SendMessage"} <= set(
        found
    )
    assert {"states:StartExecution", "states:RedriveExecution"} <= set(found)


def test_what_has_no_value_is_told() -> None:
    import aws_cdk as cdk

    from penstock import sfn as sf
    from penstock.cdk import Workflow
    from penstock.errors import InvalidDefinition, UsageError
    from penstock.sfn import tasks

    stack = cdk.Stack(cdk.App(), "stack")
    named = tasks.LambdaInvoke("a", lambda_function="${Function}")
    with pytest.raises(UsageError, match=r"\$\{Function\} of .* has no value here"):
        Workflow(stack, "One", target=sf.StateMachine("m", definition=named))
    local = tasks.LambdaInvoke("a", lambda_function=lambda event, context: 1)
    with pytest.raises(UsageError, match="is a Python function of the program"):
        Workflow(stack, "Two", target=sf.StateMachine("m", definition=local))
    with pytest.raises(InvalidDefinition, match="PS720"):
        Workflow(stack, "Three", target=sf.StateMachine("m", definition=sf.Wait("w", time=3)))  # type: ignore[arg-type]
