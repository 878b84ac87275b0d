"""Jobs of services whose process ended before they did: the next process goes on with them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.engine.journaling import Process, programs, shape
from tests.engine.tasks.helpers import request

from penstock.asl.aws_names import capitalised
from penstock.engine.stopping import stop_at_rest
from penstock.engine.tasks.aws import AwsHandler, Clients
from penstock.engine.tasks.aws.calling import once
from penstock.engine.tasks.aws.client import operation_of
from penstock.engine.tasks.aws.jobs import JOBS, Job
from penstock.engine.tasks.aws.optimised import INTEGRATIONS
from penstock.engine.tasks.aws.payload import epoch_milliseconds, from_result, members_to_result


@pytest.fixture
def aws(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    config = pytest.importorskip("moto.core.config")
    manager = pytest.importorskip("moto.moto_api").state_manager
    monkeypatch.setitem(config.default_user_config, "batch", {"use_docker": False})
    manager.set_transition("glue::job_run", {"progression": "manual", "times": 2})
    manager.set_transition("ecs::task", {"progression": "manual", "times": 2})
    aws = Aws()
    yield aws
    for handler in aws.handlers:
        handler.close()
    for model in ("glue::job_run", "ecs::task"):
        manager.unset_transition(model)


class Aws:
    """Services that outlive all processes, with all that they were asked."""

    def __init__(self) -> None:
        self.clients = Clients("moto", region="us-east-1", account="123456789012")
        self.handlers: list[AwsHandler] = []
        self.calls: Counter[str] = Counter()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        """In the order of their arrival."""

    def client(self, service: str) -> Any:
        return self.clients.client(service)

    def watch(self, service: str) -> None:
        def asked(params: dict[str, Any], model: Any, **_: Any) -> None:
            self.sent.append((model.name, params))
            self.calls[model.name] += 1

        self.client(service).meta.events.register_last("provide-client-params", asked)

    def asked(self, *operations: str) -> int:
        """How often a call of these was made; waits for one that a thread is about to make."""
        until = time.monotonic() + 5
        while not any(self.calls[each] for each in operations) and time.monotonic() < until:
            time.sleep(0.005)
        return sum(self.calls[each] for each in operations)

    def forget(self) -> None:
        """What is left of them when they lived in the process that ended: nothing."""
        pytest.importorskip("moto.core.base_backend").BackendDict.reset()

    def process(self, file: Path, **more: Any) -> Process:
        handler = AwsHandler("moto", clients=self.clients)
        self.handlers.append(handler)
        return Process(file, [handler], **more)


def machine(resource: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **fields}
    return {"StartAt": "T", "States": {"T": task}}


# ---- services with something to run


def glue(aws: Aws) -> dict[str, Any]:
    several = {"MaxConcurrentRuns": 100}  # one whose answer was lost still runs
    aws.client("glue").create_job(Name="etl", Role="r", Command={"Name": "glueetl"}, ExecutionProperty=several)
    return {"JobName": "etl"}


def batch(aws: Aws) -> dict[str, Any]:
    batch = aws.client("batch")
    role = aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = batch.create_compute_environment(
        computeEnvironmentName="compute", type="UNMANAGED", state="ENABLED", serviceRole=role
    )
    order = [{"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}]
    batch.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    container = {"image": "x", "vcpus": 1, "memory": 8}
    batch.register_job_definition(jobDefinitionName="job", type="container", containerProperties=container)
    return {"JobName": "j", "JobQueue": "queue", "JobDefinition": "job"}


def ecs(aws: Aws) -> dict[str, Any]:
    ecs, ec2 = aws.client("ecs"), aws.client("ec2")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="f",
        containerDefinitions=[{"name": "app", "image": "i", "memory": 1}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )
    network = {
        "Subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
        "SecurityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }
    return {
        "Cluster": "c",
        "TaskDefinition": "f",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"AwsvpcConfiguration": network},
    }


def codebuild(aws: Aws) -> dict[str, Any]:
    aws.client("codebuild").create_project(
        name="project",
        source={"type": "S3", "location": "b/k"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole="arn:aws:iam::123456789012:role/service-role/r",
    )
    return {"ProjectName": "project"}


def athena(aws: Aws) -> dict[str, Any]:
    return {"QueryString": "SELECT 1"}


def cluster(aws: Aws) -> dict[str, Any]:
    group = {"Name": "main", "InstanceRole": "MASTER", "InstanceType": "m5.large", "InstanceCount": 1}
    return {
        "Name": "c",
        "Instances": {"InstanceGroups": [group], "KeepJobFlowAliveWhenNoSteps": True},
        "JobFlowRole": "x",
        "ServiceRole": "y",
    }


@dataclass(frozen=True)
class Kind:
    resource: str
    service: str
    start: str
    prepare: Callable[[Aws], dict[str, Any]]


KINDS = [
    Kind("glue:startJobRun.sync", "glue", "StartJobRun", glue),
    Kind("batch:submitJob.sync", "batch", "SubmitJob", batch),
    Kind("ecs:runTask.sync", "ecs", "RunTask", ecs),
    Kind("codebuild:startBuild.sync", "codebuild", "StartBuild", codebuild),
    Kind("athena:startQueryExecution.sync", "athena", "StartQueryExecution", athena),
    Kind("elasticmapreduce:createCluster.sync", "emr", "RunJobFlow", cluster),
]
GLUE, ECS, CODEBUILD, ATHENA = KINDS[0], KINDS[2], KINDS[3], KINDS[4]


def submitted(process: Process) -> bool:
    return any(event["type"] == "TaskSubmitted" for event in process.history())


def until_submitted(process: Process) -> None:
    process.turns(1)
    while not submitted(process):
        assert process.turns(1)


def cut_off(aws: Aws, file: Path, document: dict[str, Any]) -> Process:
    """A process that ended when it had submitted its task."""
    process = aws.process(file)
    process.start(document, {})
    until_submitted(process)
    process.end()
    return process


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_a_job_that_was_submitted_is_not_submitted_again(kind: Kind, aws: Aws, tmp_path: Path) -> None:
    document = machine(kind.resource, kind.prepare(aws))
    aws.watch(kind.service)
    with aws.process(tmp_path / "whole.db") as whole:
        whole.start(document, {})
        rounds = 0
        while whole.turns(1):
            rounds += 1
        expected, wanted = whole.closed(), shape(whole.history())
    assert expected.status == "SUCCEEDED", expected.cause
    known = 0
    for end in range(1, rounds + 2):
        aws.calls.clear()
        first = aws.process(tmp_path / f"{end}.db")
        first.start(document, {})
        first.turns(end)
        was_submitted = submitted(first)
        first.end()
        with aws.process(tmp_path / f"{end}.db", clock=first.clock, seed="other") as second:
            second.finish()
            assert (second.closed().status, shape(second.history())) == ("SUCCEEDED", wanted), end
            assert set(second.closed().output) == set(expected.output)
        if was_submitted:
            known += 1
            assert aws.calls[kind.start] == 1, end
    assert known  # else this test has tested nothing


def test_it_goes_on_from_one_process_to_the_next(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.journal.SNAPSHOT_BYTES", 0)
    monkeypatch.setattr("penstock.engine.journal.SNAPSHOT_GROWTH", 0)
    document = machine(GLUE.resource, GLUE.prepare(aws))
    aws.watch("glue")
    process = aws.process(tmp_path / "x.db")
    process.start(document, {})
    until_submitted(process)
    for _ in range(3):
        process.end()
        process = aws.process(tmp_path / "x.db", clock=process.clock)
        process.turns(1)
    process.finish()
    assert process.closed().output["JobRunState"] == "SUCCEEDED"
    assert aws.calls["StartJobRun"] == 1
    process.end()


@pytest.mark.parametrize("kind", [GLUE, ECS], ids=lambda kind: kind.resource)
def test_a_stop_in_the_next_process_stops_the_job(kind: Kind, aws: Aws, tmp_path: Path) -> None:
    document = machine(kind.resource, kind.prepare(aws))
    aws.watch(kind.service)
    first = cut_off(aws, tmp_path / "x.db", document)
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        [running] = second.recovered.running
        second.driver.stop(running, "Enough")
        second.finish()
        assert second.closed().status == "ABORTED"
        aws.handlers[-1].close()  # waits for what stops
    assert aws.asked("BatchStopJobRun", "StopTask") == 1
    assert aws.calls[kind.start] == 1
    if kind is ECS:
        [(_, asked)] = [each for each in aws.sent if each[0] == "StopTask"]
        assert "was managing this resource was aborted" in asked["reason"]
        described = aws.client("ecs").describe_tasks(cluster="c", tasks=[asked["task"]])["tasks"][0]
        assert described["stoppedReason"] == asked["reason"]


def test_a_stop_before_it_is_taken_up_stops_the_job(aws: Aws, tmp_path: Path) -> None:
    document = machine(ECS.resource, ECS.prepare(aws))
    aws.watch("ecs")
    first = cut_off(aws, tmp_path / "x.db", document)
    with aws.process(tmp_path / "x.db", clock=first.clock, takes_up=False) as second:
        [summary] = second.journal.store.running()
        stop_at_rest(second.driver, programs, summary, "Enough", None)
        second.finish()
        assert second.closed().status == "ABORTED"
        aws.handlers[-1].close()
    assert (aws.asked("StopTask"), aws.calls["RunTask"]) == (1, 1)


def test_a_driver_that_closes_leaves_the_job_to_the_next(aws: Aws, tmp_path: Path) -> None:
    document = machine(ECS.resource, ECS.prepare(aws))
    aws.watch("ecs")
    with aws.process(tmp_path / "x.db") as first:
        first.start(document, {})
        until_submitted(first)
    aws.handlers[-1].close()
    assert aws.calls["StopTask"] == 0
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        second.finish()
        assert second.closed().status == "SUCCEEDED"
    assert aws.calls["RunTask"] == 1


def test_the_timeout_counts_on_and_stops_the_job(aws: Aws, tmp_path: Path) -> None:
    document = machine(ECS.resource, ECS.prepare(aws), TimeoutSeconds=100)
    aws.watch("ecs")
    first = cut_off(aws, tmp_path / "x.db", document)
    first.clock.advance(500)  # nobody looked for so long
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        second.finish()
        found, history = second.closed(), second.history()
        aws.handlers[-1].close()
    assert (found.status, found.error) == ("FAILED", "States.Timeout")
    assert [event["type"] for event in history][-3:] == ["TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]
    assert (aws.asked("StopTask"), aws.calls["RunTask"]) == (1, 1)


def test_virtual_time_passes_between_the_questions(aws: Aws, tmp_path: Path) -> None:
    pytest.importorskip("moto.moto_api").state_manager.set_transition(
        "glue::job_run", {"progression": "manual", "times": 20}
    )
    document = machine(GLUE.resource, GLUE.prepare(aws))
    first = cut_off(aws, tmp_path / "x.db", document)
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        second.finish()
        history = second.history()
    assert (history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds() > 200


def test_a_job_in_the_moto_of_a_process_that_ended_is_started_anew(aws: Aws, tmp_path: Path) -> None:
    document = machine(GLUE.resource, GLUE.prepare(aws))
    first = cut_off(aws, tmp_path / "x.db", document)
    aws.forget()
    GLUE.prepare(aws)
    aws.watch("glue")
    second = aws.process(tmp_path / "x.db", clock=first.clock)
    while not aws.calls["GetJobRun"] > 1:
        second.turns(1)
    second.turns(1)
    second.end()
    with aws.process(tmp_path / "x.db", clock=second.clock) as third:  # which goes on with the second one's
        third.finish()
        assert third.closed().status == "SUCCEEDED"
        assert [event["type"] for event in third.history()].count("TaskSubmitted") == 1
    assert aws.calls["StartJobRun"] == 1


@pytest.mark.parametrize("kind", [GLUE, CODEBUILD], ids=lambda kind: kind.resource)
def test_a_job_that_a_service_has_forgotten_fails_in_words_and_is_not_started_again(
    kind: Kind, aws: Aws, tmp_path: Path
) -> None:
    document = machine(kind.resource, kind.prepare(aws))
    first = cut_off(aws, tmp_path / "x.db", document)
    aws.forget()
    kind.prepare(aws)
    aws.watch(kind.service)
    aws.clients.is_moto = False  # as if it were a service with a life of its own
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        second.finish()
        found = second.closed()
    assert (found.status, aws.calls[kind.start]) == ("FAILED", 0)
    if kind is GLUE:
        assert found.error == "Glue.EntityNotFoundException"
    else:
        assert (found.error, found.cause) == (
            "States.TaskFailed",
            "BatchGetBuilds does not know any more what arn:aws:states:::codebuild:startBuild.sync has started; how it ended is "
            "not known.",
        )


# ---- between the call and its record


def cut_off_in_the_call(document: dict[str, Any], kind: Kind, aws: Aws, file: Path) -> Process:
    process = aws.process(file)
    process.start(document, {})
    process.turns(1)
    assert aws.asked(kind.start) == 1
    process.end()
    return process


def test_a_call_whose_answer_is_lost_is_made_again_with_the_same_token(aws: Aws, tmp_path: Path) -> None:
    document = machine(ATHENA.resource, ATHENA.prepare(aws))
    aws.watch("athena")
    first = cut_off_in_the_call(document, ATHENA, aws, tmp_path / "x.db")
    with aws.process(tmp_path / "x.db", clock=first.clock, seed="other") as second:
        second.finish()
        assert second.closed().status == "SUCCEEDED"
    one, other = (given for name, given in aws.sent if name == "StartQueryExecution")
    assert one == other
    assert len(one["ClientRequestToken"]) == 36


def test_tokens_are_an_attempts_own_and_a_given_one_is_kept(clients: Clients) -> None:
    operation = operation_of(clients.client("athena"), "startQueryExecution")
    asked = request("r", number=5)
    token = once({}, operation, asked)["ClientRequestToken"]
    assert once({"QueryString": "q"}, operation, asked) == {"QueryString": "q", "ClientRequestToken": token}
    others = [
        request("r", number=6),
        request("r", number=5, execution_arn="other"),
        request("r", number=5, entered_time="2026-01-01T00:00:00.001Z"),
    ]
    assert len({token, *(once({}, operation, each)["ClientRequestToken"] for each in others)}) == 4
    assert once({"ClientRequestToken": "mine"}, operation, asked) == {"ClientRequestToken": "mine"}
    without = operation_of(clients.client("batch"), "submitJob")
    assert once({"jobName": "j"}, without, asked) == {"jobName": "j"}


# ---- task tokens


def test_a_message_with_a_token_that_was_sent_is_not_sent_again(aws: Aws, tmp_path: Path) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    given = {"QueueUrl": url, "MessageBody": {"Token.$": "$$.Task.Token"}}
    aws.watch("sqs")
    document = machine("sqs:sendMessage.waitForTaskToken", given)
    first = cut_off(aws, tmp_path / "x.db", document)
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        second.turns(1)
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        second.callbacks.send_task_success(json.loads(message["Body"])["Token"], "done")
        second.finish()
        assert second.closed().output == "done"
        assert [event["type"] for event in second.history()].count("TaskSubmitted") == 1
    assert aws.calls["SendMessage"] == 1


def test_a_message_whose_answer_was_lost_is_sent_again_with_the_same_token(aws: Aws, tmp_path: Path) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    given = {"QueueUrl": url, "MessageBody": {"Token.$": "$$.Task.Token"}}
    kind = Kind("sqs:sendMessage.waitForTaskToken", "sqs", "SendMessage", lambda aws: given)
    aws.watch("sqs")
    first = cut_off_in_the_call(machine(kind.resource, given), kind, aws, tmp_path / "x.db")
    with aws.process(tmp_path / "x.db", clock=first.clock) as second:
        until_submitted(second)
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        [one, other] = (json.loads(message["Body"])["Token"] for message in messages)
        assert one == other
        second.callbacks.send_task_success(one, "done")
        second.finish()
        assert second.closed().output == "done"


# ---- every job of the table


@pytest.mark.parametrize("name", JOBS)
def test_a_recorded_answer_tells_the_same_ids(name: str, clients: Clients) -> None:
    integration, job = INTEGRATIONS[name], JOBS[name]
    client = clients.client(integration.service)
    operation = operation_of(client, integration.operation)
    answer, given = sample(operation.output_shape), sample(operation.input_shape)
    result: dict[str, Any] = {}
    if operation.output_shape is not None:
        result = members_to_result(answer, operation.output_shape, name=capitalised, instant=epoch_milliseconds)
    if integration.finish is not None:
        result = integration.finish(result)
    result = json.loads(json.dumps({**result, "SdkHttpMetadata": {"HttpStatusCode": 200}}))
    again = from_result(result, operation.output_shape, name=capitalised)
    if integration.unfinish is not None:
        again = integration.unfinish(result)
    assert asked_of(job, again, given) == asked_of(job, answer, given)


def asked_of(job: Job, answer: Any, given: Any) -> list[dict[str, Any]]:
    asks = [job.ask, *([job.stop[1]] if job.stop else ()), *([job.add] if job.add else ())]
    return [ask(answer, given) for ask in asks]


def sample(shape: Any, name: str = "x", depth: int = 6) -> Any:
    """A value of a botocore shape, in which every text is the name of its member."""
    if shape is None:
        return {}
    kind = shape.type_name
    if kind == "structure":
        if depth == 0:
            return {}
        return {member: sample(inner, member, depth - 1) for member, inner in shape.members.items()}
    if kind == "list":
        return [sample(shape.member, name, depth)]
    if kind == "map":
        return {"k": sample(shape.value, name, depth)}
    if kind == "timestamp":
        return datetime(2026, 1, 1, tzinfo=UTC)
    samples: dict[str, Any] = {"boolean": True, "integer": 1, "long": 1, "float": 1.5, "double": 1.5, "blob": b"b"}
    return samples.get(kind, name)
