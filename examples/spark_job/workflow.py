"""A daily Spark job on EMR, composed from objects: its arguments are worked out by a function, its errors reach somebody."""

from typing import Any

from penstock import sfn as sf
from penstock.sfn import tasks

JsonPath = sf.JsonPath


def prepare(event: dict[str, Any], context: Any) -> list[str]:
    """The arguments of the job. Deployed, this is a Lambda function of that name; here it runs in this process."""
    return ["spark-submit", "--class", "Main", "hoge.jar", event["day"].replace("-", "/"), "--tz", "utc"]


def notify(event: dict[str, Any], context: Any) -> None:
    print(f"the job of {event['day']} failed: {event['error']}")


arguments = tasks.LambdaInvoke("Prepare arguments", lambda_function=prepare, result_path="$.arguments")
create = tasks.EmrCreateCluster(
    "Create cluster",
    name="daily",
    release_label="emr-7.1.0",
    cluster_role="EMR_EC2_DefaultRole",
    service_role="EMR_DefaultRole",
    instances=tasks.EmrCreateCluster.InstancesConfigProperty(instance_count=3, master_instance_type="m5.xlarge"),
    result_selector={"id": JsonPath.string_at("$.ClusterId")},
    result_path="$.cluster",
)
run = tasks.EmrAddStep(
    "Run job",
    cluster_id=JsonPath.string_at("$.cluster.id"),
    name="job",
    jar="command-runner.jar",
    args=JsonPath.list_at("$.arguments.Payload"),  # a path where a list is asked for
    result_path="$.step",
).add_retry(errors=[sf.Errors.TASKS_FAILED], interval=sf.Duration.minutes(5), max_attempts=2)
end = tasks.EmrTerminateCluster(
    "Terminate cluster", cluster_id=JsonPath.string_at("$.cluster.id"), result_path=JsonPath.DISCARD
)

# An error of any of the four is caught at one place.
job = sf.Chain.start(arguments).next(create).next(run).next(end).to_single_state("Job")
tell = tasks.LambdaInvoke(
    "Tell somebody",
    lambda_function=notify,
    payload=sf.TaskInput.from_object(
        {"day": JsonPath.string_at("$.day"), "error": JsonPath.string_at("$.error.Error")}
    ),
    result_path=JsonPath.DISCARD,
)
job.add_catch(tell >> sf.Fail("Failed", error="JobFailed"), result_path="$.error")

report = sf.Pass(
    "Report", parameters={"day": JsonPath.string_at("$[0].day"), "step": JsonPath.string_at("$[0].step.Id")}
)

machine = sf.StateMachine("spark-job", definition=job >> report, comment="Runs the daily Spark job.")
