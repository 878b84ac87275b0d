"""What orders.template.json was synthesised from: `pip install aws-cdk-lib`, `python app.py` (it needs Node).

One machine of the kinds of states that CDK users write: tasks of its own functions, a Choice, a Map over the order's lines,
a distributed Map, retries and catchers, a wait for a task token.
"""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks


class Orders(cdk.Stack):
    def __init__(self, scope: cdk.App) -> None:
        super().__init__(scope, "Orders", synthesizer=cdk.LegacyStackSynthesizer())

        def function(name: str, code: str) -> lambda_.Function:
            return lambda_.Function(
                self,
                name,
                runtime=lambda_.Runtime.PYTHON_3_12,
                handler="index.handler",
                code=lambda_.Code.from_inline(code),
            )

        price = function("Price", "def handler(event, context):\n    return event['count'] * event['price']\n")
        total = function("Total", "def handler(event, context):\n    return {'total': sum(event['prices'])}\n")

        priced = sfn.Map(self, "Lines", items_path="$.lines", result_path="$.prices").item_processor(
            tasks.LambdaInvoke(self, "PriceLine", lambda_function=price, payload_response_only=True)
        )
        summed = tasks.LambdaInvoke(
            self,
            "Sum",
            lambda_function=total,
            payload=sfn.TaskInput.from_object({"prices": sfn.JsonPath.object_at("$.prices")}),
            result_selector={"total.$": "$.Payload.total"},
            result_path="$.sum",
        )
        labels = sfn.DistributedMap(
            self, "Labels", items_path="$.lines", max_concurrency=2, result_path=sfn.JsonPath.DISCARD
        ).item_processor(sfn.Pass(self, "Label"))
        approval = tasks.StepFunctionsInvokeActivity(
            self,
            "Approve",
            activity=sfn.Activity(self, "Approval"),
            parameters={"total.$": "$.sum.total"},
            result_path="$.approval",
            heartbeat_timeout=sfn.Timeout.duration(cdk.Duration.seconds(60)),
        )
        done = sfn.Pass(self, "Done", parameters={"total.$": "$.sum.total"})
        rejected = sfn.Fail(self, "Rejected", error="Rejected", cause="Nobody approved it.")
        approval.add_catch(rejected, errors=["States.ALL"])
        summed.add_retry(max_attempts=2, interval=cdk.Duration.seconds(1))
        large = sfn.Choice(self, "Large?")
        large.when(sfn.Condition.number_greater_than("$.sum.total", 100), approval.next(done)).otherwise(done)
        sfn.StateMachine(
            self,
            "OrderMachine",
            definition_body=sfn.DefinitionBody.from_chainable(priced.next(summed).next(labels).next(large)),
        )


if __name__ == "__main__":
    app = cdk.App(analytics_reporting=False)
    Orders(app)
    template = app.synth().get_stack_by_name("Orders").template
    Path(__file__).with_name("orders.template.json").write_text(json.dumps(template, indent=1) + "\n")
